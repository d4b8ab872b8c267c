//! The charts of the matrix: each has objects of some kinds that its second round changes, and a third round that fails.

use anyhow::Result;
use std::path::{Path, PathBuf};

/// Name and files of each.
const CHARTS: [(&str, &[(&str, &str)]); 12] = [
    (
        "config",
        &[("templates/a.yaml", CONFIG), ("templates/NOTES.txt", "Round {{ .Values.round }} of {{ .Release.Name }}\n")],
    ),
    ("deployment", &[("templates/a.yaml", DEPLOYMENT)]),
    ("statefulset", &[("templates/a.yaml", STATEFUL_SET)]),
    ("hook-jobs", &[("templates/a.yaml", CONFIG), ("templates/hooks.yaml", HOOK_JOBS)]),
    ("hook-objects", &[("templates/a.yaml", CONFIG), ("templates/hooks.yaml", HOOK_OBJECTS)]),
    ("definitions", &[("crds/crd.yaml", CRD), ("templates/a.yaml", CUSTOM)]),
    ("claims", &[("templates/a.yaml", CLAIMS)]),
    ("jobs", &[("templates/a.yaml", JOBS)]),
    ("rights", &[("templates/a.yaml", RIGHTS)]),
    ("network", &[("templates/a.yaml", NETWORK)]),
    (
        "parent",
        &[
            ("templates/a.yaml", CONFIG),
            ("charts/child/Chart.yaml", "apiVersion: v2\nname: child\nversion: 1.0.0\n"),
            ("charts/child/templates/b.yaml", CHILD),
            ("charts/child/templates/NOTES.txt", "a child\n"),
        ],
    ),
    ("many", &[("templates/a.yaml", MANY)]),
];

const CONFIG: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}-a", labels: {round: "{{ .Values.round }}"}}
data:
  round: {{ .Values.round | quote }}
  {{- if eq (int .Values.round) 1 }}
  first: only
  {{- end }}
---
apiVersion: v1
kind: Secret
metadata: {name: "{{ .Release.Name }}-s"}
stringData: {password: "p{{ .Values.round }}"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}-round-{{ .Values.round }}"}
"#;
const DEPLOYMENT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  replicas: {{ .Values.round }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      {{- if eq (int .Values.round) 1 }}
      initContainers: [{name: first, image: example.invalid/i}]
      {{- end }}
      containers:
      - name: main
        image: example.invalid/x:{{ .Values.round }}
        env:
        - {name: A, value: "1"}
        {{- if gt (int .Values.round) 1 }}
        - {name: B, value: "{{ .Values.round }}"}
        {{- else }}
        - {name: C, value: gone later}
        {{- end }}
        ports: [{containerPort: 80, name: http}, {containerPort: 9{{ .Values.round }}, name: more}]
      - {name: side-{{ .Values.round }}, image: example.invalid/y}
"#;
const STATEFUL_SET: &str = r#"apiVersion: v1
kind: Service
metadata: {name: "{{ .Release.Name }}"}
spec: {clusterIP: None, selector: {app: {{ .Release.Name }}}, ports: [{port: 80, name: http}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: "{{ .Release.Name }}"}
spec:
  serviceName: {{ .Release.Name }}
  replicas: {{ .Values.round }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}, annotations: {round: "{{ .Values.round }}"}}
    spec: {containers: [{name: main, image: example.invalid/x, volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"#;
const HOOK_JOBS: &str = r#"{{- range $event := list "pre-install,pre-upgrade" "post-install" "post-upgrade" "pre-rollback,post-rollback" "pre-delete" "post-delete" }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $.Release.Name }}-{{ $event | replace "," "-" }}
  annotations: {helm.sh/hook: "{{ $event }}", helm.sh/hook-weight: "{{ len $event }}"}
spec:
  backoffLimit: 0
  template: {spec: {restartPolicy: Never, containers: [{name: main, image: example.invalid/x}]}}
{{- end }}
"#;
const HOOK_OBJECTS: &str = r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-kept
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "-5"}
data: {round: "{{ .Values.round }}"}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-gone
  annotations: {helm.sh/hook: "post-install,post-upgrade,post-rollback", helm.sh/hook-delete-policy: "hook-succeeded"}
---
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-pod
  annotations: {helm.sh/hook: "pre-upgrade", helm.sh/hook-delete-policy: "before-hook-creation,hook-succeeded"}
spec: {restartPolicy: Never, containers: [{name: main, image: example.invalid/x}]}
"#;
const CRD: &str = r#"apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.matrix.example}
spec:
  group: matrix.example
  names: {kind: Thing, plural: things, singular: thing, listKind: ThingList}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"#;
const CUSTOM: &str = r#"apiVersion: matrix.example/v1
kind: Thing
metadata: {name: "{{ .Release.Name }}"}
spec:
  round: {{ .Values.round }}
  list: [{name: a, v: {{ .Values.round }}}, {name: b{{ .Values.round }}}]
  {{- if eq (int .Values.round) 1 }}
  first: {deep: {er: true}}
  {{- end }}
---
apiVersion: matrix.example/v1
kind: Thing
metadata: {name: "{{ .Release.Name }}-{{ .Values.round }}"}
"#;
const CLAIMS: &str = r#"apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: "{{ .Release.Name }}", labels: {round: "{{ .Values.round }}"}}
spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ .Release.Name }}-kept-{{ .Values.round }}
  annotations: {helm.sh/resource-policy: keep}
spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1Gi}}}
"#;
const JOBS: &str = r#"apiVersion: batch/v1
kind: Job
metadata: {name: "{{ .Release.Name }}-{{ .Release.Revision }}"}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: example.invalid/x}]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: "{{ .Release.Name }}"}
spec:
  schedule: "{{ .Values.round }} 0 1 1 *"
  suspend: true
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: example.invalid/x}]}}}}
"#;
const RIGHTS: &str = r#"apiVersion: v1
kind: ServiceAccount
metadata: {name: "{{ .Release.Name }}"}
{{- if gt (int .Values.round) 1 }}
imagePullSecrets: [{name: more}]
{{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: "{{ .Release.Name }}"}
rules:
- {apiGroups: [""], resources: [pods], verbs: [get{{ if gt (int .Values.round) 1 }}, list, watch{{ end }}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: "{{ .Release.Name }}"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ .Release.Name }}}
subjects: [{kind: ServiceAccount, name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}]
"#;
const NETWORK: &str = r#"apiVersion: v1
kind: Service
metadata: {name: "{{ .Release.Name }}", annotations: {round: "{{ .Values.round }}"}}
spec:
  selector: {app: a{{ .Values.round }}}
  ports:
  - {port: 80, name: http, targetPort: {{ add 8000 .Values.round }}}
  - {port: {{ add 90 .Values.round }}, name: p{{ .Values.round }}, protocol: UDP}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: "{{ .Release.Name }}"}
