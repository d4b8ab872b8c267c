//! The kinds that are served: a table of built-in ones, and those that CustomResourceDefinitions add.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    json::{self, Json},
    schema::Schema,
};

/// What may be done with a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbs {
    /// Objects are stored.
    All,
    /// A question is answered, nothing is stored (reviews, bindings).
    CreateOnly,
}

/// Where a custom kind's scale subresource looks.
#[derive(Debug, Clone)]
pub(crate) struct ScalePaths {
    pub spec: String,
    pub status: String,
    pub selector: String,
}

/// One column of `kubectl get` that a CustomResourceDefinition asks for.
#[derive(Debug, Clone)]
pub(crate) struct PrinterColumn {
    pub name: String,
    pub kind: String,
    pub format: String,
    pub priority: i64,
    pub path: String,
}

/// One kind in one version, as requests name it.
#[derive(Debug, Clone)]
pub(crate) struct Kind {
    pub group: String,
    pub version: String,
    pub plural: String,
    pub singular: String,
    pub kind: String,
    pub namespaced: bool,
    pub verbs: Verbs,
    pub short_names: Vec<String>,
    pub categories: Vec<String>,
    pub subresources: Vec<String>,
    /// The message of the schema, where the kind is built in and known.
    pub schema: Option<String>,
    /// Under which name its objects are stored; several versions share one.
    pub storage: Arc<str>,
    pub custom: bool,
    pub scale: Option<ScalePaths>,
    pub columns: Vec<PrinterColumn>,
}

impl Kind {
    /// `v1` or `apps/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `pods` or `deployments.apps`.
    pub(crate) fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    pub(crate) fn has(&self, subresource: &str) -> bool {
        self.subresources.iter().any(|s| s == subresource)
    }

    pub(crate) fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }
}

/// The storage name of a built-in resource.
pub(crate) fn storage_name(group: &str, plural: &str) -> Arc<str> {
    match (group, plural) {
        ("events.k8s.io", "events") => Arc::from("/events"),
        _ => Arc::from(format!("{group}/{plural}")),
    }
}

