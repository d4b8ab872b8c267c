//! The places of a schema, and what leads from one to another.

use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// Where a reference leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// To a place, by its number.
    Place(usize),
    /// To one of the metaschemas.
    Meta,
    /// To any place that has a name, or the root: it is no pointer and no anchor that is known here.
    Anywhere,
}

/// Every value in a schema, in order of depth; the root is the first.
pub(crate) struct Places<'s> {
    list: Vec<&'s Json>,
    /// Number by address.
    numbers: HashMap<usize, usize>,
    anchors: HashMap<&'s str, Vec<usize>>,
    named: Vec<usize>,
}

/// Keywords that give a place a name.
const NAMES: [&str; 5] = ["$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor"];

impl<'s> Places<'s> {
    /// The places; `None` when their paths, spelled out, have more than `max_bytes`: the validator spells them.
    pub(crate) fn new(schema: &'s Json, max_bytes: u64) -> Option<Places<'s>> {
        let mut places = Places {
            list: vec![schema],
            numbers: HashMap::from([(address(schema), 0)]),
            anchors: HashMap::new(),
            named: vec![0],
        };
        let mut lengths = vec![0_u64];
        let mut bytes = 0_u64;
        let mut next = 0;
        while let (Some(value), Some(length)) = (places.list.get(next).copied(), lengths.get(next).copied()) {
            bytes = bytes.saturating_add(length);
            if bytes > max_bytes {
                return None;
            }
            places.name(value, next);
            next += 1;
            let mut add = |child: &'s Json, token: usize| {
                places.numbers.insert(address(child), places.list.len());
                places.list.push(child);
                lengths.push(length + 1 + token as u64);
            };
            match value {
                // An index has some digits.
                Json::Array(items) => items.iter().for_each(|item| add(item, 4)),
                Json::Object(entries) => entries.iter().for_each(|(key, item)| add(item, key.len())),
                _ => {}
            }
        }
        Some(places)
    }

    fn name(&mut self, value: &'s Json, number: usize) {
        let Some(entries) = value.as_object() else { return };
        if number > 0 && NAMES.iter().any(|name| entries.contains_key(*name)) {
            self.named.push(number);
        }
        for name in ["$anchor", "$dynamicAnchor"] {
            if let Some(anchor) = entries.get(name).and_then(Json::as_str) {
                self.anchors.entry(anchor).or_default().push(number);
            }
        }
    }

    /// All places.
    pub(crate) fn list(&self) -> &[&'s Json] {
        &self.list
    }

    /// The places that have a name, and the root.
    pub(crate) fn named(&self) -> &[usize] {
        &self.named
    }

    /// The number of a value of this schema.
    pub(crate) fn number(&self, value: &Json) -> Option<usize> {
        self.numbers.get(&address(value)).copied()
    }

    fn child(&self, value: &Json) -> Option<Target> {
        self.number(value).map(Target::Place)
    }

    /// What applies to the same value as the schema `entries` does.
    pub(crate) fn in_place(&self, entries: &Map<String, Json>) -> Vec<Target> {
        let mut targets = Vec::new();
        for (keyword, value) in entries {
            match keyword.as_str() {
                "allOf" | "anyOf" | "oneOf" => {
                    targets.extend(value.as_array().into_iter().flatten().filter_map(|v| self.child(v)));
                }
                "dependentSchemas" | "dependencies" => {
                    targets.extend(value.as_object().into_iter().flat_map(Map::values).filter_map(|v| self.child(v)));
                }
                "not" | "if" | "then" | "else" | "propertyNames" => targets.extend(self.child(value)),
                "$ref" => self.referred(value.as_str().unwrap_or_default(), &mut targets),
                "$dynamicRef" | "$recursiveRef" => targets.push(Target::Anywhere),
                _ => {}
            }
        }
        targets
    }

    /// The places that a reference leads to.
    fn referred(&self, target: &str, targets: &mut Vec<Target>) {
        if target.contains("://json-schema.org/") {
            targets.push(Target::Meta);
            return;
        }
        let fragment = target.strip_prefix('#');
        let pointed = fragment.and_then(|pointer| self.list.first()?.pointer(pointer)).and_then(|v| self.child(v));
        let anchored = fragment.and_then(|name| self.anchors.get(name));
        match (pointed, anchored) {
            (Some(place), _) => targets.push(place),
            (None, Some(numbers)) => targets.extend(numbers.iter().map(|n| Target::Place(*n))),
            (None, None) => targets.push(Target::Anywhere),
        }
    }
}

fn address(value: &Json) -> usize {
    std::ptr::from_ref(value).addr()
}
