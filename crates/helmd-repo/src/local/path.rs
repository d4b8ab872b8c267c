//! Paths as Go's `path/filepath` treats them on Unix.

use std::path::{Path, PathBuf};

/// Go's `filepath.Clean`: no double slashes, no `.`, and `..` taken back where that is possible without a look at the disk.
pub fn clean_text(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// [`clean_text`] of a path; one that is not UTF-8 stays as it is.
pub fn clean(path: &Path) -> PathBuf {
    path.to_str().map_or_else(|| path.to_owned(), |text| PathBuf::from(clean_text(text)))
}

/// Go's `filepath.Abs`: below the working folder, and clean.
pub fn absolute(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    clean(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::clean_text;

    #[test]
    fn paths_are_cleaned_as_by_go() {
        for (path, want) in [
            ("", "."),
            (".", "."),
            ("./a//b/", "a/b"),
            ("a/../..", ".."),
            ("../../a", "../../a"),
            ("/..//a/./b/..", "/a"),
            ("/", "/"),
        ] {
            assert_eq!(clean_text(path), want, "{path}");
        }
    }
}
