//! What containers wrote.

use futures::stream::{BoxStream, StreamExt as _};
use http::Method;
use http_body_util::BodyExt as _;
use serde_json::Value as Json;

use crate::cluster::Cluster;
use crate::error::KubeError;
use crate::progress::Event;
use crate::transport::Call;

/// The most that is passed on of one container's log.
const LOG_LIMIT_BYTES: usize = 1 << 20;

/// Which log, and how much of it.
#[derive(Debug, Clone, Default)]
pub struct LogRequest {
    /// Namespace.
    pub namespace: String,
    /// Pod.
    pub pod: String,
    /// Container; may be empty where the pod has one.
    pub container: String,
    /// Go on while the container writes.
    pub follow: bool,
    /// Only the last lines.
    pub tail_lines: Option<u64>,
}

impl Cluster {
    /// A container's log, piece by piece.
    ///
    /// # Errors
    /// The server's refusal; a connection that breaks is an error element.
    pub async fn pod_log(
        &self,
        request: &LogRequest,
    ) -> Result<BoxStream<'static, Result<bytes::Bytes, KubeError>>, KubeError> {
        let path = format!("/api/v1/namespaces/{}/pods/{}/log", request.namespace, request.pod);
        let mut call = Call::new(Method::GET, path).accept("*/*");
        if !request.container.is_empty() {
            call = call.query("container", request.container.clone());
        }
        if request.follow {
            call = call.query("follow", "true");
        }
        if let Some(lines) = request.tail_lines {
            call = call.query("tailLines", lines.to_string());
        }
        let body = self.transport().stream(call).await?;
        let pieces = body.into_data_stream();
        Ok(pieces.map(|piece| piece.map_err(|err| KubeError::Answer(format!("the log broke off: {err}")))).boxed())
    }

    /// Reports the logs of all containers of the pods that the selectors choose.
    ///
    /// # Errors
    /// In Helm's words, for the first container whose log cannot be read.
    pub async fn report_logs(&self, namespace: &str, labels: &str, fields: &str) -> Result<(), KubeError> {
        for pod in self.pods(namespace, labels, fields).await? {
            let name = pod.get("metadata").and_then(|meta| meta.get("name")).and_then(Json::as_str).unwrap_or_default();
            let containers = pod.get("spec").and_then(|spec| spec.get("containers")).and_then(Json::as_array);
            for container in containers.into_iter().flatten() {
                let container = container.get("name").and_then(Json::as_str).unwrap_or_default();
                self.report_log(namespace, name, container).await?;
            }
        }
        Ok(())
    }

    async fn report_log(&self, namespace: &str, pod: &str, container: &str) -> Result<(), KubeError> {
        let request = LogRequest {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            container: container.to_owned(),
            ..LogRequest::default()
        };
        let failed = |what: &str| KubeError::Answer(format!("Failed to {what} for pod: {pod}, container: {container}"));
        let mut pieces = self.pod_log(&request).await.map_err(|_| failed("stream pod logs"))?;
        let mut passed = 0_usize;
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| failed("copy IO from logs"))?;
            passed = passed.saturating_add(piece.len());
            if passed > LOG_LIMIT_BYTES {
                self.report(Event::Warning {
                    message: format!(
                        "the log of pod {pod}, container {container} is cut after {LOG_LIMIT_BYTES} bytes"
                    ),
                });
                break;
            }
            self.report(Event::Log {
                namespace: namespace.to_owned(),
                pod: pod.to_owned(),
                container: container.to_owned(),
                text: String::from_utf8_lossy(&piece).into_owned(),
            });
        }
        Ok(())
    }
}
