//! A store of charts: archives with their signatures, and an index of them that is kept as they come and go.
//!
//! Owns: what is a chart and what is not ([`Store::add`]), which version an archive is, where archives lie ([`Backend`]: a folder, an
//! S3-compatible bucket, a registry), the index as a repository serves it ([`View`]). Does not own: routes and answers (`helmd-server`), what
//! an index says (`helmd-index`).
//!
//! Start at [`Store`]. Nothing is kept but the index: what the backend holds is the truth, so that several processes share it.

mod backend;
mod error;
mod folder;
mod names;
mod oci;
mod provenance;
mod s3;
mod store;
mod view;

pub use backend::{Backend, BackendError, Object, Put};
pub use error::StoreError;
pub use folder::Folder;
pub use names::{archive_file, is_file_name};
pub use oci::{RegistryFolder, RegistrySettings};
pub use s3::{Bucket, BucketSettings, Keys};
pub use store::{Fetched, Store, StoreLimits};
pub use view::{CONTEXT_PATH, Held, Rendered, View};
