//! `helmd template`: helm template.

use super::values::ValueFlags;
use crate::budgets::BudgetFlags;
use clap::Args;
use helmd_action::{ActionError, Budgets, Outside as _, helm_text};
use helmd_action::{RenderedRelease, Template, check_dependencies, check_installable};
use helmd_chart::{Chart, HelmMajor};
use helmd_release::{Hook, HookEvent};
use helmd_values::{Capabilities, KubeVersion};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Render chart templates locally and display the output.
///
/// Any values that would normally be looked up or retrieved in-cluster are faked locally. None of the server-side testing of chart
/// validity (e.g. whether an API is supported) is done.
#[derive(Args, Debug)]
pub struct TemplateArgs {
    /// The release's name, then the chart: a folder or a .tgz archive. With one argument it is the chart.
    #[arg(value_name = "[NAME] CHART", num_args = 1..=2, required = true)]
    names: Vec<String>,
    #[command(flatten)]
    values: ValueFlags,
    /// namespace scope for this request
    #[arg(short, long, default_value = "default")]
    namespace: String,
    /// Kubernetes version used for Capabilities.KubeVersion
    #[arg(long, value_name = "VERSION")]
    kube_version: Option<String>,
    /// Kubernetes api versions used for Capabilities.APIVersions (multiple can be specified)
    #[arg(short = 'a', long, value_delimiter = ',')]
    api_versions: Vec<String>,
    /// include CRDs in the templated output
    #[arg(long)]
    include_crds: bool,
    /// if set, no CRDs will be installed; template prints none without --include-crds anyway
    #[arg(long)]
    skip_crds: bool,
    /// set .Release.IsUpgrade instead of .Release.IsInstall
    #[arg(long)]
    is_upgrade: bool,
    /// prevent hooks from running during install
    #[arg(long)]
    no_hooks: bool,
    /// skip tests from templated output
    #[arg(long)]
    skip_tests: bool,
    /// only show manifests rendered from the given templates
    #[arg(short, long, value_name = "TEMPLATE")]
    show_only: Vec<String>,
    /// writes the executed templates to files in output-dir instead of stdout
    #[arg(long, value_name = "DIR")]
    output_dir: Option<String>,
    /// use release name in the output-dir path
    #[arg(long = "release-name")]
    use_release_name: bool,
    /// if set, disables JSON schema validation
    #[arg(long)]
    skip_schema_validation: bool,
    /// if set, render subchart notes along with the parent
    #[arg(long)]
    render_subchart_notes: bool,
    /// enable DNS lookups when rendering templates
    #[arg(long)]
    enable_dns: bool,
    /// generate the name (and omit the NAME parameter)
    #[arg(short, long)]
    generate_name: bool,
    /// enable verbose output: a manifest that is no YAML is printed all the same
    #[arg(long)]
    debug: bool,
    /// print what helm 3 prints where it differs from helm 4
    #[arg(long)]
    helm3: bool,
    #[command(flatten)]
    budgets: BudgetFlags,
}

/// Runs the command: the result goes to standard output, warnings and errors to standard error.
pub fn run(args: &TemplateArgs) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let mut log = std::io::stderr().lock();
    match args.render(&mut log) {
        Ok(text) => match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            let _closed = writeln!(log, "Error: {error}");
            ExitCode::FAILURE
        }
    }
}

impl TemplateArgs {
    fn helm(&self) -> HelmMajor {
        if self.helm3 { HelmMajor::Helm3 } else { HelmMajor::Helm4 }
    }

    fn name_and_chart(&self) -> Result<(String, &str), String> {
        match self.names.as_slice() {
            [chart] if self.generate_name => Ok((generated_name(chart), chart)),
            [chart] => Ok(("release-name".to_owned(), chart)),
            [_, _] if self.generate_name => Err("cannot set --generate-name and also specify a name".to_owned()),
            [name, chart] => Ok((name.clone(), chart)),
            _ => Err("expected at most two arguments".to_owned()),
        }
    }

    fn render(&self, log: &mut impl Write) -> Result<String, String> {
        let helm = self.helm();
        let kube_version = match &self.kube_version {
            None => None,
            Some(text) => {
                Some(KubeVersion::parse(text, helm).map_err(|e| format!("invalid kube version '{text}': {e}"))?)
            }
        };
        let (name, reference) = self.name_and_chart()?;
        let path = Path::new(reference);
        if !path.exists() {
            return Err(missing(reference));
        }
        let values = self.values.merge(helm)?;
        let budgets = self.budgets.over(Budgets::default())?;
        let chart: Chart = helmd_repo::local::load(path, &budgets.loader(helm)).map_err(|e| helm_text(&e))?;
        let mut warn = |lines: &[String]| {
            for line in lines {
                let _closed = writeln!(log, "{line}");
            }
        };
        warn(&chart.warnings);
        let failed = |e: &dyn std::error::Error| helm_text(e);
        check_installable(&chart).map_err(|e| failed(&e))?;
        if chart.metadata.deprecated {
            warn(&[match helm {
                HelmMajor::Helm3 => "WARNING: This chart is deprecated".to_owned(),
                HelmMajor::Helm4 => "level=WARN msg=\"this chart is deprecated\"".to_owned(),
            }]);
        }
        check_dependencies(&chart).map_err(|e| format!("{DEPENDENCIES}: {e}"))?;
        let mut template = Template::new(&name, &self.namespace, chart, values);
        template.helm = helm;
        template.budgets = budgets;
        template.capabilities = Capabilities::default_for(helm);
        if let Some(version) = kube_version {
            template.capabilities.kube_version = version;
        }
        template.capabilities.api_versions.extend(self.api_versions.iter().cloned());
        template.release.is_upgrade = self.is_upgrade;
        template.release.is_install = !self.is_upgrade;
        template.include_crds = self.include_crds;
        template.enable_dns = self.enable_dns;
        template.rendering.sub_notes = self.render_subchart_notes;
        template.rendering.skip_schema_validation = self.skip_schema_validation;
        let done = template.run_here().map_err(|e| match e {
            // HELM: from the render on there is something that --debug could show.
            ActionError::KubeVersion { .. } | ActionError::Render(_) | ActionError::Manifest(_) => {
                format!("{}\n\nUse --debug flag to render out invalid YAML", failed(&e))
            }
            e => failed(&e),
        })?;
        warn(&done.warnings);
        self.print(&name, &done)
    }

