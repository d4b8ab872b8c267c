//! Real charts, installed over HTTP on a real cluster, read and continued by the real helm, and the other way round.
#![expect(clippy::unwrap_used, reason = "a walk that cannot begin is a failed test")]

use anyhow::{Context, Result, bail, ensure};
use helmd_e2e::{Api, Program, Server, Setup};
use serde_json::{Value as Json, json};
use std::path::Path;

/// The cluster, the server and the real programs of one test.
struct Walk {
    setup: Setup,
    server: Server,
    helm3: Program,
    helm4: Program,
    kubectl: Program,
    _home: tempfile::TempDir,
}

impl Walk {
    fn begin() -> Option<Walk> {
        let setup = Setup::find(true)?;
        let home = tempfile::tempdir().unwrap();
        let kubeconfig = setup.kubeconfig.clone().unwrap();
        let kubeconfig_text = kubeconfig.display().to_string();
        let server = Server::start(&setup.helmd, home.path(), &["--kubeconfig", &kubeconfig_text]).unwrap();
        let program = |path: &Path| Program::new(path, &kubeconfig, home.path());
        Some(Walk {
            helm3: program(&setup.tools.join("helm3")),
            helm4: program(&setup.tools.join("helm4")),
            kubectl: program(Path::new("kubectl")),
            setup,
            server,
            _home: home,
        })
    }
    fn api(&self) -> &Api {
        &self.server.api
    }
    fn sample(&self, folder: &Path) -> Result<std::path::PathBuf> {
        let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/hello");
        self.helm4.run(&["package", &chart.display().to_string(), "-d", &folder.display().to_string()])?;
        Ok(folder.join("hello-0.1.0.tgz"))
    }
}

fn release_path(namespace: &str, release: &str) -> String {
    format!("/api/namespaces/{namespace}/releases/{release}")
}

/// What the real helms say of a release, times taken out.
fn as_told(helm: &Program, namespace: &str, release: &str) -> Result<Json> {
    let at = ["-n", namespace];
    let run = |words: &[&str]| helm.run(&[words, &at].concat());
    let mut list = helm.json(&["list", "-n", namespace, "-o", "json", "--filter", &format!("^{release}$")])?;
    let mut status = helm.json(&["status", release, "-n", namespace, "-o", "json"])?;
    let mut history = helm.json(&["history", release, "-n", namespace, "-o", "json"])?;
    for item in list.as_array_mut().into_iter().flatten().chain(history.as_array_mut().into_iter().flatten()) {
        item["updated"] = Json::Null;
    }
    for field in ["first_deployed", "last_deployed"] {
        status["info"][field] = Json::Null;
    }
    for hook in status["hooks"].as_array_mut().into_iter().flatten() {
        hook["last_run"] = Json::Null;
    }
    // Which helm applied it is told on purpose; which objects exist has times and uids.
    for field in ["apply_method", "config"] {
        status[field] = Json::Null;
    }
    status["info"]["resources"] = Json::Null;
    Ok(json!({
        "list": list, "status": status, "history": history,
        "manifest": run(&["get", "manifest", release])?,
        "values": run(&["get", "values", release])?,
        "all values": run(&["get", "values", release, "--all"])?,
        "hooks": run(&["get", "hooks", release])?,
        "notes": run(&["get", "notes", release])?,
    }))
}

/// The first place where two recorded views differ.
fn difference(a: &Json, b: &Json, at: &str) -> Option<String> {
    match (a, b) {
        (Json::Object(x), Json::Object(y)) => {
            let keys: std::collections::BTreeSet<&String> = x.keys().chain(y.keys()).collect();
            keys.into_iter().find_map(|k| {
                difference(x.get(k).unwrap_or(&Json::Null), y.get(k).unwrap_or(&Json::Null), &format!("{at}/{k}"))
            })
        }
        (Json::Array(x), Json::Array(y)) if x.len() == y.len() => {
            x.iter().zip(y).enumerate().find_map(|(i, (a, b))| difference(a, b, &format!("{at}/{i}")))
        }
        (Json::String(x), Json::String(y)) if x != y => {
            let line = x.lines().zip(y.lines()).position(|(a, b)| a != b);
            let show = |t: &str| line.and_then(|l| t.lines().nth(l)).unwrap_or(t).chars().take(200).collect::<String>();
            Some(format!("{at} line {line:?}: helmd {:?}, helm {:?}", show(x), show(y)))
        }
        _ if a == b => None,
        _ => Some(format!("{at}: helmd {a}, helm {b}")),
    }
}

