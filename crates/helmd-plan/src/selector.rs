//! Label selectors as query texts.

use crate::object::{get, list, text};
use serde_json::Value as Json;

/// Gives the query text of a `LabelSelector` (`app=web,tier in (a,b)`); `None` for one that selects nothing or is
/// malformed. The empty text selects everything.
pub fn selector_text(selector: Option<&Json>) -> Option<String> {
    let selector = selector.filter(|s| s.is_object())?;
    let mut parts = equal_parts(get(selector, &["matchLabels"]));
    for expression in list(selector, &["matchExpressions"]) {
        let key = text(expression, &["key"]);
        let mut values: Vec<&str> = list(expression, &["values"]).iter().filter_map(Json::as_str).collect();
        values.sort_unstable();
        let values = values.join(",");
        let part = match text(expression, &["operator"]) {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return None,
        };
        parts.push((key.to_owned(), part));
    }
    parts.sort();
    Some(joined(parts))
}

/// The query text of a plain map of labels, as replication controllers have it.
pub(crate) fn label_map_text(labels: Option<&Json>) -> String {
    joined(equal_parts(labels))
}

fn equal_parts(labels: Option<&Json>) -> Vec<(String, String)> {
    let entries = labels.and_then(Json::as_object).into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), format!("{key}={}", value.as_str().unwrap_or_default()))).collect()
}

fn joined(parts: Vec<(String, String)>) -> String {
    let parts: Vec<String> = parts.into_iter().map(|(_, part)| part).collect();
    parts.join(",")
}
