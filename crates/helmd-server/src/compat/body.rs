//! Request bodies as Go's `encoding/json` reads them into helm-wrapper's option structs.
//!
//! Any method and content type; an empty body means all defaults; keys match without case; unknown keys are ignored; bytes after
//! the first JSON value are ignored; a value of a wrong type is Go's error text.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// What a field of an option struct takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// Go `bool`.
    Bool,
    /// A bool that also takes `""`, `"true"` and `"false"`: the README's body shows a text there.
    LooseBool,
    /// Go `int`.
    Int,
    /// Go `string`.
    Text,
    /// Go `[]string`.
    Texts,
    /// `time.Duration`: nanoseconds as in the Go program, or a duration text as its README promises.
    Nanoseconds,
    /// Any JSON object (an addition of helmd).
    Object,
}

/// An option struct: its Go name, for error texts, and its fields.
pub(crate) struct Schema {
    /// Go's type name without package.
    pub(crate) name: &'static str,
    /// Field names as in JSON.
    pub(crate) fields: &'static [(&'static str, FieldKind)],
}

/// A decoded body: the given fields, the last of equal ones.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(&'static str, Node)>);

/// A JSON value with its members in the order of the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Node::Null => Json::Null,
            Node::Bool(b) => Json::Bool(*b),
            Node::Number(n) => Json::Number(n.clone()),
            Node::Text(text) => Json::String(text.clone()),
            Node::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Node::Object(entries) => Json::Object(entries.iter().map(|(k, v)| (k.clone(), v.to_json())).collect()),
        }
    }
}

impl Fields {
    fn get(&self, name: &str) -> Option<&Node> {
        self.0.iter().rev().find(|(n, _)| *n == name).map(|(_, v)| v)
    }
    /// A bool field, false when not given.
    pub(crate) fn bool(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Node::Bool(b)) => *b,
            Some(Node::Text(t)) => t == "true",
            _ => false,
        }
    }
    /// An int field, 0 when not given.
    pub(crate) fn int(&self, name: &str) -> i64 {
        match self.get(name) {
            Some(Node::Number(n)) => n.as_i64().unwrap_or_default(),
            _ => 0,
        }
    }
    /// A text field, empty when not given.
    pub(crate) fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Node::Text(t)) => t,
            _ => "",
        }
    }
    /// A list of texts, empty when not given.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Node::List(items)) => {
                items.iter().map(|n| if let Node::Text(t) = n { t.clone() } else { String::new() }).collect()
            }
            _ => Vec::new(),
        }
    }
    /// A text or number field as it was given.
    pub(crate) fn node(&self, name: &str) -> Option<&Node> {
        self.get(name)
    }
    /// A field of any form.
    pub(crate) fn json(&self, name: &str) -> Option<serde_json::Value> {
        self.get(name).map(Node::to_json)
    }
    /// An object field with text values.
    pub(crate) fn text_map(&self, name: &str) -> Vec<(String, String)> {
        match self.get(name) {
            Some(Node::Object(entries)) => entries
                .iter()
                .filter_map(|(k, v)| if let Node::Text(t) = v { Some((k.clone(), t.clone())) } else { None })
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// Reads a body.
///
/// # Errors
/// Go's decoder text.
pub(crate) fn read(schema: &Schema, body: &[u8]) -> Result<Fields, String> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Fields::default());
    }
    let node = match serde_json::Deserializer::from_slice(body).into_iter::<Node>().next() {
        Some(Ok(node)) => node,
        Some(Err(e)) => return Err(syntax_error(body, &e)),
        None => return Ok(Fields::default()),
    };
    match node {
        Node::Object(entries) => fields(schema, entries),
        Node::Null => Ok(Fields::default()),
        other => {
            Err(format!("json: cannot unmarshal {} into Go value of type main.{}", go_kind(&other, false), schema.name))
        }
    }
}

/// Go's words for text that is no JSON.
fn syntax_error(body: &[u8], error: &serde_json::Error) -> String {
    match gotmpl::json::parse(body) {
        Err(e) => match e.to_string() {
            // HELM: the wrapper decodes a stream, which ends with another word than a text does.
            text if text == "unexpected end of JSON input" => "unexpected EOF".to_owned(),
            text => text,
        },
        Ok(_) => error.to_string(),
    }
}

fn fields(schema: &Schema, entries: Vec<(String, Node)>) -> Result<Fields, String> {
    let mut given = Vec::new();
    let mut first_error = None;
    for (key, node) in entries {
        let exact = schema.fields.iter().find(|(name, _)| *name == key);
        let Some((name, kind)) = exact.or_else(|| schema.fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(&key)))
        else {
            continue;
        };
        if node == Node::Null {
            continue;
        }
        match mismatch(*kind, &node) {
            None => given.push((*name, node)),
            Some((got, want)) => {
                let text =
                    format!("json: cannot unmarshal {got} into Go struct field {}.{name} of type {want}", schema.name);
                first_error.get_or_insert(text);
            }
        }
    }
    first_error.map_or(Ok(Fields(given)), Err)
}

