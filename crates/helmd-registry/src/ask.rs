//! Asking a registry: which way, and as whom.

use crate::challenge::{Challenge, check_realm};
use crate::error::{Refusal, RegistryError};
use crate::logins::{Login, Logins};
use crate::scope;
use gotmpl::json;
use helmd_chart::HelmMajor;
use helmd_http::{Credentials, Http, HttpError, Request, Response, Tls};
use helmd_index::oci::Reference;
use http::Method;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use url::{Host, Url};

/// What a registry says in place of an answer is read up to here.
const REFUSAL_BYTES: u64 = 8 << 10;
/// Go's words for an answer without TLS.
const NO_TLS: &str = "http: server gave HTTP response to HTTPS client";

/// Whether a registry without TLS is talked to though nobody asked for that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Insecure {
    /// Never (Helm 4).
    #[default]
    Never,
    /// On this machine, and without a password. (Helm 3 does so with registries anywhere.)
    Anonymous,
    /// On this machine.
    Loopback,
    /// On this machine, and there certificates are not checked either, as Docker does.
    Unverified,
}

/// How registries are talked to.
#[derive(Clone, Debug)]
pub struct RegistryOptions {
    /// Without TLS (`--plain-http`).
    pub plain_http: bool,
    /// Without TLS where that is all there is.
    pub insecure: Insecure,
    /// Certificates.
    pub tls: Tls,
    /// Who we are, whatever the files say.
    pub login: Option<Login>,
    /// Who we are to whom.
    pub logins: Logins,
    /// For each request.
    pub timeout: Duration,
    /// Largest archive.
    pub limit_bytes: u64,
    /// Whose words.
    pub helm: HelmMajor,
}

/// What was learnt of registries; shared, so that it is not asked for again.
#[derive(Default)]
struct Known {
    /// Hosts that speak without TLS.
    plain: BTreeSet<String>,
    /// Headers that did, by host and scopes.
    headers: BTreeMap<(String, String), Header>,
}

#[derive(Clone)]
enum Header {
    Basic(Login),
    Bearer(String),
}