    fn print(&self, name: &str, done: &RenderedRelease) -> Result<String, String> {
        let hooks: &[Hook] = if self.no_hooks { &[] } else { &done.hooks };
        if let Some(folder) = &self.output_dir {
            let folder = if self.use_release_name { format!("{folder}/{name}") } else { folder.clone() };
            return self.write_files(&folder, done, hooks);
        }
        let text = helmd_release::template_text(&done.manifest, hooks, self.skip_tests);
        if self.show_only.is_empty() { Ok(text) } else { self.only_shown(&text) }
    }

    /// The documents of the templates that `--show-only` names, in the order of the patterns.
    fn only_shown(&self, text: &str) -> Result<String, String> {
        let documents = helmd_release::split_manifests(text, self.helm());
        let mut shown = String::new();
        for pattern in &self.show_only {
            let before = shown.len();
            for document in &documents {
                if source_path(document).is_some_and(|path| helmd_chart::glob::matches(pattern, path).unwrap_or(false))
                {
                    shown.push_str(&format!("---\n{document}\n"));
                }
            }
            if shown.len() == before {
                return Err(format!("could not find template {pattern} in chart"));
            }
        }
        Ok(shown)
    }

    /// Writes one file for each template; gives the lines that say so.
    fn write_files(&self, folder: &str, done: &RenderedRelease, hooks: &[Hook]) -> Result<String, String> {
        let mut written = BTreeSet::new();
        let mut lines = String::new();
        let shown_hooks = hooks.iter().filter(|h| !(self.skip_tests && h.has_event(&HookEvent::Test)));
        let documents =
            sources(&done.manifest).into_iter().chain(shown_hooks.map(|h| (h.path.as_str(), h.manifest.as_str())));
        for (path, content) in documents {
            if path.split('/').any(|part| part == "..") {
                return Err(format!("template path {path} leaves the output folder"));
            }
            let file = format!("{folder}/{path}");
            let text = format!("---\n# Source: {path}\n{content}\n");
            let fail = |e: std::io::Error| format!("open {file}: {e}");
            if let Some(parent) = Path::new(&file).parent() {
                fs::create_dir_all(parent).map_err(fail)?;
            }
            let first = written.insert(file.clone());
            let mut options = fs::OpenOptions::new();
            options.create(true).write(true).truncate(first).append(!first);
            options.open(&file).and_then(|mut f| f.write_all(text.as_bytes())).map_err(fail)?;
            lines.push_str(&format!("wrote {file}\n"));
        }
        Ok(lines)
    }
}

/// Path and text of each document of a manifest.
fn sources(manifest: &str) -> Vec<(&str, &str)> {
    const MARK: &str = "---\n# Source: ";
    let document = |text: &'_ str| -> Option<(usize, usize)> {
        let path_end = text.find('\n')?;
        Some((path_end, path_end + 1))
    };
    let mut found = Vec::new();
    let mut rest = manifest.strip_prefix(MARK).unwrap_or_default();
    while !rest.is_empty() {
        let end = rest.find(&format!("\n{MARK}"));
        let (one, next) = match end {
            Some(at) => (&rest[..at], &rest[at + 1 + MARK.len()..]),
            None => (rest.strip_suffix('\n').unwrap_or(rest), ""),
        };
        if let Some((path_end, start)) = document(one) {
            found.push((&one[..path_end], &one[start..]));
        }
        rest = next;
    }
    found
}

const DEPENDENCIES: &str = "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing dependencies";

/// The path in a document's `# Source:` line, without the chart's name.
fn source_path(document: &str) -> Option<&str> {
    document.lines().find_map(|line| {
        let at = line.find("# Source: ")?;
        let (chart, rest) = line.get(at + "# Source: ".len()..)?.split_once('/')?;
        (!chart.is_empty() && !rest.is_empty()).then_some(rest)
    })
}

/// Helm's sentence for a chart that is no file here.
fn missing(reference: &str) -> String {
    if reference.starts_with('.') || reference.starts_with('/') {
        return format!("path {reference:?} not found");
    }
    match reference.split_once('/') {
        Some((repo, _)) => format!("repo {repo} not found"),
        None => format!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {reference}"),
    }
}

/// Helm's generated name: the chart's base name and a time.
fn generated_name(chart: &str) -> String {
    let base = chart.trim_end_matches('/').rsplit('/').next().unwrap_or("chart");
    let base = if base.is_empty() || base == "." { "chart" } else { base };
    let base = base.split('.').next().unwrap_or(base);
    format!("{base}-{}", helmd_action::System.now().as_second())
}
