//! What to do about a refusal, in one sentence beside Helm's.

use crate::advice::of_quota;
use crate::error::{ApiStatus, Explained, KubeError};

impl KubeError {
    /// What to do about it; nothing where the sentence says all that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Api(status) => status.hint(),
            Self::Mapping { cause, .. } => Some(of_missing_kind(&cause.kind, &cause.version)),
            Self::Unreachable { source } => source.hint().or_else(|| {
                Some("check the server's address in the kubeconfig (--kubeconfig, --kube-context) and that it can be reached from here".to_owned())
            }),
            Self::Manifest(message) => of_manifest(message),
            Self::Context { source, .. } => source.hint(),
            Self::Explained(Explained { error, .. }) => error.hint(),
            Self::Several(errors) | Self::Performed(errors) | Self::Lines(errors) | Self::Updates(errors) => {
                errors.iter().find_map(Self::hint)
            }
            _ => None,
        }
    }
}

impl ApiStatus {
    /// What to do about the refusal.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let message = self.message.as_str();
        if message.contains("exceeded quota: ") {
            return Some(of_quota(message));
        }
        if let Some(hint) = of_admission(message) {
            return Some(hint);
        }
        match (self.reason.as_str(), self.code) {
            ("Conflict", _) if message.contains("conflict with ") || message.contains("conflicts with ") => {
                Some(of_conflict(message))
            }
            ("Conflict", _) => Some("somebody else changed the object meanwhile: try once more".to_owned()),
            ("NotFound", _) if message.starts_with("namespaces ") => {
                let name = quoted(message).unwrap_or_default();
                Some(format!("namespace {name:?} does not exist: create it, or add --create-namespace"))
            }
            ("Forbidden", _) if message.contains("is being terminated") => {
                Some("the namespace is being deleted: wait until it is gone, or take another one".to_owned())
            }
            ("Forbidden", _) => of_forbidden(message),
            ("Unauthorized", _) => {
                Some("the cluster does not know these credentials: they may have expired; get new ones into the kubeconfig".to_owned())
            }
            ("AlreadyExists", _) => {
                Some("an object of that name is there already: delete it, or take it over with --take-ownership".to_owned())
            }
            ("Invalid", _) => Some(of_invalid(message)),
            ("BadRequest", _) if message.contains("strict decoding error") || message.contains("unable to be decoded") || message.contains("cannot be handled as") => {
                Some("a field of the manifest has a wrong name or type: correct it in the template that makes the object".to_owned())
            }
            ("RequestEntityTooLarge", _) => {
                Some("the object is larger than the cluster takes (about 1 MiB): split it".to_owned())
            }
            (_, 429) => Some("the API server is busy: try again later".to_owned()),
            _ => None,
        }
    }
}

/// The first text in double quotes.
fn quoted(text: &str) -> Option<&str> {
    text.split('"').nth(1)
}

/// `Apply failed with 1 conflict: conflict with "manager" using apps/v1: .spec.replicas`, or a list of fields on lines.
fn of_conflict(message: &str) -> String {
    let mut owners: Vec<&str> = Vec::new();
    for part in message.split("conflict with ").skip(1).chain(message.split("conflicts with ").skip(1)) {
        owners.extend(quoted(part).filter(|owner| !owners.contains(owner)));
    }
    let mut fields: Vec<&str> = message.lines().filter_map(|line| line.strip_prefix("- ")).collect();
    if fields.is_empty() {
        fields.extend(message.rsplit(": ").next().filter(|field| field.starts_with('.')));
    }
    let owners: Vec<String> = owners.iter().map(|owner| format!("{owner:?}")).collect();
    let (owners, fields) = (owners.join(", "), fields.join(", "));
    format!(
        "{owners} manages {fields}: leave that out of the chart, make {owners} stop setting it, or take it with --force-conflicts"
    )
}

/// Webhooks, policies, Pod Security.
fn of_admission(message: &str) -> Option<String> {
    let webhook = message.split_once("admission webhook \"").and_then(|(_, rest)| rest.split_once('"'));
    if let Some((name, rest)) = webhook {
        let said = rest.strip_prefix(" denied the request: ").unwrap_or_default();
        let said = if said.is_empty() { String::new() } else { format!(" ({said})") };
        return Some(format!(
            "admission webhook {name:?} refused the object{said}: change the object as it asks, or ask whoever runs it for an exception"
        ));
    }
    if let Some((_, rest)) = message.split_once("failed calling webhook \"") {
        let name = rest.split('"').next().unwrap_or_default();
        return Some(format!(
            "webhook {name:?} does not answer: see that the pods of its service run, or delete its WebhookConfiguration if it is left over"
        ));
    }
    if let Some((_, rest)) = message.split_once("ValidatingAdmissionPolicy '") {
        let name = rest.split('\'').next().unwrap_or_default();
        return Some(format!(
            "policy {name:?} of the cluster refused the object: change the object as its message asks, or have the policy changed"
        ));
    }
    message.contains("violates PodSecurity").then(|| {
        "the namespace's Pod Security level refuses the pod: set the securityContext that the message asks for"
            .to_owned()
    })
}

