//! Reading the object in a request's body, and holding it against the target and the kind's fields.

use crate::{
    error::ApiError,
    json::{self, Json},
    kinds::Kind,
    protobuf,
    request::{Call, Target},
    schema::{Message, Schema, Type, is_leaf},
};

/// Nesting of a body that is still read (custom schemas nest deep; the parser itself stops at 128).
const MAX_DEPTH: usize = 100;

/// Reads a body of any content type that carries objects; an empty one is null.
///
/// # Errors
/// 400 for what cannot be read, 415 for a content type without objects.
pub(crate) fn read_body(schema: &Schema, call: &Call) -> Result<Json, ApiError> {
    if call.body.is_empty() {
        return Ok(Json::Null);
    }
    let mut value = match call.content_type() {
        "application/vnd.kubernetes.protobuf" => {
            protobuf::decode(schema, &call.body).map_err(|e| ApiError::bad_request(e.to_string()))?
        }
        "application/yaml" | "application/apply-patch+yaml" | "text/yaml" => read_yaml(&call.body)?,
        "" | "application/json" | "application/x-www-form-urlencoded" => serde_json::from_slice(&call.body)
            .map_err(|e| ApiError::bad_request(format!("couldn't get version/kind; json parse error: {e}")))?,
        _ => return Err(ApiError::unsupported_media()),
    };
    if json::too_deep(&value, MAX_DEPTH) {
        return Err(ApiError::bad_request("the object is nested too deeply"));
    }
    // A null in an applied configuration is a field that the manager owns.
    if call.content_type() != "application/apply-patch+yaml" {
        json::drop_nulls(&mut value);
    }
    Ok(value)
}

/// Reads YAML; JSON is YAML, so that is tried first.
pub(crate) fn read_yaml(body: &[u8]) -> Result<Json, ApiError> {
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    helmd_yaml::parse(body, helmd_yaml::Numbers::Json)
        .map_err(|e| ApiError::bad_request(format!("error decoding YAML: {e}")))
}

/// Holds an object against the place it is sent to, and fills in what the path says.
///
/// # Errors
/// 400 when kind, version, namespace or name speak of something else.
pub(crate) fn fit(target: &Target, object: &mut Json) -> Result<(), ApiError> {
    let kind = &*target.kind;
    let version = kind.api_version();
    if !object.is_object() {
        return Err(ApiError::bad_request("the body is not an object"));
    }
    let (sent_version, sent_kind) = (json::text(object, &["apiVersion"]), json::text(object, &["kind"]));
    if !sent_kind.is_empty() && sent_kind != kind.kind || !sent_version.is_empty() && sent_version != version {
        let shown = if sent_version.is_empty() { &version } else { sent_version };
        let (group, number) = shown.split_once('/').unwrap_or(("", shown));
        return Err(ApiError::bad_request(format!(
            "{sent_kind} in version \"{number}\" cannot be handled as a {}: converting ({}) to ({}): unknown conversion",
            kind.kind,
            if group.is_empty() { shown.to_owned() } else { format!("{group}.{sent_kind}") },
            kind.kind,
        )));
    }
    json::set(object, &["apiVersion"], version);
    json::set(object, &["kind"], kind.kind.clone());
    if !json::at(object, &["metadata"]).is_object() {
        json::set(object, &["metadata"], Json::Object(json::Object::new()));
    }
    if kind.namespaced {
        let sent = json::namespace(object);
        if !sent.is_empty() && sent != target.ns() {
            let text = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(ApiError::bad_request(text));
        }
        json::set(object, &["metadata", "namespace"], target.ns());
    } else {
        json::remove(object, &["metadata", "namespace"]);
    }
    if let Some(name) = &target.name {
        let sent = json::name(object);
        if sent.is_empty() {
            json::set(object, &["metadata", "name"], name.as_str());
        } else if sent != name {
            let text = format!("the name of the object ({sent}) does not match the name on the URL ({name})");
            return Err(ApiError::bad_request(text));
        }
    }
    Ok(())
}

/// What does not fit the kind's fields.
#[derive(Debug, Default)]
pub(crate) struct Misfits {
    /// `unknown field "spec.foo"`
    pub unknown: Vec<String>,
    /// `json: cannot unmarshal …`
    pub wrong: Option<String>,
}

