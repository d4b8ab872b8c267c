//! All recorded answers: what fails is exactly what `vectors/known-failures.txt` lists, so nothing gets worse unseen and the list
//! shrinks with every fix.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[test]
fn recorded_answers_fail_only_where_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let known = std::fs::read_to_string(root.join("vectors/known-failures.txt")).unwrap();
    let known: BTreeSet<&str> = known.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    let out = Command::new(env!("CARGO_BIN_EXE_vectors")).arg(root.join("vectors")).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let failed: BTreeSet<&str> = text.lines().filter_map(|l| l.strip_prefix("FAIL ")).collect();
    assert!(text.lines().any(|l| l.ends_with(" failed") && l.contains("patch.json: 351 passed")), "{text}");
    let worse: Vec<_> = failed.difference(&known).collect();
    let better: Vec<_> = known.difference(&failed).collect();
    assert!(worse.is_empty(), "these failed not before: {worse:?}");
    assert!(better.is_empty(), "these pass now, take them off the list: {better:?}");
}
