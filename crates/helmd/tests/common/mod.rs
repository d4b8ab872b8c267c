//! What the tests beside the real programs have in common.

use std::path::PathBuf;

/// The folder of the real programs.
pub fn tools() -> Option<PathBuf> {
    let found = variable("HELMD_TOOLS");
    if found.is_none() {
        skip("HELMD_TOOLS names no folder with helm3 and helm4");
    }
    found.map(PathBuf::from)
}

/// Says why a test is skipped; with `CI=true` that is a failure.
pub fn skip(why: &str) {
    assert!(variable("CI").as_deref() != Some("true"), "{why}");
    println!("skipped: {why}");
}

/// A variable that is set to something.
#[expect(clippy::disallowed_methods, reason = "tests are configured by their environment")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
