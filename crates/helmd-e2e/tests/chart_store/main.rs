//! helmd's own charts beside the real programs: helm 3 and helm 4 use them as a repository, curl speaks ChartMuseum's API.
#![expect(clippy::unwrap_used, reason = "a walk that cannot begin is a failed test")]

mod registry;

use anyhow::{Context, Result, bail, ensure};
use helmd_e2e::{Program, Server, Setup, wait_until};
use registry::Registry;
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

struct Walk {
    setup: Setup,
    server: Server,
    home: tempfile::TempDir,
    kubeconfig: PathBuf,
}

fn begin() -> Option<Walk> {
    begin_with(&["--chart-store", ""], "")
}

fn begin_with(flags: &[&str], config: &str) -> Option<Walk> {
    let setup = Setup::find(false)?;
    let home = tempfile::tempdir().unwrap();
    let kubeconfig = home.path().join("sandbox.kubeconfig");
    let text = kubeconfig.display().to_string();
    let flags = [&["--sandbox", "--sandbox-kubeconfig", &text], flags].concat();
    let server = Server::start_configured(&setup.helmd, home.path(), &flags, (&[], config)).unwrap();
    Some(Walk { setup, server, home, kubeconfig })
}

impl Walk {
    /// A helm with a home of its own.
    fn helm(&self, name: &str) -> Program {
        let home = self.home.path().join(name);
        std::fs::create_dir_all(&home).unwrap();
        Program::new(self.setup.tools.join(name), &self.kubeconfig, &home)
    }

    /// Status and body of what curl gets.
    fn curl(&self, path: &str, arguments: &[&str]) -> Result<(u16, String)> {
        let url = format!("{}{path}", self.server.api.base());
        let out = Command::new("curl").args(["-sS", "-w", "\n%{http_code}", &url]).args(arguments).output()?;
        ensure!(out.status.success(), "curl {url}: {}", String::from_utf8_lossy(&out.stderr));
        let text = String::from_utf8(out.stdout)?;
        let (body, status) = text.rsplit_once('\n').context("curl gave no status")?;
        Ok((status.parse()?, body.to_owned()))
    }

    fn expect(&self, path: &str, arguments: &[&str], want: (u16, &str)) -> Result<()> {
        let (status, body) = self.curl(path, arguments)?;
        ensure!((status, body.as_str()) == want, "{path} {arguments:?}: {status} {body}, not {want:?}");
        Ok(())
    }

    /// Packs the sample chart in a version with the real helm.
    fn package(&self, version: &str) -> Result<PathBuf> {
        let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/hello");
        let to = self.home.path().display().to_string();
        self.helm("helm4").run(&["package", &chart.display().to_string(), "--version", version, "-d", &to])?;
        Ok(self.home.path().join(format!("hello-{version}.tgz")))
    }
}

