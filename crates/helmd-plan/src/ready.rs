//! Readiness as helm 3 (and helm 4 with `--wait=legacy`) judges it.

use crate::object::{flag, get, group, integer, kind, list, name, namespace, text};
use crate::selector::{label_map_text, selector_text};
use serde_json::Value as Json;

/// What [`legacy_ready`] finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The object is ready.
    Ready,
    /// It is not yet: why, as Helm logs it. Empty where Helm logs nothing.
    NotReady(String),
    /// It never will be: why.
    Failed(String),
}

/// What counts as ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadyOptions {
    /// Wait for jobs to complete.
    pub check_jobs: bool,
    /// Take a paused deployment as ready; otherwise it never is.
    pub paused_as_ready: bool,
}

/// Which other objects [`legacy_ready`] has to be given, of the object's namespace and by a label query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Related {
    /// None.
    Nothing,
    /// The replica sets (`apps/v1`) with these labels.
    ReplicaSets(String),
    /// The pods with these labels.
    Pods(String),
}

/// Which other objects the judgement of this one needs.
pub fn related(object: &Json) -> Related {
    let selector = get(object, &["spec", "selector"]);
    match (group(object), kind(object)) {
        ("apps" | "extensions", "Deployment") if flag(object, &["spec", "paused"]) => Related::Nothing,
        ("apps" | "extensions", "Deployment") => selector_text(selector).map_or(Related::Nothing, Related::ReplicaSets),
        ("apps" | "extensions", "ReplicaSet") => selector_text(selector).map_or(Related::Nothing, Related::Pods),
        ("", "ReplicationController") => Related::Pods(label_map_text(selector)),
        _ => Related::Nothing,
    }
}

/// Judges a live object. `others` are those that [`related`] asks for. Kinds without a rule are ready.
pub fn legacy_ready(object: &Json, others: &[Json], options: ReadyOptions) -> Readiness {
    match (group(object), kind(object)) {
        ("", "Pod") => pod(object),
        ("batch", "Job") if options.check_jobs => job(object),
        ("apps" | "extensions", "Deployment") if flag(object, &["spec", "paused"]) => {
            if options.paused_as_ready {
                Readiness::Ready
            } else {
                Readiness::NotReady(String::new())
            }
        }
        ("apps" | "extensions", "Deployment") => deployment(object, others),
        ("", "PersistentVolumeClaim") if text(object, &["status", "phase"]) != "Bound" => {
            not_ready(object, "PersistentVolumeClaim is not bound", "")
        }
        ("", "Service") => service(object),
        ("apps" | "extensions", "DaemonSet") => daemon_set(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("", "ReplicationController") => observed(object).unwrap_or_else(|| pods(others)),
        ("apps" | "extensions", "ReplicaSet") => observed(object).unwrap_or_else(|| pods(others)),
        _ => Readiness::Ready,
    }
}

/// `what: namespace/name` and details.
fn not_ready(object: &Json, what: &str, details: &str) -> Readiness {
    Readiness::NotReady(format!("{what}: {}/{}{details}", namespace(object), name(object)))
}

fn kind_not_ready(object: &Json, details: &str) -> Readiness {
    not_ready(object, &format!("{} is not ready", kind(object)), details)
}

/// Not ready while the controller has not seen the newest generation.
fn observed(object: &Json) -> Option<Readiness> {
    let generation = integer(object, &["metadata", "generation"], 0);
    let observed = integer(object, &["status", "observedGeneration"], 0);
    (generation != observed).then(|| {
        let details = format!(". observedGeneration ({observed}) does not match spec generation ({generation}).");
        kind_not_ready(object, &details)
    })
}

fn has_condition(object: &Json, kind: &str, status: &str) -> bool {
    let mut conditions = list(object, &["status", "conditions"]).iter();
    conditions.any(|c| text(c, &["type"]) == kind && text(c, &["status"]) == status)
}

fn pod(object: &Json) -> Readiness {
    if has_condition(object, "Ready", "True") { Readiness::Ready } else { not_ready(object, "Pod is not ready", "") }
}

fn pods(pods: &[Json]) -> Readiness {
    pods.iter().map(pod).find(|readiness| *readiness != Readiness::Ready).unwrap_or(Readiness::Ready)
}

fn job(object: &Json) -> Readiness {
    if integer(object, &["status", "failed"], 0) > integer(object, &["spec", "backoffLimit"], DEFAULT_BACKOFF_LIMIT) {
        return Readiness::Failed(format!("job is failed: {}/{}", namespace(object), name(object)));
    }
    let completions = get(object, &["spec", "completions"]).and_then(Json::as_i64);
    if completions.is_some_and(|wanted| integer(object, &["status", "succeeded"], 0) < wanted) {
        return not_ready(object, "Job is not completed", "");
    }
    Readiness::Ready
}

/// What the API server sets where a job does not say.
const DEFAULT_BACKOFF_LIMIT: i64 = 6;

fn service(object: &Json) -> Readiness {
    let service_type = text(object, &["spec", "type"]);
    if service_type == "ExternalName" {
        return Readiness::Ready;
    }
    if text(object, &["spec", "clusterIP"]).is_empty() {
        return not_ready(object, "Service does not have cluster IP address", "");
    }
    let external = !list(object, &["spec", "externalIPs"]).is_empty();
    let balanced = get(object, &["status", "loadBalancer", "ingress"]).is_some();
    if service_type == "LoadBalancer" && !external && !balanced {
        return not_ready(object, "Service does not have load balancer ingress IP address", "");
    }
    Readiness::Ready
}

fn definition(object: &Json) -> Readiness {
    // A conflict of names does not get better by waiting.
    let settled = has_condition(object, "Established", "True") || has_condition(object, "NamesAccepted", "False");
    if settled { Readiness::Ready } else { Readiness::NotReady(String::new()) }
}

fn deployment(object: &Json, replica_sets: &[Json]) -> Readiness {
    let Some(newest) = new_replica_set(object, replica_sets) else { return Readiness::NotReady(String::new()) };
    if let Some(behind) = observed(newest).or_else(|| observed(object)) {
        return behind;
    }
    let replicas = integer(object, &["spec", "replicas"], 1);
    let expected = replicas.saturating_sub(max_unavailable(object, replicas));
    let ready = integer(newest, &["status", "readyReplicas"], 0);
    if ready < expected {
        return kind_not_ready(object, &format!(". {ready} out of {expected} expected pods are ready"));
    }
    Readiness::Ready
}

/// The oldest replica set of the deployment that has its pod template.
fn new_replica_set<'a>(deployment: &Json, replica_sets: &'a [Json]) -> Option<&'a Json> {
    let uid = text(deployment, &["metadata", "uid"]);
    let owned = replica_sets.iter().filter(|set| {
        let mut owners = list(set, &["metadata", "ownerReferences"]).iter();
        owners.any(|owner| flag(owner, &["controller"]) && text(owner, &["uid"]) == uid)
    });
    let template = template(deployment);
    owned
        .filter(|set| self::template(set) == template)
        .min_by_key(|set| (text(set, &["metadata", "creationTimestamp"]), name(set)))
}

