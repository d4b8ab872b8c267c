//! `helmd lint`: helm lint.

use super::log;
use super::values::ValueFlags;
use clap::Args;
use helmd_action::{Lint, Linted, helm_text};
use helmd_chart::{HelmMajor, Values};
use helmd_lint::{Options, Severity};
use helmd_repo::subcharts;
use helmd_values::KubeVersion;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Examine a chart for possible issues.
///
/// What will make the chart fail is an [ERROR], what goes against conventions a [WARNING].
#[derive(Args, Debug)]
pub struct LintArgs {
    /// Folders or .tgz archives of charts.
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    #[command(flatten)]
    values: ValueFlags,
    /// fail on lint warnings
    #[arg(long)]
    strict: bool,
    /// lint dependent charts
    #[arg(long)]
    with_subcharts: bool,
    /// print only warnings and errors
    #[arg(long)]
    quiet: bool,
    /// if set, disables JSON schema validation
    #[arg(long)]
    skip_schema_validation: bool,
    /// Kubernetes version used for capabilities and deprecation checks
    #[arg(long, value_name = "VERSION")]
    kube_version: Option<String>,
    /// namespace scope for this request
    #[arg(short, long, default_value = "default")]
    namespace: String,
    /// print what helm 3 prints where it differs from helm 4
    #[arg(long)]
    helm3: bool,
}

/// Runs the command: findings go to standard output, what Helm logs and the error to standard error.
pub fn run(args: &LintArgs) -> ExitCode {
    let mut out = io::stdout().lock();
    let mut err = io::stderr().lock();
    match args.run(&mut out, &mut err) {
        Ok(()) if out.flush().is_ok() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            let _closed = out.flush().and_then(|()| writeln!(err, "Error: {error}"));
            ExitCode::FAILURE
        }
    }
}

const USAGE: &str = "\"helm lint\" requires at least 1 argument\n\nUsage:  helm lint PATH [flags]";

impl LintArgs {
    fn run(&self, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), String> {
        let helm = if self.helm3 { HelmMajor::Helm3 } else { HelmMajor::Helm4 };
        let mut paths = self.paths.clone();
        match helm {
            HelmMajor::Helm3 if paths.is_empty() => paths.push(".".to_owned()),
            HelmMajor::Helm4 if paths.is_empty() => return Err(USAGE.to_owned()),
            _ => {}
        }
        let lint = self.action(helm)?;
        if self.with_subcharts {
            let below = self.paths.iter().flat_map(|path| subcharts::below(Path::new(path)));
            paths.extend(below.map(|path| path.to_string_lossy().into_owned()));
        }
        let mut values = self.values.merge(helm)?;
        self.lint(&lint, &paths, &mut values, (out, err))
    }

    fn action(&self, helm: HelmMajor) -> Result<Lint, String> {
        let kube_version = self.kube_version.as_deref().filter(|text| !text.is_empty()).map(|text| {
            KubeVersion::parse(text, helm).map_err(|error| format!("invalid kube version '{text}': {error}"))
        });
        let options = Options {
            namespace: self.namespace.clone(),
            kube_version: kube_version.transpose()?,
            skip_schema_validation: self.skip_schema_validation,
            ..Options::new(helm)
        };
        Ok(Lint { strict: self.strict, unpack_below: std::env::temp_dir(), ..Lint::new(options) })
    }

    fn lint(
        &self,
        lint: &Lint,
        paths: &[String],
        values: &mut Values,
        (out, err): (&mut dyn Write, &mut dyn Write),
    ) -> Result<(), String> {
        let (mut failed, mut noted) = (0, false);
        let mut text = String::new();
        for path in paths {
            let linted = lint.path(Path::new(path), values).map_err(|error| helm_text(&error))?;
            for line in &linted.log {
                let _closed = writeln!(err, "{}", log::line(line, lint.options.helm));
            }
            failed += usize::from(linted.failed);
            noted |= linted.has_warnings_or_errors();
            if !self.quiet || linted.has_warnings_or_errors() {
                text.push_str(&self.shown(path, &linted));
            }
        }
        let summary = format!("{} chart(s) linted, {failed} chart(s) failed", paths.len());
        if failed == 0 && (!self.quiet || noted) {
            text.push_str(&summary);
            text.push('\n');
        }
        out.write_all(text.as_bytes()).map_err(|error| error.to_string())?;
        if failed > 0 { Err(summary) } else { Ok(()) }
    }

    /// The findings on one chart, and a blank line.
    fn shown(&self, path: &str, linted: &Linted) -> String {
        let mut text = format!("==> Linting {path}\n");
        if let Some(error) = &linted.error {
            text.push_str(&format!("Error {error}\n"));
        }
        for message in linted.messages.iter().filter(|m| !self.quiet || m.severity > Severity::Info) {
            text.push_str(&format!("{message}\n"));
        }
        text.push('\n');
        text
    }
}
