//! Templates from a grammar: well typed mostly, ill typed sometimes.
//!
//! `table` knows the functions, [`expression`] writes operands and calls, [`leaf`] literals, [`statement`] the actions around them.

mod expression;
mod leaf;
mod statement;
mod table;

use helmd_fuzz::random::Random;
use serde_json::{Map, Value as Json, json};
use table::{Kind, Signature};

/// What a template of the case may use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Go's own functions.
    Go,
    /// All of Helm's.
    Helm,
}

/// A variable in scope.
struct Variable {
    name: String,
    kind: Kind,
}

/// Writes one template.
pub struct Writer<'r> {
    r: &'r mut Random,
    functions: Vec<&'static Signature>,
    language: Language,
    variables: Vec<Variable>,
    /// Templates that may be called: those written before, so that none calls itself.
    templates: Vec<String>,
    /// What `.` is; `None` at the root.
    dot: Option<Kind>,
    in_loop: bool,
}

impl<'r> Writer<'r> {
    /// A writer that uses the functions of these chapters; all of the language's when none is named.
    pub fn new(r: &'r mut Random, language: Language, chapters: &[&str]) -> Writer<'r> {
        let functions = table::all()
            .iter()
            .filter(|f| match (chapters, language) {
                ([], Language::Helm) => true,
                ([], Language::Go) => f.chapter == "go",
                (named, _) => named.contains(&f.chapter.as_str()),
            })
            .collect();
        Writer { r, functions, language, variables: Vec::new(), templates: Vec::new(), dot: None, in_loop: false }
    }
}

/// The value kinds that questions outside of this grammar ask for.
pub fn leaf_text(r: &mut Random, kind: &str) -> String {
    leaf::literal(r, Kind::of(kind))
}

/// Values under the names that templates use: `s` and `t` texts, `n` and `f` numbers, `l` a list …
pub fn values(r: &mut Random) -> Json {
    use super::data;
    let mut out = Map::new();
    let mut put = |r: &mut Random, name: &str, value: fn(&mut Random) -> Json| {
        if r.chance(93) {
            out.insert(name.to_owned(), value(r));
        }
    };
    for name in ["s", "t"] {
        put(r, name, |r| json!(data::text(r)));
    }
    for name in ["n", "f"] {
        put(r, name, data::number);
    }
    put(r, "b", |r| json!(r.chance(50)));
    put(r, "l", |r| data::list(r, 2));
    put(r, "m", |r| json!((0..r.below(5)).map(|_| data::number(r)).collect::<Vec<_>>()));
    put(r, "ls", |r| json!((0..r.below(5)).map(|_| data::text(r)).collect::<Vec<_>>()));
    put(r, "d", |r| data::object(r, 2));
    put(r, "e", |r| json!({"s": data::text(r), "n": data::number(r), "d": data::object(r, 1), "l": data::list(r, 1)}));
    put(r, "z", |_| Json::Null);
    Json::Object(out)
}

/// Numbers that are integers in Go, laid over the values below `under`: values files have floats only.
pub fn set(r: &mut Random, under: &str) -> String {
    let numbers = [
        "0",
        "1",
        "2",
        "3",
        "-1",
        "7",
        "42",
        "100",
        "1000",
        "9007199254740993",
        "9223372036854775807",
        "-9223372036854775808",
    ];
    let mut one = || numbers[r.below(numbers.len())];
    format!("{under}i={},{under}j={},{under}li={{{},x,{}}},{under}bt=true", one(), one(), one(), one())
}
