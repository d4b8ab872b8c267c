//! Records that are too large or broken.
#![expect(clippy::unwrap_used, reason = "a walk that cannot begin is a failed test")]

use anyhow::{Context, Result, ensure};
use helmd_e2e::{Program, Server, Setup};
use serde_json::{Value as Json, json};
use std::io::Read as _;
use std::path::PathBuf;

const PATH: &str = "/api/namespaces/shop/releases/web";

struct Walk {
    server: Server,
    helms: [Program; 2],
    kubectl: Program,
    home: tempfile::TempDir,
}

fn begin(flags: &[&str]) -> Option<Walk> {
    let setup = Setup::find(false)?;
    let home = tempfile::tempdir().unwrap();
    let kubeconfig = home.path().join("sandbox.kubeconfig");
    let text = kubeconfig.display().to_string();
    let flags = [&["--sandbox", "--sandbox-kubeconfig", &text], flags].concat();
    let server = Server::start(&setup.helmd, home.path(), &flags).unwrap();
    let program = |path: PathBuf| Program::new(path, &kubeconfig, home.path());
    Some(Walk {
        helms: ["helm3", "helm4"].map(|name| program(setup.tools.join(name))),
        kubectl: program("kubectl".into()),
        server,
        home,
    })
}

impl Walk {
    /// Packs and uploads a chart with as many bytes that nothing packs.
    fn chart(&self, version: &str, noise: u64) -> Result<PathBuf> {
        let folder = self.home.path().join(format!("chart-{version}"));
        std::fs::create_dir_all(folder.join("templates"))?;
        std::fs::create_dir_all(folder.join("dist"))?;
        std::fs::write(folder.join("Chart.yaml"), format!("apiVersion: v2\nname: big\nversion: {version}\n"))?;
        std::fs::write(folder.join("values.yaml"), "a: 1\nb: 1\n")?;
        let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-cm}\n\
            data: {a: \"{{ .Values.a }}\", b: \"{{ .Values.b }}\", n: \"{{ .Files.Get \"dist/app.bin\" | len }}\"}\n";
        std::fs::write(folder.join("templates/cm.yaml"), template)?;
        let mut bytes = Vec::new();
        std::fs::File::open("/dev/urandom")?.take(noise).read_to_end(&mut bytes)?;
        std::fs::write(folder.join("dist/app.bin"), bytes)?;
        let out = self.home.path().display().to_string();
        self.helms[0].run(&["package", &folder.display().to_string(), "-d", &out])?;
        let archive = self.home.path().join(format!("big-{version}.tgz"));
        self.server.api.upload(&archive)?;
        Ok(archive)
    }

    fn data(&self) -> Result<Json> {
        Ok(self.kubectl.json(&["get", "configmap", "web-cm", "-n", "shop", "-o", "json"])?["data"].take())
    }
}

#[test]
fn a_release_that_is_too_large_is_explained() {
    let Some(walk) = begin(&[]) else { return };
    let result = (|| -> Result<()> {
        let archive = walk.chart("1.0.0", 900_000)?;
        let body = json!({"create_namespace": true});
        let error = walk.server.api.error("POST", &format!("{PATH}?chart=big-1.0.0.tgz"), Some(&body))?;
        for helm in &walk.helms {
            let told = helm.run(&["install", "web", &archive.display().to_string(), "-n", "shop"]).unwrap_err();
            ensure!(told.to_string().ends_with(&error), "helm says {told}, helmd {error}");
        }
        ensure!(walk.data().is_err(), "something was applied");
        let log = std::fs::read_to_string(&walk.server.log)?;
        for words in
            ["the record of the release takes 12", "chart file dist/app.bin (900000 bytes)", "--skip-files-in-record"]
        {
            ensure!(log.contains(words), "{words:?} is not in the log: {log}");
        }
        Ok(())
    })();
    result.unwrap();
}