#[test]
fn the_real_helm_uses_the_store_as_a_repository() {
    let Some(walk) = begin() else { return };
    let result = (|| -> Result<()> {
        let (first, second) = (walk.package("1.0.0")?, walk.package("1.1.0")?);
        let body = format!("@{}", first.display());
        walk.expect("/charts/api/charts", &["--data-binary", &body], (201, r#"{"saved":true}"#))?;
        walk.server.api.upload(&second)?;
        for name in ["helm3", "helm4"] {
            let helm = walk.helm(name);
            let url = format!("{}/charts", walk.server.api.base());
            helm.run(&["repo", "add", "own", &url])?;
            helm.run(&["repo", "update"])?;
            let found = helm.json(&["search", "repo", "own", "-l", "-o", "json"])?;
            let versions: Vec<&str> =
                found.as_array().into_iter().flatten().filter_map(|e| e["version"].as_str()).collect();
            ensure!(versions == ["1.1.0", "1.0.0"], "{name} finds {found}");
            let to = walk.home.path().join(format!("pulled-{name}"));
            std::fs::create_dir_all(&to)?;
            helm.run(&["pull", "own/hello", "--version", "1.0.0", "-d", &to.display().to_string()])?;
            ensure!(std::fs::read(to.join("hello-1.0.0.tgz"))? == std::fs::read(&first)?, "{name} pulls other bytes");
            let dry_run = if name == "helm3" { "--dry-run" } else { "--dry-run=client" };
            let text = helm.run(&["install", "web", "own/hello", dry_run])?;
            ensure!(text.contains("kind: Deployment"), "{name} renders {text}");
            helm.run(&[
                "install",
                &format!("web-{name}"),
                "own/hello",
                "--version",
                "1.0.0",
                "--wait",
                "--timeout",
                "60s",
            ])?;
        }
        // The same charts in requests to helmd, and in its searches.
        walk.server.api.call(
            "POST",
            "/api/namespaces/demo/releases/web?chart=uploads/hello",
            Some(&json!({"create_namespace": true})),
        )?;
        let found = walk.server.api.call("GET", "/api/repositories/charts?keyword=hello", None)?;
        ensure!(found[0]["name"] == "uploads/hello" && found[0]["version"] == "1.1.0", "helmd finds {found}");
        Ok(())
    })();
    result.unwrap();
}

#[test]
fn a_version_that_is_removed_is_gone_for_helm() {
    let Some(walk) = begin() else { return };
    let result = (|| -> Result<()> {
        let archive = format!("chart=@{}", walk.package("1.0.0")?.display());
        let api = "/charts/api/charts";
        walk.expect(api, &["-F", &archive], (201, r#"{"saved":true}"#))?;
        walk.expect(api, &["-F", &archive], (409, r#"{"error":"chart already exists"}"#))?;
        walk.expect(&format!("{api}?force"), &["-F", &archive], (201, r#"{"saved":true}"#))?;
        let (status, body) = walk.curl(&format!("{api}/hello/1.0.0"), &[])?;
        let json: Json = serde_json::from_str(&body)?;
        ensure!(status == 200 && json["urls"][0] == "charts/hello-1.0.0.tgz", "{status} {body}");
        ensure!(walk.curl(&format!("{api}/hello/1.0.0"), &["-I"])?.0 == 200, "HEAD of a version that is there");
        ensure!(walk.curl(&format!("{api}/other"), &["-I"])?.0 == 404, "HEAD of a chart that is not there");
        let helm = walk.helm("helm4");
        let url = format!("{}/charts", walk.server.api.base());
        helm.run(&["repo", "add", "own", &url])?;
        walk.expect(&format!("{api}/hello/1.0.0"), &["-X", "DELETE"], (200, r#"{"deleted":true}"#))?;
        helm.run(&["repo", "update"])?;
        match helm.run(&["pull", "own/hello"]) {
            Err(error) => ensure!(error.to_string().contains("not found in own index"), "{error}"),
            Ok(_) => bail!("helm pulls what was removed"),
        }
        Ok(())
    })();
    result.unwrap();
}

/// Makes a key without a passphrase; gives the keyrings with its secret and its public half.
fn keyrings(home: &Path) -> Result<(PathBuf, PathBuf)> {
    let folder = home.join("gnupg");
    std::fs::create_dir_all(&folder)?;
    let gpg = |arguments: &[&str]| -> Result<()> {
        let homedir = folder.display().to_string();
        let out = Command::new("gpg").args(["--homedir", &homedir, "--batch", "--yes"]).args(arguments).output()?;
        ensure!(out.status.success(), "gpg {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        Ok(())
    };
    let [secret, public] = ["secret.gpg", "public.gpg"].map(|name| home.join(name));
    gpg(&[
        "--passphrase",
        "",
        "--pinentry-mode",
        "loopback",
        "--quick-generate-key",
        "store@example.invalid",
        "rsa2048",
        "sign",
        "never",
    ])?;
    gpg(&["--output", &secret.display().to_string(), "--export-secret-keys"])?;
    gpg(&["--output", &public.display().to_string(), "--export"])?;
    let _ended = Command::new("gpgconf").args(["--homedir", &folder.display().to_string(), "--kill", "all"]).output();
    Ok((secret, public))
}

#[test]
fn signatures_are_served_beside_their_archives() {
    let Some(walk) = begin() else { return };
    if Command::new("gpg").arg("--version").output().is_err() {
        return Setup::missing("gpg");
    }
    let result = (|| -> Result<()> {
        let (secret, public) = keyrings(walk.home.path())?;
        let (secret, public) = (secret.display().to_string(), public.display().to_string());
        let (chart, to) =
            (Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/hello"), walk.home.path().display().to_string());
        let sign = ["--sign", "--key", "store@example.invalid", "--keyring", &secret];
        let package = ["package", &chart.display().to_string(), "--version", "2.0.0", "-d", &to];
        walk.helm("helm4").run(&[&package[..], &sign[..]].concat())?;
        let file = |name: &str| walk.home.path().join(name).display().to_string();
        let (archive, signature) = (file("hello-2.0.0.tgz"), file("hello-2.0.0.tgz.prov"));
        let form = ["-F", &format!("chart=@{archive}"), "-F", &format!("prov=@{signature}")];
        walk.expect("/charts/api/charts", &form, (201, r#"{"saved":true}"#))?;
        let mut verified = 0;
        for name in ["helm3", "helm4"] {
            let helm = walk.helm(name);
            helm.run(&["repo", "add", "own", &format!("{}/charts", walk.server.api.base())])?;
            let pulled = walk.home.path().join(format!("verified-{name}"));
            std::fs::create_dir_all(&pulled)?;
            let pulled = pulled.display().to_string();
            helm.run(&["pull", "own/hello", "--verify", "--keyring", &public, "-d", &pulled])?;
            verified += 1;
        }
        println!("helm pull --verify from helmd's store: {verified} of 2");
        // Without a signature it is no pull.
        let (_, unsigned) = (walk.package("2.1.0")?, file("hello-2.1.0.tgz"));
        walk.expect("/charts/api/charts", &["--data-binary", &format!("@{unsigned}")], (201, r#"{"saved":true}"#))?;
        let helm = walk.helm("helm4");
        helm.run(&["repo", "update"])?;
        // HELM: what cannot be verified is left in the folder all the same.
        let pull = ["pull", "own/hello", "--version", "2.1.0", "--verify", "--keyring", &public, "-d"];
        let refused = helm.run(&[&pull[..], &[file("verified-helm4").as_str()]].concat());
        ensure!(refused.is_err(), "helm verifies what is not signed");
        // A signature may come by itself.
        walk.expect(
            "/charts/api/prov",
            &["--data-binary", &format!("@{signature}")],
            (409, r#"{"error":"file already exists"}"#),
        )?;
        walk.expect("/charts/api/prov?force", &["--data-binary", &format!("@{signature}")], (201, r#"{"saved":true}"#))
    })();
    result.unwrap();
}

#[test]
fn charts_go_on_to_a_registry() {
    let place = tempfile::tempdir().unwrap();
    let Some(registry) = Registry::start(place.path()).unwrap() else { return Setup::missing("docker-registry") };
    let Some(walk) = begin_with(&["--chart-store", "", "--allow-host", &registry.host], "") else { return };
    let result = (|| -> Result<()> {
        let archive = walk.package("1.0.0")?;
        let body = format!("@{}", archive.display());
        walk.expect("/charts/api/charts", &["--data-binary", &body], (201, r#"{"saved":true}"#))?;
        let push = "/charts/api/charts/hello/1.0.0/push";
        let to = json!({"to": format!("oci://{}/team", registry.host), "plain_http": true}).to_string();
        let (status, body) = walk.curl(push, &["-d", &to])?;
        ensure!(status == 201 && body.contains("team/hello:1.0.0") && body.contains("sha256:"), "{status} {body}");
        for name in ["helm3", "helm4"] {
            let pulled = walk.home.path().join(format!("onward-{name}"));
            std::fs::create_dir_all(&pulled)?;
            let chart = format!("oci://{}/team/hello", registry.host);
            let folder = pulled.display().to_string();
            walk.helm(name).run(&["pull", &chart, "--version", "1.0.0", "--plain-http", "-d", &folder])?;
            ensure!(
                std::fs::read(pulled.join("hello-1.0.0.tgz"))? == std::fs::read(&archive)?,
                "{name} pulls other bytes"
            );
        }
        let elsewhere = json!({"to": "oci://127.0.0.1:9/team", "plain_http": true}).to_string();
        ensure!(walk.curl(push, &["-d", &elsewhere])?.0 == 403, "a registry that is not allowed");
        Ok(())
    })();
    result.unwrap();
}

#[test]
fn two_servers_share_a_registry() {
    let place = tempfile::tempdir().unwrap();
    let Some(registry) = Registry::start(place.path()).unwrap() else { return Setup::missing("docker-registry") };
    let config = format!("chartStore:\n  url: oci://{}/shared\n  plainHttp: true\n", registry.host);
    let (Some(one), Some(other)) = (begin_with(&[], &config), begin_with(&[], &config)) else { return };
    let result = (|| -> Result<()> {
        let archive = one.package("1.0.0")?;
        one.server.api.upload(&archive)?;
        // What helm itself pushes there is in the store as well.
        let second = one.package("1.1.0")?.display().to_string();
        one.helm("helm4").run(&["push", &second, &format!("oci://{}/shared", registry.host), "--plain-http"])?;
        let uploads = other.server.api.call("GET", "/api/charts/upload", None)?;
        ensure!(uploads == json!(["hello-1.0.0.tgz", "hello-1.1.0.tgz"]), "{uploads}");
        let helm = other.helm("helm4");
        helm.run(&["repo", "add", "own", &format!("{}/charts", other.server.api.base())])?;
        let folder = other.home.path().display().to_string();
        helm.run(&["pull", "own/hello", "--version", "1.0.0", "-d", &folder])?;
        ensure!(std::fs::read(other.home.path().join("hello-1.0.0.tgz"))? == std::fs::read(&archive)?, "other bytes");
        let body = json!({"create_namespace": true});
        other.server.api.call(
            "POST",
            "/api/namespaces/demo/releases/a?chart=uploads/hello&version=1.1.0",
            Some(&body),
        )?;
        other.server.api.call("POST", "/api/namespaces/demo/releases/b?chart=hello-1.0.0.tgz", Some(&body))?;
        other.expect("/charts/api/charts/hello/1.0.0", &["-X", "DELETE"], (200, r#"{"deleted":true}"#))?;
        let left = one.server.api.call("GET", "/api/charts/upload", None)?;
        ensure!(left == json!(["hello-1.1.0.tgz"]), "{left}");
        Ok(())
    })();
    result.unwrap();
}

#[test]
fn a_killed_server_leaves_no_half_archive() {
    let Some(walk) = begin() else { return };
    let result = (|| -> Result<()> {
        let (large, uploads) = (walk.home.path().join("large.tgz"), walk.home.path().join("uploads"));
        std::fs::write(&large, vec![7; 8 << 20])?;
        let url = format!("{}/api/charts/upload", walk.server.api.base());
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--limit-rate", "1M", "-F", &format!("chart=@{}", large.display()), &url]);
        let mut curl = curl.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let names = || -> Result<Vec<String>> {
            let entries = std::fs::read_dir(&uploads)?.collect::<std::io::Result<Vec<_>>>()?;
            Ok(entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
        };
        wait_until(Duration::from_secs(20), "the upload begins", || Ok(!names()?.is_empty()))?;
        // It ends by SIGKILL.
        drop(walk.server);
        curl.wait()?;
        ensure!(!names()?.contains(&"large.tgz".to_owned()), "half an archive: {:?}", names()?);
        let kubeconfig = walk.kubeconfig.display().to_string();
        let flags = ["--sandbox", "--sandbox-kubeconfig", &kubeconfig];
        let server = Server::start(&walk.setup.helmd, walk.home.path(), &flags)?;
        let listed = server.api.call("GET", "/api/charts/upload", None)?;
        ensure!(listed == json!([]), "listed: {listed}");
        Ok(())
    })();
    result.unwrap();
}
