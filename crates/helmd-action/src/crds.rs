//! Custom resource definitions of a chart: installed before it is rendered, since what templates see
//! of the cluster depends on them.

use std::time::Duration;

use helmd_chart::Chart;
use helmd_kube::{ApplyOptions, Resource, WaitOptions, WaitStrategy};

use crate::context::Context;
use crate::error::ActionError;
use crate::options::DryRun;

/// How long definitions are waited for.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What becomes of the definitions of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crds {
    /// They are left alone.
    Skip,
    /// Those that are not there are created, others stay as they are: what Helm does on installs.
    Create,
    /// As well, and those that are there become what the chart has, by server-side apply. None is deleted.
    CreateReplace,
}

impl Crds {
    /// The policy of that name: `skip`, `create`, `createReplace`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "skip" => Some(Self::Skip),
            "create" => Some(Self::Create),
            "createReplace" => Some(Self::CreateReplace),
            _ => None,
        }
    }
}

/// Creates or changes the chart's definitions, file by file, and waits until they are established.
///
/// # Errors
/// In Helm's words, with the file's name.
pub(crate) async fn install(
    cx: &Context,
    chart: &Chart,
    policy: Crds,
    options: &ApplyOptions,
) -> Result<(), ActionError> {
    if policy == Crds::Skip {
        return Ok(());
    }
    let replaces = policy == Crds::CreateReplace;
    // Whoever applied the former definitions, they belong to the chart from now on.
    let options = if replaces { ApplyOptions::server_side(true) } else { *options };
    let mut changed: Vec<Resource> = Vec::new();
    for crd in chart.crd_objects() {
        let failed = |err: helmd_kube::KubeError| err.context(format!("failed to install CRD {}", crd.name));
        let mut resources = cx.cluster.build(&crd.file.data.to_text(), false).await.map_err(failed)?;
        match cx.cluster.create_all(&mut resources, &options).await {
            Ok(()) => changed.append(&mut resources),
            Err(err) if err.is_already_exists() && !replaces => {
                cx.cluster.step("crds", format!("CRD {} is already present. Skipping.", crd.name));
            }
            Err(err) => return Err(failed(err).into()),
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    let waiting = WaitOptions { strategy: WaitStrategy::Legacy, jobs: false, timeout: TIMEOUT };
    cx.cluster.wait(&changed, waiting).await?;
    cx.cluster.refresh_discovery().await?;
    Ok(())
}

/// As [`install`]; a dry run only tells that there are some.
pub(crate) async fn install_unless_dry(
    cx: &Context,
    chart: &Chart,
    policy: Crds,
    (dry_run, options): (DryRun, &ApplyOptions),
) -> Result<(), ActionError> {
    if policy == Crds::Skip || chart.crd_objects().is_empty() {
        return Ok(());
    }
    if dry_run.stops_here() {
        cx.log_warning("This chart or one of its subcharts contains CRDs. Rendering may fail or contain inaccuracies.");
        return Ok(());
    }
    // HELM: before render; nothing in dry-run
    install(cx, chart, policy, options).await.map_err(|err| cx.worded(err))
}
