//! Certificates of a request.

use crate::error::{HttpError, go_io};
use std::path::{Path, PathBuf};

/// Which servers are trusted, and who we are to them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// Certificates to trust in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Our certificate; only together with its key.
    pub cert_file: Option<PathBuf>,
    /// The certificate's key.
    pub key_file: Option<PathBuf>,
    /// Whether any certificate is trusted.
    pub insecure_skip_verify: bool,
}

impl Tls {
    /// From paths as Helm keeps them: empty for none.
    #[must_use]
    pub fn of(cert_file: &str, key_file: &str, ca_file: &str, insecure_skip_verify: bool) -> Tls {
        let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
        let (ca_file, cert_file, key_file) = (path(ca_file), path(cert_file), path(key_file));
        Tls { ca_file, cert_file, key_file, insecure_skip_verify }
    }

    /// Gives these to a client.
    ///
    /// # Errors
    /// A file that cannot be read, or is none, in Helm 4's words.
    pub(crate) fn apply(&self, mut builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, HttpError> {
        if let (Some(cert), Some(key)) = (&self.cert_file, &self.key_file) {
            let mut pem = read(cert, "unable to read cert file: ")?;
            pem.push(b'\n');
            pem.extend(read(key, "unable to read key file: ")?);
            let identity = reqwest::Identity::from_pem(&pem).map_err(|_| {
                HttpError::Tls("unable to load cert from key pair: tls: failed to find any PEM data".to_owned())
            })?;
            builder = builder.identity(identity);
        }
        if let Some(ca) = &self.ca_file {
            let pem = read(ca, "can't read CA file: ")?;
            let trusted = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
            if trusted.is_empty() {
                return Err(HttpError::Tls(format!(
                    "failed to append certificates from pem block: {:?}",
                    ca.display().to_string()
                )));
            }
            builder = builder.tls_certs_only(trusted);
        }
        Ok(builder.tls_danger_accept_invalid_certs(self.insecure_skip_verify))
    }
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>, HttpError> {
    std::fs::read(path).map_err(|e| {
        let path = path.display().to_string();
        HttpError::Tls(format!("{what}{path:?}: open {path}: {}", go_io(&e)))
    })
}
