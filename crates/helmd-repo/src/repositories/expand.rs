//! Unpacking an archive into a folder.

use super::error::RepositoryError;
use super::resolve::safe_name;
use crate::local::{create_folder, go_text};
use helmd_chart::{Loader, read_archive};
use helmd_index::reference;
use helmd_yaml::Numbers;
use serde_json::Value as Json;
use std::path::Path;

/// The name of the file that a URL's archive gets.
///
/// # Errors
/// The URL's last part is no name.
pub fn archive_name(url: &str) -> Result<String, RepositoryError> {
    let name = reference::archive_file(url).unwrap_or_default();
    safe_name(&name).map(str::to_owned)
}

/// Writes the files of an archive into a folder of the chart's name below `folder`, as they are.
///
/// # Errors
/// It is no archive of a chart; something cannot be written. The names of an archive cannot lead out of the folder.
pub fn expand(folder: &Path, archive: &[u8], loader: &Loader) -> Result<(), RepositoryError> {
    let files = read_archive(archive, &loader.limits, loader.helm)
        .map_err(|e| RepositoryError::File(helmd_chart::error_text(&e)))?;
    let metadata = files.iter().find(|file| file.name == "Chart.yaml");
    let name = metadata.map(|file| chart_name(file.data.as_bytes())).transpose()?.unwrap_or_default();
    if name.is_empty() {
        return Err(RepositoryError::File("chart name not specified".to_owned()));
    }
    let top = folder.join(safe_name(&name)?);
    for file in files {
        let path = top.join(&file.name);
        let failed = |e: &std::io::Error| RepositoryError::Io(format!("open {}: {}", path.display(), go_text(e)));
        create_folder(path.parent().unwrap_or(&top)).map_err(|e| RepositoryError::Io(e.to_string()))?;
        std::fs::write(&path, file.data.as_bytes()).map_err(|e| failed(&e))?;
    }
    Ok(())
}

fn chart_name(yaml: &[u8]) -> Result<String, RepositoryError> {
    let cannot = |e: String| RepositoryError::File(format!("cannot load Chart.yaml: {e}"));
    let metadata = helmd_yaml::parse(yaml, Numbers::Yaml).map_err(|e| cannot(e.to_string()))?;
    Ok(metadata.get("name").and_then(Json::as_str).unwrap_or_default().to_owned())
}
