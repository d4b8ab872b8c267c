//! What the benchmarks share.

use anyhow::Result;
use helmd_chart::{Chart, HelmMajor, Values};
use helmd_values::{
    Capabilities, KubeVersion, ReleaseOptions, RenderValues, SchemaCheck, process_dependencies, render_values,
};
use std::path::PathBuf;

/// Names of public charts that take long to render, without those whose time goes into keys and password hashes.
pub const HEAVY: &[&str] = &[
    "kube-prometheus-stack",
    "opentelemetry-demo",
    "argo-cd-10",
    "discourse",
    "grafana-loki",
    "contour",
    "wordpress",
    "kubernetes-dashboard",
    "traefik",
    "ingress-nginx",
];

/// Name and archive of the heavy charts that are at hand.
#[must_use]
pub fn archives() -> Vec<(String, PathBuf)> {
    let Some(folder) = std::env::var_os("HELMD_CORPUS").map(|f| PathBuf::from(f).join("charts")) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let found = |wanted: &&str| {
        let named = |path: &&PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(*wanted));
        files.iter().find(named).map(|path| ((*wanted).to_owned(), path.clone()))
    };
    HEAVY.iter().filter_map(found).collect()
}

/// The chart with its dependencies settled.
///
/// # Errors
/// As [`process_dependencies`].
pub fn settled(mut chart: Chart) -> Result<Chart> {
    process_dependencies(&mut chart, &Values::new(), HelmMajor::Helm4, &mut Vec::new())?;
    Ok(chart)
}

/// The values of a render with nothing but the chart's defaults.
///
/// # Errors
/// As [`render_values`].
pub fn values_of(chart: &Chart) -> Result<RenderValues> {
    let helm = HelmMajor::Helm4;
    let mut capabilities = Capabilities::default_for(helm);
    capabilities.kube_version = KubeVersion::parse("v1.36.3", helm)?;
    let release = ReleaseOptions {
        name: "bench".to_owned(),
        namespace: "default".to_owned(),
        revision: 1,
        is_upgrade: false,
        is_install: true,
    };
    let values = render_values(chart, &Values::new(), SchemaCheck::Validate, helm, &mut Vec::new())?;
    Ok(RenderValues { values, release, capabilities })
}
