//! Live objects for templates.

use std::sync::{Arc, Mutex, PoisonError};

use gotmpl::slog;
use helmd_chart::HelmMajor;
use helmd_engine::{Lookup, LookupError};
use helmd_kube::transport::Call;
use helmd_kube::{Cluster, KubeError, helm_text};
use serde_json::Value as Json;
use tokio::runtime::Handle;

/// Answers `lookup` from the cluster, as the caller of the operation. Called from the render's own
/// thread, where waiting is allowed.
pub(crate) struct ClusterLookup {
    cluster: Cluster,
    runtime: Handle,
    helm: HelmMajor,
    log: Mutex<Vec<String>>,
}

impl ClusterLookup {
    /// Answers from the cluster, on the runtime that this is called on.
    pub(crate) fn shared(cluster: &Cluster, helm: HelmMajor) -> Arc<ClusterLookup> {
        Arc::new(ClusterLookup { cluster: cluster.clone(), runtime: Handle::current(), helm, log: Mutex::default() })
    }

    /// What Helm would have written to its log.
    pub(crate) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The sentence for a kind whose resource could not be had, told to the log as well.
    fn no_resource(&self, kind: &Kind<'_>, cause: &str) -> LookupError {
        let (version, whole) = (kind.api_version, kind.to_string());
        let lines = match self.helm {
            HelmMajor::Helm3 => [
                format!("[ERROR] unable to retrieve resource list for: {version} , error: {cause}"),
                format!("[ERROR] unable to get apiresource from unstructured: {whole} , error {cause}"),
            ],
            HelmMajor::Helm4 => [
                slog::record(
                    "ERROR",
                    "unable to retrieve resource list",
                    &[("GroupVersion", version), ("error", cause)],
                ),
                slog::record("ERROR", "unable to get apiresource", &[("groupVersionKind", &whole), ("error", cause)]),
            ],
        };
        self.log.lock().unwrap_or_else(PoisonError::into_inner).extend(lines);
        LookupError(format!("unable to get apiresource from unstructured: {whole}: {cause}"))
    }

    async fn find(&self, kind: &Kind<'_>, namespace: &str, name: &str) -> Result<Option<Json>, LookupError> {
        let failed = |err: KubeError| LookupError(helm_text(&err));
        self.cluster.check_cancelled().map_err(failed)?;
        let collection = match self.cluster.mapping(kind.api_version, kind.kind).await {
            Ok(mapping) => Some(mapping.path(namespace)),
            Err(KubeError::Mapping { .. }) => {
                let discovery = self.cluster.discovery().await.map_err(failed)?;
                if !discovery.api_versions().iter().any(|known| known == kind.api_version) {
                    return Err(self.no_resource(kind, "the server could not find the requested resource"));
                }
                None
            }
            Err(err) => return Err(self.no_resource(kind, &self.discovery_error(kind, err).await)),
        };
        // HELM: a kind that a known version does not have is looked for at the top of the API.
        let unknown = collection.is_none();
        let collection = collection.unwrap_or_else(|| "/api".to_owned());
        let path = if name.is_empty() { collection } else { format!("{collection}/{name}") };
        match self.cluster.call(Call::new(http::Method::GET, path)).await {
            Ok(answer) => {
                let mut object: Json = answer.json().map_err(failed)?;
                if let (true, Json::Object(fields)) = (unknown && name.is_empty(), &mut object) {
                    fields.entry("items").or_insert_with(|| Json::Array(Vec::new()));
                }
                Ok(Some(object))
            }
            Err(err) if err.is_not_found() => Ok(None),
            Err(err) => Err(failed(err)),
        }
    }

    /// HELM: it asks for one API version, and its errors say so.
    async fn discovery_error(&self, kind: &Kind<'_>, err: KubeError) -> String {
        let root = if kind.api_version.contains('/') { "apis" } else { "api" };
        let path = format!("/{root}/{}?timeout=32s", kind.api_version);
        match self.cluster.call(Call::new(http::Method::GET, path)).await {
            Err(own) => helm_text(&own),
            Ok(_) => helm_text(&err),
        }
    }
}

impl Lookup for ClusterLookup {
    fn lookup(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Option<Json>, LookupError> {
        self.runtime.block_on(self.find(&Kind { api_version, kind }, namespace, name))
    }
}

/// What is asked for.
struct Kind<'a> {
    api_version: &'a str,
    kind: &'a str,
}

impl std::fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (group, version) = self.api_version.split_once('/').unwrap_or(("", self.api_version));
        write!(f, "{group}/{version}, Kind={}", self.kind)
    }
}
