//! The charts that fail, and what there is before they are installed.

/// A chart that fails.
pub struct Failing {
    /// Heading.
    pub title: &'static str,
    /// What is wrong with it.
    pub about: &'static str,
    /// Its template.
    pub template: &'static str,
    /// A definition in its `crds`.
    pub definition: &'static str,
    /// Objects that are there already; `NAMESPACE` stands for the release's.
    pub before: &'static str,
    /// Flags beside the usual ones.
    pub flags: &'static [&'static str],
    /// Who installs it; the administrator when empty.
    pub user: &'static str,
}

const PLAIN: Failing = Failing { title: "", about: "", template: "", definition: "", before: "", flags: &[], user: "" };

macro_rules! deployment {
    ($pod:literal) => {
        concat!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  selector: {matchLabels: \
             {app: web}}\n  template:\n    metadata: {labels: {app: web}, annotations: {test/outcome: ",
            $pod
        )
    };
}

macro_rules! job {
    ($outcome:literal, $annotations:literal) => {
        concat!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate, annotations: {",
            $annotations,
            "}}\nspec:\n  backoffLimit: 0\n  template:\n    metadata: {annotations: {test/outcome: ",
            $outcome,
            "}}\n    spec: {restartPolicy: Never, containers: [{name: app, image: \"example.invalid/migrate:1\"}]}\n"
        )
    };
}

const FINE: &str = deployment!("ok}}\n    spec: {containers: [{name: main, image: \"example.invalid/web:1\"}]}\n");

/// All of them.
pub const CHARTS: [Failing; 30] = [
    Failing {
        title: "Image that cannot be pulled",
        about: "A Deployment whose image does not exist.",
        template: deployment!(
            "imagepull}}\n    spec: {containers: [{name: main, image: \"example.invalid/wbe:1\"}]}\n"
        ),
        ..PLAIN
    },
    Failing {
        title: "Image pull secret missing",
        about: "A Deployment whose `imagePullSecrets` names a Secret that is not there.",
        template: deployment!(
            "pullsecret}}\n    spec: {imagePullSecrets: [{name: registry-login}], containers: [{name: main, image: \
             \"registry.invalid/private:1\"}]}\n"
        ),
        ..PLAIN
    },
    Failing {
        title: "Crash loop",
        about: "A Deployment whose container ends after each start.",
        template: deployment!("crashloop}}\n    spec: {containers: [{name: app, image: \"example.invalid/web:1\"}]}\n"),
        ..PLAIN
    },
    Failing {
        title: "Out of memory",
        about: "A Deployment whose container needs more memory than its limit.",
        template: deployment!(
            "oom}}\n    spec: {containers: [{name: main, image: \"example.invalid/web:1\", resources: {limits: {memory: \
             16Mi}}}]}\n"
        ),
        ..PLAIN
    },
    Failing {
        title: "Never ready",
        about: "A Deployment whose readiness probe fails.",
        template: deployment!(
            "probe}}\n    spec: {containers: [{name: main, image: \"example.invalid/web:1\", readinessProbe: {httpGet: \
             {path: /healthz, port: 8080}}}]}\n"
        ),
        ..PLAIN
    },
    Failing {
        title: "Missing Secret",
        about: "A Deployment whose environment comes from a Secret that is not there.",
        template: deployment!(
            "config}}\n    spec: {containers: [{name: main, image: \"example.invalid/web:1\", envFrom: [{secretRef: {name: \
             login}}]}]}\n"
        ),
        ..PLAIN
    },
    Failing {
        title: "Missing volume",
        about: "A Deployment that mounts a ConfigMap that is not there.",
        template: deployment!(
            "mount}}\n    spec: {containers: [{name: main, image: \"example.invalid/web:1\", volumeMounts: [{name: settings, \
             mountPath: /etc/web}]}], volumes: [{name: settings, configMap: {name: settings}}]}\n"
        ),
        ..PLAIN
    },
    Failing {
        title: "No fitting node",
        about: "A Deployment with a nodeSelector that no node fulfils.",
        template: deployment!(
            "ok}}\n    spec: {nodeSelector: {disk: fast}, containers: [{name: main, image: \"example.invalid/web:1\"}]}\n"
        ),
        ..PLAIN
    },
    Failing {
        title: "No room",
        about: "A Deployment that requests more CPUs than any node has.",
        template: deployment!(
            "ok}}\n    spec: {containers: [{name: main, image: \"example.invalid/web:1\", resources: {requests: {cpu: \
             1000}}}]}\n"
        ),
        ..PLAIN
    },
    Failing {
        title: "Failed hook job",
        about: "A pre-install hook that fails and is deleted then.",
        template: job!("fail", "helm.sh/hook: pre-install, helm.sh/hook-delete-policy: hook-failed"),
        ..PLAIN
    },
    Failing {
        title: "Failed hook pod",
        about: "A post-install hook without a Job.",
        template: "apiVersion: v1\nkind: Pod\nmetadata: {name: migrate, annotations: {helm.sh/hook: post-install, test/outcome: \
                   fail}}\nspec: {restartPolicy: Never, containers: [{name: app, image: \"example.invalid/migrate:1\"}]}\n",
        ..PLAIN
    },
    Failing {
        title: "Hook that does not end",
        about: "A pre-install hook that takes longer than the timeout.",
        template: job!("unready", "helm.sh/hook: pre-install"),
        ..PLAIN
    },
    Failing {
        title: "Failed job",
        about: "A Job that fails, with `--wait-for-jobs`.",
        template: job!("fail", ""),
        flags: &["--wait-for-jobs"],
        ..PLAIN
    },
    Failing {
        title: "Quota on pods",
        about: "A Deployment in a namespace whose quota allows no pods.",
        template: FINE,
        before: "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: small}\nspec: {hard: {pods: \"0\"}}\n",
        ..PLAIN
    },
    Failing {
        title: "Quota on objects",
        about: "A Service in a namespace whose quota allows none.",
        template: "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n",
        before: "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: small}\nspec: {hard: {services: \"0\"}}\n",
        ..PLAIN
    },
    Failing {
        title: "Pod security",
        about: "A Deployment of ordinary pods in a namespace that wants restricted ones.",
        template: FINE,
        before: "apiVersion: v1\nkind: Namespace\nmetadata: {name: NAMESPACE, labels: \
                 {pod-security.kubernetes.io/enforce: restricted}}\n",
        ..PLAIN
    },
    Failing {
        title: "Missing service account",
        about: "A Deployment whose pods run as a ServiceAccount that is not there.",
        template: deployment!(
            "ok}}\n    spec: {serviceAccountName: builder, containers: [{name: main, image: \"example.invalid/web:1\"}]}\n"
        ),
        ..PLAIN
    },
    Failing {
        title: "Refused by a policy",
        about: "A ConfigMap without the label that a ValidatingAdmissionPolicy wants.",
        template: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
        before: "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: \
                 owner-required}\nspec:\n  matchConstraints: {namespaceSelector: {matchLabels: {failing: policy}}, \
                 resourceRules: [{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE, UPDATE], resources: \
                 [configmaps]}]}\n  validations: [{expression: \"has(object.metadata.labels) && 'owner' in \
                 object.metadata.labels\", message: \"each ConfigMap has a label owner\"}]\n---\napiVersion: \
                 admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {name: \
                 owner-required}\nspec: {policyName: owner-required, validationActions: [Deny]}\n---\napiVersion: v1\nkind: \
                 Namespace\nmetadata: {name: NAMESPACE, labels: {failing: policy}}\n",
        ..PLAIN
    },
    Failing {
        title: "Webhook that does not answer",
        about: "A ConfigMap, in a cluster with a webhook whose server is gone.",
        template: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
        before: "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: \
                 gone}\nwebhooks: [{name: check.example.com, clientConfig: {url: \"https://127.0.0.1:1/check\"}, \
                 failurePolicy: Fail, sideEffects: None, admissionReviewVersions: [v1], namespaceSelector: {matchLabels: \
                 {failing: webhook}}, rules: [{apiGroups: [\"\"], apiVersions: [v1], operations: [CREATE], resources: \
                 [configmaps]}]}]\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: NAMESPACE, labels: {failing: \
                 webhook}}\n",
        ..PLAIN
    },
    Failing {
        title: "Conflict of server-side apply",
        about: "A ConfigMap of which somebody else has set a field.",
        template: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {level: info}\n",
        before: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, labels: {app.kubernetes.io/managed-by: Helm}, \
                 annotations: {meta.helm.sh/release-name: demo, meta.helm.sh/release-namespace: NAMESPACE}}\ndata: {level: \
                 debug}\n",
        ..PLAIN
    },
    Failing {
        title: "Missing kind",
        about: "An object of a kind whose CustomResourceDefinition is not installed.",
        template: "apiVersion: example.com/v1\nkind: Database\nmetadata: {name: web}\n",
        ..PLAIN
    },
    Failing {
        title: "Removed API",
        about: "An Ingress of an API that Kubernetes 1.22 took away.",
        template: "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: web}\n",
        ..PLAIN
    },
    Failing {
        title: "Forbidden",
        about: "A user who may only view.",
        template: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
        user: "viewer",
        ..PLAIN
    },
    Failing {
        title: "Claim without a volume",
        about: "A PersistentVolumeClaim of a StorageClass that is not there.",
        template: "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: web}\nspec: {storageClassName: fast, \
                   accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n",
        ..PLAIN
    },
    Failing {
        title: "Object of somebody else",
        about: "A ConfigMap that is there already and that no release made.",
        template: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
        before: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
        ..PLAIN
    },
    Failing {
        title: "Object of another release",
        about: "A ConfigMap that is there already and that another release made.",
        template: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
        before: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, labels: {app.kubernetes.io/managed-by: Helm}, \
                 annotations: {meta.helm.sh/release-name: other, meta.helm.sh/release-namespace: NAMESPACE}}\n",
        ..PLAIN
    },
    Failing {
        title: "Custom resource that failed",
        about: "A custom resource whose controller says that it is stalled.",
        template: "apiVersion: failures.example.com/v1\nkind: Cache\nmetadata: {name: web}\nstatus: {conditions: [{type: \
                   Stalled, status: \"True\", reason: NoLicence, message: the licence has expired}]}\n",
        definition: "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: \
                     caches.failures.example.com}\nspec: {group: failures.example.com, scope: Namespaced, names: {plural: \
                     caches, kind: Cache}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: \
                     object, x-kubernetes-preserve-unknown-fields: true}}}]}\n",
        ..PLAIN
    },
    Failing {
        title: "Invalid object",
        about: "A Service with a port that is none.",
        template: "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 99999}]}\n",
        ..PLAIN
    },
    Failing {
        title: "Missing namespace",
        about: "A namespace that is not there, without `--create-namespace`.",
        template: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
        flags: &["--namespace", "missing"],
        ..PLAIN
    },
    Failing {
        title: "Service without an address",
        about: "A LoadBalancer in a cluster that has no controller for it.",
        template: "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: LoadBalancer, selector: {app: web}, ports: \
                   [{port: 80}]}\n",
        flags: &["--wait=legacy"],
        ..PLAIN
    },
];