/// Objects in the cluster that carry the release's name.
fn leftovers(walk: &Walk, namespace: &str, release: &str) -> Result<Vec<String>> {
    let selector = format!("--selector=owner=helm,name={release}");
    let mut found = Vec::new();
    let secrets = walk.kubectl.run(&["get", "secrets", "-n", namespace, &selector, "-o", "name"])?;
    found.extend(secrets.lines().map(str::to_owned));
    let kinds = "deployments,statefulsets,daemonsets,services,configmaps,secrets,serviceaccounts,ingresses,jobs,roles,\
                 rolebindings,clusterroles,clusterrolebindings,persistentvolumeclaims,validatingwebhookconfigurations,\
                 mutatingwebhookconfigurations,poddisruptionbudgets,horizontalpodautoscalers,networkpolicies";
    let list = walk.kubectl.json(&["get", kinds, "-A", "-o", "json"])?;
    for object in list["items"].as_array().into_iter().flatten() {
        let notes = &object["metadata"]["annotations"];
        if notes["meta.helm.sh/release-name"] == release
            && notes["meta.helm.sh/release-namespace"] == namespace
            && notes["helm.sh/resource-policy"] != "keep"
            && object["metadata"]["deletionTimestamp"].is_null()
        {
            found.push(format!("{}/{}", object["kind"], object["metadata"]["name"]));
        }
    }
    Ok(found)
}

fn nothing_remains(walk: &Walk, namespace: &str, release: &str) -> Result<()> {
    helmd_e2e::wait_until(std::time::Duration::from_secs(30), "nothing of the release remains", || {
        let left = leftovers(walk, namespace, release)?;
        if left.is_empty() { Ok(true) } else { bail!("left: {left:?}") }
    })
}

/// Charts with CRDs, hooks, subcharts, webhooks, jobs and stateful sets. Second: a value that may be set to any word (some
/// schemas allow no unknown key). Third: whether two renders of it are the same (some charts make passwords and certificates).
const CHARTS: &[(&str, &str, bool)] = &[
    ("ingress-nginx", "e2eMarker", true),
    ("cert-manager", "global.commonLabels.e2e", true),
    ("kube-prometheus-stack", "e2eMarker", false),
    ("argo-cd", "e2eMarker", false),
    ("traefik", "commonLabels.e2e", true),
    ("grafana", "e2eMarker", false),
    ("keda", "e2eMarker", true),
    ("harbor", "e2eMarker", false),
    ("external-secrets", "e2eMarker", true),
    ("redis", "e2eMarker", false),
    ("cloudnative-pg", "e2eMarker", true),
    ("metrics-server", "e2eMarker", true),
    ("nats", "e2eMarker", true),
    ("prometheus", "e2eMarker", true),
];

