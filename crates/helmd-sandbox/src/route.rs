//! A request's way: from path and method to the handler that answers it.

use std::sync::Arc;

use axum::{body::Body, response::Response};
use http::{HeaderValue, Method, StatusCode, header};

use crate::{
    admit, delete, discovery,
    error::ApiError,
    fault,
    json::Json,
    kinds::Verbs,
    openapi, patch,
    patch::Written,
    read::{self, Form},
    request::{Call, Target, split_path},
    review,
    state::{Shared, State},
    subresource, watch,
    write::{self, How, Owners},
};

/// What is sent back.
pub(crate) enum Reply {
    Json(u16, Json, Vec<String>),
    /// Another content type.
    Typed(Vec<u8>, &'static str),
    Text(u16, String),
    Stream(Body),
}

impl Reply {
    fn ok(value: Json) -> Self {
        Self::Json(200, value, Vec::new())
    }

    /// The HTTP response.
    pub(crate) fn into_response(self) -> Response {
        let (status, kind, body, warnings) = match self {
            Self::Json(status, value, warnings) => {
                (status, "application/json", Body::from(value.to_string()), warnings)
            }
            Self::Typed(bytes, kind) => (200, kind, Body::from(bytes), Vec::new()),
            Self::Text(status, text) => (status, "text/plain; charset=utf-8", Body::from(text), Vec::new()),
            Self::Stream(body) => (200, "application/json", body, Vec::new()),
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
        for warning in warnings {
            let text = warning.replace('\\', "\\\\").replace('"', "\\\"");
            if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{text}\"")) {
                headers.append(header::WARNING, value);
            }
        }
        response
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        Self::Json(error.code, error.status(), Vec::new())
    }
}

