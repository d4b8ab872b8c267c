//! Which charts this server takes: any, signed ones only, or only those whose digest the request names.

use crate::charts::ChartRequest;
use crate::paths::AllowedPaths;
use helmd_action::{Outside as _, System};
use helmd_chart::HelmMajor;
use helmd_repo::{Keys, content};
use std::path::PathBuf;

/// Which charts are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChartPolicy {
    /// Any.
    #[default]
    Any,
    /// Those that somebody of the server's keyring has signed.
    Signed,
    /// Those whose digest the request names.
    Pinned,
}

impl std::str::FromStr for ChartPolicy {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "any" => Ok(ChartPolicy::Any),
            "signed" => Ok(ChartPolicy::Signed),
            "pinned" => Ok(ChartPolicy::Pinned),
            _ => Err(()),
        }
    }
}

/// What the config file says of charts.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// `chartPolicy`
    pub policy: ChartPolicy,
    /// `keyring`: a file; empty for none.
    pub keyring: PathBuf,
}

/// What is checked before a chart is used.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    /// Who may have signed it.
    pub(crate) keys: Option<Keys>,
    /// The archive's SHA-256, in digits.
    pub(crate) digest: Option<String>,
}

impl Trust {
    /// What is checked before the chart of a request is used.
    ///
    /// # Errors
    /// The request names a keyring that it may not, or no digest where it must.
    pub(crate) fn checks(&self, request: &ChartRequest, paths: &AllowedPaths) -> Result<Checks, String> {
        let signed = self.policy == ChartPolicy::Signed;
        let keys = |keyring| Keys { keyring, helm: HelmMajor::Helm4, now: System.now().as_second() };
        let keys = match (signed || request.verify, request.keyring.as_str()) {
            (false, _) => None,
            // Where signatures are a rule, whoever calls does not choose whose.
            (true, named) if !signed && !named.is_empty() => Some(keys(paths.check("keyring", named)?)),
            (true, _) => Some(keys(self.keyring.clone())),
        };
        let digest = match request.digest.as_str() {
            "" => None,
            digest => Some(digits(digest)?),
        };
        if self.policy == ChartPolicy::Pinned && digest.is_none() && !request.chart.contains("@sha256:") {
            let chart = &request.chart;
            return Err(format!(
                "chart {chart:?} is refused: this server takes charts only by their digest: give \"digest\": \"sha256:…\", the SHA-256 of the archive"
            ));
        }
        Ok(Checks { keys, digest })
    }
}

fn digits(digest: &str) -> Result<String, String> {
    let digits = digest.strip_prefix("sha256:").unwrap_or(digest).to_ascii_lowercase();
    let good = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if good { Ok(digits) } else { Err(format!("digest {digest:?} is none: give \"sha256:\" and 64 digits")) }
}

impl Checks {
    /// Whether nothing is to be checked.
    pub(crate) fn is_none(&self) -> bool {
        self.keys.is_none() && self.digest.is_none()
    }

    /// Whether the archive is the one whose digest is wanted.
    ///
    /// # Errors
    /// It is another one.
    pub(crate) fn check_digest(&self, chart: &str, archive: &[u8]) -> Result<(), String> {
        let Some(want) = &self.digest else { return Ok(()) };
        let got = content::sha256(archive);
        match got == *want {
            true => Ok(()),
            false => Err(format!(
                "chart {chart:?}: the archive's digest is sha256:{got}, and the request wants sha256:{want}"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks(policy: ChartPolicy, request: &ChartRequest) -> Result<Checks, String> {
        let trust = Trust { policy, keyring: "/own.gpg".into() };
        trust.checks(request, &AllowedPaths::new(vec![std::env::temp_dir()], false))
    }

    fn keyring(policy: ChartPolicy, request: &ChartRequest) -> Option<PathBuf> {
        checks(policy, request).unwrap().keys.map(|keys| keys.keyring)
    }

    #[test]
    fn whose_signatures_count() {
        let named = std::env::temp_dir().canonicalize().unwrap().join("keys.gpg");
        let mut request = ChartRequest { keyring: named.display().to_string(), ..ChartRequest::default() };
        assert_eq!(keyring(ChartPolicy::Any, &request), None);
        // Where signatures are a rule, a request does not choose whose.
        assert_eq!(keyring(ChartPolicy::Signed, &request), Some("/own.gpg".into()));
        request.verify = true;
        assert_eq!(keyring(ChartPolicy::Any, &request), Some(named));
        request.keyring = "/etc/keys.gpg".to_owned();
        assert!(checks(ChartPolicy::Any, &request).unwrap_err().contains("keyring must lie in a folder"));
        request.keyring.clear();
        assert_eq!(keyring(ChartPolicy::Any, &request), Some("/own.gpg".into()));
    }

    #[test]
    fn digests() {
        let request = |chart: &str, digest: &str| ChartRequest {
            chart: chart.to_owned(),
            digest: digest.to_owned(),
            ..ChartRequest::default()
        };
        assert!(checks(ChartPolicy::Pinned, &request("a/b", "")).unwrap_err().contains("only by their digest"));
        assert!(checks(ChartPolicy::Pinned, &request("oci://x/b@sha256:00", "")).is_ok());
        assert!(checks(ChartPolicy::Any, &request("a/b", "sha256:12")).unwrap_err().contains("64 digits"));
        let digest = content::sha256(b"an archive");
        let found = checks(ChartPolicy::Pinned, &request("a/b", &format!("sha256:{digest}"))).unwrap();
        assert!(found.check_digest("a/b", b"an archive").is_ok());
        assert!(found.check_digest("a/b", b"another").unwrap_err().contains("the request wants sha256:"));
    }
}
