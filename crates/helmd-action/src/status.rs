//! `helm status`.

use std::collections::{BTreeMap, BTreeSet};

use helmd_kube::pods;
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
}

impl Status {
    /// Asks for the newest revision without live objects.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), revision: 0, show_resources: false }
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
            release.info.resources = live_objects(cx, &release.manifest).await?;
        }
        Ok(release)
    }
}

async fn live_objects(cx: &Context, manifest: &str) -> Result<BTreeMap<String, Vec<Json>>, ActionError> {
    let mut found: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    let mut selectors = BTreeSet::new();
    for resource in cx.cluster.build(manifest, false).await? {
        let Ok(live) = cx.cluster.get(&resource).await else { continue };
        // HELM: a service's selector does not count here.
        let selector = pods::selector(&live).filter(|_| resource.mapping.kind != "Service");
        let key = format!("{}/{}", resource.mapping.version, resource.mapping.kind);
        found.entry(key).or_default().push(live);
        let Some(selector) = selector else { continue };
        if selectors.insert((resource.namespace.clone(), selector.clone())) {
            let related = cx.cluster.pods(&resource.namespace, &selector, "").await.unwrap_or_default();
            if !related.is_empty() {
                found.entry("v1/Pod(related)".to_owned()).or_default().extend(related);
            }
        }
    }
    Ok(found)
}
