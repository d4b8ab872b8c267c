//! Lines on standard error in the form of each Helm's program.

use gotmpl::slog;
use helmd_chart::HelmMajor;

/// Where Helm 3.22.0 writes a line of its log: how the line begins, the file, the line.
const PLACES: &[(&str, &str)] = &[
    ("warning: skipping globals because destination", "coalesce.go:138"),
    ("warning: skipping globals because source", "coalesce.go:145"),
    ("Conflict: cannot merge map onto non-map", "coalesce.go:161"),
    ("key ", "coalesce.go:175"),
    ("warning: skipped value for", "coalesce.go:237"),
    ("warning: cannot overwrite table with non table", "coalesce.go:316"),
    ("warning: destination for", "coalesce.go:319"),
    ("Warning: Condition path", "dependencies.go:64"),
    ("Warning: PathValue returned error", "dependencies.go:67"),
    ("Warning: Tag", "dependencies.go:95"),
    ("Warning: ImportValues missing table from chart", "dependencies.go:270"),
    ("Warning: ImportValues missing table:", "dependencies.go:287"),
    ("WARNING: unresolved URN reference", "jsonschema.go:192"),
    ("Warning: Dependencies are handled in Chart.yaml", "load.go:120"),
    ("Warning: Dependency locking is handled", "load.go:138"),
    ("[ERROR] unable to get apiresource", "lookup_func.go:104"),
    ("[ERROR] unable to retrieve resource list", "lookup_func.go:130"),
    ("[INFO] Missing required value", "engine.go:206"),
    ("[INFO] Fail:", "engine.go:227"),
    ("info: skipping unknown hook", "manifest_sorter.go:199"),
    ("found symbolic link in path", "walk.go:75"),
];

/// A line of Helm's packages as its program writes it: Helm 3 puts the place in its source before it, Helm 4 makes a
/// record of it.
pub fn line(text: &str, helm: HelmMajor) -> String {
    match helm {
        HelmMajor::Helm4 if text.starts_with("level=") => text.to_owned(),
        HelmMajor::Helm4 => slog::record("INFO", text, &[]),
        HelmMajor::Helm3 => match PLACES.iter().find(|(start, _)| text.starts_with(start)) {
            Some((_, place)) => format!("{place}: {text}"),
            None => text.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::line;
    use helmd_chart::HelmMajor::{Helm3, Helm4};

    #[test]
    fn lines_have_each_programs_form() {
        let text = "warning: skipped value for c.a: Not a table.";
        assert_eq!(line(text, Helm3), "coalesce.go:237: warning: skipped value for c.a: Not a table.");
        assert_eq!(line(text, Helm4), "level=INFO msg=\"warning: skipped value for c.a: Not a table.\"");
        assert_eq!(line("level=WARN msg=x", Helm4), "level=WARN msg=x");
    }
}
