//! `helm template`: a render that changes nothing, without a cluster or held against one.

use gotmpl::slog;
use std::collections::BTreeMap;
use std::sync::Arc;

use gotmpl::exec::{Exec, Limits, MissingKey};
use gotmpl::parse::TemplateSet;
use helmd_chart::names::validate_release_name;
use helmd_chart::{Chart, HelmMajor, Values};
use helmd_engine::{Budgets, Cancel, with_render_stack};
use helmd_kube::{Cluster, ClusterConfig, KubeError, helm_text};
use helmd_plan::post_render::PostRender;
use helmd_storage::Storage;
use helmd_values::{Capabilities, ReleaseOptions};

use crate::context::{Context, Outside, System};
use crate::error::ActionError;
use crate::lookup::ClusterLookup;
use crate::options::Rendering;
use crate::render::{Clock, Host, Render, RenderFailure, RenderedRelease, settle, settle_here};
use crate::wording::{self, REACHABILITY};
use crate::{capabilities, ownership};

/// Renders a chart as `helm template` does.
#[derive(Clone)]
pub struct Template {
    /// Chart.
    pub chart: Chart,
    /// The user's values.
    pub values: Values,
    /// `.Release`.
    pub release: ReleaseOptions,
    /// `.Capabilities`, where no cluster says them.
    pub capabilities: Capabilities,
    /// Whose rendering.
    pub helm: HelmMajor,
    /// How.
    pub rendering: Rendering,
    /// Changes of what is rendered.
    pub post_render: Option<Arc<PostRender>>,
    /// The user's labels for the release's record; only checked here.
    pub labels: BTreeMap<String, String>,
    /// Put the chart's CRDs first (`--include-crds`).
    pub include_crds: bool,
    /// Say nothing of the chart's CRDs (`--skip-crds`).
    pub skip_crds: bool,
    /// `--enable-dns`.
    pub enable_dns: bool,
    /// Take objects that exist and belong to somebody else.
    pub take_ownership: bool,
    /// Do not check objects before they are looked up.
    pub disable_open_api_validation: bool,
    /// The manifest goes to files, so that there is nothing to hold against a cluster (`--output-dir`).
    pub to_files: bool,
    /// The cluster to hold the result against.
    pub live: Option<Live>,
    /// What the render may use up.
    pub budgets: Budgets,
    /// Ends the render from another thread.
    pub cancel: Cancel,
    /// Time, randomness, names.
    pub outside: Arc<dyn Outside>,
}

/// A cluster for a render that changes nothing.
#[derive(Clone)]
pub struct Live {
    /// How it is reached, and as whom.
    pub config: ClusterConfig,
    /// Templates see live objects (`--dry-run=server`).
    pub looks_up: bool,
    /// The cluster says its capabilities, and what is rendered is held against it (`--validate`; Helm 4 does so for
    /// `--dry-run=server` as well).
    pub validates: bool,
}

impl Template {
    /// The template with Helm's defaults.
    #[must_use]
    pub fn new(name: &str, namespace: &str, chart: Chart, values: Values) -> Self {
        Self {
            chart,
            values,
            release: ReleaseOptions {
                name: name.to_owned(),
                namespace: namespace.to_owned(),
                revision: 1,
                is_upgrade: false,
                is_install: true,
            },
            capabilities: Capabilities::default_for(HelmMajor::Helm4),
            helm: HelmMajor::Helm4,
            rendering: Rendering::default(),
            post_render: None,
            labels: BTreeMap::new(),
            include_crds: false,
            skip_crds: false,
            enable_dns: false,
            take_ownership: false,
            disable_open_api_validation: false,
            to_files: false,
            live: None,
            budgets: Budgets::default(),
            cancel: Cancel::new(),
            outside: Arc::new(System),
        }
    }

    /// Renders.
    ///
    /// # Errors
    /// Values that do not fit, templates that fail, files that are no manifests; with a cluster also objects that it
    /// does not take.
    pub async fn run(mut self) -> Result<RenderedRelease, RenderFailure> {
        let mut warnings = Vec::new();
        let done = self.render(&mut warnings).await;
        preceded(warnings, done)
    }

