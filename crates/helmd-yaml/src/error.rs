//! Why YAML could not be read or written.

use gotmpl::exec::Exceeded;
use gotmpl::json::JsonError;
use std::borrow::Cow;

/// Why YAML could not be read or written. The texts are those of `sigs.k8s.io/yaml` and go-yaml, each a whole sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// The text is not YAML.
    #[error("yaml: {}{problem}", line_prefix(*.line))]
    Syntax {
        /// The line as go-yaml counts it; 0 when it names none (it never names the first line).
        line: usize,
        /// What go-yaml says about it.
        problem: Cow<'static, str>,
    },
    /// YAML that go-yaml refuses to decode: unknown anchors, bad merges, values that do not fit their tag.
    #[error("yaml: {0}")]
    Decode(String),
    /// Keys that are set twice, one line each; strict parsing only.
    #[error("yaml: unmarshal errors:\n  {}", .0.join("\n  "))]
    Duplicates(Vec<String>),
    /// A map key that JSON cannot hold.
    #[error("unsupported map key of type: {0}")]
    Key(String),
    /// A value that JSON cannot hold, or JSON that is not of the wanted type.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Reading YAML into a value failed before it was JSON.
    #[error("error converting YAML to JSON: {0}")]
    Convert(Box<YamlError>),
    /// The document is good YAML of another type than the wanted one.
    #[error("error unmarshaling JSON: while decoding JSON: {0}")]
    Type(JsonError),
    /// A value could not be made JSON on its way to YAML.
    #[error("error marshaling into JSON: {0}")]
    Marshal(JsonError),
    /// A value of a type that go-yaml version 3 does not write; it panics there.
    #[error("cannot marshal type: {0}")]
    CannotMarshal(&'static str),
    /// More than this program is willing to read.
    #[error("yaml: {0}")]
    Exceeded(Box<Exceeded>),
}

impl YamlError {
    /// The budget that ran out while reading, if one did.
    pub fn exceeded(&self) -> Option<Exceeded> {
        match self {
            YamlError::Exceeded(exceeded) => Some(**exceeded),
            YamlError::Convert(inner) => inner.exceeded(),
            _ => None,
        }
    }

    /// Whether the text to be written became longer than its limit.
    pub fn is_too_long(&self) -> bool {
        matches!(self, YamlError::Marshal(JsonError::TooLong { .. }))
    }

    /// The error as `yaml.Unmarshal` wraps it.
    pub(crate) fn converting(self) -> YamlError {
        YamlError::Convert(Box::new(self))
    }

    /// A scanner's error: go-yaml counts its lines from one, but has no word for the first.
    pub(crate) fn scan(line: u32, problem: &'static str) -> YamlError {
        let line = if line == 0 { 0 } else { line as usize + 1 };
        YamlError::Syntax { line, problem: Cow::Borrowed(problem) }
    }

    /// A parser's error. HELM: go-yaml names the line before, as it counts these from zero.
    pub(crate) fn parse(line: u32, problem: &'static str) -> YamlError {
        YamlError::Syntax { line: line as usize, problem: Cow::Borrowed(problem) }
    }

    /// A reader's error, which names no line.
    pub(crate) fn read(problem: &'static str) -> YamlError {
        YamlError::Syntax { line: 0, problem: Cow::Borrowed(problem) }
    }
}

impl From<Exceeded> for YamlError {
    fn from(exceeded: Exceeded) -> Self {
        YamlError::Exceeded(Box::new(exceeded))
    }
}

fn line_prefix(line: usize) -> String {
    if line == 0 { String::new() } else { format!("line {line}: ") }
}
