//! `helmd show`, `package`, `create` and `dependency list` as processes: what they print and write, and the same beside the real
//! programs.
//!
//! `HELMD_TOOLS` names the folder of helm3 and helm4; without it the comparisons say `skipped: …` (a failure when `CI=true`).

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod charts;
#[path = "../common/mod.rs"]
mod common;
mod create;
mod dependency;
mod package;
mod show;

use common::tools;
use std::path::Path;
use std::process::Command;

fn helmd() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_helmd"))
}

/// What a program gave.
#[derive(Debug, PartialEq, Eq)]
struct Given {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Given {
    fn good(out: &str) -> Given {
        Given { code: Some(0), out: out.to_owned(), err: String::new() }
    }

    fn refused(error: &str) -> Given {
        Given { code: Some(1), out: String::new(), err: format!("Error: {error}\n") }
    }
}

/// Runs a program in a folder; its home is there, too.
fn run(program: &Path, args: &[&str], folder: &Path, variables: &[(&str, &str)]) -> Given {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env_clear().env("HOME", folder).envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Given { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A folder with the charts, and helmd in it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        charts::write(place.path());
        place
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn helmd(&self, args: &[&str]) -> Given {
        run(helmd(), args, self.path(), &[])
    }

    /// What helmd prints; it must succeed.
    fn out(&self, args: &[&str]) -> String {
        let Given { code, out, err } = self.helmd(args);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{args:?}");
        out
    }
}

/// Asks helm4 and helmd, helm3 and `helmd --helm3` with the words of each case, in the same folder and environment.
fn compare(cases: &[&[&str]], variables: &[(&str, &str)]) {
    let Some(tools) = tools() else { return };
    let place = Place::new();
    for case in cases {
        for (helm, flag) in [("helm4", &[][..]), ("helm3", &["--helm3"])] {
            let want = run(&tools.join(helm), case, place.path(), variables);
            let got = run(helmd(), &[flag, case].concat(), place.path(), variables);
            assert_eq!(got, want, "{helm} {case:?} {variables:?}");
        }
    }
}
