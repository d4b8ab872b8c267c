//! Go's own template functions.

mod compare;
mod escape;
mod index;

use crate::exec::val::Val;
use crate::exec::{Limits, Stopped};
use crate::fmt;
use crate::func::FuncError;
use crate::value::{CallResult, Value, types};

/// A function that every template knows. `and`, `or` and `call` are carried out by the executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Builtin {
    And,
    Call,
    Html,
    Index,
    Slice,
    Js,
    Len,
    Not,
    Or,
    Print,
    Printf,
    Println,
    Urlquery,
    Eq,
    Ge,
    Gt,
    Le,
    Lt,
    Ne,
}

impl Builtin {
    pub(crate) const ALL: [(&'static str, Builtin); 19] = [
        ("and", Builtin::And),
        ("call", Builtin::Call),
        ("html", Builtin::Html),
        ("index", Builtin::Index),
        ("slice", Builtin::Slice),
        ("js", Builtin::Js),
        ("len", Builtin::Len),
        ("not", Builtin::Not),
        ("or", Builtin::Or),
        ("print", Builtin::Print),
        ("printf", Builtin::Printf),
        ("println", Builtin::Println),
        ("urlquery", Builtin::Urlquery),
        ("eq", Builtin::Eq),
        ("ge", Builtin::Ge),
        ("gt", Builtin::Gt),
        ("le", Builtin::Le),
        ("lt", Builtin::Lt),
        ("ne", Builtin::Ne),
    ];

    pub(crate) fn named(name: &str) -> Option<Builtin> {
        Builtin::ALL.iter().find(|(n, _)| *n == name).map(|(_, b)| *b)
    }

    /// A bit of its own, for sets of builtins.
    pub(crate) fn bit(self) -> u32 {
        1 << (self as u32)
    }

    /// The number of parameters that must be given, and whether more may be.
    pub(crate) fn arity(self) -> (usize, bool) {
        use Builtin::{And, Call, Eq, Html, Index, Js, Or, Print, Printf, Println, Slice, Urlquery};
        match self {
            And | Or | Call | Index | Slice | Printf | Eq => (1, true),
            Html | Js | Print | Println | Urlquery => (0, true),
            Builtin::Len | Builtin::Not => (1, false),
            Builtin::Ge | Builtin::Gt | Builtin::Le | Builtin::Lt | Builtin::Ne => (2, false),
        }
    }

    /// Carries the function out on a checked number of arguments.
    pub(crate) fn call(self, args: &[Val], limits: &Limits) -> CallResult {
        let first = args.first().unwrap_or(&Val::Invalid);
        let second = args.get(1).unwrap_or(&Val::Invalid);
        let rest = args.get(1..).unwrap_or_default();
        let done = match self {
            Builtin::Print | Builtin::Println | Builtin::Printf | Builtin::Html | Builtin::Js | Builtin::Urlquery => {
                return Ok(self.text(args, limits).map(Value::str)?);
            }
            _ => self.plain(first, second, rest),
        };
        done.map_err(FuncError::Text)
    }

    /// The functions that give no new text.
    fn plain(self, first: &Val, second: &Val, rest: &[Val]) -> Result<Value, String> {
        Ok(match self {
            Builtin::Index => index::index(first.value(), rest)?,
            Builtin::Slice => index::slice(first.value(), rest)?,
            Builtin::Len => index::length(first)?,
            Builtin::Not => Value::Bool(!first.value().truth()),
            Builtin::Eq => Value::Bool(compare::eq(first.value(), rest)?),
            Builtin::Ne => Value::Bool(!compare::eq(first.value(), rest)?),
            Builtin::Lt => Value::Bool(compare::lt(first.value(), second.value())?),
            Builtin::Le => Value::Bool(compare::le(first.value(), second.value())?),
            Builtin::Gt => Value::Bool(!compare::le(first.value(), second.value())?),
            Builtin::Ge => Value::Bool(!compare::lt(first.value(), second.value())?),
            _ => return Err("unreachable".to_owned()),
        })
    }

    /// The functions that print.
    fn text(self, args: &[Val], limits: &Limits) -> Result<Vec<u8>, Stopped> {
        let most = limits.text_bytes;
        let escaped = |text: Vec<u8>| limits.text(text.len()).map(|()| text);
        match self {
            Builtin::Print => limits.printed(fmt::sprint_within(&values(args), most)),
            Builtin::Println => limits.printed(fmt::sprintln_within(&values(args), most)),
            Builtin::Html => escaped(escape::html(&escape::text_of(args, limits)?)),
            Builtin::Js => escaped(escape::js(&escape::text_of(args, limits)?)),
            Builtin::Urlquery => escaped(escape::url_query(&escape::text_of(args, limits)?)),
            _ => {
                let format = args.first().and_then(|f| f.value().as_str()).cloned().unwrap_or_default();
                let rest = values(args.get(1..).unwrap_or_default());
                limits.printed(fmt::sprintf_within(&format, &rest, most))
            }
        }
    }
}

fn values(args: &[Val]) -> Vec<Value> {
    args.iter().map(|a| a.value().clone()).collect()
}

fn int(n: usize) -> Value {
    Value::Int(types::INT, i64::try_from(n).unwrap_or(i64::MAX))
}
