//! Why an execution ended.

use super::Stopped;
use crate::func::FuncError;
use std::fmt;

/// Why an execution ended. `Display` is Go's one-line form, nested errors included.
#[derive(Debug, Clone, Default)]
pub struct ExecError {
    /// Name of the parsed text (the file) in which it happened.
    pub template: String,
    /// 1-based line; 0 when no node was reached.
    pub line: usize,
    /// 0-based byte column, as Go prints it.
    pub column: usize,
    /// The template being executed (a `define`'s name, or the file's).
    pub executing: String,
    /// The node as Go prints it.
    pub context: String,
    /// What went wrong, `error calling f: ` and the nested text included.
    pub message: String,
    /// The failed function's error, when one failed; not kept when a budget ran out or the chain became too long.
    pub cause: Option<FuncError>,
    /// The budget that ran out, here or in a nested execution, or the cancellation.
    pub stopped: Option<Stopped>,
    /// The whole text where Go's is not made of the parts above.
    pub(crate) whole: Option<String>,
}

impl ExecError {
    /// There is no template of that name. Go's text is not that of an execution error.
    pub(crate) fn no_template(name: &str) -> ExecError {
        ExecError { template: name.to_owned(), whole: Some(no_template_text(name)), ..ExecError::default() }
    }
}

/// Go's words for a missing template. HELM: the set's own name is `gotpl` everywhere.
pub(super) fn no_template_text(name: &str) -> String {
    format!("template: no template {} associated with template \"gotpl\"", crate::strconv::quote(name))
}

impl fmt::Display for ExecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.whole {
            return f.write_str(text);
        }
        if self.line == 0 {
            return write!(f, "template: {}: {}", self.template, self.message);
        }
        write!(
            f,
            "template: {}:{}:{}: executing {} at <{}>: {}",
            self.template,
            self.line,
            self.column,
            crate::strconv::quote(&self.executing),
            self.context,
            self.message
        )
    }
}

impl std::error::Error for ExecError {}

/// The budget or cancellation that a function's failure came from.
pub(super) fn stopped_by(error: &FuncError) -> Option<Stopped> {
    let mut error = error;
    loop {
        match error {
            FuncError::Exec(e) => return e.stopped,
            FuncError::Stopped(stopped) => return Some(*stopped),
            FuncError::Wrapped { source, .. } => error = source,
            FuncError::Text(_) | FuncError::Panic(_) => return None,
        }
    }
}

/// Longest text of a nested error. Go has no limit; two thousand nested includes stay below it: two templates that
/// include each other until Helm's limit of a thousand for each.
const MAX_NESTED_BYTES: usize = 256 << 10;
/// What is kept of a longer one: a little of the way and the reason at its end.
const KEPT_HEAD_BYTES: usize = 1 << 10;
const KEPT_TAIL_BYTES: usize = 31 << 10;

/// The text, and whether its middle had to be left out.
pub(super) fn shortened(text: String) -> (String, bool) {
    if text.len() <= MAX_NESTED_BYTES {
        return (text, false);
    }
    let head = text.get(..text.floor_char_boundary(KEPT_HEAD_BYTES)).unwrap_or_default();
    let tail = text.get(text.ceil_char_boundary(text.len() - KEPT_TAIL_BYTES)..).unwrap_or_default();
    (format!("{head} [...] {tail}"), true)
}
