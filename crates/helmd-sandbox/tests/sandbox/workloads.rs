//! The small controllers: workloads become ready, or fail as `test/outcome` says.

use crate::common::{Api, deployment};
use serde_json::{Value, json};

const APPS: &str = "/apis/apps/v1/namespaces/default";
const CORE: &str = "/api/v1/namespaces/default";
const BATCH: &str = "/apis/batch/v1/namespaces/default";

fn condition(object: &Value, kind: &str) -> (String, String) {
    let found = object["status"]["conditions"]
        .as_array()
        .and_then(|c| c.iter().find(|c| c["type"] == kind))
        .cloned()
        .unwrap_or_default();
    let text = |key: &str| found[key].as_str().unwrap_or("").to_owned();
    (text("status"), text("reason"))
}

#[tokio::test]
async fn deployment_rolls_out_and_fails_softly() {
    let api = Api::start().await;
    api.post(&format!("{APPS}/deployments"), &deployment("web", "nginx:1", None)).await;
    let path = format!("{APPS}/deployments/web");
    let ready = api.until(&path, |d| d["status"]["availableReplicas"] == 2).await;
    assert_eq!(condition(&ready, "Progressing"), ("True".to_owned(), "NewReplicaSetAvailable".to_owned()));
    assert_eq!(ready["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");
    let broken = deployment("web", "nginx:2", Some("imagepull"));
    api.patch(&path, "merge", &json!({"spec": broken["spec"]})).await;
    api.until(&path, |d| d["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2").await;
    let stuck =
        api.until(&path, |d| d["status"]["updatedReplicas"] == 1 && d["status"]["unavailableReplicas"] == 1).await;
    assert_eq!(stuck["status"]["availableReplicas"], 2);
    let pods = api.get(&format!("{CORE}/pods")).await.body;
    assert!(pods["items"].as_array().unwrap().iter().any(|p| {
        p["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff"
            && p["status"]["phase"] == "Pending"
    }));
    api.patch(&path, "merge", &json!({"spec": {"template": {"metadata": {"annotations": {"test/outcome": null}}, "spec": {"containers": [{"name": "c", "image": "nginx:3"}]}}}})).await;
    let done = api
        .until(&path, |d| {
            d["status"]["updatedReplicas"] == 2 && d["status"]["replicas"] == 2 && d["status"]["availableReplicas"] == 2
        })
        .await;
    assert_eq!(done["status"]["observedGeneration"], done["metadata"]["generation"]);
    api.delete(&path).await;
    api.until(&format!("{CORE}/pods"), |p| p["items"].as_array().is_some_and(Vec::is_empty)).await;
    api.until(&format!("{APPS}/replicasets"), |p| p["items"].as_array().is_some_and(Vec::is_empty)).await;
}

#[tokio::test]
async fn stateful_set_in_order_with_volumes() {
    let api = Api::start().await;
    let set = json!({"metadata": {"name": "db"}, "spec": {"replicas": 2, "serviceName": "db", "selector": {"matchLabels": {"app": "db"}},
        "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": "i", "volumeMounts": [{"name": "data", "mountPath": "/d"}]}],
            "volumes": [{"name": "data", "emptyDir": {}}]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}});
    let made = api.post(&format!("{APPS}/statefulsets"), &set).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("{APPS}/statefulsets/db");
    let first = api.until(&path, |s| s["status"]["readyReplicas"] == 2).await;
    assert_eq!(first["status"]["currentRevision"], first["status"]["updateRevision"]);
    let claim =
        api.until(&format!("{CORE}/persistentvolumeclaims/data-db-1"), |c| c["status"]["phase"] == "Bound").await;
    assert_eq!(claim["spec"]["storageClassName"], "standard");
    let pod = api.get(&format!("{CORE}/pods/db-1")).await.body;
    assert_eq!(pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"], "1");
    api.patch(
        &path,
        "strategic",
        &json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "j"}]}}}}),
    )
    .await;
    api.until(&path, |s| {
        s["status"]["updatedReplicas"] == 2
            && s["status"]["readyReplicas"] == 2
            && s["status"]["currentRevision"] == s["status"]["updateRevision"]
            && s["status"]["currentRevision"] != first["status"]["currentRevision"]
    })
    .await;
    assert_eq!(api.get(&format!("{CORE}/pods/db-0")).await.body["spec"]["containers"][0]["image"], "j");
    let refused = api.patch(&path, "merge", &json!({"spec": {"serviceName": "other"}})).await;
    assert!(refused.text.contains("updates to statefulset spec for fields other than"), "{}", refused.text);
}

