//! What Helm says of symbolic links in a chart's folder.

use crate::local::go_text;
use gotmpl::slog;
use helmd_chart::HelmMajor;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

/// How many links Go follows.
const MAX_LINKS: usize = 255;

/// The line that Helm logs for each link.
pub(crate) fn note(helm: HelmMajor, path: &str, resolved: &str) -> String {
    match helm {
        HelmMajor::Helm3 => format!(
            "found symbolic link in path: {path} resolves to {resolved}. Contents of linked file included and used"
        ),
        HelmMajor::Helm4 => {
            let message = "found symbolic link in path. Contents of linked file included and used";
            slog::record("INFO", message, &[("path", path), ("resolved", resolved)])
        }
    }
}

/// Why a link leads nowhere, in Go's words: with the first part of its way that is not there.
pub(crate) fn fault(path: &Path, error: &io::Error) -> String {
    let mut at = PathBuf::new();
    let mut way: VecDeque<OsString> = path.components().map(|c| c.as_os_str().to_owned()).collect();
    let mut links = 0;
    while let Some(part) = way.pop_front() {
        if part == ".." {
            above(&mut at);
            continue;
        }
        let next = at.join(&part);
        match fs::symlink_metadata(&next) {
            Err(e) => return format!("lstat {}: {}", next.display(), go_text(&e)),
            Ok(info) if info.is_symlink() => {
                links += 1;
                let Ok(target) = fs::read_link(&next) else { break };
                if links > MAX_LINKS {
                    return "EvalSymlinks: too many links".to_owned();
                }
                for part in target.components().rev() {
                    way.push_front(part.as_os_str().to_owned());
                }
            }
            Ok(info) if !info.is_dir() && !way.is_empty() => return "not a directory".to_owned(),
            Ok(_) => at = next,
        }
    }
    go_text(error)
}

/// Goes up as Go does: it keeps `..` after the root, after its only folder, and after another `..`.
fn above(at: &mut PathBuf) {
    let mut parts = at.components().filter(|part| !matches!(part, Component::RootDir)).rev();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(_)), Some(_)) => drop(at.pop()),
        _ => at.push(".."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_up_end_as_gos_do() {
        for (from, want) in
            [("/a/b", "/a"), ("/a", "/a/.."), ("/", "/.."), ("/a/..", "/a/../.."), ("a", "a/.."), ("", "..")]
        {
            let mut at = PathBuf::from(from);
            above(&mut at);
            assert_eq!(at, Path::new(want), "{from}");
        }
    }

    #[test]
    fn the_missing_part_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("l");
        let file = dir.path().join("f");
        fs::write(&file, "").unwrap();
        let says = |target: &str| {
            std::os::unix::fs::symlink(target, &link).unwrap();
            let text = fault(&link, &fs::canonicalize(&link).unwrap_err());
            fs::remove_file(&link).unwrap();
            text
        };
        assert_eq!(says("no/x"), format!("lstat {}: no such file or directory", dir.path().join("no").display()));
        assert_eq!(says("/no/../no2"), "lstat /no: no such file or directory");
        assert_eq!(says("f/x"), "not a directory");
        assert_eq!(says("l"), "EvalSymlinks: too many links");
        let up = "../".repeat(dir.path().components().count() - 1);
        let first = Path::new("/").join(dir.path().components().nth(1).unwrap());
        let want = format!("lstat {}: no such file or directory", first.join("../no").display());
        assert_eq!(says(&format!("{up}no")), want);
    }
}
