//! The release record.

use crate::hook::{Helm3Hook, Hook, is_zero};
use crate::text_enum::text_enum;
use crate::time::{self, Time};
use helmd_chart::unknown::{self, Object, Together, Unknown};
use helmd_chart::{Chart, Helm3Chart, HelmMajor, Metadata, Values};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value as Json;
use std::cmp::Ordering;
use std::collections::BTreeMap;

text_enum! {
    /// The state of a release.
    #[derive(Default)]
    Status {
        /// Not recorded.
        #[default]
        Unset = "",
        /// Uncertain.
        Unknown = "unknown",
        /// In the cluster.
        Deployed = "deployed",
        /// Removed, with its history kept.
        Uninstalled = "uninstalled",
        /// A newer revision is deployed.
        Superseded = "superseded",
        /// Not deployed successfully.
        Failed = "failed",
        /// An uninstall is under way.
        Uninstalling = "uninstalling",
        /// An install is under way.
        PendingInstall = "pending-install",
        /// An upgrade is under way.
        PendingUpgrade = "pending-upgrade",
        /// A rollback is under way.
        PendingRollback = "pending-rollback",
    }
}

impl Status {
    /// True while an install, upgrade or rollback is under way.
    pub fn is_pending(&self) -> bool {
        matches!(self, Status::PendingInstall | Status::PendingUpgrade | Status::PendingRollback)
    }

    fn is_unset(&self) -> bool {
        *self == Status::Unset
    }
}

text_enum! {
    /// How the resources were applied (helm 4).
    #[derive(Default)]
    ApplyMethod {
        /// Not recorded; to be taken as client-side.
        #[default]
        Unset = "",
        /// Client-side apply.
        ClientSide = "csa",
        /// Server-side apply.
        ServerSide = "ssa",
    }
}

impl ApplyMethod {
    fn is_unset(&self) -> bool {
        *self == ApplyMethod::Unset
    }
}

/// What happened to a release.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Info {
    /// When revision 1 was deployed.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "time::deserialize")]
    pub first_deployed: Option<Time>,
    /// When this revision was deployed.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "time::deserialize")]
    pub last_deployed: Option<Time>,
    /// When the release was uninstalled.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "time::deserialize")]
    pub deleted: Option<Time>,
    /// One sentence: `Install complete`.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The state.
    #[serde(skip_serializing_if = "Status::is_unset")]
    pub status: Status,
    /// The revision that a rollback went back to; 0 for no rollback. Helm 4 only.
    #[serde(deserialize_with = "integer", skip_serializing_if = "is_zero")]
    pub rollback_revision: i64,
    /// The rendered `NOTES.txt`.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// The live objects by `version/kind`, filled for `status` only.
    #[serde(deserialize_with = "null", skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<String, Vec<Json>>,
    /// What a newer Helm has recorded besides.
    #[serde(skip)]
    pub unknown: Unknown,
}

/// One revision of a release. Its JSON is helm 4's; [`to_json`](crate::to_json) writes helm 3's too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Release {
    /// The name.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What happened to it.
    #[serde(
        deserialize_with = "unknown::or_default",
        serialize_with = "unknown::together",
        skip_serializing_if = "is_nil"
    )]
    pub info: Info,
    /// The chart. A damaged record may lack it.
    #[serde(
        deserialize_with = "unknown::or_none",
        serialize_with = "unknown::option_together",
        skip_serializing_if = "Option::is_none"
    )]
    pub chart: Option<Chart>,
    /// The user's values, over the chart's. An empty table is not written.
    #[serde(deserialize_with = "config", skip_serializing_if = "is_empty_config")]
    pub config: Option<Values>,
    /// The resources: YAML documents with `# Source:` lines, without hooks.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub manifest: String,
    /// The hooks.
    #[serde(
        deserialize_with = "hooks",
        serialize_with = "unknown::all_together",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub hooks: Vec<Hook>,
    /// The revision, from 1.
    #[serde(deserialize_with = "integer", skip_serializing_if = "is_zero")]
    pub version: i64,
    /// The namespace.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The user's labels: stored beside the record, not in it.
    #[serde(skip)]
    pub labels: BTreeMap<String, String>,
    /// How it was applied. Helm 4 only.
    #[serde(skip_serializing_if = "ApplyMethod::is_unset")]
    pub apply_method: ApplyMethod,
    /// What is known of why this revision failed, as JSON; mostly empty. Kept beside the record, not in it.
    #[serde(skip)]
    pub explanation: String,
    /// What a newer Helm has recorded besides.
    #[serde(skip)]
    pub unknown: Unknown,
}

helmd_chart::keeps_unknown!(Info, Release);

impl Info {
    fn as_helm3(&self) -> Helm3Info<'_> {
        Helm3Info {
            first_deployed: self.first_deployed,
            last_deployed: self.last_deployed,
            deleted: self.deleted,
            description: &self.description,
            status: &self.status,
            notes: &self.notes,
            resources: &self.resources,
        }
    }
}

impl Release {
    /// Sets state and description.
    pub fn set_status(&mut self, status: Status, description: impl Into<String>) {
        self.info.status = status;
        self.info.description = description.into();
        if self.info.status == Status::Deployed {
            self.explanation.clear();
        }
    }

