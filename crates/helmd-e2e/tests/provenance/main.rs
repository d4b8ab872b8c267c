//! Signatures of charts beside the real programs: what GnuPG, helm3, helm4 and helmd have signed, each verifies as the others do; the
//! same commands by helm and by helmd give the same output, exit codes and files.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod cases;
mod keys;
#[path = "../repo_cli/server.rs"]
mod server;

use helmd_e2e::Setup;
use helmd_e2e::lines::{difference, words};
use keys::{ARCHIVE, Gpg, KEYS, PASSPHRASE};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Made {
    folder: tempfile::TempDir,
    gpg: Gpg,
    base: String,
}

fn run(program: &Path, line: &str, folder: &Path) -> (Option<i32>, String, String) {
    let (line, piped) = line.split_once(" < ").unwrap_or((line, ""));
    let mut run = Command::new(program);
    run.args(words(line)).current_dir(folder).env_clear().env("HOME", folder.join("home")).env("TZ", "UTC");
    run.env("KUBECONFIG", "/dev/null").env("PATH", "/usr/bin:/bin");
    run.stdin(if piped.is_empty() { Stdio::null() } else { Stdio::piped() });
    let mut child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if let Some(mut stdin) = child.stdin.take() {
        let _not_read = stdin.write_all(piped.replace("\\n", "\n").as_bytes());
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(folder.to_str().unwrap(), "DIR");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Keys, archives with signatures, and a repository that has them; nothing without the programs.
fn make(setup: &Setup) -> Option<Made> {
    let folder = tempfile::tempdir().unwrap();
    let Some(gpg) = Gpg::new(&folder.path().join("gpg")) else {
        Setup::missing("gpg");
        return None;
    };
    let made = folder.path().join("made");
    fs::create_dir(&made).unwrap();
    let helm4 = setup.tools.join("helm4");
    for line in ["create demo", "package demo", "create v1"] {
        assert_eq!(run(&helm4, line, &made).0, Some(0), "helm4 {line}");
    }
    fs::write(made.join("v1/Chart.yaml"), "apiVersion: v1\nname: v1\nversion: 1.0.0\n").unwrap();
    let archive = fs::read(made.join(ARCHIVE)).unwrap();
    gpg.make(&made);
    keys::archives(&gpg, &made, &archive);
    gpg.revoke(&made);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let mut files = server::Files::new();
    for name in ["ed", "changed", "expired", "no-signature"] {
        let folder = made.join(name);
        assert_eq!(run(&helm4, &format!("repo index . --url {base}/{name}"), &folder).0, Some(0));
        for file in ["index.yaml", ARCHIVE, "demo-0.1.0.tgz.prov"] {
            files.insert(format!("/{name}/{file}"), fs::read(folder.join(file)).unwrap());
        }
        fs::remove_file(folder.join("index.yaml")).unwrap();
    }
    let unsigned = String::from_utf8(files.get("/ed/index.yaml").unwrap().clone()).unwrap();
    files.insert("/unsigned/index.yaml".to_owned(), unsigned.replace("/ed/", "/unsigned/").into_bytes());
    files.insert(format!("/unsigned/{ARCHIVE}"), archive);
    let _asked = server::serve(listener, files);
    for (name, repo) in [("parent", "ed"), ("parent-unsigned", "unsigned"), ("parent-changed", "changed")] {
        let text = format!(
            "apiVersion: v2\nname: {name}\nversion: 1.0.0\ndependencies:\n- {{name: demo, version: 0.1.0, repository: {base}/{repo}}}\n"
        );
        fs::create_dir(made.join(name)).unwrap();
        fs::write(made.join(name).join("Chart.yaml"), text).unwrap();
    }
    for file in ["home", "out", "other"] {
        fs::create_dir_all(made.join(file)).unwrap();
    }
    fs::write(made.join("right"), format!("{PASSPHRASE}\nand more\n")).unwrap();
    fs::write(made.join("wrong"), "wrong\n").unwrap();
    fs::write(made.join("none"), "").unwrap();
    Some(Made { folder, gpg, base })
}

/// The files of a folder but for caches.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let (mut found, mut open) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            if name.starts_with("home/.cache") && !name.ends_with("home/.cache") && name.contains("/content") {
                continue;
            }
            if path.is_dir() {
                open.push(path);
                continue;
            }
            // What is made here has other times, digests and salts each time; that it verifies is another test's.
            let made = name.contains("out/") || name.ends_with(".lock");
            let text = if made { "made".to_owned() } else { format!("{} bytes", fs::read(&path).unwrap().len()) };
            if !name.ends_with(".yaml") && !name.contains("tmpcharts") {
                found.insert(name, text);
            }
        }
    }
    found
}

