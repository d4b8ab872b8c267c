//! The `--set` grammar: `a.b[0]=x,c={1,2}` and its string, file, JSON and literal forms.
//!
//! Each function lays the text's values over a map in place. After an error the map may hold a part of them, as in Helm;
//! callers drop it.

mod parser;
mod scan;

use crate::Values;
use gotmpl::json::JsonError;
use helmd_chart::HelmMajor;

/// Largest list index that may be set, Helm's own limit.
pub const MAX_INDEX: i64 = 65536;

/// Most dots in one name, Helm's own limit.
pub const MAX_NESTED_NAME_LEVEL: usize = 30;

/// Most parts (dots and indexes) of one name: Helm does not count indexes, but the values must fit our stack.
pub const MAX_NAME_PARTS: usize = 300;

/// Most list items that one text may make by naming indexes: 32 MiB of empty items.
pub const MAX_MADE_ITEMS: usize = 1 << 20;

/// Why a text could not be read; the words are Helm's unless the variant says otherwise.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StrvalsError {
    /// The text ends inside an index (an error in Helm 3 only).
    #[error("error parsing index: EOF")]
    OpenIndex,
    /// The text ends where a name or index is over: the regular end.
    #[error("EOF")]
    End,
    /// A name without `=`.
    #[error("key {} has no value", quote(.0))]
    KeyWithoutValue(String),
    /// A name that a comma ends.
    #[error("key {} has no value (cannot end with ,)", quote(.0))]
    KeyEndsWithComma(String),
    /// A name with a dot, under which nothing was set.
    #[error("key map {} has no value", quote(.0))]
    KeyMapWithoutValue(String),
    /// More dots than [`MAX_NESTED_NAME_LEVEL`].
    #[error("value name nested level is greater than maximum supported nested level of {MAX_NESTED_NAME_LEVEL}")]
    TooManyDots,
    /// An index that is no number.
    #[error("error parsing index: strconv.Atoi: parsing {}: {reason}", quote(.text))]
    Index {
        /// The text in brackets.
        text: String,
        /// Go's words: `invalid syntax` or `value out of range`.
        reason: &'static str,
    },
    /// An index below zero.
    #[error("negative {0} index not allowed")]
    NegativeIndex(i64),
    /// An index above [`MAX_INDEX`].
    #[error("index of {0} is greater than maximum supported index of {MAX_INDEX}")]
    IndexTooLarge(i64),
    /// Something other than `=`, `.` or `[` after an index.
    #[error("unexpected data at end of array index: {}", quote_runes(.0))]
    DataAfterIndex(String),
    /// A name goes on below a value that is no map, or indexes one that is no list.
    #[error("unable to parse key: interface conversion: interface {{}} is {is}, not {want}")]
    Conversion {
        /// The Go type of the value that is there.
        is: &'static str,
        /// The Go type that the name needs.
        want: &'static str,
    },
    /// A `{` without `}`.
    #[error("list must terminate with '}}'")]
    OpenList,
    /// A JSON value that ends too early.
    #[error("unexpected EOF")]
    OpenJson,
    /// A JSON value that is none.
    #[error("{0}")]
    Json(JsonError),
    /// A file could not be read; the reader's words.
    #[error("{0}")]
    File(String),
    /// More parts in a name than [`MAX_NAME_PARTS`] (our words).
    #[error("key has more than {MAX_NAME_PARTS} parts")]
    TooManyParts,
    /// More list items than [`MAX_MADE_ITEMS`] (our words).
    #[error("indexes make more than {MAX_MADE_ITEMS} list items")]
    TooManyItems,
}

fn quote(text: &str) -> String {
    gotmpl::strconv::quote(text.as_bytes())
}

/// Go's `%q` of a `[]rune`: `['a' 'b']`.
fn quote_runes(text: &str) -> String {
    let rune = |c: char| match c {
        '\'' => "'\\''".to_owned(),
        '"' => "'\"'".to_owned(),
        c => format!("'{}'", quote(c.encode_utf8(&mut [0; 4])).trim_matches('"')),
    };
    format!("[{}]", text.chars().map(rune).collect::<Vec<_>>().join(" "))
}

/// How values are read.
pub enum Form<'r> {
    /// `--set`: booleans, integers and `null` are recognised.
    Typed,
    /// `--set-string`: every value is a string.
    Text,
    /// `--set-json`: every value is JSON.
    Json,
    /// `--set-literal`: one name, and all that follows is its string.
    Literal,
    /// `--set-file`: every value names a file; the reader gives its text.
    File(&'r mut dyn FnMut(&str) -> Result<String, String>),
}

