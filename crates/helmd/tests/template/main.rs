//! `helmd template` beside the real programs: the same words, the same standard output, standard error and exit code.
//!
//! `HELMD_TOOLS` names the folder of helm3 and helm4; without it these tests say `skipped: …` (a failure when `CI=true`).

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod cases;
mod charts;
#[path = "../common/mod.rs"]
mod common;

use cases::{CASES, OUTPUT_DIR_CASES};
use common::tools;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a program gave.
#[derive(Debug, PartialEq, Eq)]
struct Given {
    code: Option<i32>,
    out: String,
    err: String,
    files: BTreeMap<String, String>,
}

fn run(program: &Path, args: &[String], folder: &Path) -> Given {
    let written = folder.join("out");
    let _was_not_there = std::fs::remove_dir_all(&written);
    let input = std::fs::File::open(folder.join("more.yaml")).unwrap();
    let output = Command::new(program)
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder.join("home"))
        .env("KUBECONFIG", folder.join("kubeconfig"))
        .stdin(Stdio::from(input))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut files = BTreeMap::new();
    collect(&written, &mut files);
    Given { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr), files }
}

fn collect(folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path.display().to_string(), std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn compare(cases: &[&str]) {
    let Some(tools) = tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    charts::write(folder.path());
    let helmd = Path::new(env!("CARGO_BIN_EXE_helmd"));
    let mut different = Vec::new();
    for case in cases {
        for (helm, flag) in [("helm4", None), ("helm3", Some("--helm3"))] {
            let words = words(case);
            let with = |first: Option<&str>| {
                let start = ["template"].into_iter().chain(first).map(str::to_owned);
                start.chain(words.clone()).collect::<Vec<_>>()
            };
            let want = run(&tools.join(helm), &with(None), folder.path());
            let got = run(helmd, &with(flag), folder.path());
            if got != want {
                different.push(format!("{helm} template {case}\n--- want {want:#?}\n--- got {got:#?}"));
            }
        }
    }
    assert!(different.is_empty(), "{} of {} differ\n{}", different.len(), 2 * cases.len(), different.join("\n\n"));
}

/// The words of a case; single quotes hold words with blanks together.
fn words(case: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (i, part) in case.split('\'').enumerate() {
        if i % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn flags_are_helms() {
    compare(CASES);
}

#[test]
fn files_are_helms() {
    compare(OUTPUT_DIR_CASES);
}

#[test]
fn usage_needs_no_chart() {
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_helmd")).args(args).output().unwrap();
        let text = if output.status.success() { output.stdout } else { output.stderr };
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    assert_eq!(run(&["template", "--nope"]), (Some(1), "Error: unknown flag: --nope\n".to_owned()));
    let (code, text) = run(&["template"]);
    assert_eq!(code, Some(1));
    assert!(text.starts_with("Error: \"helm template\" requires at least 1 argument\n\nUsage:  helm template "));
    let (code, text) = run(&["template", "--help"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("  -s, --show-only stringArray "), "{text}");
    let (code, text) = run(&["template", "--post-renderer", "x", "c"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("helmd starts no programs"), "{text}");
}
