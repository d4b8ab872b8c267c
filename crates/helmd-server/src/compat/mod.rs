//! The helm-wrapper API under `/api`: same routes, same bodies, same answers.

mod body;
mod charts;
mod envelope;
mod options;
mod releases;
mod repositories;
mod route;
mod uploads;

use crate::App;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::Response;
pub(crate) use route::decode;
use route::{Call, Matched};

/// The query of a request; the first of equal names counts, as in the Go program.
#[derive(Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    /// The header `X-KubeToken`: as whom the cluster is asked.
    pub(crate) kube_token: Option<String>,
    /// The header `X-KubeApiServer`: which cluster is asked.
    pub(crate) kube_apiserver: Option<String>,
}

impl Query {
    /// The query of a request, with those of its headers that say whom to ask.
    pub(crate) fn read(raw: Option<&str>, headers: &HeaderMap) -> Query {
        let header = |name: &str| {
            let text = headers.get(name)?.to_str().ok()?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        Query {
            pairs: pairs(raw.unwrap_or_default()),
            kube_token: header("x-kubetoken"),
            kube_apiserver: header("x-kubeapiserver"),
        }
    }
    /// The first value of `name`.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// HELM-WRAPPER: Go leaves out a pair with a semicolon or a broken escape.
fn pairs(raw: &str) -> Vec<(String, String)> {
    let readable = |pair: &&str| !pair.contains(';') && route::decode_bytes(pair).is_some();
    let good: Vec<&str> = raw.split('&').filter(readable).collect();
    url::form_urlencoded::parse(good.join("&").as_bytes()).into_owned().collect()
}

/// Answers one request.
pub(crate) async fn serve(app: App, request: Request<Body>) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let call = match route::find(&method, uri.path()) {
        Matched::Call(call) => call,
        Matched::RedirectWithoutSlash => return redirect(&method, &uri),
        Matched::NotFound if app.settings.metrics && uri.path() == "/metrics" && method == axum::http::Method::GET => {
            return app.metrics.answer();
        }
        Matched::NotFound => return plain(StatusCode::NOT_FOUND, "404 page not found"),
        Matched::BadPath => return plain(StatusCode::BAD_REQUEST, "400 Bad Request"),
    };
    let query = Query::read(uri.query(), request.headers());
    let patience = app.settings.limits.body_read;
    if call == Call::Upload {
        let upload = uploads::upload(&app, request);
        return tokio::time::timeout(patience, upload).await.unwrap_or_else(|_| too_slow(patience));
    }
    let limit = app.settings.limits.body_bytes;
    let body = match tokio::time::timeout(patience, axum::body::to_bytes(request.into_body(), limit)).await {
        Ok(Ok(body)) => body,
        Err(_) => return too_slow(patience),
        Ok(Err(_)) => {
            return envelope::fail(&format!(
                "the request body is larger than the limit of {limit} bytes, or broke off"
            ));
        }
    };
    match call {
        Call::Welcome => envelope::text(StatusCode::OK, "Welcome helm wrapper server"),
        Call::Envs => envelope::ok(&app.settings.helm_env),
        Call::ListRepositories => repositories::list(&app),
        Call::UpdateRepositories => repositories::update(&app).await,
        Call::AddRepository => repositories::add(&app, &body).await,
        Call::RemoveRepository { name } => repositories::remove(&app, &name).await,
        Call::SearchCharts => repositories::search(&app, &query).await,
        Call::ShowChart => charts::show(&app, &query).await,
        Call::Upload => unreachable_upload(),
        Call::ListUploads => uploads::list(&app).await,
        Call::DeleteUpload { chart } => uploads::delete(&app, &chart).await,
        Call::ListReleases { namespace } => releases::list(&app, &namespace, &query, &body).await,
        Call::GetRelease(target) => releases::get(&app, &target, &query).await,
        Call::Install(target) => releases::install(&app, target, &query, &body).await,
        Call::Upgrade(target) => releases::upgrade(&app, target, &query, &body).await,
        Call::Uninstall(target) => releases::uninstall(&app, target, &query, &body).await,
        Call::Rollback { target, revision } => releases::rollback(&app, target, &revision, &query, &body).await,
        Call::Status(target) => releases::status(&app, &target, &query).await,
        Call::History(target) => releases::history(&app, &target, &query).await,
    }
}

/// Go's `strconv.Atoi`, whose error names itself.
pub(crate) fn go_atoi(text: &str) -> Result<i64, String> {
    gotmpl::strconv::parse_int(text, 10, 64).map_err(|e| e.to_string().replace("strconv.ParseInt", "strconv.Atoi"))
}

/// The answer to whoever sends no token.
pub(crate) fn unauthorized() -> Response {
    let mut response = envelope::fail("unauthorized: this server wants a token: Authorization: Bearer TOKEN");
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    let scheme = HeaderValue::from_static("Bearer realm=\"helmd\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    response
}

fn too_slow(patience: std::time::Duration) -> Response {
    envelope::fail(&format!("the request body did not arrive within the limit of {} s", patience.as_secs()))
}

fn unreachable_upload() -> Response {
    envelope::fail("http: no such file")
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = envelope::text(status, text);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// 301 for GET, 307 for the rest, to the path without its last slash; the query stays.
fn redirect(method: &axum::http::Method, uri: &axum::http::Uri) -> Response {
    let mut target = uri.path().strip_suffix('/').unwrap_or(uri.path()).to_owned();
    if let Some(query) = uri.query() {
        target.push('?');
        target.push_str(query);
    }
    let get = matches!(*method, axum::http::Method::GET | axum::http::Method::HEAD);
    let mut response = match get {
        true => {
            let shown = target.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let shown = shown.replace('"', "&#34;").replace('\'', "&#39;");
            let page = format!("<a href=\"{shown}\">Moved Permanently</a>.\n\n");
            let mut response = Response::new(Body::from(page));
            let kind = HeaderValue::from_static("text/html; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        false => Response::new(Body::empty()),
    };
    *response.status_mut() = if get { StatusCode::MOVED_PERMANENTLY } else { StatusCode::TEMPORARY_REDIRECT };
    if let Ok(value) = HeaderValue::try_from(target) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}
