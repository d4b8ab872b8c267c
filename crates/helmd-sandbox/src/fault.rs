//! Faults on demand: what a real cluster does on a bad day, for tests of those who talk with one.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use http::{HeaderValue, Method};
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::json::Json;
use crate::request::{Call, split_path};
use crate::route::Reply;

/// Which requests meet a fault, and what happens to them. What is not said fits all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Fault {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`.
    pub verb: Option<String>,
    /// Plural, as in the path: `secrets`.
    pub resource: Option<String>,
    /// The object's name.
    pub name: Option<String>,
    /// So many fitting requests are let pass first.
    pub skip: usize,
    /// So many meet the fault; 0 is all.
    pub times: usize,
    /// The answer comes that much later.
    pub delay_ms: u64,
    /// What happens then.
    pub effect: Effect,
}

/// What happens to a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// It is answered as ever.
    #[default]
    Pass,
    /// It is refused: nothing is done.
    Refuse {
        /// HTTP status code: 403, 409, 429, 500 …
        code: u16,
        /// `Retry-After` in seconds.
        #[serde(default, rename = "retryAfter")]
        retry_after: Option<u64>,
    },
    /// What it asks for is done, and the connection breaks before the answer has come.
    Lose,
    /// The connection breaks, nothing is done.
    Break,
    /// A watch ends after this time.
    EndWatch {
        /// Milliseconds.
        #[serde(rename = "afterMs")]
        after_ms: u64,
    },
}

/// The faults that wait for their requests.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<(Fault, usize)>,
}

impl Faults {
    pub(crate) fn set(&mut self, rules: Vec<Fault>) {
        self.rules = rules.into_iter().map(|rule| (rule, 0)).collect();
    }

    pub(crate) fn rules(&self) -> Vec<Fault> {
        self.rules.iter().map(|(rule, _)| rule.clone()).collect()
    }

    /// The fault that a request meets; counts it.
    pub(crate) fn meet(&mut self, call: &Call) -> Option<Fault> {
        if self.rules.is_empty() {
            return None;
        }
        let about = About::of(call)?;
        for (rule, met) in &mut self.rules {
            if !about.fits(rule) {
                continue;
            }
            *met += 1;
            if *met > rule.skip && (rule.times == 0 || *met <= rule.skip + rule.times) {
                return Some(rule.clone());
            }
        }
        None
    }
}

struct About {
    verb: &'static str,
    resource: String,
    name: Option<String>,
}

impl About {
    fn of(call: &Call) -> Option<Self> {
        let skip = match call.path.first().map(String::as_str)? {
            "api" => 2,
            "apis" => 3,
            _ => return None,
        };
        let (_, resource, name, _) = split_path(call.path.get(skip..)?)?;
        let verb = match (&call.method, &name) {
            (&Method::POST, _) => "create",
            (&Method::PUT, _) => "update",
            (&Method::PATCH, _) => "patch",
            (&Method::DELETE, _) => "delete",
            _ if call.query.flag("watch") => "watch",
            (_, Some(_)) => "get",
            (_, None) => "list",
        };
        Some(Self { verb, resource, name })
    }

    fn fits(&self, rule: &Fault) -> bool {
        let is = |wanted: &Option<String>, word: &str| wanted.as_deref().is_none_or(|wanted| wanted == word);
        is(&rule.verb, self.verb)
            && is(&rule.resource, &self.resource)
            && (rule.name.is_none() || rule.name == self.name)
    }
}

impl Fault {
    /// The answer to a request that meets the fault; `answer` does what it asks for.
    pub(crate) async fn answer(self, answer: impl FnOnce() -> Response) -> Response {
        if self.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(self.delay_ms)).await;
        }
        match self.effect {
            Effect::Pass => answer(),
            Effect::Refuse { code, retry_after } => refusal(code, retry_after),
            Effect::Break => broken(),
            Effect::Lose => {
                // Done, whatever is said of it.
                drop(answer());
                broken()
            }
            Effect::EndWatch { after_ms } => ending(answer(), Duration::from_millis(after_ms)),
        }
    }
}

fn refusal(code: u16, retry_after: Option<u64>) -> Response {
    let mut error = ApiError::fault(code);
    if let Some(seconds) = retry_after {
        error.details = Some(serde_json::json!({ "retryAfterSeconds": seconds }));
    }
    let mut response = Reply::from(error).into_response();
    if let Some(seconds) = retry_after
        && let Ok(value) = HeaderValue::from_str(&seconds.to_string())
    {
        response.headers_mut().insert(http::header::RETRY_AFTER, value);
    }
    response
}

/// An answer that breaks off.
fn broken() -> Response {
    let lost = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "a fault was asked for");
    Response::new(Body::from_stream(stream::once(async move { Err::<Bytes, _>(lost) })))
}

/// The same answer, whose body ends after a time.
fn ending(response: Response, after: Duration) -> Response {
    use futures::StreamExt as _;
    let (parts, body) = response.into_parts();
    let body = body.into_data_stream().take_until(tokio::time::sleep(after));
    Response::from_parts(parts, Body::from_stream(body))
}

/// The requests on `/sandbox/faults`: `GET` shows the faults, `PUT` sets them, `DELETE` takes them away.
pub(crate) fn control(faults: &mut Faults, call: &Call) -> Reply {
    match call.method {
        Method::GET => {}
        Method::PUT => match serde_json::from_slice::<Vec<Fault>>(&call.body) {
            Ok(rules) => faults.set(rules),
            Err(err) => return ApiError::bad_request(format!("faults: {err}")).into(),
        },
        Method::DELETE => faults.set(Vec::new()),
        _ => return ApiError::no_method().into(),
    }
    Reply::Json(200, serde_json::to_value(faults.rules()).unwrap_or(Json::Null), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, Uri};

    fn call(method: Method, uri: &str) -> Call {
        let uri: Uri = uri.parse().unwrap();
        Call::new(method, &uri, HeaderMap::new(), Bytes::new())
    }

    #[test]
    fn faults_are_counted() {
        let mut faults = Faults::default();
        faults.set(vec![Fault {
            verb: Some("create".to_owned()),
            resource: Some("secrets".to_owned()),
            skip: 1,
            times: 2,
            effect: Effect::Refuse { code: 500, retry_after: None },
            ..Fault::default()
        }]);
        let mut met = || faults.meet(&call(Method::POST, "/api/v1/namespaces/n/secrets")).is_some();
        assert_eq!([met(), met(), met(), met()], [false, true, true, false]);
        assert!(faults.meet(&call(Method::POST, "/api/v1/namespaces/n/configmaps")).is_none());
        assert!(faults.meet(&call(Method::GET, "/api/v1/namespaces/n/secrets")).is_none());
    }

    #[test]
    fn requests_are_told_apart() {
        let about = |method, uri| About::of(&call(method, uri)).map(|about| (about.verb, about.resource, about.name));
        let of = |verb, resource: &str, name: Option<&str>| Some((verb, resource.to_owned(), name.map(str::to_owned)));
        assert_eq!(about(Method::GET, "/api/v1/namespaces/n/pods?watch=true"), of("watch", "pods", None));
        assert_eq!(about(Method::GET, "/apis/apps/v1/namespaces/n/deployments/a"), of("get", "deployments", Some("a")));
        assert_eq!(about(Method::PATCH, "/api/v1/namespaces/a"), of("patch", "namespaces", Some("a")));
        assert_eq!(about(Method::GET, "/version"), None);
    }
}
