//! Reading `index.yaml`.
//!
//! Indexes are large (25 MB are seen in the wild), so one in the usual layout is never held as a whole in any form but its
//! text: it is cut where a chart begins, and each piece is parsed, decoded and packed before the next. What is not in that
//! layout, and everything that is wrong, goes the general way, whose errors count lines from the top.

use crate::decode::{self, Head, Language, VersionDraft};
use crate::entry::ChartVersion;
use crate::error::IndexError;
use crate::index::{Index, sort_versions};
use crate::load::pieces::Pieces;
use crate::search::Texts;
use gotmpl::slog;
use gotmpl::strconv::quote;
use helmd_chart::{DecodeError, HelmMajor};
use helmd_yaml::Numbers;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::OnceLock;

mod json;
mod lines;
mod pieces;
#[cfg(test)]
mod tests;

/// An index, and what was left out of it.
#[derive(Debug)]
pub struct Loaded {
    /// The index, its versions sorted.
    pub index: Index,
    /// What Helm would log, in order of charts.
    pub skipped: Vec<Skipped>,
    texts: OnceLock<Texts>,
}

impl Loaded {
    pub(crate) fn new(index: Index, skipped: Vec<Skipped>) -> Loaded {
        Loaded { index, skipped, texts: OnceLock::new() }
    }

    /// The texts of the index as it is when they are asked for first; they are kept.
    pub fn texts(&self) -> &Texts {
        self.texts.get_or_init(|| Texts::of(&self.index))
    }

    /// The lines that Helm logs; `source` is the file or URL of the index.
    pub fn logged(&self, source: &str, helm: HelmMajor) -> Vec<String> {
        self.skipped.iter().map(|skipped| skipped.logged(source, helm)).collect()
    }
}

/// A version that is not fit to be in an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The chart's name in the index.
    pub chart: String,
    /// The version and what is wrong with it; `None` for a null.
    pub fault: Option<(String, String)>,
}

impl Skipped {
    /// As [`Skipped::text`]; Helm 3's log has the place in its source before it.
    pub fn logged(&self, source: &str, helm: HelmMajor) -> String {
        let text = self.text(source, helm);
        match (helm, &self.fault) {
            (HelmMajor::Helm4, _) => text,
            (HelmMajor::Helm3, None) => format!("index.go:359: {text}"),
            (HelmMajor::Helm3, Some(_)) => format!("index.go:371: {text}"),
        }
    }

    /// Helm's line for the log; `source` is the file or URL of the index.
    pub fn text(&self, source: &str, helm: HelmMajor) -> String {
        let (chart, message) = (self.chart.as_str(), "skipping loading invalid entry for chart");
        match (&self.fault, helm) {
            (None, HelmMajor::Helm3) => format!("{message} {} from {source}: empty entry", quote(chart)),
            (None, HelmMajor::Helm4) => {
                slog::record("WARN", &format!("{message}: empty entry"), &[("name", chart), ("source", source)])
            }
            (Some((version, error)), HelmMajor::Helm3) => {
                format!("{message} {} {} from {source}: {error}", quote(chart), quote(version))
            }
            (Some((version, error)), HelmMajor::Helm4) => {
                let fields = [("name", chart), ("version", version), ("source", source), ("error", error)];
                slog::record("WARN", message, &fields)
            }
        }
    }
}

impl Index {
    /// Reads an index in YAML or JSON. Versions with bad metadata are left out; the rest is sorted, the newest first.
    ///
    /// # Errors
    /// In Helm's words, as they stand behind `error loading FILE: `.
    pub fn load(bytes: &[u8], helm: HelmMajor) -> Result<Loaded, IndexError> {
        if bytes.is_empty() {
            return Err(IndexError::Empty);
        }
        let builder = match in_pieces(bytes, helm) {
            Some(builder) => builder,
            None => as_a_whole(bytes, helm)?,
        };
        builder.finish()
    }
}

