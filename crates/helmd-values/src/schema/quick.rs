//! Saying yes quickly: most values fit their schema, and most schemas use a few plain keywords.
//!
//! What is sure here needs no compiled schema. Everything else – an unusual keyword, a fault of the schema, values that do not
//! fit – is left to the full validation, which also finds the words for it.

use serde_json::{Map, Value as Json};
use sprig::regex::GoRegex;
use std::collections::BTreeMap;

/// What is known of a value and a schema.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Fits,
    Fails,
    Unsure,
}

use Known::{Fails, Fits, Unsure};

impl Known {
    fn from(fits: bool) -> Known {
        if fits { Fits } else { Fails }
    }
}

/// How often a schema is held against a value before it is left to the full validation.
const STEPS: usize = 200_000;
/// How deep schemas are followed.
const DEPTH: usize = 200;

/// Tells whether a keyword's own value has the right type.
type Form = fn(&Json) -> bool;

/// Keywords that say nothing about the value; the second says which type they must have.
const ANNOTATIONS: &[(&str, Form)] = &[
    ("title", Json::is_string),
    ("description", Json::is_string),
    ("$comment", Json::is_string),
    ("examples", Json::is_array),
    ("deprecated", Json::is_boolean),
    ("readOnly", Json::is_boolean),
    ("writeOnly", Json::is_boolean),
];

/// Keywords that are followed; [`Quick::keyword`] says what they mean, [`well_formed`] what they look like.
const COUNTS: &[&str] = &["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"];
const BOUNDS: &[&str] = &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
const SCHEMAS: &[&str] = &["not", "if", "then", "else", "additionalProperties", "items", "propertyNames"];
const LISTS: &[&str] = &["allOf", "anyOf", "oneOf"];
const TABLES: &[&str] = &["properties", "definitions", "$defs"];

/// Keywords that have a meaning which is not followed here.
const OTHERS: &[&str] = &[
    "id",
    "contains",
    "minContains",
    "maxContains",
    "prefixItems",
    "additionalItems",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "unevaluatedItems",
    "unevaluatedProperties",
    "multipleOf",
];

const TYPES: &[&str] = &["null", "boolean", "object", "array", "number", "string", "integer"];

/// A draft in which the keywords above mean the same as in the others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Draft {
    /// Formats are checked, and keywords beside `$ref` do not count.
    Seven,
    /// 2019-09 or 2020-12.
    Later,
}

fn draft(schema: &Json) -> Option<Draft> {
    let Some(url) = schema.get("$schema") else { return Some(Draft::Later) };
    let url = url.as_str()?;
    let url = url.strip_suffix('#').unwrap_or(url);
    match url.strip_prefix("http://").or(url.strip_prefix("https://"))? {
        "json-schema.org/draft-07/schema" => Some(Draft::Seven),
        "json-schema.org/schema" | "json-schema.org/draft/2020-12/schema" | "json-schema.org/draft/2019-09/schema" => {
            Some(Draft::Later)
        }
        _ => None,
    }
}

/// Whether it is sure that the schema is a good one and that the value fits it.
pub(super) fn fits(schema: &Json, value: &Json) -> bool {
    let Some(draft) = draft(schema) else { return false };
    let mut quick = Quick { root: schema, draft, steps: STEPS, patterns: BTreeMap::new() };
    quick.well_formed(schema, true, DEPTH) && quick.check(schema, value, DEPTH) == Fits
}

struct Quick<'s> {
    root: &'s Json,
    draft: Draft,
    steps: usize,
    /// The patterns of the schema.
    patterns: BTreeMap<&'s str, GoRegex>,
}

