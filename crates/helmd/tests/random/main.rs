//! The functions whose results nobody can foretell: openssl, htpasswd and the real helm read what we wrote.
//!
//! `HELMD_TOOLS` names the folder of helm4; without a program the test that needs it says `skipped: …` (a failure when `CI=true`).

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod alphabets;
mod certificates;
#[path = "../common/mod.rs"]
mod common;
mod keys;
mod passwords;

use common::{skip, tools, variable};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that these tests cannot do without.
fn program(name: &str) -> Option<PathBuf> {
    let found = found(name);
    if found.is_none() {
        skip(&format!("there is no {name}"));
    }
    found
}

/// A program, if it is there.
fn found(name: &str) -> Option<PathBuf> {
    let folders = variable("PATH").unwrap_or_default();
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The real helm.
fn helm4() -> Option<PathBuf> {
    tools().map(|folder| folder.join("helm4"))
}

fn helmd() -> PathBuf {
    env!("CARGO_BIN_EXE_helmd").into()
}

/// What an expression gives with values, rendered by a program.
fn render(program: &Path, expression: &str, values: &serde_json::Value) -> String {
    render_after(program, "", expression, values)
}

/// What an expression gives behind other template text.
fn render_after(program: &Path, before: &str, expression: &str, values: &serde_json::Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("c");
    std::fs::create_dir_all(chart.join("templates")).unwrap();
    std::fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n").unwrap();
    // One JSON text in YAML comes through as it is.
    let template = format!("{before}text: {{{{ print ({expression}) | toJson }}}}\n");
    std::fs::write(chart.join("templates/t.yaml"), template).unwrap();
    std::fs::write(folder.path().join("values.json"), values.to_string()).unwrap();
    let output = Command::new(program)
        .args(["template", "c", "-f", "values.json"])
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {error}", program.display());
    let text = String::from_utf8(output.stdout).unwrap();
    let json = text.lines().find_map(|line| line.strip_prefix("text: ")).unwrap();
    serde_json::from_str(json).unwrap()
}

/// What a program gives of a text on its standard input; `Err` has its standard error.
fn pipe(program: &Path, args: &[&str], input: &str) -> Result<String, String> {
    use std::io::Write as _;
    let mut child = Command::new(program)
        .args(args)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
