//! From files to a chart.

use crate::archive::{self, ArchiveLimits, Budget};
use crate::chart::{Chart, HelmMajor, Values};
use crate::decode::{self, DecodeError, MetadataDraft};
use crate::error::ChartError;
use crate::file::File;
use helmd_yaml::{BadSeparator, Documents, ParseLimits};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How charts are loaded.
#[derive(Clone, Debug, Default)]
pub struct Loader {
    /// Whose rules hold where the two majors differ.
    pub helm: HelmMajor,
    /// How large archives may be.
    pub limits: ArchiveLimits,
    /// How much YAML a file may hold.
    pub yaml: ParseLimits,
}

/// The chart made of these files, with default limits.
///
/// # Errors
/// As [`Loader::files`].
pub fn load_files(files: Vec<File>, helm: HelmMajor) -> Result<Chart, ChartError> {
    Loader::new(helm).files(files)
}

/// The chart in a `.tgz` archive.
///
/// # Errors
/// As [`Loader::archive`].
pub fn load_archive(bytes: &[u8], limits: &ArchiveLimits, helm: HelmMajor) -> Result<Chart, ChartError> {
    Loader { limits: limits.clone(), ..Loader::new(helm) }.archive(bytes)
}

impl Loader {
    /// A loader with the default limits.
    pub fn new(helm: HelmMajor) -> Loader {
        Loader { helm, limits: ArchiveLimits::default_for(helm), yaml: ParseLimits::default() }
    }

    /// The chart made of these files, whose names are relative to the chart's folder. Subcharts come in order of their
    /// names in `charts/`.
    ///
    /// # Errors
    /// A file cannot be read, the metadata is missing or not valid, or a subchart has such a fault.
    pub fn files(&self, files: Vec<File>) -> Result<Chart, ChartError> {
        self.files_logging(files, &mut Vec::new())
    }

    /// As [`Loader::files`]; what Helm warns of while loading is added to `log`, also when the files make no chart.
    ///
    /// # Errors
    /// As [`Loader::files`].
    pub fn files_logging(&self, files: Vec<File>, log: &mut Vec<String>) -> Result<Chart, ChartError> {
        let mut loading = Loading { budget: Budget::new(&self.limits), log: Vec::new() };
        let mut loaded = self.load(files, &mut loading, 0);
        log.extend_from_slice(&loading.log);
        if let Ok(chart) = &mut loaded {
            chart.warnings = loading.log;
        }
        loaded
    }

    /// The chart in a `.tgz` archive.
    ///
    /// # Errors
    /// The archive is damaged, unsafe or too large, or as [`Loader::files`].
    pub fn archive(&self, bytes: &[u8]) -> Result<Chart, ChartError> {
        let mut loading = Loading { budget: Budget::new(&self.limits), log: Vec::new() };
        let files = archive::read(bytes, &mut loading.budget, self.helm)?;
        let mut chart = self.load(files, &mut loading, 0)?;
        chart.warnings = loading.log;
        Ok(chart)
    }

    fn load(&self, files: Vec<File>, loading: &mut Loading, depth: usize) -> Result<Chart, ChartError> {
        if depth > self.limits.depth {
            return Err(ChartError::TooDeep { limit: self.limits.depth });
        }
        let mut parts = Parts { helm: self.helm, yaml: self.yaml, ..Parts::default() };
        parts.chart_yaml(&files)?;
        for file in &files {
            parts.sort(file, &mut loading.log)?;
        }
        let Parts { draft, mut chart, subcharts, .. } = parts;
        chart.metadata = draft.ok_or(ChartError::MissingChartYaml)?.validate()?;
        chart.raw = Arc::new(files);
        for (name, files) in subcharts {
            if name.starts_with(['_', '.']) {
                continue;
            }
            chart.dependencies.push(self.subchart(chart.name(), (&name, files), loading, depth + 1)?);
        }
        Ok(chart)
    }

    fn subchart(
        &self,
        chart: &str,
        (name, files): (&str, Vec<File>),
        loading: &mut Loading,
        depth: usize,
    ) -> Result<Chart, ChartError> {
        let loaded = if extension(name) == ".tgz" {
            match files.into_iter().next() {
                Some(file) if file.name != name => {
                    let (chart, expected) = (chart.to_owned(), name.to_owned());
                    return Err(ChartError::SubchartName { chart, expected, got: file.name });
                }
                Some(file) => archive::read(&file.data, &mut loading.budget, self.helm)
                    .map_err(ChartError::from)
                    .and_then(|files| self.load(files, loading, depth)),
                None => Err(ChartError::MissingChartYaml),
            }
        } else {
            let inner = files.into_iter().filter_map(|file| {
                let (_, inner) = file.name.split_once('/')?;
                Some(File { name: inner.to_owned(), ..file })
            });
            self.load(inner.collect(), loading, depth)
        };
        loaded.map_err(|source| match source {
            // One message for the whole nest, not one for each level.
            ChartError::TooDeep { .. } => source,
            _ => ChartError::Subchart { name: name.to_owned(), chart: chart.to_owned(), source: Box::new(source) },
        })
    }
}

