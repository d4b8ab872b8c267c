//! The charts of the sequences.

use std::fs;
use std::path::Path;

/// Files and their texts.
const FILES: &[(&str, &str)] = &[
    (
        "demo/Chart.yaml",
        "apiVersion: v2\nname: demo\nversion: 0.1.0\nappVersion: \"1.2\"\nannotations: {category: test, a: b}\n",
    ),
    ("demo/values.yaml", "color: red\nreplicas: 1\nhook: ok\nbad: false\ntest: ok\nn: 3\nlist: [1, two]\n"),
    ("demo/values.schema.json", r#"{"properties": {"replicas": {"type": "integer"}}}"#),
    (
        "demo/templates/cm.yaml",
        r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-cm
data:
  color: {{ .Values.color | quote }}
  revision: {{ .Release.Revision | quote }}
  {{- if eq .Values.color "fail" }}{{ fail "no such color" }}{{ end }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}-kept
  annotations:
    helm.sh/resource-policy: keep
stringData:
  a: b
{{- if .Values.bad }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: "BAD_{{ .Release.Name }}"
{{- end }}
{{- if .Values.unknown }}
---
apiVersion: example.com/v1
kind: Unknown
metadata:
  name: {{ .Release.Name }}
{{- end }}
"#,
    ),
    (
        "demo/templates/workload.yaml",
        r"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      containers: [{name: c, image: busybox}]
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  ports: [{port: 80}]
  selector: {app: {{ .Release.Name }}}
",
    ),
    (
        "demo/templates/hook.yaml",
        r#"apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-hook
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: "-5"
spec:
  backoffLimit: 0
  template:
    metadata:
      {{- if eq .Values.hook "fail" }}
      annotations: {test/outcome: fail}
      {{- end }}
    spec:
      restartPolicy: Never
      containers: [{name: c, image: busybox}]
"#,
    ),
    (
        "demo/templates/tests/t.yaml",
        r#"apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-test
  annotations:
    helm.sh/hook: test
    {{- if eq .Values.test "fail" }}
    test/outcome: fail
    {{- end }}
spec:
  restartPolicy: Never
  initContainers: [{name: i, image: busybox}]
  containers: [{name: c, image: busybox}]
"#,
    ),
    ("demo/templates/NOTES.txt", "Thanks for {{ .Release.Name }}, revision {{ .Release.Revision }}.\n"),
    ("fixed/Chart.yaml", "apiVersion: v2\nname: fixed\nversion: 1.0.0\ndeprecated: true\n"),
    (
        "fixed/templates/cm.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fixed}\ndata: {a: {{ .Release.Name }}}\n",
    ),
    ("old/Chart.yaml", "apiVersion: v2\nname: old\nversion: 1.0.0\n"),
    ("old/templates/a.yaml", "apiVersion: v1\nkind: Endpoints\nmetadata: {name: {{ .Release.Name }}}\n"),
    ("tested/Chart.yaml", "apiVersion: v2\nname: tested\nversion: 1.0.0\n"),
    ("tested/templates/one.yaml", TEST_ONE),
    ("tested/templates/two.yaml", TEST_TWO),
    ("library/Chart.yaml", "apiVersion: v2\nname: library\nversion: 1.0.0\ntype: library\n"),
    (
        "wants/Chart.yaml",
        "apiVersion: v2\nname: wants\nversion: 1.0.0\ndependencies: [{name: other, version: 1.x.x, repository: 'https://example.com'}]\n",
    ),
    ("crds/Chart.yaml", "apiVersion: v2\nname: crds\nversion: 1.0.0\n"),
    (
        "crds/crds/broken.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\n",
    ),
    ("crds/templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-crds}\n"),
    ("blue.yaml", "color: blue\nmore: {a: [1, 2.5, x]}\n"),
    ("broken.yaml", "a: [\n"),
];

/// A test that is deleted when it has succeeded.
const TEST_ONE: &str = "apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-one
  annotations: {helm.sh/hook: test, helm.sh/hook-delete-policy: hook-succeeded}
spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}
";

/// A test that may fail, and is then deleted.
const TEST_TWO: &str = "apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-two
  annotations:
    helm.sh/hook: test
    helm.sh/hook-weight: \"2\"
    helm.sh/hook-delete-policy: hook-failed,before-hook-creation
    {{- if .Values.bad }}
    test/outcome: fail
    {{- end }}
spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}
";

/// Writes the charts below the folder.
pub fn write(folder: &Path) -> std::io::Result<()> {
    for (name, text) in FILES {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, text)?;
    }
    Ok(())
}