/// Talks to registries. Clones share what was learnt.
#[derive(Clone)]
pub struct Registry {
    http: Http,
    options: Arc<RegistryOptions>,
    known: Arc<Mutex<Known>>,
    forces_form: bool,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Registry {
    /// Nothing is asked yet.
    #[must_use]
    pub fn new(http: Http, options: RegistryOptions) -> Registry {
        Registry { http, options: Arc::new(options), known: Arc::default(), forces_form: false }
    }

    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// How it talks.
    #[must_use]
    pub fn options(&self) -> &RegistryOptions {
        &self.options
    }

    pub(crate) fn forces_form(&self) -> bool {
        self.forces_form
    }

    /// HELM: a login asks for tokens by a form first.
    pub(crate) fn forcing_form(&self) -> Registry {
        Registry { forces_form: true, ..self.clone() }
    }

    /// The same as somebody else; what was learnt with a password does not count.
    pub(crate) fn with_login(&self, login: Login) -> Registry {
        let options = RegistryOptions { login: Some(login), ..(*self.options).clone() };
        Registry { options: Arc::new(options), known: Arc::default(), ..self.clone() }
    }

    pub(crate) fn with_tls(&self, request: Request) -> Request {
        Request { tls: self.options.tls.clone(), timeout: self.options.timeout, ..request }
    }

    fn known<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn base(&self, host: &str) -> String {
        let plain = self.options.plain_http || self.known(|known| known.plain.contains(host));
        format!("{}://{host}", if plain { "http" } else { "https" })
    }

    /// The answer, whatever its status, to a question about a repository (or none): `make` gets the registry's URL.
    pub(crate) async fn ask(
        &self,
        host: &str,
        scope: &str,
        make: impl Fn(&str) -> Request,
    ) -> Result<Response, RegistryError> {
        let first = self.ask_at(&self.base(host), host, scope, &make).await;
        let Err(RegistryError::Http(HttpError::NoAnswer { reason, .. })) = &first else { return first };
        let may = match self.options.insecure {
            Insecure::Never => false,
            Insecure::Anonymous | Insecure::Loopback | Insecure::Unverified => is_loopback(host),
        };
        if reason != NO_TLS || !may {
            return first;
        }
        self.known(|known| known.plain.insert(host.to_owned()));
        self.ask_at(&self.base(host), host, scope, &make).await
    }

    async fn ask_at(
        &self,
        base: &str,
        host: &str,
        scope: &str,
        make: &impl Fn(&str) -> Request,
    ) -> Result<Response, RegistryError> {
        let trusts = self.options.insecure == Insecure::Unverified && is_loopback(host);
        let question = || {
            let mut request = self.with_tls(make(base));
            request.tls.insecure_skip_verify |= trusts;
            request
        };
        let cached = self.known(|known| known.headers.get(&(host.to_owned(), scope.to_owned())).cloned());
        let request = match &cached {
            Some(header) => header.on(question()),
            None => question(),
        };
        let answer = self.http.send(request).await?;
        // Whoever we were sent to does not learn our password.
        if answer.status.as_u16() != 401 || !answer.is_from(base) {
            return Ok(answer);
        }
        let unasked = self.options.insecure == Insecure::Anonymous
            && !self.options.plain_http
            && self.known(|known| known.plain.contains(host));
        if unasked {
            return Ok(answer);
        }
        let request = question();
        let refused = |refusal| RegistryError::Answer {
            method: request.method.to_string(),
            url: helmd_http::shown(&request.url),
            refusal,
        };
        let header = match Challenge::parse(answer.header("www-authenticate")) {
            Challenge::Unknown => return Ok(answer),
            Challenge::Basic => {
                let login = self.who(host)?;
                if login.is_empty() {
                    return Err(refused(Refusal::NoCredential));
                }
                if login.username.is_empty() || login.password.is_empty() {
                    return Err(refused(Refusal::HalfCredential("basic")));
                }
                Header::Basic(login)
            }
            Challenge::Bearer(parameters) => {
                let registry = Url::parse(base).map_err(|e| refused(Refusal::Realm(e.to_string())))?;
                let realm = parameters.get("realm").map(String::as_str).unwrap_or_default();
                let realm = check_realm(realm, &registry).map_err(|text| refused(Refusal::Realm(text)))?;
                let challenged = parameters.get("scope").map(String::as_str).unwrap_or_default();
                let scopes = scope::clean(scope.split(' ').chain(challenged.split(' ')));
                let login = self.who(host)?;
                let token = self.token(&realm, &parameters, &scopes, &login).await;
                Header::Bearer(token.map_err(|e| refused(Refusal::Token(helmd_chart::error_text(&e))))?)
            }
        };
        let answer = self.http.send(header.on(request)).await?;
        if answer.status.as_u16() != 401 {
            self.known(|known| known.headers.insert((host.to_owned(), scope.to_owned()), header));
        }
        Ok(answer)
    }

    fn who(&self, host: &str) -> Result<Login, RegistryError> {
        match &self.options.login {
            Some(login) => Ok(login.clone()),
            None => self.options.logins.get(host),
        }
    }

    /// All pages of a list, each read by `page`.
    pub(crate) async fn pages(
        &self,
        (host, scope): (&str, &str),
        path: String,
        mut page: impl FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(), RegistryError> {
        /// A registry that goes on for ever is none.
        const MOST_PAGES: usize = 10_000;
        const PAGE_BYTES: u64 = 4 << 20;
        let mut next = path;
        for _ in 0..MOST_PAGES {
            let make = |base: &str| Request { limit_bytes: PAGE_BYTES, ..Request::get(format!("{base}{next}")) };
            let answer = self.ask(host, scope, make).await?;
            if answer.status.as_u16() != 200 {
                return Err(refusal_of(&Method::GET, answer).await);
            }
            let what = format!("GET {:?}", answer.url);
            let link = answer.header("link").to_owned();
            let place = answer.url.clone();
            let bytes = answer.bytes().await?;
            page(&bytes).map_err(|reason| RegistryError::Decode { what, reason })?;
            match linked(&link, &place) {
                Some(path) => next = path,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// A question about a repository's manifest or blob: `kind/name`.
    pub(crate) fn path(reference: &Reference, kind: &str, name: &str) -> String {
        format!("/v2/{}/{kind}/{name}", reference.repository)
    }
}

impl Header {
    fn on(&self, request: Request) -> Request {
        let credentials = match self {
            Header::Basic(login) => Credentials::basic(&login.username, &login.password, &request.url, false),
            Header::Bearer(token) => Credentials::bearer(token, &request.url),
        };
        Request { credentials, ..request }
    }
}

/// Where the next page is: path and query of the header `Link`.
fn linked(link: &str, place: &str) -> Option<String> {
    let target = link.trim().strip_prefix('<')?.split_once('>')?.0;
    let url = Url::parse(place).ok()?.join(target).ok()?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{}{query}", url.path()))
}

/// Whether a registry is this machine itself.
fn is_loopback(host: &str) -> bool {
    match Url::parse(&format!("http://{host}")).ok().as_ref().and_then(Url::host) {
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// An answer that is none, with what the registry says of it.
pub(crate) async fn refusal_of(method: &Method, answer: Response) -> RegistryError {
    let (status, url) = (answer.status, answer.url.clone());
    let body = answer.beginning(REFUSAL_BYTES).await.unwrap_or_default();
    let words = told(&body).unwrap_or_else(|| status.canonical_reason().unwrap_or_default().to_owned());
    let refusal = Refusal::Status { code: status.as_u16(), words };
    RegistryError::Answer { method: method.to_string(), url, refusal }
}

/// HELM: `code in words: message: detail`, the detail as Go prints it.
fn told(body: &[u8]) -> Option<String> {
    let body: Json = serde_json::from_slice(body).ok()?;
    let errors = body.get("errors")?.as_array().filter(|errors| !errors.is_empty())?;
    let text = |error: &Json, name: &str| error.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let lines = errors.iter().map(|error| {
        let code = text(error, "code").replace('_', " ").to_lowercase();
        let message = text(error, "message");
        let detail = error.get("detail").filter(|detail| !detail.is_null());
        match (message.is_empty(), detail) {
            (true, _) => code,
            (false, None) => format!("{code}: {message}"),
            (false, Some(detail)) => {
                let detail = json::unmarshal(detail.to_string().as_bytes()).map(|value| gotmpl::fmt::format_v(&value));
                format!("{code}: {message}: {}", String::from_utf8_lossy(&detail.unwrap_or_default()))
            }
        }
    });
    Some(lines.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_as_by_helm() {
        let body =
            br#"{"errors":[{"code":"NAME_UNKNOWN","message":"not known","detail":{"name":"c/x"}},{"code":"DENIED"}]}"#;
        assert_eq!(told(body).as_deref(), Some("name unknown: not known: map[name:c/x]; denied"));
        assert_eq!(told(b"{}"), None);
    }

    #[test]
    fn pages_stay_with_their_registry() {
        let place = "http://h:1/v2/a/tags/list";
        assert_eq!(linked("</v2/a/tags/list?last=b>; rel=\"next\"", place).as_deref(), Some("/v2/a/tags/list?last=b"));
        assert_eq!(linked("<http://other/v2/x>; rel=next", place).as_deref(), Some("/v2/x"));
        assert_eq!(linked("", place), None);
        assert!(is_loopback("127.0.0.1:5000") && is_loopback("localhost") && is_loopback("[::1]:1"));
        assert!(!is_loopback("10.0.0.1") && !is_loopback("localhost.example"));
    }
}
