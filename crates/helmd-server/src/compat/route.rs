//! Which call a path and method name, by the rules of the Go program's router.

use axum::http::Method;

/// One call of the helm-wrapper API.
#[derive(Debug, PartialEq, Eq, Clone)]
pub(crate) enum Call {
    Welcome,
    Envs,
    ListRepositories,
    UpdateRepositories,
    AddRepository,
    RemoveRepository { name: String },
    SearchCharts,
    ShowChart,
    Upload,
    ListUploads,
    DeleteUpload { chart: String },
    ListReleases { namespace: String },
    GetRelease(Target),
    Install(Target),
    Upgrade(Target),
    Uninstall(Target),
    Rollback { target: Target, revision: String },
    Status(Target),
    History(Target),
}

/// A release in a namespace.
#[derive(Debug, PartialEq, Eq, Clone)]
pub(crate) struct Target {
    pub(crate) namespace: String,
    pub(crate) release: String,
}

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Matched {
    Call(Call),
    /// The same path without its last slash is a call.
    RedirectWithoutSlash,
    NotFound,
    /// The path is not percent-encoded text.
    BadPath,
}

/// Finds the call. The path is decoded before it is split, so an encoded slash never stays within one segment.
pub(crate) fn find(method: &Method, raw_path: &str) -> Matched {
    let Some(path) = decode(raw_path) else { return Matched::BadPath };
    // The Go program knows no HEAD; hyper leaves the body of its answer out.
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    if let Some(call) = call(method, &path) {
        return Matched::Call(call);
    }
    match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() && (call(method, shorter).is_some() || nameless(method, shorter)) => {
            Matched::RedirectWithoutSlash
        }
        _ => Matched::NotFound,
    }
}

/// HELM-WRAPPER: its router takes a release without a name for the beginning of a path that it knows.
fn nameless(method: &Method, path: &str) -> bool {
    path.ends_with("/releases/") && call(method, &format!("{path}x")).is_some()
}

fn call(method: &Method, path: &str) -> Option<Call> {
    if path == "/" {
        return (*method == Method::GET).then_some(Call::Welcome);
    }
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    // HELM-WRAPPER: its router takes an empty parameter within a path, but not at the end.
    if segments.last().is_some_and(|s| s.is_empty()) {
        return None;
    }
    let owned = |s: &str| s.to_owned();
    Some(match (method.as_str(), segments.as_slice()) {
        ("GET", ["api", "envs"]) => Call::Envs,
        ("GET", ["api", "repositories"]) => Call::ListRepositories,
        ("PUT", ["api", "repositories"]) => Call::UpdateRepositories,
        ("POST", ["api", "repositories"]) => Call::AddRepository,
        ("GET", ["api", "repositories", "charts"]) => Call::SearchCharts,
        ("DELETE", ["api", "repositories", name]) => Call::RemoveRepository { name: owned(name) },
        ("GET", ["api", "charts"]) => Call::ShowChart,
        ("POST", ["api", "charts", "upload"]) => Call::Upload,
        ("GET", ["api", "charts", "upload"]) => Call::ListUploads,
        ("DELETE", ["api", "charts", "upload", chart]) => Call::DeleteUpload { chart: owned(chart) },
        (verb, ["api", "namespaces", namespace, "releases", rest @ ..]) => release_call(verb, namespace, rest)?,
        _ => return None,
    })
}

fn release_call(verb: &str, namespace: &str, rest: &[&str]) -> Option<Call> {
    let target = |release: &str| Target { namespace: namespace.to_owned(), release: release.to_owned() };
    Some(match (verb, rest) {
        ("GET", []) => Call::ListReleases { namespace: namespace.to_owned() },
        ("GET", [release]) => Call::GetRelease(target(release)),
        ("POST", [release]) => Call::Install(target(release)),
        ("PUT", [release]) => Call::Upgrade(target(release)),
        ("DELETE", [release]) => Call::Uninstall(target(release)),
        ("PUT", [release, "versions", revision]) => {
            Call::Rollback { target: target(release), revision: (*revision).to_owned() }
        }
        ("GET", [release, "status"]) => Call::Status(target(release)),
        ("GET", [release, "histories"]) => Call::History(target(release)),
        _ => return None,
    })
}

/// Percent-decodes; `None` for a broken escape or text that is not UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    String::from_utf8(decode_bytes(text)?).ok()
}

/// Percent-decodes; `None` for a broken escape.
pub(crate) fn decode_bytes(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        if b != b'%' {
            out.push(b);
            continue;
        }
        let digit = |b: Option<u8>| char::from(b?).to_digit(16);
        let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_the_go_programs() {
        let get = |p: &str| find(&Method::GET, p);
        assert_eq!(get("/"), Matched::Call(Call::Welcome));
        assert_eq!(get("/api/envs/"), Matched::RedirectWithoutSlash);
        assert_eq!(get("//api/envs"), Matched::NotFound);
        assert_eq!(find(&Method::HEAD, "/"), Matched::Call(Call::Welcome));
        assert_eq!(find(&Method::OPTIONS, "/api/envs"), Matched::NotFound);
        assert_eq!(get("/api/namespaces/n/releases/a%2Fb"), Matched::NotFound);
        assert_eq!(get("/api/namespaces//releases"), Matched::Call(Call::ListReleases { namespace: String::new() }));
        assert_eq!(get("/%zz"), Matched::BadPath);
        assert_eq!(get("/api/namespaces/n/releases//"), Matched::RedirectWithoutSlash);
        assert_eq!(get("/api/namespaces/n/releases///"), Matched::NotFound);
        let target = Target { namespace: "n".into(), release: "r".into() };
        assert_eq!(get("/api/namespaces/n/releases/r/status"), Matched::Call(Call::Status(target.clone())));
        assert_eq!(
            find(&Method::PUT, "/api/namespaces/n/releases/r/versions/3"),
            Matched::Call(Call::Rollback { target, revision: "3".into() })
        );
        assert_eq!(find(&Method::PATCH, "/api/namespaces/n/releases/r"), Matched::NotFound);
    }
}
