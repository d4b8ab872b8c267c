//! What Helm says of symbolic links in a chart's folder.

use crate::local::{clean, go_text};
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
        let next = match Path::new(&part).components().next() {
            Some(Component::ParentDir) => clean(&at.join("..")),
            _ => at.join(&part),
        };
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
            Ok(_) => at = next,
        }
    }
    go_text(error)
}
