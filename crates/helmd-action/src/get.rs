//! `helm get …`: what a release's record holds.

use std::collections::BTreeMap;

use helmd_chart::names::validate_release_name;
use helmd_chart::{HelmMajor, Values};
use helmd_release::{Hook, Release};
use helmd_values::coalesce_values;
use serde::Serialize;

use crate::context::Context;
use crate::error::ActionError;

/// The record of a revision; the newest for 0 and below.
pub(crate) async fn release_content(cx: &Context, name: &str, revision: i64) -> Result<Release, ActionError> {
    if validate_release_name(name).is_err() {
        return Err(ActionError::InvalidName { place: "releaseContent: R", name: name.to_owned() });
    }
    let release = if revision <= 0 { cx.storage.last(name).await? } else { cx.storage.get(name, revision).await? };
    Ok(release)
}

macro_rules! reader {
    ($(#[$doc:meta])* $name:ident -> $output:ty, $take:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            /// Release.
            pub name: String,
            /// Revision; 0 is the newest.
            pub revision: i64,
        }

        impl $name {
            /// Asks for the newest revision.
            #[must_use]
            pub fn new(name: impl Into<String>) -> Self {
                Self { name: name.into(), revision: 0 }
            }

            /// Reads it.
            ///
            /// # Errors
            /// No such release or revision; the cluster cannot be reached.
            pub async fn run(self, cx: &Context) -> Result<$output, ActionError> {
                cx.cluster.check_reachable().await?;
                let release = release_content(cx, &self.name, self.revision).await?;
                let take: fn(Release) -> $output = $take;
                Ok(take(release))
            }
        }
    };
}

reader! {
    /// The whole record of a revision (`helm get all`).
    GetRelease -> Release, |release| release
}
reader! {
    /// The manifest of a revision, without hooks.
    GetManifest -> String, |release| release.manifest
}
reader! {
    /// The hooks of a revision; may be none.
    GetHooks -> Vec<Hook>, |release| release.hooks
}
reader! {
    /// The notes of a revision; may be empty.
    GetNotes -> String, |release| release.info.notes
}
/// What a revision is, without its contents.
#[derive(Debug, Clone)]
pub struct GetMetadata {
    /// Release.
    pub name: String,
    /// Revision; 0 is the newest.
    pub revision: i64,
}

impl GetMetadata {
    /// Asks for the newest revision.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), revision: 0 }
    }

    /// Reads it.
    ///
    /// # Errors
    /// No such release or revision; the cluster cannot be reached.
    pub async fn run(self, cx: &Context) -> Result<Metadata, ActionError> {
        cx.cluster.check_reachable().await?;
        let mut release = release_content(cx, &self.name, self.revision).await?;
        // HELM: the newest revision comes with the labels of its record, Helm's own among them.
        if cx.helm == HelmMajor::Helm4
            && self.revision <= 0
            && let Some(head) = cx.storage.revisions(&self.name).await?.pop()
        {
            release.labels = head.labels;
        }
        Ok(Metadata::of(release))
    }
}

/// The values of a revision.
#[derive(Debug, Clone)]
pub struct GetValues {
    /// Release.
    pub name: String,
    /// Revision; 0 is the newest.
    pub revision: i64,
    /// With the chart's defaults under the user's.
    pub all: bool,
}

impl GetValues {
    /// Asks for the user's values of the newest revision.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), revision: 0, all: false }
    }

    /// Reads them; nothing when the user gave none.
    ///
    /// # Errors
    /// No such release or revision; the cluster cannot be reached.
    pub async fn run(self, cx: &Context) -> Result<Option<Values>, ActionError> {
        cx.cluster.check_reachable().await?;
        let release = release_content(cx, &self.name, self.revision).await?;
        match (&release.chart, self.all) {
            (Some(chart), true) => {
                let (values, _) = coalesce_values(chart, &release.config.clone().unwrap_or_default(), cx.helm)?;
                Ok(Some(values))
            }
            _ => Ok(release.config),
        }
    }
}

/// What a revision is; the JSON is Helm's.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Release.
    pub name: String,
    /// Chart.
    pub chart: String,
    /// Chart version.
    pub version: String,
    /// Version of what the chart deploys.
    pub app_version: String,
    /// The chart's annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The user's labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The chart's dependencies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<MetadataDependency>,
    /// Namespace.
    pub namespace: String,
    /// Revision.
    pub revision: i64,
    /// Status.
    pub status: String,
    /// RFC 3339, whole seconds.
    pub deployed_at: String,
    /// `csa` or `ssa`; empty for Helm 3's releases.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub apply_method: String,
}

/// A dependency as the chart's metadata has it.
pub type MetadataDependency = helmd_chart::Dependency;

impl Metadata {
    fn of(release: Release) -> Self {
        let chart = release.chart.as_ref().map(|chart| chart.metadata.clone()).unwrap_or_default();
        let deployed_at = release.info.last_deployed.map(|time| {
            let text = time.rfc3339_nano();
            match text.split_once('.') {
                Some((seconds, rest)) => {
                    format!("{seconds}{}", rest.trim_start_matches(|digit: char| digit.is_ascii_digit()))
                }
                None => text,
            }
        });
        Self {
            name: release.name,
            chart: chart.name,
            version: chart.version,
            app_version: chart.app_version,
            annotations: chart.annotations.into_iter().collect(),
            labels: release.labels,
            dependencies: chart.dependencies.into_iter().collect(),
            namespace: release.namespace,
            revision: release.version,
            status: release.info.status.to_string(),
            deployed_at: deployed_at.unwrap_or_else(|| "0001-01-01T00:00:00Z".to_owned()),
            apply_method: release.apply_method.to_string(),
        }
    }
}
