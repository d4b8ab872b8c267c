//! Files and folders that are written.

use super::RepoError;
use super::error::failed;
use super::go_text;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Writes an archive into a folder, which is made if it is missing; gives its path.
///
/// # Errors
/// The folder is none or cannot be made, or the file cannot be written.
pub fn write_archive(folder: &str, name: &str, bytes: &[u8]) -> Result<PathBuf, RepoError> {
    let file = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let file = PathBuf::from(helmd_chart::clean_path(&file));
    let folder = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    match fs::metadata(folder) {
        Ok(info) if !info.is_dir() => return Err(RepoError::NotFolder(super::text(folder))),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => create_folder(folder)?,
        Err(error) => {
            let folder = super::text(folder);
            return Err(RepoError::Io(format!("stat {folder}: stat {folder}: {}", go_text(&error))));
        }
    }
    fs::write(&file, bytes).map_err(|e| failed("open", &file, &e))?;
    Ok(file)
}

/// Makes a folder and those above it.
///
/// # Errors
/// The first folder that cannot be made is named.
pub fn create_folder(folder: &Path) -> Result<(), RepoError> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| *above != Path::new("")) {
        create_folder(above)?;
    }
    match fs::create_dir(folder) {
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => {
            let error = if folder.exists() { io::ErrorKind::NotADirectory.into() } else { error };
            Err(failed("mkdir", folder, &error))
        }
        Ok(()) => Ok(()),
    }
}

/// Writes a file and makes the folders above it.
///
/// # Errors
/// A folder cannot be made or the file not written.
pub fn write_file(file: &Path, bytes: &[u8]) -> Result<(), RepoError> {
    if let Some(folder) = file.parent() {
        create_folder(folder)?;
    }
    fs::write(file, bytes).map_err(|e| failed("open", file, &e))
}
