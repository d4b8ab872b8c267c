//! Asking.

use crate::destinations::{Destinations, Refused, Resolver, is_public};
use crate::error::{HttpError, LATE, reason, shown, verb};
use crate::request::Request;
use crate::tls::Tls;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use url::{Host, Url};

/// Clients with certificates of their own that are kept; more make all of them anew.
const MOST_CLIENTS: usize = 64;
/// So much room is made for an announced body at most; what a server announces it need not send, and room that nobody fills is no
/// memory yet. A body that grows beyond it is copied each time.
const FIRST_BYTES: u64 = 32 << 20;
/// For a connection, its TLS handshake included.
const CONNECT: Duration = Duration::from_secs(30);

/// How requests are made.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Who may be asked.
    pub destinations: Destinations,
    /// Go through the proxies of the environment, as Go's programs do. A proxy finds the addresses itself: together with
    /// [`Destinations::Public`] only the names and addresses in URLs are checked.
    pub proxies: bool,
    /// A redirect beyond this many ends a request.
    pub max_redirects: usize,
}

impl Default for HttpSettings {
    /// As Helm: anybody, through proxies, ten redirects.
    fn default() -> Self {
        HttpSettings { destinations: Destinations::Any, proxies: true, max_redirects: 10 }
    }
}

/// Asks other machines; clones share their connections.
#[derive(Clone)]
pub struct Http {
    settings: Arc<HttpSettings>,
    /// By certificates, and whether the server was named among those that may have any address.
    clients: Arc<Mutex<HashMap<(Tls, bool), reqwest::Client>>>,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Http {
    /// Nothing is opened yet. The process must have chosen a TLS provider before the first request.
    #[must_use]
    pub fn new(settings: HttpSettings) -> Http {
        Http { settings: Arc::new(settings), clients: Arc::default() }
    }

    fn client(&self, tls: &Tls, named: bool) -> Result<reqwest::Client, HttpError> {
        let key = (tls.clone(), named);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("helmd/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Resolver { destinations: self.settings.destinations.clone(), named });
        if !self.settings.proxies {
            builder = builder.no_proxy();
        }
        let client = tls.apply(builder)?.build().map_err(HttpError::Setup)?;
        if clients.len() >= MOST_CLIENTS {
            clients.clear();
        }
        clients.insert(key, client.clone());
        Ok(client)
    }

    /// The body that a URL gives.
    ///
    /// # Errors
    /// No answer, another status than 200, too much; in Go's and Helm's words.
    pub async fn get(&self, request: Request) -> Result<Bytes, HttpError> {
        self.send(request).await?.good().await
    }

    /// The answer, whatever its status; redirects are followed.
    ///
    /// # Errors
    /// No answer, a machine that may not be asked, too many redirects.
    pub async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let deadline = Instant::now() + request.timeout;
        let mut method = request.method.clone();
        let mut body = request.body.clone();
        let mut url = parse(&request.url)?;
        for _ in 0..=self.settings.max_redirects {
            let client = self.client(&request.tls, self.check(&url)?)?;
            let failed = |reason| no_answer(&method, &url, reason);
            let mut next = client.request(method.clone(), url.clone()).headers(request.headers.clone());
            if let Some(value) = request.credentials.as_ref().and_then(|c| c.header(&url)) {
                next = next.header(header::AUTHORIZATION, value);
            }
            if !body.is_empty() {
                next = next.body(body.clone());
            }
            let answer = match tokio::time::timeout_at(deadline, next.send()).await {
                Err(_) => return Err(failed(LATE.to_owned())),
                Ok(Err(error)) if is_refusal(&error) => return Err(refused(&url)),
                Ok(Err(error)) => return Err(failed(reason(&error, &url))),
                Ok(Ok(answer)) => answer,
            };
            let Some(place) = redirected(&answer) else {
                return Ok(Response {
                    status: answer.status(),
                    headers: answer.headers().clone(),
                    asked: shown(&request.url),
                    url: shown(url.as_str()),
                    place: url,
                    limit_bytes: request.limit_bytes,
                    deadline,
                    method,
                    inner: answer,
                });
            };
            url = url.join(&place).map_err(|e| HttpError::Url { url: place, reason: e.to_string() })?;
            // As Go and browsers do: only 307 and 308 ask the same question.
            let same = matches!(answer.status().as_u16(), 307 | 308) || method == Method::HEAD;
            if !same {
                (method, body) = (Method::GET, Bytes::new());
            }
        }
        Err(no_answer(&method, &url, format!("stopped after {} redirects", self.settings.max_redirects)))
    }

    /// What can be said of a URL before its name is looked up; each redirect comes by here. Whether its server was named.
    fn check(&self, url: &Url) -> Result<bool, HttpError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(HttpError::Scheme(url.scheme().to_owned()));
        }
        let (Some(host), destinations) = (url.host(), &self.settings.destinations) else {
            return Err(HttpError::Url { url: shown(url.as_str()), reason: "no host in request URL".to_owned() });
        };
        if destinations.names(url) {
            return Ok(true);
        }
        let address: Option<IpAddr> = match host {
            Host::Ipv4(v4) => Some(v4.into()),
            Host::Ipv6(v6) => Some(v6.into()),
            Host::Domain(_) => None,
        };
        if address.is_some_and(|address| !is_public(address)) { Err(refused(url)) } else { Ok(false) }
    }
}

