//! helmd is killed at every request that changes something, in the middle of installs, upgrades, rollbacks and uninstalls with
//! hooks and waits, and started again: nothing may be left behind, nothing may stay pending, and the real helm goes on.
#![expect(clippy::unwrap_used, reason = "a walk that cannot begin is a failed test")]
#![expect(clippy::print_stdout, reason = "prints its table")]

use anyhow::{Context, Result, bail, ensure};
use helmd_e2e::proxy::{Harm, Plan, Proxy, Upstream, When};
use helmd_e2e::{Program, Server, Setup, wait_until};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// For how long a killed helmd counts as alive here.
const LEASE: &str = "2s";
/// Within that time and what a look takes everything has to be in order again.
const PATIENCE: Duration = Duration::from_secs(45);
/// How many processes are killed at a time.
const PARALLEL: usize = 6;
const RELEASE: &str = "storm";

const HOOK: &str = r#"apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-{{ .Values.name }}
  labels: {chaos: hook}
  annotations: {helm.sh/hook: "EVENTS", helm.sh/hook-weight: "WEIGHT", helm.sh/hook-delete-policy: "before-hook-creation,hook-succeeded"}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: example.invalid/x}]
"#;
const OBJECTS: &str = r#"{{- range $i := until (int .Values.count) }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ $.Release.Name }}-{{ $.Values.kind }}-{{ $i }}", labels: {chaos: object}}
data: {round: {{ $.Values.round | quote }}}
{{- end }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}", labels: {chaos: object}}
spec:
  replicas: 1
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}, annotations: {round: {{ .Values.round | quote }}}}
    spec: {containers: [{name: main, image: example.invalid/x}]}
"#;

/// What is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Install,
    Upgrade,
    Rollback,
    Uninstall,
}

const VERBS: [Verb; 4] = [Verb::Install, Verb::Upgrade, Verb::Rollback, Verb::Uninstall];

struct World {
    setup: Setup,
    upstream: Upstream,
    helm4: Program,
    kubectl: Program,
    chart: PathBuf,
    folder: tempfile::TempDir,
}

impl World {
    fn begin() -> Option<World> {
        let setup = Setup::find(true)?;
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = setup.kubeconfig.clone().unwrap();
        let upstream = Upstream::start(&kubeconfig).unwrap();
        let program = |path: &Path| Program::new(path, &kubeconfig, folder.path());
        let (helm4, kubectl) = (program(&setup.tools.join("helm4")), program(Path::new("kubectl")));
        let source = folder.path().join("storm");
        std::fs::create_dir_all(source.join("templates")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(source.join(name), text).unwrap();
        write("Chart.yaml", "apiVersion: v2\nname: storm\nversion: 0.1.0\n");
        write("values.yaml", "count: 2\nkind: a\nround: one\n");
        write("templates/objects.yaml", OBJECTS);
        let hook = |name: &str, events: &str, weight: &str| {
            HOOK.replace("{{ .Values.name }}", name).replace("EVENTS", events).replace("WEIGHT", weight)
        };
        write("templates/before.yaml", &hook("before", "pre-install,pre-upgrade,pre-rollback,pre-delete", "0"));
        write("templates/after.yaml", &hook("after", "post-install,post-upgrade,post-rollback,post-delete", "1"));
        helm4.run(&["package", &source.display().to_string(), "-d", &folder.path().display().to_string()]).unwrap();
        let chart = folder.path().join("storm-0.1.0.tgz");
        Some(World { setup, upstream, helm4, kubectl, chart, folder })
    }
}

/// One helmd behind one proxy, and its namespace.
struct Case<'a> {
    world: &'a World,
    namespace: String,
    folder: PathBuf,
    proxy: Proxy,
    server: Option<Server>,
}

