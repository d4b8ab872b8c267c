//! Discovery, OpenAPI, tables, custom kinds, protobuf bodies, who may come in.

use crate::common::Api;
use serde_json::{Value, json};

#[tokio::test]
async fn plain_and_aggregated() {
    let api = Api::start().await;
    assert_eq!(api.get("/version").await.body["gitVersion"], "v1.36.3");
    assert_eq!(api.get("/readyz").await.text, "ok");
    let groups = api.get("/apis").await.body;
    assert!(groups["groups"].as_array().unwrap().iter().any(|g| g["name"] == "apps"));
    let hpa = groups["groups"].as_array().unwrap().iter().find(|g| g["name"] == "autoscaling").unwrap();
    assert_eq!(hpa["preferredVersion"]["version"], "v2");
    let apps = api.get("/apis/apps/v1").await.body;
    let deployments = apps["resources"].as_array().unwrap().iter().find(|r| r["name"] == "deployments").unwrap();
    assert_eq!(deployments["shortNames"], json!(["deploy"]));
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    let all = api.get_as("/api", accept).await;
    assert_eq!(all.body["kind"], "APIGroupDiscoveryList");
    assert!(all.headers["content-type"].to_str().unwrap().contains("as=APIGroupDiscoveryList"));
    assert_eq!(api.get("/apis/nope/v1").await.status, 404);
}

#[tokio::test]
async fn openapi_has_field_validation() {
    let api = Api::start().await;
    let index = api.get("/openapi/v3").await.body;
    let url = index["paths"]["apis/apps/v1"]["serverRelativeURL"].as_str().unwrap().to_owned();
    let document = api.get(&url).await.body;
    let patch = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
    assert!(patch["parameters"].as_array().unwrap().iter().any(|p| p["name"] == "fieldValidation"));
    assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], "Deployment");
    assert!(document["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"].is_object());
}

#[tokio::test]
async fn tables_and_metadata() {
    let api = Api::start().await;
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let table = api.get_as("/api/v1/nodes", accept).await.body;
    assert_eq!((&table["kind"], &table["rows"][0]["cells"][1]), (&json!("Table"), &json!("Ready")));
    assert_eq!(
        table["columnDefinitions"].as_array().unwrap().len(),
        table["rows"][0]["cells"].as_array().unwrap().len()
    );
    let accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    let list = api.get_as("/api/v1/nodes", accept).await.body;
    assert_eq!((&list["kind"], &list["items"][0]["spec"]), (&json!("PartialObjectMetadataList"), &Value::Null));
}

#[tokio::test]
async fn custom_kinds() {
    let api = Api::start().await;
    let definition = json!({"metadata": {"name": "widgets.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
        "versions": [
            {"name": "v1beta1", "served": true, "storage": false, "schema": {"openAPIV3Schema": {"type": "object"}}},
            {"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}},
                "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"}},
                "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]}]}});
    let crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let made = api.post(crds, &definition).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["status"]["conditions"][1]["type"], "Established");
    let group = api.get("/apis/example.com").await.body;
    assert_eq!(group["preferredVersion"]["version"], "v1");
    let widgets = "/apis/example.com/v1/namespaces/default/widgets";
    let widget = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 3, "deep": {"x": [1]}}, "status": {"gone": true}});
    let made = api.post(widgets, &widget).await.body;
    assert_eq!((&made["metadata"]["generation"], &made["status"]), (&json!(1), &Value::Null));
    let scale = api.put(&format!("{widgets}/w/scale"), &json!({"spec": {"replicas": 5}})).await;
    assert_eq!(scale.body["spec"]["replicas"], 5, "{}", scale.text);
    let status = api
        .patch(&format!("{widgets}/w/status"), "merge", &json!({"spec": {"size": 9}, "status": {"size": 1}}))
        .await
        .body;
    assert_eq!((&status["spec"]["size"], &status["status"]["size"]), (&json!(5), &json!(1)));
    let other = api.get("/apis/example.com/v1beta1/namespaces/default/widgets/w").await.body;
    assert_eq!(other["apiVersion"], "example.com/v1beta1");
    let refused = api.patch(&format!("{widgets}/w"), "strategic", &json!({})).await;
    assert_eq!(refused.status, 415);
    api.delete(&format!("{crds}/widgets.example.com")).await;
    assert_eq!(api.get(widgets).await.status, 404);
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length > 127 {
        out.push((length & 127) as u8 | 128);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
    out
}

