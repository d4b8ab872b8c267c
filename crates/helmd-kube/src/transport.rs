//! One HTTP call to the API server, made as somebody, answered with JSON or with Helm's words.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use kube::Client;
use kube::client::Body;
use serde_json::Value as Json;

use tokio::sync::Semaphore;

use crate::error::{ApiStatus, KubeError};
use crate::network;

/// How long one call may take; longer than the API server's own limit of 60 s.
const CALL_TIMEOUT: Duration = Duration::from_secs(90);
/// Largest answer that is read: a list of thousands of full release Secrets stays far below.
const ANSWER_LIMIT_BYTES: usize = 1 << 30;

/// How many calls of one connection pool are under way at a time; each takes a connection. Streams do not count.
const MOST_CALLS: usize = 64;

/// JSON merge patch.
pub const MERGE_PATCH: &str = "application/merge-patch+json";
/// Strategic merge patch.
pub const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";
/// JSON patch (RFC 6902).
pub const JSON_PATCH: &str = "application/json-patch+json";
/// Server-side apply.
pub const APPLY_PATCH: &str = "application/apply-patch+yaml";

/// A call: method, path below the server's URL, and what goes with it.
#[derive(Debug, Clone)]
pub struct Call {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Call {
    /// A call of `method` on `path` (`/api/v1/…`), without body.
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::ACCEPT, HeaderValue::from_static("application/json"));
        Self { method, path: path.into(), query: Vec::new(), headers, body: Vec::new() }
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Sets the `Accept` header.
    #[must_use]
    pub fn accept(mut self, media_type: &'static str) -> Self {
        self.headers.insert(http::header::ACCEPT, HeaderValue::from_static(media_type));
        self
    }

    /// Sets a header; one that HTTP does not allow is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(self, body: &Json) -> Self {
        self.body("application/json", body.to_string().into_bytes())
    }

    /// Sets a body of a media type.
    #[must_use]
    pub fn body(mut self, media_type: &'static str, body: Vec<u8>) -> Self {
        self.headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body = body;
        self
    }

    /// Path and query as sent.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        let path = escaped(&self.path);
        if self.query.is_empty() {
            return path;
        }
        let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish();
        format!("{path}?{query}")
    }
}

/// A path with names in it that cannot stand in a URL, as Go's client sends it: the API server says what is wrong with them.
fn escaped(path: &str) -> String {
    let fits = |byte: u8| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'"' | b'#' | b'<' | b'>' | b'?' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
    };
    if path.bytes().all(fits) {
        return path.to_owned();
    }
    let one = |byte: u8| if fits(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    path.bytes().map(one).collect()
}

/// A successful answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status code (2xx or 304).
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn json(&self) -> Result<Json, KubeError> {
        serde_json::from_slice(&self.body)
            .map_err(|err| KubeError::Answer(format!("couldn't decode the server's answer: {err}")))
    }

    /// The texts of the `Warning` headers.
    pub fn warnings(&self) -> impl Iterator<Item = String> + '_ {
        self.headers.get_all(http::header::WARNING).iter().filter_map(|value| value.to_str().ok()).map(|value| {
            value.split_once('"').map_or(value, |(_, text)| text.trim_end_matches('"')).replace("\\\"", "\"")
        })
    }
}

