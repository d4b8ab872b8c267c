//! `package`

use crate::{Given, Place, compare, helmd, run, tools};
use flate2::read::GzDecoder;
use std::fs;
use std::io::Read;
use std::path::Path;

const EPOCH: (&str, &str) = ("SOURCE_DATE_EPOCH", "86400");

fn unpacked(archive: &Path) -> Vec<u8> {
    let mut files = Vec::new();
    GzDecoder::new(fs::File::open(archive).unwrap()).read_to_end(&mut files).unwrap();
    files
}

/// The text of a file in an archive.
fn file(archive: &Path, name: &str) -> String {
    let files = unpacked(archive);
    let mut text = String::new();
    let mut archive = tar::Archive::new(files.as_slice());
    let mut found =
        archive.entries().unwrap().map(Result::unwrap).find(|e| e.path().unwrap() == Path::new(name)).unwrap();
    found.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn the_same_files_give_the_same_archive() {
    let place = Place::new();
    let archive = |folder: &str, variables: &[(&str, &str)]| {
        let given = run(helmd(), &["package", "good", "-d", folder], place.path(), variables);
        let written = format!("Successfully packaged chart and saved it to: {folder}/good-0.1.0.tgz\n");
        assert_eq!(given, Given::good(&written));
        fs::read(place.path().join(folder).join("good-0.1.0.tgz")).unwrap()
    };
    let first = archive("a", &[]);
    assert!(first == archive("b/c", &[]), "two runs give two archives");
    let stamped = archive("d", &[EPOCH]);
    assert!(stamped == archive("e", &[EPOCH]) && stamped != first);
    let files = unpacked(&place.path().join("d/good-0.1.0.tgz"));
    let mut names = Vec::new();
    for entry in tar::Archive::new(files.as_slice()).entries().unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.header().mtime().unwrap(), 86400);
        names.push(entry.path().unwrap().display().to_string());
    }
    names.sort();
    let want = [
        ".helmignore",
        "Chart.lock",
        "Chart.yaml",
        "charts/s/Chart.yaml",
        "files/b.txt",
        "templates/NOTES.txt",
        "templates/a.yaml",
        "values.schema.json",
        "values.yaml",
    ];
    assert_eq!(names, want.map(|name| format!("good/{name}")));
}

#[test]
fn versions_can_be_given() {
    let place = Place::new();
    let top = fs::canonicalize(place.path()).unwrap();
    let written = place.out(&["package", "good", "--version", "1.2.3-rc.1+b", "--app-version", "9 x"]);
    let archive = top.join("good-1.2.3-rc.1+b.tgz");
    assert_eq!(written, format!("Successfully packaged chart and saved it to: {}\n", archive.display()));
    let chart = file(&archive, "good/Chart.yaml");
    assert!(chart.contains("\nversion: 1.2.3-rc.1+b\n") && chart.contains("appVersion: 9 x\n"), "{chart}");
}

#[test]
fn refusals() {
    let place = Place::new();
    for (args, want) in [
        (&["package"][..], "need at least one argument, the path to the chart"),
        (&["package", "nope"], "stat nope: no such file or directory"),
        (&["package", "lacks"], "found in Chart.yaml, but missing in charts/ directory: x"),
        (&["package", "good", "--version", "x"], "invalid semantic version"),
        (&["package", "good", "--sign"], "--key is required for signing a package"),
    ] {
        assert_eq!(place.helmd(args), Given::refused(want), "{args:?}");
    }
    let archives = fs::read_dir(place.path()).unwrap().filter(|e| e.as_ref().unwrap().path().extension().is_some());
    assert_eq!(archives.count(), 0);
}

#[test]
fn package_is_helms() {
    compare(
        &[
            &["package", "good"],
            &["package", "good", "bare", "-d", "out/a"],
            &["package", "bare", "-u"],
            &["package", "good", "nope"],
            &["package", "full/charts/packed-1.1.0.tgz"],
            &["package", "bare/Chart.yaml"],
            &["package", "lacks"],
            &["package", "noversion"],
            &["package", "badname"],
            &["package", "future"],
            &["package", "schema"],
            &["package", "good", "--version", "v2"],
            &["package", "good", "--version", "x"],
            &["package", "good", "-d", "bare/Chart.yaml"],
            &["package", "good", "--sign"],
        ],
        &[],
    );
    for epoch in ["0", "-1", "x"] {
        compare(&[&["package", "good"]], &[("SOURCE_DATE_EPOCH", epoch)]);
    }
}

/// What is in helmd's archive is what is in helm 4's, byte for byte; only how it is compressed differs.
#[test]
fn archives_are_helms() {
    let Some(tools) = tools() else { return };
    let place = Place::new();
    let args = ["package", "good", "--version", "2.0.0", "--app-version", "3", "-d"];
    let archive = |program: &Path, folder: &str| {
        let given = run(program, &[&args[..], &[folder]].concat(), place.path(), &[EPOCH]);
        assert_eq!((given.code, given.err.as_str()), (Some(0), ""));
        unpacked(&place.path().join(folder).join("good-2.0.0.tgz"))
    };
    assert!(archive(helmd(), "ours") == archive(&tools.join("helm4"), "theirs"), "the archives differ");
}
