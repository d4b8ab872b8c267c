//! Server-side apply: owners, conflicts, lists by key, pruning.

use crate::common::{Api, config_map, deployment};
use serde_json::json;

const MAP: &str = "/api/v1/namespaces/default/configmaps/x";

fn map(data: serde_json::Value) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data})
}

#[tokio::test]
async fn conflicts_as_kubernetes_tells_them() {
    let api = Api::start().await;
    let mut first = config_map("x");
    first["metadata"]["labels"] = json!(null);
    api.post("/api/v1/namespaces/default/configmaps", &first).await;
    let clash = api.patch(&format!("{MAP}?fieldManager=b"), "apply", &map(json!({"k": "2"}))).await;
    assert_eq!(clash.status, 409);
    assert_eq!(clash.body["message"], "Apply failed with 1 conflict: conflict with \"tests\" using v1: .data.k");
    assert_eq!(
        clash.body["details"]["causes"],
        json!([{"reason": "FieldManagerConflict", "message": "conflict with \"tests\" using v1", "field": ".data.k"}])
    );
    let forced = api.patch(&format!("{MAP}?fieldManager=b&force=true"), "apply", &map(json!({"k": "2"}))).await;
    assert_eq!((forced.status, &forced.body["data"]["k"]), (200, &json!("2")));
    let owners = forced.body["metadata"]["managedFields"].as_array().unwrap().clone();
    let of = |name: &str| owners.iter().find(|o| o["manager"] == name).map(|o| o["fieldsV1"].clone());
    assert_eq!(of("b"), Some(json!({"f:data": {"f:k": {}}})));
    assert_eq!(of("tests"), Some(json!({"f:data": {}})));
    let again = api.patch(&format!("{MAP}?fieldManager=b"), "apply", &map(json!({"k": "2"}))).await;
    assert_eq!(again.body["metadata"]["resourceVersion"], forced.body["metadata"]["resourceVersion"]);
    let dropped = api.patch(&format!("{MAP}?fieldManager=b"), "apply", &map(json!({"j": "1"}))).await;
    assert_eq!(dropped.body["data"], json!({"j": "1"}));
    let nobody = api.patch(MAP, "apply", &map(json!({}))).await;
    assert_eq!(
        nobody.body["message"],
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
    );
}

#[tokio::test]
async fn creates_and_merges_lists_by_key() {
    let api = Api::start().await;
    let path = "/apis/apps/v1/namespaces/default/deployments/web?fieldManager=helm";
    let made = api.patch(path, "apply", &deployment("web", "nginx:1", None)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"], "IfNotPresent");
    let mut side = deployment("web", "nginx:1", None);
    side["spec"] = json!({"template": {"spec": {"containers": [{"name": "side", "image": "s"}]}}});
    let both = api.patch(&path.replace("helm", "mesh"), "apply", &side).await.body;
    let names: Vec<_> =
        both["spec"]["template"]["spec"]["containers"].as_array().unwrap().iter().map(|c| c["name"].clone()).collect();
    assert_eq!(names, ["c", "side"]);
    let newer = api.patch(path, "apply", &deployment("web", "nginx:2", None)).await.body;
    assert_eq!(newer["spec"]["template"]["spec"]["containers"].as_array().unwrap().len(), 2);
    assert_eq!(newer["spec"]["template"]["spec"]["containers"][0]["image"], "nginx:2");
    let strict = format!("{path}&fieldValidation=Strict");
    let mut wrong = deployment("web", "nginx:2", None);
    wrong["spec"]["foo"] = json!(1);
    let refused = api.patch(&strict, "apply", &wrong).await;
    assert_eq!(
        (refused.status, refused.text.contains("unknown field \\\"spec.foo\\\"")),
        (400, true),
        "{}",
        refused.text
    );
    // The controller's status does not stand in the way of the next apply.
    api.until("/apis/apps/v1/namespaces/default/deployments/web", |d| d["status"]["readyReplicas"] == 2).await;
    let mut outcome = deployment("web", "nginx:3", None);
    outcome["spec"]["replicas"] = json!(1);
    assert_eq!(api.patch(path, "apply", &outcome).await.status, 200);
}

#[tokio::test]
async fn yaml_bodies_and_dry_run() {
    let api = Api::start().await;
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a: b\n";
    let kind = "application/apply-patch+yaml";
    let dry = api.send("PATCH", &format!("{MAP}?fieldManager=m&dryRun=All"), kind, yaml.into()).await;
    assert_eq!((dry.status, &dry.body["data"]["a"]), (201, &json!("b")));
    assert_eq!(api.get(MAP).await.status, 404);
    let made = api.send("PATCH", &format!("{MAP}?fieldManager=m"), kind, yaml.into()).await;
    assert_eq!(made.status, 201);
}

#[tokio::test]
async fn stored_as_kubernetes_writes_it() {
    let api = Api::start().await;
    let mut object = deployment("web", "nginx:1", None);
    object["spec"]["template"]["spec"]["hostNetwork"] = json!(false);
    object["spec"]["template"]["spec"]["nodeSelector"] = json!(null);
    object["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "A", "value": ""}]);
    object["spec"]["template"]["spec"]["containers"][0]["resources"] =
        json!({"limits": {"cpu": 1, "memory": "1024Mi"}});
    let path = "/apis/apps/v1/namespaces/default/deployments/web?fieldManager=helm";
    let body = api.patch(path, "apply", &object).await.body;
    let pod = &body["spec"]["template"]["spec"];
    assert_eq!((&pod["hostNetwork"], &pod["containers"][0]["env"]), (&json!(null), &json!([{"name": "A"}])));
    assert_eq!(pod["containers"][0]["resources"]["limits"], json!({"cpu": "1", "memory": "1Gi"}));
    let owned = &body["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"];
    assert_eq!((&owned["f:nodeSelector"], &owned["f:hostNetwork"]), (&json!({}), &json!({})));
    let again = api.patch(path, "apply", &object).await.body;
    assert_eq!(again["metadata"]["generation"], body["metadata"]["generation"]);
}
