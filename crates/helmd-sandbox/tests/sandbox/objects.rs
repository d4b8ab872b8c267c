//! Objects come, change and go, with Kubernetes' sentences when they may not.

use crate::common::{Api, config_map};
use serde_json::json;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn create_read_update_delete() {
    let api = Api::start().await;
    let made = api.post(MAPS, &config_map("x")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["metadata"]["namespace"], "default");
    assert!(made.body["metadata"]["uid"].is_string());
    let again = api.post(MAPS, &config_map("x")).await;
    assert_eq!((again.status, again.body["message"].as_str()), (409, Some("configmaps \"x\" already exists")));
    assert_eq!(again.body["reason"], "AlreadyExists");
    let mut changed = made.body.clone();
    changed["data"]["k"] = "w".into();
    let stored = api.put(&format!("{MAPS}/x"), &changed).await;
    assert_eq!(stored.status, 200);
    let stale = api.put(&format!("{MAPS}/x"), &changed).await;
    assert_eq!(stale.status, 409);
    assert_eq!(
        stale.body["message"],
        "Operation cannot be fulfilled on configmaps \"x\": the object has been modified; please apply your changes to the latest version and try again"
    );
    let same = api.put(&format!("{MAPS}/x"), &stored.body).await;
    assert_eq!(same.body["metadata"]["resourceVersion"], stored.body["metadata"]["resourceVersion"]);
    let gone = api.delete(&format!("{MAPS}/x")).await;
    assert_eq!((gone.status, gone.body["status"].as_str()), (200, Some("Success")));
    let missing = api.get(&format!("{MAPS}/x")).await;
    assert_eq!((missing.status, missing.body["message"].as_str()), (404, Some("configmaps \"x\" not found")));
    assert_eq!(missing.body["details"], json!({"name": "x", "kind": "configmaps"}));
}

#[tokio::test]
async fn what_is_refused() {
    let api = Api::start().await;
    for (path, body, status, message) in [
        ("/api/v1/namespaces/nope/configmaps", config_map("x"), 404, "namespaces \"nope\" not found"),
        (
            MAPS,
            json!({"metadata": {}}),
            422,
            "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required",
        ),
        (
            MAPS,
            json!({"metadata": {"name": "x", "namespace": "foo"}}),
            400,
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            MAPS,
            json!({"metadata": {"name": "x"}, "data": {"a": 1}}),
            400,
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
        ),
        (
            "/api/v1/namespaces/default/configmaps?fieldValidation=Strict",
            json!({"metadata": {"name": "x", "foo": 1}, "bar": 2}),
            400,
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"metadata.foo\", unknown field \"bar\"",
        ),
        (
            "/api/v1/namespaces/default/services",
            json!({"metadata": {"name": "x"}, "spec": {}}),
            422,
            "Service \"x\" is invalid: spec.ports: Required value",
        ),
        (
            "/apis/apps/v1/namespaces/default/deployments",
            json!({"metadata": {"name": "x"}, "spec": {"template": {"spec": {}}}}),
            422,
            "Deployment.apps \"x\" is invalid: [spec.selector: Required value, spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`, spec.template.spec.containers: Required value]",
        ),
        ("/api/v1/nope", json!({}), 404, "the server could not find the requested resource"),
    ] {
        let answer = api.post(path, &body).await;
        assert_eq!((answer.status, answer.body["message"].as_str()), (status, Some(message)), "{path}");
    }
    let warned = api.post(&format!("{MAPS}?dryRun=All"), &json!({"metadata": {"name": "x"}, "bar": 2})).await;
    assert_eq!(
        (warned.status, warned.headers["warning"].to_str().unwrap()),
        (201, "299 - \"unknown field \\\"bar\\\"\"")
    );
    assert_eq!(api.get(&format!("{MAPS}/x")).await.status, 404);
    assert_eq!(api.delete("/api/v1/namespaces/default").await.status, 403);
    let other = Api::start().await;
    assert_ne!(other.sandbox.token(), api.sandbox.token());
}

