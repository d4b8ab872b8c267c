//! OpenAPI v3, as much as clients look at: per kind the operations with `dryRun` and `fieldValidation`, and the shapes of
//! the built-in kinds, so that `kubectl explain` works too.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{
    json::{self, Json, Object},
    kinds::{Kind, Verbs},
    schema::{Schema, Type, is_leaf},
    state::State,
};

/// OpenAPI v2 as protobuf, without content: `swagger: "2.0"`. Clients ask for it when v3 does not know a kind, and leave
/// the checking to the server when v2 does not either.
pub(crate) const LEGACY: &[u8] = b"\x0a\x032.0";

/// GET /openapi/v2 as JSON, likewise without content.
pub(crate) fn legacy() -> Json {
    json!({"swagger": "2.0", "info": {"title": "Kubernetes", "version": crate::discovery::GIT_VERSION}, "paths": {}})
}

/// GET /openapi/v3: where the documents are. The hash changes with the custom kinds of the group version.
pub(crate) fn index(state: &State) -> Json {
    let mut paths = Object::new();
    for kind in state.registry.all() {
        let path = if kind.group.is_empty() {
            format!("api/{}", kind.version)
        } else {
            format!("apis/{}", kind.api_version())
        };
        let revision = if kind.custom { state.store.revision() } else { 1 };
        let url = format!("/openapi/v3/{path}?hash={revision:X}");
        paths.insert(path, json!({"serverRelativeURL": url}));
    }
    json!({"paths": paths})
}

/// GET /openapi/v3/… of one group version.
pub(crate) fn document(state: &State, group: &str, version: &str) -> Option<Json> {
    if !state.registry.serves(group, version) {
        return None;
    }
    let mut paths = Object::new();
    let mut schemas = Object::new();
    let mut used = BTreeSet::new();
    for kind in state.registry.all().filter(|k| k.group == group && k.version == version) {
        add_paths(kind, &mut paths);
        let names = json!([{"group": kind.group, "version": kind.version, "kind": kind.kind}]);
        match &kind.schema {
            Some(message) => {
                collect(&state.schema, message, &mut used);
                let mut shape = shape_of(&state.schema, message);
                json::set(&mut shape, &["properties", "apiVersion"], json!({"type": "string"}));
                json::set(&mut shape, &["properties", "kind"], json!({"type": "string"}));
                json::set(&mut shape, &["x-kubernetes-group-version-kind"], names);
                schemas.insert(component(message), shape);
            }
            None => {
                let shape = json!({"type": "object", "x-kubernetes-group-version-kind": names,
                    "x-kubernetes-preserve-unknown-fields": true});
                schemas.insert(custom_component(kind), shape);
            }
        }
    }
    for message in used {
        let name = component(&message);
        if !schemas.contains_key(&name) {
            schemas.insert(name, shape_of(&state.schema, &message));
        }
    }
    Some(json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": crate::discovery::GIT_VERSION},
        "paths": paths, "components": {"schemas": schemas},
    }))
}

fn custom_component(kind: &Kind) -> String {
    let reversed: Vec<&str> = kind.group.split('.').rev().collect();
    format!("{}.{}.{}", reversed.join("."), kind.version, kind.kind)
}

/// `core/v1.Pod` → `io.k8s.api.core.v1.Pod`
fn component(message: &str) -> String {
    let dotted = message.replace('/', ".");
    match message.split(['/', '.']).next() {
        Some("meta") => format!("io.k8s.apimachinery.pkg.apis.{dotted}"),
        Some("resource") => format!("io.k8s.apimachinery.pkg.api.{dotted}"),
        Some("intstr") => format!("io.k8s.apimachinery.pkg.util.{dotted}"),
        Some("runtime") => format!("io.k8s.apimachinery.pkg.{dotted}"),
        _ => format!("io.k8s.api.{dotted}"),
    }
}

fn collect(schema: &Schema, message: &str, used: &mut BTreeSet<String>) {
    if !used.insert(message.to_owned()) {
        return;
    }
    for field in schema.message(message).into_iter().flat_map(|m| m.json.values()) {
        let mut kind = &field.kind;
        while let Type::List(inner, _) | Type::Map(inner, _) = kind {
            kind = inner;
        }
        if let Type::Message(name, _) = kind {
            collect(schema, name, used);
        }
    }
}

fn shape_of(schema: &Schema, message: &str) -> Json {
    if is_leaf(message) {
        return match message {
            "meta/v1.Time" | "meta/v1.MicroTime" => json!({"type": "string", "format": "date-time"}),
            "intstr.IntOrString" => json!({"type": "string", "format": "int-or-string"}),
            "resource.Quantity" | "meta/v1.Duration" => json!({"type": "string"}),
            _ => json!({"type": "object"}),
        };
    }
    let mut properties = Object::new();
    for (name, field) in schema.message(message).into_iter().flat_map(|m| &m.json) {
        properties.insert(name.clone(), type_of(&field.kind));
    }
    json!({"type": "object", "properties": properties})
}

fn type_of(kind: &Type) -> Json {
    match kind {
        Type::Text => json!({"type": "string"}),
        Type::Bytes => json!({"type": "string", "format": "byte"}),
        Type::Integer => json!({"type": "integer", "format": "int32"}),
        Type::Boolean => json!({"type": "boolean"}),
        Type::Float => json!({"type": "number", "format": "double"}),
        Type::List(inner, _) => json!({"type": "array", "items": type_of(inner)}),
        Type::Map(inner, _) => json!({"type": "object", "additionalProperties": type_of(inner)}),
        Type::Message(name, _) => json!({"allOf": [{"$ref": format!("#/components/schemas/{}", component(name))}]}),
    }
}

fn add_paths(kind: &Kind, paths: &mut Object) {
    let base = if kind.group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{}", kind.api_version()) };
    let space = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
    let collection = format!("{base}{space}/{}", kind.plural);
    let query = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
    let names = json!({"group": kind.group, "version": kind.version, "kind": kind.kind});
    let operation = |action: &str| {
        json!({
            "parameters": [query("dryRun"), query("fieldManager"), query("fieldValidation")],
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-action": action, "x-kubernetes-group-version-kind": names,
        })
    };
    let mut on_collection = json!({"post": operation("post")});
    if kind.verbs == Verbs::All {
        json::set(&mut on_collection, &["get"], operation("list"));
        let one = json!({"get": operation("get"), "put": operation("put"), "patch": operation("patch"), "delete": operation("delete")});
        paths.insert(format!("{collection}/{{name}}"), one);
    }
    paths.insert(collection, on_collection);
}
