//! Watches: initial events, changes, bookmarks, the end of what can be told.

use crate::common::{Api, config_map};
use serde_json::json;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn initial_events_then_a_bookmark() {
    let api = Api::start().await;
    api.post(MAPS, &config_map("a")).await;
    let query =
        "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=app";
    let lines = api.watch(&format!("{MAPS}?{query}&timeoutSeconds=2"), 2).await;
    assert_eq!((&lines[0]["type"], &lines[0]["object"]["metadata"]["name"]), (&json!("ADDED"), &json!("a")));
    assert_eq!(lines[1]["type"], "BOOKMARK");
    assert_eq!(lines[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    assert_eq!(lines[1]["object"]["kind"], "ConfigMap");
}

#[tokio::test]
async fn changes_since_a_version() {
    let api = Api::start().await;
    let first = api.post(MAPS, &config_map("a")).await.body;
    let version = first["metadata"]["resourceVersion"].as_str().unwrap();
    api.patch(&format!("{MAPS}/a"), "merge", &json!({"data": {"k": "2"}})).await;
    api.patch(&format!("{MAPS}/a"), "merge", &json!({"metadata": {"labels": {"app": "z"}}})).await;
    api.delete(&format!("{MAPS}/a")).await;
    let path = format!("{MAPS}?watch=true&resourceVersion={version}&timeoutSeconds=1&labelSelector=app%3Da");
    let lines = api.watch(&path, 9).await;
    let types: Vec<_> = lines.iter().map(|l| l["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["MODIFIED", "DELETED"]);
    let path = format!("{MAPS}?watch=true&resourceVersion={version}&timeoutSeconds=1&fieldSelector=metadata.name%3Da");
    let types: Vec<_> = api.watch(&path, 9).await.iter().map(|l| l["type"].clone()).collect();
    assert_eq!(types, ["MODIFIED", "MODIFIED", "DELETED"]);
}

#[tokio::test]
async fn live_changes_reach_an_open_watch() {
    let api = Api::start().await;
    let watch = api.watch("/apis/apps/v1/namespaces/default/deployments?watch=1&timeoutSeconds=5", 1);
    let make = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        api.post("/apis/apps/v1/namespaces/default/deployments", &crate::common::deployment("w", "i", None)).await
    };
    let (lines, _) = tokio::join!(watch, make);
    assert_eq!(lines[0]["type"], "ADDED");
}

#[tokio::test]
async fn too_old_is_told() {
    let api = Api::start().await;
    let lines = api.watch(&format!("{MAPS}?watch=1&resourceVersion=0&timeoutSeconds=1"), 1).await;
    assert_eq!(lines[0]["type"], "ADDED");
    for n in 0..4_200 {
        let body = json!({"data": {"k": n.to_string()}});
        if n == 0 {
            api.post(MAPS, &config_map("a")).await;
        }
        api.patch(&format!("{MAPS}/a"), "merge", &body).await;
    }
    let lines = api.watch(&format!("{MAPS}?watch=1&resourceVersion=2&timeoutSeconds=1"), 1).await;
    assert_eq!(
        (&lines[0]["type"], &lines[0]["object"]["code"], &lines[0]["object"]["reason"]),
        (&json!("ERROR"), &json!(410), &json!("Expired"))
    );
}