/// `User "u" cannot create resource "r" in API group "g" in the namespace "n"`.
fn of_forbidden(message: &str) -> Option<String> {
    let (_, who) = message.split_once("User \"")?;
    let (user, rest) = who.split_once("\" cannot ")?;
    let (verb, rest) = rest.split_once(" resource \"")?;
    let (resource, rest) = rest.split_once('"')?;
    let place = match rest.split_once("in the namespace \"").and_then(|(_, rest)| rest.split('"').next()) {
        Some(namespace) => format!("a Role and RoleBinding in namespace {namespace:?}"),
        None => "a ClusterRole and ClusterRoleBinding".to_owned(),
    };
    Some(format!("user {user:?} may not {verb} {resource}: have it allowed by {place}, or use other credentials"))
}

/// `Deployment.apps "x" is invalid: spec.replicas: Invalid value: -1: …`.
fn of_invalid(message: &str) -> String {
    if message.contains("field is immutable") || message.contains("updates to statefulset spec for fields other than") {
        return "such a field cannot be changed on an object that exists: delete the object first, or let it be replaced (--force-replace, with Helm 3 --force)".to_owned();
    }
    let object = message.split(" is invalid: ").next().unwrap_or_default();
    let detail = message.split_once(" is invalid: ").map(|(_, detail)| detail.trim_start_matches('['));
    let field = detail.and_then(|detail| detail.split(": ").next()).filter(|field| !field.contains(' '));
    match field {
        Some(field) if !field.is_empty() && field != "<nil>" => {
            format!("correct {field} of {object} in its template, or the value that it comes from")
        }
        _ => format!("correct {object} in its template, or the value that the message is about"),
    }
}

fn of_manifest(message: &str) -> Option<String> {
    message.contains("unknown field").then(|| {
        "the kind has no such field: correct its name or place in the template, or skip the check with --disable-openapi-validation".to_owned()
    })
}

