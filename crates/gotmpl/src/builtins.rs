//! Go's own template functions.

mod compare;
mod escape;
mod index;

use crate::exec::val::Val;
use crate::value::{Value, types};

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
    pub(crate) fn call(self, args: &[Val]) -> Result<Value, String> {
        let first = args.first().unwrap_or(&Val::Invalid);
        let second = args.get(1).unwrap_or(&Val::Invalid);
        let rest = args.get(1..).unwrap_or_default();
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
            Builtin::Print => Value::str(crate::fmt::sprint(&values(args))),
            Builtin::Println => Value::str(crate::fmt::sprintln(&values(args))),
            Builtin::Printf => {
                let format = first.value().as_str().cloned().unwrap_or_default();
                Value::str(crate::fmt::sprintf(&format, &values(rest)))
            }
            Builtin::Html => Value::str(escape::html(&escape::text_of(args))),
            Builtin::Js => Value::str(escape::js(&escape::text_of(args))),
            Builtin::Urlquery => Value::str(escape::url_query(&escape::text_of(args))),
            Builtin::And | Builtin::Or | Builtin::Call => return Err("unreachable".to_owned()),
        })
    }
}

fn values(args: &[Val]) -> Vec<Value> {
    args.iter().map(|a| a.value().clone()).collect()
}

fn int(n: usize) -> Value {
    Value::Int(types::INT, i64::try_from(n).unwrap_or(i64::MAX))
}
