//! Answers with real status codes, ETags and dates.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use helmd_chart::GoTime;
use helmd_kube::helm_text;
use helmd_store::{BackendError, StoreError};
use serde::Serialize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is answered.
pub(super) struct Answer {
    status: StatusCode,
    kind: &'static str,
    body: Bytes,
    /// Tells whether the client has it already.
    tag: Option<Tag>,
}

/// What a content is known by.
pub(super) struct Tag {
    /// Its digest.
    pub(super) digest: String,
    /// Its age.
    pub(super) modified: Option<GoTime>,
}

/// A content that clients may keep.
pub(super) fn content(kind: &'static str, body: Bytes, tag: Tag) -> Answer {
    Answer { status: StatusCode::OK, kind, body, tag: Some(tag) }
}

/// A content as it is.
pub(super) fn plain(kind: &'static str, body: Bytes) -> Answer {
    Answer { status: StatusCode::OK, kind, body, tag: None }
}

/// A value in Go's JSON.
pub(super) fn json<T: Serialize>(status: StatusCode, value: &T) -> Answer {
    match gotmpl::json::to_string(value) {
        Ok(text) => Answer { status, kind: "application/json; charset=utf-8", body: text.into(), tag: None },
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// What is not done, and why.
pub(super) fn refused(status: StatusCode, why: &str) -> Answer {
    // A text has a JSON form always.
    let text = gotmpl::json::to_string(&serde_json::json!({ "error": why })).unwrap_or_default();
    Answer { status, kind: "application/json; charset=utf-8", body: text.into(), tag: None }
}

/// What the store does not do.
pub(super) fn failed(error: &StoreError) -> Answer {
    let status = match error {
        StoreError::NotAChart(_) | StoreError::Name(_) | StoreError::Provenance(_) => StatusCode::BAD_REQUEST,
        StoreError::Exists => StatusCode::CONFLICT,
        StoreError::NotFound { .. } => StatusCode::NOT_FOUND,
        StoreError::Full | StoreError::Backend(BackendError::TooMany(_)) => StatusCode::INSUFFICIENT_STORAGE,
        StoreError::Changing(_) => StatusCode::SERVICE_UNAVAILABLE,
        StoreError::Backend(BackendError::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
        StoreError::Backend(BackendError::Name(_) | BackendError::NotInRegistry(_)) => StatusCode::BAD_REQUEST,
        StoreError::Backend(
            BackendError::Http(_) | BackendError::Refused { .. } | BackendError::Answer(_) | BackendError::Registry(_),
        ) => StatusCode::BAD_GATEWAY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let text = helm_text(error);
    if status.is_server_error() {
        tracing::error!(error = %text, "the chart store");
    }
    refused(status, &text)
}

impl Answer {
    /// The response; without a body when the client has it already, or asks for the head only.
    pub(super) fn respond(self, asked: &HeaderMap, is_head: bool) -> Response {
        let mut headers = HeaderMap::new();
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        let mut status = self.status;
        if let Some(tag) = &self.tag {
            set(header::ETAG, &tag.etag());
            set(header::CACHE_CONTROL, "no-cache");
            if let Some(time) = tag.time() {
                set(header::LAST_MODIFIED, &httpdate::fmt_http_date(time));
            }
            if tag.is_known(asked) {
                status = StatusCode::NOT_MODIFIED;
            }
        }
        let is_sent = status != StatusCode::NOT_MODIFIED;
        if is_sent {
            set(header::CONTENT_TYPE, self.kind);
            set(header::CONTENT_LENGTH, &self.body.len().to_string());
        }
        let mut response = Response::new(if is_sent && !is_head { Body::from(self.body) } else { Body::empty() });
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

impl Tag {
    fn etag(&self) -> String {
        format!("\"{}\"", self.digest)
    }

    /// To the second, as HTTP has it.
    fn time(&self) -> Option<SystemTime> {
        let (seconds, _) = self.modified.as_ref()?.unix();
        UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
    }

    /// Whether the client says that it has this content. Where it gives an ETag, the date does not count.
    fn is_known(&self, asked: &HeaderMap) -> bool {
        let text = |name| asked.get(name).and_then(|value| value.to_str().ok());
        if let Some(tags) = text(header::IF_NONE_MATCH) {
            let etag = self.etag();
            return tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag);
        }
        let since = text(header::IF_MODIFIED_SINCE).and_then(|date| httpdate::parse_http_date(date).ok());
        matches!((since, self.time()), (Some(since), Some(time)) if time <= since)
    }
}
