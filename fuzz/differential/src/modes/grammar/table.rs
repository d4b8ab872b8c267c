//! The functions and what their arguments mean.

use std::sync::OnceLock;

/// What an argument or a result means: a little more than its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Any,
    Str,
    Num,
    Int,
    Bool,
    List,
    Strs,
    Dict,
    Time,
    /// A small number whatever happens.
    Small,
    /// A map of its own, so that what is put into it cannot hold it.
    Fresh,
    Key,
    Path,
    Url,
    Format,
    Regex,
    Replacement,
    Layout,
    Zone,
    /// A text that may be a time.
    Stamp,
    Duration,
    Version,
    Constraint,
    Sort,
    TypeName,
}

impl Kind {
    /// The kind of this name in the table.
    ///
    /// # Panics
    /// When there is none.
    pub fn of(name: &str) -> Kind {
        match name {
            "any" => Kind::Any,
            "str" => Kind::Str,
            "num" => Kind::Num,
            "int" => Kind::Int,
            "bool" => Kind::Bool,
            "list" => Kind::List,
            "strs" => Kind::Strs,
            "dict" => Kind::Dict,
            "time" => Kind::Time,
            "small" => Kind::Small,
            "fresh" => Kind::Fresh,
            "key" => Kind::Key,
            "path" => Kind::Path,
            "url" => Kind::Url,
            "format" => Kind::Format,
            "regex" => Kind::Regex,
            "replacement" => Kind::Replacement,
            "layout" => Kind::Layout,
            "zone" => Kind::Zone,
            "stamp" => Kind::Stamp,
            "duration" => Kind::Duration,
            "version" => Kind::Version,
            "constraint" => Kind::Constraint,
            "kindname" => Kind::Sort,
            "typename" => Kind::TypeName,
            other => panic!("no kind {other}"),
        }
    }

    /// The kind of results that fits: a path is a text, after all.
    pub fn wide(self) -> Kind {
        match self {
            Kind::Key
            | Kind::Path
            | Kind::Url
            | Kind::Format
            | Kind::Regex
            | Kind::Replacement
            | Kind::Layout
            | Kind::Zone
            | Kind::Stamp
            | Kind::Duration
            | Kind::Version
            | Kind::Constraint
            | Kind::Sort
            | Kind::TypeName => Kind::Str,
            Kind::Small => Kind::Int,
            Kind::Fresh => Kind::Dict,
            same => same,
        }
    }
}

/// One way to call a function.
#[derive(Debug)]
pub struct Signature {
    pub chapter: String,
    pub name: String,
    pub arguments: Vec<Kind>,
    /// What more arguments may be.
    pub rest: Option<Kind>,
    pub result: Kind,
}

/// The whole table, read once.
pub fn all() -> &'static [Signature] {
    static TABLE: OnceLock<Vec<Signature>> = OnceLock::new();
    TABLE.get_or_init(|| read(include_str!("functions.txt")))
}

fn read(text: &str) -> Vec<Signature> {
    let mut chapter = "";
    let mut signatures = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            chapter = name.trim_end_matches(']');
            continue;
        }
        let Some((call, result)) = line.split_once(" = ") else { continue };
        let mut words = call.split(' ');
        let name = words.next().unwrap_or_default().to_owned();
        let (mut arguments, mut rest) = (Vec::new(), None);
        for word in words {
            match word.strip_suffix("...") {
                Some(kind) => rest = Some(Kind::of(kind)),
                None => arguments.push(Kind::of(word)),
            }
        }
        signatures.push(Signature { chapter: chapter.to_owned(), name, arguments, rest, result: Kind::of(result) });
    }
    signatures
}

#[cfg(test)]
mod tests {
    /// Every function there is, but for those that the table says it leaves out.
    #[test]
    fn no_function_is_forgotten() {
        let mut known: Vec<&str> = super::all().iter().map(|f| f.name.as_str()).collect();
        let left_out = [
            "rand",
            "gen",
            "shuffle",
            "uuidv4",
            "bcrypt",
            "htpasswd",
            "encryptAES",
            "now",
            "ago",
            "derivePassword",
            "fail",
            "keys",
            "values",
        ];
        let map = sprig::functions(std::rc::Rc::new(sprig::FixedHost::default()));
        known.extend(map.names().filter(|name| left_out.iter().any(|out| name.starts_with(out))));
        let missing: Vec<&str> = map.names().filter(|name| !known.contains(name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
