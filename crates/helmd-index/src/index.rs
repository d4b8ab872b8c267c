//! An index and its questions.

use crate::entry::{ChartVersion, Text};
use crate::error::{GetError, IndexError};
use crate::go_sort;
use crate::location;
use gotmpl::slog;
use helmd_chart::{GoTime, Metadata};
use helmd_semver::{Constraints, SemverError, Version};
use std::collections::{BTreeMap, BTreeSet};

/// The form of index that there is.
pub const API_VERSION: &str = "v1";

/// By which rules a constraint takes prereleases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prereleases {
    /// One condition that names a prerelease is enough for those that stand beside it: Helm 4, and Helm 3 since 3.18.
    #[default]
    Group,
    /// Each condition must name one: earlier Helms, which helm-wrapper links.
    Condition,
}

/// The charts of a repository.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Index {
    /// `v1`.
    pub api_version: String,
    /// When the index was made.
    pub generated: Option<GoTime>,
    /// The versions of each chart, the newest first once sorted.
    pub entries: BTreeMap<String, Vec<ChartVersion>>,
    /// Keys that the repository signs with; nobody reads them.
    pub public_keys: Vec<String>,
    /// Free fields for other programs.
    pub annotations: BTreeMap<String, String>,
}

/// What [`Index::get`] found.
#[derive(Clone, Copy, Debug)]
pub struct Selected<'i> {
    /// The version.
    pub chart: &'i ChartVersion,
    /// False when a single version was asked for, and one that equals it was taken for want of it: `1.2` for `1.2.0`.
    pub is_exact: bool,
}

impl Selected<'_> {
    /// Helm 4's log line where it takes another version than the one asked for.
    pub fn warning(&self, name: &str, version: &str) -> Option<String> {
        const MESSAGE: &str = "unable to find exact version requested; falling back to closest available version";
        let fields = [("chart", name), ("requested", version), ("selected", &self.chart.version)];
        (!self.is_exact).then(|| slog::record("WARN", MESSAGE, &fields))
    }
}

impl Index {
    /// An index without charts.
    pub fn new(generated: Option<GoTime>) -> Index {
        Index { api_version: API_VERSION.to_owned(), generated, ..Index::default() }
    }

    /// Adds a chart's archive. `base_url` is where the archive's folder will be; empty for next to the index.
    ///
    /// The index is not sorted afterwards.
    ///
    /// # Errors
    /// [`IndexError::Invalid`] for bad metadata.
    pub fn add(
        &mut self,
        mut metadata: Metadata,
        file: &str,
        base_url: &str,
        archive: (&str, Option<GoTime>),
    ) -> Result<(), IndexError> {
        if metadata.api_version.is_empty() {
            metadata.api_version = "v1".to_owned();
        }
        metadata.validate().map_err(|source| IndexError::Invalid { file: file.to_owned(), source })?;
        let url = if base_url.is_empty() {
            file.to_owned()
        } else {
            location::join_or_path(base_url, file.rsplit('/').next().unwrap_or(file))
        };
        let name = metadata.name.clone();
        let (digest, created) = archive;
        self.entries.entry(name).or_default().push(ChartVersion::new(metadata, &url, digest, created));
        Ok(())
    }

    /// Sorts the versions of each chart, the newest first.
    pub fn sort(&mut self) {
        self.entries.values_mut().for_each(sort_versions);
    }

