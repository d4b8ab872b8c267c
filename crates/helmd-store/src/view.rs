//! What is in the store, as a repository shows it.

use crate::backend::Object;
use crate::error::StoreError;
use crate::names::{PROVENANCE, archive_file};
use bytes::Bytes;
use helmd_chart::GoTime;
use helmd_index::{ChartVersion, GetError, Index, Text};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// Where the archives are next to the index.
const FOLDER: &str = "charts/";
/// Where the repository is on the server. ChartMuseum's clients read it in the index and find the rest of the API by it.
pub const CONTEXT_PATH: &str = "/charts";

/// The charts of the store at one moment. It does not change: who holds one never sees half a change.
#[derive(Debug)]
pub struct View {
    /// The charts, their versions sorted.
    pub index: Index,
    /// By the file name that the index gives them.
    files: BTreeMap<String, Held>,
    signatures: BTreeSet<String>,
    rendered: OnceLock<Rendered>,
}

/// Where a version's archive lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The name of its file, which whoever uploaded it has chosen.
    pub file: String,
    /// The SHA-256 of its content, in hexadecimal digits.
    pub digest: Text,
    /// When it was written.
    pub modified: Option<GoTime>,
}

/// `index.yaml`.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The text.
    pub yaml: Bytes,
    /// Its digest, in hexadecimal digits.
    pub digest: String,
}

impl Default for View {
    /// Without charts.
    fn default() -> Self {
        View::new(std::iter::empty(), BTreeSet::new())
    }
}

impl View {
    /// Makes the index of these archives: each listed object with the chart that is in it, if one is.
    ///
    /// Of two archives of the same name and version the one counts whose file is called so, else the first.
    pub(crate) fn new<'a>(
        charts: impl Iterator<Item = (&'a Object, &'a ChartVersion)>,
        signatures: BTreeSet<String>,
    ) -> View {
        let mut files: BTreeMap<String, (Held, ChartVersion)> = BTreeMap::new();
        for (object, chart) in charts {
            let name = archive_file(&chart.name, &chart.version);
            if files.contains_key(&name) && object.name != name {
                continue;
            }
            let modified = object.modified.and_then(|(seconds, nanos)| GoTime::from_unix(seconds, nanos));
            let held = Held { file: object.name.clone(), digest: chart.digest.clone(), modified: modified.clone() };
            let url: Text = format!("{FOLDER}{name}").into();
            let mut chart = chart.clone();
            (chart.created, chart.urls) = (modified, vec![url].into());
            files.insert(name, (held, chart));
        }
        // The index is as new as its newest chart: replicas write the same one.
        let newest = files.values().filter_map(|(held, _)| held.modified.clone()).max_by_key(GoTime::unix);
        let mut index = Index::new(newest);
        let mut kept = BTreeMap::new();
        for (name, (held, chart)) in files {
            index.entries.entry(chart.name.to_string()).or_default().push(chart);
            kept.insert(name, held);
        }
        index.sort();
        View { index, files: kept, signatures, rendered: OnceLock::new() }
    }

    /// How many versions there are.
    #[must_use]
    pub fn versions(&self) -> usize {
        self.files.len()
    }

    /// Where the archive lies that the index calls so.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&Held> {
        self.files.get(name)
    }

    /// The file of the signature of an archive that the index calls `name`, if there is one.
    #[must_use]
    pub fn signature(&self, name: &str) -> Option<String> {
        let own = self.files.get(name).map(|held| format!("{}{PROVENANCE}", held.file));
        let named = format!("{name}{PROVENANCE}");
        [own, Some(named)].into_iter().flatten().find(|file| self.signatures.contains(file))
    }

    /// The version of a chart that is asked for, as [`Index::get`]; `latest` is the newest that is no prerelease, as for ChartMuseum.
    ///
    /// # Errors
    /// In Helm's words.
    pub fn version(&self, name: &str, version: &str) -> Result<&ChartVersion, GetError> {
        let version = if version == "latest" { "" } else { version };
        Ok(self.index.get(name, version)?.chart)
    }

    /// The index as Helm writes it, with the place of the API for ChartMuseum's clients. It is written once.
    ///
    /// # Errors
    /// When a text cannot be written.
    pub fn rendered(&self) -> Result<&Rendered, StoreError> {
        if let Some(rendered) = self.rendered.get() {
            return Ok(rendered);
        }
        let mut yaml = self.index.to_yaml().map_err(|e| StoreError::Index(e.to_string()))?;
        yaml.push_str("serverInfo:\n  contextPath: ");
        yaml.push_str(CONTEXT_PATH);
        yaml.push('\n');
        let digest = sha256(yaml.as_bytes());
        Ok(self.rendered.get_or_init(|| Rendered { yaml: yaml.into(), digest }))
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use helmd_chart::{HelmMajor, Metadata};

    fn object(name: &str, seconds: i64) -> Object {
        Object { name: name.to_owned(), stamp: String::new(), modified: Some((seconds, 0)) }
    }

    fn chart(name: &str, version: &str, digest: &str) -> ChartVersion {
        let yaml = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
        ChartVersion::new(Metadata::from_yaml(yaml.as_bytes(), HelmMajor::Helm4).unwrap(), "", digest, None)
    }

    #[test]
    fn an_index_has_each_version_once() {
        let held = [
            (object("a-1.0.0.tgz", 5), chart("a", "1.0.0", "11")),
            (object("a-2.0.0.tgz", 9), chart("a", "2.0.0", "22")),
            (object("another.tgz", 7), chart("a", "1.0.0", "33")),
            (object("b.tgz", 1), chart("b", "0.1.0+x", "44")),
        ];
        let signatures = ["a-2.0.0.tgz.prov".to_owned(), "b.tgz.prov".to_owned()].into();
        let view = View::new(held.iter().rev().map(|(o, c)| (o, c)), signatures);
        assert_eq!(view.versions(), 3);
        assert_eq!(view.file("a-1.0.0.tgz").unwrap().digest, "11".into());
        assert_eq!(view.file("b-0.1.0+x.tgz").unwrap().file, "b.tgz");
        assert_eq!(view.signature("b-0.1.0+x.tgz").as_deref(), Some("b.tgz.prov"));
        assert_eq!(view.signature("a-1.0.0.tgz"), None);
        assert_eq!(&*view.version("a", "latest").unwrap().version, "2.0.0");
        assert_eq!(view.version("a", "3").unwrap_err().to_string(), "no chart version found for a-3");
        let rendered = view.rendered().unwrap();
        let yaml = std::str::from_utf8(&rendered.yaml).unwrap();
        assert!(yaml.contains("generated: \"1970-01-01T00:00:09Z\""), "{yaml}");
        assert!(yaml.contains("- charts/b-0.1.0+x.tgz"));
        let loaded = Index::load(&rendered.yaml, HelmMajor::Helm3).unwrap();
        assert!(loaded.skipped.is_empty() && loaded.index.entries["a"].len() == 2);
    }
}
