//! Label and field selectors: reading them from queries and objects, and matching.

use crate::json::{self, Json, Object};

/// One requirement on a label or field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
    Greater(String, i64),
    Less(String, i64),
}

/// All requirements must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Labels(pub Vec<Requirement>);

impl Requirement {
    fn matches(&self, labels: Option<&Object>) -> bool {
        let get = |key: &str| labels.and_then(|l| l.get(key)).and_then(Json::as_str);
        match self {
            Self::In(key, values) => get(key).is_some_and(|v| values.iter().any(|w| w == v)),
            Self::NotIn(key, values) => get(key).is_none_or(|v| !values.iter().any(|w| w == v)),
            Self::Exists(key) => get(key).is_some(),
            Self::Absent(key) => get(key).is_none(),
            Self::Greater(key, bound) => get(key).and_then(|v| v.parse().ok()).is_some_and(|v: i64| v > *bound),
            Self::Less(key, bound) => get(key).and_then(|v| v.parse().ok()).is_some_and(|v: i64| v < *bound),
        }
    }
}

impl Labels {
    pub(crate) fn matches(&self, labels: Option<&Object>) -> bool {
        self.0.iter().all(|r| r.matches(labels))
    }

    pub(crate) fn matches_object(&self, object: &Json) -> bool {
        self.0.is_empty() || self.matches(json::object(object, &["metadata", "labels"]))
    }

    /// Reads a `LabelSelector` object; none when it is null (which selects nothing).
    pub(crate) fn from_object(selector: &Json) -> Option<Self> {
        let selector = selector.as_object()?;
        let mut all = Vec::new();
        for (key, value) in selector.get("matchLabels").and_then(Json::as_object).into_iter().flatten() {
            all.push(Requirement::In(key.clone(), vec![value.as_str().unwrap_or("").to_owned()]));
        }
        for rule in selector.get("matchExpressions").and_then(Json::as_array).into_iter().flatten() {
            let key = json::text(rule, &["key"]).to_owned();
            let values =
                json::list(rule, &["values"]).iter().filter_map(Json::as_str).map(str::to_owned).collect::<Vec<_>>();
            all.push(match json::text(rule, &["operator"]) {
                "In" => Requirement::In(key, values),
                "NotIn" => Requirement::NotIn(key, values),
                "Exists" => Requirement::Exists(key),
                "DoesNotExist" => Requirement::Absent(key),
                _ => return None,
            });
        }
        Some(Self(all))
    }

    /// Reads a plain map of labels (Services, ReplicationControllers); none when it is empty.
    pub(crate) fn from_map(map: &Json) -> Option<Self> {
        let map = map.as_object().filter(|m| !m.is_empty())?;
        let equal = |(k, v): (&String, &Json)| Requirement::In(k.clone(), vec![v.as_str().unwrap_or("").to_owned()]);
        Some(Self(map.iter().map(equal).collect()))
    }

    /// Reads a query: `a=b,c!=d,e in (f,g),!h,i,j>1`.
    ///
    /// # Errors
    /// Kubernetes' sentence about the first thing that does not fit.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut words = Words { rest: text };
        let mut all = Vec::new();
        if words.peek().is_none() {
            return Ok(Self(all));
        }
        loop {
            all.push(requirement(&mut words)?);
            match words.next() {
                None => return Ok(Self(all)),
                Some(",") => {}
                Some(other) => {
                    return Err(format!(
                        "unable to parse requirement: found '{other}', expected: ',' or 'end of string'"
                    ));
                }
            }
        }
    }

    /// The text form, keys in order.
    pub(crate) fn text(&self) -> String {
        let mut parts: Vec<String> = self.0.iter().map(requirement_text).collect();
        parts.sort();
        parts.join(",")
    }
}

fn requirement_text(requirement: &Requirement) -> String {
    match requirement {
        Requirement::In(key, values) => match values.as_slice() {
            [one] => format!("{key}={one}"),
            many => format!("{key} in ({})", many.join(",")),
        },
        Requirement::NotIn(key, values) => format!("{key} notin ({})", values.join(",")),
        Requirement::Exists(key) => key.clone(),
        Requirement::Absent(key) => format!("!{key}"),
        Requirement::Greater(key, bound) => format!("{key}>{bound}"),
        Requirement::Less(key, bound) => format!("{key}<{bound}"),
    }
}

struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn split(&self) -> Option<(&'a str, &'a str)> {
        let text = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let first = text.chars().next()?;
        if matches!(first, '(' | ')' | ',') {
            return text.split_at_checked(1);
        }
        let sign = |c: char| matches!(c, '!' | '=' | '<' | '>');
        if sign(first) {
            let length = ["==", "!=", "!", "=", "<", ">"].iter().find(|s| text.starts_with(**s)).map_or(1, |s| s.len());
            return text.split_at_checked(length);
        }
        let end =
            text.find(|c: char| sign(c) || c.is_whitespace() || matches!(c, '(' | ')' | ',')).unwrap_or(text.len());
        text.split_at_checked(end)
    }

    fn peek(&self) -> Option<&'a str> {
        self.split().map(|(word, _)| word)
    }

    fn next(&mut self) -> Option<&'a str> {
        let (word, rest) = self.split()?;
        self.rest = rest;
        Some(word)
    }
}

fn is_sign(word: &str) -> bool {
    matches!(word, "(" | ")" | "," | "!" | "=" | "==" | "!=" | "<" | ">")
}

