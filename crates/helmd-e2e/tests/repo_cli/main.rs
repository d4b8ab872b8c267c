//! The commands on repositories beside the real programs: the same sequence by helm and by helmd, against the same repositories on
//! this machine, gives the same standard output, standard error, exit codes and files.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod cases;
mod charts;
mod server;

use helmd_e2e::Setup;
use helmd_e2e::sides::{self, Side};
use std::net::TcpListener;
use std::path::Path;

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
        let folder = folder.path().join(name);
        let side = Side {
            program: program.to_owned(),
            folder,
            flag,
            own: Vec::new(),
            without_digests: false,
            variables: Vec::new(),
        };
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
    let fill = |line: &str, _| line.replace("BASE", &base).replace("GONE", &gone);
    let (lines, different) = sides::compare((&theirs, &ours), sequence, fill);
    println!("{helm}: {} of {lines} commands the same", lines - different.len());
    assert!(different.is_empty(), "{helm}: {} of {lines} differ\n{}", different.len(), different.join("\n"));
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
