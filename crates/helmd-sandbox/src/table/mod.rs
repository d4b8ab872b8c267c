//! Objects as rows of a table, for `kubectl get`.

mod cells;
mod columns;

use serde_json::json;

use crate::{
    clock,
    json::{self, Json},
    kinds::{Kind, PrinterColumn},
    read::metadata_only,
};

/// A Table of these objects. `include` is `Object`, `None`, or anything else for their metadata.
pub(crate) fn of(kind: &Kind, items: &[Json], metadata: &Json, include: &str) -> Json {
    let rows: Vec<Json> = items
        .iter()
        .map(|object| {
            let mut row = json!({"cells": row(kind, object)});
            match include {
                "None" => {}
                "Object" => json::set(&mut row, &["object"], object.clone()),
                _ => json::set(&mut row, &["object"], metadata_only(object)),
            }
            row
        })
        .collect();
    let mut metadata = metadata.clone();
    if let ([one], true) = (items, json::at(&metadata, &["resourceVersion"]).is_null()) {
        json::set(&mut metadata, &["resourceVersion"], json::text(one, &["metadata", "resourceVersion"]));
    }
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": definitions(kind), "rows": rows})
}

fn definition(name: &str, kind: &str, format: &str, priority: i64) -> Json {
    json!({"name": name, "type": kind, "format": format, "description": "", "priority": priority})
}

fn definitions(kind: &Kind) -> Vec<Json> {
    if kind.custom {
        let mut all = vec![definition("Name", "string", "name", 0)];
        all.extend(kind.columns.iter().map(|c| definition(&c.name, &c.kind, &c.format, c.priority)));
        if kind.columns.is_empty() {
            all.push(definition("Age", "date", "", 0));
        }
        return all;
    }
    columns::of(&kind.storage)
        .split('|')
        .map(|column| {
            let (column, priority) = column.strip_suffix('+').map_or((column, 0), |c| (c, 1));
            let (name, kind) = column.split_once(':').unwrap_or((column, "string"));
            definition(name, kind, if name == "Name" { "name" } else { "" }, priority)
        })
        .collect()
}

fn row(kind: &Kind, object: &Json) -> Vec<Json> {
    if !kind.custom {
        return cells::of(&kind.storage, object);
    }
    let mut all = vec![json::name(object).into()];
    all.extend(kind.columns.iter().map(|c| custom_cell(c, object)));
    if kind.columns.is_empty() {
        all.push(json::text(object, &["metadata", "creationTimestamp"]).into());
    }
    all
}

fn custom_cell(column: &PrinterColumn, object: &Json) -> Json {
    let Some(found) = json_path(object, &column.path) else { return Json::Null };
    match (column.kind.as_str(), found) {
        ("date", Json::String(moment)) => clock::age(moment).into(),
        ("integer" | "number" | "boolean", value) => value.clone(),
        (_, Json::String(text)) => text.clone().into(),
        (_, value) => value.to_string().into(),
    }
}

/// The first value that a simple JSONPath leads to: names, `['name']`, `[0]`, `[*]` and `[?(@.type=="Ready")]`.
fn json_path<'a>(object: &'a Json, path: &str) -> Option<&'a Json> {
    let mut value = object;
    let mut rest = path.trim_start_matches('{').trim_end_matches('}').trim_start_matches('$');
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (step, after) = inner.split_once(']')?;
            rest = after;
            value = if let Some(test) = step.strip_prefix("?(").and_then(|s| s.strip_suffix(')')) {
                let (field, want) = test.split_once("==")?;
                let field: Vec<&str> = field.trim().trim_start_matches("@.").split('.').collect();
                let want = want.trim().trim_matches(['"', '\'']);
                value.as_array()?.iter().find(|item| json::text(item, &field) == want)?
            } else if step == "*" {
                value.as_array()?.first()?
            } else if let Ok(index) = step.parse::<usize>() {
                value.get(index)?
            } else {
                value.get(step.trim_matches(['\'', '"']))?
            };
        } else {
            let inner = rest.trim_start_matches('.');
            // A dot may be written `\.` inside a name.
            let mut end = inner.len();
            let mut escaped = false;
            for (place, c) in inner.char_indices() {
                if !escaped && matches!(c, '.' | '[') {
                    end = place;
                    break;
                }
                escaped = c == '\\' && !escaped;
            }
            let (name, after) = inner.split_at_checked(end)?;
            rest = after;
            if name.is_empty() {
                break;
            }
            value = value.get(name.replace('\\', ""))?;
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_paths() {
        let object = json!({"metadata": {"annotations": {"a.b/c": "x"}}, "status": {"conditions": [{"type": "A", "status": "F"}, {"type": "Ready", "status": "T"}]}});
        for (path, want) in [
            (".status.conditions[?(@.type==\"Ready\")].status", Some("T")),
            (".status.conditions[0].status", Some("F")),
            (r".metadata.annotations.a\.b/c", Some("x")),
            (".metadata.annotations['a.b/c']", Some("x")),
            (".spec.none", None),
            (".status.conditions[", None),
        ] {
            assert_eq!(json_path(&object, path).and_then(Json::as_str), want, "{path}");
        }
    }
}
