//! Ends: dependents of deleted owners, foreground deletion, namespaces and their content. And beginnings: what every
//! namespace gets.

use std::collections::BTreeSet;

use serde_json::json;

use super::{drop_object, make};
use crate::{
    delete::{self, Deletion, FOREGROUND},
    json::{self, Json},
    seed::ROOT_CA,
    state::State,
    store::Key,
    write::finalizers_done,
};

const ROOT_CA_DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
    endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions \
    of Kubernetes clusters.";

pub(super) fn look(state: &mut State) {
    collect_orphans(state);
    foreground(state);
    namespaces(state);
}

fn collect_orphans(state: &mut State) {
    let known: BTreeSet<&str> = state.store.everything().map(|(_, o)| json::uid(o)).collect();
    let gone: Vec<Key> = state
        .store
        .everything()
        .filter(|(_, object)| {
            let owners = json::list(object, &["metadata", "ownerReferences"]);
            !owners.is_empty()
                && !json::deleting(object)
                && owners.iter().all(|o| !known.contains(json::text(o, &["uid"])))
        })
        .map(|(key, _)| key.clone())
        .collect();
    for key in gone {
        drop_object(state, &key);
    }
}

/// Owners that wait for their dependents: dependents are deleted, and the owner goes when none is left.
fn foreground(state: &mut State) {
    let waits = |object: &Json| json::list(object, &["metadata", "finalizers"]).iter().any(|f| f == FOREGROUND);
    let owners: Vec<(Key, String)> = state
        .store
        .everything()
        .filter(|(_, o)| json::deleting(o) && waits(o))
        .map(|(k, o)| (k.clone(), json::uid(o).to_owned()))
        .collect();
    for (key, uid) in owners {
        let dependents: Vec<(Key, bool)> = state
            .store
            .everything()
            .filter(|(_, o)| {
                json::list(o, &["metadata", "ownerReferences"]).iter().any(|r| json::text(r, &["uid"]) == uid)
            })
            .map(|(k, o)| (k.clone(), json::deleting(o)))
            .collect();
        for (dependent, going) in &dependents {
            if let (false, Some(kind)) = (*going, state.registry.by_storage(&dependent.storage)) {
                let how = Deletion { dependents: delete::Dependents::Foreground, ..Deletion::default() };
                delete::delete_object(state, &kind, dependent, &how);
            }
        }
        if dependents.is_empty()
            && let Some(object) = state.store.get(&key).cloned()
            && let Some(kind) = state.registry.by_storage(&key.storage)
        {
            let mut object = Json::clone(&object);
            if let Json::Array(all) = json::slot(&mut object, &["metadata", "finalizers"]) {
                all.retain(|f| f != FOREGROUND);
            }
            let done = finalizers_done(&kind, &object);
            state.put(key.clone(), object);
            if done {
                state.erase(&key);
            }
        }
    }
}

fn namespaces(state: &mut State) {
    for space in state.snapshot("/namespaces", None) {
        let name = json::name(&space);
        if json::deleting(&space) {
            empty_out(state, name, &space);
            continue;
        }
        if state.get("/serviceaccounts", name, "default").is_none() {
            make(
                state,
                json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}),
            );
        }
        if state.get("/configmaps", name, "kube-root-ca.crt").is_none() {
            let annotations = json!({"kubernetes.io/description": ROOT_CA_DESCRIPTION});
            make(
                state,
                json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "kube-root-ca.crt", "namespace": name, "annotations": annotations}, "data": {"ca.crt": ROOT_CA}}),
            );
        }
    }
}

fn empty_out(state: &mut State, name: &str, space: &Json) {
    let content: Vec<Key> =
        state.store.everything().filter(|(k, _)| k.namespace == name).map(|(k, _)| k.clone()).collect();
    for key in &content {
        let Some(kind) = state.registry.by_storage(&key.storage) else {
            state.erase(key);
            continue;
        };
        // Pods go at once: their node would not be asked again.
        let how = Deletion { grace: Some(0), ..Deletion::default() };
        delete::delete_object(state, &kind, key, &how);
    }
    let left = state.store.everything().any(|(k, _)| k.namespace == name);
    if !left && json::list(space, &["metadata", "finalizers"]).is_empty() {
        state.erase(&Key::new("/namespaces", "", name));
    }
}
