//! A sandbox and a small client for it, without a socket.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use axum::body::Body;
use futures::StreamExt as _;
use helmd_sandbox::{Sandbox, SandboxOptions};
use http::{HeaderMap, Request};
use serde_json::Value;
use tower::ServiceExt as _;

pub struct Api {
    pub sandbox: Sandbox,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Api {
    pub async fn start() -> Self {
        let options = SandboxOptions {
            job_backoff: Duration::from_millis(20),
            slow_pod: Duration::from_millis(300),
            ..SandboxOptions::default()
        };
        Self { sandbox: Sandbox::start(options).await.unwrap() }
    }

    fn request(&self, (method, path): (&str, &str), (kind, accept): (&str, &str), body: Vec<u8>) -> Request<Body> {
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.sandbox.token()))
            .header("content-type", kind)
            .header("accept", accept)
            .header("user-agent", "tests/1.0")
            .body(Body::from(body))
            .unwrap()
    }

    pub async fn send(&self, method: &str, path: &str, kind: &str, body: Vec<u8>) -> Answer {
        self.exchange(self.request((method, path), (kind, "application/json"), body)).await
    }

    /// GET in another form than plain JSON.
    pub async fn get_as(&self, path: &str, accept: &str) -> Answer {
        self.exchange(self.request(("GET", path), ("", accept), Vec::new())).await
    }

    async fn exchange(&self, request: Request<Body>) -> Answer {
        let response = self.sandbox.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 64 << 20).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body, text }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", Vec::new()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, "application/json", body.to_string().into_bytes()).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, "application/json", body.to_string().into_bytes()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, "application/json", Vec::new()).await
    }

    pub async fn patch(&self, path: &str, kind: &str, body: &Value) -> Answer {
        let kind = match kind {
            "apply" => "application/apply-patch+yaml",
            "json" => "application/json-patch+json",
            "merge" => "application/merge-patch+json",
            _ => "application/strategic-merge-patch+json",
        };
        self.send("PATCH", path, kind, body.to_string().into_bytes()).await
    }

    /// Lines of a watch that ends by itself (`timeoutSeconds`) or after `most` lines.
    pub async fn watch(&self, path: &str, most: usize) -> Vec<Value> {
        let request = self.request(("GET", path), ("", "application/json"), Vec::new());
        let response = self.sandbox.router().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let mut stream = response.into_body().into_data_stream();
        let (mut text, mut lines) = (String::new(), Vec::new());
        while lines.len() < most {
            let Some(chunk) = stream.next().await else { break };
            text.push_str(&String::from_utf8_lossy(&chunk.unwrap()));
            while let Some((line, rest)) = text.split_once('\n') {
                lines.push(serde_json::from_str(line).unwrap());
                text = rest.to_owned();
            }
        }
        lines
    }

    /// Asks until `test` holds; fails after ten seconds.
    pub async fn until(&self, path: &str, test: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..500 {
            let answer = self.get(path).await;
            if test(&answer.body) {
                return answer.body;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{path}: {}", self.get(path).await.text);
    }
}

pub fn config_map(name: &str) -> Value {
    serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"app": name}}, "data": {"k": "v"}})
}

pub fn deployment(name: &str, image: &str, outcome: Option<&str>) -> Value {
    let mut annotations = serde_json::json!({});
    if let Some(outcome) = outcome {
        annotations["test/outcome"] = outcome.into();
    }
    serde_json::json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}, "annotations": annotations},
                "spec": {"containers": [{"name": "c", "image": image}]}}},
    })
}
