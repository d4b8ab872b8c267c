//! Findings, and who collects them.

use crate::Options;
use crate::folder::ChartFolder;
use helmd_chart::{Chart, HelmMajor};
use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A recommendation.
    Info,
    /// Against conventions, but it works.
    Warning,
    /// It will not work.
    Error,
}

impl Severity {
    /// Helm's number for it: 1, 2 or 3.
    pub fn number(self) -> u8 {
        match self {
            Severity::Info => 1,
            Severity::Warning => 2,
            Severity::Error => 3,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Info => "INFO",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
        })
    }
}

/// One finding. It prints as Helm's line: `[WARNING] templates/: directory does not exist`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How bad it is.
    pub severity: Severity,
    /// Where: a file or folder of the chart, the chart's own folder, or nothing.
    pub path: String,
    /// What; some texts have several lines.
    pub text: String,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}: {}", self.severity, self.path, self.text)
    }
}

/// What linting one chart gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings in Helm's order.
    pub messages: Vec<Message>,
    /// What Helm would have written to its log meanwhile.
    pub log: Vec<String>,
    /// The render was cancelled ([`Options::cancel`]), which is no finding.
    pub cancelled: Option<Cancelled>,
}

/// A render that somebody ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cancelled {
    /// Where the render was, as `file:line:column`.
    pub place: Option<String>,
}

/// The chart under the rules, and what they found so far.
pub(crate) struct Linter<'a> {
    pub(crate) folder: &'a ChartFolder,
    pub(crate) options: &'a Options,
    pub(crate) report: Report,
}

impl<'a> Linter<'a> {
    pub(crate) fn new(folder: &'a ChartFolder, options: &'a Options) -> Linter<'a> {
        Linter { folder, options, report: Report::default() }
    }

    pub(crate) fn helm(&self) -> HelmMajor {
        self.options.helm
    }

    /// Notes what a rule found; gives whether it found nothing.
    pub(crate) fn check(&mut self, severity: Severity, path: &str, result: Result<(), String>) -> bool {
        match result {
            Ok(()) => true,
            Err(text) => {
                self.report.messages.push(Message { severity, path: path.to_owned(), text });
                false
            }
        }
    }

    /// The loaded chart, or why there is none. HELM: several rules load it anew, and each loading writes its log.
    pub(crate) fn chart(&mut self) -> Result<&'a Chart, &'a str> {
        self.report.log.extend_from_slice(&self.folder.load_log);
        self.folder.chart.as_ref().map_err(String::as_str)
    }
}
