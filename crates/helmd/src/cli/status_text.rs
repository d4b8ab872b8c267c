//! A release as Helm prints it for people.

use super::command::Call;
use super::kube_table::Printer;
use super::output::{self, Format, Tint, tinted};
use helmd_action::{Explanation, helm_text};
use helmd_chart::HelmMajor;
use helmd_release::{HookEvent, Release, Time};
use helmd_values::coalesce_values;
use serde::Serialize;

/// What is printed of a release.
#[derive(Clone, Copy)]
pub struct StatusText<'a> {
    /// The release.
    pub release: &'a Release,
    /// Whose form.
    pub helm: HelmMajor,
    /// Also values, hooks and manifest.
    pub debug: bool,
    /// Also what the chart is.
    pub metadata: bool,
    /// Also the description; Helm 4 always prints it.
    pub description: bool,
    /// Also the live objects; Helm 4 always prints those that it has.
    pub resources: bool,
    /// No notes.
    pub hide_notes: bool,
    /// With colours.
    pub color: bool,
    /// Also why the revision failed, where that is known (helm has no such thing).
    pub explain: bool,
}

/// A release, and why it failed.
#[derive(Serialize)]
struct Explained<R> {
    #[serde(flatten)]
    release: R,
    explanation: Explanation,
}

impl<'a> StatusText<'a> {
    /// What install, upgrade and test print.
    pub fn new(release: &'a Release, call: &Call<'_>) -> StatusText<'a> {
        let (helm, four) = (call.helm, call.helm == HelmMajor::Helm4);
        StatusText {
            release,
            helm,
            debug: false,
            metadata: false,
            description: four,
            resources: four,
            hide_notes: false,
            color: four && call.settings.color,
            explain: false,
        }
    }

    /// The release in this form.
    ///
    /// # Errors
    /// Values that cannot be written.
    pub fn write(&self, format: Format) -> Result<String, String> {
        let release = self.release.json_view(self.helm);
        match self.explanation() {
            Some(explanation) => output::write(format, &Explained { release, explanation }, || self.table()),
            None => output::write(format, &release, || self.table()),
        }
    }

    fn explanation(&self) -> Option<Explanation> {
        self.explain.then(|| Explanation::of_kept(&self.release.explanation)).flatten()
    }

    /// For people.
    ///
    /// # Errors
    /// Values that cannot be coalesced or written.
    pub fn table(&self) -> Result<String, String> {
        let mut text = self.head();
        if self.resources && !self.release.info.resources.is_empty() {
            text.push_str(&self.live_objects());
        }
        text.push_str(&self.tests());
        if self.debug {
            text.push_str(&self.values()?);
        }
        if self.debug || self.release.info.description.eq_ignore_ascii_case("Dry run complete") {
            text.push_str("HOOKS:\n");
            for hook in &self.release.hooks {
                text.push_str(&format!("---\n# Source: {}\n{}\n", hook.path, hook.manifest));
            }
            text.push_str(&format!("MANIFEST:\n{}\n", self.release.manifest));
        }
        if !self.hide_notes && !self.release.info.notes.is_empty() {
            text.push_str(&format!("NOTES:\n{}\n", self.release.info.notes.trim()));
        }
        if let Some(explanation) = self.explanation() {
            text.push_str(&format!("EXPLANATION:\n{}\n", explanation.text()));
        }
        Ok(text)
    }

    fn head(&self) -> String {
        let Release { name, namespace, info, version, .. } = self.release;
        let mut text = format!("NAME: {name}\n");
        if let Some(time) = info.last_deployed {
            text.push_str(&format!("LAST DEPLOYED: {}\n", time.ansic()));
        }
        let namespace = tinted(namespace, Tint::Namespace, self.color);
        let status = tinted(info.status.as_str(), Tint::Status, self.color);
        text.push_str(&format!("NAMESPACE: {namespace}\nSTATUS: {status}\nREVISION: {version}\n"));
        if self.metadata {
            let chart = self.release.chart_metadata().cloned().unwrap_or_default();
            let (name, version, app_version) = (chart.name, chart.version, chart.app_version);
            text.push_str(&format!("CHART: {name}\nVERSION: {version}\nAPP_VERSION: {app_version}\n"));
        }
        if self.description {
            text.push_str(&format!("DESCRIPTION: {}\n", info.description));
        }
        text
    }

    /// HELM: the order of kinds is Go's of maps, which is none; here it is that of their names.
    fn live_objects(&self) -> String {
        let mut printer = Printer::default();
        let mut text = "RESOURCES:\n".to_owned();
        for (kind, objects) in &self.release.info.resources {
            text.push_str(&format!("==> {kind}\n"));
            for object in objects {
                text.push_str(&printer.print(object));
            }
            text.push('\n');
        }
        text.push('\n');
        text
    }

    fn tests(&self) -> String {
        let tests: Vec<_> = self.release.hooks.iter().filter(|hook| hook.has_event(&HookEvent::Test)).collect();
        if tests.is_empty() {
            return "TEST SUITE: None\n".to_owned();
        }
        let time = |time: Option<Time>| time.map_or_else(|| ZERO.to_owned(), |time| time.ansic());
        let run = tests.into_iter().filter(|hook| hook.last_run.started_at.is_some());
        run.map(|hook| {
            format!(
                "TEST SUITE:     {}\nLast Started:   {}\nLast Completed: {}\nPhase:          {}\n",
                hook.name,
                time(hook.last_run.started_at),
                time(hook.last_run.completed_at),
                hook.last_run.phase
            )
        })
        .collect()
    }

    fn values(&self) -> Result<String, String> {
        let given = output::yaml(&self.release.config)?;
        let config = self.release.config.clone().unwrap_or_default();
        let computed = match &self.release.chart {
            Some(chart) => coalesce_values(chart, &config, self.helm).map_err(|e| helm_text(&e))?.0,
            None => config,
        };
        let computed = output::yaml(&computed)?;
        Ok(format!("USER-SUPPLIED VALUES:\n{given}\nCOMPUTED VALUES:\n{computed}\n"))
    }
}

/// Go's zero time.
const ZERO: &str = "Mon Jan  1 00:00:00 0001";
