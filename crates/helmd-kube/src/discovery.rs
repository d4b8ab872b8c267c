//! What an API server serves: kinds, their resources, and the list that templates see as
//! `.Capabilities.APIVersions`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::error::KubeError;
use crate::transport::{Call, Transport};

/// Asks for all groups in one answer; a server that cannot do so gives the plain list.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
/// How many plain lists are fetched at a time.
const PARALLEL: usize = 8;

/// The core group is part of the API server's program: it is not asked for again within this time.
const CORE_STAYS: Duration = Duration::from_secs(300);

/// The resource behind a kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mapping {
    /// Empty for the core group.
    pub group: String,
    /// `v1`.
    pub version: String,
    /// `Deployment`.
    pub kind: String,
    /// `deployments`.
    pub plural: String,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
}

impl Mapping {
    /// `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// As Go prints a `GroupVersionKind`: `apps/v1, Kind=Deployment`.
    #[must_use]
    pub fn gvk_text(&self) -> String {
        format!("{}/{}, Kind={}", self.group, self.version, self.kind)
    }

    /// The path of the collection in a namespace, or of all namespaces when it is empty.
    #[must_use]
    pub fn path(&self, namespace: &str) -> String {
        let root = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        if self.namespaced && !namespace.is_empty() {
            format!("{root}/namespaces/{namespace}/{}", self.plural)
        } else {
            format!("{root}/{}", self.plural)
        }
    }
}

/// `GET /version`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerVersion {
    /// `1`.
    #[serde(default)]
    pub major: String,
    /// `36`, `27+`.
    #[serde(default)]
    pub minor: String,
    /// `v1.36.0`.
    #[serde(default)]
    pub git_version: String,
}

/// What a server serves, as read at one time.
#[derive(Debug, Default)]
pub struct Discovery {
    kinds: BTreeMap<(String, String), Arc<Mapping>>,
    api_versions: Vec<String>,
    failed: Vec<String>,
    halves: [Half; 2],
}

/// The part of the answer below `/api` or `/apis`, kept to be compared by its tag.
#[derive(Debug, Default, Clone)]
struct Half {
    etag: Option<String>,
    resources: Arc<Vec<Served>>,
    read: Option<Instant>,
}

/// One line of what is served.
#[derive(Debug, Clone)]
enum Served {
    Version(String),
    /// A resource, or only its kind when it is a subresource.
    Kind {
        api_version: String,
        kind: String,
        mapping: Option<Arc<Mapping>>,
    },
    Failed(String),
}

impl Discovery {
    /// Reads what is served; `known` spares what has not changed.
    pub(crate) async fn read(transport: &Transport, known: Option<Arc<Self>>) -> Result<Arc<Self>, KubeError> {
        let previous = known.as_ref().map(|known| known.halves.clone()).unwrap_or_default();
        let [core_before, groups_before] = previous;
        let (core, groups) =
            futures::future::try_join(read_core(transport, core_before), read_half(transport, "/apis", groups_before))
                .await?;
        if let Some(known) = known
            && let [old_core, old_groups] = &known.halves
            && Arc::ptr_eq(&old_core.resources, &core.resources)
            && Arc::ptr_eq(&old_groups.resources, &groups.resources)
        {
            return Ok(known);
        }
        Ok(Arc::new(Self::assemble([core, groups])))
    }

    fn assemble(halves: [Half; 2]) -> Self {
        let mut discovery = Self::default();
        let mut versions = BTreeSet::new();
        for served in halves.iter().flat_map(|half| half.resources.iter()) {
            match served {
                Served::Version(version) => {
                    versions.insert(version.clone());
                }
                Served::Kind { api_version, kind, mapping } => {
                    versions.insert(format!("{api_version}/{kind}"));
                    if let Some(mapping) = mapping {
                        let key = (api_version.clone(), kind.clone());
                        discovery.kinds.entry(key).or_insert_with(|| Arc::clone(mapping));
                    }
                }
                Served::Failed(version) => discovery.failed.push(version.clone()),
            }
        }
        discovery.api_versions = versions.into_iter().collect();
        discovery.halves = halves;
        discovery
    }

    /// The resource that serves a kind.
    #[must_use]
    pub fn find(&self, api_version: &str, kind: &str) -> Option<Arc<Mapping>> {
        self.kinds.get(&(api_version.to_owned(), kind.to_owned())).cloned()
    }

    /// Every kind that objects can be made of, in order of API version and kind.
    pub fn mappings(&self) -> impl Iterator<Item = &Arc<Mapping>> {
        self.kinds.values()
    }

    /// What templates see: `group/version` and `group/version/Kind`, sorted, subresources included.
    #[must_use]
    pub fn api_versions(&self) -> &[String] {
        &self.api_versions
    }

    /// API versions that are registered but not served (an API service without a server).
    #[must_use]
    pub fn failed(&self) -> &[String] {
        &self.failed
    }
}

async fn read_core(transport: &Transport, before: Half) -> Result<Half, KubeError> {
    match before.read {
        Some(read) if read.elapsed() < CORE_STAYS => Ok(before),
        _ => Ok(Half { read: Some(Instant::now()), ..read_half(transport, "/api", before).await? }),
    }
}

