//! Values: from what a user says and what charts default to, to what templates see.
//!
//! Owns: the `--set` grammar ([`strvals`]), merging of value sources, coalescing of charts' defaults, conditions, tags,
//! aliases and imported values of dependencies, JSON schemas, [`Capabilities`], questions to values ([`jsonpath`]). Does
//! not own: reading files, rendering, asking a cluster.
//!
//! The way through: [`merge_maps`] and [`strvals`] make the user's values, [`process_dependencies`] settles which charts
//! take part, [`render_values`] lays the user's values over the charts' defaults and checks the schemas.
//!
//! Nothing here prints: what Helm warns of is returned, in Helm's words, as [`Warnings`].

mod api_versions;
mod capabilities;
mod coalesce;
mod dependencies;
mod error;
mod graph;
pub mod jsonpath;
mod lookup;
mod merge;
mod render;
pub mod schema;
pub mod strvals;
mod table;
mod warning;

pub use capabilities::{Capabilities, HelmVersion, KubeVersion, KubeVersionError};
pub use coalesce::{coalesce_tables, coalesce_values, merge_tables};
pub use dependencies::process_dependencies;
pub use error::ValuesError;
pub use helmd_chart::Values;
pub use lookup::{LookupError, path_value, table};
pub use merge::{is_compatible_range, merge_maps};
pub use render::{ReleaseOptions, RenderValues, SchemaCheck, render_values};
pub use warning::Warnings;
