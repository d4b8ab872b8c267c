//! `Chart.yaml` and `Chart.lock`: the fields, and what makes them valid.

use crate::chart::null_as_default as null;
use crate::decode::MetadataDraft;
use crate::error::{ChartError, ValidationError};
use crate::go_time::{self, GoTime};
use crate::slice::Slice;
use crate::unknown::Unknown;
use crate::{DecodeError, HelmMajor};
use gotmpl::strconv::quote;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Who maintains a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Maintainer {
    /// A person or an organisation.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where to write to.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// Where to read about them.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// The fields of `Chart.yaml`, in the order in which Go writes them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// The chart's name. Required.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The project's page.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub home: String,
    /// Where the source code is.
    #[serde(deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// The chart's version. Required.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// One sentence on the chart.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Words to find the chart by.
    #[serde(deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// Who maintains it.
    #[serde(deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub maintainers: Vec<Maintainer>,
    /// The URL of an icon.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub icon: String,
    /// `v1` or `v2` (other texts pass, as in Helm). Required.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// The path of a boolean that enables the chart.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// Tags that enable the chart.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub tags: String,
    /// The version of what the chart installs.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub app_version: String,
    /// Whether the chart should no longer be used.
    #[serde(deserialize_with = "null", skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// Free fields for other programs.
    #[serde(deserialize_with = "null", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Which versions of Kubernetes will do, as a version constraint.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub kube_version: String,
    /// The charts that this one wants. Nil where `Chart.yaml` does not say: Helm then leaves the subcharts alone.
    #[serde(skip_serializing_if = "no_elements")]
    pub dependencies: Slice<Dependency>,
    /// `application`, `library` or empty.
    #[serde(rename = "type", deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub chart_type: String,
    /// What a record has besides; nothing for metadata that comes from `Chart.yaml`.
    #[serde(skip)]
    pub unknown: Unknown,
}

fn no_elements<T>(slice: &Slice<T>) -> bool {
    slice.is_empty()
}

/// A chart that another one wants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dependency {
    /// The name in the wanted chart's `Chart.yaml` (the alias after dependency processing).
    #[serde(deserialize_with = "null")]
    pub name: String,
    /// A version or a version constraint.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The URL of the repository, or a `file://` path.
    #[serde(deserialize_with = "null")]
    pub repository: String,
    /// Paths in the values, comma separated; the first that is a boolean enables or disables the chart.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// Names in the `tags` table of the values.
    #[serde(deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether the chart is used; set by dependency processing.
    #[serde(deserialize_with = "null", skip_serializing_if = "std::ops::Not::not")]
    pub enabled: bool,
    /// Which of its values the parent takes over: texts, or tables with `child` and `parent`.
    #[serde(rename = "import-values", deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub import_values: Vec<Json>,
    /// The name under which the chart is used.
    #[serde(deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub alias: String,
}

/// The versions that `helm dependency update` found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lock {
    /// When it was written.
    #[serde(with = "go_time::or_zero")]
    pub generated: Option<GoTime>,
    /// The hash of the dependencies in `Chart.yaml`.
    #[serde(deserialize_with = "null")]
    pub digest: String,
    /// One exact version for each dependency.
    pub dependencies: Slice<Dependency>,
}

impl Metadata {
    /// The metadata in `Chart.yaml`'s text, as it stands there: not validated.
    ///
    /// # Errors
    /// The text is no YAML, or a field has the wrong type; in the words of Go's decoder.
    pub fn parse(yaml: &[u8], helm: HelmMajor) -> Result<MetadataDraft, DecodeError> {
        let mut draft = MetadataDraft::default();
        draft.read(yaml, helm, helmd_yaml::ParseLimits::default())?;
        Ok(draft)
    }

    /// As [`Metadata::parse`], but keys that are set twice and fields that nobody knows are errors.
    ///
    /// # Errors
    /// As [`Metadata::parse`].
    pub fn parse_strict(yaml: &[u8], helm: HelmMajor) -> Result<MetadataDraft, DecodeError> {
        let mut draft = MetadataDraft::default();
        draft.read_strict(yaml, helm)?;
        Ok(draft)
    }

