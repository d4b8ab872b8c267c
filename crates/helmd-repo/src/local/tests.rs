use super::{load, load_bytes};
use helmd_chart::{HelmMajor, Loader, error_text};
use std::fs;

const CHART: &str = "apiVersion: v2\nname: c\nversion: 0.1.0\n";

#[test]
fn a_folder_is_read_in_order() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("templates")).unwrap();
    for (name, text) in [
        ("Chart.yaml", CHART),
        (".helmignore", "*.bak\n"),
        ("values.yaml", "\u{feff}a: 1\n"),
        ("templates/b.yaml", "b"),
        ("templates/a.yaml", "a"),
        ("templates/.hidden", "x"),
        ("x.bak", "x"),
        ("z", "z"),
    ] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let chart = load(dir.path(), &Loader::new(HelmMajor::Helm4)).unwrap();
    let names = |files: &[helmd_chart::File]| files.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&chart.templates), ["templates/a.yaml", "templates/b.yaml"]);
    assert_eq!(names(&chart.files), [".helmignore", "z"]);
    assert_eq!(chart.default_values().get("a").and_then(|v| v.as_f64()), Some(1.0));
}

#[cfg(unix)]
#[test]
fn links_stay_inside() {
    let outer = tempfile::tempdir().unwrap();
    let dir = outer.path().join("c");
    fs::create_dir_all(dir.join("templates")).unwrap();
    fs::write(dir.join("Chart.yaml"), CHART).unwrap();
    fs::write(outer.path().join("secret"), "s").unwrap();
    let loaded = || load(&dir, &Loader::new(HelmMajor::Helm4)).map_err(|e| error_text(&e));
    std::os::unix::fs::symlink(dir.join("Chart.yaml"), dir.join("templates/in")).unwrap();
    assert_eq!(loaded().map(|c| c.templates.len()), Ok(1));
    std::os::unix::fs::symlink("..", dir.join("templates/loop")).unwrap();
    assert!(loaded().is_err_and(|e| e.ends_with("leads to a folder above it")));
    fs::remove_file(dir.join("templates/loop")).unwrap();
    std::os::unix::fs::symlink("../../secret", dir.join("templates/out")).unwrap();
    assert!(loaded().is_err_and(|e| e.ends_with("leads out of the chart")));
}

#[test]
fn what_is_no_chart_is_named() {
    let loader = Loader::new(HelmMajor::Helm4);
    let of = |name: &str, bytes: &[u8]| load_bytes(name, bytes, &loader).map_err(|e| error_text(&e)).err();
    assert_eq!(
        of("x.yaml", b"a: 1").as_deref(),
        Some("file 'x.yaml' seems to be a YAML file, but expected a gzipped archive")
    );
    assert_eq!(
        of("x.tgz", b"PK\x03\x04").as_deref(),
        Some("file 'x.tgz' does not appear to be a gzipped archive; got 'application/zip'")
    );
    assert!(of("x.tgz", b"\x1f\x8b\x08").is_some());
    let missing = load("/nonexistent/x".as_ref(), &loader).map_err(|e| error_text(&e)).err();
    assert_eq!(missing.as_deref(), Some("path \"/nonexistent/x\" not found"));
}
