//! Creating before looking. An install has to know that its objects do not exist, and asks for each. Where an object does
//! nothing by itself, its creation is the question: the server refuses a name that is taken, and what was created until then is
//! taken back, so that the outcome is the one of looking first. That halves the calls for such objects.
//!
//! Only for objects of the release's own namespace, created by the client's method (the server's has no creation that refuses),
//! where Helm has nothing to do between its looks and the creation, and no second object has the same name.

use std::time::Duration;

use helmd_kube::{ApplyOptions, KubeError, Resource};
use helmd_release::{HookEvent, Release};
use serde_json::Value as Json;

use crate::context::Context;
use crate::error::ActionError;
use crate::ownership;

/// How long is tried to take objects back.
const PATIENCE: Duration = Duration::from_secs(30);

/// In which order objects are claimed. None of them does anything before something refers to it; what comes last is least so.
const INERT: [(&str, &str); 7] = [
    ("", "ServiceAccount"),
    ("", "Secret"),
    ("", "ConfigMap"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
    ("policy", "PodDisruptionBudget"),
    ("", "Service"),
];

/// Kinds that other objects of the manifest may have to wait for.
const FIRST: [&str; 3] = ["Namespace", "ResourceQuota", "LimitRange"];

/// What became of objects that were claimed, by their place in the manifest.
pub(crate) type Claimed = Vec<(usize, Result<(), KubeError>)>;

/// What became of a claim.
pub(crate) enum Claim {
    /// Each was created, or failed as it would have at its turn.
    Made(Claimed),
    /// These exist, and are the release's.
    Ours(Vec<Resource>),
    /// One is somebody else's, or cannot be looked at: nothing is left of the claim.
    Refused(ActionError),
    /// As [`Claim::Refused`], but not everything could be taken back, or the work was cancelled.
    Failed(ActionError),
}

/// The objects that need no look, in order of their claim.
pub(crate) fn unlooked(resources: &[Resource], release: &Release, hooks_run: bool) -> Vec<usize> {
    let comes_between = hooks_run && release.hooks.iter().any(|hook| hook.has_event(&HookEvent::PreInstall));
    if comes_between || resources.iter().any(|resource| FIRST.contains(&resource.mapping.kind.as_str())) {
        return Vec::new();
    }
    let mut chosen: Vec<(usize, usize)> = resources
        .iter()
        .enumerate()
        .filter(|(_, resource)| resource.namespace == release.namespace && !resource.name.is_empty())
        .filter_map(|(place, resource)| Some((rank(resource)?, place)))
        .collect();
    chosen.sort_unstable();
    let twice = chosen.iter().any(|(_, place)| {
        resources.get(*place).is_some_and(|one| resources.iter().filter(|other| other.is_same(one)).count() > 1)
    });
    if twice { Vec::new() } else { chosen.into_iter().map(|(_, place)| place).collect() }
}

fn rank(resource: &Resource) -> Option<usize> {
    let mapping = &resource.mapping;
    let rank = INERT.iter().position(|(group, kind)| mapping.group == *group && mapping.kind == *kind)?;
    let at = |pointer: &str| resource.object.pointer(pointer);
    let inert = match mapping.kind.as_str() {
        // One that binds a role of the whole cluster, which the manifest may bring, has to come after it.
        "RoleBinding" => at("/roleRef/kind").and_then(Json::as_str) == Some("Role"),
        // Others have an effect outside the cluster.
        "Service" => {
            at("/spec/type").is_none_or(|kind| kind.as_str() == Some("ClusterIP")) && at("/spec/externalIPs").is_none()
        }
        _ => true,
    };
    inert.then_some(rank)
}

/// Creates objects that were not looked at, kind after kind, up to the first kind that has a name that is taken.
pub(crate) async fn claim(
    cx: &Context,
    release: &Release,
    resources: &mut [Resource],
    (places, apply): (&[usize], &ApplyOptions),
) -> Claim {
    let mut claimed = Claimed::new();
    let mut created: Vec<(usize, Resource)> = Vec::new();
    let kind = |place: &usize| resources.get(*place).map(|resource| &resource.mapping.kind);
    for batch in places.chunk_by(|a, b| kind(a) == kind(b)) {
        let results = match create(cx, resources, batch, apply).await {
            Ok(results) => results,
            Err(err) => return Claim::Failed(err.into()),
        };
        let mut taken = false;
        for (place, after, result) in results {
            match result {
                Err(err) if err.is_already_exists() => taken = true,
                // A repeated call may have met an object that was there before the first.
                Ok(()) if helmd_plan::ownership::check(&after.object, &release.name, &release.namespace).is_err() => {
                    taken = true;
                }
                Ok(()) => {
                    created.push((place, after));
                    claimed.push((place, Ok(())));
                }
                failed @ Err(_) => claimed.push((place, failed)),
            }
        }
        if !taken {
            continue;
        }
        // Who has that one, and what else is there: told in the manifest's order.
        let done = |place: &usize| claimed.iter().any(|(one, _)| one == place);
        let mut open: Vec<usize> = places.iter().copied().filter(|place| !done(place)).collect();
        open.sort_unstable();
        let open: Vec<Resource> = open.into_iter().filter_map(|place| resources.get(place).cloned()).collect();
        return match ownership::existing(cx, &open, &release.name, false).await {
            Ok(ours) => Claim::Ours(ours),
            Err(err) => take_back(cx, created, err).await,
        };
    }
    created.into_iter().for_each(|(place, resource)| put(resources, place, resource));
    Claim::Made(claimed)
}

/// Creates the objects at these places, and gives them as the server answered, with what became of each.
async fn create(
    cx: &Context,
    resources: &[Resource],
    places: &[usize],
    apply: &ApplyOptions,
) -> Result<Vec<(usize, Resource, Result<(), KubeError>)>, KubeError> {
    let mut objects: Vec<Resource> = places.iter().filter_map(|place| resources.get(*place).cloned()).collect();
    let results = cx.cluster.create_each(&mut objects, apply).await?;
    Ok(places.iter().zip(objects).zip(results).map(|((place, object), result)| (*place, object, result)).collect())
}

fn put(resources: &mut [Resource], place: usize, resource: Resource) {
    if let Some(slot) = resources.get_mut(place) {
        *slot = resource;
    }
}

/// Creates the rest, and tells all failures in the manifest's order.
pub(crate) async fn create_others(
    cx: &Context,
    resources: &mut [Resource],
    mut claimed: Claimed,
    apply: &ApplyOptions,
) -> Result<(), KubeError> {
    let is_claimed = |place: &usize| claimed.iter().any(|(one, _)| one == place);
    let places: Vec<usize> = (0..resources.len()).filter(|place| !is_claimed(place)).collect();
    for (place, resource, result) in create(cx, resources, &places, apply).await? {
        put(resources, place, resource);
        claimed.push((place, result));
    }
    claimed.sort_by_key(|(place, _)| *place);
    let errors: Vec<_> = claimed.into_iter().filter_map(|(_, result)| result.err()).collect();
    if errors.is_empty() { Ok(()) } else { Err(KubeError::Performed(errors)) }
}

async fn take_back(cx: &Context, created: Vec<(usize, Resource)>, err: ActionError) -> Claim {
    let cluster = cx.uncancelled().cluster.with_patience(PATIENCE);
    let mut is_clean = true;
    for (_, resource) in created.iter().rev() {
        if let Err(failure) = cluster.take_back(resource).await {
            cx.warn(format!(
                "{} was created and cannot be taken back: {}",
                resource.describe(),
                helmd_kube::helm_text(&failure)
            ));
            is_clean = false;
        }
    }
    if is_clean { Claim::Refused(err) } else { Claim::Failed(err) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use helmd_kube::Mapping;
    use helmd_release::Hook;
    use serde_json::json;

    use super::*;

    fn resource(group: &str, kind: &str, namespace: &str, name: &str, spec: Json) -> Resource {
        let mapping = Mapping {
            group: group.into(),
            version: "v1".into(),
            kind: kind.into(),
            plural: kind.to_lowercase(),
            namespaced: !namespace.is_empty(),
        };
        let mut object = json!({"metadata": {"name": name, "namespace": namespace}});
        if let (Some(object), Json::Object(spec)) = (object.as_object_mut(), spec) {
            object.extend(spec);
        }
        Resource::new(Arc::new(mapping), object)
    }

    fn core(kind: &str, name: &str) -> Resource {
        resource("", kind, "here", name, json!({}))
    }

    fn release() -> Release {
        Release { name: "r".into(), namespace: "here".into(), ..Release::default() }
    }

    #[test]
    fn what_does_nothing_by_itself_is_claimed_and_the_rest_is_looked_at() {
        let rbac = "rbac.authorization.k8s.io";
        let resources = [
            resource("networking.k8s.io", "NetworkPolicy", "here", "a", json!({})),
            core("Secret", "a"),
            core("ServiceAccount", "a"),
            resource("", "ConfigMap", "elsewhere", "a", json!({})),
            core("ConfigMap", "a"),
            resource(rbac, "RoleBinding", "here", "a", json!({"roleRef": {"kind": "ClusterRole"}})),
            resource(rbac, "RoleBinding", "here", "b", json!({"roleRef": {"kind": "Role"}})),
            resource("", "Service", "here", "a", json!({"spec": {"type": "LoadBalancer"}})),
            resource("", "Service", "here", "b", json!({"spec": {"externalIPs": ["192.0.2.1"]}})),
            core("Service", "c"),
            resource("apps", "Deployment", "here", "a", json!({})),
            resource("", "ConfigMap", "here", "", json!({"metadata": {"namespace": "here", "generateName": "x"}})),
            resource("example.com", "Secret", "here", "a", json!({})),
        ];
        assert_eq!(unlooked(&resources, &release(), true), [2, 1, 4, 6, 9]);
    }

    #[test]
    fn nothing_is_claimed_where_something_has_to_come_first() {
        let one = || vec![core("ConfigMap", "a")];
        assert_eq!(unlooked(&one(), &release(), true), [0]);
        for kind in FIRST {
            assert_eq!(unlooked(&[one(), vec![core(kind, "a")]].concat(), &release(), true), [0_usize; 0], "{kind}");
        }
        assert_eq!(unlooked(&[one(), one()].concat(), &release(), true), [0_usize; 0], "the same twice");
        let hook = Hook { events: vec![HookEvent::PreInstall], ..Hook::default() };
        let hooked = Release { hooks: vec![hook], ..release() };
        assert_eq!(unlooked(&one(), &hooked, true), [0_usize; 0]);
        assert_eq!(unlooked(&one(), &hooked, false), [0]);
    }
}
