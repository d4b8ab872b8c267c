//! Clients that were written from helm-wrapper's README alone (e2e/clients), against helmd under its second name on the cluster.
#![expect(clippy::unwrap_used, reason = "a walk that cannot begin is a failed test")]

use helmd_e2e::{Program, Server, Setup};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

const TOKEN: &str = "0123456789abcdef-of-the-clients";

/// Serves a folder's files until the test ends, and gives its URL.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = [0; 8192];
            let read = stream.read(&mut head).unwrap_or_default();
            let head = String::from_utf8_lossy(head.get(..read).unwrap_or_default()).into_owned();
            let name = head.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
            let (status, body) = match std::fs::read(folder.join(name)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let length = body.len();
            // A client that has gone away is no matter of the test.
            let _gone = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
                .and_then(|()| stream.write_all(&body));
        }
    });
    url
}

/// A program on PATH; `None` after saying that it is missing.
fn found(program: &str) -> Option<()> {
    let there = Command::new(program).arg(if program == "go" { "version" } else { "--version" }).output();
    if there.is_ok_and(|out| out.status.success()) {
        return Some(());
    }
    Setup::missing(program);
    None
}

/// Runs a client's command in a namespace of its own.
fn walk(name: &str, client: impl FnOnce(&Path) -> Command) {
    let Some(setup) = Setup::find(true) else { return };
    let kubeconfig = setup.kubeconfig.clone().unwrap();
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    let helm = Program::new(setup.tools.join("helm4"), &kubeconfig, home.path());
    let chart = concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts/hello");
    let folder = at("repo").display().to_string();
    for version in ["0.1.0", "0.2.0"] {
        helm.run(&["package", chart, "--version", version, "-d", &folder]).unwrap();
    }
    helm.run(&["repo", "index", &folder]).unwrap();
    let url = serve(at("repo"));
    let config = format!("uploadPath: {}\nhelmRepos:\n- name: local\n  url: {url}\n", at("uploads").display());
    std::fs::write(at("wrapper.yaml"), config).unwrap();
    std::fs::write(at("token"), TOKEN).unwrap();
    std::os::unix::fs::symlink(&setup.helmd, at("helm-wrapper")).unwrap();
    let text = |path: PathBuf| path.display().to_string();
    let server = Server::start(
        &at("helm-wrapper"),
        &at("server"),
        &[
            "--kubeconfig",
            &text(kubeconfig.clone()),
            "--config",
            &text(at("wrapper.yaml")),
            "--auth-token-file",
            &text(at("token")),
        ],
    )
    .unwrap();
    let namespace = format!("client-{name}-{}", std::process::id());
    let kubectl = Program::new("kubectl", &kubeconfig, home.path());
    kubectl.run(&["create", "namespace", &namespace]).unwrap();
    let out = client(home.path())
        .args([server.api.base(), &namespace])
        .args([at("repo/hello-0.1.0.tgz"), at("repo/hello-0.2.0.tgz")])
        .env("HELMD_TOKEN", TOKEN)
        .output()
        .unwrap();
    kubectl.run(&["delete", "namespace", &namespace, "--wait=false"]).unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    let log = std::fs::read_to_string(&server.log).unwrap_or_default();
    assert!(out.status.success() && said.contains("ok  nothing is left"), "{said}\n{log}");
}

fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/clients")
}

#[test]
fn the_client_in_python() {
    if found("python3").is_some() {
        walk("python", |_| {
            let mut command = Command::new("python3");
            command.arg(clients().join("client.py"));
            command
        });
    }
}

#[test]
fn the_client_in_go() {
    if found("go").is_some() {
        walk("go", |home| {
            let built = home.join("client");
            let done = Command::new("go").args(["build", "-o"]).arg(&built).arg(clients().join("client.go")).status();
            assert!(done.unwrap().success());
            Command::new(built)
        });
    }
}
