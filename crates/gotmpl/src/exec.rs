//! Trees and data to output.
//!
//! `walk` goes through the nodes and writes, `eval` computes pipelines, `args` checks arguments against declared types.
//! Recursion is bounded by a measured budget of stack, see [`Limits::stack_bytes`].

mod args;
mod budget;
mod call;
mod error;
mod eval;
pub(crate) mod val;
mod walk;

pub(crate) use walk::printed;

pub use budget::{Cancel, Comparing, Exceeded, Limits, Stopped, budgets};
pub use error::ExecError;

use crate::builtins::Builtin;
use crate::func::{FuncError, FuncMap};
use crate::parse::node::{NodeRef, ROOT_VAR, VarId};
use crate::parse::{ParseError, TemplateSet, Tree};
use crate::value::{GoString, Value};
use budget::Meter;
use val::Val;
use walk::Frame;

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

/// Why a text given at run time could not be executed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TextFailure {
    /// It is no template.
    #[error(transparent)]
    Parse(ParseError),
    /// It failed while it ran; ready to be returned from a function.
    #[error(transparent)]
    Exec(FuncError),
}

struct Variable {
    id: VarId,
    value: Val,
}

/// A running execution. Functions get it to run further templates (`include`, `tpl`).
pub struct Exec<'a> {
    set: TemplateSet,
    functions: &'a FuncMap,
    missing: MissingKey,
    /// Builtins that `functions` does not replace.
    builtins: u32,
    meter: Meter,
    out: Vec<u8>,
    /// Variables of all frames; each frame sees those from its own base on.
    vars: Vec<Variable>,
    /// Emptied argument lists for the next calls.
    spare_args: Vec<Vec<Value>>,
}

type Stop = Box<ExecError>;

/// How many bytes of a text given at run time count as one step.
const PARSED_BYTES_PER_STEP: usize = 16;

impl<'a> Exec<'a> {
    /// An execution of the templates in `set`. One execution can run several templates; they share its limits.
    pub fn new(set: &TemplateSet, functions: &'a FuncMap, missing: MissingKey, limits: Limits) -> Exec<'a> {
        let builtins = Builtin::ALL
            .iter()
            .filter(|(name, _)| functions.get(name).is_none())
            .fold(0, |bits, (_, b)| bits | b.bit());
        Exec {
            set: set.clone(),
            functions,
            missing,
            builtins,
            meter: Meter::new(limits),
            out: Vec::new(),
            vars: Vec::new(),
            spare_args: Vec::new(),
        }
    }

    /// Runs the template `name` on `data` and gives its output.
    ///
    /// # Errors
    /// Why it ended, with what had been written until then.
    #[expect(clippy::result_large_err, reason = "one per file, and the partial output belongs to it")]
    pub fn run(&mut self, name: &str, data: &Value) -> Result<Vec<u8>, (ExecError, Vec<u8>)> {
        let Some(tree) = self.set.get(name).cloned() else {
            return Err((ExecError::no_template(name), Vec::new()));
        };
        self.out = Vec::with_capacity(tree.source.text.len() * 2);
        let result = self.render(&tree, data);
        let out = std::mem::take(&mut self.out);
        match result {
            Ok(()) => Ok(out),
            Err(e) => Err((*e, out)),
        }
    }

    /// The templates that this execution sees.
    pub fn templates(&self) -> &TemplateSet {
        &self.set
    }

    /// The functions that this execution sees.
    pub fn functions(&self) -> &'a FuncMap {
        self.functions
    }

    /// The budgets of this execution.
    pub fn limits(&self) -> &Limits {
        &self.meter.limits
    }

    /// Counts bytes that a function makes beside its result, before it makes them.
    ///
    /// # Errors
    /// [`Limits::memory_bytes`] ran out.
    pub fn charge(&mut self, bytes: u64) -> Result<(), Stopped> {
        self.meter.made(bytes)
    }

    /// Runs a template of the same set on `data` within this execution's budgets and gives its output.
    ///
    /// # Errors
    /// [`FuncError::Exec`], ready to be returned from a function; [`FuncError::Text`] when there is no such template.
    pub fn execute(&mut self, name: &str, data: &Value) -> Result<GoString, FuncError> {
        let Some(tree) = self.set.get(name).cloned() else {
            return Err(FuncError::Text(error::no_template_text(name)));
        };
        let start = self.out.len();
        let result = self.render(&tree, data);
        let out = match result {
            Ok(()) => Ok(GoString::from(self.out.get(start..).unwrap_or_default())),
            Err(e) => Err(FuncError::Exec(e)),
        };
        self.out.truncate(start);
        out
    }

    /// Runs a template of another set with the same functions, options and budgets. Functions called by it see that set.
    ///
    /// # Errors
    /// As [`Exec::execute`].
    pub fn execute_in(&mut self, set: &TemplateSet, name: &str, data: &Value) -> Result<GoString, FuncError> {
        let own = std::mem::replace(&mut self.set, set.clone());
        let out = self.execute(name, data);
        self.set = own;
        out
    }

    /// Parses `text` as the template `name` into a copy of this execution's set and runs it there.
    ///
    /// # Errors
    /// [`TextFailure::Parse`] when it is no template; [`TextFailure::Exec`] when it failed.
    pub fn execute_text(&mut self, name: &str, text: &GoString, data: &Value) -> Result<GoString, TextFailure> {
        // Parsing costs as many steps as walking what is parsed.
        self.meter.steps(text.len() / PARSED_BYTES_PER_STEP).map_err(|s| TextFailure::Exec(s.into()))?;
        let mut set = self.set.clone();
        let functions = self.functions;
        set.parse(name, text, &|f| functions.get(f).is_some()).map_err(TextFailure::Parse)?;
        self.execute_in(&set, name, data).map_err(TextFailure::Exec)
    }

    /// Whether the name means Go's own function and not one of the map.
    fn is_builtin(&self, builtin: Builtin) -> bool {
        self.builtins & builtin.bit() != 0
    }

    fn render(&mut self, tree: &Tree, data: &Value) -> Result<(), Stop> {
        let outermost = self.meter.start_stack();
        let result = self.render_tree(tree, &Val::plain(data.clone()));
        if outermost {
            self.meter.end_stack();
        }
        result
    }

    /// Runs a tree as a template of its own: no variables but `$`.
    fn render_tree(&mut self, tree: &Tree, dot: &Val) -> Result<(), Stop> {
        let base = self.vars.len();
        self.vars.push(Variable { id: ROOT_VAR, value: dot.clone() });
        self.meter.depth += 1;
        let mut frame = Frame { exec: self, tree, base, node: NodeRef::None };
        let result = frame.walk_list(dot, tree.nodes());
        self.meter.depth -= 1;
        self.vars.truncate(base);
        result.map(|_| ())
    }
}

#[cfg(test)]
mod tests;
