//! Charts that are verified before they are used: `--verify` of Helm's commands.

use crate::content::{self, PROVENANCE};
use crate::local::go_text;
use crate::repositories::{Repos, RepositoryError, Resolved, archive_name};
use bytes::Bytes;
use gotmpl::strconv::quote;
use helmd_chart::{HelmMajor, MetadataDraft, error_text};
use helmd_provenance::{Formats, Keyring, Provenance, ProvenanceError, Verification};
use helmd_yaml::ParseLimits;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Largest signature that is read.
const LIMIT_BYTES: u64 = 1 << 20;
/// Largest archive that is read.
const ARCHIVE_BYTES: u64 = 100 << 20;
/// Largest keyring that is read; a thousand keys with many signatures each have 30 MB.
const KEYRING_BYTES: u64 = 64 << 20;

/// With which keys, and as of when.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The keyring's file.
    pub keyring: PathBuf,
    /// Whose words, and which forms of keyrings.
    pub helm: HelmMajor,
    /// Seconds since 1970.
    pub now: i64,
}

/// Whether the charts that are fetched are verified.
#[derive(Clone, Debug, Default)]
pub enum Verify {
    /// They are taken as they are.
    #[default]
    Never,
    /// Those that have a signature; it must be a good one then.
    IfPossible(Keys),
    /// All of them.
    Always(Keys),
}

impl Keys {
    /// Reads the keyring.
    ///
    /// # Errors
    /// In Helm's words.
    pub fn load(&self) -> Result<Keyring, String> {
        let data = read(&self.keyring, KEYRING_BYTES)?;
        let formats = match self.helm {
            HelmMajor::Helm3 => Formats::Packets,
            HelmMajor::Helm4 => Formats::All,
        };
        Keyring::read(&data, formats).map_err(|error| {
            // HELM: what is wrong with a keybox or armor names the file.
            let name = self.keyring.display();
            match error {
                helmd_provenance::OpenPgpError::Keybox(text) => format!("reading keybox {name}: {text}"),
                error if formats == Formats::All && data.trim_ascii().starts_with(b"-----BEGIN PGP") => {
                    format!("reading armored keyring {name}: {error}")
                }
                error => error.to_string(),
            }
        })
    }

    /// Verifies an archive with the signature beside it (`.prov`).
    ///
    /// # Errors
    /// In Helm's words: there is no archive, signature or keyring; the signature is not good.
    pub fn verify_file(&self, archive: &Path) -> Result<Verification, String> {
        self.read_verified(archive).map(|(_, verification)| verification)
    }

    /// As [`Keys::verify_file`]; gives the bytes that were verified, too.
    ///
    /// # Errors
    /// As [`Keys::verify_file`].
    pub fn read_verified(&self, archive: &Path) -> Result<(Vec<u8>, Verification), String> {
        let shown = archive.display();
        if found(archive)?.is_dir() {
            return Err("unpacked charts cannot be verified".to_owned());
        }
        if !archive.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tgz")) {
            return Err("chart must be a tgz file".to_owned());
        }
        let signature = PathBuf::from(format!("{shown}.prov"));
        let missing = |e: String| format!("could not load provenance file {}: {e}", signature.display());
        let folder = found(&signature).map_err(missing)?.is_dir();
        let keyring = self.load().map_err(|e| format!("failed to load keyring: {e}"))?;
        if folder && self.helm == HelmMajor::Helm3 {
            return Err(format!("{} cannot be a directory", signature.display()));
        }
        let bytes = Keys::read_archive(archive).map_err(|e| format!("failed to read chart archive: {e}"))?;
        let signature = read(&signature, LIMIT_BYTES).map_err(|e| format!("failed to read provenance file: {e}"))?;
        let name = archive.file_name().unwrap_or_default().to_string_lossy();
        let verification = self.check(&keyring, (&name, &bytes), &signature)?;
        Ok((bytes, verification))
    }

    /// An archive's bytes, up to a limit.
    ///
    /// # Errors
    /// The system's words.
    pub fn read_archive(path: &Path) -> Result<Vec<u8>, String> {
        read(path, ARCHIVE_BYTES)
    }

    /// Verifies an archive that was fetched.
    ///
    /// # Errors
    /// As [`Keys::verify_file`].
    pub fn verify_bytes(&self, archive: (&str, &[u8]), signature: &[u8]) -> Result<Verification, String> {
        if !archive.0.to_ascii_lowercase().ends_with(".tgz") {
            return Err("chart must be a tgz file".to_owned());
        }
        let keyring = self.load().map_err(|e| format!("failed to load keyring: {e}"))?;
        self.check(&keyring, archive, signature)
    }

    fn check(&self, keyring: &Keyring, archive: (&str, &[u8]), signature: &[u8]) -> Result<Verification, String> {
        let provenance = Provenance::read(signature).map_err(|error| match (&error, self.helm) {
            (ProvenanceError::NoSignature, HelmMajor::Helm3) => format!("failed to decode signature: {error}"),
            _ => error_text(&error),
        })?;
        let verified = provenance.verify(keyring, archive, self.now);
        if self.helm == HelmMajor::Helm3 && !matches!(verified, Err(ProvenanceError::OpenPgp(_))) {
            // HELM: version 3 reads what is said of the chart as well.
            let metadata = provenance.metadata().map_err(|e| error_text(&e))?;
            let read = MetadataDraft::default().read(metadata, self.helm, ParseLimits::default());
            read.map_err(|e| error_text(&e))?;
        }
        verified.map_err(|e| error_text(&e))
    }
}

