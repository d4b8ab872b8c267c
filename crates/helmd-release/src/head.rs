//! The head of a manifest: what Helm itself reads of it.

use gotmpl::json::type_word;
use helmd_chart::HelmMajor;
use helmd_yaml::{Numbers, YamlError};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// `apiVersion`, `kind` and `metadata` of a manifest; empty where it has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// `apiVersion`
    pub api_version: String,
    /// `kind`
    pub kind: String,
    /// `metadata`, when the manifest has it.
    pub metadata: Option<HeadMetadata>,
}

/// `metadata` of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadMetadata {
    /// `metadata.name`
    pub name: String,
    /// `metadata.annotations`
    pub annotations: BTreeMap<String, String>,
}

/// Why a manifest's head could not be read, in Helm's words.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// It is no YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// It has another form than a resource.
    #[error("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go {place}")]
    Form {
        /// The JSON type found.
        found: &'static str,
        /// Where, with the Go type wanted.
        place: String,
    },
}

/// HELM: the type that Go's decoder names.
const METADATA_TYPE: &str =
    r#"struct { Name string "json:\"name\""; Annotations map[string]string "json:\"annotations\"" }"#;

impl Head {
    /// The head of the first YAML document in the text. Numbers and booleans become text where text is wanted.
    ///
    /// # Errors
    /// The text is no YAML, or not a map with fields of the right types. A document without content is not an error.
    pub fn parse(document: &[u8], helm: HelmMajor) -> Result<Head, HeadError> {
        let mut head = Head::default();
        let mut wrong = None;
        let wanted = |key: &str| ["apiVersion", "kind", "metadata"].iter().any(|field| is_field(key, field));
        match helmd_yaml::parse_entries(document, Numbers::Json, &wanted)? {
            Json::Null => {}
            Json::Object(entries) => head.read(&entries, &mut wrong),
            other => {
                let package = if helm == HelmMajor::Helm3 { "releaseutil" } else { "util" };
                note(&mut wrong, &other, format!("value of type {package}.SimpleHead"));
            }
        }
        wrong.map_or(Ok(head), Err)
    }

    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata.as_ref()?.annotations.get(key).map(String::as_str)
    }

    /// `metadata.name`, empty without metadata.
    pub fn name(&self) -> &str {
        self.metadata.as_ref().map_or("", |m| &m.name)
    }

    /// The first wrong field is the error; the other fields are still read.
    fn read(&mut self, entries: &Map<String, Json>, wrong: &mut Option<HeadError>) {
        for (key, value) in entries {
            if is_field(key, "apiVersion") {
                text(value, &mut self.api_version, "SimpleHead.apiVersion", wrong);
            } else if is_field(key, "kind") {
                text(value, &mut self.kind, "SimpleHead.kind", wrong);
            } else if is_field(key, "metadata") {
                match value {
                    Json::Null => self.metadata = None,
                    Json::Object(entries) => self.metadata.get_or_insert_default().read(entries, wrong),
                    other => note(wrong, other, format!("struct field SimpleHead.metadata of type {METADATA_TYPE}")),
                }
            }
        }
    }
}

impl HeadMetadata {
    fn read(&mut self, entries: &Map<String, Json>, wrong: &mut Option<HeadError>) {
        for (key, value) in entries {
            if is_field(key, "name") {
                text(value, &mut self.name, ".metadata.name", wrong);
            } else if is_field(key, "annotations") {
                match value {
                    Json::Null => self.annotations.clear(),
                    Json::Object(entries) => {
                        for (key, value) in entries {
                            let mut annotation = String::new();
                            text(value, &mut annotation, ".metadata.annotations", wrong);
                            self.annotations.insert(key.clone(), annotation);
                        }
                    }
                    other => {
                        note(wrong, other, "struct field .metadata.annotations of type map[string]string".to_owned())
                    }
                }
            }
        }
    }
}

/// HELM: Go's decoder does not mind the case of letters.
fn is_field(key: &str, field: &str) -> bool {
    key.eq_ignore_ascii_case(field)
}

fn text(value: &Json, into: &mut String, field: &str, wrong: &mut Option<HeadError>) {
    match value {
        Json::Null => {}
        Json::String(text) => into.clone_from(text),
        Json::Bool(flag) => *into = flag.to_string(),
        Json::Number(number) => *into = helmd_yaml::number_text(number),
        other => note(wrong, other, format!("struct field {field} of type string")),
    }
}

fn note(wrong: &mut Option<HeadError>, value: &Json, place: String) {
    wrong.get_or_insert_with(|| HeadError::Form { found: type_word(value), place });
}
