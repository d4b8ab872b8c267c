//! How far a live object has come, as Helm 4 judges it.

use helmd_plan::status::{judge, related_pods};

pub use helmd_plan::status::{ObjectStatus, Purpose, Status};

use crate::cluster::Cluster;
use crate::error::KubeError;
use crate::resource::Resource;

impl Cluster {
    /// Looks at an object and judges it. One that does not exist is judged, too.
    ///
    /// # Errors
    /// Reading failed.
    pub async fn status(&self, resource: &Resource, purpose: Purpose) -> Result<ObjectStatus, KubeError> {
        let Some(live) = self.find(resource).await? else {
            return Ok(ObjectStatus::not_found());
        };
        let pods = match related_pods(&live, purpose) {
            Some(labels) => self.pods(&resource.namespace, &labels, "").await?,
            None => Vec::new(),
        };
        let now = jiff::Timestamp::now().as_second();
        Ok(judge(&live, &pods, purpose, now).unwrap_or_else(|err| ObjectStatus {
            status: Status::Unknown,
            reason: String::new(),
            message: err.to_string(),
        }))
    }
}