fn copied(from: &Path, to: PathBuf) -> PathBuf {
    let done = Command::new("cp").arg("-a").arg(from).arg(&to).status().unwrap();
    assert!(done.success());
    to
}

/// Folders that helm names by its process.
fn plain(text: &str) -> String {
    let named = |word: &str| word.contains("/tmpcharts-");
    let words = |line: &str| {
        let words =
            line.split(' ').map(|word| if named(word) { word.rsplit('/').next().unwrap_or_default() } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(|line| words(line) + "\n").collect()
}

fn compare((helm, flag): (&str, &str), setup: &Setup, made: &Made) -> Vec<String> {
    let from = made.folder.path().join("made");
    let theirs = copied(&from, made.folder.path().join(format!("t-{helm}")));
    let ours = copied(&from, made.folder.path().join(format!("o-{helm}")));
    let (mut different, mut lines) = (Vec::new(), 0);
    let verify = fs::read_dir(&from).unwrap().filter_map(|entry| {
        let folder = entry.unwrap().file_name().into_string().unwrap();
        from.join(&folder).join(ARCHIVE).exists().then_some(folder)
    });
    let mut verify: Vec<String> = verify.collect();
    verify.sort_unstable();
    let verify = verify.iter().map(|folder| format!("verify {folder}/{ARCHIVE} --keyring revoked.gpg"));
    let all: Vec<String> =
        verify.chain(cases::CASES.lines().map(str::to_owned)).filter(|line| !line.is_empty()).collect();
    for line in all {
        let line = line.replace("BASE", &made.base);
        lines += 1;
        let want = run(&setup.tools.join(helm), &line, &theirs);
        let (command, input) = line
            .split_once(" < ")
            .map_or((line.as_str(), String::new()), |(command, input)| (command, format!(" < {input}")));
        let got = run(&setup.helmd, &format!("{command} {flag}{input}"), &ours);
        let (wanted, gotten) = (files(&theirs), files(&ours));
        let texts =
            difference("out", &plain(&want.1), &plain(&got.1)) + &difference("err", &plain(&want.2), &plain(&got.2));
        let unlike: Vec<&String> =
            wanted.keys().chain(gotten.keys()).filter(|name| wanted.get(*name) != gotten.get(*name)).collect();
        if want.0 != got.0 || !texts.is_empty() || !unlike.is_empty() {
            different
                .push(format!("{helm} {line}\n  exit codes {:?} and {:?}, files {unlike:?}\n{texts}", want.0, got.0));
        }
    }
    println!("{helm}: {} of {lines} commands on signatures the same", lines - different.len());
    different
}

#[test]
fn signatures_beside_the_real_programs() {
    let Some(setup) = Setup::find(false) else { return };
    let Some(made) = make(&setup) else { return };
    let sides = [("helm4", ""), ("helm3", "--helm3")];
    let different: Vec<String> = sides.into_iter().flat_map(|side| compare(side, &setup, &made)).collect();
    assert!(different.is_empty(), "{} differ\n{}", different.len(), different.join("\n"));
    all_verify_what_each_has_signed(&setup, &made);
}

/// What each has signed all others verify, and name the same key.
fn all_verify_what_each_has_signed(setup: &Setup, made: &Made) {
    let folder = made.folder.path().join("made");
    let programs =
        [("helm3", setup.tools.join("helm3")), ("helm4", setup.tools.join("helm4")), ("helmd", setup.helmd.clone())];
    let (mut table, mut wrong) = (Vec::new(), Vec::new());
    for (signer, program) in &programs {
        // A key that only certifies signs nothing that counts; the expired one is not good.
        for (key, ..) in KEYS.iter().filter(|(key, ..)| !matches!(*key, "sub" | "expired" | "revoked")) {
            let line =
                format!("package demo v1 --sign --key '<{key}@' --keyring sec.gpg --passphrase-file right -d out");
            let (code, _, err) = run(program, &line, &folder);
            assert_eq!(code, Some(0), "{signer} {line}: {err}");
            for archive in ["out/demo-0.1.0.tgz", "out/v1-1.0.0.tgz"] {
                let said: Vec<_> = programs
                    .iter()
                    .map(|(_, verifier)| run(verifier, &format!("verify {archive} --keyring pub.gpg"), &folder))
                    .collect();
                let good = said.iter().all(|(code, out, _)| *code == Some(0) && out == &said.first().unwrap().1);
                let gpg = made.gpg.verifies(&folder.join(format!("{archive}.prov")));
                table.push((*signer, *key, good && gpg));
                if !(good && gpg) {
                    wrong.push(format!("{signer} {key} {archive}: gpg {gpg}, {said:?}"));
                }
            }
        }
    }
    let good = table.iter().filter(|(_, _, good)| *good).count();
    println!("signatures that helm3, helm4, helmd and gpg verify alike: {good} of {}", table.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
