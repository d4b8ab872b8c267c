//! Paths as Go's `path/filepath` treats them on Unix.

use helmd_chart::clean_path;
use std::path::{Path, PathBuf};

/// [`clean_path`] of a path; one that is not UTF-8 stays as it is.
pub fn clean(path: &Path) -> PathBuf {
    path.to_str().map_or_else(|| path.to_owned(), |text| PathBuf::from(clean_path(text)))
}

/// Go's `filepath.Abs`: below the working folder, and clean.
pub fn absolute(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    clean(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}
