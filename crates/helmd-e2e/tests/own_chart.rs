//! The project's own chart: the real helm finds nothing wrong with it, and helmd installs it on the cluster.

use helmd_e2e::{Program, Setup};

/// Everything that can be switched on.
const ALL: &str = "autoscaling.enabled=true,podDisruptionBudget.enabled=true,persistence.enabled=true,ingress.enabled=true,\
                   rbac.namespaces={demo},networkPolicy.from[0].podSelector.matchLabels.app=portal";

/// With a token and what Prometheus' operator reads.
const MONITORED: &str = "auth.existingSecret=tokens,metrics.enabled=true,metrics.serviceMonitor.enabled=true";

#[test]
fn the_chart_is_sound_and_installs() {
    let Some(setup) = Setup::find(true) else { return };
    let kubeconfig = setup.kubeconfig.clone().unwrap();
    let home = tempfile::tempdir().unwrap();
    let chart = concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts/helmd");
    let helm = Program::new(setup.tools.join("helm4"), &kubeconfig, home.path());
    let helmd = Program::new(&setup.helmd, &kubeconfig, home.path());
    let kubectl = Program::new("kubectl", &kubeconfig, home.path());
    for more in ["", ALL, "rbac.clusterAdmin=true", "existingConfigSecret=mine,serviceAccount.create=false", MONITORED]
    {
        helm.run(&["lint", "--strict", chart, "--set", more]).unwrap();
        let theirs = helm.run(&["template", "x", chart, "--set", more]).unwrap();
        assert_eq!(helmd.run(&["template", "x", chart, "--set", more]).unwrap(), theirs);
    }
    // The plain manifests are the chart's.
    let plain = helmd.run(&["template", "helmd", chart, "--namespace", "helmd", "--skip-tests"]).unwrap();
    let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deployment/helmd.yaml")).unwrap();
    assert_eq!(kept.split_once("---\n").map(|(_, rest)| rest), plain.split_once("---\n").map(|(_, rest)| rest));
    let namespace = format!("own-{}", std::process::id());
    let at = ["-n", namespace.as_str()];
    let run = |words: &[&str]| helmd.run(&[words, &at].concat()).unwrap();
    run(&["install", "portal", chart, "--create-namespace", "--wait", "--timeout", "60s"]);
    run(&["upgrade", "portal", chart, "--reuse-values", "--set", "replicaCount=2", "--wait", "--timeout", "60s"]);
    let ready = ["get", "deployment", "portal-helmd", "-o", "jsonpath={.status.readyReplicas}"];
    assert_eq!(kubectl.run(&[&ready[..], &at].concat()).unwrap(), "2");
    // What the role gives is enough for a release of simple objects, and for no more.
    let may = |verb: &str, what: &str| {
        let who = format!("system:serviceaccount:{namespace}:portal-helmd");
        kubectl
            .run(&[&["auth", "can-i", verb, what, "--as", &who], &at[..]].concat())
            .is_ok_and(|out| out.trim() == "yes")
    };
    assert!(may("create", "deployments.apps") && may("update", "leases.coordination.k8s.io") && may("get", "pods/log"));
    assert!(!may("create", "rolebindings.rbac.authorization.k8s.io") && !may("get", "nodes"));
    run(&["uninstall", "portal", "--wait", "--timeout", "60s"]);
    kubectl.run(&["delete", "namespace", &namespace, "--wait=false"]).unwrap();
    let refused = helmd.run(&["template", "x", chart, "--set", "service.port=none"]).unwrap_err();
    assert!(format!("{refused:#}").contains("at '/service/port': got string, want integer"), "{refused:#}");
}
