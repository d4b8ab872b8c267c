//! Calls on a real cluster, named by `HELMD_E2E_KUBECONFIG`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on fails, a skipped one says so")]

use std::time::Duration;

use helmd_kube::{ApplyOptions, Cluster, ClusterConfig, Propagation, WaitOptions, WaitStrategy, helm_text};
use serde_json::{Value as Json, json};

async fn cluster(name: &str) -> Option<Cluster> {
    let Some((_, kubeconfig)) = std::env::vars().find(|(key, _)| key == "HELMD_E2E_KUBECONFIG") else {
        assert!(
            !std::env::vars().any(|(key, value)| key == "CI" && value == "true"),
            "HELMD_E2E_KUBECONFIG is not set"
        );
        println!("skipped: HELMD_E2E_KUBECONFIG names no cluster");
        return None;
    };
    let namespace = format!("kube-{name}-{}", std::process::id());
    let cluster = Cluster::connect(&ClusterConfig::from_file(kubeconfig)).await.unwrap().with_namespace(&namespace);
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    let mut resources = [cluster.resource(object).await.unwrap()];
    cluster.create_all(&mut resources, &ApplyOptions::client_side()).await.unwrap();
    Some(cluster)
}

async fn end(cluster: &Cluster) {
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": cluster.namespace()}});
    let namespace = cluster.resource(object).await.unwrap();
    cluster.delete(&namespace, Propagation::Background).await.unwrap();
}

const CONTAINERS: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  replicas: 1
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec:
      containers:
      - {name: one, image: example.invalid/one}
      - {name: two, image: example.invalid/two, env: [{name: A, value: a}]}
";

#[tokio::test]
async fn what_others_added_survives_an_update() {
    let Some(cluster) = cluster("merge").await else { return };
    let former = cluster.build(CONTAINERS, true).await.unwrap();
    let mut objects = former.clone();
    cluster.create_all(&mut objects, &ApplyOptions::client_side()).await.unwrap();
    // Somebody scales it and adds a side container.
    let mut live = cluster.get(&former[0]).await.unwrap();
    // Whatever the controllers wrote since: this somebody does not look.
    live["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    live["spec"]["replicas"] = json!(3);
    live["spec"]["template"]["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "side", "image": "x/side"}));
    let call = helmd_kube::transport::Call::new(
        http::Method::PUT,
        format!("{}/d", former[0].mapping.path(cluster.namespace())),
    );
    cluster.call(call.json(&live)).await.unwrap();

    let wanted =
        CONTAINERS.replace("example.invalid/one", "example.invalid/one:2").replace(", env: [{name: A, value: a}]", "");
    let mut target = cluster.build(&wanted, true).await.unwrap();
    let (result, outcome) = cluster.update_all(&former, &mut target, &ApplyOptions::client_side()).await;
    outcome.unwrap();
    assert_eq!((result.created.len(), result.updated.len(), result.deleted.len()), (0, 1, 0));
    let live = cluster.get(&former[0]).await.unwrap();
    let containers = live["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    let names: Vec<&Json> = containers.iter().map(|container| &container["name"]).collect();
    assert_eq!(names, ["one", "two", "side"]);
    assert_eq!(containers[0]["image"], "example.invalid/one:2");
    assert!(containers[1].get("env").is_none());
    // HELM: a field of the manifest goes back to the manifest's value.
    assert_eq!(live["spec"]["replicas"], 1);
    let options = WaitOptions { strategy: WaitStrategy::Legacy, jobs: false, timeout: Duration::from_secs(60) };
    cluster.wait(&target, options).await.unwrap();
    cluster.wait(&target, WaitOptions { strategy: WaitStrategy::Watcher, ..options }).await.unwrap();
    end(&cluster).await;
}

#[tokio::test]
async fn refusals_have_the_words_of_helm() {
    let Some(cluster) = cluster("words").await else { return };
    let unknown = "apiVersion: nowhere.invalid/v1\nkind: Gadget\nmetadata: {name: g}\n";
    assert_eq!(
        helm_text(&cluster.build(unknown, true).await.unwrap_err()),
        "resource mapping not found for name: \"g\" namespace: \"\" from \"\": no matches for kind \"Gadget\" in version \"nowhere.invalid/v1\"\nensure CRDs are installed first"
    );
    let wrong = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: []}\n";
    let mut objects = cluster.build(wrong, true).await.unwrap();
    let err = cluster.create_all(&mut objects, &ApplyOptions::client_side()).await.unwrap_err();
    assert_eq!(helm_text(&err), "1 error occurred:\n\t* Service \"s\" is invalid: spec.ports: Required value\n\n");
    let typo = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndatta: {a: b}\n";
    let mut objects = cluster.build(typo, true).await.unwrap();
    let err = cluster.create_all(&mut objects, &ApplyOptions::server_side(false)).await.unwrap_err();
    assert!(helm_text(&err).contains("server-side apply failed for object"), "{}", helm_text(&err));
    cluster.create_all(&mut objects, &ApplyOptions::client_side()).await.unwrap();
    let nobody = ClusterConfig { apiserver: Some("https://127.0.0.1:1".into()), ..ClusterConfig::default() };
    assert_eq!(
        helm_text(&Cluster::connect(&nobody).await.unwrap().check_reachable().await.unwrap_err()),
        "Kubernetes cluster unreachable: Get \"https://127.0.0.1:1/version\": dial tcp 127.0.0.1:1: connect: connection refused"
    );
    end(&cluster).await;
}

#[tokio::test]
async fn what_is_served_is_read_again_only_when_it_changed() {
    let Some(cluster) = cluster("disc").await else { return };
    let first = cluster.discovery().await.unwrap();
    assert!(first.api_versions().iter().any(|version| version == "apps/v1/Deployment"));
    assert!(first.api_versions().iter().any(|version| version == "apps/v1/Scale"));
    let again = cluster.refresh_discovery().await.unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &again), "the tags say that nothing changed");
    assert!(cluster.version().await.unwrap().git_version.starts_with("v1."));
    end(&cluster).await;
}
