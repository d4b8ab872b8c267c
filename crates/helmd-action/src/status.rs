//! `helm status`.

use std::collections::{BTreeMap, BTreeSet};

use helmd_release::Release;
use serde_json::Value as Json;

use crate::context::Context;
use crate::error::ActionError;
use crate::get::release_content;

/// A revision, if wanted with its live objects.
#[derive(Debug, Clone)]
pub struct Status {
    /// Release.
    pub name: String,
    /// Revision; 0 is the newest.
    pub revision: i64,
    /// Fill `info.resources` (`--show-resources`).
    pub show_resources: bool,
    /// Fill it with the tables that the server makes for people.
    pub as_tables: bool,
}

impl Status {
    /// Asks for the newest revision without live objects.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), revision: 0, show_resources: false, as_tables: false }
    }

    /// Reads it.
    ///
    /// # Errors
    /// No such release or revision; the cluster cannot be reached. Objects that cannot be read are
    /// left out, as in Helm.
    pub async fn run(self, cx: &Context) -> Result<Release, ActionError> {
        cx.cluster.check_reachable().await?;
        let mut release = release_content(cx, &self.name, self.revision).await?;
        if self.show_resources {
            release.info.resources = live_objects(cx, &release.manifest, self.as_tables).await?;
        }
        Ok(release)
    }
}

async fn live_objects(
    cx: &Context,
    manifest: &str,
    as_tables: bool,
) -> Result<BTreeMap<String, Vec<Json>>, ActionError> {
    let mut found: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    let mut selectors = BTreeSet::new();
    for resource in cx.cluster.build(manifest, false).await? {
        let live = if as_tables { cx.cluster.get_table(&resource).await } else { cx.cluster.get(&resource).await };
        let Ok(live) = live else { continue };
        let key = format!("{}/{}", resource.mapping.version, resource.mapping.kind);
        found.entry(key).or_default().push(live);
        let Some(selector) = selector(&resource.object) else { continue };
        // HELM: one look at each selector, in whichever namespace.
        if selectors.insert(selector.clone()) {
            let related = match as_tables {
                true => cx.cluster.pods_table(&resource.namespace, &selector).await,
                false => cx.cluster.pods_list(&resource.namespace, &selector).await,
            };
            if let Ok(related) = related {
                // HELM: the list itself is the object here.
                found.entry("v1/Pod(related)".to_owned()).or_default().push(typed(related));
            }
        }
    }
    Ok(found)
}

/// HELM: the labels that the manifest asks for; expressions do not count.
fn selector(object: &Json) -> Option<String> {
    let labels = match object.get("kind").and_then(Json::as_str)? {
        "ReplicaSet" | "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => "/spec/selector/matchLabels",
        "ReplicationController" => "/spec/selector",
        _ => return None,
    };
    let labels = object.pointer(labels)?.as_object()?;
    let pairs: Option<Vec<String>> =
        labels.iter().map(|(name, value)| Some(format!("{name}={}", value.as_str()?))).collect();
    pairs.map(|pairs| pairs.join(","))
}

/// HELM: each item of a list says what it is.
fn typed(mut list: Json) -> Json {
    if list.get("kind").and_then(Json::as_str) == Some("PodList") {
        for item in list.get_mut("items").and_then(Json::as_array_mut).into_iter().flatten() {
            if let Json::Object(fields) = item {
                fields.insert("apiVersion".to_owned(), "v1".into());
                fields.insert("kind".to_owned(), "Pod".into());
            }
        }
    }
    list
}
