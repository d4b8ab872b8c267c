//! All recorded answers, of Helm 4 and of Helm 3: none fails, and only those differ that `vectors/deviations.toml` names.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

fn answers(flags: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let deviations = std::fs::read_to_string(root.join("vectors/deviations.toml")).unwrap();
    let known = deviations.lines().filter_map(|l| l.strip_prefix("vectors = ["));
    let known: BTreeSet<&str> = known.flat_map(|l| l.split('"').skip(1).step_by(2)).collect();
    let vectors = Command::new(env!("CARGO_BIN_EXE_vectors")).args(flags).arg(root.join("vectors")).output().unwrap();
    let text = String::from_utf8(vectors.stdout).unwrap();
    let of = |word: &str| text.lines().filter_map(|l| l.strip_prefix(word)).collect::<BTreeSet<_>>();
    assert!(text.contains("patch.json: 351 passed"), "{text}");
    assert!(of("FAIL ").is_empty(), "{text}");
    assert_eq!(of("DIFFERS "), known);
}

#[test]
fn recorded_answers_of_helm_4() {
    answers(&[]);
}

#[test]
fn recorded_answers_of_helm_3() {
    answers(&["--helm3"]);
}