    /// As [`Template::run`] without a runtime and without a cluster, on this thread: [`Template::live`] and
    /// [`Template::cancel`] are not looked at. See [`with_clock`](crate::with_clock).
    ///
    /// # Errors
    /// As [`Template::run`].
    pub fn run_here(mut self, clock: &Clock) -> Result<RenderedRelease, RenderFailure> {
        let mut warnings = Vec::new();
        let done = self.render_here(clock, &mut warnings);
        preceded(warnings, done)
    }

    fn render_here(&mut self, clock: &Clock, warnings: &mut Vec<String>) -> Result<RenderedRelease, RenderFailure> {
        self.check_name(warnings).map_err(|error| RenderFailure::early(error, Vec::new()))?;
        let settled = settle_here(&mut self.chart, &self.values, self.helm);
        self.settled(settled, warnings)?;
        self.start().timed(clock, None)
    }

    async fn render(&mut self, warnings: &mut Vec<String>) -> Result<RenderedRelease, RenderFailure> {
        let early = |error| RenderFailure::early(error, Vec::new());
        let live = self.live.take();
        let mut cluster = match &live {
            Some(live) => Some(Cluster::connect(&live.config).await),
            None => None,
        };
        let mut validating = None;
        if live.as_ref().is_some_and(|live| live.validates)
            && let Some(connected) = cluster.take()
        {
            let cx = self.reach(connected, warnings).await.map_err(early)?;
            cluster = Some(Ok(cx.cluster.clone()));
            validating = Some(cx);
        }
        self.check_name(warnings).map_err(early)?;
        let settled = settle(&mut self.chart, &self.values, self.helm).await;
        self.settled(settled, warnings)?;
        if let Some(cx) = &validating {
            if !self.skip_crds && !self.chart.crd_objects().is_empty() {
                warnings.extend(crds_unseen(self.helm));
            }
            self.capabilities = capabilities::read(cx).await.map_err(early)?;
        }
        let lookup = match cluster.filter(|_| live.is_some_and(|live| live.looks_up)) {
            None => None,
            Some(Ok(cluster)) => Some(ClusterLookup::shared(&cluster, self.helm)),
            // HELM: here the configuration is read without a word on the cluster.
            Some(Err(KubeError::Unreachable { source })) => return Err(RenderFailure::late(*source, Vec::new())),
            Some(Err(error)) => return Err(RenderFailure::late(error, Vec::new())),
        };
        let rendered = self.start().run(lookup).await?;
        if let Some(cx) = &validating
            && !self.to_files
            && let Err(error) = self.hold_against(cx, &rendered).await
        {
            return Err(RenderFailure::early(error, rendered.warnings));
        }
        Ok(rendered)
    }

    /// The render itself, once the dependencies are settled.
    fn start(&mut self) -> Render {
        Render {
            chart: std::mem::take(&mut self.chart),
            values: std::mem::take(&mut self.values),
            release: self.release.clone(),
            capabilities: self.capabilities.clone(),
            helm: self.helm,
            rendering: self.rendering,
            post_render: self.post_render.clone(),
            labels: std::mem::take(&mut self.labels),
            include_crds: self.include_crds,
            enable_dns: self.enable_dns,
            once: true,
            budgets: self.budgets.clone(),
            cancel: self.cancel.clone(),
            outside: Arc::clone(&self.outside),
        }
    }

    /// Makes sure that the cluster answers.
    async fn reach(
        &self,
        connected: Result<Cluster, KubeError>,
        warnings: &mut Vec<String>,
    ) -> Result<Context, ActionError> {
        let reached = match connected {
            Ok(cluster) => cluster.check_reachable().await.map(|_| cluster).map_err(ActionError::from),
            Err(error) => Err(error.into()),
        };
        let cluster = self.step(REACHABILITY, reached, warnings)?;
        let cluster = cluster.with_namespace(&self.release.namespace);
        let storage = Storage::memory(Arc::default(), &self.release.namespace);
        Ok(Context { helm: self.helm, ..Context::new(cluster, storage) })
    }

    fn check_name(&self, warnings: &mut Vec<String>) -> Result<(), ActionError> {
        let name = &self.release.name;
        let checked =
            validate_release_name(name).map_err(|source| ActionError::ReleaseName { name: name.clone(), source });
        self.step("release name check failed", checked, warnings)
    }

