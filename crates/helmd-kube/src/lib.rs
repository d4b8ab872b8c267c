//! Everything that helmd says to a Kubernetes API server.
//!
//! Owns: how a cluster is reached and as whom ([`ClusterConfig`], [`ClusterPool`]), what it serves
//! ([`Discovery`]), the objects of a manifest ([`Cluster::build`]), and what is done with them:
//! create, update, delete ([`apply`]), wait ([`wait`], with an [`explanation`] of what did not become ready), logs ([`logs`]).
//!
//! Does not own: what a release is, when something is done (`helmd-action`), nor the pure rules
//! (merge patches, ownership, readiness: `helmd-plan`).
//!
//! Start at [`Cluster`]: a cheap handle that carries the namespace, the progress listener and the
//! cancel token of one operation. Errors speak as Helm's client speaks ([`KubeError`]).

mod advice;
pub mod apply;
pub mod build;
pub mod cluster;
pub mod config;
mod diagnose;
pub mod discovery;
pub mod error;
pub mod explanation;
mod hint;
pub mod kstatus;
pub mod lease;
pub mod logs;
mod managed_fields;
mod network;
mod patch;
mod patience;
pub mod pods;
pub mod progress;
mod ready;
pub mod resource;
pub mod transport;
pub mod wait;
mod watch;

pub use apply::{ApplyOptions, ApplyResult, FieldValidation, Method, Propagation};
pub use cluster::{Cluster, ClusterPool};
pub use config::{ClusterConfig, ConfigSource, Secret};
pub use discovery::{Discovery, Mapping, ServerVersion};
pub use error::{ApiStatus, ErrorKind, KubeError, helm_text};
pub use explanation::Explanation;
pub use lease::Lease;
pub use patience::{LONGEST_PAUSE, Repeated};
pub use progress::{Event, ObjectRef, Progress, Silent};
pub use resource::Resource;
pub use wait::{WaitOptions, WaitRules, WaitStrategy};

/// The field manager under which helmd changes objects: the same as Helm's, so that either may
/// continue the other's work without conflicts.
pub const FIELD_MANAGER: &str = "helm";
