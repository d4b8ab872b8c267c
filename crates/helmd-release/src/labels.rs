//! Key and labels of a stored release.

use crate::release::Release;
use std::collections::BTreeMap;

/// The labels that Helm sets itself and does not accept from a user.
pub const SYSTEM_LABELS: [&str; 6] = ["name", "owner", "status", "version", "createdAt", "modifiedAt"];

/// The type of the Secrets that hold releases.
pub const STORAGE_TYPE: &str = "helm.sh/release.v1";

/// Which time a write leaves in the labels, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// `createdAt`
    Created(i64),
    /// `modifiedAt`
    Modified(i64),
}

/// The key of a revision: `sh.helm.release.v1.NAME.vREVISION`.
pub fn storage_key(name: &str, revision: i64) -> String {
    format!("sh.helm.release.v1.{name}.v{revision}")
}

/// The labels of the object that holds the release: the user's, overlaid by Helm's.
pub fn storage_labels(release: &Release, stamp: Stamp) -> BTreeMap<String, String> {
    let (key, seconds) = match stamp {
        Stamp::Created(seconds) => ("createdAt", seconds),
        Stamp::Modified(seconds) => ("modifiedAt", seconds),
    };
    let mut labels = BTreeMap::from([(key.to_owned(), seconds.to_string())]);
    // HELM: a time among the release's own labels wins; an update of a listed release keeps `createdAt` in this way.
    labels.extend(release.labels.clone());
    let own = [
        ("name", release.name.clone()),
        ("owner", "helm".to_owned()),
        ("status", release.info.status.to_string()),
        ("version", release.version.to_string()),
    ];
    labels.extend(own.map(|(key, value)| (key.to_owned(), value)));
    labels
}

/// The user's labels among those of a stored object.
pub fn without_system_labels(mut labels: BTreeMap<String, String>) -> BTreeMap<String, String> {
    labels.retain(|key, _| !SYSTEM_LABELS.contains(&key.as_str()));
    labels
}

/// True when one of the labels is Helm's own.
pub fn contains_system_labels(labels: &BTreeMap<String, String>) -> bool {
    labels.keys().any(|key| SYSTEM_LABELS.contains(&key.as_str()))
}