fn parse(text: &str) -> Result<Url, HttpError> {
    match text.split_once(':').map(|(scheme, _)| scheme) {
        Some(scheme) if !matches!(scheme, "http" | "https") => return Err(HttpError::Scheme(scheme.to_owned())),
        None => return Err(HttpError::Scheme(String::new())),
        Some(_) => {}
    }
    Url::parse(text).map_err(|e| HttpError::Url { url: text.to_owned(), reason: e.to_string() })
}

fn refused(url: &Url) -> HttpError {
    HttpError::Refused {
        url: shown(url.as_str()),
        host: url.host_str().unwrap_or_default().to_owned(),
        reason: "it is not on the public network, and not among the hosts that are allowed",
    }
}

fn no_answer(method: &Method, url: &Url, reason: String) -> HttpError {
    HttpError::NoAnswer { method: verb(method), url: shown(url.as_str()), reason }
}

fn is_refusal(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if inner.is::<Refused>() {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// Where an answer sends us, if it does.
fn redirected(answer: &reqwest::Response) -> Option<String> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    answer.headers().get(header::LOCATION)?.to_str().ok().map(str::to_owned)
}

/// `404 Not Found`, in the server's words where it has some.
fn status_text(status: StatusCode, answer: &reqwest::Response) -> String {
    let own = answer.extensions().get::<hyper::ext::ReasonPhrase>();
    let own = own.and_then(|words| std::str::from_utf8(words.as_bytes()).ok());
    match own.or(status.canonical_reason()) {
        Some(words) => format!("{} {words}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// An answer whose body is still to be read.
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Who answered in the end, without a password.
    pub url: String,
    asked: String,
    place: Url,
    limit_bytes: u64,
    deadline: Instant,
    method: Method,
    inner: reqwest::Response,
}

impl Response {
    /// A header as text; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether the server of `base` answered, and not another one that it sent us to.
    #[must_use]
    pub fn is_from(&self, base: &str) -> bool {
        Url::parse(base).is_ok_and(|base| base.origin() == self.place.origin())
    }

    /// The beginning of the body, at most so many bytes.
    ///
    /// # Errors
    /// As [`Response::chunk`].
    pub async fn beginning(mut self, limit_bytes: u64) -> Result<Vec<u8>, HttpError> {
        let mut body = Vec::new();
        while let Some(piece) = self.chunk().await? {
            body.extend_from_slice(&piece);
            if body.len() as u64 >= limit_bytes {
                body.truncate(usize::try_from(limit_bytes).unwrap_or(usize::MAX));
                break;
            }
        }
        Ok(body)
    }

    /// The whole body of an answer with status 200.
    ///
    /// # Errors
    /// Another status, in Helm's words, which name what was asked for; as [`Response::bytes`].
    pub async fn good(self) -> Result<Bytes, HttpError> {
        if self.status != StatusCode::OK {
            let status = status_text(self.status, &self.inner);
            return Err(HttpError::Status { url: self.asked, status });
        }
        self.bytes().await
    }

    /// The next piece of the body; nothing at its end.
    ///
    /// # Errors
    /// The connection ends early, time is up.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        match tokio::time::timeout_at(self.deadline, self.inner.chunk()).await {
            Err(_) => {
                let words = "context deadline exceeded (Client.Timeout or context cancellation while reading body)";
                Err(no_answer(&self.method, &self.place, words.to_owned()))
            }
            Ok(Err(error)) => {
                let text = reason(&error, &self.place);
                let text = if text.contains("end of file before message length reached") || text == "EOF" {
                    "unexpected EOF".to_owned()
                } else {
                    text
                };
                Err(no_answer(&self.method, &self.place, text))
            }
            Ok(Ok(piece)) => Ok(piece),
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Response::chunk`]; more than the request's limit.
    pub async fn bytes(mut self) -> Result<Bytes, HttpError> {
        let limit = self.limit_bytes;
        let too_large = |url: &str| HttpError::TooLarge { url: url.to_owned(), limit_bytes: limit };
        let announced = self.inner.content_length().unwrap_or_default();
        if announced > limit {
            return Err(too_large(&self.url));
        }
        let mut body: Vec<u8> = Vec::with_capacity(usize::try_from(announced.min(FIRST_BYTES)).unwrap_or_default());
        while let Some(piece) = self.chunk().await? {
            if (body.len() + piece.len()) as u64 > limit {
                return Err(too_large(&self.url));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.into())
    }
}
