//! What a cluster can do, or what Helm assumes without one.

use crate::api_versions::KNOWN;
use gotmpl::strconv::{parse_uint, quote};
use helmd_chart::HelmMajor;
use std::fmt;

/// What templates see as `.Capabilities`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The cluster's version.
    pub kube_version: KubeVersion,
    /// `v1`, `apps/v1`, and with a cluster also `apps/v1/Deployment`.
    pub api_versions: Vec<String>,
    /// The program that renders.
    pub helm_version: HelmVersion,
}

/// A Kubernetes version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeVersion {
    /// The full version, `v1.33.4-gke.1245000` (helm 3 drops the suffix of a given version).
    pub version: String,
    /// The first number. With a cluster: what it says, possibly with a `+`.
    pub major: String,
    /// The second number, likewise.
    pub minor: String,
    /// The version without suffix, for constraints; `None` where it comes from a cluster.
    pub normalized: Option<String>,
}

/// What templates see as `.Capabilities.HelmVersion`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HelmVersion {
    /// `v4.3.1`
    pub version: String,
    /// The commit it was built from.
    pub git_commit: String,
    /// `clean` or `dirty`.
    pub git_tree_state: String,
    /// The Go version it was built with.
    pub go_version: String,
    /// The Kubernetes version of its client library (helm 4).
    pub kube_client_version: String,
}

/// A text is no Kubernetes version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KubeVersionError {
    /// It does not begin with a number.
    #[error("could not parse {0} as version")]
    Form(String),
    /// It has one number only.
    #[error("illegal version string {0}")]
    TooShort(String),
    /// The first number has zeros in front.
    #[error("illegal zero-prefixed version component {component} in {text}")]
    ZeroPrefix {
        /// The quoted number.
        component: String,
        /// The quoted text.
        text: String,
    },
    /// A number is too large.
    #[error("illegal non-numeric version component {component} in {text}: {cause}")]
    Number {
        /// The quoted number.
        component: String,
        /// The quoted text.
        text: String,
        /// In Go's words.
        cause: String,
    },
}

impl Capabilities {
    /// What Helm assumes without a cluster: Kubernetes v1.37.0 and the API versions of its client library.
    pub fn default_for(helm: HelmMajor) -> Capabilities {
        let (version, kube_client_version) = match helm {
            HelmMajor::Helm3 => ("v3.22.0", ""),
            HelmMajor::Helm4 => ("v4.3.1", "v1.37"),
        };
        Capabilities {
            kube_version: KubeVersion {
                version: "v1.37.0".to_owned(),
                major: "1".to_owned(),
                minor: "37".to_owned(),
                normalized: Some("v1.37.0".to_owned()),
            },
            api_versions: KNOWN.iter().map(|v| (*v).to_owned()).collect(),
            helm_version: HelmVersion {
                version: version.to_owned(),
                go_version: "go1.26.8".to_owned(),
                kube_client_version: kube_client_version.to_owned(),
                ..HelmVersion::default()
            },
        }
    }

    /// Whether this API version (or version and kind) is there.
    pub fn has(&self, api_version: &str) -> bool {
        self.api_versions.iter().any(|v| v == api_version)
    }
}

impl KubeVersion {
    /// The version that a user gives (`--kube-version`): numbers joined by points, anything behind.
    ///
    /// # Errors
    /// It has fewer than two numbers; in Helm's words without `invalid kube version '…': ` in front.
    pub fn parse(text: &str, helm: HelmMajor) -> Result<KubeVersion, KubeVersionError> {
        let quoted = || quote(text.as_bytes());
        let body = text.trim_start_matches(['\t', '\n', '\u{c}', '\r', ' ']);
        let body = body.strip_prefix('v').unwrap_or(body);
        let numbers = leading_numbers(body).ok_or_else(|| KubeVersionError::Form(quoted()))?;
        if numbers.len() < 2 {
            return Err(KubeVersionError::TooShort(quoted()));
        }
        let mut components = Vec::new();
        for (i, number) in numbers.iter().enumerate() {
            if i == 0 && number.starts_with('0') && *number != "0" {
                return Err(KubeVersionError::ZeroPrefix { component: quote(number.as_bytes()), text: quoted() });
            }
            let component = parse_uint(number, 10, 64).map_err(|cause| KubeVersionError::Number {
                component: quote(number.as_bytes()),
                text: quoted(),
                cause: cause.to_string(),
            })?;
            components.push(component.to_string());
        }
        let normalized = format!("v{}", components.join("."));
        let version = match helm {
            HelmMajor::Helm3 => normalized.clone(),
            HelmMajor::Helm4 if text.starts_with('v') => text.to_owned(),
            HelmMajor::Helm4 => format!("v{text}"),
        };
        let mut components = components.into_iter();
        let mut next = || components.next().unwrap_or_default();
        Ok(KubeVersion { version, major: next(), minor: next(), normalized: Some(normalized) })
    }

    /// The version that a cluster reports.
    pub fn of_cluster(git_version: &str, major: &str, minor: &str) -> KubeVersion {
        let [version, major, minor] = [git_version, major, minor].map(str::to_owned);
        KubeVersion { version, major, minor, normalized: None }
    }
}

impl fmt::Display for KubeVersion {
    /// The version to hold against constraints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.normalized.as_deref().unwrap_or(&self.version))
    }
}

/// The numbers joined by points at the start; `None` without one, or when a line break follows.
fn leading_numbers(text: &str) -> Option<Vec<&str>> {
    if text.contains('\n') {
        return None;
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let numbers: Vec<&str> = text.get(..end)?.split('.').take_while(|n| !n.is_empty()).collect();
    (!numbers.is_empty()).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::{HelmMajor, KubeVersion};

    #[test]
    fn given_versions_are_read_as_helm_does() {
        let parse = |text, helm| match KubeVersion::parse(text, helm) {
            Ok(v) => format!("{} {} {} {v}", v.version, v.major, v.minor),
            Err(error) => error.to_string(),
        };
        for (text, four, three) in [
            ("1.20", "v1.20 1 20 v1.20", "v1.20 1 20 v1.20"),
            ("v1.27.3-gke.12", "v1.27.3-gke.12 1 27 v1.27.3", "v1.27.3 1 27 v1.27.3"),
            ("v1.01", "v1.01 1 1 v1.1", "v1.1 1 1 v1.1"),
            ("1.20.x", "v1.20.x 1 20 v1.20", "v1.20 1 20 v1.20"),
        ] {
            assert_eq!((parse(text, HelmMajor::Helm4), parse(text, HelmMajor::Helm3)), (four.into(), three.into()));
        }
        for (text, want) in [
            ("bad", "could not parse \"bad\" as version"),
            ("1", "illegal version string \"1\""),
            ("1..2", "illegal version string \"1..2\""),
            ("01.2", "illegal zero-prefixed version component \"01\" in \"01.2\""),
        ] {
            assert_eq!(parse(text, HelmMajor::Helm4), want);
        }
    }
}
