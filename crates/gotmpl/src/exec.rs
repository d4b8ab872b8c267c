//! Trees and data to output.

use crate::func::{FuncError, FuncMap};
use crate::parse::TemplateSet;
use crate::value::{GoString, Value};

/// What `.x` gives on a map without `x` (Go's `missingkey` option).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// `missingkey=default` / `invalid`: prints `<no value>`.
    #[default]
    Invalid,
    /// `missingkey=zero`: the element type's zero value.
    Zero,
    /// `missingkey=error`: the execution ends.
    Error,
}

/// Why an execution ended. `Display` is Go's one-line form, nested errors included.
#[derive(Debug, Clone, thiserror::Error)]
#[error("template: {template}:{line}:{column}: executing \"{executing}\" at <{context}>: {message}")]
pub struct ExecError {
    /// Name of the parsed text (the file) in which it happened.
    pub template: String,
    /// 1-based line.
    pub line: usize,
    /// 0-based byte column, as Go prints it.
    pub column: usize,
    /// The template being executed (a `define`'s name, or the file's).
    pub executing: String,
    /// The node, shortened as Go shortens it.
    pub context: String,
    /// What went wrong, `error calling f: ` and the nested text included.
    pub message: String,
    /// The failed function's error, when one failed.
    pub cause: Option<FuncError>,
}

/// Budgets of one render, shared by all nested executions.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Nodes walked.
    pub steps: u64,
    /// Bytes written, nested executions included.
    pub output_bytes: u64,
    /// Depth of `{{template}}` calls (Go: 100,000).
    pub depth: usize,
}

/// A running execution. Functions get it to run further templates (`include`, `tpl`).
pub struct Exec<'a> {
    set: &'a TemplateSet,
    functions: &'a FuncMap,
}

impl<'a> Exec<'a> {
    /// The templates that this execution sees.
    pub fn templates(&self) -> &TemplateSet {
        self.set
    }
    /// The functions that this execution sees.
    pub fn functions(&self) -> &FuncMap {
        self.functions
    }
    /// Runs a template of the same set on `data` within this execution's budgets and gives its output.
    ///
    /// # Errors
    /// [`FuncError::Exec`], ready to be returned from a function.
    pub fn execute(&mut self, _name: &str, _data: &Value) -> Result<GoString, FuncError> {
        Ok(GoString::default())
    }
    /// Runs a template of another set with the same functions, options and budgets.
    ///
    /// # Errors
    /// As [`Exec::execute`].
    pub fn execute_in(&mut self, _set: &TemplateSet, _name: &str, _data: &Value) -> Result<GoString, FuncError> {
        Ok(GoString::default())
    }
}
