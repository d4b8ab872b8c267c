//! Warnings in the words of both Helms.

use gotmpl::Value;
use gotmpl::slog;
use helmd_chart::HelmMajor;

/// What Helm would have written to its log, in order.
pub type Warnings = Vec<String>;

/// Collects warnings; the two majors word some of them differently.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) helm: HelmMajor,
    pub(crate) warnings: Warnings,
}

impl Log {
    pub(crate) fn new(helm: HelmMajor) -> Log {
        Log { helm, warnings: Warnings::new() }
    }

    /// A line that is the same in both.
    pub(crate) fn line(&mut self, text: String) {
        self.warnings.push(text);
    }

    /// A line of helm 3, or a structured record of helm 4.
    pub(crate) fn record(&mut self, three: impl FnOnce() -> String, message: &str, fields: &[(&str, &str)]) {
        self.warnings.push(match self.helm {
            HelmMajor::Helm3 => three(),
            HelmMajor::Helm4 => slog::record("WARN", message, fields),
        });
    }
}

/// Go's `%v` of a value.
pub(crate) fn go_text(value: &Value) -> String {
    String::from_utf8_lossy(&gotmpl::fmt::format_v(value)).into_owned()
}
