//! Warnings in the words of both Helms.

use gotmpl::Value;
use gotmpl::strconv::quote;
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
            HelmMajor::Helm4 => structured(message, fields),
        });
    }
}

/// Go's `%v` of a value.
pub(crate) fn go_text(value: &Value) -> String {
    String::from_utf8_lossy(&gotmpl::fmt::format_v(value)).into_owned()
}

/// A record as Go's text log handler writes it, without the time.
fn structured(message: &str, fields: &[(&str, &str)]) -> String {
    let mut text = format!("level=WARN msg={}", field(message));
    for (key, value) in fields {
        text.push_str(&format!(" {key}={}", field(value)));
    }
    text
}

/// A value, quoted where it could be misread.
fn field(value: &str) -> String {
    let plain = |c: char| match c {
        ' ' | '=' | '"' => false,
        '\0'..='\u{1f}' => false,
        c if c.is_ascii() => true,
        c => !c.is_whitespace() && c != '\u{fffd}' && gotmpl::strconv::is_print(u32::from(c)),
    };
    if !value.is_empty() && value.chars().all(plain) { value.to_owned() } else { quote(value.as_bytes()) }
}
