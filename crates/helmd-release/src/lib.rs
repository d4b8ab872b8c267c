//! Releases: what Helm records about them, how a record is stored, and how rendered files become manifest, hooks and notes.
//!
//! Owns: [`Release`] with its exact JSON ([`HelmMajor`](helmd_chart::HelmMajor) selects helm 3's or helm 4's), the stored
//! form ([`encode`], [`decode`], [`storage_key`], [`storage_labels`]), the split of manifests, the order of kinds
//! ([`sort_manifests`]), [`assemble`] (rendered files to a release's text) and what the resource policy keeps.
//! Does not own: rendering (`helmd-engine`), where records lie (`helmd-storage`), the cluster.
//!
//! Start at [`Release`], then [`assemble`]. Everything is pure: times are passed in.

mod assemble;
mod base64_text;
mod encoding;
mod explain;
mod head;
mod hook;
mod keep;
mod labels;
mod order;
mod release;
mod size;
mod sort;
mod split;
mod text_enum;
mod time;

pub use assemble::{AssembleError, AssembleOptions, Assembled, assemble, document_text, template_pieces};
pub use encoding::{DecodeError, MAX_RELEASE_BYTES, decode, decode_json, encode, to_json};
pub use head::{Head, HeadError, HeadMetadata};
pub use hook::{
    HOOK_ANNOTATION, HOOK_DELETE_ANNOTATION, HOOK_OUTPUT_LOG_ANNOTATION, HOOK_WEIGHT_ANNOTATION, Hook,
    HookDeletePolicy, HookEvent, HookExecution, HookOutputLogPolicy, HookPhase,
};
pub use keep::{KEEP_POLICY, RESOURCE_POLICY_ANNOTATION, UninstallInfo, keep_info, partition_keep, uninstall_info};
pub use labels::{
    STORAGE_TYPE, SYSTEM_LABELS, Stamp, contains_system_labels, storage_key, storage_labels, without_system_labels,
};
pub use order::{INSTALL_ORDER, Order, UNINSTALL_ORDER, compare_kinds};
pub use release::{ApplyMethod, Info, Release, Status, by_date, by_name, by_revision};
pub use size::{Part, RecordSize, measure, without_files};
pub use sort::{Manifest, SortError, Sorted, sort_manifests};
pub use split::split_manifests;
pub use time::Time;
