//! Live objects for templates.

use helmd_engine::{Lookup, LookupError};
use helmd_kube::transport::Call;
use helmd_kube::{Cluster, KubeError, helm_text};
use serde_json::Value as Json;
use tokio::runtime::Handle;

/// Answers `lookup` from the cluster, as the caller of the operation. Called from the render's own
/// thread, where waiting is allowed.
pub(crate) struct ClusterLookup {
    pub cluster: Cluster,
    pub runtime: Handle,
}

impl Lookup for ClusterLookup {
    fn lookup(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Option<Json>, LookupError> {
        self.runtime
            .block_on(find(&self.cluster, api_version, kind, namespace, name))
            .map_err(|err| LookupError(helm_text(&err)))
    }
}

async fn find(
    cluster: &Cluster,
    api_version: &str,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Result<Option<Json>, KubeError> {
    cluster.check_cancelled()?;
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let mapping = match cluster.mapping(api_version, kind).await {
        Ok(mapping) => mapping,
        Err(KubeError::Mapping { .. }) => {
            let discovery = cluster.discovery().await?;
            // HELM: of an unknown kind in a known version there is simply nothing.
            if discovery.api_versions().iter().any(|known| known == api_version) {
                return Ok(None);
            }
            return Err(KubeError::Manifest(format!(
                "unable to get apiresource from unstructured: {group}/{version}, Kind={kind}: the server could not find the requested resource"
            )));
        }
        Err(err) => return Err(err),
    };
    let collection = mapping.path(namespace);
    let path = if name.is_empty() { collection } else { format!("{collection}/{name}") };
    match cluster.call(Call::new(http::Method::GET, path)).await {
        Ok(answer) => answer.json().map(Some),
        Err(err) if err.is_not_found() => Ok(None),
        Err(err) => Err(err),
    }
}