    /// Takes over what settling the dependencies gave.
    fn settled(
        &self,
        done: Result<Vec<String>, RenderFailure>,
        warnings: &mut Vec<String>,
    ) -> Result<(), RenderFailure> {
        let failed = match done {
            Ok(mut lines) => {
                warnings.append(&mut lines);
                return Ok(());
            }
            Err(failed) => failed,
        };
        warnings.extend(failed.warnings);
        self.step("chart dependencies processing failed", Err(*failed.error), warnings)
            .map_err(|error| RenderFailure::early(error, Vec::new()))
    }

    /// HELM: version 4 names the step that failed, and logs it as well.
    fn step<T>(
        &self,
        name: &'static str,
        done: Result<T, ActionError>,
        log: &mut Vec<String>,
    ) -> Result<T, ActionError> {
        done.map_err(|error| wording::step(self.helm, name, error, &mut |line| log.push(line)))
    }

    /// Builds the objects, and looks whether they exist already and whose they are.
    async fn hold_against(&self, cx: &Context, rendered: &RenderedRelease) -> Result<(), ActionError> {
        let mut resources = cx
            .cluster
            .build(&rendered.manifest, !self.disable_open_api_validation)
            .await
            .map_err(|err| err.context("unable to build kubernetes objects from release manifest"))?;
        ownership::mark(&mut resources, &self.release.name, &self.release.namespace);
        if !self.release.is_upgrade && !resources.is_empty() {
            let sentence = match self.helm {
                HelmMajor::Helm3 => "Unable to continue with install",
                HelmMajor::Helm4 => "unable to continue with install",
            };
            ownership::existing(cx, &resources, &self.release.name, self.take_ownership)
                .await
                .map_err(|err| err.context(sentence))?;
        }
        Ok(())
    }
}

/// A render's outcome, with what was warned of before it.
fn preceded(
    mut warnings: Vec<String>,
    done: Result<RenderedRelease, RenderFailure>,
) -> Result<RenderedRelease, RenderFailure> {
    match done {
        Ok(mut rendered) => {
            warnings.append(&mut rendered.warnings);
            Ok(RenderedRelease { warnings, ..rendered })
        }
        Err(mut failure) => {
            warnings.append(&mut failure.warnings);
            Err(RenderFailure { warnings, ..failure })
        }
    }
}

/// HELM: version 3 says it with `--debug` only.
fn crds_unseen(helm: HelmMajor) -> Option<String> {
    let text = "This chart or one of its subcharts contains CRDs. Rendering may fail or contain inaccuracies.";
    (helm == HelmMajor::Helm4).then(|| slog::record("WARN", text, &[]))
}

/// A release's name from a template of sprig's functions (`--name-template`).
///
/// # Errors
/// The template cannot be parsed or fails, in Go's words.
pub fn template_name(text: &str, outside: Arc<dyn Outside>) -> Result<String, String> {
    const NAME: &str = "name-template";
    let render = || {
        let functions = sprig::functions(std::rc::Rc::new(Host(outside)));
        let mut set = TemplateSet::default();
        set.parse(NAME, text, &|name| functions.get(name).is_some()).map_err(|e| e.to_string())?;
        let mut exec = Exec::new(&set, &functions, MissingKey::Invalid, Limits::default());
        let done = exec.run(NAME, &gotmpl::Value::Nil).map_err(|(e, _)| e.to_string())?;
        Ok(String::from_utf8_lossy(&done).into_owned())
    };
    with_render_stack(render).map_err(|e| helm_text(&e))?
}

#[cfg(test)]
mod tests {
    use super::{System, template_name};
    use std::sync::Arc;

    #[test]
    fn names_come_from_templates() {
        let name = |text| template_name(text, Arc::new(System));
        assert_eq!(name(r#"{{ printf "a-%d" 7 | upper | lower }}"#).as_deref(), Ok("a-7"));
        assert!(name("{{ nope }}").is_err_and(|e| e == "template: name-template:1: function \"nope\" not defined"));
        assert!(name("{{ fail \"x\" }}").is_err_and(|e| e.ends_with("error calling fail: x")));
    }
}
