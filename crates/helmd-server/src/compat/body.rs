//! Request bodies as Go's `encoding/json` reads them into helm-wrapper's option structs.
//!
//! Any method and content type; an empty body means all defaults; keys match without case; unknown keys are ignored; bytes after
//! the first JSON value are ignored; a value of a wrong type is Go's error text.

pub(crate) use gotmpl::json::Node;
use gotmpl::json::Stream;

/// What a field of an option struct takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// Go `bool`.
    Bool,
    /// A bool that also takes `""`, `"true"` and `"false"`: the README's body shows a text there.
    LooseBool,
    /// A bool, or one of these words (an addition of helmd).
    BoolOr(&'static [&'static str]),
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
    /// A struct within it, and its fields: Go's errors name it before them.
    pub(crate) embedded: (&'static str, &'static [&'static str]),
}

impl Schema {
    /// What Go's errors have before the name of a field.
    fn inner(&self, name: &str) -> String {
        let (inner, names) = self.embedded;
        if names.contains(&name) { format!("{inner}.") } else { String::new() }
    }
}

/// A decoded body: the given fields, the last of equal ones.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(&'static str, Node)>);

fn to_json(node: &Node) -> serde_json::Value {
    use serde_json::Value as Json;
    match node {
        Node::Null => Json::Null,
        Node::Bool(b) => Json::Bool(*b),
        Node::Number(n) => n.parse().map_or(Json::Null, Json::Number),
        Node::Text(text) => Json::String(text.clone()),
        Node::List(items) => Json::Array(items.iter().map(to_json).collect()),
        Node::Object(entries) => Json::Object(entries.iter().map(|(k, v)| (k.clone(), to_json(v))).collect()),
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
            Some(Node::Number(n)) => n.parse().unwrap_or_default(),
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
        self.get(name).map(to_json)
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

impl Fields {
    /// With what the query says of fields that the body leaves out.
    ///
    /// # Errors
    /// Go's words for a text that is no bool or number.
    pub(crate) fn or_query(mut self, schema: &Schema, query: &super::Query) -> Result<Fields, String> {
        for (name, kind) in schema.fields {
            let Some(text) = query.first(name).filter(|text| !text.is_empty() && self.get(name).is_none()) else {
                continue;
            };
            let node = match kind {
                FieldKind::Bool => {
                    Node::Bool(gotmpl::strconv::parse_bool(text).map_err(|e| format!("query {name}: {e}"))?)
                }
                FieldKind::Int => {
                    let number = super::go_atoi(text).map_err(|e| format!("query {name}: {e}"))?;
                    Node::Number(number.to_string())
                }
                _ => Node::Text(text.to_owned()),
            };
            self.0.push((name, node));
        }
        Ok(self)
    }
}

/// How deep the values of a body may lie in each other. Go allows 10,000; here each level takes some of a thread's stack.
const MAX_DEPTH: usize = 500;

/// How deep the brackets of a text lie in each other, those of texts in it left out.
fn depth(body: &[u8]) -> usize {
    let (mut now, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => now += 1,
            b'}' | b']' if !quoted => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

/// Reads a body.
///
/// # Errors
/// Go's decoder text.
pub(crate) fn read(schema: &Schema, body: &[u8]) -> Result<Fields, String> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Fields::default());
    }
    if depth(body) > MAX_DEPTH {
        return Err("exceeded max depth".to_owned());
    }
    let Some(node) = Stream::new(body).next_value() else { return Ok(Fields::default()) };
    match node.map_err(|e| e.to_string())? {
        Node::Object(entries) => fields(schema, entries),
        Node::Null => Ok(Fields::default()),
        other => {
            Err(format!("json: cannot unmarshal {} into Go value of type main.{}", go_kind(&other, false), schema.name))
        }
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
                let inner = schema.inner(name);
                let field = format!("{}.{inner}{name}", schema.name);
                let text = format!("json: cannot unmarshal {got} into Go struct field {field} of type {want}");
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
        (FieldKind::Bool | FieldKind::BoolOr(_) | FieldKind::LooseBool, Node::Bool(_))
        | (FieldKind::Text, Node::Text(_))
        | (FieldKind::Object, Node::Object(_)) => None,
        (FieldKind::BoolOr(words), Node::Text(t)) if words.contains(&t.as_str()) => None,
        (FieldKind::LooseBool, Node::Text(t)) if matches!(t.as_str(), "" | "true" | "false") => None,
        (FieldKind::Int | FieldKind::Nanoseconds, Node::Number(n)) if n.parse::<i64>().is_ok() => None,
        (FieldKind::Nanoseconds, Node::Text(_)) => None,
        (FieldKind::Texts, Node::List(items)) => {
            items.iter().find(|n| !matches!(n, Node::Text(_) | Node::Null)).map(|n| (go_kind(n, false), "string"))
        }
        (FieldKind::Bool | FieldKind::BoolOr(_) | FieldKind::LooseBool, _) => wrong("bool"),
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
            ("version", FieldKind::Text),
        ],
        embedded: ("ChartPathOptions", &["version", "insecure_skip_verify"]),
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
    fn what_stands_there_is_read_as_gos_decoder_does() {
        let error = |b: &str| read(&SCHEMA, b.as_bytes()).map(drop).unwrap_err();
        let field = |b: &str| error(b).replace("json: cannot unmarshal ", "").replace("into Go struct field ", "");
        assert_eq!(field(r#"{"history_max": 1e3}"#), "number 1e3 releaseOptions.history_max of type int");
        let huge = field(r#"{"history_max": 99999999999999999999}"#);
        assert_eq!(huge, "number 99999999999999999999 releaseOptions.history_max of type int");
        assert_eq!(field(r#"{"version": 1}"#), "number releaseOptions.ChartPathOptions.version of type string");
        assert_eq!((error("nul"), error("{")), ("unexpected EOF".to_owned(), "unexpected EOF".to_owned()));
        assert!(read(&SCHEMA, b"nulll").is_ok());
        assert_eq!(error(&"[".repeat(501)), "exceeded max depth");
        assert!(
            read(&SCHEMA, format!(r#"{{"x":"{}\"{{","wait":true}}"#, "[".repeat(900)).as_bytes()).unwrap().bool("wait")
        );
        assert_eq!(read(&SCHEMA, br#"{"version":"\ud800\u00e4"}"#).unwrap().text("version"), "\u{fffd}\u{e4}");
    }

    #[test]
    fn the_readmes_bodies_are_taken() {
        let f = read(&SCHEMA, br#"{"insecure_skip_verify": "", "timeout": "5m0s"}"#).unwrap();
        assert!(!f.bool("insecure_skip_verify"));
        assert_eq!(f.node("timeout"), Some(&Node::Text("5m0s".to_owned())));
    }
}
