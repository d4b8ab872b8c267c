//! Changes of rendered objects by whoever installs the chart, as data: patches, images, labels and annotations, in kustomize's forms.
//!
//! No program is run. An object that no rule concerns stays as it is, to the byte.

mod image;
mod target;

use crate::{json_patch, merge, strategic};
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

pub use image::Image;
pub use target::Target;

/// Which documents the changes are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Objects and hooks.
    #[default]
    Combined,
    /// The same: helmd changes each document by itself.
    Separate,
    /// Objects only.
    NoHooks,
}

/// Changes of rendered objects. In order: patches, images, labels, annotations.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PostRender {
    /// Patches, one after the other.
    pub patches: Vec<Patch>,
    /// Other images in place of these.
    pub images: Vec<Image>,
    /// Labels on all objects; they come in place of labels of the same name.
    pub labels: BTreeMap<String, String>,
    /// Annotations on all objects.
    pub annotations: BTreeMap<String, String>,
    /// Which documents.
    pub strategy: Strategy,
}

/// A patch, and which objects it is for.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Patch {
    /// Which objects; without it a merge patch names its own object by `kind` and `metadata.name`.
    pub target: Option<Target>,
    /// A list is a JSON patch (RFC 6902), an object a strategic merge patch (for kinds that Kubernetes does not know a JSON merge
    /// patch). `$patch: delete` takes the object away.
    pub patch: Json,
}

/// Why an object cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum PostRenderError {
    /// A rule is none.
    #[error("post-render: {0}")]
    Rule(String),
    /// A patch does not fit an object.
    #[error("post-render: patch {number} of {kind} {name:?}: {reason}")]
    Patch {
        /// Which patch, from 1.
        number: usize,
        /// Kind of the object.
        kind: String,
        /// Name of the object.
        name: String,
        /// Why.
        reason: String,
    },
}

/// What becomes of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Rendered {
    /// It stays as it is.
    Same,
    /// It becomes this.
    Changed(Json),
    /// It is taken away.
    Gone,
}

impl PostRender {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patches.is_empty() && self.images.is_empty() && self.labels.is_empty() && self.annotations.is_empty()
    }

    /// What becomes of an object; `used` counts for each patch how many objects it was for.
    ///
    /// # Errors
    /// A rule is none, or a patch does not fit the object.
    pub fn apply(&self, object: &Json, used: &mut [usize]) -> Result<Rendered, PostRenderError> {
        let mut now = object.clone();
        for (index, patch) in self.patches.iter().enumerate() {
            if !patch.concerns(&now)? {
                continue;
            }
            if let Some(count) = used.get_mut(index) {
                *count += 1;
            }
            match patch.apply(&now) {
                Ok(Some(changed)) => now = changed,
                Ok(None) => return Ok(Rendered::Gone),
                Err(reason) => {
                    let name = text(&now, "/metadata/name").to_owned();
                    let kind = text(&now, "/kind").to_owned();
                    return Err(PostRenderError::Patch { number: index + 1, kind, name, reason });
                }
            }
        }
        for image in &self.images {
            image.replace_in(&mut now);
        }
        add(&mut now, "labels", &self.labels);
        add(&mut now, "annotations", &self.annotations);
        Ok(if now == *object { Rendered::Same } else { Rendered::Changed(now) })
    }

    /// The patches that were for no object, from 1.
    #[must_use]
    pub fn unused(&self, used: &[usize]) -> Vec<usize> {
        used.iter().enumerate().filter(|(_, count)| **count == 0).map(|(index, _)| index + 1).collect()
    }
}

fn text<'a>(object: &'a Json, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

fn add(object: &mut Json, field: &str, entries: &BTreeMap<String, String>) {
    if entries.is_empty() {
        return;
    }
    let Some(object) = object.as_object_mut() else { return };
    let meta = object.entry("metadata").or_insert_with(|| Json::Object(Map::new()));
    let Some(meta) = meta.as_object_mut() else { return };
    let known = meta.entry(field).or_insert_with(|| Json::Object(Map::new()));
    if known.is_null() {
        *known = Json::Object(Map::new());
    }
    if let Some(known) = known.as_object_mut() {
        known.extend(entries.iter().map(|(name, value)| (name.clone(), Json::String(value.clone()))));
    }
}

impl Patch {
    fn concerns(&self, object: &Json) -> Result<bool, PostRenderError> {
        if let Some(target) = &self.target {
            return target.matches(object).map_err(PostRenderError::Rule);
        }
        if !self.patch.is_object() {
            return Err(PostRenderError::Rule("a JSON patch needs a target".to_owned()));
        }
        let same = |pointer: &str| text(&self.patch, pointer) == text(object, pointer);
        let optional = |pointer: &str| text(&self.patch, pointer).is_empty() || same(pointer);
        if text(&self.patch, "/kind").is_empty() || text(&self.patch, "/metadata/name").is_empty() {
            let what = "a merge patch without target needs kind and metadata.name";
            return Err(PostRenderError::Rule(what.to_owned()));
        }
        Ok(same("/kind") && same("/metadata/name") && optional("/apiVersion") && optional("/metadata/namespace"))
    }

