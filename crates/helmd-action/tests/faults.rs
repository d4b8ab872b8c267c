//! The verbs on a cluster with faults, and cancelled at every step: the sandbox plays the cluster.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use helmd_action::*;
use helmd_chart::{Chart, File, HelmMajor, Values};
use helmd_kube::{Cluster, ClusterConfig};
use helmd_release::Status as State;
use helmd_sandbox::{Effect, Fault, Sandbox, SandboxOptions};
use helmd_storage::{DriverKind, Storage};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

const OBJECTS: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}-a"}
data: {round: "{{ .Values.round }}"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  replicas: 1
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}, annotations: {round: "{{ .Values.round }}"}}
    spec: {containers: [{name: main, image: example.invalid/x}]}
"#;
const HOOK: &str = r#"apiVersion: batch/v1
kind: Job
metadata:
  name: "{{ .Release.Name }}-before"
  annotations: {helm.sh/hook: "pre-install,pre-upgrade,post-install,post-upgrade,pre-rollback,pre-delete"}
spec:
  backoffLimit: 0
  template: {spec: {restartPolicy: Never, containers: [{name: main, image: example.invalid/x}]}}
"#;

fn chart() -> Chart {
    let file = |name: &str, text: &str| File::new(name, text.as_bytes().to_vec());
    let files = vec![
        file("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n"),
        file("values.yaml", "round: 1\n"),
        file("templates/a.yaml", OBJECTS),
        file("templates/hook.yaml", HOOK),
    ];
    helmd_chart::load_files(files, HelmMajor::Helm4).unwrap()
}

fn round(number: u8) -> Values {
    json!({"round": number}).as_object().unwrap().clone()
}

/// A sandbox, a context on it, and what was told.
struct Bed {
    sandbox: Sandbox,
    cx: Context,
    steps: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

impl Bed {
    async fn new() -> Bed {
        let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        sandbox.write_kubeconfig(&path).unwrap();
        let cluster = Cluster::connect(&ClusterConfig::from_file(path.to_str().unwrap())).await.unwrap();
        let storage = Storage::for_cluster(DriverKind::Secret, &cluster, HelmMajor::Helm4);
        Bed { sandbox, cx: Context::new(cluster, storage), steps: Arc::default(), _folder: folder }
    }

    /// The context, whose work is cancelled when the step of that number begins.
    fn cancelled_at(&self, number: usize) -> Context {
        let cancel = CancellationToken::new();
        let (token, steps) = (cancel.clone(), Arc::clone(&self.steps));
        steps.lock().unwrap().clear();
        let listen = move |event: Event| {
            let step = match event {
                Event::Step { name, .. } => name,
                Event::HookStarted { event, .. } => event,
                Event::Object { object, .. } => object.kind,
                Event::Waiting { .. } => "waiting for an object".to_owned(),
                _ => return,
            };
            let mut steps = steps.lock().unwrap();
            steps.push(step);
            if steps.len() == number {
                token.cancel();
            }
        };
        let mut cx = self.cx.clone();
        cx.cluster = cx.cluster.with_progress(Arc::new(listen)).with_cancel(cancel);
        cx
    }

    fn fault(&self, verb: &str, resource: &str, effect: Effect) {
        let some = |word: &str| Some(word.to_owned());
        let fault = Fault { verb: some(verb), resource: some(resource), times: 1, effect, ..Fault::default() };
        self.sandbox.set_faults(vec![fault]);
    }

    async fn last(&self) -> Option<(i64, State)> {
        let last = self.cx.storage.last("a").await.ok()?;
        Some((last.version, last.info.status))
    }

    async fn leases(&self) -> usize {
        self.cx.cluster.leases("", "").await.unwrap().len()
    }

