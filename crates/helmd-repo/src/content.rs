//! Archives by their digest, as Helm 4 keeps them.

use crate::local::go_text;
use sha2::{Digest as _, Sha256};
use std::fs::Metadata;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The digest of bytes, in hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The path of an archive (`.chart`) or its signature (`.prov`) in the cache below `root`.
#[must_use]
pub fn path(root: &Path, digest: &str, kind: &str) -> PathBuf {
    root.join(digest.get(..2).unwrap_or_default()).join(format!("{digest}{kind}"))
}

/// What the cache has under a digest; nothing when it is not there, or is not what it should be.
#[must_use]
pub fn get(root: &Path, digest: &str, kind: &str) -> Option<Vec<u8>> {
    let bytes = std::fs::read(path(root, digest, kind)).ok().filter(|bytes| !bytes.is_empty())?;
    // Only archives are named by their own digest.
    (kind != CHART || sha256(&bytes) == digest).then_some(bytes)
}

/// How much is gathered before it is written; what is larger is written at once.
const BUFFER_BYTES: usize = 64 << 10;

/// The archive itself.
pub const CHART: &str = ".chart";
/// Its signature.
pub const PROVENANCE: &str = ".prov";

/// Puts bytes into the cache and gives their path.
///
/// # Errors
/// The system's words.
pub fn put(root: &Path, digest: &str, kind: &str, bytes: &[u8]) -> Result<PathBuf, String> {
    let path = path(root, digest, kind);
    write(&path, bytes, 0o644)?;
    Ok(path)
}

/// Writes a file at once or not at all, with the folders above it.
///
/// # Errors
/// The system's words.
pub fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), String> {
    write_told(path, bytes, mode).map(drop)
}

/// As [`write()`]; gives what the system says of the very file that was written, whoever replaces it next.
///
/// # Errors
/// The system's words.
pub(crate) fn write_told(path: &Path, bytes: &[u8], mode: u32) -> Result<Metadata, String> {
    write_by(path, |out| out.write_all(bytes), mode)
}

/// As [`write_told`], of what `content` writes.
///
/// # Errors
/// The system's words.
pub(crate) fn write_by(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    mode: u32,
) -> Result<Metadata, String> {
    crate::local::create_folder(folder_of(path)).map_err(|e| e.to_string())?;
    replace(path, content, mode)
}

/// As [`write()`], in a folder that is there.
///
/// # Errors
/// The system's words.
pub fn write_into(path: &Path, bytes: &[u8], mode: u32) -> Result<(), String> {
    replace(path, |out| out.write_all(bytes), mode).map(drop)
}

fn replace(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>, mode: u32) -> Result<Metadata, String> {
    let folder = folder_of(path);
    let failed = |e: &std::io::Error| format!("open {}: {}", path.display(), go_text(e));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|e| failed(&e))?;
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, file.as_file_mut());
    content(&mut out).and_then(|()| out.flush()).map_err(|e| failed(&e))?;
    drop(out);
    set_mode(file.as_file(), mode).map_err(|e| failed(&e))?;
    let written = file.as_file().metadata().map_err(|e| failed(&e))?;
    file.persist(path).map_err(|e| failed(&e.error))?;
    Ok(written)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn set_mode(file: &std::fs::File, mode: u32) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &std::fs::File, _: u32) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let digest = sha256(b"abc");
        assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let path = put(folder.path(), &digest, CHART, b"abc").unwrap();
        assert!(path.ends_with(format!("ba/{digest}.chart")));
        assert_eq!(get(folder.path(), &digest, CHART).as_deref(), Some(&b"abc"[..]));
        std::fs::write(&path, "abd").unwrap();
        assert_eq!(get(folder.path(), &digest, CHART), None);
    }
}
