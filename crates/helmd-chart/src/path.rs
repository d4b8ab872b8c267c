//! Paths as Go cleans them.

/// Go's `filepath.Clean`: no double slashes, no `.`, and `..` taken back where that is possible without a look at the disk.
pub fn clean_path(path: &str) -> String {
    // Whole elements are taken away, so UTF-8 stays UTF-8.
    String::from_utf8_lossy(&sprig::paths::clean(path.as_bytes())).into_owned()
}

#[cfg(test)]
mod tests {
    use super::clean_path;

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
            assert_eq!(clean_path(path), want, "{path}");
        }
    }
}
