//! What whole walks need: the server as a process, its API, and the real helm and kubectl beside it.
//!
//! `e2e/run` starts the cluster and sets the variables named in [`Setup`]; without them a test says `skipped: …` (a failure when
//! `CI=true`). HTTP is spoken through curl, so that these tests share no code with what they test.

#![expect(clippy::print_stdout, reason = "tests that say what they skip")]

mod api;
pub mod files;
pub mod lines;
mod postgres;
mod programs;
pub mod proxy;
mod registry;
pub mod sides;

pub use api::{Api, Server};
pub use postgres::Postgres;
pub use programs::{Program, wait_until};
pub use registry::Registry;

use std::path::PathBuf;

/// Where the parts are that a walk needs.
pub struct Setup {
    /// `HELMD_E2E_KUBECONFIG`: a cluster of our own; absent for sandbox walks.
    pub kubeconfig: Option<PathBuf>,
    /// `HELMD_TOOLS`: the folder of helm3 and helm4.
    pub tools: PathBuf,
    /// `HELMD_CORPUS`: the folder of public charts; absent on a machine without it.
    pub corpus: Option<PathBuf>,
    /// `HELMD_BIN`: the program under test.
    pub helmd: PathBuf,
}

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment where the real programs are")]
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var(name).ok().filter(|v| !v.is_empty()).map(PathBuf::from)
}

impl Setup {
    /// The parts named by the environment; `None` after saying what is missing.
    ///
    /// # Panics
    /// When something is missing and `CI=true`.
    #[must_use]
    pub fn find(needs_cluster: bool) -> Option<Setup> {
        let (Some(tools), Some(helmd)) = (variable("HELMD_TOOLS"), variable("HELMD_BIN")) else {
            Self::missing("HELMD_TOOLS or HELMD_BIN");
            return None;
        };
        let kubeconfig = variable("HELMD_E2E_KUBECONFIG");
        if needs_cluster && kubeconfig.is_none() {
            Self::missing("HELMD_E2E_KUBECONFIG");
            return None;
        }
        Some(Setup { kubeconfig, tools, corpus: variable("HELMD_CORPUS"), helmd })
    }

    /// Says that a test is skipped for want of `what`.
    ///
    /// # Panics
    /// When `CI=true`: there a skip is a failure.
    pub fn missing(what: &str) {
        assert!(variable("CI").is_none_or(|v| v.as_os_str() != "true"), "{what} is missing");
        println!("skipped: {what} is missing (run `make e2e`)");
    }

    /// The archive of a public chart, by the beginning of its file name.
    #[must_use]
    pub fn chart(&self, name: &str) -> Option<PathBuf> {
        let folder = self.corpus.as_ref()?.join("charts");
        let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
            .ok()?
            .filter_map(|e| Some(e.ok()?.path()))
            .filter(|p| {
                let file = p.file_name().and_then(|n| n.to_str()).unwrap_or_default();
                file.strip_prefix(name).is_some_and(|rest| {
                    let rest = rest.strip_prefix('-').unwrap_or_default();
                    rest.starts_with(|c: char| c.is_ascii_digit() || c == 'v')
                })
            })
            .collect();
        found.sort();
        found.pop()
    }
}
