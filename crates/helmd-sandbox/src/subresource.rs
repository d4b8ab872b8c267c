//! Subresources beside status: scale, logs, tokens, evictions, bindings, finalize.

use std::sync::Arc;

use serde_json::json;

use crate::{
    admit, clock, delete,
    error::{ApiError, Cause},
    json::{self, Json},
    kinds::{Kind, ScalePaths},
    request::{Call, Target},
    selector::Labels,
    state::State,
    store::Key,
    write,
    write::How,
};

fn current(state: &State, target: &Target) -> Result<(Key, Arc<Json>), ApiError> {
    let name = target.name()?;
    let key = Key::new(&target.kind.storage, target.ns(), name);
    let object = state.store.get(&key).cloned().ok_or_else(|| ApiError::not_found(&target.kind, name))?;
    Ok((key, object))
}

fn paths(kind: &Kind) -> ScalePaths {
    kind.scale.clone().unwrap_or_else(|| ScalePaths {
        spec: ".spec.replicas".to_owned(),
        status: ".status.replicas".to_owned(),
        selector: String::new(),
    })
}

fn dotted(path: &str) -> Vec<&str> {
    path.split('.').filter(|p| !p.is_empty()).collect()
}

/// The Scale of an object.
fn scale_of(kind: &Kind, object: &Json) -> Json {
    let paths = paths(kind);
    let mut scale = json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {}});
    for key in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        json::set(&mut scale, &["metadata", key], json::at(object, &["metadata", key]).clone());
    }
    json::set(&mut scale, &["spec", "replicas"], json::int(object, &dotted(&paths.spec)).unwrap_or(0));
    json::set(&mut scale, &["status", "replicas"], json::int(object, &dotted(&paths.status)).unwrap_or(0));
    let selector = if paths.selector.is_empty() {
        let selector = json::at(object, &["spec", "selector"]);
        let read = if kind.is("", "ReplicationController") {
            Labels::from_map(selector)
        } else {
            Labels::from_object(selector)
        };
        read.map(|l| l.text()).unwrap_or_default()
    } else {
        json::text(object, &dotted(&paths.selector)).to_owned()
    };
    if !selector.is_empty() {
        json::set(&mut scale, &["status", "selector"], selector);
    }
    scale
}

/// GET, PUT and PATCH of `scale`.
///
/// # Errors
/// As for the object itself; 422 for negative replicas.
pub(crate) fn scale(state: &mut State, call: &Call, target: &Target, how: &How) -> Result<Json, ApiError> {
    let (_, object) = current(state, target)?;
    let kind = target.kind.clone();
    let mut scale = scale_of(&kind, &object);
    match call.method {
        http::Method::GET => return Ok(scale),
        http::Method::PUT => scale = admit::read_body(&state.schema, call)?,
        http::Method::PATCH => {
            let patch = admit::read_yaml(&call.body)?;
            let kind = match call.content_type() {
                "application/json-patch+json" => "application/json-patch+json",
                _ => "application/merge-patch+json",
            };
            scale = crate::patch::change_by(kind, &target.kind, &scale, &patch)?;
        }
        _ => return Err(ApiError::no_method()),
    }
    let replicas = json::int(&scale, &["spec", "replicas"]).unwrap_or(0);
    if replicas < 0 {
        let cause = Cause::invalid("spec.replicas", &json!(replicas), "must be greater than or equal to 0");
        return Err(ApiError::invalid(&kind, json::name(&object), &[cause]));
    }
    let sent = json::text(&scale, &["metadata", "resourceVersion"]).to_owned();
    let mut new = Json::clone(&object);
    json::set(&mut new, &["metadata", "resourceVersion"], sent);
    json::set(&mut new, &dotted(&paths(&kind).spec), replicas);
    let storage_kind = state.registry.by_storage(&kind.storage).unwrap_or_else(|| kind.clone());
    let stored = write::update(state, &storage_kind, &object, new, how)?;
    Ok(scale_of(&kind, &stored))
}

