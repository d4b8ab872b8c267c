//! Installs whose objects exist already: what helm and helmd say, and what is there afterwards, is the same. helmd asks for some
//! objects by creating them; nobody should see that.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use helmd_e2e::lines::difference;
use helmd_e2e::{Program, Setup};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::process::{Command, Stdio};

const OBJECTS: &str = r#"apiVersion: v1
kind: ServiceAccount
metadata: {name: one}
---
apiVersion: v1
kind: Secret
metadata: {name: one}
stringData: {word: chart}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one}
data:
  "{{ .Values.key }}": chart
---
apiVersion: v1
kind: ConfigMap
metadata: {name: two}
data: {word: chart}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: one}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: one}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: one}
subjects: [{kind: ServiceAccount, name: one, namespace: "{{ .Release.Namespace }}"}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: one}
spec: {minAvailable: 0, selector: {matchLabels: {app: one}}}
---
apiVersion: v1
kind: Service
metadata: {name: one}
spec:
  selector: {app: one}
  ports: [{port: 80}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: one}
spec: {podSelector: {matchLabels: {app: one}}, policyTypes: [Ingress]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: one}
spec:
  replicas: 0
  selector: {matchLabels: {app: one}}
  template:
    metadata: {labels: {app: one}}
    spec: {containers: [{name: main, image: example.invalid/x}]}
{{- if .Values.hook }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: before, annotations: {helm.sh/hook: pre-install}}
{{- end }}
{{- if .Values.quota }}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: few}
spec: {hard: {services: "0"}}
{{- end }}
"#;
const KINDS: &str = "serviceaccounts,secrets,configmaps,roles,rolebindings,poddisruptionbudgets,services,networkpolicies,deployments,resourcequotas";

/// Objects that exist, the mark of those that are the release's own, and the flags of the install.
struct Case {
    taken: &'static [&'static str],
    owned: &'static [&'static str],
    flags: &'static [&'static str],
    /// Whether there is a release afterwards.
    stays: bool,
}

const fn refused(taken: &'static [&'static str]) -> Case {
    Case { taken, owned: &[], flags: &[], stays: false }
}

fn cases() -> Vec<Case> {
    let stays = |case: Case| Case { stays: true, ..case };
    vec![
        stays(refused(&[])),
        refused(&["serviceaccount"]),
        refused(&["secret"]),
        refused(&["configmap"]),
        refused(&["role"]),
        refused(&["rolebinding"]),
        refused(&["poddisruptionbudget"]),
        refused(&["service"]),
        refused(&["networkpolicy"]),
        refused(&["deployment"]),
        refused(&["service", "configmap"]),
        refused(&["deployment", "secret"]),
        refused(&["networkpolicy", "role", "service"]),
        stays(Case { owned: &["configmap"], ..refused(&[]) }),
        stays(Case { owned: &["service", "secret", "deployment"], ..refused(&[]) }),
        Case { owned: &["secret"], ..refused(&["role"]) },
        Case { owned: &["deployment"], ..refused(&["configmap"]) },
        stays(Case { flags: &["--take-ownership"], ..refused(&["configmap", "service"]) }),
        // What the server refuses, alone and beside what is taken.
        stays(Case { flags: &["--set", "key=a/b"], ..refused(&[]) }),
        Case { flags: &["--set", "key=a/b"], ..refused(&["role"]) },
        stays(Case { flags: &["--set", "key=a/b"], owned: &["secret"], ..refused(&[]) }),
        stays(Case { flags: &["--set", "quota=true"], ..refused(&[]) }),
        Case { flags: &["--set", "hook=true"], ..refused(&["secret"]) },
        Case { flags: &["--set", "hook=true", "--no-hooks"], ..refused(&["secret"]) },
        Case { flags: &["--atomic"], ..refused(&["secret"]) },
        Case { flags: &["--dry-run"], ..refused(&["secret"]) },
    ]
}

fn object(kind: &str) -> Json {
    let meta = json!({"name": "one", "labels": {"whose": "ours"}});
    let selector = json!({"matchLabels": {"app": "else"}});
    let (version, spec) = match kind {
        "serviceaccount" => ("v1", json!({"kind": "ServiceAccount"})),
        "secret" => ("v1", json!({"kind": "Secret", "data": {"word": "YQ=="}})),
        "configmap" => ("v1", json!({"kind": "ConfigMap", "data": {"word": "ours"}})),
        "role" => ("rbac.authorization.k8s.io/v1", json!({"kind": "Role", "rules": []})),
        "rolebinding" => (
            "rbac.authorization.k8s.io/v1",
            json!({"kind": "RoleBinding", "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "other"}}),
        ),
        "poddisruptionbudget" => {
            ("policy/v1", json!({"kind": "PodDisruptionBudget", "spec": {"minAvailable": 0, "selector": selector}}))
        }
        "service" => ("v1", json!({"kind": "Service", "spec": {"ports": [{"port": 81}]}})),
        "networkpolicy" => {
            ("networking.k8s.io/v1", json!({"kind": "NetworkPolicy", "spec": {"podSelector": selector}}))
        }
        _ => (
            "apps/v1",
            json!({"kind": "Deployment", "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "one"}}, "template": {
                "metadata": {"labels": {"app": "one"}}, "spec": {"containers": [{"name": "main", "image": "example.invalid/y"}]},
            }}}),
        ),
    };
    let mut object = json!({"apiVersion": version, "metadata": meta});
    if let (Json::Object(object), Json::Object(spec)) = (&mut object, spec) {
        object.extend(spec);
    }
    object
}