#[tokio::test]
async fn lists_selectors_and_pages() {
    let api = Api::start().await;
    for name in ["a", "b", "c"] {
        assert_eq!(api.post(MAPS, &config_map(name)).await.status, 201);
    }
    let names = |body: &serde_json::Value| {
        body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["metadata"]["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for (query, want) in [
        ("labelSelector=app%20in%20(a,b)", vec!["a", "b"]),
        ("labelSelector=app,app!=a", vec!["b", "c"]),
        ("fieldSelector=metadata.name%3Dc", vec!["c"]),
        ("labelSelector=!app", vec!["kube-root-ca.crt"]),
    ] {
        api.until(&format!("{MAPS}/kube-root-ca.crt"), |b| b["kind"] == "ConfigMap").await;
        assert_eq!(names(&api.get(&format!("{MAPS}?{query}")).await.body), want, "{query}");
    }
    let first = api.get(&format!("{MAPS}?limit=2")).await.body;
    assert_eq!(
        (names(&first), &first["metadata"]["remainingItemCount"]),
        (vec!["a".to_owned(), "b".to_owned()], &json!(2))
    );
    let next = format!("{MAPS}?limit=2&continue={}", first["metadata"]["continue"].as_str().unwrap());
    assert_eq!(names(&api.get(&next).await.body), ["c", "kube-root-ca.crt"]);
    let bad = api.get(&format!("{MAPS}?fieldSelector=a.b%3Dc")).await;
    assert_eq!((bad.status, bad.body["message"].as_str()), (400, Some("field label not supported: a.b")));
    let gone = api.delete(&format!("{MAPS}?labelSelector=app")).await;
    assert_eq!(names(&gone.body), ["a", "b", "c"]);
    assert_eq!(names(&api.get(MAPS).await.body), ["kube-root-ca.crt"]);
}

#[tokio::test]
async fn patches() {
    let api = Api::start().await;
    api.post("/apis/apps/v1/namespaces/default/deployments", &crate::common::deployment("web", "nginx:1", None)).await;
    let path = "/apis/apps/v1/namespaces/default/deployments/web";
    let strategic = json!({"spec": {"template": {"spec": {"containers": [{"name": "d", "image": "redis"}]}}}});
    let body = api.patch(path, "strategic", &strategic).await.body;
    assert_eq!(body["spec"]["template"]["spec"]["containers"].as_array().unwrap().len(), 2);
    assert_eq!(body["metadata"]["generation"], 2);
    let body = api
        .patch(
            path,
            "merge",
            &json!({"spec": {"template": {"spec": {"containers": [{"name": "d", "image": "redis"}]}}}}),
        )
        .await
        .body;
    assert_eq!(body["spec"]["template"]["spec"]["containers"].as_array().unwrap().len(), 1);
    let operations = json!([{"op": "replace", "path": "/spec/replicas", "value": 3}]);
    assert_eq!(api.patch(path, "json", &operations).await.body["spec"]["replicas"], 3);
    let immutable = api.patch(path, "merge", &json!({"spec": {"selector": {"matchLabels": {"x": "y"}}}})).await;
    assert_eq!(immutable.status, 422);
    assert!(immutable.text.contains("field is immutable"), "{}", immutable.text);
    let scale = api.patch(&format!("{path}/scale"), "merge", &json!({"spec": {"replicas": 1}})).await.body;
    assert_eq!(
        (&scale["kind"], &scale["spec"]["replicas"], &scale["status"]["selector"]),
        (&json!("Scale"), &json!(1), &json!("app=web"))
    );
}

#[tokio::test]
async fn owners_finalizers_and_namespaces() {
    let api = Api::start().await;
    let owner = api.post(MAPS, &config_map("owner")).await.body;
    let mut child = config_map("child");
    child["metadata"]["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"], "blockOwnerDeletion": true}]);
    api.post(MAPS, &child).await;
    let body = json!({"propagationPolicy": "Foreground"}).to_string().into_bytes();
    let going = api.send("DELETE", &format!("{MAPS}/owner"), "application/json", body).await.body;
    assert_eq!(going["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    api.until(&format!("{MAPS}/owner"), |b| b["code"] == 404).await;
    assert_eq!(api.get(&format!("{MAPS}/child")).await.status, 404);

    let mut held = config_map("held");
    held["metadata"]["finalizers"] = json!(["a/b"]);
    api.post(MAPS, &held).await;
    let going = api.delete(&format!("{MAPS}/held")).await.body;
    assert!(going["metadata"]["deletionTimestamp"].is_string());
    api.patch(&format!("{MAPS}/held"), "merge", &json!({"metadata": {"finalizers": null}})).await;
    assert_eq!(api.get(&format!("{MAPS}/held")).await.status, 404);

    assert_eq!(api.post("/api/v1/namespaces", &json!({"metadata": {"name": "n"}})).await.status, 201);
    api.until("/api/v1/namespaces/n/serviceaccounts/default", |b| b["kind"] == "ServiceAccount").await;
    api.post("/api/v1/namespaces/n/configmaps", &config_map("x")).await;
    assert_eq!(api.delete("/api/v1/namespaces/n").await.body["status"]["phase"], "Terminating");
    api.until("/api/v1/namespaces/n", |b| b["code"] == 404).await;
    assert_eq!(api.get("/api/v1/namespaces/n/configmaps/x").await.status, 404);
}

#[tokio::test]
async fn services_keep_their_addresses() {
    let api = Api::start().await;
    let services = "/api/v1/namespaces/default/services";
    let service = json!({"metadata": {"name": "s"}, "spec": {"type": "LoadBalancer", "selector": {"app": "s"}, "ports": [{"port": 80}]}});
    let made = api.post(services, &service).await.body;
    let address = made["spec"]["clusterIP"].clone();
    assert!(address.as_str().unwrap().starts_with("10.96."));
    let node_port = made["spec"]["ports"][0]["nodePort"].clone();
    let again = api.put(&format!("{services}/s"), &service).await.body;
    assert_eq!((&again["spec"]["clusterIP"], &again["spec"]["ports"][0]["nodePort"]), (&address, &node_port));
    let moved = json!({"spec": {"clusterIP": "10.96.9.9"}});
    let refused = api.patch(&format!("{services}/s"), "merge", &moved).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let with = |b: &serde_json::Value| b["status"]["loadBalancer"]["ingress"][0]["ip"].is_string();
    api.until(&format!("{services}/s"), with).await;
}
