//! `create`

use crate::{Given, Place, helmd, run, tools};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Every file below a folder with its text; folders have none.
fn files(folder: &Path) -> BTreeMap<String, Option<String>> {
    fn walk(top: &Path, folder: &Path, found: &mut BTreeMap<String, Option<String>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(top).unwrap().display().to_string();
            if path.is_dir() {
                found.insert(name, None);
                walk(top, &path, found);
            } else {
                found.insert(name, Some(fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

#[test]
fn the_new_chart_has_no_faults() {
    let place = Place::new();
    assert_eq!(place.helmd(&["create", "new"]), Given::good("Creating new\n"));
    let clean = "==> Linting new\n[INFO] Chart.yaml: icon is recommended\n\n1 chart(s) linted, 0 chart(s) failed\n";
    assert_eq!(place.helmd(&["lint", "--strict", "new"]), Given::good(clean));
    assert_eq!(place.helmd(&["--helm3", "lint", "--strict", "new"]), Given::good(clean));
    assert!(place.out(&["template", "r", "new"]).contains("name: r-new\n"));
    let Some(tools) = tools() else { return };
    for (helm, flag) in [("helm4", &[][..]), ("helm3", &["--helm3"])] {
        let helm = tools.join(helm);
        assert_eq!(run(&helm, &["lint", "--strict", "new"], place.path(), &[]), Given::good(clean));
        let theirs = run(&helm, &["template", "r", "new"], place.path(), &[]);
        assert_eq!(run(helmd(), &[flag, &["template", "r", "new"]].concat(), place.path(), &[]), theirs);
    }
}

#[test]
fn a_starter_gets_the_name() {
    let place = Place::new();
    let starter = place.path().join("starter");
    assert_eq!(place.out(&["create", "new", "-p", starter.to_str().unwrap()]), "Creating new\n");
    let new = files(&place.path().join("new"));
    let text = |name: &str| new.get(name).cloned().flatten().unwrap_or_default();
    assert_eq!(text("values.yaml"), "# new\na: {b: new}\n");
    assert_eq!(text("templates/a.yaml"), "a: new {{ .Values.a.b }}\n");
    assert_eq!(text("README.md"), "<CHARTNAME>\n");
    assert!(text("Chart.yaml").contains("name: new\n"));
}

/// The same words and the same names of files; with a starter the same files.
#[test]
fn create_is_helms() {
    let Some(tools) = tools() else { return };
    let place = Place::new();
    let top = place.path();
    let starter = top.join("starter").display().to_string();
    for (helm, flag) in [("helm4", &[][..]), ("helm3", &["--helm3"])] {
        for case in [
            &["create", "new"][..],
            &["create", "nope/new"],
            &["create", "a b"],
            &["create", "file"],
            &["create"],
            &["create", "a", "b"],
            &["create", "new", "--chart-api-version", "v3"],
            &["create", "new", "-p", "nope"],
            &["create", "new", "-p", &starter],
            &["create", "file", "-p", &starter],
        ] {
            // One after the other at the same place, as messages name it.
            let work = top.join("work");
            let given = |program: &Path, args: &[&str]| {
                fs::create_dir(&work).unwrap();
                fs::write(work.join("file"), "").unwrap();
                let given = run(program, args, &work, &[]);
                let found = files(&work);
                fs::remove_dir_all(&work).unwrap();
                (given, found)
            };
            let (want, theirs) = given(&tools.join(helm), case);
            let (got, ours) = given(helmd(), &[flag, case].concat());
            assert_eq!(got, want, "{helm} {case:?}");
            assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>(), "{helm} {case:?}");
            assert!(!case.contains(&starter.as_str()) || ours == theirs, "{helm} {case:?}: {ours:?}, not {theirs:?}");
        }
    }
}
