//! Failures as Kubernetes tells them: a Status object with code, reason, sentence and causes.

use serde_json::json;

use crate::{json::Json, kinds::Kind};

/// One reason why an object is not accepted, tied to a field.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    pub reason: &'static str,
    pub message: String,
    pub field: String,
}

impl Cause {
    pub(crate) fn required(field: impl Into<String>, note: &str) -> Self {
        let message = if note.is_empty() { "Required value".to_owned() } else { format!("Required value: {note}") };
        Self { reason: "FieldValueRequired", message, field: field.into() }
    }

    pub(crate) fn invalid(field: impl Into<String>, value: &Json, note: &str) -> Self {
        Self { reason: "FieldValueInvalid", message: format!("Invalid value: {value}: {note}"), field: field.into() }
    }

    pub(crate) fn too_long(field: impl Into<String>, limit: usize) -> Self {
        let message = format!("Too long: may not be more than {limit} bytes");
        Self { reason: "FieldValueTooLong", message, field: field.into() }
    }

    pub(crate) fn forbidden(field: impl Into<String>, note: &str) -> Self {
        Self { reason: "FieldValueForbidden", message: format!("Forbidden: {note}"), field: field.into() }
    }

    pub(crate) fn unsupported(field: impl Into<String>, value: &Json, known: &[&str]) -> Self {
        let known: Vec<String> = known.iter().map(|k| format!("\"{k}\"")).collect();
        let message = format!("Unsupported value: {value}: supported values: {}", known.join(", "));
        Self { reason: "FieldValueNotSupported", message, field: field.into() }
    }
}

/// What a failed request is answered with.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ApiError {
    pub code: u16,
    pub reason: &'static str,
    pub message: String,
    pub details: Option<Json>,
}

impl ApiError {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None }
    }

    fn about(mut self, kind: &Kind, name: &str) -> Self {
        let mut details = json!({ "kind": kind.plural });
        if !name.is_empty() {
            details["name"] = name.into();
        }
        if !kind.group.is_empty() {
            details["group"] = kind.group.clone().into();
        }
        self.details = Some(details);
        self
    }

    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", kind.resource())).about(kind, name)
    }

    pub(crate) fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{} \"{name}\" already exists", kind.resource())).about(kind, name)
    }

    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let text = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.resource());
        Self::new(409, "Conflict", text).about(kind, name)
    }

    pub(crate) fn modified(kind: &Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, why)
    }

    pub(crate) fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        Self::new(403, "Forbidden", format!("{} \"{name}\" is forbidden: {why}", kind.resource())).about(kind, name)
    }

    /// `Deployment.apps "x" is invalid: …`
    pub(crate) fn invalid(kind: &Kind, name: &str, causes: &[Cause]) -> Self {
        let lines: Vec<String> = causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
        let all = if let [one] = lines.as_slice() { one.clone() } else { format!("[{}]", lines.join(", ")) };
        let qualified = if kind.group.is_empty() { kind.kind.clone() } else { format!("{}.{}", kind.kind, kind.group) };
        let mut error =
            Self::new(422, "Invalid", format!("{qualified} \"{name}\" is invalid: {all}")).about(kind, name);
        if let Some(details) = &mut error.details {
            details["kind"] = kind.kind.clone().into();
            details["causes"] = causes
                .iter()
                .map(|c| json!({ "reason": c.reason, "message": c.message, "field": c.field }))
                .collect::<Vec<_>>()
                .into();
        }
        error
    }

    /// Fields owned by others stop a server-side apply; each is (manager text, field path), sorted.
    pub(crate) fn apply_conflicts(conflicts: &[(String, String)]) -> Self {
        let text = if let [(who, path)] = conflicts {
            format!("Apply failed with 1 conflict: conflict with {who}: {path}")
        } else {
            let mut lines = Vec::new();
            let mut last = "";
            for (who, path) in conflicts {
                if who != last {
                    lines.push(format!("conflicts with {who}:"));
                    last = who;
                }
                lines.push(format!("- {path}"));
            }
            format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
        };
        let causes: Vec<Json> = conflicts
            .iter()
            .map(|(who, path)| json!({ "reason": "FieldManagerConflict", "message": format!("conflict with {who}"), "field": path }))
            .collect();
        Self { details: Some(json!({ "causes": causes })), ..Self::new(409, "Conflict", text) }
    }

    /// A refusal that somebody asked for.
    pub(crate) fn fault(code: u16) -> Self {
        let reason = match code {
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "NotFound",
            409 => "Conflict",
            429 => "TooManyRequests",
            503 => "ServiceUnavailable",
            504 => "Timeout",
            _ => "InternalError",
        };
        Self::new(code, reason, "a fault was asked for")
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn no_resource() -> Self {
        let text = "the server could not find the requested resource";
        Self { details: Some(json!({})), ..Self::new(404, "NotFound", text) }
    }

    pub(crate) fn no_method() -> Self {
        let text = "the server does not allow this method on the requested resource";
        Self { details: Some(json!({})), ..Self::new(405, "MethodNotAllowed", text) }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    pub(crate) fn unsupported_media() -> Self {
        Self { details: Some(json!({})), ..Self::new(415, "UnsupportedMediaType", "415: Unsupported Media Type") }
    }

    pub(crate) fn gone(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let text = format!("Request entity too large: limit is {limit}");
        Self { details: Some(json!({})), ..Self::new(413, "RequestEntityTooLarge", text) }
    }

    pub(crate) fn full(message: impl Into<String>) -> Self {
        Self::new(429, "TooManyRequests", message)
    }

    /// The Status object to send.
    pub(crate) fn status(&self) -> Json {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        status
    }
}
