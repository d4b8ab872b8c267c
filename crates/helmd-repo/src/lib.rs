//! Where charts come from.
//!
//! Owns: charts in folders and archives on disk ([`local`]). Repositories and caches come later. Does not own: what a
//! chart is (`helmd-chart`).

pub mod local;
mod sniff;

pub use local::RepoError;
