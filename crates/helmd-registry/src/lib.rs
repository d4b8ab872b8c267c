//! Charts in OCI registries.
//!
//! Owns: the distribution API as far as charts need it (tags, manifests, blobs, the catalog), who we are to a registry
//! ([`Logins`], in Docker's and Helm's config files), tokens, what a pushed chart's manifest says. Every byte that is used has the
//! digest that its manifest says. Does not own: references and versions of tags (`helmd_index::oci`), how machines are asked and
//! which may be (`helmd-http`), where charts are kept (`helmd-repo`).
//!
//! Start at [`Registry::pull`] and [`Registry::push`]. Texts of failures are those of Helm and oras-go.

mod ask;
mod challenge;
mod error;
mod helper;
mod login;
mod logins;
mod manifest;
mod pull;
mod push;
mod scope;
mod token;

pub use ask::{Insecure, Registry, RegistryOptions};
pub use error::{Refusal, RegistryError};
pub use helper::Helpers;
pub use logins::{Login, Logins};
pub use manifest::{Descriptor, Manifest};
pub use pull::{Layers, Pulled};
pub use push::{Push, Pushed, annotations};

use sha2::{Digest as _, Sha256};

/// `sha256:…` of bytes.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
