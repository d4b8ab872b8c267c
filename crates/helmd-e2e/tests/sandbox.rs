//! The sandbox: the server starts it, and the real helm and kubectl work against it.
#![expect(clippy::unwrap_used, reason = "a walk that cannot begin is a failed test")]

use anyhow::{Context, Result, ensure};
use helmd_e2e::{Program, Server, Setup, wait_until};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

struct Walk {
    setup: Setup,
    server: Server,
    helm4: Program,
    kubectl: Program,
    home: tempfile::TempDir,
}

fn begin() -> Option<Walk> {
    let setup = Setup::find(false)?;
    let home = tempfile::tempdir().unwrap();
    let kubeconfig = home.path().join("sandbox.kubeconfig");
    let text = kubeconfig.display().to_string();
    let server = Server::start(&setup.helmd, home.path(), &["--sandbox", "--sandbox-kubeconfig", &text]).unwrap();
    Some(Walk {
        helm4: Program::new(setup.tools.join("helm4"), &kubeconfig, home.path()),
        kubectl: Program::new("kubectl", &kubeconfig, home.path()),
        setup,
        server,
        home,
    })
}

fn hello() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/hello").display().to_string()
}

#[test]
fn the_real_helm_works_against_the_sandbox() {
    let Some(walk) = begin() else { return };
    let result = (|| -> Result<()> {
        let h = |words: &[&str]| walk.helm4.run(words);
        h(&["install", "web", &hello(), "-n", "demo", "--create-namespace", "--wait", "--timeout", "60s"])?;
        let list = walk.helm4.json(&["list", "-A", "-o", "json"])?;
        ensure!(list[0]["name"] == "web" && list[0]["status"] == "deployed", "list {list}");
        h(&["test", "web", "-n", "demo", "--timeout", "60s"])?;
        h(&["upgrade", "web", &hello(), "-n", "demo", "--set", "replicaCount=2", "--wait", "--timeout", "60s"])?;
        h(&["rollback", "web", "1", "-n", "demo", "--wait", "--timeout", "60s"])?;
        let seen = walk.server.api.call("GET", "/api/namespaces/demo/releases", None)?;
        ensure!(seen[0]["revision"] == "3", "helmd sees {seen}");
        h(&["uninstall", "web", "-n", "demo", "--wait", "--timeout", "60s"])?;
        let left = walk.kubectl.run(&["get", "deployments,services,secrets", "-n", "demo", "-o", "name"])?;
        ensure!(left.trim().is_empty(), "left: {left}");
        Ok(())
    })();
    result.unwrap();
}

#[test]
fn kubectl_works_against_the_sandbox() {
    let Some(walk) = begin() else { return };
    let result = (|| -> Result<()> {
        let k = |words: &[&str]| walk.kubectl.run(words);
        let manifest = walk.home.path().join("app.yaml");
        std::fs::write(&manifest, walk.helm4.run(&["template", "app", &hello(), "--no-hooks"])?)?;
        let file = manifest.display().to_string();
        k(&["apply", "-f", &file])?;
        k(&["apply", "--server-side", "--force-conflicts", "-f", &file])?;
        k(&["rollout", "status", "deployment/app-hello", "--timeout=60s"])?;
        let table = k(&["get", "deployments"])?;
        ensure!(table.contains("READY") && table.contains("1/1"), "{table}");
        let about = k(&["describe", "deployment", "app-hello"])?;
        ensure!(about.contains("Replicas:"), "{about}");
        k(&["scale", "deployment/app-hello", "--replicas=3"])?;
        k(&["rollout", "status", "deployment/app-hello", "--timeout=60s"])?;
        let pods = k(&["get", "pods", "-o", "name"])?;
        ensure!(pods.lines().count() == 3, "{pods}");
        k(&["delete", "-f", &file])?;
        wait_until(Duration::from_secs(20), "the pods are gone", || {
            Ok(k(&["get", "pods", "-o", "name"])?.trim().is_empty())
        })?;
        k(&["api-resources"])?;
        Ok(())
    })();
    result.unwrap();
}

#[test]
fn public_charts_install_on_the_sandbox_over_http() {
    let Some(walk) = begin() else { return };
    if walk.setup.corpus.is_none() {
        Setup::missing("HELMD_CORPUS");
        return;
    }
    let mut failures = Vec::new();
    // A chart, and a value of it that may be set to any word.
    let charts = [
        ("ingress-nginx", "e2eMarker"),
        ("cert-manager", "global.commonLabels.e2e"),
        ("argo-cd", "e2eMarker"),
        ("traefik", "commonLabels.e2e"),
        ("grafana", "e2eMarker"),
        ("keda", "e2eMarker"),
        ("harbor", "e2eMarker"),
        ("redis", "e2eMarker"),
    ];
    for (chart, key) in charts {
        if let Err(e) = install(&walk, chart, key) {
            failures.push(format!("{chart}: {e:#}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn install(walk: &Walk, chart: &str, key: &str) -> Result<()> {
    let archive = walk.setup.chart(chart).with_context(|| format!("no {chart} in the corpus"))?;
    let file = archive.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let path = format!("/api/namespaces/sb-{chart}/releases/r-{chart}");
    walk.server.api.upload(&archive)?;
    let body = json!({"create_namespace": true, "wait": true, "timeout": "90s"});
    walk.server.api.call("POST", &format!("{path}?chart={file}"), Some(&body))?;
    let status = walk.server.api.call("GET", &format!("{path}/status"), None)?;
    ensure!(status["status"] == "deployed", "status {status}");
    walk.server.api.call("PUT", &format!("{path}?chart={file}"), Some(&json!({"set": [format!("{key}=two")]})))?;
    walk.server.api.call("PUT", &format!("{path}/versions/1"), None)?;
    walk.server.api.call("DELETE", &path, None)?;
    let list = walk.helm4.json(&["list", "-n", &format!("sb-{chart}"), "-o", "json"])?;
    ensure!(list.as_array().is_some_and(Vec::is_empty), "left {list}");
    Ok(())
}