#[test]
fn public_charts_install_upgrade_roll_back_and_leave_nothing() {
    let Some(walk) = Walk::begin() else { return };
    if walk.setup.corpus.is_none() {
        Setup::missing("HELMD_CORPUS");
        return;
    }
    let mut failures = Vec::new();
    for (chart, key, stable) in CHARTS {
        let started = std::time::Instant::now();
        match chart_walk(&walk, chart, key, *stable) {
            Ok(()) => println!("{chart}: ok in {:.1} s", started.elapsed().as_secs_f32()),
            Err(e) => {
                println!("{chart}: {e:#}");
                failures.push(format!("{chart}: {e:#}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn chart_walk(walk: &Walk, chart: &str, key: &str, stable: bool) -> Result<()> {
    let archive = walk.setup.chart(chart).with_context(|| format!("no {chart} in the corpus"))?;
    let file = archive.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
    let archive_text = archive.display().to_string();
    let (namespace, release) = (format!("e2e-{chart}"), format!("w-{chart}"));
    let (namespace, release) = (namespace.as_str(), release.as_str());
    let path = release_path(namespace, release);
    let values = json!({"create_namespace": true, "set": [format!("{key}=one")]});

    // helmd installs; both helms read it.
    walk.api().upload(&archive)?;
    walk.api().call("POST", &format!("{path}?chart={file}"), Some(&values))?;
    let status = walk.api().call("GET", &format!("{path}/status"), None)?;
    ensure!(status["status"] == "deployed", "status {status}");
    let mine = [as_told(&walk.helm3, namespace, release)?, as_told(&walk.helm4, namespace, release)?];

    // helm 4 goes on and back, helmd takes it off.
    walk.helm4.run(&["upgrade", release, &archive_text, "-n", namespace, "--set", &format!("{key}=two")])?;
    walk.helm4.run(&["rollback", release, "1", "-n", namespace])?;
    let history = walk.api().call("GET", &format!("{path}/histories"), None)?;
    ensure!(history.as_array().map(Vec::len) == Some(3), "history {history}");
    walk.api().call("DELETE", &path, None)?;
    nothing_remains(walk, namespace, release)?;

    // helm 3, which this API follows, installs the same: both helms must tell the same of it; helmd goes on, back, and takes it off.
    walk.helm3.run(&["install", release, &archive_text, "-n", namespace, "--set", &format!("{key}=one")])?;
    let theirs = [as_told(&walk.helm3, namespace, release)?, as_told(&walk.helm4, namespace, release)?];
    if stable {
        for (mine, theirs) in mine.iter().zip(&theirs) {
            if let Some(place) = difference(mine, theirs, "") {
                bail!("helmd's release is not told as helm's: {place}");
            }
        }
    }
    walk.api().call("PUT", &format!("{path}?chart={file}"), Some(&json!({"set": [format!("{key}=three")]})))?;
    walk.api().call("PUT", &format!("{path}/versions/1"), None)?;
    let status = walk.helm4.json(&["status", release, "-n", namespace, "-o", "json"])?;
    ensure!(status["version"] == 3 && status["info"]["status"] == "deployed", "status {status}");
    walk.api().call("DELETE", &path, None)?;
    nothing_remains(walk, namespace, release)?;
    walk.kubectl.run(&["delete", "namespace", namespace, "--wait=false"])?;
    Ok(())
}

#[test]
fn helm3_releases_are_ours_to_go_on_with() {
    let Some(walk) = Walk::begin() else { return };
    go_on_with(&walk, &walk.helm3, "e2e-helm3").unwrap();
}

#[test]
fn helm4_releases_are_ours_to_go_on_with() {
    let Some(walk) = Walk::begin() else { return };
    go_on_with(&walk, &walk.helm4, "e2e-helm4").unwrap();
}

/// The real helm installs; helmd upgrades and rolls back; helm tests and upgrades; helmd takes it off.
fn go_on_with(walk: &Walk, helm: &Program, namespace: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let archive = walk.sample(folder.path())?;
    let release = "old";
    let path = release_path(namespace, release);
    let archive_text = archive.display().to_string();
    walk.api().upload(&archive)?;
    helm.run(&["install", release, &archive_text, "-n", namespace, "--create-namespace", "--wait"])?;
    let replicas = |wanted: i64| -> Result<()> {
        let deployment = walk.kubectl.json(&["get", "deployment", "old-hello", "-n", namespace, "-o", "json"])?;
        ensure!(deployment["spec"]["replicas"] == wanted, "replicas {}", deployment["spec"]["replicas"]);
        Ok(())
    };
    let more = json!({"set": ["replicaCount=2"], "wait": true});
    walk.api().call("PUT", &format!("{path}?chart=hello-0.1.0.tgz"), Some(&more))?;
    replicas(2)?;
    walk.api().call("PUT", &format!("{path}/versions/1"), None)?;
    replicas(1)?;
    helm.run(&["test", release, "-n", namespace])?;
    helm.run(&["upgrade", release, &archive_text, "-n", namespace, "--set", "greeting=again"])?;
    walk.api().call("DELETE", &path, None)?;
    nothing_remains(walk, namespace, release)
}

#[test]
fn bad_input_changes_nothing_and_says_why() {
    let Some(walk) = Walk::begin() else { return };
    let result = (|| -> Result<()> {
        let folder = tempfile::tempdir()?;
        let archive = walk.sample(folder.path())?;
        walk.api().upload(&archive)?;
        let broken = folder.path().join("broken-0.1.0.tgz");
        std::fs::write(&broken, b"this is no archive")?;
        walk.api().upload(&broken)?;
        let truncated = folder.path().join("truncated-0.1.0.tgz");
        let whole = std::fs::read(&archive)?;
        std::fs::write(&truncated, &whole[..whole.len() / 2])?;
        walk.api().upload(&truncated)?;

        let at = |release: &str, chart: &str| format!("{}?chart={chart}", release_path("e2e-bad", release));
        let fails = |path: &str, body: Json, words: &str| -> Result<()> {
            let started = std::time::Instant::now();
            let error = walk.api().error("POST", path, Some(&body))?;
            ensure!(error.contains(words), "{path} {body}: {error:?} does not say {words:?}");
            ensure!(started.elapsed().as_secs() < 10, "{path}: the answer took {:?}", started.elapsed());
            Ok(())
        };
        let ns = json!({"create_namespace": true});
        fails(&at("a", "broken-0.1.0.tgz"), ns.clone(), "does not appear to be a gzipped archive")?;
        fails(&at("a", "truncated-0.1.0.tgz"), ns.clone(), "EOF")?;
        fails(&at("a", "absent-0.1.0.tgz"), ns.clone(), "not found")?;
        fails(&at("a", "../../../etc/x.tgz"), ns.clone(), "not")?;
        fails(&at("A_B", "hello-0.1.0.tgz"), ns.clone(), "invalid release name")?;
        fails(&at(&"x".repeat(54), "hello-0.1.0.tgz"), ns.clone(), "must not be longer than 53")?;
        fails(&at("a", "hello-0.1.0.tgz"), json!({"values": "- a\n- b"}), "failed parsing values")?;
        fails(&at("a", "hello-0.1.0.tgz"), json!({"set": ["replicaCount=none"]}), "got string, want integer")?;
        fails(&at("a", "hello-0.1.0.tgz"), json!({}), "namespaces \"e2e-bad\" not found")?;
        let error = walk.api().error("GET", &release_path("e2e-bad", "none"), None)?;
        ensure!(error == "release: not found", "{error}");
        let text = walk.api().text("POST", &at("a", "hello-0.1.0.tgz"), None)?;
        ensure!(text.contains("not found"), "{text}");
        let namespaces = walk.kubectl.run(&["get", "namespaces", "-o", "name"])?;
        ensure!(!namespaces.contains("e2e-bad"), "a failed install left its namespace");
        ensure!(walk.api().text("GET", "/", None)? == "Welcome helm wrapper server", "the server lives on");
        Ok(())
    })();
    result.unwrap();
}

#[test]
fn a_failed_atomic_install_is_taken_back() {
    let Some(walk) = Walk::begin() else { return };
    let result = (|| -> Result<()> {
        let folder = tempfile::tempdir()?;
        walk.api().upload(&walk.sample(folder.path())?)?;
        let path = format!("{}?chart=hello-0.1.0.tgz", release_path("e2e-atomic", "a"));
        let body = json!({"create_namespace": true, "atomic": true, "timeout": "4s",
            "values": "podAnnotations:\n  test/outcome: unready\n"});
        let error = walk.api().error("POST", &path, Some(&body))?;
        ensure!(error.contains("has been uninstalled due to atomic being set"), "{error}");
        nothing_remains(&walk, "e2e-atomic", "a")
    })();
    result.unwrap();
}
