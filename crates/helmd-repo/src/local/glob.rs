//! Go's `filepath.Glob`.

use helmd_chart::glob::{BadPattern, matches};
use std::fs;

/// The paths that match the pattern, sorted folder by folder; what cannot be read has no match.
///
/// # Errors
/// The pattern is malformed.
pub fn glob(pattern: &str) -> Result<Vec<String>, BadPattern> {
    matches(pattern, "")?;
    if !has_meta(pattern) {
        return Ok(if fs::symlink_metadata(pattern).is_ok() { vec![pattern.to_owned()] } else { Vec::new() });
    }
    let (folder, base) = pattern.rsplit_once('/').map_or(("", pattern), |(folder, base)| (folder, base));
    let folder = match (folder, pattern.starts_with('/')) {
        ("", true) => "/",
        ("", false) => ".",
        (folder, _) => folder,
    };
    let folders = if has_meta(folder) && folder != pattern { glob(folder)? } else { vec![folder.to_owned()] };
    let mut found = Vec::new();
    for folder in folders {
        let Ok(listing) = fs::read_dir(&folder) else { continue };
        let mut names: Vec<String> =
            listing.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        for name in names {
            if matches(base, &name)? {
                found.push(helmd_chart::clean_path(&format!("{folder}/{name}")));
            }
        }
    }
    Ok(found)
}

fn has_meta(path: &str) -> bool {
    path.contains(['*', '?', '[', '\\'])
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn patterns_find_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().to_str().unwrap();
        for name in ["b-2.tgz", "b-1.tgz", "c", ".d.tgz"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let found = |pattern: &str| -> Option<Vec<String>> {
            let found = glob(&format!("{top}/{pattern}")).ok()?;
            Some(found.iter().map(|path| path[top.len() + 1..].to_owned()).collect())
        };
        assert_eq!(found("b-*.tgz").unwrap(), ["b-1.tgz", "b-2.tgz"]);
        assert_eq!(found("*").unwrap(), [".d.tgz", "b-1.tgz", "b-2.tgz", "c"]);
        assert_eq!(found("c").unwrap(), ["c"]);
        assert_eq!(found("x/*"), Some(Vec::new()));
        assert_eq!(found("[-*"), None);
    }
}
