//! An S3-compatible bucket, which replicas share.
//!
//! Five calls of S3's are all that a store needs, so they are made here, over `helmd-http` and its one TLS provider. Each request is
//! signed (SigV4, header form); redirects are not followed.

mod list;
mod sign;

use crate::backend::{Backend, BackendError, Object, Put};
use crate::names::{is_file_name, is_ours};
use async_trait::async_trait;
use bytes::Bytes;
use helmd_http::{Destinations, Http, HttpError, HttpSettings, Request, Response, Tls};
use http::Method;
use jiff::Timestamp;
use list::Page;
use sign::{Asked, encode};
use std::time::Duration;
use url::Url;

pub use sign::Keys;

/// For one request, an archive's way included.
const PATIENCE: Duration = Duration::from_secs(120);
/// Largest page of a list, or error, that is read.
const ANSWER_BYTES: u64 = 8 << 20;
/// So often a request is made that may be made again.
const ATTEMPTS: u32 = 3;
const BACK_OFF: Duration = Duration::from_millis(200);

/// Where a bucket is.
#[derive(Clone, Debug, Default)]
pub struct BucketSettings {
    /// The bucket's name.
    pub bucket: String,
    /// What stands before the names of our objects; empty, or with a slash at its end.
    pub prefix: String,
    /// The server, for example `http://minio:9000`; empty for Amazon's.
    pub endpoint: String,
    /// The region; empty for `us-east-1`.
    pub region: String,
    /// Who we are.
    pub keys: Keys,
    /// Whether the bucket is named in the path and not in the host. Servers other than Amazon's mostly want it.
    pub path_style: bool,
    /// The path of certificates to trust.
    pub ca_file: String,
    /// Most objects.
    pub most: usize,
}

/// Archives as objects of a bucket.
#[derive(Debug)]
pub struct Bucket {
    http: Http,
    settings: BucketSettings,
    tls: Tls,
    /// Scheme and host of all requests.
    origin: Url,
}

/// One of S3's questions.
struct Call<'c> {
    method: Method,
    /// The object's name within our prefix; `None` for the bucket.
    object: Option<&'c str>,
    query: Vec<(&'static str, String)>,
    body: Bytes,
    /// Only when there is no object of this name.
    is_new: bool,
    limit_bytes: u64,
}

impl Call<'_> {
    fn new(method: Method, object: Option<&str>) -> Call<'_> {
        Call { method, object, query: Vec::new(), body: Bytes::new(), is_new: false, limit_bytes: ANSWER_BYTES }
    }
}

impl Bucket {
    /// The bucket of these settings. Nothing is asked yet.
    ///
    /// # Errors
    /// The settings name no bucket, or its server's URL is none.
    pub fn new(settings: BucketSettings) -> Result<Bucket, BackendError> {
        let mut settings = settings;
        if settings.region.is_empty() {
            "us-east-1".clone_into(&mut settings.region);
        }
        let good = |c: u8| c.is_ascii_alphanumeric() || b".-_".contains(&c);
        if settings.bucket.is_empty() || !settings.bucket.bytes().all(good) {
            return Err(BackendError::Answer(format!("{:?} is no name of a bucket", settings.bucket)));
        }
        let endpoint = match settings.endpoint.as_str() {
            "" => format!("https://s3.{}.amazonaws.com", settings.region),
            endpoint => endpoint.to_owned(),
        };
        let no_url = || BackendError::Answer(format!("{endpoint:?} is no http or https URL of a server"));
        let mut origin = Url::parse(&endpoint).map_err(|_| no_url())?;
        let host = origin.host_str().filter(|_| matches!(origin.scheme(), "http" | "https")).ok_or_else(no_url)?;
        if !settings.path_style {
            let named = format!("{}.{host}", settings.bucket);
            origin.set_host(Some(&named)).map_err(|_| no_url())?;
        }
        let tls = Tls::of("", "", &settings.ca_file, false);
        // Whoever writes the config file may name any machine; no other is asked.
        let http =
            Http::new(HttpSettings { destinations: Destinations::Any, max_redirects: 0, ..HttpSettings::default() });
        Ok(Bucket { http, settings, tls, origin })
    }

    fn path(&self, object: Option<&str>) -> String {
        let mut path = String::from("/");
        if self.settings.path_style {
            path.push_str(&encode(&self.settings.bucket, true));
            path.extend(object.is_some().then_some('/'));
        }
        if let Some(object) = object {
            path.push_str(&encode(&format!("{}{object}", self.settings.prefix), true));
        }
        path
    }

