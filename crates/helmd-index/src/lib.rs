//! Chart repositories without I/O.
//!
//! Owns: `index.yaml` ([`Index`]: read, sort, pick, merge, write), search over indexes ([`search`]), `repositories.yaml`
//! ([`repositories`]), what a chart's URL means next to its repository ([`location`]), lock digests and the resolution of
//! dependencies ([`dependencies`]), references to charts ([`mod@reference`], [`oci`]).
//! Does not own: files, caches, HTTP (`helmd-repo`), charts themselves (`helmd-chart`).
//!
//! Start at [`Index::load`]. An index is read chart by chart and kept compactly: what the versions of a chart have in common
//! is stored once, and an index shared in an `Arc` serves any number of searches at once.

mod decode;
pub mod dependencies;
mod entry;
mod error;
mod go_sort;
mod index;
mod load;
pub mod location;
pub mod oci;
mod packed;
pub mod reference;
pub mod repositories;
pub mod search;
pub mod table;
mod write;

pub use entry::{ChartVersion, Text};
pub use error::{GetError, IndexError};
pub use index::{Index, Prereleases, Selected};
pub use load::{Loaded, Skipped};

#[cfg(test)]
mod tests;
