//! The server as a process: its command line, where it listens, who may call, where requests may lead it, its log, its end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A running server on the sandbox; it ends with this value.
struct Server {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
    log: Arc<Mutex<String>>,
}

/// The program under a name; its environment is empty.
fn program(name: &str, folder: &Path) -> Command {
    let path = folder.join(name);
    if !path.exists() {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_helmd"), &path).unwrap();
    }
    let mut command = Command::new(path);
    command.env_clear().env("HOME", folder).env("HOSTNAME", "here").current_dir(folder);
    command
}

/// What a start that fails prints.
fn fails(name: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let Output { status, stderr, .. } = program(name, folder.path()).args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

impl Server {
    fn start(arguments: &[&str]) -> Server {
        Server::start_as("helmd", tempfile::tempdir().unwrap(), arguments)
    }

    fn start_as(name: &str, folder: tempfile::TempDir, arguments: &[&str]) -> Server {
        std::fs::create_dir_all(folder.path().join("uploads")).unwrap();
        let config = folder.path().join("config.yaml");
        if !config.exists() {
            std::fs::write(&config, format!("uploadPath: {}/uploads\n", folder.path().display())).unwrap();
        }
        let mut command = program(name, folder.path());
        command.args(["--port", "0", "--sandbox"]).args(arguments).stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (lines, kept) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let mut server = Server { child, address: "127.0.0.1:1".parse().unwrap(), folder, log };
        server.address = server.wait(|server| {
            let files = std::fs::read_to_string(server.path("logs").join(format!("{name}.INFO"))).unwrap_or_default();
            let said = server.said() + &files;
            let line = said.lines().find(|line| line.contains("listening address="))?.to_owned();
            line.rsplit('=').next()?.parse().ok()
        });
        server
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn said(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    fn wait<T>(&self, mut found: impl FnMut(&Server) -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = found(self) {
                return found;
            }
            assert!(started.elapsed() < Duration::from_secs(30), "not there after 30 s: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Status line, heads, and body of an exchange.
    fn exchange(&self, line: &str, heads: &[&str], body: &str) -> String {
        let address = SocketAddr::from(([127, 0, 0, 1], self.address.port()));
        let mut stream = TcpStream::connect(address).unwrap();
        let heads: String = heads.iter().map(|head| format!("{head}\r\n")).collect();
        let length = body.len();
        write!(stream, "{line} HTTP/1.0\r\nHost: x\r\nContent-Length: {length}\r\n{heads}\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(&self, path: &str) -> String {
        self.exchange(&format!("GET {path}"), &[], "")
    }

    fn install(&self, query: &str, body: &str) -> String {
        self.exchange(&format!("POST /api/namespaces/default/releases/r?{query}"), &[], body)
    }

    /// Ends it by a signal, and gives its exit code.
    fn end(mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already is what we want here.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn refused(answer: &str, words: &str) {
    assert!(answer.contains(r#"{"code":1,"error":"#) && answer.contains(words), "{words}: {answer}");
}

#[test]
fn command_lines_that_serve_nothing() {
    let (code, text) = fails("helm-wrapper", &["-h"]);
    assert!(text.starts_with("Usage of helm-wrapper:\n") && text.ends_with("\npflag: help requested\n"), "{text}");
    assert_eq!(code, Some(2));
    let (code, text) = fails("helm-wrapper", &["--bogus"]);
    assert!(text.starts_with("unknown flag: --bogus\nUsage of helm-wrapper:\n"), "{text}");
    assert!(text.ends_with("\nunknown flag: --bogus\n") && code == Some(2), "{text}");
    let (code, text) = fails("helmd", &["--bogus"]);
    assert!(text.contains("unknown flag: --bogus; helmd --help") && code == Some(2), "{text}");
    for (arguments, want) in [
        (&["--config", "/nowhere/c.yaml"][..], "reading the config file /nowhere/c.yaml: No such file"),
        (&["--sandbox", "--port", "http"], "--port \"http\" is no port number"),
        (&["--sandbox", "--auth", "token"], "--auth token needs the tokens: --auth-token-file FILE"),
        (&["--sandbox", "--auth-token-file", "/nowhere/t"], "reading the tokens from /nowhere/t"),
        (&["--logtostderr=false", "--log_dir", "/nowhere"], "writing log files to /nowhere"),
        (&["--auth", "maybe"], "invalid value 'maybe' for '--auth <KIND>'"),
    ] {
        for name in ["helmd", "helm-wrapper"] {
            let (code, text) = fails(name, arguments);
            assert!(text.contains(want) && code == Some(2), "{name} {arguments:?}: {code:?} {text}");
        }
    }
}

#[test]
fn the_wrappers_name_serves_only() {
    // Words are ignored, as in the Go program, and are no commands.
    let server = Server::start_as("helm-wrapper", tempfile::tempdir().unwrap(), &["version", "install"]);
    assert!(server.get("/").ends_with("\r\n\r\nWelcome helm wrapper server"));
    assert_eq!(server.end("-TERM"), Some(0));
}

#[test]
fn only_this_machine_is_listened_to_until_somebody_says_who_may_call() {
    let server = Server::start(&[]);
    assert!(server.address.ip().is_loopback(), "{}", server.address);
    assert!(server.said().contains("listening to this machine only, because nobody has said who may call"));
    assert!(!server.said().contains("there is no authentication"));
    assert_eq!(server.end("-INT"), Some(0));
    for arguments in [&["--auth", "none"][..], &["--addr", "0.0.0.0"], &["--addr", ""]] {
        let server = Server::start(arguments);
        assert!(server.address.ip().is_unspecified(), "{arguments:?} {}", server.address);
        assert!(server.said().contains("there is no authentication: whoever reaches the port"), "{}", server.said());
    }
    let server = Server::start(&["--addr", "[::1]"]);
    assert!(server.address.is_ipv6() && server.address.ip().is_loopback());
}

#[test]
fn who_has_a_token_may_call() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens");
    std::fs::write(&file, "canary-0123456789abcdef\n").unwrap();
    let server = Server::start_as("helmd", folder, &["--auth-token-file", &file.display().to_string()]);
    assert!(server.address.ip().is_unspecified() && !server.said().contains("there is no authentication"));
    assert!(server.get("/").contains("200 OK"));
    let ask = |line: &str, heads: &[&str]| server.exchange(line, heads, "");
    let good = "Authorization: Bearer canary-0123456789abcdef";
    // Every route of the API and every other path, with whatever method.
    for line in [
        "GET /api/envs",
        "GET /api/repositories",
        "PUT /api/repositories",
        "POST /api/repositories",
        "DELETE /api/repositories/x",
        "GET /api/repositories/charts",
        "GET /api/charts",
        "POST /api/charts/upload",
        "GET /api/charts/upload",
        "DELETE /api/charts/upload/x.tgz",
        "GET /api/namespaces/n/releases",
        "GET /api/namespaces/n/releases/r",
        "POST /api/namespaces/n/releases/r",
        "PUT /api/namespaces/n/releases/r",
        "DELETE /api/namespaces/n/releases/r",
        "PUT /api/namespaces/n/releases/r/versions/1",
        "GET /api/namespaces/n/releases/r/status",
        "GET /api/namespaces/n/releases/r/histories",
        "GET /charts/index.yaml",
        "POST /",
        "GET /?x",
        "GET //",
        "GET /%2e",
        "OPTIONS /api/envs",
        "GET /nothing",
    ] {
        let answer = ask(line, &[]);
        let open = line == "GET /?x";
        assert_eq!(answer.starts_with("HTTP/1.0 401 "), !open, "{line}: {answer}");
        assert!(open || answer.contains("www-authenticate: Bearer realm=\"helmd\"\r\n"), "{line}: {answer}");
        for wrong in ["Authorization: Bearer canary-0123456789abcdeF", "Authorization: Bearer", "X-KubeToken: canary"] {
            assert!(open || ask(line, &[wrong]).starts_with("HTTP/1.0 401 "), "{line} {wrong}");
        }
        assert!(!ask(line, &[good]).starts_with("HTTP/1.0 401 "), "{line}");
    }
    refused(&ask("GET /api/envs", &[]), "unauthorized: this server wants a token");
    // helm can only send a password.
    assert!(
        ask("GET /api/envs", &["Authorization: Basic eDpjYW5hcnktMDEyMzQ1Njc4OWFiY2RlZg=="]).contains("\"code\":0")
    );
    // A mounted Secret changes.
    std::fs::write(&file, "another-0123456789abcdef-token\n").unwrap();
    assert!(ask("GET /api/envs", &[good]).starts_with("HTTP/1.0 401 "));
    assert!(!server.said().contains("canary"), "{}", server.said());
}

/// SECURITY: what the Go program lets every caller do.
#[test]
fn requests_name_no_paths_or_hosts_of_their_own() {
    let outside = TcpListener::bind("127.0.0.1:0").unwrap();
    outside.set_nonblocking(true).unwrap();
    let port = outside.local_addr().unwrap().port();
    let server = Server::start_as("helmd", tempfile::tempdir().unwrap(), &["--kube-token", "canary"]);
    let chart = server.path("c");
    std::fs::create_dir_all(&chart).unwrap();
    std::fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n").unwrap();
    std::fs::write(server.path("x.tgz"), "x").unwrap();
    let (chart, kubeconfig) = (chart.display(), server.path("sandbox.kubeconfig").display().to_string());
    let paths = "paths on the server are refused: ";
    // kube_config, on every route that has it: also one that would work.
    for line in [
        "GET /api/namespaces/n/releases",
        "GET /api/namespaces/n/releases/r",
        "GET /api/namespaces/n/releases/r/status",
        "GET /api/namespaces/n/releases/r/histories",
        "DELETE /api/namespaces/n/releases/r",
        "PUT /api/namespaces/n/releases/r/versions/1",
    ] {
        for path in [kubeconfig.as_str(), "/nowhere", "/etc/passwd", "sandbox.kubeconfig"] {
            let answer = server.exchange(&format!("{line}?kube_config={path}"), &[], "");
            refused(
                &answer,
                "paths on the server are refused: kube_config must lie in a folder that --allow-path names",
            );
        }
        refused(&server.exchange(&format!("{line}?kube_config=a/../b"), &[], ""), "kube_config must not hold");
        let answer = server.exchange(line, &[&format!("X-KubeApiServer: http://127.0.0.1:{port}")], "");
        refused(&answer, "--allow-host 127.0.0.1");
    }
    // Charts on the server's disk, all of whose files `show` would tell.
    refused(&server.get(&format!("/api/charts?chart={chart}")), paths);
    refused(&server.install(&format!("chart={chart}"), ""), paths);
    for climbing in ["../x.tgz", "../c", "..%2Fx.tgz", "%2e%2e/x.tgz", "a/../../x.tgz"] {
        refused(&server.get(&format!("/api/charts?chart={climbing}")), "must not hold");
        refused(&server.install(&format!("chart={climbing}"), ""), "must not hold");
    }
    // Certificates and keys.
    for name in ["ca_file", "cert_file", "key_file"] {
        let body = format!(r#"{{"repo":"https://example.com","{name}":"/etc/passwd","version":"1"}}"#);
        let answer = server.install("chart=c", &body);
        assert!(answer.contains(paths) || answer.contains("--allow-host"), "{answer}");
        let body = format!(r#"{{"name":"x","url":"https://example.com","{name}":"/etc/passwd"}}"#);
        refused(&server.exchange("POST /api/repositories", &[], &body), paths);
    }
    // URLs: charts, repositories, values; whether somebody listens there or not, the answer is the same.
    for target in [format!("http://127.0.0.1:{port}/x"), "http://169.254.169.254/latest/meta-data".to_owned()] {
        refused(&server.get(&format!("/api/charts?chart={target}")), "URLs in parameters are refused");
        refused(&server.install(&format!("chart={target}.tgz"), ""), "URLs in parameters are refused");
        refused(&server.install("chart=c", &format!(r#"{{"repo":"{target}"}}"#)), "URLs in parameters are refused");
        refused(&server.install("chart=c", &format!(r#"{{"values":"{target}"}}"#)), "URLs in parameters are refused");
        let body = format!(r#"{{"name":"x","url":"{target}"}}"#);
        refused(&server.exchange("POST /api/repositories", &[], &body), "public network");
    }
    refused(&server.exchange("POST /api/repositories", &[], r#"{"name":"x","url":"file:///etc"}"#), "\"error\"");
    refused(&server.install("chart=a/b", r#"{"insecure_skip_verify":true}"#), "insecure_skip_verify is refused");
    let body = r#"{"name":"x","url":"https://example.com","insecure_skip_verify":true}"#;
    refused(&server.exchange("POST /api/repositories", &[], body), "insecure_skip_verify is refused");
    assert!(outside.accept().is_err(), "somebody was asked");
    // The environment.
    let envs = server.get("/api/envs");
    assert!(envs.contains(r#""HELM_KUBETOKEN":"***""#) && !envs.contains("canary"), "{envs}");
}

#[test]
fn allow_lists_open_folders_and_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    for name in ["good/c/templates", "secret"] {
        std::fs::create_dir_all(at(name)).unwrap();
    }
    std::fs::write(at("good/c/Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n").unwrap();
    std::fs::write(at("secret/Chart.yaml"), "apiVersion: v2\nname: s\nversion: 0.1.0\n").unwrap();
    std::os::unix::fs::symlink(at("secret"), at("good/link")).unwrap();
    let users = |user: &str| {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{{name: a, cluster: {{server: 'http://127.0.0.1:1'}}}}]\n\
             users: [{{name: a, user: {{{user}}}}}]\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n"
        )
    };
    let touched = at("touched");
    let exec = format!("exec: {{apiVersion: client.authentication.k8s.io/v1, command: touch, args: [{touched}]}}");
    std::fs::write(at("good/exec"), users(&exec)).unwrap();
    std::fs::write(at("good/provider"), users("auth-provider: {name: gcp}")).unwrap();
    std::fs::write(at("good/file"), users("tokenFile: /etc/passwd")).unwrap();
    std::fs::write(at("good/plain"), users("token: t")).unwrap();
    let (good, uploads) = (at("good"), at("uploads"));
    std::fs::write(
        at("config.yaml"),
        format!("uploadPath: {uploads}\nallowPaths: [{good}]\nallowHosts: ['127.0.0.1:1']\n"),
    )
    .unwrap();
    let secret = at("secret");
    let server = Server::start_as("helmd", folder, &[]);
    let show = |path: &str| server.get(&format!("/api/charts?info=chart&chart={path}"));
    assert!(show(&format!("{good}/c")).contains(r#""name":"c""#));
    refused(&show(&secret), "--allow-path");
    refused(&show(&format!("{good}/link")), "--allow-path");
    refused(&show(&format!("{good}/../secret")), "must not hold");
    refused(&show(&format!("{good}/none")), "not found");
    let list = |name: &str| server.get(&format!("/api/namespaces/n/releases?kube_config={good}/{name}"));
    refused(&list("plain"), "Kubernetes cluster unreachable: Get \\\"http://127.0.0.1:1/version");
    refused(&list("exec"), "gets its credentials from a program");
    refused(&list("provider"), "gets its credentials from a program");
    refused(&list("file"), "may not name files");
    refused(&list("none"), "no such file or directory");
    assert!(!Path::new(&touched).exists());
    // The host may be asked now; nobody is there.
    refused(&server.install("chart=http://127.0.0.1:1/x.tgz", ""), "connection refused");
    let answer = server.exchange("GET /api/namespaces/n/releases", &["X-KubeApiServer: http://127.0.0.1:1"], "");
    refused(&answer, "connection refused");
    refused(&server.install("chart=http://127.0.0.1:2/x.tgz", ""), "--allow-host 127.0.0.1");
}

#[test]
fn the_unsafe_switch_opens_all_but_climbing() {
    let server = Server::start(&["--compat-unsafe"]);
    assert!(server.said().contains("WARN") && server.said().contains("--compat-unsafe: whoever reaches this server"));
    std::fs::create_dir_all(server.path("c")).unwrap();
    std::fs::write(server.path("c/Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n").unwrap();
    assert!(server.get(&format!("/api/charts?chart={}", server.path("c").display())).contains("\"code\":0"));
    assert!(server.get("/api/namespaces/n/releases?kube_config=sandbox.kubeconfig").contains("\"data\":[]"));
    refused(&server.get("/api/charts?chart=../c"), "must not hold");
    refused(&server.get("/api/namespaces/n/releases?kube_config=c/../sandbox.kubeconfig"), "must not hold");
    let exec = "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\n\
                users: [{name: a, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: touch, args: [touched]}}}]\n\
                contexts: [{name: a, context: {cluster: a, user: a}}]\n";
    std::fs::write(server.path("exec"), exec).unwrap();
    refused(&server.get("/api/namespaces/n/releases?kube_config=exec"), "gets its credentials from a program");
    assert!(!server.path("touched").exists());
}

#[test]
fn log_lines_go_where_glogs_flags_say() {
    let quiet = |arguments: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("logs")).unwrap();
        let server = Server::start_as("helm-wrapper", folder, arguments);
        refused(&server.get("/api/namespaces/n/releases/nothing"), "release: not found");
        let read = |severity: &str| {
            std::fs::read_to_string(server.path("logs").join(format!("helm-wrapper.{severity}"))).unwrap_or_default()
        };
        let files = (read("INFO"), read("WARNING"));
        (server.said(), files.0, files.1)
    };
    let (said, info, _) = quiet(&[]);
    assert!(said.contains("listening address=") && said.contains(" WARN ") && info.is_empty());
    let (said, info, warning) = quiet(&["--log_dir=logs", "--logtostderr=false"]);
    assert!(said.is_empty() && info.contains("listening address=") && info.contains(" WARN "), "{said}{info}");
    assert!(warning.contains("release: not found") && !warning.contains(" INFO "), "{warning}");
    let (said, info, _) = quiet(&["--log_dir=logs", "--stderrthreshold=WARNING"]);
    assert!(said.contains("release: not found") && !said.contains(" INFO ") && info.contains(" INFO "), "{said}");
    let (said, info, _) = quiet(&["--log_dir=logs", "-alsologtostderr"]);
    assert!(said.contains(" INFO ") && info.contains(" INFO "), "{said}");
    let (said, info, _) = quiet(&["--log_dir=logs", "-logtostderr"]);
    assert!(said.contains(" INFO ") && info.is_empty());
}

#[test]
fn modules_have_levels_of_their_own() {
    let said = |arguments: &[&str]| {
        let server = Server::start(arguments);
        drop(server.get("/api/namespaces/n/releases"));
        std::thread::sleep(Duration::from_millis(100));
        server.said()
    };
    let plain = said(&[]);
    assert!(!plain.contains(" DEBUG ") && !plain.contains(" TRACE "));
    // hyper tells of each connection.
    let hyper = said(&["--vmodule=hyper*=4"]);
    assert!(hyper.contains(" TRACE ") && hyper.lines().filter(|l| l.contains(" TRACE ")).all(|l| l.contains("hyper")));
    let traced = said(&["--log_backtrace_at=lib.rs:1,serve.rs:999999"]);
    assert!(!traced.contains("stack backtrace"));
    // A line of the log tells its place; here that of `listening` is looked for in the source.
    let source = include_str!("../src/serve.rs");
    let line = source.lines().position(|line| line.contains("\"listening\"")).unwrap() + 1;
    let traced = said(&[&format!("--log_backtrace_at=serve.rs:{line}")]);
    assert!(traced.contains("helmd::serve::start"), "{traced}");
}

#[test]
fn repositories_that_do_not_answer_hinder_no_start() {
    let folder = tempfile::tempdir().unwrap();
    let uploads = folder.path().join("uploads");
    let config = format!(
        "uploadPath: {}\nhelmRepos:\n- {{name: down, url: 'http://127.0.0.1:1/x', username: u, password: canary-password}}\n\
         - {{name: odd, url: 'oci://127.0.0.1:1/x'}}\nhelmRegistries:\n- {{name: down, url: 'oci://127.0.0.1:1', username: u, password: canary-password}}\n",
        uploads.display()
    );
    std::fs::write(folder.path().join("config.yaml"), config).unwrap();
    let server = Server::start_as("helm-wrapper", folder, &[]);
    assert!(server.get("/api/repositories").contains(r#"{"name":"down","url":"http://127.0.0.1:1/x"}"#));
    server.wait(|server| server.said().contains("index not fetched: the server goes on without it").then_some(()));
    assert!(server.exchange("PUT /api/repositories", &[], "").contains("error list: [{"));
    assert!(!server.said().contains("canary-password"), "{}", server.said());
    // Passwords are for this user only.
    use std::os::unix::fs::PermissionsExt;
    let file = server.path(".config/helm/repositories.yaml");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0);
}

#[test]
fn slow_and_large_requests_end() {
    let server = Server::start(&[]);
    // A body that is larger than it may be is not read to its end.
    let mut stream = TcpStream::connect(server.address).unwrap();
    write!(stream, "POST /api/namespaces/n/releases/r?chart=x HTTP/1.0\r\nContent-Length: 99999999999\r\n\r\n")
        .unwrap();
    let some = vec![b' '; 1024 * 1024];
    // The server may close the connection while we write.
    let _closed = (0..20).try_for_each(|_| stream.write_all(&some));
    let mut answer = String::new();
    let _reset = stream.read_to_string(&mut answer);
    assert!(answer.is_empty() || answer.contains("larger than the limit of 16777216 bytes"), "{answer}");
    // Nesting without end.
    for deep in
        [r#"{"labels":"#.repeat(100_000), "[".repeat(1_000_000), format!(r#"{{"values":"{}"}}"#, "[".repeat(900_000))]
    {
        let body = format!(r#"{{"chart":1,"x":{deep}"#);
        assert!(server.install("chart=x", &body).contains("\"code\":1"));
    }
    assert!(server.get("/").contains("200 OK"));
}

#[test]
fn metrics_are_answered_where_they_are_wanted() {
    let server = Server::start(&[]);
    assert!(server.get("/metrics").starts_with("HTTP/1.0 404 "));
    drop(server);
    let server = Server::start(&["--metrics"]);
    drop(server.get("/nothing"));
    let text = server.get("/metrics");
    assert!(
        text.contains("helmd_requests_total{status=\"4xx\"} 1\n") && text.contains("helmd_requests_running 1\n"),
        "{text}"
    );
}