    /// Asks once.
    async fn ask(&self, call: &Call<'_>) -> Result<Response, BackendError> {
        let path = self.path(call.object);
        let query = sign::query(&call.query);
        let host = match (self.origin.host_str().unwrap_or_default(), self.origin.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let mut asked = Asked {
            method: call.method.as_str(),
            path: &path,
            query: &query,
            headers: vec![("host", host.clone())],
            body: &call.body,
        };
        if call.is_new {
            asked.headers.push(("if-none-match", "*".to_owned()));
        }
        let signed = self.settings.keys.sign(&mut asked, &self.settings.region, Timestamp::now());
        let separator = if query.is_empty() { "" } else { "?" };
        let url = format!("{}://{host}{path}{separator}{query}", self.origin.scheme());
        let mut request = Request {
            body: call.body.clone(),
            tls: self.tls.clone(),
            limit_bytes: call.limit_bytes,
            timeout: PATIENCE,
            ..Request::new(call.method.clone(), url)
        };
        for (name, value) in asked.headers.iter().filter(|(name, _)| *name != "host") {
            request = request.header(name, value);
        }
        request = request.header("authorization", &signed);
        if call.method == Method::PUT && call.body.is_empty() {
            request = request.header("content-length", "0");
        }
        Ok(self.http.send(request).await?)
    }

    /// Asks, and asks again when the server is busy or does not answer; a write that must be the first is made once.
    async fn asked(&self, call: Call<'_>) -> Result<Response, BackendError> {
        let mut attempt = 1;
        loop {
            let answer = self.ask(&call).await;
            let again = match &answer {
                Ok(answer) => matches!(answer.status.as_u16(), 429 | 500 | 502..=504),
                Err(BackendError::Http(HttpError::NoAnswer { .. })) => true,
                Err(_) => false,
            };
            if !again || attempt == ATTEMPTS || call.is_new {
                return answer;
            }
            tokio::time::sleep(BACK_OFF * attempt).await;
            attempt += 1;
        }
    }

    fn name<'n>(&self, name: &'n str) -> Result<&'n str, BackendError> {
        if is_file_name(name) { Ok(name) } else { Err(BackendError::Name(name.to_owned())) }
    }
}

/// What the server says when it does not do something. Its text may hold what was sent, so only the code is taken.
async fn refused(what: String, answer: Response) -> BackendError {
    let status = answer.status.as_u16();
    let body = answer.bytes().await.unwrap_or_default();
    let code = list::error_code(&String::from_utf8_lossy(&body));
    BackendError::Refused { what, status, code: code.map_or_else(String::new, |code| format!(" {code}")) }
}

#[async_trait]
impl Backend for Bucket {
    async fn list(&self) -> Result<Vec<Object>, BackendError> {
        let (mut objects, mut token): (Vec<Object>, _) = (Vec::new(), None::<String>);
        loop {
            let mut call = Call::new(Method::GET, None);
            call.query = vec![("delimiter", "/".to_owned()), ("list-type", "2".to_owned())];
            call.query.push(("prefix", self.settings.prefix.clone()));
            call.query.extend(token.take().map(|token| ("continuation-token", token)));
            let answer = self.asked(call).await?;
            if answer.status != 200 {
                return Err(refused(format!("listing {}", self.settings.bucket), answer).await);
            }
            let text = answer.bytes().await?;
            let page = Page::read(&String::from_utf8_lossy(&text)).map_err(BackendError::Answer)?;
            for object in page.objects {
                let Some(name) = object.name.strip_prefix(&self.settings.prefix).filter(|name| is_ours(name)) else {
                    continue;
                };
                if objects.len() == self.settings.most {
                    return Err(BackendError::TooMany(self.settings.most));
                }
                objects.push(Object { name: name.to_owned(), ..object });
            }
            match page.next {
                None => break,
                next => token = next,
            }
        }
        objects.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(objects)
    }

    async fn get(&self, name: &str, limit_bytes: u64) -> Result<Option<Bytes>, BackendError> {
        let call = Call { limit_bytes, ..Call::new(Method::GET, Some(self.name(name)?)) };
        let answer = self.asked(call).await?;
        match answer.status.as_u16() {
            404 => Ok(None),
            200 => match answer.bytes().await {
                Err(HttpError::TooLarge { .. }) => Err(BackendError::TooLarge { name: name.to_owned(), limit_bytes }),
                read => Ok(Some(read?)),
            },
            _ => Err(refused(format!("reading {name}"), answer).await),
        }
    }

    async fn put(&self, name: &str, bytes: Bytes, put: Put) -> Result<String, BackendError> {
        let length = bytes.len();
        let call = Call { body: bytes, is_new: put == Put::New, ..Call::new(Method::PUT, Some(self.name(name)?)) };
        let answer = self.asked(call).await?;
        match answer.status.as_u16() {
            200..=204 => Ok(list::stamp(answer.header("etag"), &length.to_string())),
            // The second is what Amazon says when two write at the same time.
            412 | 409 if put == Put::New => Err(BackendError::Exists),
            _ => Err(refused(format!("writing {name}"), answer).await),
        }
    }

    async fn delete(&self, name: &str) -> Result<(), BackendError> {
        let answer = self.asked(Call::new(Method::DELETE, Some(self.name(name)?))).await?;
        match answer.status.as_u16() {
            200..=204 | 404 => Ok(()),
            _ => Err(refused(format!("removing {name}"), answer).await),
        }
    }
}
