//! `helmd lint`: helm lint.

use super::command::helm_major;
use super::flags::{Flag, FlagError, FlagSet, Kind, Matches};
use super::{log, settings, values};
use crate::budgets;
use helmd_action::{Budgets, Lint, Linted, helm_text};
use helmd_chart::{HelmMajor, Values};
use helmd_lint::{Options, Severity};
use helmd_repo::subcharts;
use helmd_values::KubeVersion;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Runs the command: findings go to standard output, what Helm logs and the error to standard error.
pub fn run(args: &[String]) -> ExitCode {
    let mut out = io::stdout().lock();
    let mut err = io::stderr().lock();
    let helm = helm_major(args);
    let set = flags(helm);
    let mut matches = Matches::default();
    match set.parse(args, &mut matches) {
        Ok(()) => {}
        Err(FlagError::Help) => {
            let _closed = write!(out, "{HELP}{}", set.usages());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let _closed = writeln!(err, "Error: {error}");
            return ExitCode::FAILURE;
        }
    }
    match (Command { helm, matches: &matches }).run(&mut out, &mut err) {
        Ok(()) if out.flush().is_ok() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            let _closed = out.flush().and_then(|()| writeln!(err, "Error: {error}"));
            ExitCode::FAILURE
        }
    }
}

const HELP: &str = "Examine charts for possible issues, as helm lint does.\n\n\
    What will make a chart fail is an [ERROR], what goes against conventions a [WARNING]. PATH is a folder or a .tgz\n\
    archive.\n\nUsage:\n  helmd lint PATH... [flags]\n\nFlags:\n";

fn flags(helm: HelmMajor) -> FlagSet {
    let yes = |name, usage| Flag::new(name, Kind::Bool, usage);
    let mut set = FlagSet::default();
    set.add(settings::flags(helm));
    set.add(values::flags());
    set.add([budgets::flag()]);
    set.add([
        yes("helm3", "print what helm 3 prints where it differs from helm 4"),
        yes("help", "this text").short('h'),
        Flag::new("kube-version", Kind::Text, "Kubernetes version for capabilities and deprecations"),
        yes("quiet", "print warnings and errors only"),
        yes("skip-schema-validation", "do not check the values against the chart's schema"),
        yes("strict", "fail on warnings, too"),
        yes("with-subcharts", "lint the charts in charts/, too"),
    ]);
    set
}

/// What the log says of a reference in a schema that nobody can resolve.
const UNRESOLVED_URN: &str = "unresolved URN reference ignored";

const USAGE: &str = "\"helm lint\" requires at least 1 argument\n\nUsage:  helm lint PATH [flags]";

struct Command<'a> {
    helm: HelmMajor,
    matches: &'a Matches,
}

impl Command<'_> {
    fn run(&self, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), String> {
        let helm = self.helm;
        let mut paths = self.matches.words.clone();
        match helm {
            HelmMajor::Helm3 if paths.is_empty() => paths.push(".".to_owned()),
            HelmMajor::Helm4 if paths.is_empty() => return Err(USAGE.to_owned()),
            _ => {}
        }
        let lint = self.action(helm)?;
        if self.matches.flag("with-subcharts") {
            let below = self.matches.words.iter().flat_map(|path| subcharts::below(Path::new(path)));
            paths.extend(below.map(|path| path.to_string_lossy().into_owned()));
        }
        let mut values = values::merge(self.matches, helm)?;
        self.lint(&lint, &paths, &mut values, (out, err))
    }

    fn action(&self, helm: HelmMajor) -> Result<Lint, String> {
        let kube_version = Some(self.matches.text("kube-version")).filter(|text| !text.is_empty()).map(|text| {
            KubeVersion::parse(text, helm).map_err(|error| format!("invalid kube version '{text}': {error}"))
        });
        let options = Options {
            namespace: self.matches.text_or("namespace", "default").to_owned(),
            kube_version: kube_version.transpose()?,
            skip_schema_validation: self.matches.flag("skip-schema-validation"),
            budgets: budgets::over(Budgets::default(), self.matches.list("budget"))?,
            ..Options::new(helm)
        };
        Ok(Lint { strict: self.matches.flag("strict"), unpack_below: std::env::temp_dir(), ..Lint::new(options) })
    }

    fn lint(
        &self,
        lint: &Lint,
        paths: &[String],
        values: &mut Values,
        (out, err): (&mut dyn Write, &mut dyn Write),
    ) -> Result<(), String> {
        let (mut failed, mut noted) = (0, false);
        let (mut text, mut warned) = (String::new(), BTreeSet::new());
        for path in paths {
            let linted = lint.path(Path::new(path), values).map_err(|error| helm_text(&error))?;
            for line in &linted.log {
                // HELM: a process warns once of each URN.
                if !line.contains(UNRESOLVED_URN) || warned.insert(line.clone()) {
                    let _closed = writeln!(err, "{}", log::line(line, lint.options.helm));
                }
            }
            failed += usize::from(linted.failed);
            noted |= linted.has_warnings_or_errors();
            if !self.quiet() || linted.has_warnings_or_errors() {
                text.push_str(&self.shown(path, &linted));
            }
        }
        let summary = format!("{} chart(s) linted, {failed} chart(s) failed", paths.len());
        if failed == 0 && (!self.quiet() || noted) {
            text.push_str(&summary);
            text.push('\n');
        }
        out.write_all(text.as_bytes()).map_err(|error| error.to_string())?;
        if failed > 0 { Err(summary) } else { Ok(()) }
    }

    fn quiet(&self) -> bool {
        self.matches.flag("quiet")
    }

    /// The findings on one chart, and a blank line.
    fn shown(&self, path: &str, linted: &Linted) -> String {
        let mut text = format!("==> Linting {path}\n");
        if let Some(error) = &linted.error {
            text.push_str(&format!("Error {error}\n"));
        }
        for message in linted.messages.iter().filter(|m| !self.quiet() || m.severity > Severity::Info) {
            text.push_str(&format!("{message}\n"));
        }
        text.push('\n');
        text
    }
}
