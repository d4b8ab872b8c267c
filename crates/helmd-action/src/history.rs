//! `helm history`.

use helmd_chart::names::validate_release_name;
use helmd_release::Release;

use crate::context::Context;
use crate::error::ActionError;

/// All revisions of a release.
#[derive(Debug, Clone)]
pub struct History {
    /// Release.
    pub name: String,
    /// How many of the newest; 0: all.
    pub max: usize,
}

impl History {
    /// Asks for all revisions.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), max: 0 }
    }

    /// Reads them, oldest first; at least one. They come without manifests, hooks, values and notes, and with the metadata of
    /// their charts only.
    ///
    /// # Errors
    /// No such release; the cluster cannot be reached.
    pub async fn run(self, cx: &Context) -> Result<Vec<Release>, ActionError> {
        cx.cluster.check_reachable().await?;
        if validate_release_name(&self.name).is_err() {
            return Err(ActionError::InvalidName { place: "r", name: self.name });
        }
        let mut history = cx.brief_history(&self.name).await?;
        if self.max > 0 {
            history.drain(..history.len().saturating_sub(self.max));
        }
        Ok(history)
    }
}
