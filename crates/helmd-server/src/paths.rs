//! Which files of this machine requests may name.

use helmd_kube::{ConfigSource, Secret};
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Largest kubeconfig that a request may name.
const MAX_KUBECONFIG_BYTES: u64 = 1024 * 1024;

/// Which files of this machine requests may name.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllowedPaths {
    folders: Vec<PathBuf>,
    /// As in the Go program (`--compat-unsafe`).
    all: bool,
}

/// Whether a path has an element that leaves its folder.
pub(crate) fn climbs(path: &str) -> bool {
    path.split(['/', '\\']).any(|part| part == "..")
}

impl AllowedPaths {
    /// Those within these folders, or all.
    pub(crate) fn new(folders: Vec<PathBuf>, all: bool) -> AllowedPaths {
        AllowedPaths { folders, all }
    }

    /// The path to open for what the parameter `name` says: the real one, without links, unless all are allowed. Nothing needs
    /// to be there.
    ///
    /// # Errors
    /// It is not within an allowed folder; the same words whether something is there or not.
    pub(crate) fn check(&self, name: &str, path: &str) -> Result<PathBuf, String> {
        if climbs(path) {
            return Err(format!("{name} must not hold \"..\""));
        }
        if self.all {
            return Ok(PathBuf::from(path));
        }
        let real = real(Path::new(path));
        // The folders may be mounted later than this server starts: they are looked at each time.
        let folders = self.folders.iter().filter_map(|folder| folder.canonicalize().ok());
        let within = |real: &PathBuf| folders.into_iter().any(|folder| real.starts_with(folder));
        real.filter(within).ok_or_else(|| {
            format!("paths on the server are refused: {name} must lie in a folder that --allow-path names")
        })
    }

    /// The kubeconfig that a request names. One that is not trusted wholly is data: it names no files, proxies or programs.
    ///
    /// # Errors
    /// It may not be named, or cannot be read.
    pub(crate) fn kubeconfig(&self, path: &str) -> Result<ConfigSource, String> {
        let real = self.check("kube_config", path)?;
        if self.all || !real.exists() {
            return Ok(ConfigSource::File(real));
        }
        let unreadable = |why: &dyn std::fmt::Display| format!("kube_config {path:?} cannot be read: {why}");
        let file = File::open(&real).map_err(|e| unreadable(&e))?;
        let mut text = String::new();
        file.take(MAX_KUBECONFIG_BYTES + 1).read_to_string(&mut text).map_err(|e| unreadable(&e))?;
        if text.len() as u64 > MAX_KUBECONFIG_BYTES {
            return Err(unreadable(&"it is larger than 1 MiB"));
        }
        Ok(ConfigSource::Text(Secret::new(text)))
    }
}

/// The path without links; of one that is not there, its folder is followed as far as it is there.
fn real(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = path.canonicalize() {
        return Some(real);
    }
    // A link that leads nowhere is no path to something that may come.
    if path.is_symlink() {
        return None;
    }
    let Some(Component::Normal(last)) = path.components().next_back() else { return None };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(real(parent)?.join(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_within_may_be_named() {
        let outer = tempfile::tempdir().unwrap();
        let at = |name: &str| outer.path().join(name).display().to_string();
        let good = outer.path().join("good");
        std::fs::create_dir_all(good.join("sub")).unwrap();
        std::fs::write(good.join("a"), "a").unwrap();
        std::fs::write(outer.path().join("secret"), "s").unwrap();
        std::fs::create_dir_all(outer.path().join("good-not")).unwrap();
        std::os::unix::fs::symlink(outer.path(), good.join("out")).unwrap();
        std::os::unix::fs::symlink("/nowhere/x", good.join("dangling")).unwrap();
        std::os::unix::fs::symlink(&good, outer.path().join("in")).unwrap();
        let paths = AllowedPaths::new(vec![good.clone()], false);
        for fine in ["good", "good/a", "good/sub", "good/missing", "good/missing/deep", "in/a"] {
            let real = paths.check("x", &at(fine)).unwrap();
            assert!(real.starts_with(good.canonicalize().unwrap()), "{fine}");
        }
        for bad in ["secret", "good-not", "good/out/secret", "good/out/missing", "good/dangling", "good/../secret"] {
            assert!(paths.check("x", &at(bad)).is_err(), "{bad}");
        }
        for bad in ["/etc/passwd", "/", "", "relative", "\\..\\x"] {
            assert!(paths.check("x", bad).is_err(), "{bad}");
        }
        // What is there and what is not are told apart by nobody.
        let words = |path: &str| paths.check("x", path).unwrap_err();
        assert_eq!(words("/etc/passwd"), words("/etc/nothing-of-this-name"));
        let none = AllowedPaths::default();
        assert!(none.check("x", &at("good/a")).unwrap_err().contains("--allow-path"));
        let all = AllowedPaths::new(Vec::new(), true);
        assert!(all.check("x", "/etc/passwd").is_ok() && all.check("x", "/a/../b").is_err());
    }
}
