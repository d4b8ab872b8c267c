//! `helmd template`: helm template.

mod flags;
mod output;

use super::chart_path::{self, Heard, Located};
use super::command::helm_major;
use super::dependency;
use super::flags::{FlagError, FlagSet, Matches};
use super::release_flags::post_render_of;
use super::settings::Settings;
use super::{log, values};
use crate::budgets;
use gotmpl::slog;
use helmd_action::{
    Budgets, Live, Outside as _, RenderFailure, RenderedRelease, System, Template, helm_text, template_name,
};
use helmd_action::{Cancel, Clock, check_dependencies, check_installable, with_clock};
use helmd_chart::{Chart, HelmMajor};
use helmd_values::{Capabilities, KubeVersion};
use output::Output;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

/// Runs the command: the result goes to standard output, warnings and errors to standard error.
pub fn run(args: &[String]) -> ExitCode {
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    match execute(args, &mut out, &mut err) {
        Ok(()) if out.flush().is_ok() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// The command failed, and has said why.
struct Failed;

fn execute(args: &[String], out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<(), Failed> {
    let helm = helm_major(args);
    let set = flags::all(helm);
    let mut matches = Matches::default();
    let parsed = set.parse(args, &mut matches);
    for note in &matches.notes {
        let _closed = writeln!(err, "{note}");
    }
    match parsed {
        Ok(()) => {}
        Err(FlagError::Help) => {
            let _closed = write!(out, "{}", flags::help(&set));
            return Ok(());
        }
        Err(error) => return fail(err, &error.to_string()),
    }
    let settings = match Settings::read(&matches) {
        Ok(settings) => settings,
        Err(error) => {
            let _closed = writeln!(err, "{}", slog::record("WARN", "command failed", &[("error", &error)]));
            return Err(Failed);
        }
    };
    if let Err(error) = check_usage(&set, &matches) {
        return fail(err, &error);
    }
    // A setting that is wrong is told when its turn comes.
    let budgets = budgets::over(Budgets::default(), matches.list("budget"));
    let of_thread = budgets.clone().unwrap_or_default();
    // All on one thread: what loading has used is used again for rendering.
    let matches = &matches;
    let errors = &mut *err;
    let done = with_clock(&of_thread, Cancel::new(), move |clock| {
        let done = Command { helm, matches, settings, budgets, clock, err: errors, told: dependency::Texts::default() }
            .run(out);
        if done.is_ok() && out.flush().is_ok() {
            // All is said: nothing is gained by giving the heap and this thread's stack back piece by piece.
            signal_hook::low_level::exit(0);
        }
        done
    });
    done.unwrap_or_else(|error| fail(err, &helm_text(&error)))
}

fn fail(err: &mut dyn Write, error: &str) -> Result<(), Failed> {
    let _closed = writeln!(err, "Error: {error}");
    Err(Failed)
}

fn check_usage(set: &FlagSet, matches: &Matches) -> Result<(), String> {
    if matches.words.is_empty() {
        let usage = "Usage:  helm template [NAME] [CHART] [flags]";
        return Err(format!("\"helm template\" requires at least 1 argument\n\n{usage}"));
    }
    set.check_exclusive(matches).map_err(|e| e.to_string())
}

/// What there is of a release when the command ends.
struct Ended {
    /// What is shown of it; nothing of it when it failed early.
    shown: Option<Box<RenderedRelease>>,
    name: String,
    error: Option<String>,
}

struct Command<'a> {
    helm: HelmMajor,
    matches: &'a Matches,
    settings: Settings,
    budgets: Result<Budgets, String>,
    clock: &'a Clock,
    err: &'a mut dyn Write,
    /// What standard output has before the release.
    told: dependency::Texts,
}

impl<'a> Command<'a> {
    fn run(mut self, out: &mut dyn Write) -> Result<(), Failed> {
        let output = Output::new(self.matches, self.helm);
        let Ended { name, shown, error } = match self.release() {
            Ok(ended) => ended,
            Err(error) => Ended { name: String::new(), shown: None, error: Some(error) },
        };
        let _closed = out.write_all(self.told.out.as_bytes());
        let _closed = self.err.write_all(self.told.err.as_bytes());
        let error = match (shown, error) {
            (Some(_), Some(error)) if !self.settings.debug => {
                Some(format!("{error}\n\nUse --debug flag to render out invalid YAML"))
            }
            (Some(shown), error) => {
                let late = error.is_some();
                // The process ends now: to take the chart and its parts to pieces would only cost time.
                let shown = std::mem::ManuallyDrop::new(shown);
                match output.write(&name, &shown, late, out) {
                    Ok(()) => error,
                    // HELM: version 4 then tells the first error, version 3 the second.
                    Err(output::Error::NotFound(_)) if late && self.helm == HelmMajor::Helm4 => error,
                    Err(output::Error::Rendering(text)) if !self.settings.debug => {
                        Some(format!("{text}\n\nUse --debug flag to render out invalid YAML"))
                    }
                    Err(output::Error::NotFound(text) | output::Error::Rendering(text) | output::Error::Hook(text)) => {
                        Some(text)
                    }
                }
            }
            (None, error) => error,
        };
        let Some(error) = error else { return Ok(()) };
        let failed = fail(self.err, &error);
        if self.settings.debug && self.helm == HelmMajor::Helm3 {
            self.debug3("helm.go:92", &error);
        }
        failed
    }

    /// Everything up to the release, in Helm's order.
    fn release(&mut self) -> Result<Ended, String> {
        let kube_version = self.kube_version()?;
        chart_path::check_tls_files(self.matches, self.helm)?;
        let dry_run = self.dry_run()?;
        self.debug("Original chart version", "version", self.matches.text("version"));
        let (name, reference) = self.name_and_chart()?;
        let (helm, matches) = (self.helm, self.matches);
        let err = &mut *self.err;
        let mut warn = |line: &str| {
            let _closed = writeln!(err, "{line}");
        };
        let heard = Heard::default();
        let located = chart_path::locate(reference, matches, helm, (&mut warn, &heard));
        let _closed = write!(self.err, "{}", heard.take());
        let located = located?;
        self.debug("Chart path", "path", &located.to_string());
        let values = values::merge(matches, helm)?;
        let budgets = self.budgets.clone()?;
        let chart = self.load(&located, &budgets)?;
        if helm == HelmMajor::Helm3
            && !matches!(matches.text("dry-run"), "" | "client" | "server" | "true" | "false" | "none")
        {
            return Err(
                "Invalid dry-run flag. Flag must one of the following: false, true, none, client, server".into()
            );
        }
        let mut template = Template::new(&name, &self.settings.namespace, chart, values);
        self.configure(&mut template, kube_version);
        template.budgets = budgets;
        template.post_render = post_render_of(matches)?;
        if dry_run.looks_up || dry_run.validates {
            let DryRun { looks_up, validates } = dry_run;
            template.live = Some(Live { config: self.settings.cluster.clone(), looks_up, validates });
        }
        let done = if template.live.is_some() {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(|e| e.to_string())?.block_on(template.run())
        } else {
            template.run_here(self.clock)
        };
        Ok(self.ended(name, done))
    }

    fn ended(&mut self, name: String, done: Result<RenderedRelease, RenderFailure>) -> Ended {
        match done {
            Ok(rendered) => {
                self.warn(&rendered.warnings);
                Ended { name, shown: Some(rendered.into()), error: None }
            }
            Err(failure) => {
                self.warn(&failure.warnings);
                Ended { name, shown: failure.partial, error: Some(helm_text(&*failure.error)) }
            }
        }
    }

    fn warn(&mut self, lines: &[String]) {
        for line in lines {
            let _closed = writeln!(self.err, "{}", log::line(line, self.helm));
        }
    }

    fn debug(&mut self, message: &str, key: &str, value: &str) {
        if !self.settings.debug {
            return;
        }
        match (self.helm, key) {
            (HelmMajor::Helm4, _) => {
                let _closed = writeln!(self.err, "{}", slog::record("DEBUG", message, &[(key, value)]));
            }
            (HelmMajor::Helm3, "path") => self.debug3("install.go:242", &format!("CHART PATH: {value}\n")),
            (HelmMajor::Helm3, _) => {
                let value = gotmpl::strconv::quote(value);
                self.debug3("install.go:225", &format!("{message}: {value}"));
            }
        }
    }

    fn debug3(&mut self, place: &str, text: &str) {
        let now = System.now().strftime("%Y-%m-%d %H:%M:%S.%9f +0000 UTC").to_string();
        let _closed = writeln!(self.err, "{place}: {now} [debug] {text}");
    }

    fn kube_version(&self) -> Result<Option<KubeVersion>, String> {
        match self.matches.text("kube-version") {
            "" => Ok(None),
            text => {
                KubeVersion::parse(text, self.helm).map(Some).map_err(|e| format!("invalid kube version '{text}': {e}"))
            }
        }
    }

    /// Whether a cluster is asked, as the flags of each version say it.
    fn dry_run(&mut self) -> Result<DryRun, String> {
        let validate = self.matches.flag("validate");
        let value = self.matches.text_or("dry-run", "client");
        if self.helm == HelmMajor::Helm3 {
            let looks_up = matches!(value, "server" | "none" | "false");
            return Ok(DryRun { looks_up, validates: validate });
        }
        let client = DryRun { looks_up: false, validates: false };
        let server = DryRun { looks_up: true, validates: true };
        let chosen = match value {
            "client" => client,
            "server" => server,
            "unset" => {
                self.warn(&[slog::record(
                    "WARN",
                    "--dry-run is deprecated and should be replaced with '--dry-run=client'",
                    &[],
                )]);
                client
            }
            _ => {
                let quoted = gotmpl::strconv::quote(value);
                match gotmpl::strconv::parse_bool(value) {
                    Ok(true) => {
                        let text =
                            "boolean '--dry-run=true' flag is deprecated and must be replaced with '--dry-run=client'";
                        self.warn(&[slog::record("WARN", text, &[])]);
                        client
                    }
                    Ok(false) => {
                        return Err(format!("invalid dry-run value ({quoted}). Must be \"server\" or \"client\""));
                    }
                    Err(_) if value == "none" => {
                        return Err(format!("invalid dry-run value ({quoted}). Must be \"server\" or \"client\""));
                    }
                    Err(_) => {
                        let choices = "Must be \"none\", \"server\", or \"client\"";
                        return Err(format!("invalid dry-run value ({quoted}). {choices}"));
                    }
                }
            }
        };
        Ok(if validate { server } else { chosen })
    }

    fn name_and_chart(&self) -> Result<(String, &'a str), String> {
        let matches: &'a Matches = self.matches;
        let template = matches.text("name-template");
        match matches.words.as_slice() {
            [_, _, more @ ..] if !more.is_empty() => {
                Err(format!("expected at most two arguments, unexpected arguments: {}", more.join(", ")))
            }
            [_, _, ..] if self.matches.flag("generate-name") => {
                Err("cannot set --generate-name and also specify a name".to_owned())
            }
            [_, _, ..] if !template.is_empty() => Err("cannot set --name-template and also specify a name".to_owned()),
            [name, chart, ..] => Ok((name.clone(), chart)),
            [chart] if !template.is_empty() => Ok((template_name(template, Arc::new(System))?, chart)),
            // HELM: the fixed name wins over --generate-name.
            [chart] => Ok(("release-name".to_owned(), chart)),
            [] => Err("expected a chart".to_owned()),
        }
    }

    fn load(&mut self, located: &Located, budgets: &Budgets) -> Result<Chart, String> {
        let chart = located.load(&budgets.loader(self.helm))?;
        self.warn(&chart.warnings);
        check_installable(&chart).map_err(|e| helm_text(&e))?;
        if chart.metadata.deprecated {
            let text = match self.helm {
                HelmMajor::Helm3 => "WARNING: This chart is deprecated".to_owned(),
                HelmMajor::Helm4 => slog::record("WARN", "this chart is deprecated", &[]),
            };
            self.warn(&[text]);
        }
        let Err(missing) = check_dependencies(&chart) else { return Ok(chart) };
        if self.matches.flag("dependency-update") {
            let loader = budgets.loader(self.helm);
            dependency::update_telling((self.matches, self.helm), (&located.0, &loader), &mut self.told)?;
            return located.load(&loader);
        }
        let sentence = match self.helm {
            HelmMajor::Helm3 => {
                "An error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch missing dependencies"
            }
            HelmMajor::Helm4 => {
                "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing dependencies"
            }
        };
        Err(format!("{sentence}: {missing}"))
    }

    fn configure(&self, template: &mut Template, kube_version: Option<KubeVersion>) {
        let matches = self.matches;
        template.helm = self.helm;
        template.capabilities = Capabilities::default_for(self.helm);
        if let Some(version) = kube_version {
            template.capabilities.kube_version = version;
        }
        template.capabilities.api_versions.extend(matches.list("api-versions").iter().cloned());
        template.release.is_upgrade = matches.flag("is-upgrade");
        template.release.is_install = !template.release.is_upgrade;
        template.include_crds = matches.flag("include-crds");
        template.skip_crds = matches.flag("skip-crds");
        template.enable_dns = matches.flag("enable-dns");
        template.take_ownership = matches.flag("take-ownership");
        template.disable_open_api_validation = matches.flag("disable-openapi-validation");
        template.rendering.sub_notes = matches.flag("render-subchart-notes");
        template.rendering.skip_schema_validation = matches.flag("skip-schema-validation");
        template.labels = matches
            .list("labels")
            .iter()
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        template.to_files = !matches.text("output-dir").is_empty();
    }
}

#[derive(Clone, Copy)]
struct DryRun {
    looks_up: bool,
    validates: bool,
}