/// The text of a container's log: one line that says that nothing ran.
///
/// # Errors
/// 400 when the container is not named, unknown or not started.
pub(crate) fn log(state: &State, call: &Call, target: &Target) -> Result<String, ApiError> {
    let (_, pod) = current(state, target)?;
    let name = json::name(&pod);
    let containers = json::list(&pod, &["spec", "containers"]);
    let all: Vec<&Json> = json::list(&pod, &["spec", "initContainers"]).iter().chain(containers).collect();
    let names = |list: &[&Json]| list.iter().map(|c| json::text(c, &["name"])).collect::<Vec<_>>().join(" ");
    let asked = call.query.get("container");
    let container = match (asked, containers) {
        ("", [only]) => only,
        ("", _) => {
            let text = format!(
                "a container name must be specified for pod {name}, choose one of: [{}]",
                names(&containers.iter().collect::<Vec<_>>())
            );
            return Err(ApiError::bad_request(text));
        }
        (asked, _) => all
            .iter()
            .find(|c| json::text(c, &["name"]) == asked)
            .ok_or_else(|| ApiError::bad_request(format!("container {asked} is not valid for pod {name}")))?,
    };
    let wanted = json::text(container, &["name"]);
    let statuses = ["initContainerStatuses", "containerStatuses"];
    let status =
        statuses.iter().flat_map(|s| json::list(&pod, &["status", s])).find(|s| json::text(s, &["name"]) == wanted);
    let reason = status.map_or("ContainerCreating", |s| json::text(s, &["state", "waiting", "reason"]));
    if !matches!(reason, "" | "CrashLoopBackOff") {
        let why = match reason {
            "ImagePullBackOff" => "trying and failing to pull image",
            other => other,
        };
        let text = format!("container \"{wanted}\" in pod \"{name}\" is waiting to start: {why}");
        return Err(ApiError::bad_request(text));
    }
    let image = json::text(container, &["image"]);
    let line = format!("sandbox: container {wanted} of pod {name} ({image}) was not really run\n");
    if call.query.flag("timestamps") { Ok(format!("{} {line}", clock::now())) } else { Ok(line) }
}

/// A token for a ServiceAccount: it opens nothing.
///
/// # Errors
/// 404 without that account.
pub(crate) fn token(state: &State, call: &Call, target: &Target) -> Result<Json, ApiError> {
    let (_, account) = current(state, target)?;
    let mut request = admit::read_body(&state.schema, call)?;
    let seconds = json::int(&request, &["spec", "expirationSeconds"]).unwrap_or(3600).clamp(600, 86_400 * 365);
    let expires = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    json::set(&mut request, &["kind"], "TokenRequest");
    json::set(&mut request, &["apiVersion"], "authentication.k8s.io/v1");
    json::set(&mut request, &["metadata", "name"], json::name(&account));
    json::set(&mut request, &["metadata", "namespace"], json::namespace(&account));
    json::set(&mut request, &["spec", "expirationSeconds"], seconds);
    json::default(&mut request, &["spec", "audiences"], json!(["https://kubernetes.default.svc"]));
    let token = format!("sandbox.{}.{}", json::name(&account), write::random_suffix(20));
    json::set(&mut request, &["status"], json!({"token": token, "expirationTimestamp": clock::stamp(expires)}));
    Ok(request)
}

/// Puts a pod on a node.
///
/// # Errors
/// 404 without that pod, 409 when it has a node.
pub(crate) fn bind(state: &mut State, call: &Call, target: &Target) -> Result<Json, ApiError> {
    let binding = admit::read_body(&state.schema, call)?;
    let named = target.name.clone().unwrap_or_else(|| json::name(&binding).to_owned());
    let pods = state.registry.by_plural("", "v1", "pods").ok_or_else(ApiError::no_resource)?;
    let key = Key::new("/pods", target.ns(), &named);
    let pod = state.store.get(&key).cloned().ok_or_else(|| ApiError::not_found(&pods, &named))?;
    if !json::text(&pod, &["spec", "nodeName"]).is_empty() {
        return Err(ApiError::conflict(&pods, &named, &format!("pod {named} is already assigned to a node")));
    }
    let node = json::text(&binding, &["target", "name"]).to_owned();
    write::edit(state, &key, &How::controller(), |pod| json::set(pod, &["spec", "nodeName"], node));
    Ok(success())
}

/// Evicts a pod: deletes it.
///
/// # Errors
/// As for a deletion.
pub(crate) fn evict(state: &mut State, call: &Call, target: &Target) -> Result<Json, ApiError> {
    let eviction = admit::read_body(&state.schema, call)?;
    let grace = json::int(&eviction, &["deleteOptions", "gracePeriodSeconds"]);
    delete::delete(state, target, &delete::Deletion { grace, ..Default::default() })?;
    Ok(success())
}

fn success() -> Json {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})
}
