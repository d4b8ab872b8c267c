//! The commands on repositories beside the real programs: the same sequence by helm and by helmd, against the same repositories on
//! this machine, gives the same standard output, standard error, exit codes and files.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod cases;
mod charts;
mod server;

use helmd_e2e::Setup;
use helmd_e2e::lines::{difference, words};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Given {
    code: Option<i32>,
    out: String,
    err: String,
    files: BTreeMap<String, String>,
}

struct Side<'a> {
    program: PathBuf,
    folder: PathBuf,
    flag: Option<&'a str>,
}

impl Side<'_> {
    fn run(&self, line: &str) -> Given {
        let output = Command::new(&self.program)
            .args(words(line))
            .args(self.flag)
            .current_dir(self.folder.join("work"))
            .env_clear()
            .env("HOME", self.folder.join("home"))
            .env("TZ", "UTC")
            .env("KUBECONFIG", "/dev/null")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| self.plain(&String::from_utf8_lossy(bytes));
        let mut files = BTreeMap::new();
        self.files(&self.folder, &mut files);
        let (out, err) = (Self::in_order(text(&output.stdout), line), Self::in_order(text(&output.stderr), line));
        Given { code: output.status.code(), out, err, files }
    }

    fn plain(&self, text: &str) -> String {
        let text = text.replace(self.folder.to_str().unwrap(), "DIR");
        // Helm's log has times, and its debug flags places.
        let timeless = |line: &str| match line.split_once(" level=") {
            Some((head, rest)) if head.starts_with("time=") => format!("level={rest}"),
            _ => line.to_owned(),
        };
        let without_clock = |line: String| {
            let looks = line
                .get(..20)
                .is_some_and(|head| head.as_bytes().get(4) == Some(&b'/') && head.as_bytes().get(13) == Some(&b':'));
            if looks { line.get(20..).unwrap_or_default().to_owned() } else { line }
        };
        text.lines().map(timeless).map(without_clock).map(|line| line + "\n").collect()
    }

    /// HELM: what comes out of Go's maps, or of several at the same time, is in no order.
    fn in_order(text: String, line: &str) -> String {
        let mut lines: Vec<&str> = text.lines().collect();
        if line.starts_with("repo up")
            || text.contains("an update from the")
            || text.contains("skipping loading invalid entry")
        {
            lines.sort_unstable();
        }
        lines.join("\n")
    }

    fn files(&self, folder: &Path, into: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&self.folder).unwrap().display().to_string();
            // Notes of ours; archives that helm 3 keeps elsewhere.
            if name.ends_with(".helmd.json")
                || name.contains("/.cache/helm/content/")
                || name.contains("/repository/") && name.ends_with(".tgz")
            {
                continue;
            }
            if path.is_dir() {
                // Folders without files do not matter.
                self.files(&path, into);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let text = match String::from_utf8(bytes) {
                Ok(text) => {
                    let mut lines: Vec<&str> = text
                        .lines()
                        .filter(|line| {
                            !line.trim_start().trim_start_matches('-').trim().starts_with("created:")
                                && !line.starts_with("generated:")
                                && !line.contains("\"created\"")
                                && !line.contains("\"generated\"")
                        })
                        .collect();
                    if name.ends_with("-charts.txt") {
                        lines.sort_unstable();
                    }
                    lines.join("\n")
                }
                // What each packs itself is compressed in another way.
                Err(_) if name.contains("/p-file/") || name.contains("p-late2-") => "an archive".to_owned(),
                Err(error) => format!("{} bytes", error.as_bytes().len()),
            };
            into.insert(name, self.plain(&text));
        }
    }
}

/// The files that differ, with their texts.
fn unlike(want: &BTreeMap<String, String>, got: &BTreeMap<String, String>) -> BTreeMap<String, (String, String)> {
    let text =
        |files: &BTreeMap<String, String>, name| files.get(name).cloned().unwrap_or_else(|| "no such file".to_owned());
    let names = want.keys().chain(got.keys());
    let both = names.map(|name| (name.clone(), (text(want, name), text(got, name))));
    both.filter(|(_, (want, got))| want != got).collect()
}