/// What Go says of a value that does not fit: what it is, and the Go type.
fn mismatch(kind: FieldKind, node: &Node) -> Option<(String, &'static str)> {
    let wrong = |want| Some((go_kind(node, want == "int" || want == "time.Duration"), want));
    match (kind, node) {
        (FieldKind::Bool | FieldKind::LooseBool, Node::Bool(_))
        | (FieldKind::Text, Node::Text(_))
        | (FieldKind::Object, Node::Object(_)) => None,
        (FieldKind::LooseBool, Node::Text(t)) if matches!(t.as_str(), "" | "true" | "false") => None,
        (FieldKind::Int | FieldKind::Nanoseconds, Node::Number(n)) if n.is_i64() => None,
        (FieldKind::Nanoseconds, Node::Text(_)) => None,
        (FieldKind::Texts, Node::List(items)) => {
            items.iter().find(|n| !matches!(n, Node::Text(_) | Node::Null)).map(|n| (go_kind(n, false), "string"))
        }
        (FieldKind::Bool | FieldKind::LooseBool, _) => wrong("bool"),
        (FieldKind::Int, _) => wrong("int"),
        (FieldKind::Text, _) => wrong("string"),
        (FieldKind::Texts, _) => wrong("[]string"),
        (FieldKind::Nanoseconds, _) => wrong("time.Duration"),
        (FieldKind::Object, _) => wrong("map[string]string"),
    }
}

/// Go's word for a JSON value; a number that does not fit an integer type is shown.
fn go_kind(node: &Node, integer: bool) -> String {
    match node {
        Node::Null => "null".to_owned(),
        Node::Bool(_) => "bool".to_owned(),
        Node::Number(n) if integer => format!("number {n}"),
        Node::Number(_) => "number".to_owned(),
        Node::Text(_) => "string".to_owned(),
        Node::List(_) => "array".to_owned(),
        Node::Object(_) => "object".to_owned(),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        struct NodeVisitor;
        impl<'de> Visitor<'de> for NodeVisitor {
            type Value = Node;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Null)
            }
            fn visit_bool<E>(self, v: bool) -> Result<Node, E> {
                Ok(Node::Bool(v))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Node, E> {
                Ok(Node::Number(v.into()))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Node, E> {
                Ok(Node::Number(v.into()))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Node, E> {
                Ok(serde_json::Number::from_f64(v).map_or(Node::Null, Node::Number))
            }
            fn visit_str<E>(self, v: &str) -> Result<Node, E> {
                Ok(Node::Text(v.to_owned()))
            }
            fn visit_string<E>(self, v: String) -> Result<Node, E> {
                Ok(Node::Text(v))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Node::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Node::Object(entries))
            }
        }
        deserializer.deserialize_any(NodeVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: Schema = Schema {
        name: "releaseOptions",
        fields: &[
            ("wait", FieldKind::Bool),
            ("set", FieldKind::Texts),
            ("history_max", FieldKind::Int),
            ("insecure_skip_verify", FieldKind::LooseBool),
            ("timeout", FieldKind::Nanoseconds),
        ],
    };

    #[test]
    fn keys_match_without_case_and_the_rest_is_ignored() {
        let f = read(&SCHEMA, br#"{"WAIT": true, "zzz": 1, "set": ["a=1", "b"]} trailing"#).unwrap();
        assert!(f.bool("wait"));
        assert_eq!(f.texts("set"), ["a=1", "b"]);
        assert!(read(&SCHEMA, b"  ").unwrap().0.is_empty());
        assert!(read(&SCHEMA, b"null").unwrap().0.is_empty());
    }

    #[test]
    fn wrong_types_are_gos_words() {
        let error = |b: &str| read(&SCHEMA, b.as_bytes()).unwrap_err();
        assert_eq!(
            error(r#"{"wait": "yes"}"#),
            "json: cannot unmarshal string into Go struct field releaseOptions.wait of type bool"
        );
        assert_eq!(error("[]"), "json: cannot unmarshal array into Go value of type main.releaseOptions");
        assert_eq!(
            error(r#"{"history_max": 1.5}"#),
            "json: cannot unmarshal number 1.5 into Go struct field releaseOptions.history_max of type int"
        );
    }

    #[test]
    fn the_readmes_bodies_are_taken() {
        let f = read(&SCHEMA, br#"{"insecure_skip_verify": "", "timeout": "5m0s"}"#).unwrap();
        assert!(!f.bool("insecure_skip_verify"));
        assert_eq!(f.node("timeout"), Some(&Node::Text("5m0s".to_owned())));
    }
}