    /// The version of a chart that was asked for: the one that is written so, else the first that fits, read as a constraint;
    /// for the empty text the newest that is no prerelease.
    ///
    /// # Errors
    /// In Helm's words.
    pub fn get(&self, name: &str, version: &str) -> Result<Selected<'_>, GetError> {
        self.get_by(Prereleases::Group, name, version)
    }

    /// As [`Index::get`], by these rules.
    ///
    /// # Errors
    /// As [`Index::get`].
    pub fn get_by(&self, rules: Prereleases, name: &str, version: &str) -> Result<Selected<'_>, GetError> {
        let versions = self.entries.get(name).ok_or(GetError::NoChartName)?;
        if versions.is_empty() {
            return Err(GetError::NoChartVersion);
        }
        let mut constraint = wanted(version)?;
        constraint.each_condition = rules == Prereleases::Condition;
        if !version.is_empty()
            && let Some(chart) = versions.iter().find(|v| *v.version == *version)
        {
            return Ok(Selected { chart, is_exact: true });
        }
        match versions.iter().find(|v| constraint.admits(&v.version)) {
            Some(chart) => Ok(Selected { chart, is_exact: version.is_empty() || is_range(version) }),
            None => Err(GetError::NoMatch { name: name.to_owned(), version: version.to_owned() }),
        }
    }

    /// Whether [`Index::get`] finds a version.
    pub fn has(&self, name: &str, version: &str) -> bool {
        self.get(name, version).is_ok()
    }

    /// Adds what `other` has and this index has not; of versions that equal each other the ones that are here stay.
    ///
    /// The index is not sorted afterwards.
    pub fn merge(&mut self, other: Index) {
        let mut known: BTreeMap<Text, Known> = BTreeMap::new();
        for version in other.entries.into_values().flatten() {
            let mine = self.entries.entry(version.name.to_string()).or_default();
            let known = known.entry(version.name.clone()).or_insert_with(|| Known::of(mine));
            if !known.has(&version.version) {
                known.add(&version.version);
                mine.push(version);
            }
        }
    }

    /// All URLs in the index, of all charts and versions.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.entries.values().flatten().flat_map(|version| version.urls.iter().map(|url| &**url))
    }

    /// The names of the charts, one a line: what Helm's shell completion reads.
    pub fn chart_list(&self) -> String {
        self.entries.keys().map(|name| format!("{name}\n")).collect()
    }
}

/// What [`Index::get`] needs of a chart's versions, for many questions in a row.
#[derive(Default)]
struct Known {
    texts: BTreeSet<Text>,
    parsed: Vec<Version>,
}

impl Known {
    fn of(versions: &[ChartVersion]) -> Known {
        let mut known = Known::default();
        versions.iter().for_each(|version| known.add(&version.version));
        known
    }

    fn add(&mut self, version: &Text) {
        self.texts.insert(version.clone());
        self.parsed.extend(Version::parse(version));
    }

    /// As [`Index::has`].
    fn has(&self, version: &str) -> bool {
        let Ok(constraint) = wanted(version) else { return false };
        (!version.is_empty() && self.texts.contains(version)) || self.parsed.iter().any(|v| constraint.check(v))
    }
}

/// The constraint that a version asked for means; the empty text means any version that is no prerelease.
pub(crate) fn wanted(version: &str) -> Result<Constraints, SemverError> {
    Constraints::parse(if version.is_empty() { "*" } else { version })
}

/// Whether a text asks for a range of versions and not for one.
fn is_range(version: &str) -> bool {
    if version.contains(['^', '~', '<', '>', '=', '!', '*']) || version.contains("||") || version.contains(" - ") {
        return true;
    }
    version.split(['-', '+']).next().unwrap_or_default().contains(['x', 'X'])
}

/// Sorts versions as Helm does, the newest first.
pub(crate) fn sort_versions(versions: &mut Vec<ChartVersion>) {
    let parsed: Vec<Option<Version>> = versions.iter().map(|v| Version::parse(&v.version).ok()).collect();
    let mut order: Vec<usize> = (0..versions.len()).collect();
    let parsed = |n: &usize| parsed.get(*n).and_then(Option::as_ref);
    // HELM: a version that cannot be read is less than any other, itself included. Reversed for the newest first.
    go_sort::sort(&mut order, |a, b| match (parsed(b), parsed(a)) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(b), Some(a)) => b.compare(a).is_lt(),
    });
    if order.is_sorted() {
        return;
    }
    let mut slots: Vec<Option<ChartVersion>> = std::mem::take(versions).into_iter().map(Some).collect();
    versions.extend(order.into_iter().filter_map(|n| slots.get_mut(n).and_then(Option::take)));
}