/// A connection pool to one API server plus the identity that every call bears.
#[derive(Clone)]
pub struct Transport {
    client: Client,
    base: String,
    host: String,
    identity: HeaderMap,
    /// How many more calls may be under way.
    free: Arc<Semaphore>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Transport {
    /// Puts identity headers on a client's calls.
    #[must_use]
    pub fn new(client: Client, server: &http::Uri, identity: HeaderMap) -> Self {
        let host = server.host().unwrap_or_default();
        let port = server.port_u16().unwrap_or(if server.scheme_str() == Some("http") { 80 } else { 443 });
        Self {
            client,
            base: server.to_string().trim_end_matches('/').to_owned(),
            host: format!("{host}:{port}"),
            identity,
            free: Self::room(),
        }
    }

    /// The same transport, whose calls count with those of others.
    #[must_use]
    pub(crate) fn sharing(mut self, free: &Arc<Semaphore>) -> Self {
        self.free = Arc::clone(free);
        self
    }

    /// Room for the calls of one connection pool.
    pub(crate) fn room() -> Arc<Semaphore> {
        Arc::new(Semaphore::new(MOST_CALLS))
    }

    /// A kube client that calls as this identity, for those who work with typed objects.
    #[must_use]
    pub fn kube_client(&self, namespace: &str) -> Client {
        let (client, identity) = (self.client.clone(), self.identity.clone());
        let service = tower::service_fn(move |mut request: Request<Body>| {
            let client = client.clone();
            add_headers(request.headers_mut(), &identity);
            async move { client.send(request).await }
        });
        Client::new(service, namespace)
    }

    /// Makes a call and reads the whole answer.
    ///
    /// # Errors
    /// [`KubeError::Transport`] without an answer, [`KubeError::Api`] for codes from 400 on.
    pub async fn call(&self, call: Call) -> Result<Answer, KubeError> {
        self.call_told(call, &|_| {}).await
    }

    /// As [`Transport::call`], telling what the server warns of, also when it refuses.
    ///
    /// # Errors
    /// As [`Transport::call`].
    pub async fn call_told(&self, call: Call, warned: &(dyn Fn(String) + Sync)) -> Result<Answer, KubeError> {
        let url = format!("{}{}", self.base, call.path_and_query());
        let method = call.method.clone();
        let exchange = async {
            // It is never closed.
            let _free = self.free.acquire().await;
            let request = self.request(call)?;
            let response = self.client.send(request).await.map_err(|err| self.failure(&method, &url, &err))?;
            let (parts, body) = response.into_parts();
            let body = self.read_body(body, &method, &url).await?;
            Ok((parts, body))
        };
        let (parts, body) = match tokio::time::timeout(CALL_TIMEOUT, exchange).await {
            Ok(result) => result?,
            Err(_) => {
                return Err(KubeError::Transport {
                    method: go_method(&method),
                    url,
                    cause: "context deadline exceeded".to_owned(),
                    timed_out: true,
                });
            }
        };
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        answer.warnings().for_each(warned);
        if parts.status.is_client_error() || parts.status.is_server_error() {
            let status = ApiStatus::from_answer(&method, parts.status.as_u16(), &answer.body);
            return Err(KubeError::Api(Box::new(status)));
        }
        Ok(answer)
    }

    /// Starts a call whose answer is read piece by piece (watches, logs). Has no time limit.
    ///
    /// # Errors
    /// As [`Transport::call`].
    pub async fn stream(&self, call: Call) -> Result<Body, KubeError> {
        let url = format!("{}{}", self.base, call.path_and_query());
        let method = call.method.clone();
        // The server may gzip a stream event by event, which the decoder cannot follow.
        let call = call.header(http::header::ACCEPT_ENCODING, "identity");
        let request = self.request(call)?;
        let response = self.client.send(request).await.map_err(|err| self.failure(&method, &url, &err))?;
        let (parts, body) = response.into_parts();
        if parts.status.is_success() {
            return Ok(body);
        }
        let body = self.read_body(body, &method, &url).await?;
        let status = ApiStatus::from_answer(&method, parts.status.as_u16(), &body);
        Err(KubeError::Api(Box::new(status)))
    }

    /// The URL of the API server.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.base
    }

    async fn read_body(&self, body: Body, method: &Method, url: &str) -> Result<Bytes, KubeError> {
        use futures::StreamExt as _;
        let mut stream = http_body_util::BodyStream::new(body);
        let mut read = bytes::BytesMut::new();
        while let Some(frame) = stream.next().await {
            let frame = frame.map_err(|err| self.failure(method, url, &err))?;
            if let Ok(data) = frame.into_data() {
                if read.len().saturating_add(data.len()) > ANSWER_LIMIT_BYTES {
                    return Err(KubeError::Answer(format!(
                        "the answer of {url} is larger than {ANSWER_LIMIT_BYTES} bytes"
                    )));
                }
                read.extend_from_slice(&data);
            }
        }
        Ok(read.freeze())
    }

    fn request(&self, call: Call) -> Result<Request<Body>, KubeError> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(call.path_and_query())
            .body(Body::from(call.body))
            .map_err(|err| KubeError::Answer(format!("invalid request path {:?}: {err}", call.path)))?;
        *request.headers_mut() = call.headers;
        add_headers(request.headers_mut(), &self.identity);
        Ok(request)
    }

    fn failure(&self, method: &Method, url: &str, err: &kube::Error) -> KubeError {
        let failure = network::describe(err, &self.host);
        KubeError::Transport {
            method: go_method(method),
            url: url.to_owned(),
            cause: failure.text,
            timed_out: failure.timed_out,
        }
    }
}

fn add_headers(headers: &mut HeaderMap, identity: &HeaderMap) {
    for (name, value) in identity {
        headers.append(name.clone(), value.clone());
    }
    headers
        .entry(http::header::USER_AGENT)
        .or_insert(HeaderValue::from_static(concat!("helmd/", env!("CARGO_PKG_VERSION"))));
}

fn go_method(method: &Method) -> &'static str {
    match *method {
        Method::POST => "Post",
        Method::PUT => "Put",
        Method::PATCH => "Patch",
        Method::DELETE => "Delete",
        _ => "Get",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_is_encoded() {
        let call = Call::new(Method::GET, "/api/v1/pods").query("labelSelector", "a=b,c!=d");
        assert_eq!(call.path_and_query(), "/api/v1/pods?labelSelector=a%3Db%2Cc%21%3Dd");
    }
}
