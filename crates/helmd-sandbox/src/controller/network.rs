//! Addresses: load balancers and ingresses get one, Services get their Endpoints and EndpointSlices. Also the small statuses of
//! PodDisruptionBudgets and APIServices.

use std::sync::Arc;

use serde_json::json;

use super::{condition_true, controlled_by, key_of, make, put_condition, set_status};
use crate::{
    json::{self, Json},
    selector::Labels,
    state::State,
    store::Key,
};

/// From TEST-NET-1: nobody answers there.
const INGRESS_ADDRESS: &str = "192.0.2.10";

pub(super) fn look(state: &mut State) {
    for service in state.snapshot("/services", None) {
        balancer(state, &service);
        endpoints(state, &service);
    }
    for ingress in state.snapshot("networking.k8s.io/ingresses", None) {
        if json::list(&ingress, &["status", "loadBalancer", "ingress"]).is_empty() && !json::deleting(&ingress) {
            let status = json!({"loadBalancer": {"ingress": [{"ip": INGRESS_ADDRESS}]}});
            set_status(state, &key_of("networking.k8s.io/ingresses", &ingress), status);
        }
    }
    for budget in state.snapshot("policy/poddisruptionbudgets", None) {
        disruption_budget(state, &budget);
    }
    for service in state.snapshot("apiregistration.k8s.io/apiservices", None) {
        let mut status = service.get("status").cloned().unwrap_or_default();
        if json::at(&service, &["spec", "service"]).is_null() {
            put_condition(&mut status, "Available", true, "Local", "Local APIServices are always available");
        } else {
            let text = "the sandbox does not forward requests to extension API servers";
            put_condition(&mut status, "Available", false, "FailedDiscoveryCheck", text);
        }
        let key = Key::new("apiregistration.k8s.io/apiservices", "", json::name(&service));
        set_status(state, &key, status);
    }
}

fn balancer(state: &mut State, service: &Json) {
    let wanted = json::text(service, &["spec", "type"]) == "LoadBalancer";
    let has = !json::list(service, &["status", "loadBalancer", "ingress"]).is_empty();
    if wanted == has || json::deleting(service) {
        return;
    }
    let status = if wanted {
        // The last part of the cluster IP keeps addresses apart, mostly.
        let last = json::text(service, &["spec", "clusterIP"]).rsplit('.').next().unwrap_or("11").to_owned();
        json!({"loadBalancer": {"ingress": [{"ip": format!("198.51.100.{last}"), "ipMode": "VIP"}]}})
    } else {
        json!({"loadBalancer": {}})
    };
    set_status(state, &key_of("/services", service), status);
}

fn target_port(port: &Json, pod: &Json) -> Option<i64> {
    match json::at(port, &["targetPort"]) {
        Json::String(name) => json::list(pod, &["spec", "containers"])
            .iter()
            .flat_map(|c| json::list(c, &["ports"]))
            .find(|p| json::text(p, &["name"]) == name)
            .and_then(|p| json::int(p, &["containerPort"])),
        number => json::whole(number).or_else(|| json::int(port, &["port"])),
    }
}

