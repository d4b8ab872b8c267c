//! Dependencies of a chart: which version of each will do, and the lock that says so.
//!
//! What is on disk and in registries comes through [`Source`]; the rest is computed here.

use crate::index::Index;
use crate::load::Loaded;
use crate::location;
use crate::oci;
use crate::repositories::Repository;
use gotmpl::strconv::quote;
use helmd_chart::{Dependency, GoTime, Lock, Slice};
use helmd_semver::{Constraints, SemverError, Version};
use sha2::{Digest, Sha256};
use sprig::url::Url;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// What a repository of a local chart begins with.
pub const FILE: &str = "file://";

/// The names of cached indexes of repositories that nobody has added begin so.
pub const UNMANAGED: &str = "helm-manager-";

/// What resolution asks of the outside. Errors are whole sentences.
pub trait Source {
    /// The version of the chart in a folder: a path below the parent chart, or the path behind `file://`.
    ///
    /// # Errors
    /// There is no such folder, or no chart in it.
    fn local_version(&mut self, path: &str) -> Result<String, String>;

    /// Whether there is something at a path below the parent chart, or behind `file://`.
    ///
    /// # Errors
    /// There is not.
    fn has_local(&mut self, path: &str) -> Result<(), String>;

    /// The cached index of a repository.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    fn index(&mut self, name: &str) -> Result<Arc<Loaded>, String>;

    /// The versions of a chart in a registry, the newest first; `reference` is without `oci://`.
    ///
    /// # Errors
    /// The registry gave none.
    fn versions(&mut self, reference: &str) -> Result<Vec<String>, String>;
}

/// Why dependencies cannot be resolved; the sentences are Helm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DependencyError {
    /// A dependency's version is no constraint.
    #[error("dependency {} has an invalid version/constraint format", quote(.name))]
    Constraint {
        /// The dependency.
        name: String,
        /// Why.
        source: SemverError,
    },
    /// What is on disk or in a registry.
    #[error("{0}")]
    Source(String),
    /// A repository's index is not in the cache.
    #[error("no cached repository for {name} found. (try 'helm repo update'): {reason}")]
    NoIndex {
        /// The repository's name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The repository has no such chart.
    #[error("{name} chart not found in repo {repository}")]
    NoChart {
        /// The dependency.
        name: String,
        /// Where it should be.
        repository: String,
    },
    /// A registry does not tell its tags.
    #[error("could not retrieve list of tags for repository {repository}: {reason}")]
    NoTags {
        /// The repository.
        repository: String,
        /// Why.
        reason: String,
    },
    /// No version will do.
    #[error(
        "can't get a valid version for {count} subchart(s): {list}. Make sure a matching chart version exists in the repo, or change the version constraint in Chart.yaml"
    )]
    Missing {
        /// How many dependencies.
        count: usize,
        /// Which ones.
        list: String,
    },
    /// Repositories that nobody has added.
    #[error("no repository definition for {list}. Please add them via 'helm repo add'{hint}")]
    NoRepository {
        /// Their texts.
        list: String,
        /// What else to say.
        hint: &'static str,
    },
}

/// The version of each dependency that will do: the newest that fits. `names` has the repository's name for each
/// dependency's name, as [`repository_names`] gives it.
///
/// # Errors
/// In Helm's words.
pub fn resolve(
    dependencies: &[Dependency],
    names: &BTreeMap<String, String>,
    source: &mut dyn Source,
) -> Result<Vec<Dependency>, DependencyError> {
    let mut locked = Vec::with_capacity(dependencies.len());
    let mut missing = Vec::new();
    for wanted in dependencies {
        let Dependency { name, repository, version, .. } = wanted;
        let constraint =
            Constraints::parse(version).map_err(|source| DependencyError::Constraint { name: name.clone(), source })?;
        match pick(wanted, &constraint, names, source)? {
            Some(version) => {
                let (name, repository) = (name.clone(), repository.clone());
                locked.push(Dependency { name, repository, version, ..Dependency::default() });
            }
            None => {
                missing.push(format!("{} (repository {}, version {})", quote(name), quote(repository), quote(version)));
            }
        }
    }
    if !missing.is_empty() {
        return Err(DependencyError::Missing { count: missing.len(), list: missing.join(", ") });
    }
    Ok(locked)
}

