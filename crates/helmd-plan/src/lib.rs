//! What an operation does to the cluster, computed on JSON objects: patches, ownership, readiness. No I/O, no clock.
//!
//! Owns: strategic merge patches ([`strategic`]), JSON merge patches ([`merge`]), JSON patches ([`json_patch`]), the
//! difference of two manifests ([`diff_resources`]), changes of rendered objects as data ([`post_render`]), ownership marks and their check ([`ownership`]), readiness
//! ([`ready`] as helm 3 judges, [`status`] as helm 4 does). Does not own: reading live objects, applying, waiting.
//!
//! Numbers of objects are `i64` where they are integers and `f64` otherwise; `1` and `1.0` are different values, as they
//! are for Kubernetes.

mod difference;
mod go_text;
pub mod json_patch;
pub mod merge;
mod object;
pub mod ownership;
pub mod post_render;
pub mod ready;
mod selector;
pub mod status;
pub mod strategic;

pub use difference::{Difference, diff_resources, is_same_object};
pub use selector::selector_text;

/// Deepest nesting of objects that patches go into, in levels: far above any real object, low enough for a small stack.
pub const MAX_DEPTH: usize = 200;
