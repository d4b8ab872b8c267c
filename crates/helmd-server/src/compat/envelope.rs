//! helm-wrapper's answer: HTTP 200 with `{"code":0|1, "data":…, "error":"…"}`, in Go's JSON; our `explanation` may stand beside `error`.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use helmd_kube::Explanation;
use serde::Serialize;

#[derive(Serialize)]
struct Envelope<'a, T: Serialize> {
    code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a T>,
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'a Explanation>,
}

/// Success with a payload; an empty list or text is shown, as in the Go program.
pub(crate) fn ok<T: Serialize>(data: &T) -> Response {
    json(&Envelope { code: 0, data: Some(data), error: "", explanation: None })
}

/// Success without a payload.
pub(crate) fn done() -> Response {
    json(&Envelope::<()> { code: 0, data: None, error: "", explanation: None })
}

/// Failure: still HTTP 200, as the Go program answers.
pub(crate) fn fail(error: &str) -> Response {
    explained(error, None)
}

/// As [`fail`], with what was found out about the failure.
pub(crate) fn explained(error: &str, explanation: Option<&Explanation>) -> Response {
    json(&Envelope::<()> { code: 1, data: None, error, explanation })
}

fn json<T: Serialize>(envelope: &T) -> Response {
    match gotmpl::json::to_string(envelope) {
        Ok(text) => {
            let mut response = Response::new(Body::from(text));
            let kind = HeaderValue::from_static("application/json; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        // Only values that JSON cannot hold (NaN) end here.
        Err(_) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

/// A plain text answer.
pub(crate) fn text(status: StatusCode, body: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_explanation_stands_beside_the_error() {
        let body = |response: Response| async { axum::body::to_bytes(response.into_body(), 4096).await.unwrap() };
        assert_eq!(body(fail("no")).await, r#"{"code":1,"error":"no"}"#);
        let explanation = Explanation::of_hint("look".to_owned());
        let response = explained("no", Some(&explanation));
        assert_eq!(body(response).await, r#"{"code":1,"error":"no","explanation":{"hint":"look"}}"#);
    }
}
