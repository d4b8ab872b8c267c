//! Registries as repositories: an index made of what a registry has. For servers whose settings ask for it; helm knows no such
//! repositories.

use super::Repos;
use super::error::RepositoryError;
use super::resolve::ChartOptions;
use helmd_index::oci::{self, Reference, Target};
use helmd_index::repositories::Repository;
use helmd_registry::Registry;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Repositories of a registry that are looked at.
const MOST_CHARTS: usize = 2_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    api_version: &'static str,
    entries: BTreeMap<String, Vec<Entry>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    api_version: &'static str,
    name: String,
    version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    app_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    deprecated: bool,
    urls: [String; 1],
}

impl Repos {
    /// The index of a registry, or of a folder in one: of its catalog, or of the one chart that the URL names where the registry
    /// has no catalog. What a chart is about is asked for its newest version only.
    pub(super) async fn catalogued(
        &self,
        repository: &Repository,
        timeout: Duration,
    ) -> Result<Vec<u8>, RepositoryError> {
        let text = repository.url.strip_prefix(oci::SCHEME).unwrap_or(&repository.url).trim_end_matches('/');
        let (host, folder) = text.split_once('/').unwrap_or((text, ""));
        let options = ChartOptions { timeout: Some(timeout), ..ChartOptions::default() };
        let registry = self.registry(&self.options_of(repository, &options));
        let names = match registry.catalog(host).await {
            Ok(names) => names,
            Err(_) if !folder.is_empty() => vec![folder.to_owned()],
            Err(error) => return Err(error.into()),
        };
        let inside = |name: &&String| {
            folder.is_empty() || *name == folder || name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        let mut entries: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for name in names.iter().filter(inside).take(MOST_CHARTS) {
            let reference = Reference::parse(&format!("{host}/{name}")).map_err(helmd_registry::RegistryError::from)?;
            let found = versions(&registry, &reference).await?;
            if let Some(first) = found.first() {
                entries.entry(first.name.clone()).or_default().extend(found);
            }
        }
        let listing = Listing { api_version: "v1", entries };
        serde_json::to_vec(&listing).map_err(|e| RepositoryError::Io(e.to_string()))
    }
}

/// The versions of a chart, the newest first; none where the repository holds something else.
async fn versions(registry: &Registry, reference: &Reference) -> Result<Vec<Entry>, RepositoryError> {
    let tags = match registry.tags(reference).await {
        Ok(tags) => tags,
        // A repository whose tags were all deleted is still in the catalog.
        Err(error) if error.is_not_found() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let Some(newest) = tags.first() else { return Ok(Vec::new()) };
    let target = Target::Tag(oci::tag_of_version(newest));
    let Ok(metadata) = registry.metadata(&Reference { target, ..reference.clone() }).await else {
        return Ok(Vec::new());
    };
    let name = reference.repository.rsplit('/').next().unwrap_or_default();
    let entry = |version: String| Entry {
        api_version: "v2",
        name: name.to_owned(),
        app_version: if version == metadata.version { metadata.app_version.clone() } else { String::new() },
        description: metadata.description.clone(),
        deprecated: metadata.deprecated,
        urls: [format!("{}{}/{}:{version}", oci::SCHEME, reference.registry, reference.repository)],
        version,
    };
    Ok(tags.into_iter().map(entry).collect())
}