/// The version of one dependency; `None` when there is none that fits.
fn pick(
    wanted: &Dependency,
    constraint: &Constraints,
    names: &BTreeMap<String, String>,
    source: &mut dyn Source,
) -> Result<Option<String>, DependencyError> {
    let Dependency { name, repository, version, .. } = wanted;
    if repository.is_empty() {
        source.has_local(&format!("charts/{name}")).map_err(DependencyError::Source)?;
        return Ok(Some(version.clone()));
    }
    if repository.starts_with(FILE) {
        let version = source.local_version(repository).map_err(DependencyError::Source)?;
        return Ok(Some(version).filter(|version| constraint.admits(version)));
    }
    let repository_name = names.get(name).map(String::as_str).unwrap_or_default();
    if repository_name.is_empty() {
        return Ok(Some(version.clone()));
    }
    if oci::is_oci(repository) {
        // HELM: a version by itself is taken as it is, whatever there is.
        if Version::parse(version).is_ok() {
            return Ok(Some(version.clone()));
        }
        let reference = format!("{}/{name}", repository.strip_prefix(oci::SCHEME).unwrap_or(repository));
        let versions = source
            .versions(&reference)
            .map_err(|reason| DependencyError::NoTags { repository: repository.clone(), reason })?;
        // HELM: without a version that fits, the constraint itself is written down.
        return Ok(Some(versions.into_iter().find(|v| constraint.admits(v)).unwrap_or_else(|| version.clone())));
    }
    let loaded = source
        .index(repository_name)
        .map_err(|reason| DependencyError::NoIndex { name: repository_name.to_owned(), reason })?;
    let versions = loaded
        .index
        .entries
        .get(name)
        .ok_or_else(|| DependencyError::NoChart { name: name.clone(), repository: repository.clone() })?;
    let found = versions.iter().find(|v| !v.urls.is_empty() && constraint.admits(&v.version));
    Ok(found.map(|v| v.version.to_string()))
}

/// The lock of resolved dependencies.
pub fn lock(wanted: &Slice<Dependency>, locked: Vec<Dependency>, generated: Option<GoTime>) -> Lock {
    let dependencies = Slice::from(locked);
    Lock { generated, digest: digest(wanted, &dependencies), dependencies }
}

/// The digest of a lock: it changes when what is wanted or what is locked does.
pub fn digest(wanted: &Slice<Dependency>, locked: &Slice<Dependency>) -> String {
    hash(&gotmpl::json::to_string(&[wanted, locked]).unwrap_or_default())
}

/// The digest that Helm 2 wrote.
pub fn helm2_digest(wanted: &Slice<Dependency>) -> String {
    hash(&gotmpl::json::to_string(&BTreeMap::from([("dependencies", wanted)])).unwrap_or_default())
}

fn hash(text: &str) -> String {
    format!("sha256:{}", hex(text))
}

fn hex(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _written = write!(hex, "{byte:02x}");
        hex
    })
}

/// The name under which the index of a repository that nobody has added is cached.
pub fn unmanaged_name(repository: &str) -> String {
    format!("{UNMANAGED}{}", hex(repository))
}

/// The name of the repository of each dependency, by the dependency's name; `@name` and `alias:name` become URLs.
///
/// Dependencies in `charts/` have none, those in folders and registries have their URL, and a URL that nobody has added is
/// there under itself. `has_local` says that a folder is there.
///
/// # Errors
/// A folder is missing, or a repository is neither known nor a URL.
pub fn repository_names(
    dependencies: &mut [Dependency],
    repositories: &[Repository],
    has_local: &mut dyn FnMut(&str) -> Result<(), String>,
) -> Result<BTreeMap<String, String>, DependencyError> {
    let mut names = BTreeMap::new();
    let mut missing: Vec<String> = Vec::new();
    for dependency in dependencies {
        let wanted = &dependency.repository.clone();
        if wanted.is_empty() {
            continue;
        }
        if wanted.starts_with(FILE) {
            has_local(wanted).map_err(DependencyError::Source)?;
        }
        if wanted.starts_with(FILE) || oci::is_oci(wanted) {
            names.insert(dependency.name.clone(), wanted.to_owned());
            continue;
        }
        let alias = wanted.strip_prefix('@').or_else(|| wanted.strip_prefix("alias:"));
        let is_it = |r: &&Repository| alias == Some(r.name.as_str()) || location::equal(&r.url, wanted);
        if let Some(repository) = repositories.iter().find(is_it) {
            names.insert(dependency.name.clone(), repository.name.clone());
            if alias == Some(repository.name.as_str()) {
                dependency.repository.clone_from(&repository.url);
            }
        } else if Url::of_request(wanted).is_some() {
            names.insert(wanted.to_owned(), wanted.to_owned());
        } else {
            missing.push(wanted.to_owned());
        }
    }
    if missing.is_empty() {
        return Ok(names);
    }
    let is_word = |text: &String| !text.contains("//") && !text.starts_with('@') && !text.starts_with("alias:");
    let hint = if missing.iter().any(is_word) { HINT } else { "" };
    Err(DependencyError::NoRepository { list: missing.join(", "), hint })
}

/// What Helm says to those who write `stable` for a URL.
const HINT: &str = "
Note that repositories must be URLs or aliases. For example, to refer to the \"example\"
repository, use \"https://charts.example.com/\" or \"@example\" instead of
\"example\". Don't forget to add the repo, too ('helm repo add').";

