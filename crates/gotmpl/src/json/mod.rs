//! Go's `encoding/json`: exact output bytes and decoder error texts.
//!
//! [`marshal`] and friends write template [`Value`](crate::Value)s, [`to_string`] writes any serde type in the same form,
//! [`unmarshal`] and [`parse`] read JSON with Go's number rule (every number is a `float64`). Keys come out in byte
//! order, floats as Go prints them, `<`, `>`, `&`, U+2028 and U+2029 escaped unless the raw form is asked for.

mod read;
mod serde_text;
mod stream;
mod write;

pub use read::{parse, unmarshal, unmarshal_list, unmarshal_map};
pub use serde_text::{to_string, to_string_indent};
pub use stream::{Node, Stream, StreamError};
pub use write::{
    Escape, marshal, marshal_indent, marshal_indent_within, marshal_raw, marshal_raw_within, marshal_within,
    write_float, write_string,
};

/// Go's word for the type of a JSON value in the decoder's errors.
pub fn type_word(value: &serde_json::Value) -> &'static str {
    use serde_json::Value as Json;
    match value {
        Json::Null => "null",
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// Deepest nesting that is read or written, in levels: far above any real document, low enough for a 2 MiB stack.
///
/// HELM: Go reads 10000 levels; what lies between fails here with Go's text for too deep input.
pub const MAX_DEPTH: usize = 1000;

/// Why JSON text could not be read or a value could not be written; the text is Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// A byte that does not belong where it stands.
    #[error("invalid character {} {context}", quote_char(*.byte))]
    Syntax {
        /// The byte.
        byte: u8,
        /// Where Go's scanner was, in its words.
        context: &'static str,
    },
    /// The text ends inside a value.
    #[error("unexpected end of JSON input")]
    UnexpectedEnd,
    /// The text ends inside a word, number or escape.
    #[error("invalid character ' ' {0}")]
    EndInside(&'static str),
    /// A JSON value that does not fit the wanted Go type.
    #[error("json: cannot unmarshal {value} into Go value of type {go_type}")]
    Type {
        /// The JSON value in Go's words: `string`, `number 1e999`, …
        value: String,
        /// The Go type.
        go_type: &'static str,
    },
    /// A value that JSON cannot hold (NaN, infinities, cycles).
    #[error("json: unsupported value: {0}")]
    UnsupportedValue(String),
    /// A value of a type that JSON cannot hold (functions, complex numbers).
    #[error("json: unsupported type: {0}")]
    UnsupportedType(&'static str),
    /// The value's own `MarshalJSON` refused.
    #[error("json: error calling MarshalJSON for type {go_type}: {cause}")]
    Marshaler {
        /// The Go type.
        go_type: &'static str,
        /// What it said.
        cause: &'static str,
    },
    /// The text would be longer than the caller wants it.
    #[error("json: text is longer than {limit} bytes")]
    TooLong {
        /// Bytes allowed.
        limit: usize,
    },
    /// A serde type failed to describe itself.
    #[error("{0}")]
    Serialize(String),
}

/// The byte as Go's scanner quotes it: a Latin-1 character in single quotes, escaped when not printable.
fn quote_char(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'\\' => r"'\\'".to_owned(),
        0x07 => r"'\a'".to_owned(),
        0x08 => r"'\b'".to_owned(),
        0x0c => r"'\f'".to_owned(),
        b'\n' => r"'\n'".to_owned(),
        b'\r' => r"'\r'".to_owned(),
        b'\t' => r"'\t'".to_owned(),
        0x0b => r"'\v'".to_owned(),
        0..=0x1f | 0x7f => format!("'\\x{byte:02x}'"),
        0x80..=0xa0 | 0xad => format!("'\\u{byte:04x}'"),
        _ => format!("'{}'", char::from(byte)),
    }
}

#[cfg(test)]
mod tests;