struct Bed {
    kubectl: Program,
    folder: tempfile::TempDir,
    setup: Setup,
}

impl Bed {
    /// Runs a case with a program in a namespace of its own, and tells everything about it.
    fn run(&self, case: &Case, program: &Path, flags: &[&str], namespace: &str) -> String {
        self.kubectl.run(&["create", "namespace", namespace]).unwrap();
        for kind in case.taken.iter().chain(case.owned) {
            let mut object = object(kind);
            if case.owned.contains(kind) {
                object["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "Helm"});
                object["metadata"]["annotations"] =
                    json!({"meta.helm.sh/release-name": "r", "meta.helm.sh/release-namespace": namespace});
            }
            let file = self.folder.path().join("object.json");
            std::fs::write(&file, object.to_string()).unwrap();
            self.kubectl.run(&["create", "-n", namespace, "-f", file.to_str().unwrap()]).unwrap();
        }
        let output = Command::new(program)
            .args(["install", "r", "chart", "--namespace", namespace])
            .args(case.flags.iter().chain(flags))
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("TZ", "UTC")
            .env("KUBECONFIG", self.setup.kubeconfig.as_deref().unwrap())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        let told: String = told
            .lines()
            .filter(|line| !line.starts_with("LAST DEPLOYED") && !line.starts_with("level="))
            .map(|line| line.to_owned() + "\n")
            .collect();
        let list = self.kubectl.json(&["get", KINDS, "-n", namespace, "-o", "json", "--show-managed-fields"]).unwrap();
        let mut lines: Vec<String> = list["items"].as_array().unwrap().iter().map(plain).collect();
        lines.sort();
        let leases = self.kubectl.json(&["get", "leases", "-n", namespace, "-o", "json"]).unwrap();
        assert_eq!(leases["items"], json!([]), "a lease stays");
        let stays = lines.iter().any(|line| line.contains("sh.helm.release.v1.r.v1"));
        assert_eq!(stays, case.stays, "{told}");
        self.kubectl.run(&["delete", "namespace", namespace, "--wait=false"]).unwrap();
        let all = format!("exit code {:?}\n{told}{}\n", output.status.code(), lines.join("\n"));
        all.replace(namespace, "NAMESPACE")
    }
}

/// An object in a line, without what the server gives to each.
fn plain(object: &Json) -> String {
    let (kind, meta) = (object["kind"].as_str().unwrap(), &object["metadata"]);
    let mut line = json!({"labels": meta["labels"], "annotations": meta["annotations"]});
    if object["type"] == "helm.sh/release.v1" {
        line = json!(meta["labels"]["status"]);
    } else if kind != "ResourceQuota" {
        for part in ["data", "rules", "roleRef", "subjects", "spec", "secrets"] {
            line[part] = object[part].clone();
        }
        for address in ["clusterIP", "clusterIPs"] {
            line["spec"][address] = Json::Null;
        }
        line["annotations"]["deployment.kubernetes.io/revision"] = Json::Null;
    }
    let managers: Vec<_> = meta["managedFields"].as_array().into_iter().flatten().collect();
    let managers: Vec<_> =
        managers.iter().filter(|one| one["subresource"].is_null()).map(|one| &one["manager"]).collect();
    let helms = managers.iter().any(|one| one.as_str() == Some("helm"));
    format!("{kind} {} of helm: {helms} {line}", meta["name"].as_str().unwrap())
}

fn compare(helm: &str, ours: &[&str], both: &[&str], each: usize) {
    let Some(setup) = Setup::find(true) else { return };
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("chart");
    std::fs::create_dir_all(chart.join("templates")).unwrap();
    std::fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: chart\nversion: 1.0.0\n").unwrap();
    std::fs::write(chart.join("values.yaml"), "key: word\nhook: false\nquota: false\n").unwrap();
    std::fs::write(chart.join("templates/all.yaml"), OBJECTS).unwrap();
    let kubectl = Program::new("kubectl", setup.kubeconfig.as_deref().unwrap(), folder.path());
    let (program, helmd) = (setup.tools.join(helm), setup.helmd.clone());
    let bed = Bed { kubectl, folder, setup };
    let (mut different, cases) = (Vec::new(), cases());
    let chosen: Vec<_> = cases.iter().enumerate().step_by(each).collect();
    for &(number, case) in &chosen {
        let want = bed.run(case, &program, both, &format!("taken-{helm}-{number}-theirs"));
        let got = bed.run(case, &helmd, &[ours, both].concat(), &format!("taken-{helm}-{number}-ours"));
        if want != got {
            let title = format!("{helm}: taken {:?}, owned {:?}, {:?}", case.taken, case.owned, case.flags);
            different.push(format!("{title}\n{}", difference("all", &want, &got)));
        }
    }
    let (same, all) = (chosen.len() - different.len(), chosen.len());
    println!("{helm}: {same} of {all} installs over objects that exist are the same");
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn helm_3() {
    compare("helm3", &["--helm3"], &[], 1);
}

#[test]
fn helm_4_by_the_clients_method() {
    // The way is the same: a part of the cases will do.
    compare("helm4", &[], &["--server-side=false"], 3);
}
