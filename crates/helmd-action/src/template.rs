//! `helm template`: the corridor up to the rendered manifest, without a cluster.

use crate::host::SystemHost;
use helmd_chart::{Chart, HelmMajor};
use helmd_engine::{Engine, RenderError, with_render_stack};
use helmd_release::{AssembleError, AssembleOptions, Assembled, Hook, Manifest, assemble};
use helmd_values::{
    Capabilities, KubeVersion, ReleaseOptions, SchemaCheck, Values, ValuesError, Warnings, is_compatible_range,
    process_dependencies, to_render_values,
};
use std::rc::Rc;

/// Renders a chart as `helm template` does.
#[derive(Debug, Clone)]
pub struct Template {
    /// `.Release.Name`
    pub name: String,
    /// `.Release.Namespace`
    pub namespace: String,
    /// `--kube-version`
    pub kube_version: Option<KubeVersion>,
    /// `--api-versions`, beside the known ones.
    pub api_versions: Vec<String>,
    /// `--is-upgrade`
    pub is_upgrade: bool,
    /// `--include-crds`
    pub include_crds: bool,
    /// `--render-subchart-notes`
    pub sub_notes: bool,
    /// `--enable-dns`
    pub enable_dns: bool,
    /// `--skip-schema-validation`
    pub schema: SchemaCheck,
    /// Whose output.
    pub helm: HelmMajor,
}

/// What `helm template` prints, in parts.
#[derive(Debug, Clone, Default)]
pub struct Templated {
    /// The manifest with its `# Source:` lines.
    pub manifest: String,
    /// The hooks in their order.
    pub hooks: Vec<Hook>,
    /// The documents of the manifest, without CRDs.
    pub manifests: Vec<Manifest>,
    /// The CRDs that `--include-crds` puts first: path and text.
    pub crds: Vec<(String, String)>,
    /// The notes.
    pub notes: String,
}

/// The result, and what Helm would have logged on the way to it.
#[derive(Debug)]
pub struct Outcome {
    /// What was rendered, or why not.
    pub result: Result<Templated, TemplateError>,
    /// Warnings in order, in the words of the Helm asked for.
    pub warnings: Warnings,
}

/// Why a chart could not be rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A chart of `Chart.yaml` is not in `charts/`.
    #[error(
        "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing dependencies"
    )]
    Missing(#[source] MissingDependencies),
    /// A library chart.
    #[error("{0} charts are not installable")]
    NotInstallable(String),
    /// Conditions, tags or imports.
    #[error("chart dependencies processing failed")]
    Dependencies(#[source] ValuesError),
    /// Values or schema.
    #[error(transparent)]
    Values(#[from] ValuesError),
    /// The chart is for other versions of Kubernetes.
    #[error("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {version}")]
    KubeVersion {
        /// The chart's constraint.
        wanted: String,
        /// The version at hand.
        version: String,
    },
    /// A template.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A rendered file is no YAML.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
}

/// Charts that `Chart.yaml` names and `charts/` lacks.
#[derive(Debug, thiserror::Error)]
#[error("found in Chart.yaml, but missing in charts/ directory: {}", .0.join(", "))]
pub struct MissingDependencies(pub Vec<String>);

impl TemplateError {
    /// All rendered files, when one of them is no YAML: to look for the fault in.
    pub fn partial(&self) -> Option<&str> {
        match self {
            TemplateError::Assemble(e) => Some(&e.files),
            _ => None,
        }
    }
}

/// Checks that every dependency of `Chart.yaml` is in `charts/`.
///
/// # Errors
/// The missing names, in order.
pub fn check_dependencies(chart: &Chart) -> Result<(), MissingDependencies> {
    let present = |name: &str| chart.dependencies.iter().any(|d| d.name() == name);
    let missing: Vec<String> =
        chart.metadata.dependencies.iter().filter(|d| !present(&d.name)).map(|d| d.name.clone()).collect();
    if missing.is_empty() { Ok(()) } else { Err(MissingDependencies(missing)) }
}

impl Template {
    /// Renders `chart` with the user's values. Blocks, on a thread of its own with a deep stack.
    pub fn run(&self, chart: Chart, values: &Values) -> Outcome {
        let mut warnings = Warnings::new();
        let result = self.steps(chart, values, &mut warnings);
        Outcome { result, warnings }
    }

    fn steps(&self, mut chart: Chart, values: &Values, warnings: &mut Warnings) -> Result<Templated, TemplateError> {
        match chart.metadata.chart_type.as_str() {
            "" | "application" => {}
            other => return Err(TemplateError::NotInstallable(other.to_owned())),
        }
        if chart.metadata.deprecated {
            warnings.push(match self.helm {
                HelmMajor::Helm3 => "WARNING: This chart is deprecated".to_owned(),
                HelmMajor::Helm4 => "level=WARN msg=\"this chart is deprecated\"".to_owned(),
            });
        }
        check_dependencies(&chart).map_err(TemplateError::Missing)?;
        let more = process_dependencies(&mut chart, values, self.helm).map_err(|e| match self.helm {
            HelmMajor::Helm3 => TemplateError::Values(e),
            HelmMajor::Helm4 => TemplateError::Dependencies(e),
        })?;
        warnings.extend(more);
        let capabilities = self.capabilities();
        let release = ReleaseOptions {
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            revision: 1,
            is_upgrade: self.is_upgrade,
            is_install: !self.is_upgrade,
        };
        let (values, more) = to_render_values(&chart, values, &release, &capabilities, (self.schema, self.helm))?;
        warnings.extend(more);
        check_kube_version(&chart, &capabilities)?;
        let engine = Engine { enable_dns: self.enable_dns, ..Engine::new(self.helm) };
        let rendered = with_render_stack(|| engine.render(&chart, &values, Rc::new(SystemHost)))??;
        let options = AssembleOptions {
            helm: self.helm,
            sub_notes: self.sub_notes,
            include_crds: self.include_crds,
            hide_secret: false,
        };
        let Assembled { hooks, manifest, manifests, notes, unknown_hooks } =
            assemble(&chart, rendered.files, options)?;
        warnings.extend(unknown_hooks.iter().map(|hook| unknown_hook(hook, self.helm)));
        let crds = if self.include_crds { chart.crd_objects() } else { Vec::new() };
        let crds = crds.into_iter().map(|c| (c.filename, c.file.data.to_text().into_owned())).collect();
        Ok(Templated { manifest, hooks, manifests, crds, notes })
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default_for(self.helm);
        if let Some(version) = &self.kube_version {
            capabilities.kube_version = version.clone();
        }
        capabilities.api_versions.extend(self.api_versions.iter().cloned());
        capabilities
    }
}

/// Checks the chart's `kubeVersion` against the cluster's.
///
/// # Errors
/// Helm's sentence when it does not fit.
pub fn check_kube_version(chart: &Chart, capabilities: &Capabilities) -> Result<(), TemplateError> {
    let wanted = &chart.metadata.kube_version;
    let kube = &capabilities.kube_version;
    if wanted.is_empty() || is_compatible_range(wanted, &kube.to_string()) {
        return Ok(());
    }
    Err(TemplateError::KubeVersion { wanted: wanted.clone(), version: kube.version.clone() })
}

fn unknown_hook(hook: &str, helm: HelmMajor) -> String {
    match helm {
        HelmMajor::Helm3 => format!("info: skipping unknown hook: {hook:?}"),
        HelmMajor::Helm4 => format!("level=INFO msg=\"skipping unknown hooks\" hookTypes={hook}"),
    }
}