/// Checks the fields of a built-in kind's object and takes unknown ones out, as Go's decoder does.
pub(crate) fn check_fields(schema: &Schema, kind: &Kind, object: &mut Json) -> Misfits {
    let mut misfits = Misfits::default();
    let Some((name, message)) = kind.schema.as_deref().and_then(|n| Some((n, schema.message(n)?))) else {
        return misfits;
    };
    let (version, named) = (object.get("apiVersion").cloned(), object.get("kind").cloned());
    for key in ["apiVersion", "kind"] {
        json::remove(object, &[key]);
    }
    Checker { schema, misfits: &mut misfits }.message((name, message), object, "");
    for (key, value) in [("apiVersion", version), ("kind", named)] {
        if let Some(value) = value {
            json::set(object, &[key], value);
        }
    }
    misfits
}

/// Turns misfits into an error or into warnings, as `fieldValidation` wants it.
///
/// # Errors
/// 400 for wrong types, and for unknown fields when they are to be strictly refused.
pub(crate) fn settle(call: &Call, kind: &Kind, misfits: Misfits) -> Result<Vec<String>, ApiError> {
    let refuse = |why: String| {
        let text = format!("{} in version \"{}\" cannot be handled as a {}: {why}", kind.kind, kind.version, kind.kind);
        Err(ApiError::bad_request(text))
    };
    if let Some(wrong) = misfits.wrong {
        return refuse(wrong);
    }
    match call.query.get("fieldValidation") {
        _ if misfits.unknown.is_empty() => Ok(Vec::new()),
        "Strict" => refuse(format!("strict decoding error: {}", misfits.unknown.join(", "))),
        "Ignore" => Ok(Vec::new()),
        _ => Ok(misfits.unknown),
    }
}

struct Checker<'a> {
    schema: &'a Schema,
    misfits: &'a mut Misfits,
}

impl Checker<'_> {
    fn message(&mut self, (name, message): (&str, &Message), value: &mut Json, path: &str) {
        let Json::Object(map) = value else { return };
        let mut unknown = Vec::new();
        let short = name.rsplit('.').next().unwrap_or(name);
        for (key, below) in map.iter_mut() {
            let place = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            // Claims stand inside StatefulSets with their own type.
            if name == "core/v1.PersistentVolumeClaim" && matches!(key.as_str(), "apiVersion" | "kind") {
                continue;
            }
            match message.field(key) {
                Some(field) => self.value(&field.kind, below, &place, &format!("{short}.{place}")),
                None => unknown.push((key.clone(), place)),
            }
        }
        for (key, place) in unknown {
            map.remove(&key);
            self.misfits.unknown.push(format!("unknown field \"{place}\""));
        }
    }

    fn value(&mut self, kind: &Type, value: &mut Json, path: &str, field: &str) {
        let wanted = match (kind, &*value) {
            (Type::Text | Type::Bytes, Json::String(_))
            | (Type::Boolean, Json::Bool(_))
            | (Type::Float, Json::Number(_)) => None,
            (_, Json::Null) => None,
            (Type::Integer, Json::Number(_)) if json::whole(value).is_some() => {
                if let Some(number) = json::whole(value) {
                    *value = number.into();
                }
                None
            }
            (Type::Text, _) => Some("string"),
            (Type::Bytes, _) => Some("[]uint8"),
            (Type::Boolean, _) => Some("bool"),
            (Type::Integer, _) => Some("int32"),
            (Type::Float, _) => Some("float64"),
            (Type::List(inner, _), Json::Array(_)) => {
                for (index, item) in json::items_mut(value, &[]).enumerate() {
                    self.value(inner, item, &format!("{path}[{index}]"), field);
                }
                None
            }
            (Type::Map(inner, _), Json::Object(_)) => {
                for (key, below) in json::force_object(value).iter_mut() {
                    self.value(inner, below, &format!("{path}.{key}"), field);
                }
                None
            }
            (Type::List(..), _) => Some("[]"),
            (Type::Map(inner, _), _) => Some(if **inner == Type::Text { "map[string]string" } else { "map[string]" }),
            (Type::Message(name, _), Json::Object(_)) if !is_leaf(name) => {
                if let Some(message) = self.schema.message(name) {
                    self.message((name, message), value, path);
                }
                None
            }
            (Type::Message(name, _), _) if is_leaf(name) || self.schema.message(name).is_none() => None,
            (Type::Message(name, _), _) => Some(name.rsplit('.').next().unwrap_or("struct")),
        };
        if let Some(wanted) = wanted
            && self.misfits.wrong.is_none()
        {
            let got = match value {
                Json::String(_) => "string",
                Json::Number(_) => "number",
                Json::Bool(_) => "bool",
                Json::Array(_) => "array",
                _ => "object",
            };
            self.misfits.wrong =
                Some(format!("json: cannot unmarshal {got} into Go struct field {field} of type {wanted}"));
        }
    }
}
