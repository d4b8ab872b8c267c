//! Following one object until it has come where it should.

use std::time::Duration;

use futures::StreamExt as _;
use http::Method;
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::error::KubeError;
use crate::resource::Resource;
use crate::transport::Call;

/// How long one watch runs before it is begun anew.
const WATCH_SECONDS: &str = "290";
/// Pause before a broken watch is begun anew.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest line of a watch that is read: an object of the server's largest size, and then some.
const LINE_LIMIT_BYTES: usize = 16 << 20;

/// What happened to the object.
pub(crate) enum Change<'a> {
    /// It is so now.
    Is(&'a Json),
    /// It is gone.
    Gone,
}

impl Cluster {
    /// Follows an object until `reached` says so (`Ok(true)`) or fails. An object that does not
    /// exist yet is waited for.
    ///
    /// # Errors
    /// What `reached` finds wrong; `timed out waiting for the condition` when time is up; cancelled.
    pub(crate) async fn follow(
        &self,
        resource: &Resource,
        timeout: Option<Duration>,
        mut reached: impl FnMut(Change<'_>) -> Result<bool, KubeError>,
    ) -> Result<(), KubeError> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let work = async {
            loop {
                match self.follow_once(resource, &mut reached).await {
                    Ok(true) => return Ok(()),
                    Ok(false) => {}
                    // What the object tells is final, what the connection does is not.
                    Err(err @ (KubeError::Failed(_) | KubeError::Cancelled)) => return Err(err),
                    Err(err) if err.kind() == crate::ErrorKind::Denied => return Err(err),
                    Err(_) => {}
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let late = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            result = work => result,
            () = late => Err(KubeError::WaitTimeout {
                text: "timed out waiting for the condition".to_owned(),
                pending: vec![crate::error::Pending {
                    object: resource.object_ref(),
                    message: "has not completed".to_owned(),
                }],
            }),
            () = self.cancel_token().cancelled() => Err(KubeError::Cancelled),
        }
    }

    async fn follow_once(
        &self,
        resource: &Resource,
        reached: &mut impl FnMut(Change<'_>) -> Result<bool, KubeError>,
    ) -> Result<bool, KubeError> {
        let fields = format!("metadata.name={}", resource.name);
        let path = resource.mapping.path(&resource.namespace);
        let call = Call::new(Method::GET, path.clone()).query("fieldSelector", fields.clone());
        let list = self.call(call).await?.json()?;
        for item in list.get("items").and_then(Json::as_array).into_iter().flatten() {
            let mut item = item.clone();
            // Items of a list do not say their kind.
            if let Json::Object(item) = &mut item {
                item.insert("kind".to_owned(), Json::String(resource.mapping.kind.clone()));
            }
            if reached(Change::Is(&item))? {
                return Ok(true);
            }
        }
        let version = list.get("metadata").and_then(|meta| meta.get("resourceVersion")).and_then(Json::as_str);
        let call = Call::new(Method::GET, path)
            .query("watch", "true")
            .query("fieldSelector", fields)
            .query("timeoutSeconds", WATCH_SECONDS)
            .query("resourceVersion", version.unwrap_or_default());
        let mut pieces = http_body_util::BodyExt::into_data_stream(self.transport().stream(call).await?);
        let mut line: Vec<u8> = Vec::new();
        while let Some(piece) = pieces.next().await {
            let Ok(piece) = piece else { return Ok(false) };
            for byte in piece {
                if byte != b'\n' {
                    line.push(byte);
                    continue;
                }
                if event(&line, resource, reached)? {
                    return Ok(true);
                }
                line.clear();
            }
            if line.len() > LINE_LIMIT_BYTES {
                return Ok(false);
            }
        }
        Ok(false)
    }
}

fn event(
    line: &[u8],
    resource: &Resource,
    reached: &mut impl FnMut(Change<'_>) -> Result<bool, KubeError>,
) -> Result<bool, KubeError> {
    let Ok(event) = serde_json::from_slice::<Json>(line) else { return Ok(false) };
    match event.get("type").and_then(Json::as_str) {
        Some("ADDED" | "MODIFIED") => match event.get("object") {
            Some(object) => reached(Change::Is(object)),
            None => Ok(false),
        },
        Some("DELETED") => reached(Change::Gone),
        Some("ERROR") => {
            let code = event.get("object").and_then(|status| status.get("code")).and_then(Json::as_u64);
            // An outdated start is no failure of the object: list again.
            if code == Some(410) {
                Ok(false)
            } else {
                Err(KubeError::Failed(format!("failed to deploy {}", resource.name)))
            }
        }
        _ => Ok(false),
    }
}
