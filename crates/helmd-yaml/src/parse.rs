//! The ways to read YAML.

use crate::compose::{Document, compose};
use crate::convert;
use crate::decode::{Data, Duplicates, decode};
use crate::error::YamlError;
use crate::reader::Input;
use gotmpl::json::JsonError;
use gotmpl::value::types;
use gotmpl::{List, Map, Value};
use serde_json::Value as Json;

/// Which numbers the values hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Floats only, as Go decodes JSON into an `interface{}`: values files, metadata.
    Float64,
    /// `i64` where the number is whole and fits, else `f64`, as Kubernetes decodes objects.
    Json,
}

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseLimits {
    /// Longest text, in bytes.
    pub bytes: usize,
    /// Deepest nesting, aliases followed; every level costs stack in whoever walks the value.
    ///
    /// HELM: go-yaml reads 10000 levels.
    pub depth: usize,
}

impl Default for ParseLimits {
    fn default() -> Self {
        ParseLimits { bytes: 100 << 20, depth: 1000 }
    }
}

/// Gives the first document of the stream as `yaml.Unmarshal` into an `interface{}` does; null when there is none.
///
/// # Errors
/// With go-yaml's texts behind `error converting YAML to JSON: `; also what exceeds the default [`ParseLimits`].
pub fn parse(yaml: &[u8], numbers: Numbers) -> Result<Json, YamlError> {
    parse_limited(yaml, numbers, ParseLimits::default())
}

/// As [`parse`], but of the entries of the top table only the wanted ones have their values; the others are null.
///
/// # Errors
/// As [`parse`].
pub fn parse_entries(yaml: &[u8], numbers: Numbers, wanted: &dyn Fn(&str) -> bool) -> Result<Json, YamlError> {
    let limits = ParseLimits::default();
    with_data(yaml, Duplicates::Allowed, limits, |data| convert::json_entries(data, numbers, wanted))
        .map_err(YamlError::converting)
}

/// As [`parse`], with other limits.
///
/// # Errors
/// As [`parse`].
pub fn parse_limited(yaml: &[u8], numbers: Numbers, limits: ParseLimits) -> Result<Json, YamlError> {
    with_data(yaml, Duplicates::Allowed, limits, |data| convert::json(data, numbers)).map_err(YamlError::converting)
}

/// As [`parse`], but keys that are set twice are errors (`yaml.UnmarshalStrict`).
///
/// # Errors
/// As [`parse`], and [`YamlError::Duplicates`].
pub fn parse_strict(yaml: &[u8], numbers: Numbers) -> Result<Json, YamlError> {
    let limits = ParseLimits::default();
    with_data(yaml, Duplicates::Refused, limits, |data| convert::json(data, numbers)).map_err(YamlError::converting)
}

/// Gives the first document as a template value: what `fromYaml` works on.
///
/// # Errors
/// As [`parse`].
pub fn parse_value(yaml: &[u8]) -> Result<Value, YamlError> {
    let limits = ParseLimits::default();
    with_data(yaml, Duplicates::Allowed, limits, |data| convert::value(&data)).map_err(YamlError::converting)
}

/// Gives the first document as a `map[string]interface{}`; an empty or null document is an empty map.
///
/// # Errors
/// As [`parse`], and Go's words for a document that is not a mapping.
pub fn parse_map(yaml: &[u8]) -> Result<Map, YamlError> {
    match parse_value(yaml)? {
        Value::Map(map) => Ok(map),
        Value::Nil => Ok(Map::any()),
        other => Err(wrong_type(&other, types::MAP_ANY.name)),
    }
}

/// Gives the first document as a `[]interface{}`; an empty or null document is an empty list.
///
/// # Errors
/// As [`parse`], and Go's words for a document that is not a sequence.
pub fn parse_list(yaml: &[u8]) -> Result<List, YamlError> {
    match parse_value(yaml)? {
        Value::List(list) => Ok(list),
        Value::Nil => Ok(List::new(types::LIST_ANY, Vec::new())),
        other => Err(wrong_type(&other, types::LIST_ANY.name)),
    }
}

/// Gives the first document as a JSON object; an empty or null document is an empty object.
///
/// # Errors
/// As [`parse_map`].
pub fn parse_object(yaml: &[u8], numbers: Numbers) -> Result<serde_json::Map<String, Json>, YamlError> {
    match parse(yaml, numbers)? {
        Json::Object(object) => Ok(object),
        Json::Null => Ok(serde_json::Map::new()),
        other => Err(wrong_type(&Value::from_json(&other), types::MAP_ANY.name)),
    }
}

fn wrong_type(value: &Value, go_type: &'static str) -> YamlError {
    let found = match value {
        Value::Bool(_) => "bool",
        Value::String(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
        _ => "number",
    };
    YamlError::Type(JsonError::Type { value: found.to_owned(), go_type })
}

/// Gives `YAMLToJSON`: the first document as JSON text, keys sorted, integers exact.
///
/// # Errors
/// With go-yaml's texts.
pub fn to_json_text(yaml: &[u8]) -> Result<String, YamlError> {
    json_text(yaml, Duplicates::Allowed)
}

/// Gives `YAMLToJSONStrict`: as [`to_json_text`], but keys that are set twice are errors.
///
/// # Errors
/// With go-yaml's texts.
pub fn to_json_text_strict(yaml: &[u8]) -> Result<String, YamlError> {
    json_text(yaml, Duplicates::Refused)
}

fn json_text(yaml: &[u8], duplicates: Duplicates) -> Result<String, YamlError> {
    let bytes = with_data(yaml, duplicates, ParseLimits::default(), |data| {
        let mut out = Vec::with_capacity(yaml.len());
        convert::json_text(&data, &mut out)?;
        Ok(out)
    })?;
    // What was written is UTF-8 throughout.
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// Reads, decodes and hands the data on, its keys being strings.
pub(crate) fn with_data<T>(
    yaml: &[u8],
    duplicates: Duplicates,
    limits: ParseLimits,
    f: impl FnOnce(Data<'_>) -> Result<T, JsonError>,
) -> Result<T, YamlError> {
    if yaml.len() > limits.bytes {
        return Err(YamlError::Limit { what: "length", limit: limits.bytes });
    }
    let input = Input::new(yaml);
    let document: Document<'_> = compose(&input)?;
    let mut decoded = decode(&document, duplicates, limits.depth)?;
    if decoded.odd_keys {
        convert::string_keys(&mut decoded.data)?;
    }
    f(decoded.data).map_err(YamlError::Json)
}