fn found(path: &Path) -> Result<std::fs::Metadata, String> {
    std::fs::metadata(path).map_err(|e| format!("stat {}: {}", path.display(), go_text(&e)))
}

/// A file's bytes, up to a limit.
fn read(path: &Path, limit_bytes: u64) -> Result<Vec<u8>, String> {
    let shown = path.display();
    let file = std::fs::File::open(path).map_err(|e| format!("open {shown}: {}", go_text(&e)))?;
    let mut bytes = Vec::new();
    let read = file.take(limit_bytes.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|e| format!("read {shown}: {}", go_text(&e)))?;
    if bytes.len() as u64 > limit_bytes {
        return Err(format!("read {shown}: the file is larger than {limit_bytes} bytes, and is not read"));
    }
    Ok(bytes)
}

impl Repos {
    /// Fetches the signature of a chart, unless there is one for the archive's digest in the cache.
    ///
    /// # Errors
    /// There is none, or no answer.
    pub async fn provenance(&self, chart: &Resolved, digest: &str) -> Result<Bytes, RepositoryError> {
        // HELM: version 3 keeps none by digest.
        if self.helm == HelmMajor::Helm4
            && !digest.is_empty()
            && let Some(bytes) = content::get(&self.places.content_cache, digest, PROVENANCE)
        {
            return Ok(bytes.into());
        }
        self.fetch_provenance(chart, LIMIT_BYTES).await
    }

    /// Verifies an archive that was fetched: gets its signature, and checks it. Gives the signature as well.
    ///
    /// # Errors
    /// In Helm's words: there is no signature; it is not good.
    pub async fn verify(&self, chart: &Resolved, archive: Bytes, keys: Keys) -> Result<(Verification, Bytes), String> {
        let missing = |_| format!("failed to fetch provenance {}", quote(format!("{}.prov", chart.url)));
        let signature = self.provenance(chart, &content::sha256(&archive)).await.map_err(missing)?;
        let name = archive_name(&chart.url).map_err(|e| error_text(&e))?;
        let work =
            move || keys.verify_bytes((&name, &archive), &signature).map(|verification| (verification, signature));
        tokio::task::spawn_blocking(work).await.map_err(|e| e.to_string())?
    }

    /// Puts a signature beside what [`Repos::fetch_to_cache`] has kept of an archive with that digest, as Helm does.
    ///
    /// # Errors
    /// The cache cannot be written.
    pub fn keep_provenance(&self, chart: &Resolved, digest: &str, signature: &[u8]) -> Result<(), String> {
        if self.helm == HelmMajor::Helm4 {
            return content::put(&self.places.content_cache, digest, PROVENANCE, signature).map(drop);
        }
        let name = archive_name(&chart.url).map_err(|e| error_text(&e))?;
        content::write(&self.places.repository_cache.join(format!("{name}.prov")), signature, 0o644)
    }
}
