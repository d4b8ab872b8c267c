//! Whose objects are these: the marks that Helm puts on objects, and what it refuses to take over.

use futures::stream::{self, StreamExt as _};
use helmd_kube::Resource;

use crate::context::Context;
use crate::error::ActionError;

/// How many objects are looked at at a time.
const PARALLEL: usize = 16;

/// Marks objects as the release's.
pub(crate) fn mark(resources: &mut [Resource], release: &str, namespace: &str) {
    for resource in resources {
        helmd_plan::ownership::set(&mut resource.object, release, namespace);
    }
}

/// Those of the objects that exist already.
///
/// # Errors
/// The first, in order, that exists and is somebody else's, unless it may be taken.
pub(crate) async fn existing(
    cx: &Context,
    resources: &[Resource],
    release: &str,
    take_ownership: bool,
) -> Result<Vec<Resource>, ActionError> {
    let named = resources.iter().filter(|resource| !resource.is_name_generated());
    let looks = stream::iter(
        named.map(|resource| async move { (resource, cx.cluster.find(resource).await) }).collect::<Vec<_>>(),
    );
    let looks: Vec<_> = looks.buffered(PARALLEL).collect().await;
    let mut existing = Vec::new();
    for (resource, live) in looks {
        let live = live.map_err(|err| {
            err.context(format!("could not get information about the resource {}", resource.describe()))
        })?;
        let Some(live) = live else { continue };
        if !take_ownership {
            helmd_plan::ownership::check(&live, release, cx.namespace())
                .map_err(|reason| ActionError::Foreign { object: resource.describe(), reason: reason.to_string() })?;
        }
        existing.push(resource.clone());
    }
    Ok(existing)
}
