//! A set of field paths, in the form that `metadata.managedFields` stores (FieldsV1).

use std::collections::BTreeMap;

use crate::json::{Json, Object};

/// One node of the tree: whether the path itself is in the set, and what lies below. Keys are stored path elements:
/// `f:name`, `k:{"name":"x"}`, `v:"value"`, `i:0`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldSet {
    pub member: bool,
    pub children: BTreeMap<String, FieldSet>,
}

impl FieldSet {
    pub(crate) fn leaf() -> Self {
        Self { member: true, children: BTreeMap::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }

    /// Puts a child in, unless it is empty.
    pub(crate) fn insert(&mut self, element: String, child: FieldSet) {
        if !child.is_empty() {
            self.children.insert(element, child);
        }
    }

    pub(crate) fn union(&mut self, other: &Self) {
        self.member |= other.member;
        for (element, child) in &other.children {
            self.children.entry(element.clone()).or_default().union(child);
        }
    }

    /// What is in this set and not in `other`.
    pub(crate) fn minus(&self, other: &Self) -> Self {
        let mut left = Self { member: self.member && !other.member, children: BTreeMap::new() };
        for (element, child) in &self.children {
            match other.children.get(element) {
                Some(taken) => left.insert(element.clone(), child.minus(taken)),
                None => left.insert(element.clone(), child.clone()),
            }
        }
        left
    }

    /// What is in both sets.
    pub(crate) fn both(&self, other: &Self) -> Self {
        let mut shared = Self { member: self.member && other.member, children: BTreeMap::new() };
        for (element, child) in &self.children {
            if let Some(theirs) = other.children.get(element) {
                shared.insert(element.clone(), child.both(theirs));
            }
        }
        shared
    }

    /// The paths as sentences name them: `.spec.ports[port=80,protocol="TCP"].name`.
    pub(crate) fn paths(&self) -> Vec<String> {
        let mut all = Vec::new();
        self.collect("", &mut all);
        all
    }

    fn collect(&self, prefix: &str, all: &mut Vec<String>) {
        if self.member && !prefix.is_empty() {
            all.push(prefix.to_owned());
        }
        for (element, child) in &self.children {
            child.collect(&format!("{prefix}{}", element_text(element)), all);
        }
    }

    /// Reads FieldsV1; what is not a path element is left out.
    pub(crate) fn from_json(value: &Json) -> Self {
        let mut set = Self::default();
        for (key, below) in value.as_object().into_iter().flatten() {
            if key == "." {
                set.member = true;
                continue;
            }
            let mut child = Self::from_json(below);
            if child.children.is_empty() {
                child.member = true;
            }
            set.children.insert(key.clone(), child);
        }
        set
    }

    /// Writes FieldsV1.
    pub(crate) fn to_json(&self) -> Json {
        let mut map = Object::new();
        for (element, child) in &self.children {
            let mut below = child.to_json();
            if let (true, Json::Object(inner)) = (child.member && !child.children.is_empty(), &mut below) {
                inner.insert(".".to_owned(), Json::Object(Object::new()));
            }
            map.insert(element.clone(), below);
        }
        Json::Object(map)
    }
}

fn element_text(element: &str) -> String {
    match element.split_once(':') {
        Some(("f", name)) => format!(".{name}"),
        Some(("k", keys)) => match serde_json::from_str::<Object>(keys) {
            Ok(keys) => {
                let pairs: Vec<String> = keys.iter().map(|(k, v)| format!("{k}={v}")).collect();
                format!("[{}]", pairs.join(","))
            }
            Err(_) => format!("[{keys}]"),
        },
        Some(("v", value)) => format!("[={value}]"),
        Some((_, rest)) => format!("[{rest}]"),
        None => element.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_there_and_back() {
        let stored =
            json!({"f:spec": {"f:ports": {".": {}, "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}}}});
        let set = FieldSet::from_json(&stored);
        assert_eq!(set.to_json(), stored);
        assert_eq!(
            set.paths(),
            [".spec.ports", ".spec.ports[port=80,protocol=\"TCP\"]", ".spec.ports[port=80,protocol=\"TCP\"].port"]
        );
        assert!(set.minus(&set).is_empty());
        assert_eq!(set.both(&set), set);
    }
}
