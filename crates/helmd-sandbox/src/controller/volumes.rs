//! PersistentVolumeClaims get a volume: a waiting one that fits, or a new one of their class.

use std::sync::Arc;

use serde_json::json;

use super::{drop_object, events, key_of, make, set_status};
use crate::{
    json::{self, Json},
    state::State,
    store::Key,
    write::{self, How},
};

const CLAIMS: &str = "/persistentvolumeclaims";
const VOLUMES: &str = "/persistentvolumes";

pub(super) fn look(state: &mut State) {
    for volume in state.snapshot(VOLUMES, None) {
        let key = Key::new(VOLUMES, "", json::name(&volume));
        let claim = json::text(&volume, &["spec", "claimRef", "uid"]);
        match json::text(&volume, &["status", "phase"]) {
            "Pending" | "" if claim.is_empty() => _ = set_status(state, &key, json!({"phase": "Available"})),
            "Bound" => {
                let reference = json::at(&volume, &["spec", "claimRef"]);
                let (namespace, name) = (json::text(reference, &["namespace"]), json::text(reference, &["name"]));
                let lives = state.get(CLAIMS, namespace, name).is_some_and(|c| json::uid(c) == claim);
                if !lives {
                    if json::text(&volume, &["spec", "persistentVolumeReclaimPolicy"]) == "Delete" {
                        drop_object(state, &key);
                    } else {
                        set_status(state, &key, json!({"phase": "Released"}));
                    }
                }
            }
            _ => {}
        }
    }
    for claim in state.snapshot(CLAIMS, None) {
        if json::text(&claim, &["status", "phase"]) != "Bound" && !json::deleting(&claim) {
            bind(state, &claim);
        }
    }
}

fn default_class(state: &State) -> Option<Arc<Json>> {
    let mark = ["metadata", "annotations", "storageclass.kubernetes.io/is-default-class"];
    state.store.all("storage.k8s.io/storageclasses").find(|c| json::text(c, &mark) == "true").cloned()
}

fn fits(volume: &Json, claim: &Json, class: &str) -> bool {
    let named = json::text(claim, &["spec", "volumeName"]);
    if !named.is_empty() {
        return json::name(volume) == named;
    }
    let modes = json::list(volume, &["spec", "accessModes"]);
    let reference = json::at(volume, &["spec", "claimRef"]);
    let reserved = reference.is_null()
        || json::text(reference, &["name"]) == json::name(claim)
            && json::text(reference, &["namespace"]) == json::namespace(claim);
    reserved
        && json::text(volume, &["spec", "storageClassName"]) == class
        && json::list(claim, &["spec", "accessModes"]).iter().all(|m| modes.contains(m))
}

fn bind(state: &mut State, claim: &Json) {
    let class = match json::at(claim, &["spec", "storageClassName"]) {
        Json::String(name) => name.clone(),
        _ => default_class(state).map(|c| json::name(&c).to_owned()).unwrap_or_default(),
    };
    let free = state
        .store
        .all(VOLUMES)
        .find(|v| matches!(json::text(v, &["status", "phase"]), "Available" | "Pending") && fits(v, claim, &class));
    let volume = match free.cloned() {
        Some(volume) => volume,
        None if class.is_empty() || !json::text(claim, &["spec", "volumeName"]).is_empty() => {
            let text = "no persistent volumes available for this claim and no storage class is set";
            if state.store.all("/events").all(|e| json::text(e, &["involvedObject", "uid"]) != json::uid(claim)) {
                events::note(state, claim, ("persistentvolume-controller", "Normal"), "FailedBinding", text);
            }
            return;
        }
        None => {
            let name = format!("pvc-{}", json::uid(claim));
            let policy = state
                .get("storage.k8s.io/storageclasses", "", &class)
                .map_or("Delete", |c| json::text(c, &["reclaimPolicy"]));
            let object = json!({
                "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
                "spec": {
                    "capacity": json::at(claim, &["spec", "resources", "requests"]), "storageClassName": class,
                    "accessModes": json::at(claim, &["spec", "accessModes"]), "volumeMode": json::at(claim, &["spec", "volumeMode"]),
                    "persistentVolumeReclaimPolicy": if policy.is_empty() { "Delete" } else { policy },
                    "hostPath": {"path": format!("/sandbox/{name}"), "type": ""},
                },
            });
            let Some(volume) = make(state, object) else { return };
            let text = format!("Successfully provisioned volume {name}");
            events::note(state, claim, ("sandbox", "Normal"), "ProvisioningSucceeded", &text);
            volume
        }
    };
    let reference = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": json::name(claim),
        "namespace": json::namespace(claim), "uid": json::uid(claim)});
    let key = Key::new(VOLUMES, "", json::name(&volume));
    write::edit(state, &key, &How::controller(), |v| json::set(v, &["spec", "claimRef"], reference));
    set_status(state, &key, json!({"phase": "Bound"}));
    let key = key_of(CLAIMS, claim);
    write::edit(state, &key, &How::controller(), |c| {
        json::set(c, &["spec", "volumeName"], json::name(&volume));
        json::default(c, &["spec", "storageClassName"], class);
        json::set(c, &["metadata", "annotations", "pv.kubernetes.io/bind-completed"], "yes");
    });
    let status = json!({"phase": "Bound", "accessModes": json::at(&volume, &["spec", "accessModes"]),
        "capacity": json::at(&volume, &["spec", "capacity"])});
    set_status(state, &key, status);
}