    /// Drops what a newer Helm has recorded besides, as Helm itself does.
    pub fn forget_unknown(&mut self) {
        self.unknown = Unknown::default();
        self.info.unknown = Unknown::default();
        for hook in &mut self.hooks {
            hook.unknown = Unknown::default();
            hook.last_run.unknown = Unknown::default();
        }
        if let Some(chart) = &mut self.chart {
            chart.unknown = Unknown::default();
            chart.metadata.unknown = Unknown::default();
        }
    }

    /// The chart's metadata, when the record has it.
    pub fn chart_metadata(&self) -> Option<&Metadata> {
        self.chart.as_ref().map(|c| &c.metadata)
    }

    /// `name-version` of the chart as lists print it; `MISSING` without a chart.
    pub fn chart_title(&self) -> String {
        match self.chart_metadata() {
            Some(metadata) if !metadata.name.is_empty() => format!("{}-{}", metadata.name, metadata.version),
            _ => MISSING.to_owned(),
        }
    }

    /// The chart's `appVersion`; `MISSING` without a chart.
    pub fn app_version(&self) -> &str {
        self.chart_metadata().filter(|m| !m.name.is_empty()).map_or(MISSING, |m| &m.app_version)
    }

    /// The key under which this revision is stored.
    pub fn storage_key(&self) -> String {
        crate::storage_key(&self.name, self.version)
    }

    pub(crate) fn as_helm3(&self) -> Helm3Release<'_> {
        Helm3Release {
            name: &self.name,
            info: (!is_nil(&self.info)).then(|| Together { known: self.info.as_helm3(), unknown: &self.info.unknown }),
            chart: self.chart.as_ref().map(Chart::as_helm3),
            config: self.config.as_ref().filter(|c| !c.is_empty()),
            manifest: &self.manifest,
            hooks: self.hooks.iter().map(Hook::as_helm3).collect(),
            version: self.version,
            namespace: &self.namespace,
        }
    }

    /// The release as a type that serializes to this Helm's JSON.
    pub fn json_view(&self, helm: HelmMajor) -> impl Serialize + '_ {
        match helm {
            HelmMajor::Helm3 => View::Helm3(Box::new(Together { known: self.as_helm3(), unknown: &self.unknown })),
            HelmMajor::Helm4 => View::Helm4(Together::of(self)),
        }
    }
}

const MISSING: &str = "MISSING";

#[derive(Serialize)]
#[serde(untagged)]
enum View<'a> {
    Helm3(Box<Together<'a, Helm3Release<'a>>>),
    Helm4(Together<'a, &'a Release>),
}

/// Order by name.
pub fn by_name(a: &Release, b: &Release) -> Ordering {
    a.name.cmp(&b.name)
}

/// Order by the second of the last deployment, then by name; a release without a time comes first.
pub fn by_date(a: &Release, b: &Release) -> Ordering {
    let second = |r: &Release| r.info.last_deployed.map(|t| t.timestamp().as_second());
    second(a).cmp(&second(b)).then_with(|| by_name(a, b))
}

/// Order by revision.
pub fn by_revision(a: &Release, b: &Release) -> Ordering {
    a.version.cmp(&b.version)
}

/// HELM: a nil info is not written. An info without any field is taken for nil.
fn is_nil(info: &Info) -> bool {
    *info == Info::default()
}

fn is_empty_config(config: &Option<Values>) -> bool {
    config.as_ref().is_none_or(Values::is_empty)
}

/// Go leaves a field as it is where JSON has `null`.
pub(crate) fn null<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// An integer; also one that was read as a float. `null` gives 0.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else { return Ok(0) };
    let float = || number.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e18).map(|f| f as i64);
    number.as_i64().or_else(float).ok_or_else(|| de::Error::custom(format!("{number} is no integer")))
}

/// HELM: a `null` among the hooks makes helm crash; it is left out.
fn hooks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Hook>, D::Error> {
    let hooks = Option::<Vec<Option<Object<Hook>>>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(hooks.into_iter().flatten().map(|hook| hook.0).collect())
}

/// Reads values as Go does: each number a `float64`.
fn config<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Values>, D::Error> {
    let mut values = Option::<Values>::deserialize(deserializer)?;
    values.iter_mut().flat_map(Values::values_mut).for_each(floats);
    Ok(values)
}

/// The depth is bounded by the JSON reader's.
fn floats(value: &mut Json) {
    match value {
        Json::Number(n) if !n.is_f64() => {
            if let Some(float) = n.as_f64().and_then(serde_json::Number::from_f64) {
                *n = float;
            }
        }
        Json::Array(items) => items.iter_mut().for_each(floats),
        Json::Object(entries) => entries.values_mut().for_each(floats),
        _ => {}
    }
}

/// The JSON form of a release in helm 3's records.
#[derive(Serialize)]
pub(crate) struct Helm3Release<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<Together<'a, Helm3Info<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chart: Option<Together<'a, Helm3Chart<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a Values>,
    #[serde(skip_serializing_if = "str::is_empty")]
    manifest: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hooks: Vec<Together<'a, Helm3Hook<'a>>>,
    #[serde(skip_serializing_if = "is_zero")]
    version: i64,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
}

#[derive(Serialize)]
struct Helm3Info<'a> {
    #[serde(serialize_with = "time::or_empty")]
    first_deployed: Option<Time>,
    #[serde(serialize_with = "time::or_empty")]
    last_deployed: Option<Time>,
    #[serde(serialize_with = "time::or_empty")]
    deleted: Option<Time>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Status::is_unset")]
    status: &'a Status,
    #[serde(skip_serializing_if = "str::is_empty")]
    notes: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    resources: &'a BTreeMap<String, Vec<Json>>,
}