/// Versions that Kubernetes has taken away, what they hold, and what is served in their place.
const REMOVED: [(&str, &[&str], &str); 14] = [
    ("extensions/v1beta1", &["Ingress"], "networking.k8s.io/v1"),
    ("extensions/v1beta1", &["NetworkPolicy"], "networking.k8s.io/v1"),
    ("extensions/v1beta1", &["Deployment", "DaemonSet", "ReplicaSet"], "apps/v1"),
    ("apps/v1beta1", &["Deployment", "StatefulSet"], "apps/v1"),
    ("apps/v1beta2", &["Deployment", "DaemonSet", "ReplicaSet", "StatefulSet"], "apps/v1"),
    ("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], "networking.k8s.io/v1"),
    ("batch/v1beta1", &["CronJob"], "batch/v1"),
    ("policy/v1beta1", &["PodDisruptionBudget"], "policy/v1"),
    ("autoscaling/v2beta1", &["HorizontalPodAutoscaler"], "autoscaling/v2"),
    ("autoscaling/v2beta2", &["HorizontalPodAutoscaler"], "autoscaling/v2"),
    ("apiextensions.k8s.io/v1beta1", &["CustomResourceDefinition"], "apiextensions.k8s.io/v1"),
    (
        "rbac.authorization.k8s.io/v1beta1",
        &["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"],
        "rbac.authorization.k8s.io/v1",
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        "admissionregistration.k8s.io/v1",
    ),
    ("storage.k8s.io/v1beta1", &["StorageClass", "CSIDriver", "CSINode"], "storage.k8s.io/v1"),
];

fn of_missing_kind(kind: &str, version: &str) -> String {
    let removed = REMOVED.iter().find(|(old, kinds, _)| *old == version && kinds.contains(&kind));
    if let Some((_, _, now)) = removed {
        return format!(
            "this Kubernetes serves {kind} as {now} only: change apiVersion in the template, or take a newer version of the chart"
        );
    }
    if kind == "PodSecurityPolicy" {
        return "Kubernetes has no PodSecurityPolicy any more: switch it off in the chart's values, or take a newer version of the chart".to_owned();
    }
    // Groups of Kubernetes itself have no dot, or end so; those that end in `.k8s.io` are its add-ons', too.
    let group = version.split_once('/').map_or("", |(group, _)| group);
    if group.is_empty() || !group.contains('.') {
        return format!("this Kubernetes serves no {kind} in {version}: correct apiVersion or kind in the template");
    }
    format!(
        "the cluster has no {kind} of {version}: install its CustomResourceDefinition first (mostly with the chart of its operator), or correct apiVersion and kind"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::NoKindMatch;

    fn api(code: u16, reason: &str, message: &str) -> String {
        let (reason, message) = (reason.to_owned(), message.to_owned());
        let status = ApiStatus { code, reason, message, retry_after: None, from_gateway: false };
        KubeError::Performed(vec![KubeError::Api(Box::new(status)).context("while working")]).hint().unwrap_or_default()
    }

    #[test]
    fn conflicts_name_field_and_owner() {
        let one = "Apply failed with 1 conflict: conflict with \"kubectl\" using apps/v1: .spec.replicas";
        assert!(api(409, "Conflict", one).starts_with("\"kubectl\" manages .spec.replicas: "));
        let two = "Apply failed with 2 conflicts: conflicts with \"hand\" using v1:\n- .data.a\n- .data.b";
        assert!(api(409, "Conflict", two).starts_with("\"hand\" manages .data.a, .data.b: "));
        assert!(api(409, "Conflict", "the object has been modified").contains("once more"));
    }

    #[test]
    fn refusals_by_admission() {
        let quota = "pods \"x\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0";
        assert!(api(403, "Forbidden", quota).starts_with("ResourceQuota \"small\""));
        let webhook = "admission webhook \"a.b.c\" denied the request: no latest tags";
        let hint = api(400, "BadRequest", webhook);
        assert!(hint.starts_with("admission webhook \"a.b.c\" refused the object (no latest tags)"), "{hint}");
        let silent = "Internal error occurred: failed calling webhook \"a.b.c\": Post \"https://x\": dial tcp";
        assert!(api(500, "InternalError", silent).starts_with("webhook \"a.b.c\" does not answer"));
        let policy =
            "configmaps \"x\" is forbidden: ValidatingAdmissionPolicy 'own' with binding 'own' denied request: no";
        assert!(api(422, "Invalid", policy).starts_with("policy \"own\""));
    }

    #[test]
    fn forbidden_says_who_may_not_do_what_where() {
        let one = "configmaps is forbidden: User \"v\" cannot create resource \"configmaps\" in API group \"\" in the namespace \"n\"";
        assert_eq!(
            api(403, "Forbidden", one),
            "user \"v\" may not create configmaps: have it allowed by a Role and RoleBinding in namespace \"n\", or use other credentials"
        );
        let wide = "namespaces is forbidden: User \"v\" cannot create resource \"namespaces\" in API group \"\" at the cluster scope";
        assert!(api(403, "Forbidden", wide).contains("ClusterRole and"));
        assert_eq!(api(403, "Forbidden", "no"), "");
    }

    #[test]
    fn missing_things() {
        assert!(api(404, "NotFound", "namespaces \"n\" not found").contains("--create-namespace"));
        let kind = |kind: &str, version: &str| {
            let cause = NoKindMatch { kind: kind.into(), version: version.into() };
            KubeError::Mapping { name: "x".into(), namespace: String::new(), cause }.context("unable").hint().unwrap()
        };
        assert!(kind("Ingress", "extensions/v1beta1").contains("networking.k8s.io/v1 only"));
        assert!(kind("Widget", "example.com/v1").contains("CustomResourceDefinition"));
        assert!(kind("Widget", "apps/v1").contains("correct apiVersion"));
        assert!(kind("PodSecurityPolicy", "policy/v1beta1").contains("no PodSecurityPolicy"));
    }

    #[test]
    fn invalid_objects_name_the_field() {
        let one = "Deployment.apps \"x\" is invalid: spec.replicas: Invalid value: -1: must be 0 or more";
        assert!(api(422, "Invalid", one).starts_with("correct spec.replicas of Deployment.apps \"x\""));
        let more = "Service \"x\" is invalid: [spec.ports: Required value, spec.type: Unsupported value]";
        assert!(api(422, "Invalid", more).starts_with("correct spec.ports of Service \"x\""));
        let fixed = "Job.batch \"x\" is invalid: spec.template: Invalid value: 1: field is immutable";
        assert!(api(422, "Invalid", fixed).contains("--force-replace"));
        assert!(api(422, "Invalid", "").contains("correct"));
    }
}