/// The usual layouts.
fn in_pieces(bytes: &[u8], helm: HelmMajor) -> Option<Builder> {
    let mut builder = Builder::new(helm);
    if bytes.trim_ascii_start().starts_with(b"{") {
        builder.language = Language::Json;
        json::read(bytes, &mut builder)?;
        return Some(builder);
    }
    let pieces = Pieces::of(std::str::from_utf8(bytes).ok()?)?;
    let parse = |text: &str| helmd_yaml::parse_strict(text.as_bytes(), Numbers::Yaml).ok();
    // What stands before the entries must make sense without them.
    parse(pieces.before)?;
    let head = parse(&[pieces.before, pieces.after].concat())?;
    builder.head = decode::head(&head, Language::Yaml, helm)?;
    for piece in pieces.charts() {
        let piece = piece?;
        let mut versions = Versions::default();
        let mut read = |json| {
            let draft = decode::version(&json, Language::Yaml, helm).ok()?;
            versions.add(draft);
            Some(())
        };
        if let Some(chart) = lines::chart(piece, &mut read) {
            builder.add(chart, versions)?;
            continue;
        }
        for (chart, versions) in parse(piece)?.as_object()? {
            let versions = match versions {
                Json::Null => &[],
                versions => versions.as_array()?.as_slice(),
            };
            builder.chart(chart, versions)?;
        }
    }
    Some(builder)
}

/// Any layout, and all errors.
fn as_a_whole(bytes: &[u8], helm: HelmMajor) -> Result<Builder, IndexError> {
    let mut builder = Builder::new(helm);
    let (head, drafts) = if let Ok(json) = gotmpl::json::parse(bytes) {
        decode::index(&json, Language::Json, helm).map_err(|error| match error {
            DecodeError::Json(text) => IndexError::Json(text),
            error => IndexError::Decode(error),
        })?
    } else {
        let json = helmd_yaml::parse_strict(bytes, Numbers::Yaml).map_err(DecodeError::Yaml)?;
        decode::index(&json, Language::Yaml, helm)?
    };
    builder.head = head;
    for (chart, drafts) in drafts {
        let mut versions = Versions::default();
        drafts.into_iter().for_each(|draft| versions.add(draft));
        builder.add(&chart, versions);
    }
    Ok(builder)
}

/// An index in the making.
struct Builder {
    helm: HelmMajor,
    language: Language,
    head: Head,
    entries: BTreeMap<String, Vec<ChartVersion>>,
    skipped: BTreeMap<String, Vec<Skipped>>,
}

impl Builder {
    fn new(helm: HelmMajor) -> Builder {
        let (head, entries, skipped) = (Head::default(), BTreeMap::new(), BTreeMap::new());
        Builder { helm, language: Language::Yaml, head, entries, skipped }
    }

    /// Adds a chart from its parsed versions; `None` when there is an error, or when the chart was there before.
    fn chart(&mut self, chart: &str, list: &[Json]) -> Option<()> {
        let mut versions = Versions::default();
        for json in list {
            versions.add(decode::version(json, self.language, self.helm).ok()?);
        }
        self.add(chart, versions)
    }

    /// Adds a chart; `None` when it was there before.
    fn add(&mut self, chart: &str, versions: Versions) -> Option<()> {
        if self.entries.contains_key(chart) {
            return None;
        }
        let Versions { mut good, faults } = versions;
        // HELM: Helm goes through the versions from the last one to the first.
        let skipped: Vec<_> =
            faults.into_iter().rev().map(|fault| Skipped { chart: chart.to_owned(), fault }).collect();
        if !skipped.is_empty() {
            self.skipped.insert(chart.to_owned(), skipped);
        }
        sort_versions(&mut good);
        good.shrink_to_fit();
        self.entries.insert(chart.to_owned(), good);
        Some(())
    }

    fn finish(self) -> Result<Loaded, IndexError> {
        let Head { api_version, generated, public_keys, annotations } = self.head;
        if api_version.is_empty() {
            return Err(IndexError::NoApiVersion);
        }
        let index = Index { api_version, generated, entries: self.entries, public_keys, annotations };
        Ok(Loaded::new(index, self.skipped.into_values().flatten().collect()))
    }
}

/// The versions of a chart in the making.
#[derive(Default)]
struct Versions {
    good: Vec<ChartVersion>,
    faults: Vec<Option<(String, String)>>,
}

impl Versions {
    fn add(&mut self, draft: Option<VersionDraft>) {
        match checked(draft) {
            Ok(mut version) => {
                if let Some(last) = self.good.last() {
                    version.share_with(last);
                }
                self.good.push(version);
            }
            Err(fault) => self.faults.push(fault),
        }
    }
}

/// The version, or what is wrong with it.
fn checked(draft: Option<VersionDraft>) -> Result<ChartVersion, Option<(String, String)>> {
    let VersionDraft { mut metadata, extras } = draft.ok_or(None)?;
    metadata.default_api_version();
    let version = metadata.fields_as_written().version.clone();
    let metadata = metadata.validate_for_index().map_err(|error| Some((version, error.to_string())))?;
    Ok(ChartVersion::from_parts(metadata, extras))
}