#[test]
fn records_without_files_are_good_to_go_on_with() {
    let Some(walk) = begin(&["--skip-files-in-record"]) else { return };
    let result = (|| -> Result<()> {
        let api = &walk.server.api;
        walk.chart("1.0.0", 900_000)?;
        let small = walk.chart("1.1.0", 10)?.display().to_string();
        api.call(
            "POST",
            &format!("{PATH}?chart=big-1.0.0.tgz"),
            Some(&json!({"create_namespace": true, "set": ["a=2"]})),
        )?;
        ensure!(walk.data()?["n"] != "0", "templates see the files");
        api.call("PUT", &format!("{PATH}?chart=big-1.0.0.tgz"), Some(&json!({"reuse_values": true, "set": ["b=2"]})))?;
        ensure!(walk.data()?["a"] == "2" && walk.data()?["b"] == "2", "helmd reuses values: {}", walk.data()?);
        for (helm, to) in walk.helms.iter().zip(["1", "2"]) {
            helm.run(&["rollback", "web", to, "-n", "shop"])?;
            ensure!(walk.data()?["b"] == to, "rolled back to {to}: {}", walk.data()?);
            let all = helm.run(&["get", "all", "web", "-n", "shop"])?;
            ensure!(all.contains("web-cm"), "get all says {all}");
        }
        for helm in &walk.helms {
            helm.run(&["upgrade", "web", &small, "-n", "shop", "--reuse-values"])?;
            ensure!(walk.data()?["a"] == "2" && walk.data()?["b"] == "2", "helm reuses values: {}", walk.data()?);
        }
        api.call("PUT", &format!("{PATH}/versions/1"), None)?;
        ensure!(walk.data()?["b"] == "1", "helmd rolls back: {}", walk.data()?);
        api.call("DELETE", PATH, None)?;
        ensure!(walk.data().is_err(), "all is gone");
        Ok(())
    })();
    result.unwrap();
}

#[test]
fn a_broken_record_hinders_nothing_but_itself() {
    let Some(walk) = begin(&[]) else { return };
    let result = (|| -> Result<()> {
        let api = &walk.server.api;
        walk.chart("1.0.0", 10)?;
        let chart = format!("{PATH}?chart=big-1.0.0.tgz");
        api.call("POST", &chart, Some(&json!({"create_namespace": true})))?;
        api.call("PUT", &chart, Some(&json!({"set": ["a=2"]})))?;
        api.call("PUT", &chart, Some(&json!({"set": ["a=3"]})))?;
        walk.break_record(1)?;

        let revisions =
            |json: &Json| json.as_array().map(|all| all.iter().map(|r| r["revision"].to_string()).collect());
        let history = api.call("GET", &format!("{PATH}/histories"), None)?;
        let seen: Vec<String> = revisions(&history).context("no list")?;
        ensure!(seen == ["3", "2"], "history {history}");
        let told = walk.helms[1].json(&["history", "web", "-n", "shop", "-o", "json"])?;
        ensure!(revisions(&told) == Some(vec!["2".to_owned(), "3".to_owned()]), "helm 4's history {told}");
        let list = api.call("GET", "/api/namespaces/shop/releases", None)?;
        ensure!(list[0]["revision"] == "3", "list {list}");
        api.call("PUT", &chart, Some(&json!({"set": ["a=4"]})))?;
        api.call("PUT", &format!("{PATH}/versions/2"), None)?;
        ensure!(walk.data()?["a"] == "2", "the rollback has come");
        let log = std::fs::read_to_string(&walk.server.log)?;
        ensure!(log.contains("the record sh.helm.release.v1.web.v1 in namespace shop holds no release"), "{log}");

        // The newest one counts: nothing is guessed.
        walk.break_record(5)?;
        let error = api.error("PUT", &chart, Some(&json!({"set": ["a=5"]})))?;
        ensure!(error.contains("failed to decode data \"sh.helm.release.v1.web.v5\""), "{error}");
        ensure!(walk.data()?["a"] == "2", "nothing was changed");
        let list = api.call("GET", "/api/namespaces/shop/releases", None)?;
        ensure!(list.as_array().is_some_and(Vec::is_empty) || list.is_null(), "list {list}");
        Ok(())
    })();
    result.unwrap();
}

impl Walk {
    fn break_record(&self, revision: u8) -> Result<()> {
        let name = format!("sh.helm.release.v1.web.v{revision}");
        // Base64 of the word "nope".
        self.kubectl.run(&["patch", "secret", &name, "-n", "shop", "-p", r#"{"data":{"release":"bm9wZQ=="}}"#])?;
        Ok(())
    }
}
