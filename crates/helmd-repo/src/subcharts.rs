//! The charts below a chart's folder, without loading any.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::local::clean;

/// The charts in `charts/` of a chart's folder, at any depth and in lexical order: folders with a `Chart.yaml`, and
/// archives. Symbolic links are not followed; what cannot be read is left out.
pub fn below(chart: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![clean(&chart.join("charts"))];
    while let Some(path) = left.pop() {
        let Ok(info) = fs::symlink_metadata(&path) else { continue };
        if path.file_name() == Some(OsStr::new("Chart.yaml")) {
            found.extend(path.parent().map(Path::to_owned));
        } else if path.to_str().is_some_and(is_archive) {
            found.push(path.clone());
        }
        if info.is_dir() {
            let mut inside: Vec<PathBuf> =
                fs::read_dir(&path).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
            inside.sort();
            left.extend(inside.into_iter().rev());
        }
    }
    found
}

/// Whether a path names a chart archive.
pub fn is_archive(path: &str) -> bool {
    path.ends_with(".tgz") || path.ends_with(".tar.gz")
}

#[cfg(test)]
mod tests {
    use super::below;
    use std::fs;

    #[test]
    fn charts_come_in_lexical_order() {
        let dir = tempfile::tempdir().unwrap();
        for name in
            ["charts/b/charts/c/Chart.yaml", "charts/b/Chart.yaml", "charts/a.tgz", "charts/x/a.tar.gz", "x.tgz"]
        {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = below(&dir.path().join("."));
        let names: Vec<_> = found.iter().map(|p| p.strip_prefix(dir.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["charts/a.tgz", "charts/b", "charts/b/charts/c", "charts/x/a.tar.gz"]);
        assert_eq!(below(&dir.path().join("nowhere")), Vec::<std::path::PathBuf>::new());
    }
}
