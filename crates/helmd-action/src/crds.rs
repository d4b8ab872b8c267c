//! Custom resource definitions of a chart: installed before it is rendered, since what templates see
//! of the cluster depends on them.

use std::time::Duration;

use helmd_chart::Chart;
use helmd_kube::{ApplyOptions, Resource, WaitOptions, WaitStrategy};

use crate::context::Context;
use crate::error::ActionError;

/// How long definitions are waited for.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Creates the chart's definitions, file by file; existing ones are left as they are.
///
/// # Errors
/// In Helm's words, with the file's name.
pub(crate) async fn install(cx: &Context, chart: &Chart, options: &ApplyOptions) -> Result<(), ActionError> {
    let mut created: Vec<Resource> = Vec::new();
    for crd in chart.crd_objects() {
        let failed = |err: helmd_kube::KubeError| err.context(format!("failed to install CRD {}", crd.name));
        let mut resources = cx.cluster.build(&crd.file.data.to_text(), false).await.map_err(failed)?;
        match cx.cluster.create_all(&mut resources, options).await {
            Ok(()) => created.append(&mut resources),
            Err(err) if err.is_already_exists() => {
                cx.cluster.step("crds", format!("CRD {} is already present. Skipping.", crd.name));
            }
            Err(err) => return Err(failed(err).into()),
        }
    }
    if created.is_empty() {
        return Ok(());
    }
    let waiting = WaitOptions { strategy: WaitStrategy::Legacy, jobs: false, timeout: TIMEOUT };
    cx.cluster.wait(&created, waiting).await?;
    cx.cluster.refresh_discovery().await?;
    Ok(())
}
