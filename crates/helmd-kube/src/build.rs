//! Manifest text → objects, each with the resource that serves it.

use std::sync::Arc;

use helmd_yaml::Numbers;
use serde_json::Value as Json;

use crate::cluster::Cluster;
use crate::error::{KubeError, NoKindMatch};
use crate::resource::Resource;

/// How deep lists of lists are taken apart.
const MOST_LISTS: usize = 16;

impl Cluster {
    /// The objects of a manifest, in its order. One element is one object: lists are taken apart.
    /// Objects without namespace get the handle's, where their kind lives in namespaces.
    ///
    /// `validate` demands `apiVersion` and `kind` in Helm's words for a checked manifest; fields are
    /// checked by the server when the object is sent.
    ///
    /// # Errors
    /// Text that is not YAML, objects without kind, kinds that the cluster does not serve.
    pub async fn build(&self, manifest: &str, validate: bool) -> Result<Vec<Resource>, KubeError> {
        let mut resources = Vec::new();
        let mut errors = Vec::new();
        for document in documents(manifest)? {
            let object = match helmd_yaml::parse(document.as_bytes(), Numbers::Json) {
                Ok(Json::Null) => continue,
                Ok(object) => object,
                Err(err) => {
                    errors.push(KubeError::Manifest(format!("error parsing : {}", crate::helm_text(&err))));
                    break;
                }
            };
            if validate {
                check(&object)?;
            }
            if let Err(err) = self.add(object, &mut resources).await {
                match err {
                    // A failure that every further object would share ends the reading.
                    KubeError::Transport { .. } | KubeError::Api(_) => return Err(err),
                    err => errors.push(err),
                }
            }
        }
        if errors.is_empty() { Ok(resources) } else { Err(KubeError::Several(errors)) }
    }

    async fn add(&self, object: Json, resources: &mut Vec<Resource>) -> Result<(), KubeError> {
        let mut waiting = vec![(object, 0)];
        while let Some((object, depth)) = waiting.pop() {
            if depth < MOST_LISTS && is_list(&object) {
                if let Json::Object(mut list) = object
                    && let Some(Json::Array(items)) = list.remove("items")
                {
                    waiting.extend(items.into_iter().rev().map(|item| (item, depth + 1)));
                }
                continue;
            }
            resources.push(self.resource(object).await?);
        }
        Ok(())
    }

    /// The object with the resource that serves it.
    ///
    /// # Errors
    /// An object without kind, or of a kind that the cluster does not serve.
    pub async fn resource(&self, object: Json) -> Result<Resource, KubeError> {
        let text = |key: &str| object.get(key).and_then(Json::as_str).unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        if kind.is_empty() {
            return Err(KubeError::Manifest(format!("unable to decode \"\": Object 'Kind' is missing in '{object}'")));
        }
        if let Some(fault) = metadata_fault(&object) {
            return Err(KubeError::Manifest(format!("unable to decode \"\": {fault}")));
        }
        let mapping = self.mapping(api_version, kind).await.map_err(|err| match err {
            KubeError::Mapping { cause: NoKindMatch { kind, version }, .. } => {
                let meta = |key: &str| {
                    object.get("metadata").and_then(|meta| meta.get(key)).and_then(Json::as_str).unwrap_or_default()
                };
                KubeError::Mapping {
                    name: meta("name").to_owned(),
                    namespace: meta("namespace").to_owned(),
                    cause: NoKindMatch { kind, version },
                }
            }
            other => other,
        })?;
        Ok(self.placed(Resource::new(mapping, object)))
    }

    /// Gives the object the handle's namespace if it needs one, and takes it away if it has none to have.
    fn placed(&self, mut resource: Resource) -> Resource {
        let mapping = Arc::clone(&resource.mapping);
        if let Json::Object(object) = &mut resource.object {
            let meta = object.entry("metadata").or_insert_with(|| Json::Object(serde_json::Map::new()));
            if let Json::Object(meta) = meta
                && mapping.namespaced
                && resource.namespace.is_empty()
            {
                meta.insert("namespace".to_owned(), Json::String(self.namespace().to_owned()));
                self.namespace().clone_into(&mut resource.namespace);
            }
        }
        resource
    }
}

/// What Go says of metadata that does not fit its type; keys come in sorted order.
fn metadata_fault(object: &Json) -> Option<String> {
    let fault = |value: &Json, field: &str, wanted: &str| {
        let found = match value {
            Json::Null => return None,
            Json::Bool(_) => "bool",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        };
        Some(format!("json: cannot unmarshal {found} into Go struct field {field} of type {wanted}"))
    };
    let Json::Object(meta) = object.get("metadata")? else {
        return fault(object.get("metadata")?, "PartialObjectMetadata.metadata", "v1.ObjectMeta");
    };
    for (key, value) in meta {
        let field = format!("ObjectMeta.metadata.{key}");
        let found = match (key.as_str(), value) {
            ("annotations" | "labels", Json::Object(map)) => {
                map.values().find(|value| !value.is_string()).and_then(|value| fault(value, &field, "string"))
            }
            ("annotations" | "labels", other) => fault(other, &field, "map[string]string"),
            ("name" | "namespace" | "generateName" | "resourceVersion" | "selfLink", Json::String(_)) => None,
            ("name" | "namespace" | "generateName" | "resourceVersion" | "selfLink", other) => {
                fault(other, &field, "string")
            }
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

fn is_list(object: &Json) -> bool {
    let kind = object.get("kind").and_then(Json::as_str).unwrap_or_default();
    kind.ends_with("List") && object.get("items").is_some_and(Json::is_array)
}

fn check(object: &Json) -> Result<(), KubeError> {
    let missing = |key: &str| object.get(key).and_then(Json::as_str).unwrap_or_default().is_empty();
    let text = match (missing("apiVersion"), missing("kind")) {
        (false, false) => return Ok(()),
        (true, false) => "apiVersion not set",
        (false, true) => "kind not set",
        (true, true) => "[apiVersion not set, kind not set]",
    };
    Err(KubeError::Manifest(format!("error validating \"\": error validating data: {text}")))
}

/// The documents of a YAML stream. The line of the separator belongs to what follows it.
fn documents(manifest: &str) -> Result<Vec<String>, KubeError> {
    let mut documents = Vec::new();
    let mut current = String::new();
    for line in manifest.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix("---") {
            let rest = rest.trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                return Err(KubeError::Manifest(format!("error parsing : invalid Yaml document separator: {rest}")));
            }
            if !current.is_empty() {
                documents.push(std::mem::take(&mut current));
                continue;
            }
        }
        current.push_str(line);
    }
    if !current.is_empty() {
        documents.push(current);
    }
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_split_at_separator_lines_only() {
        let docs = documents("---\na: 1\n--- # note\nb: '\n  ---'\n---\n").unwrap();
        assert_eq!(docs, ["---\na: 1\n", "b: '\n  ---'\n"]);
        assert!(documents("---x\n").is_err());
    }

    #[test]
    fn labels_must_be_texts() {
        let object = serde_json::json!({"metadata": {"labels": {"a": "b", "c": true}}});
        assert_eq!(
            metadata_fault(&object).unwrap(),
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string"
        );
    }

    #[test]
    fn unset_fields_are_named() {
        let err = check(&serde_json::json!({"kind": "A"})).unwrap_err();
        assert_eq!(err.to_string(), "error validating \"\": error validating data: apiVersion not set");
    }
}