    /// The changed object; nothing when it is taken away.
    fn apply(&self, object: &Json) -> Result<Option<Json>, String> {
        match &self.patch {
            Json::Array(_) => json_patch::apply(object, &self.patch).map(Some).map_err(|e| e.to_string()),
            Json::Object(entries) if entries.get("$patch").and_then(Json::as_str) == Some("delete") => Ok(None),
            Json::Object(entries) => {
                let mut entries = entries.clone();
                // What names the object is no change of it.
                entries.remove("apiVersion");
                entries.remove("kind");
                if let Some(meta) = entries.get_mut("metadata").and_then(Json::as_object_mut) {
                    meta.remove("name");
                    meta.remove("namespace");
                }
                let patch = Json::Object(entries);
                let (api_version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
                if strategic::is_built_in(api_version, kind) {
                    strategic::apply(object, &patch, api_version, kind).map(Some).map_err(|e| e.to_string())
                } else {
                    merge::apply(object, &patch).map(Some).map_err(|e| e.to_string())
                }
            }
            _ => Err("a patch is a list or an object".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment() -> Json {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"a": "b"}},
            "spec": {"replicas": 1, "template": {"spec": {
                "initContainers": [{"name": "i", "image": "registry.example/i"}],
                "containers": [{"name": "main", "image": "nginx:1", "env": [{"name": "A", "value": "1"}]}],
            }}},
        })
    }

    fn rendered(rules: Json, object: &Json) -> Result<Rendered, PostRenderError> {
        let rules: PostRender = serde_json::from_value(rules).unwrap();
        rules.apply(object, &mut vec![0; rules.patches.len()])
    }

    #[test]
    fn a_strategic_patch_merges_lists_by_their_keys() {
        let patch = json!({"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {"spec": {
            "containers": [{"name": "main", "env": [{"name": "B", "value": "2"}]}, {"name": "side", "image": "x"}],
        }}}});
        let Rendered::Changed(object) = rendered(json!({"patches": [{"patch": patch}]}), &deployment()).unwrap() else {
            panic!("not changed")
        };
        let containers = object.pointer("/spec/template/spec/containers").unwrap();
        let names: Vec<&str> = containers.as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), 2);
        let main = containers.as_array().unwrap().iter().find(|c| c["name"] == "main").unwrap();
        assert_eq!((main["image"].as_str(), main["env"].as_array().map(Vec::len)), (Some("nginx:1"), Some(2)));
        assert_eq!(object["metadata"]["name"], "web");
    }

    #[test]
    fn a_json_patch_needs_a_target_and_says_where_it_does_not_fit() {
        let target = json!({"kind": "Deploy.*", "labelSelector": "a=b"});
        let replace = json!([{"op": "replace", "path": "/spec/replicas", "value": 3}]);
        let rules = json!({"patches": [{"target": target, "patch": replace}]});
        let Rendered::Changed(object) = rendered(rules, &deployment()).unwrap() else { panic!("not changed") };
        assert_eq!(object["spec"]["replicas"], 3);
        let error = |rules: Json| rendered(rules, &deployment()).unwrap_err().to_string();
        assert_eq!(error(json!({"patches": [{"patch": []}]})), "post-render: a JSON patch needs a target");
        let missing = json!([{"op": "remove", "path": "/spec/nothing"}]);
        let told = error(json!({"patches": [{"target": {"kind": "Deployment"}, "patch": missing}]}));
        assert!(told.starts_with("post-render: patch 1 of Deployment \"web\": "), "{told}");
    }

    #[test]
    fn images_labels_and_annotations_are_set() {
        let rules = json!({
            "images": [
                {"name": "nginx", "newTag": "2"},
                {"name": "registry.example/i", "newName": "mirror.example:5000/i", "digest": "sha256:0"},
            ],
            "labels": {"a": "c", "team": "x"}, "annotations": {"n": "y"},
        });
        let Rendered::Changed(object) = rendered(rules, &deployment()).unwrap() else { panic!("not changed") };
        let spec = &object["spec"]["template"]["spec"];
        assert_eq!(spec["containers"][0]["image"], "nginx:2");
        assert_eq!(spec["initContainers"][0]["image"], "mirror.example:5000/i@sha256:0");
        assert_eq!(object["metadata"]["labels"], json!({"a": "c", "team": "x"}));
        assert_eq!(object["metadata"]["annotations"], json!({"n": "y"}));
    }

    #[test]
    fn what_no_rule_concerns_stays_and_what_is_deleted_goes() {
        let other = json!({"patches": [{"target": {"kind": "Service"}, "patch": {"spec": null}}]});
        assert_eq!(rendered(other, &deployment()).unwrap(), Rendered::Same);
        let gone = json!({"patches": [{"target": {"name": "web"}, "patch": {"$patch": "delete"}}]});
        assert_eq!(rendered(gone, &deployment()).unwrap(), Rendered::Gone);
        assert!(serde_json::from_value::<PostRender>(json!({"patchs": []})).is_err());
    }

    #[test]
    fn a_kind_that_kubernetes_does_not_know_gets_a_merge_patch() {
        let object = json!({"apiVersion": "x.example/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": {"l": [1, 2], "gone": 1}});
        let rules = json!({"patches": [{"target": {"kind": "Thing"}, "patch": {"spec": {"l": [3], "gone": null}}}]});
        let Rendered::Changed(object) = rendered(rules, &object).unwrap() else { panic!("not changed") };
        assert_eq!(object["spec"], json!({"l": [3]}));
    }
}
