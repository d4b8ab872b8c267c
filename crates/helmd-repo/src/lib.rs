//! Where charts come from.
//!
//! Owns: charts in folders and archives on disk ([`local`]), repositories with their files and caches ([`repositories`]), archives by
//! digest ([`content`]), the charts that a chart wants ([`dependencies`]), whether a chart is signed ([`Keys`]). Does not own: what a chart is (`helmd-chart`), what an index says (`helmd-index`), how other machines are
//! asked (`helmd-http`), which URLs may be asked for (`helmd-server`).

mod certificates;
pub mod content;
pub mod dependencies;
mod link;
pub mod local;
mod places;
pub mod repositories;
mod sniff;
pub mod subcharts;
mod verify;

pub use certificates::check_certificates;
pub use helmd_provenance::{ProvenanceError, Signatory, Verification};
pub use local::RepoError;
pub use places::Places;
pub use repositories::{Repos, RepositoryError};
pub use verify::{Keys, Verify};