/// Lays a text's values over `values`, as the given Helm does.
///
/// # Errors
/// When the text does not follow the grammar, contradicts the map's shape, or passes a limit. Helm 4 takes a text that
/// ends inside an index for one that ends before its name; Helm 3 says [`StrvalsError::OpenIndex`].
pub fn parse(helm: HelmMajor, form: Form<'_>, text: &str, values: &mut Values) -> Result<(), StrvalsError> {
    match parser::Parser::new(form, text).run(values) {
        Err(StrvalsError::OpenIndex) if helm == HelmMajor::Helm4 => Ok(()),
        other => other,
    }
}

/// [`Form::Typed`] as Helm 4 reads it.
///
/// # Errors
/// As [`parse`].
pub fn parse_into(text: &str, values: &mut Values) -> Result<(), StrvalsError> {
    parse(HelmMajor::Helm4, Form::Typed, text, values)
}

/// [`Form::Text`] as Helm 4 reads it.
///
/// # Errors
/// As [`parse`].
pub fn parse_into_string(text: &str, values: &mut Values) -> Result<(), StrvalsError> {
    parse(HelmMajor::Helm4, Form::Text, text, values)
}

/// [`Form::Json`] as Helm 4 reads it.
///
/// # Errors
/// As [`parse`].
pub fn parse_json(text: &str, values: &mut Values) -> Result<(), StrvalsError> {
    parse(HelmMajor::Helm4, Form::Json, text, values)
}

/// [`Form::Literal`] as Helm 4 reads it.
///
/// # Errors
/// As [`parse`].
pub fn parse_literal_into(text: &str, values: &mut Values) -> Result<(), StrvalsError> {
    parse(HelmMajor::Helm4, Form::Literal, text, values)
}

/// [`Form::File`] as Helm 4 reads it.
///
/// # Errors
/// As [`parse`]; a reader's error is [`StrvalsError::File`].
pub fn parse_into_file(
    text: &str,
    values: &mut Values,
    reader: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<(), StrvalsError> {
    parse(HelmMajor::Helm4, Form::File(reader), text, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(text: &str) -> Result<serde_json::Value, String> {
        let mut values = Values::new();
        parse_into(text, &mut values).map_err(|e| e.to_string())?;
        Ok(values.into())
    }

    #[test]
    fn names_make_maps_and_lists() {
        assert_eq!(
            set("a.b[1].c=1,d={x,2},e=null"),
            Ok(json!({"a": {"b": [null, {"c": 1}]}, "d": ["x", 2], "e": null}))
        );
        assert_eq!(set(r"a\.b=x\,y,n=007,t=TRUE"), Ok(json!({"a.b": "x,y", "n": "007", "t": true})));
    }

    #[test]
    fn an_index_is_read_as_atoi_reads() {
        let index = |text: &str, reason| Err(format!("error parsing index: strconv.Atoi: parsing {text:?}: {reason}"));
        // Go sees what is no digit before the number leaves 64 bits, though it has left the signed ones.
        assert_eq!(set("a[9999999999999999999[]=1"), index("9999999999999999999[", "invalid syntax"));
        assert_eq!(set("a[9999999999999999999]=1"), index("9999999999999999999", "value out of range"));
        assert_eq!(set("a[+1]=1"), Ok(json!({"a": [null, 1]})));
    }

    #[test]
    fn under_the_empty_name_only_items_that_are_there_change() {
        let mut values = Values::new();
        values.insert(String::new(), json!([1, 2]));
        parse_into("[1]=x,[2]=y", &mut values).unwrap();
        assert_eq!(json!(values), json!({"": [1, "x"]}));
        assert_eq!(set("[0]=x"), Ok(json!({})));
    }

    #[test]
    fn limits_end_the_reading() {
        assert!(set(&format!("a{}=1", "[0]".repeat(MAX_NAME_PARTS + 1))).is_err());
        assert!(set(&"a[65536]=1,b[65536]=1,".repeat(40)).is_ok());
        let many: String = (0..20).map(|n| format!("k{n}[65536]=1,")).collect();
        assert_eq!(set(&many), Err(StrvalsError::TooManyItems.to_string()));
    }

    #[test]
    fn runes_are_quoted_one_by_one() {
        assert_eq!(
            StrvalsError::DataAfterIndex("b'".into()).to_string(),
            r"unexpected data at end of array index: ['b' '\'']"
        );
    }
}
