//! Where charts come from.
//!
//! Owns: charts in folders and archives on disk ([`local`]), and what a URL names ([`fetch`]). Repositories and caches come
//! later. Does not own: what a chart is (`helmd-chart`), which URLs may be asked for (`helmd-server`).

pub mod fetch;
mod link;
pub mod local;
mod sniff;
pub mod subcharts;

pub use local::RepoError;