fn value(words: &mut Words<'_>) -> String {
    match words.peek() {
        Some(word) if !is_sign(word) => {
            words.next();
            word.to_owned()
        }
        _ => String::new(),
    }
}

fn requirement(words: &mut Words<'_>) -> Result<Requirement, String> {
    let absent = words.peek() == Some("!");
    if absent {
        words.next();
    }
    let key =
        words.next().filter(|w| !is_sign(w)).ok_or("unable to parse requirement: found '', expected: identifier")?;
    let key = key.to_owned();
    if absent {
        return Ok(Requirement::Absent(key));
    }
    let Some(operator) = words.peek().filter(|w| *w != ",") else {
        return Ok(Requirement::Exists(key));
    };
    words.next();
    let number = |text: String| {
        text.parse::<i64>().map_err(|_| "for 'Gt', 'Lt' operators, the value must be an integer".to_owned())
    };
    Ok(match operator {
        "=" | "==" => Requirement::In(key, vec![value(words)]),
        "!=" => Requirement::NotIn(key, vec![value(words)]),
        ">" => Requirement::Greater(key, number(value(words))?),
        "<" => Requirement::Less(key, number(value(words))?),
        "in" => Requirement::In(key, values(words)?),
        "notin" => Requirement::NotIn(key, values(words)?),
        other => {
            let known = "in, notin, =, ==, !=, gt, lt";
            return Err(format!("unable to parse requirement: found '{other}', expected: {known}"));
        }
    })
}

fn values(words: &mut Words<'_>) -> Result<Vec<String>, String> {
    match words.next() {
        Some("(") => {}
        other => {
            return Err(format!("unable to parse requirement: found '{}' expected: '('", other.unwrap_or("")));
        }
    }
    let mut all = vec![value(words)];
    loop {
        match words.next() {
            Some(")") => return Ok(all),
            Some(",") => all.push(value(words)),
            other => {
                let found = other.unwrap_or("");
                return Err(format!("unable to parse requirement: found '{found}', expected: ',' or ')'"));
            }
        }
    }
}

/// A field selector: (path, wanted value, whether it must be equal).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields(pub Vec<(String, String, bool)>);

impl Fields {
    /// Reads a query such as `status.phase!=Running,metadata.name=x`.
    ///
    /// # Errors
    /// Kubernetes' sentence for a term that is none.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut all = Vec::new();
        for term in text.split(',').filter(|t| !t.is_empty()) {
            let found =
                ["!=", "==", "="].iter().find_map(|sign| term.split_once(sign).map(|(k, v)| (k, v, *sign != "!=")));
            let (key, value, equal) =
                found.ok_or_else(|| format!("invalid selector: '{text}'; can't understand '{term}'"))?;
            all.push((key.to_owned(), value.to_owned(), equal));
        }
        Ok(Self(all))
    }

    pub(crate) fn matches(&self, object: &Json) -> bool {
        self.0.iter().all(|(path, want, equal)| (field_text(object, path) == *want) == *equal)
    }
}

fn field_text(object: &Json, path: &str) -> String {
    let path = match path {
        "reportingComponent" | "source" => "source.component",
        "regarding.name" => "involvedObject.name",
        other => other,
    };
    match path.split('.').try_fold(object, |v, key| v.get(key)) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// Which fields (beside metadata.name and metadata.namespace) a kind can be selected by.
pub(crate) fn known_field(storage: &str, field: &str) -> bool {
    if matches!(field, "metadata.name" | "metadata.namespace") {
        return true;
    }
    match storage {
        "/pods" => matches!(
            field,
            "spec.nodeName"
                | "spec.restartPolicy"
                | "spec.schedulerName"
                | "spec.serviceAccountName"
                | "spec.hostNetwork"
                | "status.phase"
                | "status.podIP"
                | "status.nominatedNodeName"
        ),
        "/events" => {
            field.starts_with("involvedObject.")
                || field.starts_with("regarding.")
                || matches!(field, "reason" | "type" | "source" | "reportingComponent")
        }
        "/secrets" => field == "type",
        "/namespaces" => field == "status.phase",
        "/nodes" => field == "spec.unschedulable",
        "/services" => matches!(field, "spec.clusterIP" | "spec.type"),
        "/replicationcontrollers" | "apps/replicasets" => field == "status.replicas",
        "batch/jobs" => field == "status.successful",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn labels() {
        let object = json!({"metadata": {"labels": {"a": "b", "n": "5"}}});
        for (text, want) in [
            ("", true),
            ("a=b", true),
            ("a==b,n", true),
            ("a!=b", false),
            ("a in (x, b)", true),
            ("a notin (b)", false),
            ("!z,n>4,n<6", true),
            ("!a", false),
            ("z", false),
            ("z notin (q)", true),
        ] {
            assert_eq!(Labels::parse(text).unwrap().matches_object(&object), want, "{text}");
        }
        assert_eq!(Labels::parse("a in b").unwrap_err(), "unable to parse requirement: found 'b' expected: '('");
    }

    #[test]
    fn fields() {
        let object = json!({"metadata": {"name": "x"}, "status": {"phase": "Running"}});
        assert!(Fields::parse("metadata.name=x,status.phase!=Failed").unwrap().matches(&object));
        assert!(!Fields::parse("status.phase==Failed").unwrap().matches(&object));
    }
}
