//! References to charts in OCI registries, as Helm and oras-go read them.

use crate::go_sort;
use crate::index::wanted;
use gotmpl::strconv::quote;
use helmd_semver::{SemverError, Version};
use sprig::regex::GoRegex;
use sprig::url::Url;
use std::fmt;

/// What the URL of a chart in a registry begins with.
pub const SCHEME: &str = "oci://";

/// Whether a text is the URL of something in a registry.
pub fn is_oci(url: &str) -> bool {
    url.starts_with(SCHEME)
}

/// The host that such a URL names, with its port; nothing where it is none.
pub fn host(url: &str) -> Option<&str> {
    let host = url.strip_prefix(SCHEME)?.split('/').next()?;
    (!host.is_empty()).then_some(host)
}

/// Why a text is no reference; the words are oras-go's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// There is no slash in it.
    #[error("invalid reference: missing registry or repository")]
    NoRepository,
    /// The part before the first slash is no host.
    #[error("invalid reference: invalid registry {}", quote(.0))]
    Registry(String),
    /// The path has other characters than a repository may have.
    #[error("invalid reference: invalid repository {}", quote(.0))]
    Repository(String),
    /// What follows the colon is no tag.
    #[error("invalid reference: invalid tag {}", quote(.0))]
    Tag(String),
    /// What follows the `@` is no digest.
    #[error("invalid reference: invalid digest {}: {fault}", quote(.text))]
    Digest {
        /// The text.
        text: String,
        /// What is wrong.
        fault: &'static str,
    },
}

/// Why no version of a chart in a registry will do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OciError {
    /// The reference is none.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// Another version was asked for than the reference has.
    #[error("chart reference and version mismatch: {version} is not {tag}")]
    Mismatch {
        /// The version asked for.
        version: String,
        /// The reference's tag.
        tag: String,
    },
    /// The version asked for is neither a version nor a constraint.
    #[error(transparent)]
    Constraint(#[from] SemverError),
    /// No tag will do. (Helm 3 begins with a capital letter.)
    #[error("could not locate a version matching provided version string {0}")]
    NoMatch(String),
}

/// What a reference names within its repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The repository itself.
    Nothing,
    /// A tag.
    Tag(String),
    /// A digest with its algorithm; a tag beside it is dropped.
    Digest(String),
}

/// `registry/repository`, with a tag or a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The host, with its port.
    pub registry: String,
    /// The path.
    pub repository: String,
    /// Tag or digest.
    pub target: Target,
}

impl Reference {
    /// Reads a reference without a scheme (oras-go's `ParseReference`).
    ///
    /// # Errors
    /// In oras-go's words.
    pub fn parse(text: &str) -> Result<Reference, ReferenceError> {
        let (registry, path) = text.split_once('/').ok_or(ReferenceError::NoRepository)?;
        let (repository, target) = match (path.split_once('@'), path.split_once(':')) {
            (Some((repository, digest)), _) => {
                let repository = repository.split(':').next().unwrap_or_default();
                (repository, Target::Digest(digest.to_owned()))
            }
            (None, Some((repository, tag))) => (repository, Target::Tag(tag.to_owned())),
            (None, None) => (path, Target::Nothing),
        };
        if !is_host(registry) {
            return Err(ReferenceError::Registry(registry.to_owned()));
        }
        if !repository.split('/').all(is_component) {
            return Err(ReferenceError::Repository(repository.to_owned()));
        }
        let target = match target {
            Target::Tag(tag) | Target::Digest(tag) if tag.is_empty() => Target::Nothing,
            Target::Tag(tag) if !is_tag(&tag) => return Err(ReferenceError::Tag(tag)),
            Target::Digest(text) => match check_digest(&text) {
                Ok(()) => Target::Digest(text),
                Err(fault) => return Err(ReferenceError::Digest { text, fault }),
            },
            target => target,
        };
        Ok(Reference { registry: registry.to_owned(), repository: repository.to_owned(), target })
    }

