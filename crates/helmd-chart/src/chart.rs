//! The chart itself.

use crate::defaults::Defaults;
use crate::error::ValidationError;
use crate::file::{File, optional_base64};
use crate::go_time::{self, GoTime};
use crate::metadata::{Lock, Metadata};
use crate::slice::Slice;
use crate::unknown::{self, Together, Unknown};
use gotmpl::GoString;
use gotmpl::parse::ParseCache;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;
use std::sync::{Arc, LazyLock};

/// Which Helm's behaviour is wanted where the two majors differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HelmMajor {
    /// Helm 3 (3.22)
    Helm3,
    /// Helm 4 (4.3)
    #[default]
    Helm4,
}

/// A table of values: sorted keys; numbers are `f64` when they come from YAML.
pub type Values = serde_json::Map<String, Json>;

/// A chart with its subcharts. Its JSON is the one that helm 4 stores in a release; subcharts and raw files are not part of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chart {
    /// `Chart.yaml`.
    #[serde(deserialize_with = "unknown::or_default", serialize_with = "unknown::together")]
    pub metadata: Metadata,
    /// `Chart.lock` or `requirements.lock`.
    pub lock: Option<Lock>,
    /// The files under `templates/`, in order of loading.
    pub templates: Slice<File>,
    /// The default values: `values.yaml`, after [dependency processing] with imported values. `None` without that file.
    ///
    /// [dependency processing]: https://helm.sh/docs/helm/helm_dependency/
    #[serde(deserialize_with = "float_values")]
    pub values: Option<Arc<Defaults>>,
    /// `values.schema.json`, unparsed.
    #[serde(with = "optional_base64")]
    pub schema: Option<GoString>,
    /// When the schema was changed last.
    #[serde(rename = "schemamodtime", with = "go_time::or_zero")]
    pub schema_mod_time: Option<GoTime>,
    /// The other files (README, LICENSE, `crds/` …), in order of loading.
    pub files: Slice<File>,
    /// When `Chart.yaml` was changed last.
    #[serde(rename = "modtime", skip_serializing_if = "Option::is_none", deserialize_with = "go_time::deserialize")]
    pub mod_time: Option<GoTime>,
    /// Every file as it was loaded, for `show values` and packaging.
    #[serde(skip)]
    pub raw: Arc<Vec<File>>,
    /// The subcharts.
    #[serde(skip)]
    pub dependencies: Vec<Chart>,
    /// Set where the full path is not the one of the place in the tree; see [`Chart::full_path`].
    #[serde(skip)]
    pub path_override: Option<String>,
    /// The templates that renders have parsed; clones share them.
    #[serde(skip)]
    pub parsed: Arc<ParseCache>,
    /// What Helm warns of while loading.
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// What a record has besides.
    #[serde(skip)]
    pub unknown: Unknown,
}

crate::keeps_unknown!(Chart, Metadata);

impl Chart {
    /// The chart's name (an alias after dependency processing).
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// The default values; empty without a `values.yaml`.
    pub fn default_values(&self) -> &Values {
        static EMPTY: LazyLock<Values> = LazyLock::new(Values::new);
        self.values.as_deref().map_or(&EMPTY, |values| values)
    }

    /// The full path, `root/charts/sub`: `parent` is the full path of the chart that holds this one.
    ///
    /// HELM: helm 3 lets several aliases of one chart share their subcharts, whose path is then the one of the chart that
    /// was seen last; such paths are recorded in [`Chart::path_override`].
    pub fn full_path(&self, parent: Option<&str>) -> String {
        match (&self.path_override, parent) {
            (Some(path), _) => path.clone(),
            (None, Some(parent)) => format!("{parent}/charts/{}", self.name()),
            (None, None) => self.name().to_owned(),
        }
    }

    /// The full paths of this chart (as the root) and of all charts below, parents first.
    pub fn full_paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.walk(None, &mut |_, path| paths.push(path.to_owned()));
        paths
    }

    /// Calls `visit` with this chart (as the root) and each chart below and its full path, parents first.
    pub fn for_each(&self, mut visit: impl FnMut(&Chart, &str)) {
        self.walk(None, &mut visit);
    }

    fn walk(&self, parent: Option<&str>, visit: &mut impl FnMut(&Chart, &str)) {
        let path = self.full_path(parent);
        visit(self, &path);
        for dependency in &self.dependencies {
            dependency.walk(Some(&path), visit);
        }
    }

    /// The custom resource definitions under `crds/` of this chart, then those of its subcharts.
    pub fn crd_objects(&self) -> Vec<Crd> {
        let mut crds = Vec::new();
        self.for_each(|chart, path| {
            let own = chart.files.iter().filter(|f| f.name.starts_with("crds/") && is_manifest(&f.name));
            crds.extend(own.map(|f| Crd {
                name: f.name.clone(),
                filename: clean_join(path, &f.name),
                file: f.clone(),
            }));
        });
        crds
    }

    /// Checks and sanitises the metadata.
    ///
    /// # Errors
    /// The first rule that is broken, in Helm's words.
    pub fn validate(&mut self) -> Result<(), ValidationError> {
        self.metadata.validate()
    }

    /// The chart as helm 3 stores it: no times.
    pub fn as_helm3(&self) -> Together<'_, Helm3Chart<'_>> {
        let known = Helm3Chart {
            metadata: Together::of(&self.metadata),
            lock: self.lock.as_ref(),
            templates: helm3_files(&self.templates),
            values: self.values.as_ref(),
            schema: &self.schema,
            files: helm3_files(&self.files),
        };
        Together { known, unknown: &self.unknown }
    }
}

/// A custom resource definition file of a chart or subchart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crd {
    /// The name inside its chart (`crds/x.yaml`).
    pub name: String,
    /// The name with the chart's full path (`root/charts/sub/crds/x.yaml`).
    pub filename: String,
    /// The file.
    pub file: File,
}

/// The JSON form of a chart in helm 3's releases.
#[derive(Serialize)]
pub struct Helm3Chart<'a> {
    metadata: Together<'a, &'a Metadata>,
    lock: Option<&'a Lock>,
    templates: Slice<Helm3File<'a>>,
    values: Option<&'a Arc<Defaults>>,
    #[serde(with = "optional_base64")]
    schema: &'a Option<GoString>,
    files: Slice<Helm3File<'a>>,
}

#[derive(Serialize)]
struct Helm3File<'a> {
    name: &'a str,
    #[serde(serialize_with = "crate::file::optional_base64::serialize")]
    data: Option<GoString>,
}

fn helm3_files(files: &Slice<File>) -> Slice<Helm3File<'_>> {
    if files.is_nil() {
        return Slice::nil();
    }
    files.iter().map(|f| Helm3File { name: &f.name, data: (!f.nil).then(|| f.data.clone()) }).collect::<Vec<_>>().into()
}

fn is_manifest(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or_default();
    let ext = base.rsplit_once('.').map_or("", |(_, ext)| ext);
    ["yaml", "yml", "json"].iter().any(|known| ext.eq_ignore_ascii_case(known))
}

/// Joins two path parts as Go's `filepath.Join` does for names that loading has already cleaned.
fn clean_join(path: &str, name: &str) -> String {
    format!("{path}/{name}")
}

pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads values as Go does: each number a `float64`.
fn float_values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Arc<Defaults>>, D::Error> {
    let Some(mut values) = Option::<Values>::deserialize(deserializer)? else { return Ok(None) };
    values.values_mut().for_each(floats);
    Ok(Some(Arc::new(values.into())))
}

pub(crate) fn floats(value: &mut Json) {
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