/// The pod template without the hash label and without empty parts.
fn template(object: &Json) -> Json {
    let mut template = get(object, &["spec", "template"]).cloned().unwrap_or_default();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Json::as_object_mut) {
        labels.remove("pod-template-hash");
    }
    drop_empty(&mut template);
    template
}

/// Takes out what Go's comparison does not see: `null` and empty lists and maps.
fn drop_empty(value: &mut Json) {
    let is_empty = |v: &Json| match v {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        _ => false,
    };
    match value {
        Json::Array(items) => items.iter_mut().for_each(drop_empty),
        Json::Object(entries) => {
            entries.values_mut().for_each(drop_empty);
            entries.retain(|_, v| !is_empty(v));
        }
        _ => {}
    }
}

/// How many pods of a rolling deployment may be unavailable.
fn max_unavailable(deployment: &Json, replicas: i64) -> i64 {
    if text(deployment, &["spec", "strategy", "type"]) != "RollingUpdate" || replicas == 0 {
        return 0;
    }
    let bound = |field: &str, round_up| {
        get(deployment, &["spec", "strategy", "rollingUpdate", field])
            .map_or(Some(0), |bound| scaled(bound, replicas, round_up))
    };
    let (Some(surge), Some(unavailable)) = (bound("maxSurge", true), bound("maxUnavailable", false)) else { return 0 };
    // Two bounds of 0 would allow no progress.
    let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
    unavailable.min(replicas)
}

/// A number or a percentage of the total.
fn scaled(bound: &Json, total: i64, round_up: bool) -> Option<i64> {
    if let Some(number) = bound.as_i64() {
        return Some(number);
    }
    let percent: i64 = bound.as_str()?.strip_suffix('%')?.parse().ok()?;
    let hundredfold = percent.checked_mul(total)?;
    let down = hundredfold.div_euclid(100);
    Some(if round_up && hundredfold.rem_euclid(100) != 0 { down + 1 } else { down })
}