impl<'a> Case<'a> {
    fn begin(world: &'a World, name: &str) -> Result<Case<'a>> {
        let folder = world.folder.path().join(name);
        std::fs::create_dir_all(&folder)?;
        // The tests of one process may use the same names.
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("chaos-{}-{number}-{name}", std::process::id());
        world.kubectl.run(&["create", "namespace", &namespace])?;
        let proxy = Proxy::start(&world.upstream)?;
        let mut case = Case { world, namespace, folder, proxy, server: None };
        case.start()?;
        case.server()?.api.upload(&world.chart)?;
        Ok(case)
    }

    fn start(&mut self) -> Result<()> {
        let kubeconfig = self.proxy.kubeconfig(&self.folder)?;
        self.start_on(&kubeconfig)
    }

    fn start_on(&mut self, kubeconfig: &Path) -> Result<()> {
        let kubeconfig = kubeconfig.display().to_string();
        // Each helmd ends its own operations: otherwise one would be killed at what it does for another.
        let own = ["--recovery-namespace", &self.namespace];
        let arguments = [&["--kubeconfig", &kubeconfig, "--lease-duration", LEASE], &own[..]].concat();
        self.server = Some(Server::start(&self.world.setup.helmd, &self.folder, &arguments)?);
        Ok(())
    }

    fn server(&self) -> Result<&Server> {
        self.server.as_ref().context("no server runs")
    }

    fn path(&self) -> String {
        format!("/api/namespaces/{}/releases/{RELEASE}", self.namespace)
    }

    fn change(&self, method: &str, values: Json) -> Result<()> {
        let path = format!("{}?chart=storm-0.1.0.tgz", self.path());
        let body = json!({"wait": true, "timeout": "150s", "values": values.to_string()});
        self.server()?.api.call(method, &path, Some(&body)).map(drop)
    }

    /// What there is before the verb.
    fn prepare(&self, verb: Verb) -> Result<()> {
        if verb != Verb::Install {
            self.change("POST", json!({"kind": "a", "round": "one"}))?;
        }
        if matches!(verb, Verb::Rollback) {
            self.change("PUT", json!({"kind": "b", "round": "two"}))?;
        }
        Ok(())
    }

    fn act(&self, verb: Verb) -> Result<()> {
        match verb {
            Verb::Install => self.change("POST", json!({"kind": "a", "round": "one"})),
            Verb::Upgrade => self.change("PUT", json!({"kind": "b", "round": "two"})),
            Verb::Rollback => {
                let body = json!({"wait": true, "timeout": "150s"});
                self.server()?.api.call("PUT", &format!("{}/versions/1", self.path()), Some(&body)).map(drop)
            }
            Verb::Uninstall => {
                let body = json!({"wait": true, "timeout": "150s"});
                self.server()?.api.call("DELETE", &self.path(), Some(&body)).map(drop)
            }
        }
    }

    /// `Kind/name` of the objects of the chart that exist.
    fn live(&self) -> Result<BTreeSet<String>> {
        let kinds = "configmaps,deployments,jobs";
        let found = self.world.kubectl.json(&["get", kinds, "-n", &self.namespace, "-l", "chaos", "-o", "json"])?;
        Ok(names(found["items"].as_array().into_iter().flatten()))
    }

    /// The releases as helm 4 tells them: revision and status.
    fn told(&self) -> Result<Vec<(i64, String)>> {
        let history = self.world.helm4.run(&["history", RELEASE, "-n", &self.namespace, "-o", "json"]);
        let Ok(text) = history else { return Ok(Vec::new()) };
        let history: Json = serde_json::from_str(&text)?;
        let entries = history.as_array().into_iter().flatten();
        Ok(entries
            .map(|e| (e["revision"].as_i64().unwrap_or_default(), e["status"].as_str().unwrap_or_default().to_owned()))
            .collect())
    }

    /// How many Leases there are, and the states of the stored revisions.
    fn stored(&self) -> Result<(usize, Vec<String>)> {
        let get = |path: &str| self.world.upstream.get(&path.replace("NAMESPACE", &self.namespace));
        let leases = get("/apis/coordination.k8s.io/v1/namespaces/NAMESPACE/leases")?;
        let secrets = get("/api/v1/namespaces/NAMESPACE/secrets?labelSelector=owner%3Dhelm")?;
        let statuses = secrets["items"].as_array().context("a list of secrets")?.iter();
        let statuses = statuses.map(|s| s["metadata"]["labels"]["status"].as_str().unwrap_or_default().to_owned());
        Ok((leases["items"].as_array().context("a list of leases")?.len(), statuses.collect()))
    }

    /// Everything is in order: no Lease, nothing pending.
    fn settled(&self) -> Result<bool> {
        let (leases, statuses) = self.stored()?;
        let pending = |status: &String| status.starts_with("pending") || status == "uninstalling";
        Ok(leases == 0 && !statuses.iter().any(pending))
    }

    /// What lives is what helm says; gives the state for the table.
    fn check(&self) -> Result<String> {
        let told = self.told()?;
        let live = self.live()?;
        let Some((revision, status)) = told.last() else {
            ensure!(live.is_empty(), "no release, but {live:?}");
            return Ok("no release".to_owned());
        };
        ensure!(status == "deployed", "{told:?}");
        ensure!(told.iter().filter(|(_, status)| status == "deployed").count() == 1, "{told:?}");
        let manifest = self.world.helm4.run(&["get", "manifest", RELEASE, "-n", &self.namespace])?;
        let wanted: Vec<Json> = manifest_names(&manifest);
        let wanted = names(wanted.iter());
        ensure!(live == wanted, "there is {live:?}, and the manifest has {wanted:?}");
        Ok(format!("revision {revision} {status}"))
    }

    /// The real helm goes on, and helmd takes all away.
    fn go_on(&self) -> Result<()> {
        let chart = self.world.chart.display().to_string();
        let arguments = ["upgrade", "--install", RELEASE, &chart, "-n", &self.namespace, "--wait=legacy", "--set"];
        self.world.helm4.run(&[&arguments[..], &["kind=c,round=three"]].concat()).context("helm4 upgrade --install")?;
        self.check().context("after helm4's upgrade")?;
        self.act(Verb::Uninstall)?;
        ensure!(self.told()?.is_empty() && self.live()?.is_empty(), "left: {:?}", self.live()?);
        Ok(())
    }
}

fn names<'a>(objects: impl Iterator<Item = &'a Json>) -> BTreeSet<String> {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    objects.map(|object| format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"]))).collect()
}

/// Kind and name of each document of a manifest: they stand on lines of their own there.
fn manifest_names(manifest: &str) -> Vec<Json> {
    let documents = manifest.split("\n---").filter(|document| document.contains("kind:"));
    documents
        .map(|document| {
            let kind = document.lines().find_map(|line| line.strip_prefix("kind: ")).unwrap_or_default();
            let meta = document.lines().find_map(|line| line.strip_prefix("metadata: {name: ")).unwrap_or_default();
            let name = meta.split(',').next().unwrap_or_default().trim_matches('"');
            json!({"kind": kind, "metadata": {"name": name}})
        })
        .collect()
}

/// The requests of an undisturbed run that change something.
fn undisturbed(world: &World, verb: Verb) -> Result<Vec<String>> {
    let case = Case::begin(world, &format!("{verb:?}-whole").to_lowercase())?;
    case.prepare(verb)?;
    case.proxy.set(None);
    case.act(verb)?;
    let seen = case.proxy.seen();
    case.check()?;
    case.go_on()?;
    Ok(seen)
}

struct Point {
    verb: Verb,
    at: usize,
    when: When,
    what: String,
}

fn points(world: &World) -> Result<Vec<Point>> {
    let mut points = Vec::new();
    for verb in VERBS {
        let seen = undisturbed(world, verb).with_context(|| format!("{verb:?} without harm"))?;
        for (index, what) in seen.iter().enumerate() {
            points.push(Point { verb, at: index + 1, when: When::Before, what: what.clone() });
            // After a request is before the next one, but for what is written down and for the last one.
            if what.contains("leases") || what.contains("secrets") || index + 1 == seen.len() {
                points.push(Point { verb, at: index + 1, when: When::After, what: what.clone() });
            }
        }
    }
    Ok(points)
}

/// Whether all points are wanted: they take a while (`make chaos` asks for them).
#[expect(clippy::disallowed_methods, reason = "the environment says how much is tested")]
fn all() -> bool {
    std::env::var("HELMD_CHAOS").is_ok_and(|wanted| wanted == "all")
}

/// Every point, or one of `share`.
fn chosen(points: Vec<Point>, share: usize) -> Vec<Point> {
    let step = if all() { 1 } else { share };
    points.into_iter().step_by(step).collect()
}

/// Does harm at every point, several at a time, and prints a line for each.
fn storm(points: &[Point], one: impl Fn(usize, &Point) -> Result<String> + Sync) {
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(point) = points.get(index) else { return };
            let begun = Instant::now();
            let line = |end: &str| {
                let Point { verb, at, when, what } = point;
                format!("| {verb:?} | {at} | {when:?} | {what} | {end} | {:.1} s |", begun.elapsed().as_secs_f32())
            };
            match one(index, point) {
                Ok(end) => println!("{}", line(&end)),
                Err(err) => {
                    println!("{}\n{err:#}", line("FAILED"));
                    failures.lock().unwrap().push(format!("{}\n{err:#}", line("FAILED")));
                }
            }
        }
    };
    std::thread::scope(|scope| (0..PARALLEL).for_each(|_| drop(scope.spawn(work))));
    let failures = failures.into_inner().unwrap();
    println!("{} points, {} failed", points.len(), failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn chaos_killed_at_every_step_helmd_goes_on() {
    let Some(world) = World::begin() else { return };
    let points = chosen(points(&world).unwrap(), 4);
    assert!(points.len() >= 40, "only {} points", points.len());
    println!("| verb | request | killed | what it changes | afterwards | took |\n|---|---|---|---|---|---|");
    storm(&points, |index, point| {
        let name = format!("{:?}-kill-{index}", point.verb).to_lowercase();
        let mut case = Case::begin(&world, &name)?;
        case.prepare(point.verb)?;
        let harm = Harm::Kill(case.server()?.process());
        case.proxy.set(Some(Plan { at: point.at, when: point.when, harm }));
        let answer = case.act(point.verb);
        if !case.proxy.struck() {
            bail!("the request never came: {answer:?}");
        }
        case.proxy.set(None);
        case.server = None;
        case.start()?;
        let log = || std::fs::read_to_string(case.folder.join("helmd.log")).unwrap_or_default();
        wait_until(PATIENCE, "in order again", || case.settled()).with_context(log)?;
        let end = case.check().with_context(log)?;
        case.go_on()?;
        Ok(end)
    });
}

#[test]
fn chaos_while_the_api_server_is_away_helmd_waits() {
    let Some(world) = World::begin() else { return };
    let points = chosen(points(&world).unwrap(), 12);
    println!("| verb | request | away | what it changes | afterwards | took |\n|---|---|---|---|---|---|");
    storm(&points, |index, point| {
        let name = format!("{:?}-away-{index}", point.verb).to_lowercase();
        let case = Case::begin(&world, &name)?;
        case.prepare(point.verb)?;
        let harm = Harm::Away(Duration::from_secs(3));
        case.proxy.set(Some(Plan { at: point.at, when: point.when, harm }));
        let log = || std::fs::read_to_string(case.folder.join("helmd.log")).unwrap_or_default();
        case.act(point.verb).with_context(log)?;
        ensure!(case.proxy.struck(), "the request never came");
        case.proxy.set(None);
        ensure!(case.settled()?, "not in order: {:?}", case.stored()?);
        let end = case.check()?;
        case.go_on()?;
        Ok(end)
    });
}

/// The API server of the cluster's folder (`cluster/up` writes the process ids there): its process and how it was started.
struct ApiServer {
    process: String,
    command: Vec<String>,
}

impl ApiServer {
    fn find(world: &World) -> Result<ApiServer> {
        let kubeconfig = world.setup.kubeconfig.clone().context("a cluster")?;
        let pids = std::fs::read_to_string(kubeconfig.with_file_name("pids"))?;
        for process in pids.lines() {
            let Ok(command) = std::fs::read_to_string(format!("/proc/{process}/cmdline")) else { continue };
            let command: Vec<String> = command.split('\0').filter(|word| !word.is_empty()).map(str::to_owned).collect();
            if command.iter().any(|word| word == "kube-apiserver") {
                return Ok(ApiServer { process: process.to_owned(), command });
            }
        }
        bail!("no API server among {pids:?}")
    }

    fn kill(&self) -> Result<()> {
        Command::new("kill").args(["-9", &self.process]).status().map(drop).context("kill")
    }

    /// Starts it as it was started, and notes its process for whoever ends the cluster.
    fn bring_back(&mut self, world: &World) -> Result<()> {
        let (program, arguments) = self.command.split_first().context("a command")?;
        let child = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        self.process = child.id().to_string();
        let pids = world.setup.kubeconfig.clone().context("a cluster")?.with_file_name("pids");
        let known = std::fs::read_to_string(&pids)?;
        std::fs::write(&pids, format!("{known}{}\n", self.process))?;
        wait_until(Duration::from_secs(60), "the API server is back", || {
            Ok(world.kubectl.run(&["get", "--raw", "/readyz"])? == "ok")
        })
    }
}

#[test]
fn chaos_while_the_api_server_is_dead_helmd_waits() {
    let Some(world) = World::begin() else { return };
    let mut api_server = ApiServer::find(&world).unwrap();
    println!("| verb | API server killed after | afterwards | took |\n|---|---|---|---|");
    let times: &[u64] = if all() { &[60, 700, 1500] } else { &[400] };
    for verb in VERBS {
        for &milliseconds in times {
            let begun = Instant::now();
            let run = || -> Result<String> {
                let mut case = Case::begin(&world, &format!("{verb:?}-dead-{milliseconds}").to_lowercase())?;
                case.server = None;
                case.start_on(&world.setup.kubeconfig.clone().context("a cluster")?)?;
                case.prepare(verb)?;
                let log = || std::fs::read_to_string(case.folder.join("helmd.log")).unwrap_or_default();
                let acted = std::thread::scope(|scope| {
                    let act = scope.spawn(|| case.act(verb));
                    std::thread::sleep(Duration::from_millis(milliseconds));
                    api_server.kill()?;
                    std::thread::sleep(Duration::from_secs(1));
                    api_server.bring_back(&world)?;
                    act.join().unwrap()
                });
                acted.with_context(log)?;
                wait_until(PATIENCE, "in order", || case.settled()).with_context(log)?;
                let end = case.check()?;
                case.go_on()?;
                Ok(end)
            };
            let mut run = run;
            let end = run().with_context(|| format!("{verb:?}, API server killed after {milliseconds} ms")).unwrap();
            println!("| {verb:?} | {milliseconds} ms | {end} | {:.1} s |", begun.elapsed().as_secs_f32());
        }
    }
}

#[test]
fn chaos_another_helmd_takes_over() {
    let Some(world) = World::begin() else { return };
    let mut case = Case::begin(&world, "replica").unwrap();
    let mut other = Case::begin(&world, "replica-other").unwrap();
    case.prepare(Verb::Upgrade).unwrap();
    let harm = Harm::Kill(case.server().unwrap().process());
    case.proxy.set(Some(Plan { at: 9, when: When::After, harm }));
    drop(case.act(Verb::Upgrade));
    assert!(case.proxy.struck());
    case.server = None;
    // The other one looks into the first one's namespace.
    std::mem::swap(&mut other.namespace, &mut case.namespace);
    other.server = None;
    other.start().unwrap();
    wait_until(PATIENCE, "in order again", || other.settled()).unwrap();
    assert_eq!(other.check().unwrap(), "revision 2 deployed");
    other.go_on().unwrap();
}