#[tokio::test]
async fn daemon_set_has_a_pod_per_node() {
    let api = Api::start().await;
    let set = json!({"metadata": {"name": "ds"}, "spec": {"selector": {"matchLabels": {"app": "ds"}},
        "template": {"metadata": {"labels": {"app": "ds"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    api.post(&format!("{APPS}/daemonsets"), &set).await;
    let path = format!("{APPS}/daemonsets/ds");
    api.until(&path, |s| s["status"]["numberReady"] == 2 && s["status"]["numberAvailable"] == 2).await;
    api.patch(
        &path,
        "strategic",
        &json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "j"}]}}}}),
    )
    .await;
    api.until(&path, |s| {
        s["status"]["observedGeneration"] == 2
            && s["status"]["updatedNumberScheduled"] == 2
            && s["status"]["numberAvailable"] == 2
    })
    .await;
}

fn job(name: &str, outcome: Option<&str>, limit: i64) -> Value {
    let mut template = json!({"metadata": {"annotations": {}}, "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}});
    if let Some(outcome) = outcome {
        template["metadata"]["annotations"]["test/outcome"] = outcome.into();
    }
    json!({"metadata": {"name": name}, "spec": {"backoffLimit": limit, "template": template}})
}

#[tokio::test]
async fn jobs_end_well_or_badly() {
    let api = Api::start().await;
    api.post(&format!("{BATCH}/jobs"), &job("good", None, 6)).await;
    let good = api.until(&format!("{BATCH}/jobs/good"), |j| condition(j, "Complete").0 == "True").await;
    assert_eq!((&good["status"]["succeeded"], good["status"]["completionTime"].is_string()), (&json!(1), true));
    api.post(&format!("{BATCH}/jobs"), &job("bad", Some("fail"), 2)).await;
    let bad = api.until(&format!("{BATCH}/jobs/bad"), |j| condition(j, "Failed").0 == "True").await;
    assert_eq!((condition(&bad, "Failed").1.as_str(), &bad["status"]["failed"]), ("BackoffLimitExceeded", &json!(3)));
    let log = api.get(&format!("{CORE}/pods?labelSelector=job-name%3Dbad")).await.body;
    let pod = log["items"][0]["metadata"]["name"].as_str().unwrap();
    assert!(api.get(&format!("{CORE}/pods/{pod}/log")).await.text.contains("was not really run"));
    let events = api.get(&format!("{CORE}/events?fieldSelector=involvedObject.name%3Dbad")).await.body;
    assert!(events["items"].as_array().unwrap().iter().any(|e| e["reason"] == "BackoffLimitExceeded"));
}

#[tokio::test]
async fn outcomes_of_bare_pods() {
    let api = Api::start().await;
    let pod = |name: &str, outcome: Option<&str>, restart: &str| {
        let mut pod = json!({"metadata": {"name": name, "annotations": {}}, "spec": {"restartPolicy": restart, "containers": [{"name": "c", "image": "i"}]}});
        if let Some(outcome) = outcome {
            pod["metadata"]["annotations"]["test/outcome"] = outcome.into();
        }
        pod
    };
    for (name, outcome, restart) in [
        ("plain", None, "Never"),
        ("lasting", None, "Always"),
        ("fail", Some("fail"), "Never"),
        ("crash", Some("crashloop"), "Always"),
        ("pull", Some("imagepull"), "Always"),
        ("unready", Some("unready"), "Always"),
        ("slow", Some("slow"), "Always"),
    ] {
        assert_eq!(api.post(&format!("{CORE}/pods"), &pod(name, outcome, restart)).await.status, 201);
    }
    let at = |name: &str| format!("{CORE}/pods/{name}");
    api.until(&at("plain"), |p| p["status"]["phase"] == "Succeeded").await;
    api.until(&at("lasting"), |p| condition(p, "Ready").0 == "True").await;
    let failed = api.until(&at("fail"), |p| p["status"]["phase"] == "Failed").await;
    assert_eq!(failed["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"], 1);
    let reason =
        |p: &Value| p["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].as_str().unwrap_or("").to_owned();
    let crash = api.until(&at("crash"), |p| reason(p) == "CrashLoopBackOff").await;
    assert_eq!(
        (&crash["status"]["phase"], &crash["status"]["containerStatuses"][0]["restartCount"]),
        (&json!("Running"), &json!(3))
    );
    api.until(&at("pull"), |p| reason(p) == "ImagePullBackOff" && p["status"]["phase"] == "Pending").await;
    let unready = api.until(&at("unready"), |p| p["status"]["phase"] == "Running").await;
    assert_eq!(condition(&unready, "Ready").0, "False");
    api.until(&at("slow"), |p| condition(p, "Ready").0 == "True").await;
    assert_eq!(api.get(&format!("{}/log", at("pull"))).await.status, 400);
}