struct Row {
    /// Group and version.
    group: (&'static str, &'static str),
    plural: &'static str,
    kind: &'static str,
    scope: &'static str,
    /// short names, categories, subresources, each separated by commas.
    extras: [&'static str; 3],
}

const fn row(
    group: (&'static str, &'static str),
    plural: &'static str,
    kind: &'static str,
    scope: &'static str,
    extras: [&'static str; 3],
) -> Row {
    Row { group, plural, kind, scope, extras }
}

/// In the order of discovery. The scope is N(amespaced) or C(luster), with + for kinds that can only be created.
#[rustfmt::skip]
const BUILT_IN: &[Row] = &[
    row(("", "v1"), "bindings", "Binding", "N+", ["", "", ""]),
    row(("", "v1"), "configmaps", "ConfigMap", "N", ["cm", "", ""]),
    row(("", "v1"), "endpoints", "Endpoints", "N", ["ep", "", ""]),
    row(("", "v1"), "events", "Event", "N", ["ev", "", ""]),
    row(("", "v1"), "limitranges", "LimitRange", "N", ["limits", "", ""]),
    row(("", "v1"), "namespaces", "Namespace", "C", ["ns", "", "finalize,status"]),
    row(("", "v1"), "nodes", "Node", "C", ["no", "", "proxy,status"]),
    row(("", "v1"), "persistentvolumeclaims", "PersistentVolumeClaim", "N", ["pvc", "", "status"]),
    row(("", "v1"), "persistentvolumes", "PersistentVolume", "C", ["pv", "", "status"]),
    row(("", "v1"), "pods", "Pod", "N", ["po", "all", "attach,binding,ephemeralcontainers,eviction,exec,log,portforward,proxy,resize,status"]),
    row(("", "v1"), "podtemplates", "PodTemplate", "N", ["", "", ""]),
    row(("", "v1"), "replicationcontrollers", "ReplicationController", "N", ["rc", "all", "scale,status"]),
    row(("", "v1"), "resourcequotas", "ResourceQuota", "N", ["quota", "", "status"]),
    row(("", "v1"), "secrets", "Secret", "N", ["", "", ""]),
    row(("", "v1"), "serviceaccounts", "ServiceAccount", "N", ["sa", "", "token"]),
    row(("", "v1"), "services", "Service", "N", ["svc", "all", "proxy,status"]),
    row(("apiregistration.k8s.io", "v1"), "apiservices", "APIService", "C", ["", "api-extensions", "status"]),
    row(("apps", "v1"), "controllerrevisions", "ControllerRevision", "N", ["", "", ""]),
    row(("apps", "v1"), "daemonsets", "DaemonSet", "N", ["ds", "all", "status"]),
    row(("apps", "v1"), "deployments", "Deployment", "N", ["deploy", "all", "scale,status"]),
    row(("apps", "v1"), "replicasets", "ReplicaSet", "N", ["rs", "all", "scale,status"]),
    row(("apps", "v1"), "statefulsets", "StatefulSet", "N", ["sts", "all", "scale,status"]),
    row(("events.k8s.io", "v1"), "events", "Event", "N", ["ev", "", ""]),
    row(("authentication.k8s.io", "v1"), "selfsubjectreviews", "SelfSubjectReview", "C+", ["", "", ""]),
    row(("authentication.k8s.io", "v1"), "tokenreviews", "TokenReview", "C+", ["", "", ""]),
    row(("authorization.k8s.io", "v1"), "localsubjectaccessreviews", "LocalSubjectAccessReview", "N+", ["", "", ""]),
    row(("authorization.k8s.io", "v1"), "selfsubjectaccessreviews", "SelfSubjectAccessReview", "C+", ["", "", ""]),
    row(("authorization.k8s.io", "v1"), "selfsubjectrulesreviews", "SelfSubjectRulesReview", "C+", ["", "", ""]),
    row(("authorization.k8s.io", "v1"), "subjectaccessreviews", "SubjectAccessReview", "C+", ["", "", ""]),
    row(("autoscaling", "v2"), "horizontalpodautoscalers", "HorizontalPodAutoscaler", "N", ["hpa", "all", "status"]),
    row(("autoscaling", "v1"), "horizontalpodautoscalers", "HorizontalPodAutoscaler", "N", ["hpa", "all", "status"]),
    row(("batch", "v1"), "cronjobs", "CronJob", "N", ["cj", "all", "status"]),
    row(("batch", "v1"), "jobs", "Job", "N", ["", "all", "status"]),
    row(("certificates.k8s.io", "v1"), "certificatesigningrequests", "CertificateSigningRequest", "C", ["csr", "", "approval,status"]),
    row(("networking.k8s.io", "v1"), "ingressclasses", "IngressClass", "C", ["", "", ""]),
    row(("networking.k8s.io", "v1"), "ingresses", "Ingress", "N", ["ing", "", "status"]),
    row(("networking.k8s.io", "v1"), "ipaddresses", "IPAddress", "C", ["ip", "", ""]),
    row(("networking.k8s.io", "v1"), "networkpolicies", "NetworkPolicy", "N", ["netpol", "", ""]),
    row(("networking.k8s.io", "v1"), "servicecidrs", "ServiceCIDR", "C", ["", "", "status"]),
    row(("policy", "v1"), "poddisruptionbudgets", "PodDisruptionBudget", "N", ["pdb", "", "status"]),
    row(("rbac.authorization.k8s.io", "v1"), "clusterrolebindings", "ClusterRoleBinding", "C", ["", "", ""]),
    row(("rbac.authorization.k8s.io", "v1"), "clusterroles", "ClusterRole", "C", ["", "", ""]),
    row(("rbac.authorization.k8s.io", "v1"), "rolebindings", "RoleBinding", "N", ["", "", ""]),
    row(("rbac.authorization.k8s.io", "v1"), "roles", "Role", "N", ["", "", ""]),
    row(("storage.k8s.io", "v1"), "csidrivers", "CSIDriver", "C", ["", "", ""]),
    row(("storage.k8s.io", "v1"), "csinodes", "CSINode", "C", ["", "", ""]),
    row(("storage.k8s.io", "v1"), "csistoragecapacities", "CSIStorageCapacity", "N", ["", "", ""]),
    row(("storage.k8s.io", "v1"), "storageclasses", "StorageClass", "C", ["sc", "", ""]),
    row(("storage.k8s.io", "v1"), "volumeattachments", "VolumeAttachment", "C", ["", "", "status"]),
    row(("storage.k8s.io", "v1"), "volumeattributesclasses", "VolumeAttributesClass", "C", ["vac", "", ""]),
    row(("admissionregistration.k8s.io", "v1"), "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", "C", ["", "api-extensions", ""]),
    row(("admissionregistration.k8s.io", "v1"), "validatingadmissionpolicies", "ValidatingAdmissionPolicy", "C", ["", "api-extensions", "status"]),
    row(("admissionregistration.k8s.io", "v1"), "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", "C", ["", "api-extensions", ""]),
    row(("admissionregistration.k8s.io", "v1"), "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", "C", ["", "api-extensions", ""]),
    row(("apiextensions.k8s.io", "v1"), "customresourcedefinitions", "CustomResourceDefinition", "C", ["crd,crds", "api-extensions", "status"]),
    row(("scheduling.k8s.io", "v1"), "priorityclasses", "PriorityClass", "C", ["pc", "", ""]),
    row(("coordination.k8s.io", "v1"), "leases", "Lease", "N", ["", "", ""]),
    row(("node.k8s.io", "v1"), "runtimeclasses", "RuntimeClass", "C", ["", "", ""]),
    row(("discovery.k8s.io", "v1"), "endpointslices", "EndpointSlice", "N", ["", "", ""]),
    row(("flowcontrol.apiserver.k8s.io", "v1"), "flowschemas", "FlowSchema", "C", ["", "", "status"]),
    row(("flowcontrol.apiserver.k8s.io", "v1"), "prioritylevelconfigurations", "PriorityLevelConfiguration", "C", ["", "", "status"]),
];

fn words(text: &str) -> Vec<String> {
    text.split(',').filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

fn built_in(row: &Row, schema: &Schema) -> Kind {
    let (group, version) = row.group;
    let package = group.split('.').next().filter(|p| !p.is_empty()).unwrap_or("core");
    let [short_names, categories, subresources] = row.extras;
    Kind {
        group: group.to_owned(),
        version: version.to_owned(),
        plural: row.plural.to_owned(),
        singular: row.kind.to_ascii_lowercase(),
        kind: row.kind.to_owned(),
        namespaced: row.scope.starts_with('N'),
        verbs: if row.scope.ends_with('+') { Verbs::CreateOnly } else { Verbs::All },
        short_names: words(short_names),
        categories: words(categories),
        subresources: words(subresources),
        schema: Some(format!("{package}/{version}.{}", row.kind)).filter(|name| schema.message(name).is_some()),
        storage: storage_name(group, row.plural),
        custom: false,
        scale: None,
        columns: Vec::new(),
    }
}

/// All kinds that are served now.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    /// Groups in the order of discovery, each with its versions, preferred first.
    built_in: Vec<Arc<Kind>>,
    custom: BTreeMap<String, Vec<Arc<Kind>>>,
}

impl Registry {
    pub(crate) fn new(schema: &Schema) -> Self {
        Self { built_in: BUILT_IN.iter().map(|r| Arc::new(built_in(r, schema))).collect(), custom: BTreeMap::new() }
    }

    /// Takes note of a CustomResourceDefinition (or of its end).
    pub(crate) fn set_custom(&mut self, name: &str, definition: Option<&Json>) {
        match definition {
            Some(d) => self.custom.insert(name.to_owned(), custom_kinds(d)),
            None => self.custom.remove(name),
        };
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.built_in.iter().chain(self.custom.values().flatten())
    }

    pub(crate) fn by_plural(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
        self.all().find(|k| k.group == group && k.version == version && k.plural == plural).cloned()
    }

    pub(crate) fn by_kind(&self, api_version: &str, kind: &str) -> Option<Arc<Kind>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.all().find(|k| k.group == group && k.version == version && k.kind == kind).cloned()
    }

    /// The first kind stored under this name: the preferred version.
    pub(crate) fn by_storage(&self, storage: &str) -> Option<Arc<Kind>> {
        self.all().find(|k| &*k.storage == storage).cloned()
    }

    pub(crate) fn serves(&self, group: &str, version: &str) -> bool {
        self.all().any(|k| k.group == group && k.version == version)
    }

    /// Groups with their versions (preferred first), in the order of discovery; the core group is left out.
    pub(crate) fn groups(&self) -> Vec<(String, Vec<String>)> {
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        for kind in self.all().filter(|k| !k.group.is_empty()) {
            match groups.iter_mut().find(|(name, _)| *name == kind.group) {
                Some((_, versions)) if versions.contains(&kind.version) => {}
                Some((_, versions)) => versions.push(kind.version.clone()),
                None => groups.push((kind.group.clone(), vec![kind.version.clone()])),
            }
        }
        for (_, versions) in &mut groups {
            versions.sort_by_key(|v| version_rank(v));
        }
        groups
    }
}

/// Orders v2 before v1 before v1beta2 before v1beta1 before v1alpha1 before other names, as Kubernetes does.
pub(crate) fn version_rank(version: &str) -> (u8, i64, i64, String) {
    let parsed = version.strip_prefix('v').and_then(|rest| {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (major, stage) = rest.split_at_checked(digits)?;
        let major: i64 = major.parse().ok()?;
        if stage.is_empty() {
            return Some((0, -major, 0));
        }
        let (rank, minor) =
            stage.strip_prefix("beta").map(|m| (1, m)).or_else(|| stage.strip_prefix("alpha").map(|m| (2, m)))?;
        Some((rank, -major, -minor.parse::<i64>().ok()?))
    });
    match parsed {
        Some((stage, major, minor)) => (stage, major, minor, String::new()),
        None => (3, 0, 0, version.to_owned()),
    }
}

fn strings(value: &Json, path: &[&str]) -> Vec<String> {
    json::list(value, path).iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn custom_kinds(definition: &Json) -> Vec<Arc<Kind>> {
    let group = json::text(definition, &["spec", "group"]);
    let names = json::at(definition, &["spec", "names"]);
    let plural = json::text(names, &["plural"]);
    let mut versions: Vec<&Json> =
        json::list(definition, &["spec", "versions"]).iter().filter(|v| json::flag(v, &["served"])).collect();
    versions.sort_by_key(|v| version_rank(json::text(v, &["name"])));
    let kind_of = |version: &Json| {
        let kind = json::text(names, &["kind"]);
        let singular = json::text(names, &["singular"]);
        let subresources = json::object(version, &["subresources"]).map(|s| s.keys().cloned().collect());
        let scale = json::object(version, &["subresources", "scale"]).map(|_| {
            let path = |key| json::text(version, &["subresources", "scale", key]).to_owned();
            ScalePaths {
                spec: path("specReplicasPath"),
                status: path("statusReplicasPath"),
                selector: path("labelSelectorPath"),
            }
        });
        Arc::new(Kind {
            group: group.to_owned(),
            version: json::text(version, &["name"]).to_owned(),
            plural: plural.to_owned(),
            singular: if singular.is_empty() { kind.to_ascii_lowercase() } else { singular.to_owned() },
            kind: kind.to_owned(),
            namespaced: json::text(definition, &["spec", "scope"]) == "Namespaced",
            verbs: Verbs::All,
            short_names: strings(names, &["shortNames"]),
            categories: strings(names, &["categories"]),
            subresources: subresources.unwrap_or_default(),
            schema: None,
            storage: storage_name(group, plural),
            custom: true,
            scale,
            columns: json::list(version, &["additionalPrinterColumns"]).iter().map(column).collect(),
        })
    };
    versions.into_iter().map(kind_of).collect()
}

fn column(value: &Json) -> PrinterColumn {
    let text = |key| json::text(value, &[key]).to_owned();
    PrinterColumn {
        name: text("name"),
        kind: text("type"),
        format: text("format"),
        priority: json::int(value, &["priority"]).unwrap_or(0),
        path: text("jsonPath"),
    }
}
