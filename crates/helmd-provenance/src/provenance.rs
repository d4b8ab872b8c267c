//! `.prov` files: what a chart says of itself and its archive's digest, signed.

use crate::openpgp::{Entity, Keyring, OpenPgpError, SecretKey, SignedText, check, sign_text};
use gotmpl::strconv::quote;
use helmd_yaml::{Numbers, YamlError};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Stands between what the chart says and the digests. HELM: YAML's own mark, `---`, would be no line of a signed text.
const SEPARATOR: &[u8] = b"\n...\n";

/// Why an archive is not verified, or not signed. The sentences are Helm's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvenanceError {
    /// The file is no signed text.
    #[error("signature block not found")]
    NoSignature,
    /// Nobody of the keyring has signed it.
    #[error(transparent)]
    OpenPgp(#[from] OpenPgpError),
    /// The digests are missing.
    #[error("message block must have at least two parts")]
    Parts,
    /// What was signed is not YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// The digests are none.
    #[error("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {0}")]
    Digests(String),
    /// Another archive was signed.
    #[error("provenance does not contain a SHA for a file named {}", quote(.0))]
    OtherFile(String),
    /// The archive is not the one that was signed.
    #[error("sha256 sum does not match for {file}: {} != {}", quote(.signed), quote(.found))]
    Mismatch {
        /// The archive's name.
        file: String,
        /// What was signed.
        signed: String,
        /// What the archive has.
        found: String,
    },
    /// There is no such key.
    #[error("private key not found")]
    NoKey,
    /// There is only its public part.
    #[error("provided key is not a private key. Try providing a keyring with secret keys")]
    NoSecret,
    /// The name does not say which one.
    #[error("{0}")]
    Vague(String),
    /// It could not be signed.
    #[error("failed to either sign or armor message block: {0}")]
    Sign(OpenPgpError),
}

/// Who has signed what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The names of the key's owner.
    pub signed_by: Vec<String>,
    /// The key's fingerprint, in digits.
    pub fingerprint: String,
    /// The archive's digest, with `sha256:` in front.
    pub file_hash: String,
    /// The archive's name.
    pub file_name: String,
}

/// What Helm prints of it.
impl std::fmt::Display for Verification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for name in &self.signed_by {
            writeln!(f, "Signed by: {name}")?;
        }
        writeln!(f, "Using Key With Fingerprint: {}", self.fingerprint)?;
        writeln!(f, "Chart Hash Verified: {}", self.file_hash)
    }
}

