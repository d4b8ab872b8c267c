//! What an expression is evaluated to, piece by piece: Go's `reflect.Value`.

use gotmpl::Value;
use serde_json::Value as Json;

/// One value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a> {
    /// A value of the data.
    Json(&'a Json),
    /// A text of the expression.
    Text(&'a [u8]),
    /// A whole number of the expression.
    Int(i64),
    /// Another number of the expression.
    Float(f64),
    /// A truth of the expression.
    Bool(bool),
    /// A byte of a text.
    Byte(u8),
    /// What a range over `null` looks at.
    Nothing,
}

impl<'a> Item<'a> {
    /// Go's nil interface: most steps pass over it.
    pub fn is_nil(self) -> bool {
        matches!(self, Item::Json(Json::Null))
    }

    /// The list, if it is one.
    pub fn as_list(self) -> Option<&'a [Json]> {
        match self {
            Item::Json(Json::Array(items)) => Some(items),
            _ => None,
        }
    }

    /// What is directly in it: elements, entries in the order of their keys, bytes.
    pub fn children(self) -> Box<dyn DoubleEndedIterator<Item = Item<'a>> + 'a> {
        match self {
            Item::Json(Json::Array(items)) => Box::new(items.iter().map(Item::Json)),
            Item::Json(Json::Object(entries)) => Box::new(entries.values().map(Item::Json)),
            Item::Json(Json::String(text)) => Box::new(text.bytes().map(Item::Byte)),
            Item::Text(text) => Box::new(text.iter().copied().map(Item::Byte)),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The name of Go's type.
    pub fn type_name(self) -> &'static str {
        match self {
            Item::Json(Json::Null) | Item::Nothing => "nil",
            Item::Json(Json::Bool(_)) | Item::Bool(_) => "bool",
            Item::Json(Json::Number(n)) if n.is_f64() => "float64",
            Item::Json(Json::Number(n)) if n.is_i64() => "int64",
            Item::Json(Json::Number(_)) => "uint64",
            Item::Json(Json::String(_)) | Item::Text(_) => "string",
            Item::Json(Json::Array(_)) => "[]interface {}",
            Item::Json(Json::Object(_)) => "map[string]interface {}",
            Item::Int(_) => "int",
            Item::Float(_) => "float64",
            Item::Byte(_) => "uint8",
        }
    }

    /// The value as an expression's result.
    pub fn print(self, out: &mut Vec<u8>) {
        match self {
            Item::Json(Json::Null) => out.extend_from_slice(b"null"),
            Item::Json(json @ (Json::Array(_) | Json::Object(_))) => {
                // Nothing in a JSON value can fail to be written.
                out.extend_from_slice(gotmpl::json::to_string(json).unwrap_or_default().as_bytes());
            }
            Item::Nothing => out.extend_from_slice(b"<no value>"),
            item => out.extend_from_slice(&item.plain()),
        }
    }

    /// The value as `%v` in messages.
    pub fn plain(self) -> Vec<u8> {
        match self {
            Item::Json(Json::String(text)) => text.as_bytes().to_vec(),
            Item::Json(json) => gotmpl::fmt::format_v(&Value::from_json(json)),
            Item::Text(text) => text.to_vec(),
            Item::Int(int) => int.to_string().into_bytes(),
            Item::Float(float) => gotmpl::fmt::format_v(&Value::float(float)),
            Item::Bool(truth) => truth.to_string().into_bytes(),
            Item::Byte(byte) => byte.to_string().into_bytes(),
            Item::Nothing => b"<invalid reflect.Value>".to_vec(),
        }
    }
}
