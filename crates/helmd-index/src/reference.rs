//! What a chart's reference means: `repository/chart`, a URL, or something in a registry.

use crate::error::GetError;
use crate::index::{Index, Prereleases, Selected};
use crate::location::{self, LocationError};
use crate::oci;
use crate::repositories::Repository;
use gotmpl::strconv::quote;
use sprig::paths;
use sprig::url::Url;

/// Why a reference leads to no chart; the sentences are Helm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The text is no URL, or the index gives none for it.
    #[error("invalid chart URL format: {0}")]
    Url(String),
    /// There is no slash in it.
    #[error("non-absolute URLs should be in form of repo_name/path_to_chart, got: {0}")]
    NoRepository(String),
    /// Nobody has added the repository.
    #[error("repo {0} not found")]
    UnknownRepository(String),
    /// The repository has no URL.
    #[error("no URL found for repository {0}")]
    NoRepositoryUrl(String),
    /// The repository has no version that will do.
    #[error("chart {} matching {version} not found in {repository} index. (try 'helm repo update')", quote(.chart))]
    NotFound {
        /// The chart.
        chart: String,
        /// The version asked for; may be empty.
        version: String,
        /// The repository's name.
        repository: String,
        /// Why.
        source: GetError,
    },
    /// The repository at a URL has no version that will do.
    #[error("{} not found in {url} repository", described(.chart, .version))]
    NotAtUrl {
        /// The chart.
        chart: String,
        /// The version asked for; may be empty.
        version: String,
        /// The repository.
        url: String,
    },
    /// The index does not say where the version of `reference` is.
    #[error("chart {} has no downloadable URLs", quote(.0))]
    NoUrls(String),
    /// The index of a repository at a URL does not say where the version is.
    #[error("{} has no downloadable URLs", described(.chart, .version))]
    NoUrlsAtUrl {
        /// The chart.
        chart: String,
        /// The version asked for; may be empty.
        version: String,
    },
    /// The version's URL has no meaning.
    #[error("failed to make chart URL absolute")]
    Location {
        /// Why.
        source: LocationError,
    },
}

fn described(chart: &str, version: &str) -> String {
    match version {
        "" => format!("chart {}", quote(chart)),
        version => format!("chart {} version {}", quote(chart), quote(version)),
    }
}

/// Where a reference leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChartReference<'r> {
    /// To a registry: see [`oci::choose`].
    Oci,
    /// To an archive by its whole URL. Who owns the URL says [`owns`].
    Url,
    /// To a chart of a repository.
    InRepository {
        /// The repository.
        repository: &'r Repository,
        /// The chart's name there.
        chart: String,
    },
}

/// Tells where a reference leads.
///
/// # Errors
/// The reference is none, or names a repository that nobody has added.
pub fn locate<'r>(reference: &str, repositories: &'r [Repository]) -> Result<ChartReference<'r>, ReferenceError> {
    let url: Url = reference.parse().map_err(|_| ReferenceError::Url(reference.to_owned()))?;
    if oci::is_oci(&url.to_string()) {
        return Ok(ChartReference::Oci);
    }
    if url.is_absolute() && !url.host.is_empty() && !url.path.is_empty() {
        return Ok(ChartReference::Url);
    }
    let path = String::from_utf8_lossy(&url.path).into_owned();
    let Some((name, chart)) = path.split_once('/') else {
        return Err(ReferenceError::NoRepository(url.to_string()));
    };
    let found = repositories.iter().find(|repository| repository.name == name);
    let repository = found.ok_or_else(|| ReferenceError::UnknownRepository(name.to_owned()))?;
    if repository.url.is_empty() {
        return Err(ReferenceError::NoRepositoryUrl(name.to_owned()));
    }
    Ok(ChartReference::InRepository { repository, chart: chart.to_owned() })
}

/// Whether an index names this URL: then its repository's certificates and credentials are for it.
pub fn owns(index: &Index, url: &str) -> bool {
    index.urls().any(|known| location::equal(url, known))
}

/// A version of a chart, and where its archive is.
#[derive(Clone, Debug)]
pub struct Found<'i> {
    /// The version.
    pub selected: Selected<'i>,
    /// The archive's URL.
    pub url: String,
}

/// The version of a repository's chart that was asked for. `reference` is for messages.
///
/// # Errors
/// There is no such version, or it is nowhere.
pub fn find<'i>(
    index: &'i Index,
    repository: &Repository,
    (reference, chart): (&str, &str),
    (version, rules): (&str, Prereleases),
) -> Result<Found<'i>, ReferenceError> {
    let selected = index.get_by(rules, chart, version).map_err(|source| ReferenceError::NotFound {
        chart: chart.to_owned(),
        version: version.to_owned(),
        repository: repository.name.clone(),
        source,
    })?;
    let url = selected.chart.urls.first().ok_or_else(|| ReferenceError::NoUrls(reference.to_owned()))?;
    let invalid = |_| ReferenceError::Url(reference.to_owned());
    Ok(Found { selected, url: location::resolve(&repository.url, url).map_err(invalid)? })
}

