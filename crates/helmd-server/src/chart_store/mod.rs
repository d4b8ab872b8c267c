//! The server's own charts under `/charts`: a Helm repository for the real helm, and ChartMuseum's API for those who push.
//!
//! Answers have real status codes, as the clients of both expect; the envelope of `/api` is not for here.

mod answer;
mod museum;
mod onward;
mod repository;

use crate::App;
use crate::compat::Query;
use crate::compat::decode;
use answer::{Answer, json, refused};
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use serde_json::json;
use std::time::Duration;

/// Whether a path is one of ours.
pub(crate) fn is_ours(path: &str) -> bool {
    path.starts_with("/charts/")
}

/// Answers one request.
pub(crate) async fn serve(app: App, request: Request<Body>) -> Response {
    let patience = app.settings.limits.body_read;
    let headers = request.headers().clone();
    let is_head = request.method() == Method::HEAD;
    let answer = route(app, request, patience).await.unwrap_or_else(|answer| answer);
    answer.respond(&headers, is_head)
}

/// An answer of either kind: what went wrong is an answer, too.
type Answered = Result<Answer, Answer>;

async fn route(app: App, request: Request<Body>, patience: Duration) -> Answered {
    let nothing = || Err(refused(StatusCode::NOT_FOUND, "not found"));
    let method = if *request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
    let path = request.uri().path().to_owned();
    let Some(parts) = path.split('/').skip(2).map(decode).collect::<Option<Vec<String>>>() else { return nothing() };
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let query = Query::read(request.uri().query(), request.headers());
    let app = &app;
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["index.yaml"]) => repository::index(app).await,
        ("GET", ["charts", file]) => repository::file(app, file).await,
        ("GET", ["health"]) => Ok(json(StatusCode::OK, &json!({"healthy": true}))),
        ("GET", ["info"]) => Ok(json(StatusCode::OK, &json!({"version": env!("CARGO_PKG_VERSION")}))),
        ("GET", ["api", "charts"]) => museum::charts(app, &query).await,
        ("GET", ["api", "charts", name]) => museum::chart(app, name).await,
        ("GET", ["api", "charts", name, version]) => museum::version(app, name, version).await,
        ("GET", ["api", "charts", name, version, "values"]) => museum::values(app, name, version).await,
        ("DELETE", ["api", "charts", name, version]) => museum::delete(app, name, version).await,
        ("POST", ["api", "charts", name, version, "push"]) => onward::push(app, name, version, request).await,
        ("POST", ["api", "charts"]) => in_time(patience, museum::push(app, &query, request)).await,
        ("POST", ["api", "prov"]) => in_time(patience, museum::push_signature(app, &query, request)).await,
        _ => nothing(),
    }
}

/// What is sent must come within the limit.
async fn in_time(patience: Duration, work: impl Future<Output = Answered>) -> Answered {
    let late = || {
        let text = format!("the request body did not arrive within the limit of {} s", patience.as_secs());
        refused(StatusCode::REQUEST_TIMEOUT, &text)
    };
    tokio::time::timeout(patience, work).await.unwrap_or_else(|_| Err(late()))
}

/// A body within a limit.
async fn body(request: Request<Body>, limit_bytes: usize) -> Result<Bytes, Answer> {
    axum::body::to_bytes(request.into_body(), limit_bytes).await.map_err(|_| too_large(limit_bytes))
}

fn too_large(limit_bytes: usize) -> Answer {
    let text = format!("what was sent is larger than the limit of {limit_bytes} bytes, or broke off");
    refused(StatusCode::PAYLOAD_TOO_LARGE, &text)
}
