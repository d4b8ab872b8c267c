//! Manifests: what a tag stands for.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The media type of a chart's metadata.
pub(crate) const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
/// The media type of a chart's archive.
pub(crate) const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// The media type of archives of old.
pub(crate) const LEGACY_CHART: &str = "application/tar+gzip";
/// The media type of a chart's signature.
pub(crate) const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
/// The media type of a manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of a list of manifests.
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// What is said to be welcome when a manifest is asked for.
pub(crate) const ACCEPT: &str = "application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, application/vnd.oci.artifact.manifest.v1+json";

/// Names some bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Descriptor {
    /// What they are.
    pub media_type: String,
    /// `sha256:…`
    pub digest: String,
    /// How many there are.
    pub size: u64,
}

impl Descriptor {
    pub(crate) fn of(media_type: &str, bytes: &[u8]) -> Descriptor {
        Descriptor { media_type: media_type.to_owned(), digest: crate::digest(bytes), size: bytes.len() as u64 }
    }
}

/// What a tag stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u64,
    /// What it is; mostly said by the answer only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub media_type: String,
    /// The metadata.
    pub config: Descriptor,
    /// The contents.
    pub layers: Vec<Descriptor>,
    /// The manifests of an index.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub manifests: Vec<Descriptor>,
    /// Remarks.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// Whether it is a chart's.
    #[must_use]
    pub fn is_chart(&self) -> bool {
        self.config.media_type == CONFIG && self.archive().is_some()
    }

    /// The chart's archive.
    #[must_use]
    pub fn archive(&self) -> Option<&Descriptor> {
        self.layers.iter().rev().find(|layer| matches!(layer.media_type.as_str(), CHART | LEGACY_CHART))
    }

    /// The chart's signature.
    #[must_use]
    pub fn provenance(&self) -> Option<&Descriptor> {
        self.layers.iter().rev().find(|layer| layer.media_type == PROVENANCE)
    }
}
