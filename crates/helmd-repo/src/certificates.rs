//! Files of certificates, looked at before anybody is asked.

use crate::local::go_text;
use gotmpl::strconv::quote;
use helmd_chart::HelmMajor;
use std::fs::File;

/// The files of a client certificate, its key, and certificates to trust can be opened; empty for none, and the first two only
/// together.
///
/// # Errors
/// Helm's sentence for a file that is not there.
pub fn check_certificates(cert: &str, key: &str, ca: &str, helm: HelmMajor) -> Result<(), String> {
    let open = |path: &str| match File::open(path) {
        Err(error) if !path.is_empty() => Err(format!("open {path}: {}", go_text(&error))),
        _ => Ok(()),
    };
    let pair = if cert.is_empty() || key.is_empty() { ("", "") } else { (cert, key) };
    let fault = match helm {
        HelmMajor::Helm3 => open(pair.0)
            .and_then(|()| open(pair.1))
            .map_err(|e| format!("can't load key pair from cert {cert} and key {key}: {e}"))
            .and_then(|()| open(ca).map_err(|_| format!("can't read CA file: {ca}"))),
        HelmMajor::Helm4 => open(pair.0)
            .map_err(|e| format!("unable to read cert file: {}: {e}", quote(cert)))
            .and_then(|()| open(pair.1).map_err(|e| format!("unable to read key file: {}: {e}", quote(key))))
            .and_then(|()| open(ca).map_err(|e| format!("can't read CA file: {}: {e}", quote(ca)))),
    };
    fault.map_err(|e| format!("can't create TLS config for client: {e}"))
}