    /// The host to talk to.
    pub fn host(&self) -> &str {
        if self.registry == "docker.io" { "registry-1.docker.io" } else { &self.registry }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        match &self.target {
            Target::Nothing => Ok(()),
            Target::Tag(tag) => write!(f, ":{tag}"),
            Target::Digest(digest) => write!(f, "@{digest}"),
        }
    }
}

/// Whether a text is a registry's host, with or without port.
pub fn is_host(registry: &str) -> bool {
    let is_whole = |url: Url| !url.host.is_empty() && url.host == registry.as_bytes();
    Url::of_request(&format!("dummy://{registry}")).is_some_and(is_whole)
}

/// A part of a repository's path: lower case letters and digits, and between them `.`, `_`, `__` or dashes.
fn is_component(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut rest = text;
    loop {
        let end = rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
        let after = rest.get(end..).unwrap_or_default();
        if end == 0 {
            return false;
        }
        if after.is_empty() {
            return true;
        }
        let separator = after.find(is_plain).unwrap_or(after.len());
        let (separator, after) = after.split_at(separator);
        if !matches!(separator, "." | "_" | "__") && !separator.bytes().all(|b| b == b'-') {
            return false;
        }
        rest = after;
    }
}

fn is_tag(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|b| is_word(b) || b == b'.' || b == b'-')
}

/// Checks a digest as go-digest does.
///
/// # Errors
/// What is wrong, in its words.
pub fn check_digest(text: &str) -> Result<(), &'static str> {
    const FORMAT: &str = "invalid checksum digest format";
    let (algorithm, encoded) = text.split_once(':').filter(|(a, e)| !a.is_empty() && !e.is_empty()).ok_or(FORMAT)?;
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => {
            let any = GoRegex::new("^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$");
            let fits = any.is_ok_and(|any| any.is_match(text.as_bytes()));
            return Err(if fits { "unsupported digest algorithm" } else { FORMAT });
        }
    };
    if encoded.len() != length {
        return Err("invalid checksum digest length");
    }
    if encoded.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) { Ok(()) } else { Err(FORMAT) }
}

/// A chart's reference as Helm reads it: a tag may hold `+`, which registries do not know, and a digest may follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartReference {
    /// The reference, its tag with `_` for `+`.
    pub reference: Reference,
    /// The digest, unchecked; may be empty.
    pub digest: String,
}

impl ChartReference {
    /// Reads a reference, with `oci://` or without.
    ///
    /// # Errors
    /// As [`Reference::parse`].
    pub fn parse(text: &str) -> Result<ChartReference, ReferenceError> {
        let mut text = text.strip_prefix(SCHEME).unwrap_or(text).to_owned();
        let mut digest = String::new();
        if let Some((before, after)) = text.rsplit_once('@') {
            digest = after.to_owned();
            text = before.to_owned();
        }
        if let Some((_, tag)) = text.rsplit_once(':')
            && !tag.contains('/')
            && tag.contains('+')
        {
            // HELM: the tag's text is replaced wherever it stands.
            text = text.replace(tag, &tag_of_version(tag));
        }
        Ok(ChartReference { reference: Reference::parse(&text)?, digest })
    }

    /// The tag, with `_` for `+`; empty when there is none.
    pub fn tag(&self) -> &str {
        match &self.reference.target {
            Target::Tag(tag) | Target::Digest(tag) => tag,
            Target::Nothing => "",
        }
    }
}

/// What to fetch from a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// This digest; the version, where there is one, must be a tag of it.
    Digest {
        /// The digest.
        digest: String,
        /// The version to check; may be empty.
        version: String,
    },
    /// This tag, with its `+`.
    Tag(String),
    /// One of the repository's tags, picked by [`pick`] for this version or constraint.
    OneOf(String),
}