/// The repositories of locked dependencies that nobody has added.
pub fn unknown_repositories<'d>(locked: &'d [Dependency], repositories: &[Repository]) -> Vec<&'d str> {
    let is_remote = |wanted: &&str| !wanted.is_empty() && !wanted.starts_with(FILE) && !oci::is_oci(wanted);
    let is_unknown = |wanted: &&str| {
        let wanted = wanted.strip_suffix('/').unwrap_or(wanted);
        !repositories.iter().any(|repository| location::equal(&repository.url, wanted))
    };
    locked.iter().map(|d| d.repository.as_str()).filter(is_remote).filter(is_unknown).collect()
}

/// The URL of a locked version in an index; `None` when the index does not have it with a URL.
pub fn versioned_url<'i>(index: &'i Index, name: &str, version: &str) -> Option<&'i str> {
    let is_it = |text: &str| match (Version::parse(version), Version::parse(text)) {
        (Err(_), _) => version == text,
        (Ok(wanted), Ok(found)) => wanted.compare(&found).is_eq(),
        (Ok(_), Err(_)) => false,
    };
    let versions = index.entries.get(name)?;
    let found = versions.iter().find(|v| !v.urls.is_empty() && (version.is_empty() || is_it(&v.version)))?;
    found.urls.first().map(|url| &**url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dependency(name: &str, version: &str, repository: &str) -> Dependency {
        let (name, version, repository) = (name.to_owned(), version.to_owned(), repository.to_owned());
        Dependency { name, version, repository, ..Dependency::default() }
    }

    struct Outside;

    impl Source for Outside {
        fn local_version(&mut self, path: &str) -> Result<String, String> {
            if path == "file://../a" { Ok("1.5.0".to_owned()) } else { Err(format!("directory {path} not found")) }
        }
        fn has_local(&mut self, path: &str) -> Result<(), String> {
            self.local_version(path).map(drop)
        }
        fn index(&mut self, _: &str) -> Result<Arc<Loaded>, String> {
            let text = "apiVersion: v1\nentries:\n  b:\n  - {name: b, version: 2.0.0}\n  - {name: b, version: 1.2.0+x, urls: [b]}\n";
            Index::load(text.as_bytes(), helmd_chart::HelmMajor::Helm4).map(Arc::new).map_err(|e| e.to_string())
        }
        fn versions(&mut self, reference: &str) -> Result<Vec<String>, String> {
            if reference == "r/x/c" { Ok(vec!["3.1.0".to_owned(), "3.0.0".to_owned()]) } else { Err("gone".to_owned()) }
        }
    }

    #[test]
    fn the_newest_version_that_fits_is_locked() {
        let mut wanted = [
            dependency("a", "^1", "file://../a"),
            dependency("b", ">=1", "@repo"),
            dependency("c", "~3.0", "oci://r/x"),
        ];
        let repository = Repository { name: "repo".to_owned(), url: "http://r/".to_owned(), ..Repository::default() };
        let names = repository_names(&mut wanted, &[repository], &mut |_| Ok(())).unwrap();
        let locked = resolve(&wanted, &names, &mut Outside).unwrap();
        let versions: Vec<&str> = locked.iter().map(|d| d.version.as_str()).collect();
        assert_eq!((versions, locked[1].repository.as_str()), (vec!["1.5.0", "1.2.0+x", "3.0.0"], "http://r/"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let names = BTreeMap::from([("b".to_owned(), "repo".to_owned())]);
        let wanted = [dependency("b", "^9", "http://r"), dependency("a", "2", "file://../a")];
        let error = resolve(&wanted, &names, &mut Outside).unwrap_err().to_string();
        assert!(error.starts_with(
            "can't get a valid version for 2 subchart(s): \"b\" (repository \"http://r\", version \"^9\"), \"a\" (repo"
        ));
        let mut wanted = [dependency("a", "1", "stable"), dependency("b", "1", "@x")];
        let error = repository_names(&mut wanted, &[], &mut |_| Ok(())).unwrap_err().to_string();
        assert!(
            error.starts_with("no repository definition for stable, @x. Please add them via 'helm repo add'\nNote")
        );
    }

    #[test]
    fn digests_are_helm_s() {
        // What helm 4.3.1 computes.
        let wanted = Slice::from(vec![dependency("common", "2.x.x", "https://charts.example.com/a&b")]);
        let locked = Slice::from(vec![dependency("common", "2.4.0", "https://charts.example.com/a&b")]);
        assert_eq!(digest(&wanted, &locked), DIGEST);
        assert_eq!(helm2_digest(&wanted), HELM2);
    }

    const DIGEST: &str = "sha256:ecaf7c5fb919fb9d8325cfaef723658fef892307ab22d065c12ef2f67a32c8a8";
    const HELM2: &str = "sha256:9a817116e56aff16da1b0c84795a45f7486027facbda5eba8f15bf8c98ffa7c1";
}