fn compare(helm: &str, sequence: &str, flag: Option<&str>) {
    let Some(setup) = Setup::find(false) else { return };
    let folder = tempfile::tempdir().unwrap();
    let [own, other] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let base = format!("http://{}", own.local_addr().unwrap());
    let elsewhere = format!("http://{}", other.local_addr().unwrap());
    let gone = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let files = charts::files(&setup.tools.join("helm4"), folder.path(), &base, &elsewhere);
    let _other = server::serve(other, files.clone());
    let asked = server::serve(own, files.clone());
    let side = |name: &str, program: &Path, flag| {
        let side = Side { program: program.to_owned(), folder: folder.path().join(name), flag };
        let made = side.folder.join("work/made/below");
        std::fs::create_dir_all(&made).unwrap();
        std::fs::create_dir_all(side.folder.join("home")).unwrap();
        for folder in ["down", "both"] {
            std::fs::create_dir_all(side.folder.join("work").join(folder)).unwrap();
        }
        for (path, bytes) in files.iter().filter(|(path, _)| path.starts_with("/charts/") && path.ends_with(".tgz")) {
            let name = path.trim_start_matches("/charts/");
            let folder = if name.starts_with("gamma") { made.clone() } else { made.join("..") };
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        std::fs::write(made.join("../no-chart.tgz"), "nothing").unwrap();
        std::fs::write(side.folder.join("work/bad.yaml"), "a: [").unwrap();
        charts::parents(&side.folder.join("work"), &base);
        side
    };
    let theirs = side("t", &setup.tools.join(helm), None);
    let ours = side("o", &setup.helmd, flag);
    let (mut different, mut lines) = (Vec::new(), 0);
    let mut known: BTreeMap<String, (String, String)> = BTreeMap::new();
    for line in sequence.lines().filter(|line| !line.is_empty()) {
        lines += 1;
        let (codes_only, line) = line.strip_prefix("~ ").map_or((false, line), |line| (true, line));
        let line = line.replace("BASE", &base).replace("GONE", &gone);
        let want = theirs.run(&line);
        let got = ours.run(&line);
        // What an earlier line has left different is told there.
        let unlike = unlike(&want.files, &got.files);
        let new: Vec<&String> =
            unlike.iter().filter(|(name, texts)| known.get(*name) != Some(*texts)).map(|(name, _)| name).collect();
        let same = want.out == got.out && want.err == got.err && new.is_empty();
        if want.code != got.code || (!codes_only && !same) {
            let codes = format!("  exit codes {:?} and {:?}\n", want.code, got.code);
            let mut texts = difference("out", &want.out, &got.out) + &difference("err", &want.err, &got.err);
            for name in new {
                let (want, got) = unlike.get(name).unwrap();
                texts += &difference(name, want, got);
            }
            different.push(format!("{helm} {line}\n{codes}{texts}"));
        }
        known = unlike;
    }
    println!("{helm}: {} of {lines} commands the same", lines - different.len());
    assert!(different.is_empty(), "{} of {lines} differ\n{}", different.len(), different.join("\n"));
    // What has not changed is not sent again.
    assert!(asked.lock().unwrap().iter().any(|(_, _, status)| *status == 304) || !sequence.contains("repo update"));
}

#[test]
fn helm_4() {
    compare("helm4", cases::BOTH, None);
}

#[test]
fn helm_3() {
    compare("helm3", cases::BOTH, Some("--helm3"));
}

#[test]
fn dependencies_of_helm_4() {
    compare("helm4", cases::DEPENDENCIES, None);
}

#[test]
fn dependencies_of_helm_3() {
    compare("helm3", cases::DEPENDENCIES, Some("--helm3"));
}

#[test]
fn indexes_of_folders() {
    compare("helm4", cases::INDEXES, None);
    compare("helm3", cases::INDEXES, Some("--helm3"));
}