/// What a reference and a version (may be empty) ask for.
///
/// # Errors
/// The reference is none, or has a tag other than the version.
pub fn choose(reference: &str, version: &str) -> Result<Choice, OciError> {
    let chart = ChartReference::parse(reference)?;
    let tag = chart.tag();
    if !version.is_empty() && !tag.is_empty() && tag != version {
        return Err(OciError::Mismatch { version: version.to_owned(), tag: tag.to_owned() });
    }
    let version = if version.is_empty() { tag } else { version }.to_owned();
    Ok(match (chart.digest.is_empty(), Version::parse(&version).is_ok()) {
        (false, _) => Choice::Digest { digest: chart.digest, version },
        (true, true) => Choice::Tag(version),
        (true, false) => Choice::OneOf(version),
    })
}

/// A version as a tag: registries know no `+`.
pub fn tag_of_version(version: &str) -> String {
    version.replace('+', "_")
}

/// The versions among a repository's tags, the newest first; what is no strict version is left out.
pub fn versions_of_tags<'t>(tags: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let mut versions: Vec<Version> =
        tags.into_iter().filter_map(|tag| Version::parse_strict(&tag.replace('_', "+")).ok()).collect();
    go_sort::sort(&mut versions, |a, b| b.compare(a).is_lt());
    versions.iter().map(Version::to_string).collect()
}

/// The version that was asked for: the one written so, else the first that fits the constraint; for the empty text the
/// first that is no prerelease.
///
/// # Errors
/// In Helm's words.
pub fn pick<'v>(versions: &'v [String], version: &str) -> Result<&'v str, OciError> {
    if !version.is_empty()
        && let Some(exact) = versions.iter().find(|v| *v == version)
    {
        return Ok(exact);
    }
    let constraint = wanted(version)?;
    versions
        .iter()
        .find(|v| constraint.admits(v))
        .map(String::as_str)
        .ok_or_else(|| OciError::NoMatch(version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_apart() {
        let parse = |text: &str| match Reference::parse(text) {
            Ok(reference) => format!("{reference} {:?}", reference.target),
            Err(error) => error.to_string(),
        };
        assert_eq!(parse("r:5000/a/b:1.0"), "r:5000/a/b:1.0 Tag(\"1.0\")");
        assert_eq!(parse("r"), "invalid reference: missing registry or repository");
        assert_eq!(parse("r/A"), "invalid reference: invalid repository \"A\"");
        assert_eq!(parse("r/a___b"), "invalid reference: invalid repository \"a___b\"");
        assert_eq!(parse("r/a---b_c__d.e/f"), "r/a---b_c__d.e/f Nothing");
        assert_eq!(parse("r/a:1+b"), "invalid reference: invalid tag \"1+b\"");
        assert_eq!(parse("u@r/a"), "invalid reference: invalid registry \"u@r\"");
        assert_eq!(
            parse("r/a:x@sha256:12"),
            "invalid reference: invalid digest \"sha256:12\": invalid checksum digest length"
        );
        assert_eq!(parse("r/a@md5:12"), "invalid reference: invalid digest \"md5:12\": unsupported digest algorithm");
    }

    #[test]
    fn tags_are_versions() {
        let versions = versions_of_tags(["1.0.0", "latest", "1.2", "2.0.0-rc.1", "1.1.0_b.1", "v3.0.0"]);
        assert_eq!(versions, ["2.0.0-rc.1", "1.1.0+b.1", "1.0.0"]);
        assert_eq!(pick(&versions, ""), Ok("1.1.0+b.1"));
        assert_eq!(pick(&versions, "^2.0.0-0"), Ok("2.0.0-rc.1"));
        assert_eq!(choose("oci://r/a:1.0.0+b", ""), Ok(Choice::OneOf("1.0.0_b".to_owned())));
        assert_eq!(choose("oci://r/a", "1.0.0+b"), Ok(Choice::Tag("1.0.0+b".to_owned())));
        let mismatch = "chart reference and version mismatch: 2.0.0 is not 1.0.0";
        assert_eq!(choose("oci://r/a:1.0.0", "2.0.0").unwrap_err().to_string(), mismatch);
    }
}