impl<'s> Quick<'s> {
    /// Whether the schema uses only what is followed here, in its right form.
    fn well_formed(&mut self, schema: &'s Json, root: bool, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let entries = match schema {
            Json::Bool(_) => return true,
            Json::Object(entries) => entries,
            _ => return false,
        };
        if entries.contains_key("$ref") && self.draft == Draft::Seven && entries.len() > 1 {
            return false;
        }
        entries.iter().all(|(key, value)| {
            let key = key.as_str();
            if let Some((_, form)) = ANNOTATIONS.iter().find(|(k, _)| *k == key) {
                return form(value);
            }
            match key {
                "$schema" => root,
                "$id" => root && value.as_str().is_some_and(is_plain_url),
                "format" => self.draft == Draft::Later && value.is_string(),
                "uniqueItems" => value.is_boolean(),
                "pattern" => value.as_str().is_some_and(|pattern| self.learn(pattern)),
                "patternProperties" => value.as_object().is_some_and(|all| {
                    all.iter().all(|(pattern, rule)| self.learn(pattern) && self.well_formed(rule, false, depth))
                }),
                "default" | "const" => true,
                "type" => match value {
                    Json::Array(types) => !types.is_empty() && all_different(types) && types.iter().all(is_type),
                    one => is_type(one),
                },
                "enum" => value.as_array().is_some_and(|all| !all.is_empty() && all_different(all)),
                "required" => value.as_array().is_some_and(|all| all.iter().all(Json::is_string) && all_different(all)),
                "$ref" => value.as_str().is_some_and(|path| self.target(path).is_some()),
                key if COUNTS.contains(&key) => value.as_u64().is_some_and(|n| n <= u64::from(u32::MAX)),
                key if BOUNDS.contains(&key) => value.is_number(),
                key if SCHEMAS.contains(&key) => self.well_formed(value, false, depth),
                key if LISTS.contains(&key) => value
                    .as_array()
                    .is_some_and(|all| !all.is_empty() && all.iter().all(|rule| self.well_formed(rule, false, depth))),
                key if TABLES.contains(&key) => {
                    value.as_object().is_some_and(|all| all.values().all(|rule| self.well_formed(rule, false, depth)))
                }
                key => !key.starts_with('$') && !OTHERS.contains(&key),
            }
        })
    }

    /// Makes the pattern ready; false when it is none, or when that may take long.
    fn learn(&mut self, pattern: &'s str) -> bool {
        const MOST: usize = 64;
        const LONGEST: usize = 256;
        if !self.patterns.contains_key(pattern) {
            if self.patterns.len() >= MOST || pattern.len() > LONGEST || !repeats_little(pattern) {
                return false;
            }
            let Ok(regex) = GoRegex::new(pattern) else { return false };
            self.patterns.insert(pattern, regex);
        }
        true
    }

    fn matches(&self, pattern: &str, text: &str) -> Option<bool> {
        Some(self.patterns.get(pattern)?.is_match(text.as_bytes()))
    }

    /// The schema of this document that a `$ref` leads to.
    fn target(&self, path: &str) -> Option<&'s Json> {
        let plain =
            |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$'));
        let mut parts = path.strip_prefix("#/")?.split('/');
        let mut schema = self.root;
        while let Some(part) = parts.next() {
            schema = schema.get(part)?;
            if TABLES.contains(&part) {
                schema = schema.get(parts.next().filter(|name| plain(name))?)?;
            } else if !SCHEMAS.contains(&part) {
                return None;
            }
        }
        Some(schema)
    }

    fn check(&mut self, schema: &Json, value: &Json, depth: usize) -> Known {
        let (Some(depth), Some(steps)) = (depth.checked_sub(1), self.steps.checked_sub(1)) else { return Unsure };
        self.steps = steps;
        let entries = match schema {
            Json::Bool(fits) => return Known::from(*fits),
            Json::Object(entries) => entries,
            _ => return Unsure,
        };
        let mut all = Fits;
        for (key, rule) in entries {
            match self.keyword(entries, key, rule, value, depth) {
                Fits => {}
                Fails => return Fails,
                Unsure => all = Unsure,
            }
        }
        all
    }

    #[expect(clippy::too_many_arguments, reason = "one keyword with its surroundings")]
    fn keyword(&mut self, schema: &Map<String, Json>, key: &str, rule: &Json, value: &Json, depth: usize) -> Known {
        match (key, value) {
            ("type", _) => Known::from(match rule {
                Json::Array(types) => types.iter().any(|t| has_type(value, t)),
                one => has_type(value, one),
            }),
            ("enum", _) => rule.as_array().map_or(Unsure, |all| any(all.iter().map(|one| same(one, value)))),
            ("const", _) => same(rule, value),
            ("minLength", Json::String(s)) => compare(rule, s.chars().count(), |limit, n| n >= limit),
            ("maxLength", Json::String(s)) => compare(rule, s.chars().count(), |limit, n| n <= limit),
            ("pattern", Json::String(s)) => {
                rule.as_str().and_then(|pattern| self.matches(pattern, s)).map_or(Unsure, Known::from)
            }
            ("uniqueItems", Json::Array(items)) if *rule == Json::Bool(true) => match all_different(items) {
                true => Fits,
                false => Unsure,
            },
            ("minItems", Json::Array(a)) => compare(rule, a.len(), |limit, n| n >= limit),
            ("maxItems", Json::Array(a)) => compare(rule, a.len(), |limit, n| n <= limit),
            ("minProperties", Json::Object(o)) => compare(rule, o.len(), |limit, n| n >= limit),
            ("maxProperties", Json::Object(o)) => compare(rule, o.len(), |limit, n| n <= limit),
            (bound, Json::Number(_)) if BOUNDS.contains(&bound) => match (exact(rule), exact(value)) {
                (Some(limit), Some(n)) => Known::from(match bound {
                    "minimum" => n >= limit,
                    "maximum" => n <= limit,
                    "exclusiveMinimum" => n > limit,
                    _ => n < limit,
                }),
                _ => Unsure,
            },
            ("required", Json::Object(o)) => Known::from(
                rule.as_array().is_some_and(|all| all.iter().all(|k| k.as_str().is_some_and(|k| o.contains_key(k)))),
            ),
            ("properties" | "patternProperties" | "additionalProperties", Json::Object(o)) => {
                self.properties(schema, (key, rule), o, depth)
            }
            ("propertyNames", Json::Object(o)) => {
                let names: Vec<Json> = o.keys().map(|name| Json::from(name.as_str())).collect();
                self.every(names.iter().map(|name| (rule, name)).collect(), depth)
            }
            ("items", Json::Array(items)) => self.every(items.iter().map(|value| (rule, value)).collect(), depth),
            ("$ref", _) => match rule.as_str().and_then(|path| self.target(path)) {
                Some(target) => self.check(target, value, depth),
                None => Unsure,
            },
            ("allOf", _) => {
                let all = rule.as_array().map(|all| all.iter().map(|rule| (rule, value)).collect());
                all.map_or(Unsure, |all| self.every(all, depth))
            }
            ("anyOf" | "oneOf" | "not" | "if", _) => self.choice(schema, (key, rule), value, depth),
            _ => Fits,
        }
    }

    fn properties(
        &mut self,
        schema: &Map<String, Json>,
        (key, rule): (&str, &Json),
        value: &Map<String, Json>,
        depth: usize,
    ) -> Known {
        let table = |key: &str| schema.get(key).and_then(Json::as_object);
        let (own, patterns) = (table("properties"), table("patternProperties"));
        let pairs = match key {
            "properties" => {
                own.into_iter().flatten().filter_map(|(name, rule)| Some((rule, value.get(name)?))).collect()
            }
            "patternProperties" => {
                let mut pairs = Vec::new();
                for (pattern, rule) in patterns.into_iter().flatten() {
                    let fitting = value.iter().filter(|(name, _)| self.matches(pattern, name) == Some(true));
                    pairs.extend(fitting.map(|(_, value)| (rule, value)));
                }
                pairs
            }
            _ => {
                let known = |name: &String| {
                    own.is_some_and(|own| own.contains_key(name))
                        || patterns.into_iter().flatten().any(|(p, _)| self.matches(p, name) != Some(false))
                };
                value.iter().filter(|(name, _)| !known(name)).map(|(_, value)| (rule, value)).collect()
            }
        };
        self.every(pairs, depth)
    }

    fn every(&mut self, pairs: Vec<(&Json, &Json)>, depth: usize) -> Known {
        let mut all = Fits;
        for (rule, value) in pairs {
            match self.check(rule, value, depth) {
                Fits => {}
                Fails => return Fails,
                Unsure => all = Unsure,
            }
        }
        all
    }

    fn choice(&mut self, schema: &Map<String, Json>, (key, rule): (&str, &Json), value: &Json, depth: usize) -> Known {
        match key {
            "not" => match self.check(rule, value, depth) {
                Fits => Fails,
                Fails => Fits,
                Unsure => Unsure,
            },
            "if" => match self.check(rule, value, depth) {
                Unsure => Unsure,
                known => match schema.get(if known == Fits { "then" } else { "else" }) {
                    Some(rule) => self.check(rule, value, depth),
                    None => Fits,
                },
            },
            _ => {
                let Some(rules) = rule.as_array() else { return Unsure };
                let known: Vec<Known> = rules.iter().map(|rule| self.check(rule, value, depth)).collect();
                let count = |what| known.iter().filter(|k| **k == what).count();
                match (key, count(Fits), count(Unsure)) {
                    ("anyOf", 1.., _) | ("oneOf", 1, 0) => Fits,
                    ("oneOf", 2.., _) | (_, 0, 0) => Fails,
                    _ => Unsure,
                }
            }
        }
    }
}

