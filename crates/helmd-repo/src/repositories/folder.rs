//! The index of a folder of archives.

use super::error::RepositoryError;
use crate::content::sha256;
use crate::local::{Detection, Disk, Links, absolute, go_text};
use helmd_chart::{GoTime, Loader, error_text};
use helmd_index::{Index, location};
use std::path::{Path, PathBuf};

/// The index of the archives in a folder and in those right below it, in the order of their names; not sorted yet. What is no
/// chart is passed over. With it goes what Helm logs.
///
/// # Errors
/// An archive's metadata are bad.
pub fn index_folder(
    folder: &Path,
    base_url: &str,
    loader: &Loader,
    now: Option<GoTime>,
) -> Result<(Index, Vec<String>), RepositoryError> {
    let folder = absolute(folder);
    let mut index = Index::new(now.clone());
    let mut log = Vec::new();
    let disk = Disk { loader, links: Links::Anywhere, detection: Detection::Skip };
    for archive in archives(&folder) {
        let Ok(chart) = disk.load(&archive, &mut log) else { continue };
        let bytes = std::fs::read(&archive)
            .map_err(|e| RepositoryError::Io(format!("open {}: {}", archive.display(), go_text(&e))))?;
        let below = archive.parent().and_then(|parent| parent.strip_prefix(&folder).ok()).unwrap_or(Path::new(""));
        let url = location::join_or_path(base_url, &below.to_string_lossy());
        let name = archive.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        index.add(chart.metadata, &name, &url, (&sha256(&bytes), now.clone())).map_err(|error| {
            RepositoryError::File(format!("failed adding to {name} to index: {}", error_text(&error)))
        })?;
    }
    Ok((index, log))
}

/// Go's `*.tgz` and `*/*.tgz`, each in order of names.
fn archives(folder: &Path) -> Vec<PathBuf> {
    let here = listed(folder);
    let mut found: Vec<PathBuf> = here.iter().filter(|path| is_archive(path)).cloned().collect();
    for below in here.iter().filter(|path| path.is_dir()) {
        found.extend(listed(below).into_iter().filter(|path| is_archive(path)));
    }
    found
}

fn is_archive(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b".tgz")
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}
