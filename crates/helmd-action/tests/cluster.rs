//! The verbs on a real cluster, named by `HELMD_E2E_KUBECONFIG`. With `HELMD_E2E_HELM3` and
//! `HELMD_E2E_HELM4` the real programs must read what was recorded.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on fails, a skipped one says so")]

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use helmd_action::*;
use helmd_chart::{Chart, File, HelmMajor, Values};
use helmd_kube::{Cluster, ClusterConfig};
use helmd_release::Status as State;
use helmd_storage::{DriverKind, Storage};
use serde_json::{Value as Json, json};

const CHART: &str = "apiVersion: v2\nname: demo\nversion: 1.2.3\nappVersion: \"9\"\ntype: application\n";
const VALUES: &str = "# how loud\ngreeting: hello\nreplicas: 1\nextra: true\n";
const CONFIG: &str = r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-cm
data:
  greeting: {{ .Values.greeting | quote }}
  revision: "{{ .Release.Revision }}"
  has: "{{ .Capabilities.APIVersions.Has "apps/v1/Deployment" }}"
  self: {{ (lookup "v1" "Namespace" "" "default").metadata.name }}
{{- if .Values.extra }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-extra
{{- end }}
"#;
const DEPLOYMENT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata:
      labels: {app: {{ .Release.Name }}}
      annotations: { {{- with .Values.outcome }}test/outcome: {{ . }}{{ end -}} }
    spec:
      containers: [{name: main, image: example.invalid/x}]
"#;
const HOOK: &str = r#"apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-before
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: hook-succeeded}
spec:
  backoffLimit: 0
  template:
    metadata:
      annotations: { {{- with .Values.hook }}test/outcome: {{ . }}{{ end -}} }
    spec:
      restartPolicy: Never
      containers: [{name: main, image: example.invalid/x}]
"#;

fn demo() -> Chart {
    let file = |name: &str, text: &str| File::new(name, text.as_bytes().to_vec());
    helmd_chart::load_files(
        vec![
            file("Chart.yaml", CHART),
            file("values.yaml", VALUES),
            file("templates/config.yaml", CONFIG),
            file("templates/deployment.yaml", DEPLOYMENT),
            file("templates/hook.yaml", HOOK),
            file("templates/NOTES.txt", "{{ .Release.Name }} says {{ .Values.greeting }}\n"),
        ],
        HelmMajor::Helm4,
    )
    .unwrap()
}

fn values(json: Json) -> Values {
    json.as_object().unwrap().clone()
}

/// A namespace of its own per test, and everything told on the way.
struct Bed {
    cx: Context,
    kubeconfig: String,
    told: Arc<Mutex<Vec<Event>>>,
}

async fn bed(name: &str, helm: HelmMajor) -> Option<Bed> {
    let Some(kubeconfig) = std::env::vars().find(|(key, _)| key == "HELMD_E2E_KUBECONFIG").map(|(_, value)| value)
    else {
        assert!(
            !std::env::vars().any(|(key, value)| key == "CI" && value == "true"),
            "HELMD_E2E_KUBECONFIG is not set"
        );
        println!("skipped: HELMD_E2E_KUBECONFIG names no cluster");
        return None;
    };
    let told: Arc<Mutex<Vec<Event>>> = Arc::default();
    let listener = Arc::clone(&told);
    let namespace = format!("act-{name}-{}", std::process::id());
    let cluster = Cluster::connect(&ClusterConfig::from_file(&kubeconfig))
        .await
        .unwrap()
        .with_namespace(&namespace)
        .with_progress(Arc::new(move |event: Event| listener.lock().unwrap().push(event)));
    let storage = Storage::for_cluster(DriverKind::Secret, &cluster, HelmMajor::Helm4);
    let mut cx = Context::new(cluster, storage);
    cx.helm = helm;
    Some(Bed { cx, kubeconfig, told })
}