    /// The metadata in `Chart.yaml`'s text, valid and sanitised.
    ///
    /// # Errors
    /// As [`Metadata::parse`] and [`Metadata::validate`].
    pub fn from_yaml(yaml: &[u8], helm: HelmMajor) -> Result<Metadata, ChartError> {
        Ok(Metadata::parse(yaml, helm)?.validate()?)
    }

    /// True for a chart that only offers templates to others (in any case of letters).
    pub fn is_library(&self) -> bool {
        self.chart_type.eq_ignore_ascii_case("library")
    }

    /// Checks the fields; white space becomes blanks, unprintable characters go.
    ///
    /// # Errors
    /// The first rule that is broken, in Helm's words.
    pub fn validate(&mut self) -> Result<(), ValidationError> {
        self.validate_fields()?;
        self.maintainers.iter_mut().for_each(Maintainer::sanitize);
        let mut names = BTreeSet::new();
        self.dependencies.iter_mut().try_for_each(|dependency| {
            dependency.validate()?;
            dependency.take_name(&mut names)
        })
    }

    /// Checks everything but the lists of maintainers and dependencies.
    pub(crate) fn validate_fields(&mut self) -> Result<(), ValidationError> {
        self.sanitize();
        let failed = |text: String| Err(ValidationError(text));
        if self.api_version.is_empty() {
            return failed("chart.metadata.apiVersion is required".into());
        }
        if self.name.is_empty() {
            return failed("chart.metadata.name is required".into());
        }
        if self.name == "." || self.name == ".." {
            return failed(format!("chart.metadata.name {} is not allowed", quote(&self.name)));
        }
        // HELM: the base name of "/" is "/", so that passes.
        if self.name.contains('/') && self.name != "/" {
            return failed(format!("chart.metadata.name {} is invalid", quote(&self.name)));
        }
        if self.version.is_empty() {
            return failed("chart.metadata.version is required".into());
        }
        if helmd_semver::Version::parse(&self.version).is_err() {
            return failed(format!("chart.metadata.version {} is invalid", quote(&self.version)));
        }
        if !matches!(self.chart_type.as_str(), "" | "application" | "library") {
            return failed("chart.metadata.type must be application or library".into());
        }
        Ok(())
    }

    fn sanitize(&mut self) {
        let texts = [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ];
        texts.into_iter().chain(&mut self.sources).chain(&mut self.keywords).for_each(sanitize);
    }
}

impl Maintainer {
    pub(crate) fn sanitize(&mut self) {
        [&mut self.name, &mut self.email, &mut self.url].into_iter().for_each(sanitize);
    }
}

impl Dependency {
    /// The name under which the chart is used: the alias, or else the name.
    pub fn used_name(&self) -> &str {
        if self.alias.is_empty() { &self.name } else { &self.alias }
    }

    /// Checks the dependency by itself.
    pub(crate) fn validate(&mut self) -> Result<(), ValidationError> {
        let texts = [&mut self.name, &mut self.version, &mut self.repository, &mut self.condition];
        texts.into_iter().chain(&mut self.tags).for_each(sanitize);
        if !self.alias.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-') {
            let name = quote(&self.name);
            return Err(ValidationError(format!("dependency {name} has disallowed characters in the alias")));
        }
        Ok(())
    }

    /// Checks that no dependency before it has its name; those are in `names`.
    pub(crate) fn take_name(&self, names: &mut BTreeSet<String>) -> Result<(), ValidationError> {
        if !names.insert(self.used_name().to_owned()) {
            let name = quote(self.used_name());
            return Err(ValidationError(format!("more than one dependency with name or alias {name}")));
        }
        Ok(())
    }
}

/// Makes white space blanks and drops what Go's `unicode.IsPrint` calls unprintable.
fn sanitize(text: &mut String) {
    // In blocks without a way out of them, which are checked many bytes at a time.
    if text.as_bytes().chunks(64).all(|block| block.iter().fold(true, |all, c| all & matches!(c, b' '..=b'~'))) {
        return;
    }
    *text = text
        .chars()
        .filter_map(|c| match c {
            '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}' => Some(' '),
            '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
                Some(' ')
            }
            c => gotmpl::strconv::is_print(u32::from(c)).then_some(c),
        })
        .collect();
}