/// What one loading has left and has to say, subcharts included.
struct Loading {
    budget: Budget,
    log: Vec<String>,
}

/// What the files of one chart have given so far.
#[derive(Default)]
struct Parts {
    helm: HelmMajor,
    yaml: ParseLimits,
    draft: Option<MetadataDraft>,
    chart: Chart,
    subcharts: BTreeMap<String, Vec<File>>,
}

impl Parts {
    /// Reads `Chart.yaml` first, wherever it stands.
    fn chart_yaml(&mut self, files: &[File]) -> Result<(), ChartError> {
        for file in files.iter().filter(|f| f.name == "Chart.yaml") {
            let draft = self.draft.get_or_insert_with(MetadataDraft::default);
            draft
                .read(&file.data, self.helm, self.yaml)
                .map_err(|source| ChartError::Parse { file: "Chart.yaml", source })?;
            draft.default_api_version();
            self.chart.mod_time.clone_from(&file.mod_time);
        }
        Ok(())
    }

    /// Puts one file where it belongs.
    fn sort(&mut self, file: &File, log: &mut Vec<String>) -> Result<(), ChartError> {
        let failed = |file: &'static str| move |source| ChartError::Parse { file, source };
        match file.name.as_str() {
            "Chart.yaml" => {}
            "Chart.lock" => {
                self.chart.lock = decode::lock(&file.data, self.helm, self.yaml).map_err(failed("Chart.lock"))?;
            }
            "values.yaml" => {
                let values = parse_values_limited(&file.data, self.helm, self.yaml).map_err(failed("values.yaml"))?;
                self.chart.values = Some(Arc::new(values.into()));
            }
            "values.schema.json" => {
                self.chart.schema = Some(file.data.clone());
                self.chart.schema_mod_time.clone_from(&file.mod_time);
            }
            "requirements.yaml" => {
                let (helm, yaml) = (self.helm, self.yaml);
                let draft = self.old_style(
                    log,
                    "Warning: Dependencies are handled in Chart.yaml since apiVersion \"v2\". We recommend migrating dependencies to Chart.yaml.",
                );
                draft.read(&file.data, helm, yaml).map_err(failed("requirements.yaml"))?;
                self.keep_old_style(file);
            }
            "requirements.lock" => {
                self.chart.lock =
                    decode::lock(&file.data, self.helm, self.yaml).map_err(failed("requirements.lock"))?;
                self.old_style(
                    log,
                    "Warning: Dependency locking is handled in Chart.lock since apiVersion \"v2\". We recommend migrating to Chart.lock.",
                );
                self.keep_old_style(file);
            }
            name if name.starts_with("templates/") => self.chart.templates.push(file.clone()),
            name => match name.strip_prefix("charts/") {
                Some(inner) if extension(name) != ".prov" => {
                    let chart = inner.split('/').next().unwrap_or_default().to_owned();
                    let file = File { name: inner.to_owned(), ..file.clone() };
                    self.subcharts.entry(chart).or_default().push(file);
                }
                _ => self.chart.files.push(file.clone()),
            },
        }
        Ok(())
    }

    /// The metadata, with a warning when the chart's API version has no use for `requirements.*`.
    fn old_style(&mut self, log: &mut Vec<String>, warning: &str) -> &mut MetadataDraft {
        let draft = self.draft.get_or_insert_with(MetadataDraft::default);
        if draft.api_version() != "v1" {
            log.push(warning.to_owned());
        }
        draft
    }

    /// Keeps `requirements.*` among the files of a `v1` chart.
    fn keep_old_style(&mut self, file: &File) {
        if self.draft.as_ref().is_some_and(|d| d.api_version() == "v1") {
            self.chart.files.push(file.clone());
        }
    }
}

/// Go's `filepath.Ext`.
fn extension(name: &str) -> &str {
    let base = name.rfind('/').map_or(0, |i| i + 1);
    name[base..].rfind('.').map_or("", |dot| &name[base + dot..])
}

/// The values in a YAML text. Helm 4 merges all documents of the text, later ones winning; helm 3 reads the first only.
///
/// # Errors
/// The text is no YAML, or a document is no map.
pub fn parse_values(yaml: &[u8], helm: HelmMajor) -> Result<Values, DecodeError> {
    parse_values_limited(yaml, helm, ParseLimits::default())
}

/// As [`parse_values`], with other limits for each document.
///
/// # Errors
/// As [`parse_values`].
pub fn parse_values_limited(yaml: &[u8], helm: HelmMajor, limits: ParseLimits) -> Result<Values, DecodeError> {
    if helm == HelmMajor::Helm3 {
        return decode::values(yaml, limits);
    }
    let mut merged = Values::new();
    let documents: Result<Vec<_>, _> = Documents::new(yaml).collect();
    for document in documents.map_err(|BadSeparator(text)| DecodeError::Separator(text))? {
        let values =
            decode::values(&document, limits).map_err(|source| DecodeError::Document { source: Box::new(source) })?;
        merge(&mut merged, values);
    }
    Ok(merged)
}

/// Lays `over` onto `base`; tables that are in both are merged.
fn merge(base: &mut Values, over: Values) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Json::Object(inner)), Json::Object(value)) => merge(inner, value),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}
