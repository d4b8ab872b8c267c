//! File names of charts.

/// What a file is called while it is written.
pub(crate) const PARTIAL: &str = ".upload-";
const ARCHIVE: &str = ".tgz";
/// What follows an archive's name in its signature's.
pub(crate) const PROVENANCE: &str = ".prov";

/// The file of a version's archive.
#[must_use]
pub fn archive_file(name: &str, version: &str) -> String {
    format!("{name}-{version}{ARCHIVE}")
}

/// Whether a text is the name of one file that stays in its folder.
#[must_use]
pub fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && name != "."
        && name != ".."
        && !name.contains('/')
        && !name.chars().any(char::is_control)
}

/// Whether a file is one of the store's.
pub(crate) fn is_ours(name: &str) -> bool {
    is_file_name(name) && !name.starts_with(PARTIAL) && (is_archive(name) || is_provenance(name))
}

pub(crate) fn is_archive(name: &str) -> bool {
    name.ends_with(ARCHIVE)
}

pub(crate) fn is_provenance(name: &str) -> bool {
    name.strip_suffix(PROVENANCE).is_some_and(is_archive)
}

/// Whether a chart of this name can be stored under it.
pub(crate) fn is_chart_name(name: &str) -> bool {
    helmd_chart::names::validate_chart_name(name).is_ok() && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_folder() {
        assert!(["a.tgz", ".tgz", "a b.tgz", "汉字.tgz", "..\\a.tgz"].into_iter().all(is_file_name));
        assert!(!["", ".", "..", "../a.tgz", "a/b.tgz", "a\n.tgz", "a\0.tgz"].into_iter().any(is_file_name));
        assert!(is_ours("a-1.tgz") && is_ours("a-1.tgz.prov"));
        assert!(!is_ours(".upload-x-a.tgz") && !is_ours("a.prov") && !is_ours("a.zip"));
        assert!(is_chart_name("a-b_c.d") && !is_chart_name("..") && !is_chart_name("a/b") && !is_chart_name("a b"));
    }
}