/// Answers one request.
pub(crate) fn answer(shared: &Arc<Shared>, call: &Call) -> Reply {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let open = matches!(path.as_slice(), ["healthz" | "livez" | "readyz", ..] | ["version"]);
    if !open && !authorized(shared, call) {
        return ApiError::unauthorized().into();
    }
    let aggregated = call.accept().contains("g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
    let typed = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    match path.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => Reply::Text(200, "ok".to_owned()),
        ["sandbox", "faults"] => fault::control(&mut shared.faults(), call),
        ["version"] => Reply::ok(discovery::version()),
        [root @ ("api" | "apis")] if aggregated => {
            let all = discovery::aggregated(&shared.lock().registry, *root == "api");
            Reply::Typed(all.to_string().into_bytes(), typed)
        }
        ["api"] => Reply::ok(discovery::legacy_versions()),
        ["apis"] => Reply::ok(discovery::groups(&shared.lock().registry)),
        ["api", version] => discovery_reply(discovery::resources(&shared.lock().registry, "", version)),
        ["apis", group] => discovery_reply(discovery::group(&shared.lock().registry, group)),
        ["apis", group, version] => discovery_reply(discovery::resources(&shared.lock().registry, group, version)),
        ["openapi", "v2"] if call.accept().contains("protobuf") => {
            Reply::Typed(openapi::LEGACY.to_vec(), "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
        }
        ["openapi", "v2"] => Reply::ok(openapi::legacy()),
        ["openapi", "v3"] => Reply::ok(openapi::index(&shared.lock())),
        ["openapi", "v3", "api", version] => discovery_reply(openapi::document(&shared.lock(), "", version)),
        ["openapi", "v3", "apis", group, version] => discovery_reply(openapi::document(&shared.lock(), group, version)),
        ["api", version, ..] => in_group(shared, call, ("", version), 2),
        ["apis", group, version, ..] => in_group(shared, call, (group, version), 3),
        _ => not_a_page(),
    }
}

fn not_a_page() -> Reply {
    Reply::Text(404, "404 page not found\n".to_owned())
}

fn discovery_reply(found: Option<Json>) -> Reply {
    found.map_or_else(not_a_page, Reply::ok)
}

fn authorized(shared: &Shared, call: &Call) -> bool {
    let given = call.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or("");
    call.trusted || same(given, &format!("Bearer {}", shared.token))
}

/// Compares secrets: every byte is looked at, wherever the first difference is.
fn same(given: &str, want: &str) -> bool {
    given.len() == want.len() && given.bytes().zip(want.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

/// Takes the token off the front of the path. client-go sends no token header without TLS, so the kubeconfig has it there.
pub(crate) fn take_path_token(shared: &Shared, call: &mut Call) {
    if call.path.first().is_some_and(|first| same(first, &shared.token)) {
        call.path.remove(0);
        call.trusted = true;
    }
}

fn in_group(shared: &Arc<Shared>, call: &Call, (group, version): (&str, &str), skip: usize) -> Reply {
    let rest = call.path.get(skip..).unwrap_or(&[]);
    let state = shared.lock();
    if !state.registry.serves(group, version) {
        return not_a_page();
    }
    let Some((namespace, plural, name, sub)) = split_path(rest) else {
        return ApiError::no_resource().into();
    };
    let Some(kind) = state.registry.by_plural(group, version, &plural) else {
        return ApiError::no_resource().into();
    };
    if !kind.namespaced && namespace.is_some() {
        return ApiError::no_resource().into();
    }
    drop(state);
    let target = Target { kind, namespace, name, subresource: sub };
    dispatch(shared, call, &target).unwrap_or_else(Reply::from)
}

fn dispatch(shared: &Arc<Shared>, call: &Call, target: &Target) -> Result<Reply, ApiError> {
    let how = How {
        manager: call.manager(),
        subresource: target.subresource.clone().unwrap_or_default(),
        dry_run: call.query.dry_run(),
        owners: Owners::Writer,
    };
    if target.kind.namespaced && target.namespace.is_none() && (target.name.is_some() || call.method != Method::GET) {
        return Err(ApiError::no_method());
    }
    if target.kind.verbs == Verbs::CreateOnly {
        if call.method != Method::POST {
            return Err(ApiError::no_method());
        }
        let mut state = shared.lock();
        let value = match target.kind.kind.as_str() {
            "Binding" => subresource::bind(&mut state, call, target)?,
            _ => review::answer(&state, call, target)?,
        };
        return Ok(Reply::Json(201, value, Vec::new()));
    }
    match target.subresource.as_deref() {
        Some("status" | "finalize" | "ephemeralcontainers" | "approval") if target.kind.has(&how.subresource) => {
            with_object(shared, call, target, how)
        }
        Some(sub) if target.kind.has(sub) => other_subresource(shared, call, target, &how),
        Some(_) => Err(ApiError::no_resource()),
        None => with_object(shared, call, target, how),
    }
}

fn other_subresource(shared: &Arc<Shared>, call: &Call, target: &Target, how: &How) -> Result<Reply, ApiError> {
    let mut state = shared.lock();
    let sub = how.subresource.as_str();
    Ok(match (sub, &call.method) {
        ("scale", _) => Reply::ok(subresource::scale(&mut state, call, target, how)?),
        ("log", &Method::GET) => Reply::Text(200, subresource::log(&state, call, target)?),
        ("token", &Method::POST) => Reply::Json(201, subresource::token(&state, call, target)?, Vec::new()),
        ("binding", &Method::POST) => Reply::Json(201, subresource::bind(&mut state, call, target)?, Vec::new()),
        ("eviction", &Method::POST) => Reply::Json(201, subresource::evict(&mut state, call, target)?, Vec::new()),
        ("exec" | "attach" | "portforward" | "proxy", _) => {
            let text = format!("the sandbox runs no containers: {sub} is not possible");
            return Err(ApiError { code: 501, reason: "NotImplemented", ..ApiError::bad_request(text) });
        }
        _ => return Err(ApiError::no_method()),
    })
}

fn with_object(shared: &Arc<Shared>, call: &Call, target: &Target, how: How) -> Result<Reply, ApiError> {
    let written = |(code, object, warnings): Written| {
        Reply::Json(code, read::shown(&target.kind, &object, Form::of(call), call.query.get("includeObject")), warnings)
    };
    let wants_watch = call.query.flag("watch");
    match (&call.method, target.name.is_some()) {
        (&Method::GET, _) if wants_watch => Ok(Reply::Stream(watch::start(shared, call, target)?)),
        (&Method::GET, true) => Ok(Reply::ok(read::get(&shared.lock(), call, target)?)),
        (&Method::GET, false) => Ok(Reply::ok(read::list(&shared.lock(), call, target)?)),
        (&Method::POST, false) => Ok(written(create(&mut shared.lock(), call, target, &how)?)),
        (&Method::PUT, true) => Ok(written(replace(&mut shared.lock(), call, target, &how)?)),
        (&Method::PATCH, true) => Ok(written(patch::patch(&mut shared.lock(), call, target, how)?)),
        (&Method::DELETE, true) if target.subresource.is_none() => {
            let mut state = shared.lock();
            let options = delete::options(&state, call)?;
            Ok(Reply::ok(delete::delete(&mut state, target, &options)?))
        }
        (&Method::DELETE, false) => {
            let mut state = shared.lock();
            let options = delete::options(&state, call)?;
            Ok(Reply::ok(delete::delete_collection(&mut state, call, target, &options)?))
        }
        _ => Err(ApiError::no_method()),
    }
}

fn read_object(state: &State, call: &Call, target: &Target) -> Result<(Json, Vec<String>), ApiError> {
    let mut object = admit::read_body(&state.schema, call)?;
    admit::fit(target, &mut object)?;
    let misfits = admit::check_fields(&state.schema, &target.kind, &mut object);
    let warnings = admit::settle(call, &target.kind, misfits)?;
    Ok((object, warnings))
}

fn create(state: &mut State, call: &Call, target: &Target, how: &How) -> Result<Written, ApiError> {
    let (object, warnings) = read_object(state, call, target)?;
    if !crate::json::text(&object, &["metadata", "resourceVersion"]).is_empty() {
        return Err(ApiError::bad_request("resourceVersion should not be set on objects to be created"));
    }
    Ok((201, write::create(state, &target.kind, object, how)?, warnings))
}

fn replace(state: &mut State, call: &Call, target: &Target, how: &How) -> Result<Written, ApiError> {
    let (object, warnings) = read_object(state, call, target)?;
    let key = crate::store::Key::new(&target.kind.storage, target.ns(), target.name()?);
    let current = state.store.get(&key).cloned();
    let current = current.ok_or_else(|| ApiError::not_found(&target.kind, &key.name))?;
    if crate::json::text(&object, &["metadata", "resourceVersion"]).is_empty() && target.kind.custom {
        let cause =
            crate::error::Cause::invalid("metadata.resourceVersion", &0.into(), "must be specified for an update");
        return Err(ApiError::invalid(&target.kind, &key.name, &[cause]));
    }
    Ok((200, write::update(state, &target.kind, &current, object, how)?, warnings))
}