#[tokio::test]
async fn protobuf_secrets_as_helm_sends_them() {
    let api = Api::start().await;
    let metadata =
        [field(1, b"sh.helm.release.v1.r.v1"), field(11, &[field(1, b"owner"), field(2, b"helm")].concat())].concat();
    let data = [field(1, b"release"), field(2, &[b'x'; 300])].concat();
    let secret = [field(1, &metadata), field(2, &data), field(3, b"helm.sh/release.v1")].concat();
    let kind = [field(1, b"v1"), field(2, b"Secret")].concat();
    let body = [b"k8s\0".to_vec(), field(1, &kind), field(2, &secret), field(3, b""), field(4, b"")].concat();
    let made =
        api.send("POST", "/api/v1/namespaces/default/secrets", "application/vnd.kubernetes.protobuf", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        (&made.body["type"], &made.body["metadata"]["labels"]["owner"]),
        (&json!("helm.sh/release.v1"), &json!("helm"))
    );
    let kind = [field(1, b"v1"), field(2, b"DeleteOptions")].concat();
    let options = field(4, b"Background");
    let body = [b"k8s\0".to_vec(), field(1, &kind), field(2, &options)].concat();
    let path = "/api/v1/namespaces/default/secrets/sh.helm.release.v1.r.v1";
    let gone = api.send("DELETE", path, "application/vnd.kubernetes.protobuf", body).await;
    assert_eq!(gone.status, 200, "{}", gone.text);
    for rubbish in [&b"k8s\0\xff\xff"[..], b"nope", b"k8s\0"] {
        let answer = api
            .send("POST", "/api/v1/namespaces/default/secrets", "application/vnd.kubernetes.protobuf", rubbish.to_vec())
            .await;
        assert_eq!(answer.status, 400);
    }
}

#[tokio::test]
async fn reviews_tokens_and_strangers() {
    let api = Api::start().await;
    let review = api
        .post(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            &json!({"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}),
        )
        .await;
    assert_eq!((review.status, &review.body["status"]["allowed"]), (201, &json!(true)));
    api.until("/api/v1/namespaces/default/serviceaccounts/default", |b| b["kind"] == "ServiceAccount").await;
    let token = api.post("/api/v1/namespaces/default/serviceaccounts/default/token", &json!({"spec": {}})).await;
    assert!(token.body["status"]["token"].is_string(), "{}", token.text);
    let request = http::Request::builder().uri("/api/v1/pods").body(axum::body::Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(api.sandbox.router(), request).await.unwrap();
    assert_eq!(response.status(), 401);
    let large = vec![b' '; 4 << 20];
    assert_eq!(api.send("POST", "/api/v1/namespaces", "application/json", large).await.status, 413);
}

#[tokio::test]
async fn listens_on_loopback_only_and_ends() {
    let everywhere = helmd_sandbox::SandboxOptions { addr: ([0, 0, 0, 0], 0).into(), ..Default::default() };
    assert!(helmd_sandbox::Sandbox::start(everywhere).await.is_err());
    let api = Api::start().await;
    let folder = std::env::temp_dir().join(format!("helmd-sandbox-{}", api.sandbox.token()));
    api.sandbox.write_kubeconfig(&folder).unwrap();
    assert_eq!(std::fs::read_to_string(&folder).unwrap(), api.sandbox.kubeconfig());
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&folder).unwrap().permissions()) & 0o777,
        0o600
    );
    std::fs::remove_file(&folder).unwrap();
    let address = api.sandbox.url().replace("http://", "");
    assert!(tokio::net::TcpStream::connect(&address).await.is_ok());
    api.sandbox.shutdown().await;
    assert!(tokio::net::TcpStream::connect(&address).await.is_err());
}