fn endpoints(state: &mut State, service: &Json) {
    let (name, namespace) = (json::name(service), json::namespace(service));
    let Some(selector) = Labels::from_map(json::at(service, &["spec", "selector"])) else { return };
    let pods: Vec<Arc<Json>> = state
        .store
        .range("/pods", Some(namespace), None)
        .map(|(_, pod)| pod)
        .filter(|p| selector.matches_object(p) && !json::text(p, &["status", "podIP"]).is_empty())
        .cloned()
        .collect();
    let reference =
        |pod: &Json| json!({"kind": "Pod", "name": json::name(pod), "namespace": namespace, "uid": json::uid(pod)});
    let address = |pod: &Json| json!({"ip": json::text(pod, &["status", "podIP"]), "nodeName": json::text(pod, &["spec", "nodeName"]), "targetRef": reference(pod)});
    let ready = |pod: &Json| condition_true(pod, "Ready") && !json::deleting(pod);
    let ports: Vec<Json> = json::list(service, &["spec", "ports"])
        .iter()
        .filter_map(|port| {
            let number = pods.iter().find_map(|pod| target_port(port, pod))?;
            let mut one = json!({"port": number, "protocol": json::text(port, &["protocol"])});
            if let Some(name) = port.get("name") {
                json::set(&mut one, &["name"], name.clone());
            }
            Some(one)
        })
        .collect();
    let of = |want: bool| pods.iter().filter(|p| ready(p) == want).map(|p| address(p)).collect::<Vec<_>>();
    let mut subset = json!({"ports": ports});
    for (key, list) in [("addresses", of(true)), ("notReadyAddresses", of(false))] {
        if !list.is_empty() {
            json::set(&mut subset, &[key], list);
        }
    }
    let subsets = if pods.is_empty() { json!([]) } else { json!([subset]) };
    let labels = json!({"endpoints.kubernetes.io/managed-by": "endpoint-controller"});
    let object = json!({"apiVersion": "v1", "kind": "Endpoints", "subsets": subsets,
        "metadata": {"name": name, "namespace": namespace, "labels": labels}});
    keep(state, Key::new("/endpoints", namespace, name), object, &["subsets"]);
    let list: Vec<Json> = pods
        .iter()
        .map(|pod| {
            let is_ready = ready(pod);
            json!({"addresses": [json::text(pod, &["status", "podIP"])], "nodeName": json::text(pod, &["spec", "nodeName"]),
                "conditions": {"ready": is_ready, "serving": is_ready, "terminating": json::deleting(pod)}, "targetRef": reference(pod)})
        })
        .collect();
    let slice = format!("{name}-sandbox");
    let labels = json!({"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io", "kubernetes.io/service-name": name});
    // Clients take the name of a slice's port for given, even where it is empty.
    let mut ports = ports;
    ports.iter_mut().for_each(|port| json::default(port, &["name"], ""));
    let object = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "endpoints": list, "ports": ports,
        "metadata": {"name": slice, "namespace": namespace, "labels": labels, "ownerReferences": controlled_by(service)}});
    keep(state, Key::new("discovery.k8s.io/endpointslices", namespace, &slice), object, &["endpoints", "ports"]);
}

/// Makes an object, or brings these fields of it up to date. One that somebody else keeps is left alone.
fn keep(state: &mut State, key: Key, object: Json, fields: &[&str]) {
    let Some(old) = state.store.get(&key).cloned() else {
        make(state, object);
        return;
    };
    if json::at(&old, &["metadata", "labels"]) != json::at(&object, &["metadata", "labels"]) || json::deleting(&old) {
        return;
    }
    let mut new = Json::clone(&old);
    for field in fields {
        json::set(&mut new, &[field], json::at(&object, &[field]).clone());
    }
    if new != *old {
        state.put(key, new);
    }
}

/// A count or a percentage of `total`.
pub(super) fn share(value: &Json, total: i64, up: bool) -> Option<i64> {
    match value {
        Json::String(text) => {
            let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
            let product = percent.saturating_mul(total);
            Some(if up { (product + 99) / 100 } else { product / 100 })
        }
        number => json::whole(number),
    }
}

fn disruption_budget(state: &mut State, budget: &Json) {
    let Some(selector) = Labels::from_object(json::at(budget, &["spec", "selector"])) else { return };
    let (mut expected, mut healthy) = (0i64, 0i64);
    for (_, pod) in state.store.range("/pods", Some(json::namespace(budget)), None) {
        if selector.matches_object(pod) && super::active(pod) {
            expected += 1;
            healthy += i64::from(condition_true(pod, "Ready"));
        }
    }
    let min = share(json::at(budget, &["spec", "minAvailable"]), expected, true);
    let max = share(json::at(budget, &["spec", "maxUnavailable"]), expected, true);
    let desired = min.or(max.map(|m| (expected - m).max(0))).unwrap_or(0);
    let allowed = if expected == 0 { 0 } else { (healthy - desired).max(0) };
    let mut status = budget.get("status").cloned().unwrap_or_default();
    for (key, value) in [
        ("currentHealthy", healthy),
        ("desiredHealthy", desired),
        ("disruptionsAllowed", allowed),
        ("expectedPods", expected),
        ("observedGeneration", json::int(budget, &["metadata", "generation"]).unwrap_or(1)),
    ] {
        json::set(&mut status, &[key], value);
    }
    let reason = if allowed > 0 { "SufficientPods" } else { "InsufficientPods" };
    put_condition(&mut status, "DisruptionAllowed", allowed > 0, reason, "");
    set_status(state, &key_of("policy/poddisruptionbudgets", budget), status);
}
