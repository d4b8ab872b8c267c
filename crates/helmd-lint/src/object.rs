//! What the rules read of an object, with the errors of Go's JSON decoder.

use gotmpl::json::Node;
use helmd_chart::HelmMajor;
use serde_json::Value as Json;
use std::borrow::Cow;

/// The head of a Kubernetes object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// A JSON value of either kind: from YAML, where numbers and booleans may become text, or from JSON itself.
pub(crate) trait Tree: Sized {
    /// Go's word for its type.
    fn type_word(&self) -> &'static str;
    /// The entries of an object.
    fn entries(&self) -> Option<Vec<(&str, &Self)>>;
    /// The elements of a list.
    fn items(&self) -> Option<&[Self]>;
    /// The text it is, or becomes.
    fn text(&self) -> Option<Cow<'_, str>>;
}

impl Tree for Json {
    fn type_word(&self) -> &'static str {
        gotmpl::json::type_word(self)
    }
    fn entries(&self) -> Option<Vec<(&str, &Json)>> {
        self.as_object().map(|entries| entries.iter().map(|(k, v)| (k.as_str(), v)).collect())
    }
    fn items(&self) -> Option<&[Json]> {
        self.as_array().map(Vec::as_slice)
    }
    fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Json::String(text) => Some(Cow::Borrowed(text)),
            Json::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
            Json::Number(number) => Some(Cow::Owned(helmd_yaml::number_text(number))),
            _ => None,
        }
    }
}

impl Tree for Node {
    fn type_word(&self) -> &'static str {
        match self {
            Node::Null => "null",
            Node::Bool(_) => "bool",
            Node::Number(_) => "number",
            Node::Text(_) => "string",
            Node::List(_) => "array",
            Node::Object(_) => "object",
        }
    }
    fn entries(&self) -> Option<Vec<(&str, &Node)>> {
        match self {
            Node::Object(entries) => Some(entries.iter().map(|(k, v)| (k.as_str(), v)).collect()),
            _ => None,
        }
    }
    fn items(&self) -> Option<&[Node]> {
        match self {
            Node::List(items) => Some(items),
            _ => None,
        }
    }
    fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Node::Text(text) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }
}

/// Go's decoder: remembers the first fault and goes on.
struct Decoder(Option<String>);

impl Decoder {
    fn wrong(&mut self, value: &impl Tree, field: &str, wanted: &str) {
        let found = value.type_word();
        self.0.get_or_insert_with(|| {
            let place = if field.is_empty() { "value".to_owned() } else { format!("struct field {field}") };
            format!("json: cannot unmarshal {found} into Go {place} of type {wanted}")
        });
    }

    /// Calls `read` with each entry of an object; null is nothing, else `wanted` is what it should be.
    fn each<'t, T: Tree>(
        &mut self,
        value: &'t T,
        (field, wanted): (&str, &str),
        mut read: impl FnMut(&mut Decoder, &str, &'t T),
    ) {
        match value.entries() {
            Some(entries) => entries.into_iter().for_each(|(key, value)| read(self, key, value)),
            None if value.type_word() == "null" => {}
            None => self.wrong(value, field, wanted),
        }
    }

    fn text(&mut self, value: &impl Tree, field: &str, into: &mut String) {
        match value.text() {
            Some(text) => *into = text.into_owned(),
            None if value.type_word() == "null" => {}
            None => self.wrong(value, field, "string"),
        }
    }
}

/// Reads the head of an object; `None` for null.
///
/// # Errors
/// A field has the wrong type, in Go's words.
pub(crate) fn object(value: &impl Tree, helm: HelmMajor) -> Result<Option<Object>, String> {
    if value.type_word() == "null" {
        return Ok(None);
    }
    let name = match helm {
        HelmMajor::Helm3 => "K8sYamlStruct",
        HelmMajor::Helm4 => "k8sYamlStruct",
    };
    let mut object = Object::default();
    let mut namespace = String::new();
    let mut decoder = Decoder(None);
    decoder.each(value, ("", &format!("rules.{name}")), |decoder, key, value| {
        let field = |field: &str| format!("{name}.{field}");
        if folds_to(key, "apiversion") {
            decoder.text(value, &field("apiVersion"), &mut object.api_version);
        } else if folds_to(key, "kind") {
            decoder.text(value, &field("Kind"), &mut object.kind);
        } else if folds_to(key, "metadata") {
            decoder.each(value, (&field("Metadata"), "rules.k8sYamlMetadata"), |decoder, key, value| {
                if folds_to(key, "namespace") {
                    decoder.text(value, "k8sYamlMetadata.Metadata.Namespace", &mut namespace);
                } else if folds_to(key, "name") {
                    decoder.text(value, "k8sYamlMetadata.Metadata.Name", &mut object.name);
                }
            });
        }
    });
    decoder.0.map_or(Ok(Some(object)), Err)
}

/// Whether an element of a list object has this annotation.
///
/// # Errors
/// A field has the wrong type, in Go's words.
pub(crate) fn items_have_annotation(list: &Json, annotation: &str) -> Result<bool, String> {
    const ITEM: &str = "struct { Metadata struct { Annotations map[string]string } }";
    let mut found = false;
    let mut decoder = Decoder(None);
    let top = format!("struct {{ Items []{ITEM} }}");
    decoder.each(list, ("", &top), |decoder, key, items| {
        if !folds_to(key, "items") || items.is_null() {
            return;
        }
        let Some(items) = items.items() else { return decoder.wrong(items, ".Items", &format!("[]{ITEM}")) };
        for item in items {
            decoder.each(item, (".Items", ITEM), |decoder, key, metadata| {
                if !folds_to(key, "metadata") {
                    return;
                }
                let wanted = "struct { Annotations map[string]string }";
                decoder.each(metadata, (".Items.Metadata", wanted), |decoder, key, annotations| {
                    if !folds_to(key, "annotations") {
                        return;
                    }
                    let field = ".Items.Metadata.Annotations";
                    decoder.each(annotations, (field, "map[string]string"), |decoder, key, value| {
                        decoder.text(value, field, &mut String::new());
                        found |= key == annotation;
                    });
                });
            });
        }
    });
    decoder.0.map_or(Ok(found), Err)
}

/// Whether a key is this field but for the case of letters, as Go folds it: the long s and the Kelvin sign are letters, too.
fn folds_to(key: &str, field: &str) -> bool {
    let fold = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    key.chars().map(fold).eq(field.chars())
}
