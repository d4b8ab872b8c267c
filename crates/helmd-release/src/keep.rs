//! The resource policy: what an uninstall leaves in the cluster.

use crate::order::Order;
use crate::sort::{Manifest, SortError, sort_manifests};
use crate::split::split_manifests;
use helmd_chart::HelmMajor;
use std::collections::BTreeMap;

/// The annotation of the resource policy.
pub const RESOURCE_POLICY_ANNOTATION: &str = "helm.sh/resource-policy";
/// The policy by which a resource stays.
pub const KEEP_POLICY: &str = "keep";

/// What an uninstall does with a release's manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UninstallInfo {
    /// The `Info` text: what stays; empty when nothing does.
    pub info: String,
    /// What stays.
    pub keep: Vec<Manifest>,
    /// What is deleted, in this order.
    pub delete: Vec<Manifest>,
}

/// Sorts the manifest of a release for its uninstall and tells what stays.
///
/// # Errors
/// The manifest cannot be read. Helm joins the error to `corrupted release record. You must manually delete the
/// resources`.
pub fn uninstall_info(manifest: &str, helm: HelmMajor) -> Result<UninstallInfo, SortError> {
    // HELM: the documents are named by number and sorted by that name, so the eleventh comes before the third.
    let documents: BTreeMap<String, String> = split_manifests(manifest, helm)
        .into_iter()
        .enumerate()
        .map(|(number, document)| (format!("manifest-{number}"), document))
        .collect();
    let sorted = sort_manifests(&documents, Order::Uninstall, helm)?;
    let (keep, delete) = partition_keep(sorted.manifests);
    Ok(UninstallInfo { info: keep_info(&keep), keep, delete })
}

/// Parts the manifests that stay from those to delete.
///
/// HELM: with a policy that is not `keep` a manifest is in neither list.
pub fn partition_keep(manifests: Vec<Manifest>) -> (Vec<Manifest>, Vec<Manifest>) {
    let (mut keep, mut delete) = (Vec::new(), Vec::new());
    for manifest in manifests {
        match manifest.head.annotation(RESOURCE_POLICY_ANNOTATION) {
            None => delete.push(manifest),
            Some(policy) if policy.trim().to_lowercase() == KEEP_POLICY => keep.push(manifest),
            Some(_) => {}
        }
    }
    (keep, delete)
}

/// The text that tells what stays; empty for nothing.
pub fn keep_info(keep: &[Manifest]) -> String {
    if keep.is_empty() {
        return String::new();
    }
    let mut text = "These resources were kept due to the resource policy:\n".to_owned();
    for manifest in keep {
        text.push_str(&format!("[{}] {}\n", manifest.head.kind, manifest.head.name()));
    }
    text
}
