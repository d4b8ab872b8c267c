//! Certificates of a request.

use crate::error::{HttpError, go_text};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
        let pair = match (&self.cert_file, &self.key_file) {
            (Some(cert), Some(key)) => {
                Some((read(cert, "unable to read cert file: ")?, read(key, "unable to read key file: ")?))
            }
            _ => None,
        };
        let Some(ca) = self.ca_file.as_ref().filter(|_| !self.insecure_skip_verify) else {
            if let Some((cert, key)) = pair {
                let identity = reqwest::Identity::from_pem(&[cert, b"\n".to_vec(), key].concat());
                builder = builder.identity(identity.map_err(|_| bad_pair())?);
            }
            return Ok(builder.tls_danger_accept_invalid_certs(self.insecure_skip_verify));
        };
        let pem = read(ca, "can't read CA file: ")?;
        let trusted: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().unwrap_or_default();
        if trusted.is_empty() {
            let ca = ca.display().to_string();
            return Err(HttpError::Tls(format!("failed to append certificates from pem block: {ca:?}")));
        }
        let config = config(trusted, pair).map_err(|e| HttpError::Tls(e.to_string()))?;
        Ok(builder.tls_backend_preconfigured(config))
    }
}

fn bad_pair() -> HttpError {
    HttpError::Tls("unable to load cert from key pair: tls: failed to find any PEM data".to_owned())
}

/// What trusts these certificates only.
fn config(
    trusted: Vec<CertificateDer<'static>>,
    pair: Option<(Vec<u8>, Vec<u8>)>,
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted.iter().cloned());
    let authority = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|e| rustls::Error::General(e.to_string()))?;
    let verifier = Arc::new(Named { authority, trusted });
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let Some((cert, key)) = pair else { return Ok(builder.with_no_client_auth()) };
    let wrong = |_| rustls::Error::General("unable to load cert from key pair".to_owned());
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&cert).collect::<Result<_, _>>().map_err(wrong)?;
    builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(&key).map_err(wrong)?)
}

/// Trusts a certificate that was named itself, as Go does, also one that may sign others.
#[derive(Debug)]
struct Named {
    authority: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let judged = self.authority.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match judged {
            // Its dates are good: they are looked at first.
            Err(error)
                if format!("{error:?}").contains("CaUsedAsEndEntity")
                    && self.trusted.iter().any(|t| t == end_entity) =>
            {
                rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authority.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authority.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authority.supported_verify_schemes()
    }
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>, HttpError> {
    std::fs::read(path).map_err(|e| {
        let path = path.display().to_string();
        HttpError::Tls(format!("{what}{path:?}: open {path}: {}", go_text(&e)))
    })
}
