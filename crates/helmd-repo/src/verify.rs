//! Charts that are to be verified. Signatures cannot be read yet, so none is good: each question ends with why.

use crate::repositories::{Repos, Resolved};
use gotmpl::strconv::quote;
use std::path::Path;

const NOT_YET: &str = "verifying charts is not there yet";
/// Largest signature that is read.
const LIMIT_BYTES: u64 = 1 << 20;

/// Why a chart on disk is not verified; Helm's sentences where there is nothing to verify with.
#[must_use]
pub fn unverified(path: &Path) -> String {
    if path.is_dir() {
        return "unpacked charts cannot be verified".to_owned();
    }
    let file = format!("{}.prov", path.display());
    if !Path::new(&file).exists() {
        return format!("could not load provenance file {file}: stat {file}: no such file or directory");
    }
    NOT_YET.to_owned()
}

impl Repos {
    /// Why a chart that is to be fetched is not verified.
    pub async fn unverified(&self, chart: &Resolved) -> String {
        let url = format!("{}.prov", chart.url);
        match self.fetch_provenance(chart, LIMIT_BYTES).await {
            Ok(_) => NOT_YET.to_owned(),
            Err(_) => format!("failed to fetch provenance {}", quote(&url)),
        }
    }
}
