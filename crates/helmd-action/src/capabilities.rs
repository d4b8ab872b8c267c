//! What the cluster can do, as templates see it.

use helmd_values::{Capabilities, KubeVersion};

use crate::context::Context;
use crate::error::ActionError;

/// Reads version and API versions from the cluster; the API versions anew each time, as resources come and go.
pub(crate) async fn read(cx: &Context) -> Result<Capabilities, ActionError> {
    let version =
        cx.cluster.known_version().await.map_err(|err| err.context("could not get server version from Kubernetes"))?;
    let discovery =
        cx.cluster.refresh_discovery().await.map_err(|err| err.context("could not get apiVersions from Kubernetes"))?;
    if !discovery.failed().is_empty() {
        let failed = discovery.failed().join(", ");
        cx.warn(format!("The Kubernetes server has an orphaned API service. It does not serve: {failed}"));
    }
    let mut capabilities = Capabilities::default_for(cx.helm);
    capabilities.kube_version = KubeVersion::of_cluster(&version.git_version, &version.major, &version.minor);
    // HELM: a server that shows nothing is taken for one that shows everything.
    if !discovery.api_versions().is_empty() {
        capabilities.api_versions = discovery.api_versions().to_vec();
    }
    Ok(capabilities)
}