    async fn object(&self, api_version: &str, kind: &str, name: &str) -> Option<Json> {
        let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
        let resource = self.cx.cluster.resource(object).await.unwrap();
        self.cx.cluster.find(&resource).await.unwrap()
    }
}

fn install() -> Install {
    Install {
        wait: WaitStrategy::Watcher,
        timeout: Duration::from_secs(30),
        ..Install::new("a", chart(), Values::new())
    }
}

fn upgrade(number: u8) -> Upgrade {
    Upgrade {
        wait: WaitStrategy::Watcher,
        timeout: Duration::from_secs(30),
        ..Upgrade::new("a", chart(), round(number))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_and_broken_connections_are_waited_out() {
    let bed = Bed::new().await;
    let cx = &bed.cx;
    let mut revision = 0;
    for (verb, resource) in [
        ("create", "leases"),
        ("create", "secrets"),
        ("update", "leases"),
        ("update", "secrets"),
        ("create", "jobs"),
        ("create", "deployments"),
        ("patch", "deployments"),
        ("get", "deployments"),
        ("delete", "jobs"),
        ("delete", "leases"),
        ("list", "secrets"),
    ] {
        for effect in [Effect::Lose, Effect::Break] {
            bed.fault(verb, resource, effect.clone());
            let name = format!("{verb} {resource} {effect:?}");
            let installs = verb == "create" && resource == "deployments";
            let done = if revision == 0 || installs {
                if revision > 0 {
                    Uninstall::new("a").run(cx).await.unwrap();
                    bed.fault(verb, resource, effect);
                }
                revision = 0;
                install().run(cx).await
            } else {
                upgrade(u8::try_from(revision).unwrap()).run(cx).await
            };
            // What comes before an operation is not repeated: a cluster that cannot be reached is told at once.
            let before = (verb, resource) == ("list", "secrets");
            match done {
                Ok(release) => revision = release.version,
                Err(err) if before => assert!(!helm_text(&err).is_empty(), "{name}"),
                Err(err) => panic!("{name}: {}", helm_text(&err)),
            }
            bed.sandbox.set_faults(Vec::new());
            if revision > 0 {
                assert_eq!(bed.last().await, Some((revision, State::Deployed)), "{name}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_and_leave_nothing_stuck() {
    let bed = Bed::new().await;
    let cx = &bed.cx;
    install().run(cx).await.unwrap();
    let refuse = |code| Effect::Refuse { code, retry_after: None };
    for (verb, resource, effect, fails) in [
        ("create", "leases", refuse(403), false),
        ("patch", "configmaps", refuse(500), true),
        ("patch", "configmaps", refuse(409), true),
        ("patch", "configmaps", Effect::Refuse { code: 429, retry_after: Some(1) }, false),
        ("create", "jobs", refuse(403), true),
        ("create", "secrets", refuse(500), true),
        ("watch", "jobs", Effect::EndWatch { after_ms: 5 }, false),
    ] {
        bed.fault(verb, resource, effect.clone());
        let number = bed.last().await.unwrap().0;
        let done = upgrade(u8::try_from(number).unwrap() + 1).run(cx).await;
        bed.sandbox.set_faults(Vec::new());
        let told = done.map_err(|err| helm_text(&err));
        assert_eq!(told.is_err(), fails, "{verb} {resource} {effect:?}: {:?}", told.map(|release| release.version));
        assert!(!bed.last().await.unwrap().1.is_pending(), "{verb} {resource} {effect:?}");
        assert_eq!(bed.leases().await, 0, "{verb} {resource} {effect:?}");
    }
    let release = upgrade(99).run(cx).await.unwrap();
    assert_eq!(release.info.status, State::Deployed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_can_be_cancelled_at_every_step() {
    let bed = Bed::new().await;
    let mut cancelled = 0;
    for number in 1..100 {
        let done = install().run(&bed.cancelled_at(number)).await;
        assert_eq!(bed.leases().await, 0, "install cancelled at {number}");
        match (bed.last().await, &done) {
            (None, Err(_)) => {}
            (Some((_, State::Failed)), Err(_)) => cancelled += 1,
            (Some((_, State::Deployed)), Ok(_)) => {
                if bed.steps.lock().unwrap().len() < number {
                    break;
                }
            }
            other => panic!("install cancelled at {number}: {other:?}"),
        }
        if bed.last().await.is_some() {
            Uninstall::new("a").run(&bed.cx).await.unwrap();
        }
    }
    assert!(cancelled >= 5, "cancelled {cancelled} times");

    let mut cancelled = 0;
    for number in 1..100 {
        let atomic = Upgrade { atomic: true, ..upgrade(u8::try_from(number).unwrap() + 1) };
        let before = bed.object("v1", "ConfigMap", "a-a").await.unwrap()["data"]["round"].clone();
        let done = atomic.run(&bed.cancelled_at(number)).await;
        assert_eq!(bed.leases().await, 0, "upgrade cancelled at {number}");
        assert_eq!(bed.last().await.unwrap().1, State::Deployed, "upgrade cancelled at {number}: {done:?}");
        let after = bed.object("v1", "ConfigMap", "a-a").await.unwrap()["data"]["round"].clone();
        if done.is_ok() {
            if bed.steps.lock().unwrap().len() < number {
                break;
            }
            continue;
        }
        // It went back.
        assert_eq!(after, before, "upgrade cancelled at {number}");
        cancelled += 1;
    }
    assert!(cancelled >= 5, "cancelled {cancelled} times");
}
