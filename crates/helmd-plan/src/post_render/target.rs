//! Which objects a patch is for.

use super::text;
use serde::Deserialize;
use serde_json::Value as Json;
use sprig::regex::GoRegex;

/// Which objects: what is not said matches all. Names are regular expressions that have to match as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Target {
    /// API group; the empty one is that of `v1`.
    pub group: Option<String>,
    /// API version.
    pub version: Option<String>,
    /// Kind.
    pub kind: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Namespace as the manifest has it.
    pub namespace: Option<String>,
    /// Labels: `a=b,c!=d,e`.
    pub label_selector: Option<String>,
    /// Annotations, in the same form.
    pub annotation_selector: Option<String>,
}

impl Target {
    /// Whether the object is one of them.
    ///
    /// # Errors
    /// An expression or selector is none.
    pub fn matches(&self, object: &Json) -> Result<bool, String> {
        let (group, version) = text(object, "/apiVersion").split_once('/').unwrap_or(("", text(object, "/apiVersion")));
        let words = [
            (&self.group, group),
            (&self.version, version),
            (&self.kind, text(object, "/kind")),
            (&self.name, text(object, "/metadata/name")),
            (&self.namespace, text(object, "/metadata/namespace")),
        ];
        for (wanted, word) in words {
            if let Some(wanted) = wanted
                && !is_whole(wanted, word)?
            {
                return Ok(false);
            }
        }
        let selectors = [(&self.label_selector, "labels"), (&self.annotation_selector, "annotations")];
        for (selector, field) in selectors {
            if let Some(selector) = selector
                && !selects(selector, object.pointer(&format!("/metadata/{field}")))?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn is_whole(pattern: &str, word: &str) -> Result<bool, String> {
    if pattern == word {
        return Ok(true);
    }
    let pattern = GoRegex::new(&format!("^(?:{pattern})$")).map_err(|e| format!("target: {e}"))?;
    Ok(pattern.is_match(word.as_bytes()))
}

fn selects(selector: &str, entries: Option<&Json>) -> Result<bool, String> {
    let value = |name: &str| entries.and_then(|entries| entries.get(name)).and_then(Json::as_str);
    for part in selector.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let fits = if let Some((name, wanted)) = part.split_once("!=") {
            value(name.trim()) != Some(wanted.trim())
        } else if let Some((name, wanted)) = part.split_once('=') {
            value(name.trim()) == Some(wanted.trim_start_matches('=').trim())
        } else if let Some(name) = part.strip_prefix('!') {
            value(name.trim()).is_none()
        } else if part.contains([' ', '(']) {
            return Err(format!("target: selector {part:?}: only name=value, name!=value, name and !name are known"));
        } else {
            value(part).is_some()
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_said_has_to_fit_as_a_whole() {
        let object =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web-1", "labels": {"a": "b"}}});
        let fits = |target: Json| serde_json::from_value::<Target>(target).unwrap().matches(&object);
        assert_eq!(fits(json!({})), Ok(true));
        assert_eq!(fits(json!({"group": "apps", "version": "v1", "kind": "Deployment", "name": "web-.*"})), Ok(true));
        assert_eq!(fits(json!({"name": "web"})), Ok(false));
        assert_eq!(fits(json!({"group": ""})), Ok(false));
        assert_eq!(fits(json!({"labelSelector": "a=b, c!=d, !e, a"})), Ok(true));
        assert_eq!(fits(json!({"labelSelector": "a=c"})), Ok(false));
        assert!(fits(json!({"name": "("})).is_err());
        assert!(fits(json!({"labelSelector": "a in (b)"})).is_err());
    }
}
