//! GET of one object and of lists, and the forms of an answer (plain, table, metadata only).

use serde_json::json;

use crate::{
    convert,
    error::ApiError,
    json::{self, Json},
    kinds::Kind,
    request::{Call, Target},
    selector::{Fields, Labels, known_field},
    state::State,
    store::Key,
    table,
};

/// How the caller wants objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Table,
    Metadata,
}

impl Form {
    /// The first form in the Accept header that is known.
    pub(crate) fn of(call: &Call) -> Self {
        for choice in call.accept().split(',') {
            let mut parts = choice.split(';').map(str::trim);
            if parts.next() != Some("application/json") {
                continue;
            }
            for part in parts {
                match part {
                    "as=Table" => return Self::Table,
                    "as=PartialObjectMetadata" | "as=PartialObjectMetadataList" => return Self::Metadata,
                    _ => {}
                }
            }
            return Self::Plain;
        }
        Self::Plain
    }
}

/// One object in the form and version asked for.
pub(crate) fn shown(kind: &Kind, object: &Json, form: Form, include: &str) -> Json {
    let mut object = object.clone();
    convert::from_storage(kind, &mut object);
    match form {
        Form::Plain => object,
        Form::Table => table::of(kind, &[object], &json!({}), include),
        Form::Metadata => metadata_only(&object),
    }
}

/// Only the metadata of an object.
pub(crate) fn metadata_only(object: &Json) -> Json {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object.get("metadata")})
}

/// Selectors of a list or watch.
///
/// # Errors
/// 400 for what cannot be read or is not supported.
pub(crate) fn selectors(call: &Call, target: &Target) -> Result<(Labels, Fields), ApiError> {
    let labels = Labels::parse(call.query.get("labelSelector")).map_err(ApiError::bad_request)?;
    let mut fields = Fields::parse(call.query.get("fieldSelector")).map_err(ApiError::bad_request)?;
    if let Some((unknown, ..)) = fields.0.iter().find(|(f, ..)| !known_field(&target.kind.storage, f)) {
        return Err(ApiError::bad_request(format!("field label not supported: {unknown}")));
    }
    if let Some(name) = &target.name {
        fields.0.push(("metadata.name".to_owned(), name.clone(), true));
    }
    Ok((labels, fields))
}

/// GET of one object.
///
/// # Errors
/// 404 when there is none.
pub(crate) fn get(state: &State, call: &Call, target: &Target) -> Result<Json, ApiError> {
    let kind = &*target.kind;
    let name = target.name()?;
    let object = state.get(&kind.storage, target.ns(), name).ok_or_else(|| ApiError::not_found(kind, name))?;
    Ok(shown(kind, object, Form::of(call), call.query.get("includeObject")))
}

/// GET of a list.
///
/// # Errors
/// 400 for selectors or continue tokens that cannot be read.
pub(crate) fn list(state: &State, call: &Call, target: &Target) -> Result<Json, ApiError> {
    let kind = &*target.kind;
    let (labels, fields) = selectors(call, target)?;
    let start = match call.query.get("continue") {
        "" => None,
        token => Some(read_continue(&kind.storage, token)?),
    };
    let limit = call.query.get("limit").parse::<usize>().ok().filter(|l| *l > 0).unwrap_or(usize::MAX);
    let mut matching = state
        .store
        .range(&kind.storage, target.namespace.as_deref(), start)
        .filter(|(_, o)| labels.matches_object(o) && fields.matches(o));
    let mut items = Vec::new();
    let mut last: Option<&Key> = None;
    for (key, object) in matching.by_ref().take(limit) {
        let mut object = Json::clone(object);
        convert::from_storage(kind, &mut object);
        items.push(object);
        last = Some(key);
    }
    let mut metadata = json!({"resourceVersion": state.store.revision().to_string()});
    let left = matching.count();
    if let (true, Some(last)) = (left > 0, last) {
        json::set(&mut metadata, &["continue"], write_continue(last));
        json::set(&mut metadata, &["remainingItemCount"], left);
    }
    Ok(match Form::of(call) {
        Form::Plain => {
            // Items of a typed list carry no type of their own; custom ones do.
            if !kind.custom {
                for item in &mut items {
                    json::remove(item, &["apiVersion"]);
                    json::remove(item, &["kind"]);
                }
            }
            json!({"kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(), "metadata": metadata, "items": items})
        }
        Form::Table => table::of(kind, &items, &metadata, call.query.get("includeObject")),
        Form::Metadata => {
            let items: Vec<Json> = items.iter().map(metadata_only).collect();
            json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": items})
        }
    })
}

fn write_continue(key: &Key) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.encode(json!([key.namespace, key.name]).to_string())
}

fn read_continue(storage: &str, token: &str) -> Result<Key, ApiError> {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    let parsed = BASE64_URL_SAFE_NO_PAD.decode(token).ok().and_then(|b| serde_json::from_slice::<[String; 2]>(&b).ok());
    let [namespace, name] = parsed.ok_or_else(|| ApiError::bad_request("continue key is not valid"))?;
    Ok(Key::new(storage, &namespace, &name))
}
