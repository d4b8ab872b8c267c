//! The ways to read YAML.

use crate::compose::{Document, compose};
use crate::convert;
use crate::decode::{Data, Duplicates, decode};
use crate::error::YamlError;
use crate::reader::Input;
use gotmpl::exec::Exceeded;
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
    /// As the YAML has them: integers apart from floats, whole floats too. For numbers that become text.
    Yaml,
}

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseLimits {
    /// Longest text, in bytes; also of all its scalars together when aliases are followed.
    pub bytes: usize,
    /// Deepest nesting, aliases followed, at most [`ParseLimits::MAX_DEPTH`]; every level costs stack in whoever walks
    /// the value.
    pub depth: usize,
    /// Scalars, sequences and mappings, aliases followed. go-yaml's own guard against documents that are mostly aliases
    /// holds as well.
    pub nodes: u64,
}

impl ParseLimits {
    /// The depth that any thread's stack bears. HELM: go-yaml reads 10000 levels.
    pub const MAX_DEPTH: usize = 1000;
}

impl Default for ParseLimits {
    fn default() -> Self {
        ParseLimits { bytes: 100 << 20, depth: ParseLimits::MAX_DEPTH, nodes: 10_000_000 }
    }
}

/// Names of these budgets.
pub mod budgets {
    /// [`ParseLimits::bytes`](super::ParseLimits::bytes)
    pub const BYTES: &str = "yaml-bytes";
    /// [`ParseLimits::depth`](super::ParseLimits::depth)
    pub const DEPTH: &str = "yaml-depth";
    /// [`ParseLimits::nodes`](super::ParseLimits::nodes)
    pub const NODES: &str = "yaml-nodes";
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
    parse_strict_limited(yaml, numbers, ParseLimits::default())
}

/// As [`parse_strict`], with other limits.
///
/// # Errors
/// As [`parse_strict`].
pub fn parse_strict_limited(yaml: &[u8], numbers: Numbers, limits: ParseLimits) -> Result<Json, YamlError> {
    with_data(yaml, Duplicates::Refused, limits, |data| convert::json(data, numbers)).map_err(YamlError::converting)
}

/// Gives the first document as a template value: what `fromYaml` works on.
///
/// # Errors
/// As [`parse`].
pub fn parse_value(yaml: &[u8]) -> Result<Value, YamlError> {
    parse_value_limited(yaml, ParseLimits::default())
}

fn parse_value_limited(yaml: &[u8], limits: ParseLimits) -> Result<Value, YamlError> {
    with_data(yaml, Duplicates::Allowed, limits, |data| convert::value(&data)).map_err(YamlError::converting)
}

/// Gives the first document as a `map[string]interface{}`; an empty or null document is an empty map.
///
/// # Errors
/// As [`parse`], and Go's words for a document that is not a mapping.
pub fn parse_map(yaml: &[u8]) -> Result<Map, YamlError> {
    parse_map_limited(yaml, ParseLimits::default())
}

/// As [`parse_map`], with other limits.
///
/// # Errors
/// As [`parse_map`].
pub fn parse_map_limited(yaml: &[u8], limits: ParseLimits) -> Result<Map, YamlError> {
    match parse_value_limited(yaml, limits)? {
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
    parse_list_limited(yaml, ParseLimits::default())
}

/// As [`parse_list`], with other limits.
///
/// # Errors
/// As [`parse_list`].
pub fn parse_list_limited(yaml: &[u8], limits: ParseLimits) -> Result<List, YamlError> {
    match parse_value_limited(yaml, limits)? {
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

pub(crate) fn too_long(limits: ParseLimits) -> YamlError {
    Exceeded::new(budgets::BYTES, limits.bytes, "bytes of YAML, aliases followed").into()
}

/// Reads, decodes and hands the data on, its keys being strings.
pub(crate) fn with_data<T>(
    yaml: &[u8],
    duplicates: Duplicates,
    limits: ParseLimits,
    f: impl FnOnce(Data<'_>) -> Result<T, JsonError>,
) -> Result<T, YamlError> {
    if yaml.len() > limits.bytes {
        return Err(too_long(limits));
    }
    let input = Input::new(yaml);
    let document: Document<'_> = compose(&input)?;
    let mut decoded = decode(&document, duplicates, limits)?;
    if decoded.odd_keys {
        convert::string_keys(&mut decoded.data)?;
    }
    f(decoded.data).map_err(YamlError::Json)
}
