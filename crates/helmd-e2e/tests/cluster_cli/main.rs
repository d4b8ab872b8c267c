//! The commands on releases beside the real programs, on a real cluster: the same sequence of commands by helm in one namespace
//! and by helmd in another gives the same standard output, standard error and exit codes, times and the like taken out.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod cases;
mod charts;
mod same;

use helmd_e2e::Setup;
use helmd_e2e::lines::{difference, words};
use std::path::Path;
use std::process::{Command, Stdio};

#[derive(PartialEq, Eq)]
struct Given {
    code: Option<i32>,
    out: String,
    err: String,
}

struct Side<'a> {
    program: &'a Path,
    namespace: &'a str,
    flag: Option<&'a str>,
}

impl Side<'_> {
    fn run(&self, line: &str, kubeconfig: &Path, folder: &Path) -> Given {
        let mut words = words(line);
        let named = |word: &&String| word.starts_with("HELM_") || word.starts_with("NO_COLOR=");
        let variables = words.drain(..words.iter().take_while(named).count()).collect::<Vec<_>>();
        let variables = variables.iter().filter_map(|variable| variable.split_once('='));
        let output = Command::new(self.program)
            .args(words)
            .args(["--namespace", self.namespace])
            .args(self.flag)
            .current_dir(folder)
            .env_clear()
            .env("HOME", folder.join("home"))
            .env("KUBECONFIG", kubeconfig)
            .env("TZ", "UTC")
            .envs(variables)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| same::text(&String::from_utf8_lossy(bytes), self.namespace);
        Given { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

fn compare(helm: &str, sequence: &str, namespaces: (&str, &str), flag: Option<&str>) {
    let Some(setup) = Setup::find(true) else { return };
    let kubeconfig = setup.kubeconfig.clone().unwrap();
    let folder = tempfile::tempdir().unwrap();
    charts::write(folder.path()).unwrap();
    let program = setup.tools.join(helm);
    let theirs = Side { program: &program, namespace: namespaces.0, flag: None };
    let ours = Side { program: &setup.helmd, namespace: namespaces.1, flag };
    let (mut different, mut lines) = (Vec::new(), 0);
    for line in sequence.lines().filter(|line| !line.is_empty()) {
        lines += 1;
        let (codes_only, line) = line.strip_prefix("~ ").map_or((false, line), |line| (true, line));
        let want = theirs.run(line, &kubeconfig, folder.path());
        let got = ours.run(line, &kubeconfig, folder.path());
        if want.code != got.code || (!codes_only && want != got) {
            let codes = format!("  exit codes {:?} and {:?}\n", want.code, got.code);
            let texts = difference("out", &want.out, &got.out) + &difference("err", &want.err, &got.err);
            different.push(format!("{helm} {line}\n{codes}{texts}"));
        }
    }
    println!("{helm}: {} of {lines} commands the same", lines - different.len());
    assert!(different.is_empty(), "{} of {lines} differ\n{}", different.len(), different.join("\n"));
}

#[test]
fn helm_4() {
    compare("helm4", cases::FOUR, ("cli-four-helm", "cli-four-ours"), None);
}

#[test]
fn helm_3() {
    compare("helm3", cases::THREE, ("cli-three-helm", "cli-three-ours"), Some("--helm3"));
}
