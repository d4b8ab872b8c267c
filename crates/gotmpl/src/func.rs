//! Template functions: a declared Go signature, which the executor checks arguments against, and a body.

use crate::value::{CallResult, GoType, Kind, Value};
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;

/// Why a function failed.
///
/// The executor adds `error calling NAME: `; a failure of a nested template keeps its own place.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FuncError {
    /// The function's own error text.
    #[error("{0}")]
    Text(String),
    /// A template run by the function (`include`, `tpl`) failed.
    #[error("{0}")]
    Exec(Box<crate::exec::ExecError>),
    /// The function panicked in Go with this value (recovered by Go's executor); text as Go prints it.
    #[error("{0}")]
    Panic(String),
    /// A budget ran out, or the render was cancelled. Functions that swallow errors must hand this one on.
    #[error(transparent)]
    Stopped(#[from] crate::exec::Stopped),
    /// Another function's failure with Helm's words before it (`%w` in Go).
    #[error("{text}{source}")]
    Wrapped {
        /// Words before the cause, its separator included.
        text: String,
        /// The cause.
        source: Box<FuncError>,
    },
}

impl FuncError {
    /// A plain error text.
    pub fn text(text: impl Into<String>) -> FuncError {
        FuncError::Text(text.into())
    }
}

/// The body of a function: gets the running executor and the checked arguments.
pub type Body = Rc<dyn Fn(&mut crate::exec::Exec<'_>, &[Value]) -> CallResult>;

/// A function with its Go signature.
pub struct Function {
    /// The name it is registered under.
    pub name: &'static str,
    /// Parameter types; for a variadic function the last one is the *element* type of the rest.
    pub params: &'static [&'static GoType],
    /// Whether the last parameter repeats.
    pub variadic: bool,
    /// The declared result type (`INTERFACE` when dynamic); a typed result makes pipelines type-check as in Go.
    pub result: &'static GoType,
    /// What it does.
    pub body: Body,
}

static FUNC_TYPE: GoType = GoType { name: "func()", kind: Kind::Func, elem: None };

impl Function {
    /// A function with a fixed number of arguments.
    pub fn new(
        name: &'static str,
        params: &'static [&'static GoType],
        result: &'static GoType,
        body: impl Fn(&mut crate::exec::Exec<'_>, &[Value]) -> CallResult + 'static,
    ) -> Function {
        Function { name, params, variadic: false, result, body: Rc::new(body) }
    }
    /// A function whose last parameter repeats.
    pub fn variadic(
        name: &'static str,
        params: &'static [&'static GoType],
        result: &'static GoType,
        body: impl Fn(&mut crate::exec::Exec<'_>, &[Value]) -> CallResult + 'static,
    ) -> Function {
        Function { variadic: true, ..Function::new(name, params, result, body) }
    }
    /// The Go type of the function value.
    pub fn go_type(&self) -> &'static GoType {
        &FUNC_TYPE
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "func {}/{}", self.name, self.params.len())
    }
}

/// Functions by name. The executor looks a name up here first, then among Go's builtins.
#[derive(Default, Clone)]
pub struct FuncMap(HashMap<&'static str, Rc<Function>, BuildHasherDefault<NameHasher>>);

/// FNV-1a: names are short and not chosen by an attacker, and every call looks one up.
#[derive(Clone)]
struct NameHasher(u64);

impl Default for NameHasher {
    fn default() -> Self {
        NameHasher(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = (self.0 ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl FuncMap {
    /// Adds a function, in place of any other of its name.
    pub fn add(&mut self, function: Function) {
        self.0.insert(function.name, Rc::new(function));
    }
    /// Adds the same function under a second name.
    pub fn alias(&mut self, alias: &'static str, name: &str) {
        if let Some(f) = self.0.get(name).cloned() {
            self.0.insert(alias, f);
        }
    }
    /// Takes a function out.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }
    /// The function of that name.
    pub fn get(&self, name: &str) -> Option<&Rc<Function>> {
        self.0.get(name)
    }
    /// All names, unordered.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}