spec:
  rules:
  {{- range until (int .Values.round) }}
  - host: h{{ . }}.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: {{ $.Release.Name }}, port: {name: http}}}}]}
  {{- end }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: "{{ .Release.Name }}"}
spec: {podSelector: {matchLabels: {round: "{{ .Values.round }}"}}, policyTypes: [Ingress]}
"#;
const CHILD: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}-child", labels: {chart: "{{ .Chart.Name }}"}}
data: {global: "{{ .Values.global.round }}"}
"#;
const MANY: &str = r#"apiVersion: apps/v1
kind: DaemonSet
metadata: {name: "{{ .Release.Name }}"}
spec:
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec: {containers: [{name: main, image: "example.invalid/x:{{ .Values.round }}"}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: "{{ .Release.Name }}"}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: nobody}
  maxReplicas: {{ add 2 .Values.round }}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 5{{ .Values.round }}}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: "{{ .Release.Name }}"}
spec: {maxUnavailable: {{ .Values.round }}, selector: {matchLabels: {app: {{ .Release.Name }}}}}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: "{{ .Release.Name }}"}
spec: {hard: {pods: "{{ add 100 .Values.round }}"}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: "{{ .Release.Name }}"}
spec: {limits: [{type: Pod, max: {cpu: "{{ .Values.round }}"}}]}
"#;
/// What the API server refuses, and what comes after it in the order of installation.
const BROKEN: &str = r#"{{- if .Values.fail }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}-broken"}
spec:
  replicas: -1
  selector: {matchLabels: {a: b}}
  template: {metadata: {labels: {a: b}}, spec: {containers: [{name: main, image: example.invalid/x}]}}
{{- end }}
"#;

/// Writes the charts; gives their names and folders. One of `share`.
pub fn write(folder: &Path, share: usize) -> Result<Vec<(&'static str, PathBuf)>> {
    let mut written = Vec::new();
    for (name, files) in CHARTS.iter().step_by(share) {
        let chart = folder.join(name);
        let own = [
            ("Chart.yaml", format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\nappVersion: \"3\"\n")),
            ("values.yaml", "round: 1\nfail: false\nglobal: {round: one}\n".to_owned()),
            ("templates/broken.yaml", BROKEN.to_owned()),
        ];
        let given = files.iter().map(|(file, text)| (*file, (*text).to_owned()));
        for (file, text) in own.into_iter().chain(given) {
            let path = chart.join(file);
            std::fs::create_dir_all(path.parent().unwrap_or(&chart))?;
            std::fs::write(path, text)?;
        }
        written.push((*name, chart));
    }
    Ok(written)
}