/// Whether the counts in a pattern are few and small, so that it is made ready quickly.
fn repeats_little(pattern: &str) -> bool {
    const MOST: usize = 2;
    const DIGITS: usize = 2;
    let mut counts = pattern.split('{').skip(1);
    let small = |count: &str| {
        let inside = count.split('}').next().unwrap_or_default();
        inside.split(',').all(|number| number.len() <= DIGITS)
    };
    counts.clone().count() <= MOST && counts.all(small)
}

/// An absolute URL that means nothing unusual.
fn is_plain_url(url: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/' | b'-' | b'_');
    url.strip_prefix("https://")
        .or(url.strip_prefix("http://"))
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(plain))
}

fn is_type(name: &Json) -> bool {
    name.as_str().is_some_and(|name| TYPES.contains(&name))
}

fn has_type(value: &Json, name: &Json) -> bool {
    match (name.as_str().unwrap_or_default(), value) {
        ("null", Json::Null)
        | ("boolean", Json::Bool(_))
        | ("object", Json::Object(_))
        | ("array", Json::Array(_))
        | ("number", Json::Number(_))
        | ("string", Json::String(_)) => true,
        ("integer", Json::Number(n)) => n.is_i64() || n.is_u64() || n.as_f64().is_some_and(|f| f.fract() == 0.0),
        _ => false,
    }
}