impl Bed {
    async fn object(&self, api_version: &str, kind: &str, name: &str) -> Option<Json> {
        let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
        let resource = self.cx.cluster.resource(object).await.unwrap();
        self.cx.cluster.find(&resource).await.unwrap()
    }

    /// What a real helm prints; nothing when it is not there.
    fn helm(&self, major: u8, args: &[&str]) -> Option<Json> {
        let variable = format!("HELMD_E2E_HELM{major}");
        let program = std::env::vars().find(|(key, _)| *key == variable)?.1;
        let output = Command::new(program)
            .args(["--kubeconfig", &self.kubeconfig, "-n", self.cx.namespace()])
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }

    async fn end(&self) {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.cx.namespace()}});
        let namespace = self.cx.cluster.resource(namespace).await.unwrap();
        self.cx.cluster.delete(&namespace, helmd_kube::Propagation::Background).await.unwrap();
    }

    fn install(&self, name: &str) -> Install {
        Install { create_namespace: true, ..Install::new(name, demo(), Values::new()) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_lives_and_dies() {
    let Some(bed) = bed("life", HelmMajor::Helm3).await else { return };
    let cx = &bed.cx;
    let missing = Status::new("a").run(cx).await.unwrap_err();
    assert_eq!(helm_text(&missing), "release: not found");
    let lonely = Install::new("a", demo(), Values::new()).run(cx).await.unwrap_err();
    let namespace = cx.namespace();
    assert_eq!(helm_text(&lonely), format!("create: failed to create: namespaces {namespace:?} not found"));

    let install = Install { wait: WaitStrategy::Legacy, ..bed.install("a") };
    let release = install.run(cx).await.unwrap();
    assert_eq!((release.version, &release.info.status), (1, &State::Deployed));
    assert_eq!(release.info.description, "Install complete");
    assert_eq!(release.info.notes, "a says hello\n");
    let config = bed.object("v1", "ConfigMap", "a-cm").await.unwrap();
    assert_eq!(config["data"], json!({"greeting": "hello", "revision": "1", "has": "true", "self": "default"}));
    assert_eq!(config["metadata"]["labels"]["app.kubernetes.io/managed-by"], "Helm");
    assert!(bed.object("batch/v1", "Job", "a-before").await.is_none(), "hook-succeeded deletes");
    let again = bed.install("a").run(cx).await.unwrap_err();
    assert_eq!(helm_text(&again), "cannot re-use a name that is still in use");
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);

    let louder = values(json!({"greeting": "HELLO", "extra": false}));
    let release = Upgrade { wait: WaitStrategy::Watcher, ..Upgrade::new("a", demo(), louder) }.run(cx).await.unwrap();
    assert_eq!((release.version, release.info.description.as_str()), (2, "Upgrade complete"));
    assert_eq!(bed.object("v1", "ConfigMap", "a-cm").await.unwrap()["data"]["greeting"], "HELLO");
    assert!(bed.object("v1", "ConfigMap", "a-extra").await.is_none(), "what left the manifest is gone");

    assert_eq!(
        helm_text(&Rollback { version: 9, ..Rollback::new("a") }.run(cx).await.unwrap_err()),
        "release has no 9 version"
    );
    let release = Rollback::new("a").run(cx).await.unwrap();
    assert_eq!((release.version, release.info.description.as_str()), (3, "Rollback to 1"));
    assert!(bed.object("v1", "ConfigMap", "a-extra").await.is_some());
    let history: Vec<String> =
        History::new("a").run(cx).await.unwrap().iter().map(|r| r.info.status.to_string()).collect();
    assert_eq!(history, ["superseded", "superseded", "deployed"]);
    for major in [3, 4] {
        if let Some(list) = bed.helm(major, &["list", "-o", "json"]) {
            assert_eq!(
                (&list[0]["name"], &list[0]["revision"], &list[0]["chart"]),
                (&json!("a"), &json!("3"), &json!("demo-1.2.3"))
            );
            let status = bed.helm(major, &["status", "a", "-o", "json"]).unwrap();
            assert_eq!(status["manifest"], json!(release.manifest));
            assert_eq!(status["info"]["status"], "deployed");
        }
    }
    assert_eq!(List::default().run(cx).await.unwrap().releases.len(), 1);

    let kept = Uninstall { keep_history: true, wait: true, ..Uninstall::new("a") }.run(cx).await.unwrap();
    assert_eq!(kept.release.unwrap().info.description, "Uninstallation complete");
    assert!(bed.object("apps/v1", "Deployment", "a").await.is_none());
    let twice = Uninstall { keep_history: true, ..Uninstall::new("a") }.run(cx).await.unwrap_err();
    assert_eq!(helm_text(&twice), "the release named \"a\" is already deleted");
    Uninstall::new("a").run(cx).await.unwrap();
    let gone = Uninstall::new("a").run(cx).await.unwrap_err();
    assert_eq!(helm_text(&gone), "uninstall: Release not loaded: a: release: not found");
    assert!(bed.told.lock().unwrap().iter().any(|event| matches!(event, Event::HookFinished { .. })));
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_recorded_and_taken_back() {
    let Some(bed) = bed("fail", HelmMajor::Helm3).await else { return };
    let cx = &bed.cx;
    let hook = Install { values: values(json!({"hook": "fail"})), ..bed.install("h") };
    let err = hook.run(cx).await.unwrap_err();
    assert_eq!(
        helm_text(&err),
        "failed pre-install: 1 error occurred:\n\t* job h-before failed: BackoffLimitExceeded\n\n"
    );
    let recorded = Status::new("h").run(cx).await.unwrap();
    assert_eq!(recorded.info.status, State::Failed);
    assert_eq!(recorded.info.description, format!("Release \"h\" failed: {}", helm_text(&err)));

    let stuck = values(json!({"outcome": "unready"}));
    let atomic = Install { atomic: true, timeout: Duration::from_secs(3), values: stuck.clone(), ..bed.install("a") };
    let err = atomic.run(cx).await.unwrap_err();
    assert_eq!(
        helm_text(&err),
        "release a failed, and has been uninstalled due to atomic being set: context deadline exceeded"
    );
    assert_eq!(err.kind(), ErrorKind::Timeout);
    assert_eq!(err.pending()[0].object.kind, "Deployment");
    assert!(Status::new("a").run(cx).await.unwrap_err().is_release_not_found());

    bed.install("b").run(cx).await.unwrap();
    let atomic = Upgrade { atomic: true, timeout: Duration::from_secs(3), ..Upgrade::new("b", demo(), stuck) };
    let err = atomic.run(cx).await.unwrap_err();
    assert_eq!(
        helm_text(&err),
        "release b failed, and has been rolled back due to atomic being set: context deadline exceeded"
    );
    let history: Vec<String> =
        History::new("b").run(cx).await.unwrap().into_iter().map(|r| r.info.description).collect();
    assert_eq!(history, ["Install complete", "Upgrade \"b\" failed: context deadline exceeded", "Rollback to 1"]);

    let foreign = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c-cm"}});
    let mut foreign = cx.cluster.resource(foreign).await.unwrap();
    cx.cluster.create(&mut foreign, &helmd_kube::ApplyOptions::client_side()).await.unwrap();
    let err = bed.install("c").run(cx).await.unwrap_err();
    let namespace = cx.namespace();
    assert!(helm_text(&err).starts_with(&format!(
        "Unable to continue with install: ConfigMap \"c-cm\" in namespace {namespace:?} exists and cannot be imported into the current release: invalid ownership metadata; label validation error: missing key"
    )));
    Install { take_ownership: true, ..bed.install("c") }.run(cx).await.unwrap();
    bed.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_side_apply_follows_client_side_apply() {
    let Some(bed) = bed("ssa", HelmMajor::Helm4).await else { return };
    let cx = &bed.cx;
    bed.install("s").run(cx).await.unwrap();
    let server = Upgrade {
        server_side_apply: ServerSideApply::True,
        ..Upgrade::new("s", demo(), values(json!({"extra": false, "replicas": 2})))
    };
    let release = server.run(cx).await.unwrap();
    assert_eq!(release.apply_method.to_string(), "ssa");
    let deployment = bed.object("apps/v1", "Deployment", "s").await.unwrap();
    assert_eq!(deployment["spec"]["replicas"], 2);
    let managers = deployment["metadata"]["managedFields"].as_array().unwrap();
    assert!(!managers.iter().any(|entry| entry["manager"] == "helm" && entry["operation"] == "Update"));
    let auto = Upgrade::new("s", demo(), values(json!({"replicas": 3}))).run(cx).await.unwrap();
    assert_eq!(auto.apply_method.to_string(), "ssa", "as the former revision");
    if let Some(status) = bed.helm(4, &["status", "s", "-o", "json"]) {
        assert_eq!(status["apply_method"], "ssa");
    }
    let dry = Install { dry_run: DryRun::Client, ..bed.install("s") }.run(cx).await;
    assert!(helm_text(&dry.unwrap_err()).contains("nil pointer evaluating"), "a client dry run looks nothing up");
    bed.end().await;
}

/// A chart with a definition of the given size, of a group of its own.
fn with_definition(group: &str, field: &str) -> Chart {
    let definition = format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: things.{group}}}\nspec:\n  \
         group: {group}\n  names: {{kind: Thing, plural: things}}\n  scope: Namespaced\n  versions:\n  - name: v1\n    \
         served: true\n    storage: true\n    schema: {{openAPIV3Schema: {{type: object, properties: {{{field}: {{type: string}}}}}}}}\n"
    );
    let thing = format!("apiVersion: {group}/v1\nkind: Thing\nmetadata: {{name: a}}\n{field}: x\n");
    let file = |name: &str, text: &str| File::new(name, text.as_bytes().to_vec());
    let files =
        vec![file("Chart.yaml", CHART), file("crds/thing.yaml", &definition), file("templates/thing.yaml", &thing)];
    helmd_chart::load_files(files, HelmMajor::Helm4).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_follow_their_policy() {
    let Some(bed) = bed("crds", HelmMajor::Helm4).await else { return };
    let cx = &bed.cx;
    let group = format!("g{}.example.org", std::process::id());
    let definition = || async {
        let name = format!("things.{group}");
        let found = bed.object("apiextensions.k8s.io/v1", "CustomResourceDefinition", &name).await?;
        let fields = found.pointer("/spec/versions/0/schema/openAPIV3Schema/properties")?.as_object()?;
        Some(fields.keys().cloned().collect::<Vec<_>>().join(","))
    };
    let chart = || with_definition(&group, "first");
    let skipped = Install { crds: Some(Crds::Skip), ..bed.install("a") };
    let skipped = Install { chart: chart(), ..skipped }.run(cx).await.unwrap_err();
    assert!(helm_text(&skipped).contains("no matches for kind \"Thing\""), "{}", helm_text(&skipped));
    assert_eq!(definition().await, None);
    Install { chart: chart(), ..bed.install("a") }.run(cx).await.unwrap();
    assert_eq!(definition().await.as_deref(), Some("first"));

    let second = || with_definition(&group, "second");
    for crds in [None, Some(Crds::Create)] {
        let upgrade = Upgrade { crds, ..Upgrade::new("a", second(), Values::new()) };
        upgrade.run(cx).await.unwrap();
        assert_eq!(definition().await.as_deref(), Some("first"), "{crds:?}");
    }
    let upgrade = Upgrade { crds: Some(Crds::CreateReplace), ..Upgrade::new("a", second(), Values::new()) };
    upgrade.run(cx).await.unwrap();
    assert_eq!(definition().await.as_deref(), Some("second"));
    assert!(bed.object(&format!("{group}/v1"), "Thing", "a").await.is_some());
    bed.end().await;
}
