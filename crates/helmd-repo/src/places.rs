//! Where Helm keeps what it knows of repositories.

use std::path::PathBuf;

/// Helm's files and folders; helm and helmd share them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// `repositories.yaml`.
    pub repository_config: PathBuf,
    /// The indexes of the repositories; with Helm 3 archives, too.
    pub repository_cache: PathBuf,
    /// Archives by their digest.
    pub content_cache: PathBuf,
    /// Who we are to registries.
    pub registry_config: PathBuf,
    /// Docker's file of the same, for what Helm's does not say; empty for none.
    pub docker_config: PathBuf,
}