fn compare(rule: &Json, size: usize, holds: impl Fn(u64, u64) -> bool) -> Known {
    match (rule.as_u64(), u64::try_from(size)) {
        (Some(limit), Ok(size)) => Known::from(holds(limit, size)),
        _ => Unsure,
    }
}

/// A number that a float holds without loss.
fn exact(value: &Json) -> Option<f64> {
    const WHOLE_FLOATS: f64 = 9_007_199_254_740_992.0;
    value.as_f64().filter(|f| f.abs() < WHOLE_FLOATS)
}

/// Whether two values are the same, as far as this is plain to see.
fn same(a: &Json, b: &Json) -> Known {
    match (a, b) {
        (Json::Number(_), Json::Number(_)) => match (exact(a), exact(b)) {
            (Some(a), Some(b)) => Known::from(a == b),
            _ => Unsure,
        },
        (Json::Null, Json::Null) => Fits,
        (Json::Bool(a), Json::Bool(b)) => Known::from(a == b),
        (Json::String(a), Json::String(b)) => Known::from(a == b),
        (Json::Array(_), Json::Array(_)) | (Json::Object(_), Json::Object(_)) => Unsure,
        _ => Fails,
    }
}

fn any(known: impl Iterator<Item = Known>) -> Known {
    known.fold(Fails, |all, one| match (all, one) {
        (Fits, _) | (_, Fits) => Fits,
        (Unsure, _) | (_, Unsure) => Unsure,
        _ => Fails,
    })
}

/// Whether no two elements are the same; not sure counts as no.
fn all_different(all: &[Json]) -> bool {
    const MANY: usize = 200;
    all.len() <= MANY && all.iter().enumerate().all(|(i, a)| all.iter().skip(i + 1).all(|b| same(a, b) == Fails))
}

#[cfg(test)]
mod tests {
    use super::fits;
    use serde_json::json;

    #[test]
    fn plain_schemas_are_decided() {
        let schema = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object", "required": ["a"], "additionalProperties": false,
            "properties": {
                "a": {"type": ["integer", "null"], "minimum": 1},
                "b": {"enum": ["x", 2]},
                "c": {"items": {"$ref": "#/definitions/c"}},
                "d": {"anyOf": [{"type": "string"}, {"type": "array", "maxItems": 1}]},
            },
            "definitions": {"c": {"type": "string", "minLength": 2}},
        });
        assert!(fits(&schema, &json!({"a": 2.0, "b": 2.0, "c": ["xy"], "d": [1]})));
        for bad in [json!({}), json!({"a": 0}), json!({"a": 1.5}), json!({"a": 1, "e": 1}), json!({"a": 1, "c": ["x"]})]
        {
            assert!(!fits(&schema, &bad), "{bad}");
        }
    }

    #[test]
    fn what_is_not_followed_is_left_to_the_full_validation() {
        for schema in [
            json!({"type": "strange"}),
            json!({"pattern": "("}),
            json!({"$id": "urn:x"}),
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": {"format": "uri"}}}),
            json!({"required": ["a", "a"]}),
            json!({"$schema": "http://json-schema.org/draft-04/schema#"}),
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/a", "definitions": {"a": true}}),
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}),
            json!([]),
        ] {
            assert!(!fits(&schema, &json!({"a": "x"})), "{schema}");
        }
    }
}