/// As [`find`] in a repository that nobody has added: `--repo URL`.
///
/// # Errors
/// As [`find`], in other words.
pub fn find_at<'i>(
    index: &'i Index,
    repository_url: &str,
    chart: &str,
    (version, rules): (&str, Prereleases),
) -> Result<Found<'i>, ReferenceError> {
    let (chart_name, wanted) = (chart.to_owned(), version.to_owned());
    let Ok(selected) = index.get_by(rules, chart, version) else {
        let url = repository_url.to_owned();
        return Err(ReferenceError::NotAtUrl { chart: chart_name, version: wanted, url });
    };
    let Some(url) = selected.chart.urls.first() else {
        return Err(ReferenceError::NoUrlsAtUrl { chart: chart_name, version: wanted });
    };
    let url = location::resolve(repository_url, url).map_err(|source| ReferenceError::Location { source })?;
    Ok(Found { selected, url })
}

/// The file name of the archive at a URL; a registry's tag becomes the version in it. `None` for a reference without tag.
pub fn archive_file(url: &str) -> Option<String> {
    let parsed: Url = url.parse().ok()?;
    let name = String::from_utf8_lossy(paths::base(&parsed.path)).into_owned();
    if !oci::is_oci(url) {
        return Some(name);
    }
    let (chart, tag) = name.rsplit_once(':')?;
    Some(format!("{chart}-{tag}.tgz"))
}

/// The name or URL of the signature of an archive.
pub fn provenance_of(archive: &str) -> String {
    format!("{archive}.prov")
}

/// The digest in hexadecimal digits, without its algorithm.
pub fn digest_digits(digest: &str) -> &str {
    digest.split_once(':').map_or(digest, |(_, digits)| digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use helmd_chart::{HelmMajor, error_text};

    const INDEX: &str = "apiVersion: v1\nentries:\n  a:\n  - {name: a, version: 1.0.0, urls: [a-1.0.0.tgz]}\n  b:\n  - {name: b, version: 1.0.0}\n";

    fn repository(name: &str, url: &str) -> Repository {
        Repository { name: name.to_owned(), url: url.to_owned(), ..Repository::default() }
    }

    #[test]
    fn references_lead_somewhere() {
        let known = [repository("r", "http://h/c?t=1"), repository("empty", "")];
        let there = |reference: &str| match locate(reference, &known) {
            Ok(ChartReference::InRepository { repository, chart }) => format!("{} {chart}", repository.name),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(there("r/a/b"), "r a/b");
        assert_eq!(there("oci://h/a"), "Oci");
        assert_eq!(there("https://h/a.tgz"), "Url");
        assert_eq!(there("r/a%20b"), "r a b");
        assert_eq!(there("file:///a"), "repo  not found");
        assert_eq!(there("x/a"), "repo x not found");
        assert_eq!(there("empty/a"), "no URL found for repository empty");
        assert_eq!(there("a"), "non-absolute URLs should be in form of repo_name/path_to_chart, got: a");
        assert_eq!(there("%zz"), "invalid chart URL format: %zz");
    }

    #[test]
    fn versions_are_found_or_named() {
        let index = Index::load(INDEX.as_bytes(), HelmMajor::Helm4).unwrap().index;
        let r = repository("r", "http://h/c?t=1");
        assert_eq!(find(&index, &r, ("r/a", "a"), ("", Prereleases::Group)).unwrap().url, "http://h/c/a-1.0.0.tgz?t=1");
        let error = error_text(&find(&index, &r, ("r/a", "a"), ("2", Prereleases::Group)).unwrap_err());
        let want =
            "chart \"a\" matching 2 not found in r index. (try 'helm repo update'): no chart version found for a-2";
        assert_eq!(error, want);
        assert_eq!(
            find(&index, &r, ("r/b", "b"), ("", Prereleases::Group)).unwrap_err().to_string(),
            "chart \"r/b\" has no downloadable URLs"
        );
        let error = find_at(&index, "http://h", "a", ("2", Prereleases::Group)).unwrap_err().to_string();
        assert_eq!(error, "chart \"a\" version \"2\" not found in http://h repository");
    }

    #[test]
    fn archives_have_names() {
        assert_eq!(archive_file("http://h/c/a-1.tgz?x=1").as_deref(), Some("a-1.tgz"));
        assert_eq!(archive_file("oci://h/c/a:1.0.0+b").as_deref(), Some("a-1.0.0+b.tgz"));
        assert_eq!(provenance_of("a.tgz"), "a.tgz.prov");
        assert_eq!(digest_digits("sha256:12"), "12");
    }
}