/// The digest of an archive as `.prov` files have it.
fn digest(archive: &[u8]) -> String {
    let digits: String = Sha256::digest(archive).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

/// A `.prov` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance(SignedText);

impl Provenance {
    /// Reads a `.prov` file; nothing is checked yet.
    ///
    /// # Errors
    /// It is no signed text.
    pub fn read(data: &[u8]) -> Result<Provenance, ProvenanceError> {
        SignedText::read(data).map(Provenance).ok_or(ProvenanceError::NoSignature)
    }

    /// What the text says of the chart and of digests, whoever has signed it.
    ///
    /// # Errors
    /// The text is not of these two parts.
    fn parts(&self) -> Result<(&[u8], &[u8]), ProvenanceError> {
        let text = self.0.text.as_slice();
        let find = |text: &[u8]| text.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
        let at = find(text).ok_or(ProvenanceError::Parts)?;
        let (before, behind) = text.split_at(at);
        let behind = behind.get(SEPARATOR.len()..).unwrap_or_default();
        Ok((before, behind.get(..find(behind).unwrap_or(behind.len())).unwrap_or_default()))
    }

    /// What the text says of the chart, as YAML.
    ///
    /// # Errors
    /// There is nothing else than that.
    pub fn metadata(&self) -> Result<&[u8], ProvenanceError> {
        self.parts().map(|(metadata, _)| metadata)
    }

    /// The digests by the names of files.
    ///
    /// # Errors
    /// There are none.
    fn digests(&self) -> Result<BTreeMap<String, String>, ProvenanceError> {
        let (_, digests) = self.parts()?;
        let json = helmd_yaml::parse(digests, Numbers::Float64)?;
        let wrong = |what: &str, of: &str| ProvenanceError::Digests(format!("{what} into Go {of}"));
        let object = match &json {
            serde_json::Value::Null => return Ok(BTreeMap::new()),
            serde_json::Value::Object(object) => object,
            other => return Err(wrong(kind(other), "value of type provenance.SumCollection")),
        };
        let files = match object.get("files") {
            None | Some(serde_json::Value::Null) => return Ok(BTreeMap::new()),
            Some(serde_json::Value::Object(files)) => files,
            Some(other) => {
                return Err(wrong(kind(other), "struct field SumCollection.files of type map[string]string"));
            }
        };
        let entry = |(name, digest): (&String, &serde_json::Value)| match digest.as_str() {
            Some(digest) => Ok((name.clone(), digest.to_owned())),
            None => Err(wrong(kind(digest), "struct field SumCollection.files of type string")),
        };
        files.iter().map(entry).collect()
    }

    /// Checks that somebody of the keyring has signed this archive, as of `now` (seconds since 1970).
    ///
    /// # Errors
    /// Nobody has, or may; it is another archive.
    pub fn verify(
        &self,
        keyring: &Keyring,
        (file_name, archive): (&str, &[u8]),
        now: i64,
    ) -> Result<Verification, ProvenanceError> {
        let entity = check(keyring, &self.0.signed, &self.0.signature, now)?;
        let found = digest(archive);
        let digests = self.digests()?;
        let signed = digests.get(file_name).ok_or_else(|| ProvenanceError::OtherFile(file_name.to_owned()))?;
        if *signed != found {
            let (file, signed) = (file_name.to_owned(), signed.clone());
            return Err(ProvenanceError::Mismatch { file, signed, found });
        }
        Ok(Verification {
            signed_by: entity.names().map(str::to_owned).collect(),
            fingerprint: entity.fingerprint(),
            file_hash: found,
            file_name: file_name.to_owned(),
        })
    }
}

fn kind(value: &serde_json::Value) -> &'static str {
    match value {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "bool",
        serde_json::Value::Number(_) => "number",
        serde_json::Value::String(_) => "string",
        serde_json::Value::Array(_) => "array",
        serde_json::Value::Object(_) => "object",
    }
}

/// Somebody who signs.
#[derive(Clone, Debug)]
pub struct Signatory {
    names: Vec<String>,
    key: SecretKey,
}

impl Signatory {
    /// Finds whose key it is in a keyring, by a name or a part of it.
    ///
    /// # Errors
    /// There is none, or several, or only the public part.
    pub fn find(keyring: &Keyring, name: &str) -> Result<Signatory, ProvenanceError> {
        let entity: &Entity = keyring.find(name).map_err(ProvenanceError::Vague)?.ok_or(ProvenanceError::NoKey)?;
        let key = entity.secret().ok_or(ProvenanceError::NoSecret)?.clone();
        Ok(Signatory { names: entity.names().map(str::to_owned).collect(), key })
    }

    /// Whose passphrase is wanted; nothing when none is.
    #[must_use]
    pub fn wants_passphrase(&self) -> Option<&str> {
        let name = self.names.iter().find(|name| !name.is_empty()).map_or("Unknown", String::as_str);
        self.key.is_locked().then_some(name)
    }

    /// The key without its lock.
    ///
    /// # Errors
    /// The passphrase is wrong.
    pub fn unlock(self, passphrase: &[u8]) -> Result<Signatory, ProvenanceError> {
        Ok(Signatory { key: self.key.unlock(passphrase)?, names: self.names })
    }

    /// The `.prov` file of an archive. `metadata` is what the chart says of itself, as YAML; `at` the time (seconds since 1970)
    /// and a random salt.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn sign(
        &self,
        (file_name, archive): (&str, &[u8]),
        metadata: &str,
        (now, salt): (i64, &[u8; 32]),
    ) -> Result<Vec<u8>, ProvenanceError> {
        let digests = serde_json::json!({ "files": { file_name: digest(archive) } });
        let mut text = metadata.as_bytes().to_vec();
        text.extend_from_slice(SEPARATOR);
        text.extend(helmd_yaml::json_to_yaml(&digests)?.into_bytes());
        sign_text(&text, &self.key, now, salt).map_err(ProvenanceError::Sign)
    }
}