fn daemon_set(object: &Json) -> Readiness {
    if let Some(behind) = observed(object) {
        return behind;
    }
    if text(object, &["spec", "updateStrategy", "type"]) != "RollingUpdate" {
        return Readiness::Ready;
    }
    let desired = integer(object, &["status", "desiredNumberScheduled"], 0);
    let updated = integer(object, &["status", "updatedNumberScheduled"], 0);
    if updated != desired {
        return kind_not_ready(object, &format!(". {updated} out of {desired} expected pods have been scheduled"));
    }
    let bound = get(object, &["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]);
    let unavailable = bound.and_then(|bound| scaled(bound, desired, true)).unwrap_or(desired);
    let (ready, expected) = (integer(object, &["status", "numberReady"], 0), desired.saturating_sub(unavailable));
    if ready < expected {
        return kind_not_ready(object, &format!(". {ready} out of {expected} expected pods are ready"));
    }
    Readiness::Ready
}

fn stateful_set(object: &Json) -> Readiness {
    if let Some(behind) = observed(object) {
        return behind;
    }
    if text(object, &["spec", "updateStrategy", "type"]) != "RollingUpdate" {
        return Readiness::Ready;
    }
    let partition = integer(object, &["spec", "updateStrategy", "rollingUpdate", "partition"], 0);
    let replicas = integer(object, &["spec", "replicas"], 1);
    let expected = replicas.saturating_sub(partition);
    let updated = integer(object, &["status", "updatedReplicas"], 0);
    if updated < expected {
        return kind_not_ready(object, &format!(". {updated} out of {expected} expected pods have been scheduled"));
    }
    let ready = integer(object, &["status", "readyReplicas"], 0);
    if ready != replicas {
        return kind_not_ready(object, &format!(". {ready} out of {replicas} expected pods are ready"));
    }
    let current = text(object, &["status", "currentRevision"]);
    let update = text(object, &["status", "updateRevision"]);
    // With a partition some pods keep the old revision.
    if partition == 0 && current != update {
        let details = format!(". currentRevision {current} does not yet match updateRevision {update}");
        return kind_not_ready(object, &details);
    }
    Readiness::Ready
}

#[cfg(test)]
mod tests {
    use super::{Readiness, ReadyOptions, Related, legacy_ready, related, scaled};
    use serde_json::{Value as Json, json};

    fn judge(object: &Json, others: &[Json]) -> Readiness {
        legacy_ready(object, others, ReadyOptions { check_jobs: true, paused_as_ready: false })
    }

    #[test]
    fn a_deployment_is_judged_by_its_newest_replica_set() {
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "d", "namespace": "n", "uid": "u", "generation": 2},
            "spec": {
                "replicas": 4, "selector": {"matchLabels": {"app": "d"}},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
                "template": {"metadata": {"labels": {"app": "d"}}, "spec": {}}},
            "status": {"observedGeneration": 2},
        });
        assert_eq!(related(&deployment), Related::ReplicaSets("app=d".to_owned()));
        assert_eq!(judge(&deployment, &[]), Readiness::NotReady(String::new()));
        let mut set = json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {"name": "d-1", "ownerReferences": [{"controller": true, "uid": "u"}]},
            "spec": {"template": {"metadata": {"creationTimestamp": null, "labels": {"app": "d", "pod-template-hash": "1"}}}},
            "status": {"readyReplicas": 2},
        });
        let text = "Deployment is not ready: n/d. 2 out of 3 expected pods are ready";
        assert_eq!(judge(&deployment, std::slice::from_ref(&set)), Readiness::NotReady(text.to_owned()));
        set["status"]["readyReplicas"] = json!(3);
        assert_eq!(judge(&deployment, &[set]), Readiness::Ready);
    }

    #[test]
    fn a_job_fails_for_good() {
        let mut job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": "n"},
            "spec": {"backoffLimit": 1, "completions": 1}, "status": {"failed": 2}});
        assert_eq!(judge(&job, &[]), Readiness::Failed("job is failed: n/j".to_owned()));
        job["status"] = json!({"failed": 1});
        assert_eq!(judge(&job, &[]), Readiness::NotReady("Job is not completed: n/j".to_owned()));
    }

    #[test]
    fn bounds_are_rounded() {
        assert_eq!(scaled(&json!("25%"), 5, true), Some(2));
        assert_eq!(scaled(&json!("25%"), 5, false), Some(1));
        assert_eq!(scaled(&json!("x"), 5, false), None);
    }
}