async fn read_half(transport: &Transport, path: &str, before: Half) -> Result<Half, KubeError> {
    let mut call = Call::new(Method::GET, path).accept(AGGREGATED);
    if let Some(etag) = &before.etag {
        call = call.header(http::header::IF_NONE_MATCH, etag);
    }
    let answer = match transport.call(call).await {
        Ok(answer) => answer,
        // HELM: client-go takes a server without one of the two roots as serving nothing there.
        Err(err) if err.is_not_found() => return Ok(Half::default()),
        Err(err) => return Err(err),
    };
    if answer.status == StatusCode::NOT_MODIFIED {
        return Ok(before);
    }
    let etag = answer.headers.get(http::header::ETAG).and_then(|tag| tag.to_str().ok()).map(ToOwned::to_owned);
    let body = answer.json()?;
    if body.get("kind").and_then(Json::as_str) == Some("APIGroupDiscoveryList") {
        return Ok(Half { etag, resources: Arc::new(aggregated(&body)), read: None });
    }
    let versions = plain_versions(&body);
    let lists = stream::iter(versions.into_iter().map(|version| plain(transport, version)).collect::<Vec<_>>());
    let resources: Vec<Vec<Served>> = lists.buffered(PARALLEL).collect().await;
    Ok(Half { etag: None, resources: Arc::new(resources.into_iter().flatten().collect()), read: None })
}

fn text<'a>(value: &'a Json, key: &str) -> &'a str {
    value.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> {
    value.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}

fn join(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

fn aggregated(body: &Json) -> Vec<Served> {
    let mut served = Vec::new();
    for item in list(body, "items") {
        let group = item.get("metadata").map(|meta| text(meta, "name")).unwrap_or_default();
        for version in list(item, "versions") {
            let name = text(version, "version");
            let api_version = join(group, name);
            served.push(Served::Version(api_version.clone()));
            if text(version, "freshness") == "Stale" {
                served.push(Served::Failed(api_version));
                continue;
            }
            for resource in list(version, "resources") {
                aggregated_resource(resource, group, name, &mut served);
            }
        }
    }
    served
}

fn aggregated_resource(resource: &Json, group: &str, version: &str, served: &mut Vec<Served>) {
    let api_version = join(group, version);
    let kind_of = |value: &Json| value.get("responseKind").map(|kind| text(kind, "kind").to_owned());
    // Without a kind of answer the resource itself is not shown, its subresources are.
    if let Some(kind) = kind_of(resource) {
        let mapping = Mapping {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.clone(),
            plural: text(resource, "resource").to_owned(),
            namespaced: text(resource, "scope") == "Namespaced",
        };
        served.push(Served::Kind { api_version: api_version.clone(), kind, mapping: Some(Arc::new(mapping)) });
    }
    for subresource in list(resource, "subresources") {
        if let Some(kind) = kind_of(subresource) {
            served.push(Served::Kind { api_version: api_version.clone(), kind, mapping: None });
        }
    }
}

/// Group versions in `APIVersions` (`/api`) or `APIGroupList` (`/apis`), as path and API version.
fn plain_versions(body: &Json) -> Vec<(String, String)> {
    let core =
        list(body, "versions").filter_map(Json::as_str).map(|version| (format!("/api/{version}"), version.to_owned()));
    let groups = list(body, "groups").flat_map(|group| list(group, "versions")).map(|version| {
        let api_version = text(version, "groupVersion");
        (format!("/apis/{api_version}"), api_version.to_owned())
    });
    core.chain(groups).collect()
}

async fn plain(transport: &Transport, (path, api_version): (String, String)) -> Vec<Served> {
    let mut served = vec![Served::Version(api_version.clone())];
    let body = match transport.call(Call::new(Method::GET, path)).await {
        Ok(answer) => answer.json(),
        Err(err) => Err(err),
    };
    let Ok(body) = body else {
        served.push(Served::Failed(api_version));
        return served;
    };
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", &api_version));
    for resource in list(&body, "resources") {
        let (name, kind) = (text(resource, "name"), text(resource, "kind").to_owned());
        let mapping = (!name.contains('/')).then(|| {
            Arc::new(Mapping {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: kind.clone(),
                plural: name.to_owned(),
                namespaced: resource.get("namespaced").and_then(Json::as_bool).unwrap_or_default(),
            })
        });
        served.push(Served::Kind { api_version: api_version.clone(), kind, mapping });
    }
    served
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subresources_count_as_api_versions_but_have_no_resource() {
        let body = serde_json::json!({"kind": "APIGroupDiscoveryList", "items": [{
            "metadata": {"name": "apps"},
            "versions": [{"version": "v1", "freshness": "Current", "resources": [{
                "resource": "deployments", "scope": "Namespaced",
                "responseKind": {"group": "", "version": "", "kind": "Deployment"},
                "subresources": [{"subresource": "scale", "responseKind": {"kind": "Scale"}}],
            }]}, {"version": "v1beta9", "freshness": "Stale", "resources": []}],
        }]});
        let half = Half { etag: None, resources: Arc::new(aggregated(&body)), read: None };
        let discovery = Discovery::assemble([Half::default(), half]);
        assert_eq!(discovery.api_versions(), ["apps/v1", "apps/v1/Deployment", "apps/v1/Scale", "apps/v1beta9"]);
        assert!(discovery.find("apps/v1", "Scale").is_none());
        let mapping = discovery.find("apps/v1", "Deployment").unwrap();
        assert_eq!(mapping.path("x"), "/apis/apps/v1/namespaces/x/deployments");
        assert_eq!(discovery.failed(), ["apps/v1beta9"]);
    }
}
