//! Paths as Go cleans them.

/// Go's `filepath.Clean`: no double slashes, no `.`, and `..` taken back where that is possible without a look at the disk.
pub fn clean_path(path: &str) -> String {
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
