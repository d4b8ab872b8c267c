//! Whose signature a provenance file is. Whether it is a good one is for those who verify.

use crate::error::StoreError;
use crate::names::is_chart_name;
use helmd_yaml::Numbers;

/// Largest signature that is taken.
pub(crate) const LIMIT_BYTES: u64 = 1 << 20;
const BEGIN: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";

/// Name and version of the chart that is signed: the message is Chart.yaml, a line `...`, and the digests.
pub(crate) fn chart(bytes: &[u8]) -> Result<(String, String), StoreError> {
    let fault = StoreError::Provenance;
    let text = std::str::from_utf8(bytes).map_err(|_| fault("it is no text"))?.replace("\r\n", "\n");
    let message = text.trim_start().strip_prefix(BEGIN).ok_or(fault("it does not begin with a signed message"))?;
    let (message, _) = message.split_once(SIGNATURE).ok_or(fault("it has no signature"))?;
    let (_, message) = message.split_once("\n\n").ok_or(fault("its message has no end of headers"))?;
    let (metadata, _) = message.split_once("\n...\n").ok_or(fault("its message has no end of metadata"))?;
    // Lines that begin with a dash are written with another before them.
    let metadata: String =
        metadata.lines().map(|line| line.strip_prefix("- ").unwrap_or(line)).flat_map(|line| [line, "\n"]).collect();
    let metadata =
        helmd_yaml::parse(metadata.as_bytes(), Numbers::Json).map_err(|_| fault("its metadata are no YAML"))?;
    let text = |name: &str| metadata.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let (name, version) = (text("name"), text("version"));
    if name.is_empty() || version.is_empty() {
        return Err(fault("its metadata have no name or no version"));
    }
    if !is_chart_name(&name) || version.contains(['/', '\\']) || version.chars().any(char::is_control) {
        return Err(StoreError::Name(name));
    }
    Ok((name, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(metadata: &str) -> String {
        format!("{BEGIN}\nHash: SHA512\n\n{metadata}\n...\nfiles:\n  a.tgz: sha256:00\n{SIGNATURE}\n\nxx\n-----END")
    }

    #[test]
    fn the_chart_is_named_in_the_message() {
        let names = |text: &str| chart(text.as_bytes());
        assert_eq!(names(&signed("name: a\nversion: 0.1.0")).unwrap(), ("a".to_owned(), "0.1.0".to_owned()));
        assert!(names(&signed("name: a\n- version: 1.0.0")).is_ok());
        for bad in
            ["", "name: a", "name: ../a\nversion: 1.0.0", "name: a\nversion: 1/../2", "- [", "name: a\nversion: [1]"]
        {
            assert!(names(&signed(bad)).is_err(), "{bad}");
        }
        assert!(names("nothing").is_err());
        assert!(chart(b"\xff").is_err());
    }
}
