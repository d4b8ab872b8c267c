//! How much a validation may have to do, known before it starts.
//!
//! A short schema can apply to one value any number of times: thirty definitions of which each refers twice to the next
//! one make a billion. The bound takes every branch, so it is what the validator does at worst.

use super::places::{Places, Target};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// What a metaschema costs for each node of the value that is held against it.
const METASCHEMA_STEPS: u64 = 16;
/// What compiling a regular expression costs for each of its instructions.
const STEPS_PER_INSTRUCTION: u64 = 5;
/// Instructions of an expression that Go does not take.
const UNKNOWN_INSTRUCTIONS: u64 = 4_000;
/// Characters times instructions that a search does in a step.
const SEARCHED_PER_STEP: u64 = 256;

/// More than the steps that were allowed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooMuch;

/// An upper bound of the steps that validating `values` takes.
pub(crate) fn steps(places: &Places<'_>, values: &Json, limit: u64) -> Result<u64, TooMuch> {
    let mut count = Count { places, limit, known: HashMap::new(), instructions: HashMap::new() };
    let compiling = count.patterns()?;
    let validating = count.applied(Target::Place(0), values)?;
    count.within(compiling.saturating_add(validating))
}

/// Stands for the names of properties.
static NAME: Json = Json::String(String::new());

struct Count<'p, 's> {
    places: &'p Places<'s>,
    limit: u64,
    /// Steps of a target on a value, by number and address; `None` while they are being counted.
    known: HashMap<(usize, usize), Option<u64>>,
    /// By address of the pattern.
    instructions: HashMap<usize, u64>,
}

/// The metaschemas' number among the places.
const META: usize = usize::MAX;

type Counted = Result<u64, TooMuch>;

impl Count<'_, '_> {
    fn within(&self, steps: u64) -> Counted {
        if steps > self.limit { Err(TooMuch) } else { Ok(steps) }
    }

    /// Compiling all regular expressions.
    fn patterns(&mut self) -> Counted {
        let mut steps = 0_u64;
        for value in self.places.list() {
            let Some(entries) = value.as_object() else { continue };
            if let Some(pattern) = entries.get("pattern").filter(|p| p.is_string()) {
                let size = program_size(pattern.as_str().unwrap_or_default());
                self.instructions.insert(std::ptr::from_ref(pattern).addr(), size);
                steps = self.within(steps.saturating_add(size.saturating_mul(STEPS_PER_INSTRUCTION)))?;
            }
            if let Some(patterns) = entries.get("patternProperties").and_then(Json::as_object) {
                for pattern in patterns.keys() {
                    let size = program_size(pattern);
                    steps = self.within(steps.saturating_add(size.saturating_mul(STEPS_PER_INSTRUCTION)))?;
                }
            }
        }
        Ok(steps)
    }

    fn applied(&mut self, target: Target, value: &Json) -> Counted {
        let number = match target {
            Target::Place(number) => number,
            Target::Meta => META,
            Target::Anywhere => {
                let places = self.places;
                let all = places.named().iter();
                return self.sum(all.map(|n| (Target::Place(*n), value)));
            }
        };
        let key = (number, std::ptr::from_ref(value).addr());
        if let Some(known) = self.known.get(&key) {
            // What is being counted is a cycle on one value, which the validator refuses.
            return Ok(known.unwrap_or(0));
        }
        if self.known.len() as u64 > self.limit {
            return Err(TooMuch);
        }
        self.known.insert(key, None);
        let steps = match self.places.list().get(number) {
            Some(Json::Object(schema)) => self.schema(schema, value)?,
            Some(_) => 1,
            None => METASCHEMA_STEPS.saturating_mul(nodes(value)),
        };
        self.known.insert(key, Some(steps));
        self.within(steps)
    }

    fn sum<'v>(&mut self, pairs: impl Iterator<Item = (Target, &'v Json)>) -> Counted {
        let mut steps = 0_u64;
        for (target, value) in pairs {
            let more = self.applied(target, value)?;
            steps = self.within(steps.saturating_add(more))?;
        }
        Ok(steps)
    }

    fn schema(&mut self, schema: &Map<String, Json>, value: &Json) -> Counted {
        // Of a wrong type nothing else is looked at.
        if !schema.get("type").is_none_or(|types| may_be(types, value)) {
            return Ok(1);
        }
        let mut steps = 1 + schema.get("enum").and_then(Json::as_array).map_or(0, Vec::len) as u64;
        let in_place = self.places.in_place(schema);
        steps = steps.saturating_add(self.sum(in_place.into_iter().map(|target| (target, value)))?);
        let below = match value {
            Json::Object(entries) => self.object(schema, entries)?,
            Json::Array(items) => self.array(schema, items)?,
            Json::String(text) => self.text(schema, text),
            _ => 0,
        };
        self.within(steps.saturating_add(below))
    }

    fn object(&mut self, schema: &Map<String, Json>, entries: &Map<String, Json>) -> Counted {
        let places = self.places;
        let place = |value: &Json| places.number(value).map(Target::Place);
        let of = |keyword: &str| schema.get(keyword).and_then(place);
        let rest = [of("additionalProperties"), of("unevaluatedProperties")];
        let names = of("propertyNames");
        let patterns: Vec<Target> = schema
            .get("patternProperties")
            .and_then(Json::as_object)
            .map_or_else(Vec::new, |all| all.values().filter_map(place).collect());
        let properties = schema.get("properties").and_then(Json::as_object);
        let mut steps = 0_u64;
        for (key, value) in entries {
            let own = properties.and_then(|all| all.get(key)).and_then(place);
            let targets = own.into_iter().chain(patterns.iter().copied()).chain(rest.into_iter().flatten());
            let below = self.sum(targets.map(|target| (target, value)))?;
            let name = self.sum(names.into_iter().map(|target| (target, &NAME)))?;
            let searched = (patterns.len() as u64).saturating_mul(1 + key.len() as u64 / SEARCHED_PER_STEP);
            steps = self.within(steps.saturating_add(below).saturating_add(name).saturating_add(searched + 1))?;
        }
        Ok(steps)
    }

    fn array(&mut self, schema: &Map<String, Json>, items: &[Json]) -> Counted {
        let places = self.places;
        let place = |value: &Json| places.number(value).map(Target::Place);
        let of = |keyword: &str| schema.get(keyword).filter(|v| !v.is_array()).and_then(place);
        let every = ["items", "additionalItems", "unevaluatedItems", "contains"].map(of);
        let listed = |keyword: &str| schema.get(keyword).and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        let first = [listed("items"), listed("prefixItems")];
        let unique = schema.get("uniqueItems") == Some(&Json::Bool(true));
        let mut steps = 0_u64;
        for (at, item) in items.iter().enumerate() {
            let own = first.iter().filter_map(|list| list.get(at)).filter_map(place);
            let below = self.sum(own.chain(every.into_iter().flatten()).map(|target| (target, item)))?;
            let compared = if unique { nodes(item) } else { 0 };
            steps = self.within(steps.saturating_add(below).saturating_add(compared + 1))?;
        }
        Ok(steps)
    }

    fn text(&self, schema: &Map<String, Json>, text: &str) -> u64 {
        let pattern = schema.get("pattern").map(|p| std::ptr::from_ref(p).addr());
        let size = pattern.and_then(|at| self.instructions.get(&at)).copied().unwrap_or(0);
        size.saturating_mul(text.len() as u64) / SEARCHED_PER_STEP
    }
}

/// Whether a value may be of the type or types that a schema names.
fn may_be(types: &Json, value: &Json) -> bool {
    let is = |name: &str| match value {
        Json::Null => name == "null",
        Json::Bool(_) => name == "boolean",
        Json::Number(_) => matches!(name, "number" | "integer"),
        Json::String(_) => name == "string",
        Json::Array(_) => name == "array",
        Json::Object(_) => name == "object",
    };
    match types {
        Json::String(name) => is(name),
        Json::Array(names) => names.iter().filter_map(Json::as_str).any(is),
        _ => true,
    }
}

fn program_size(pattern: &str) -> u64 {
    sprig::regex::program_size(pattern.as_bytes()).unwrap_or(UNKNOWN_INSTRUCTIONS)
}

/// Values within a value, itself included.
fn nodes(value: &Json) -> u64 {
    let mut count = 0;
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        count += 1;
        match value {
            Json::Array(items) => rest.extend(items),
            Json::Object(entries) => rest.extend(entries.values()),
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(schema: &Json, values: &Json) -> Result<u64, TooMuch> {
        steps(&Places::new(schema, 1 << 20).unwrap(), values, 1_000_000)
    }

    #[test]
    fn plain_schemas_take_few_steps() {
        let schema = json!({"type": "object", "properties": {
            "a": {"type": "string", "pattern": "^[a-z]{1,63}$"},
            "b": {"type": "array", "items": {"$ref": "#/$defs/item"}, "uniqueItems": true},
        }, "$defs": {"item": {"enum": [1, 2, 3]}}});
        assert!(of(&schema, &json!({"a": "x", "b": [1, 2, 3]})).is_ok_and(|n| (20..2000).contains(&n)));
        let recursive = json!({"additionalProperties": {"$ref": "#"}});
        assert!(of(&recursive, &json!({"a": {"b": {"c": {}}}})).is_ok_and(|n| n < 50));
        assert!(of(&json!({"$ref": "#"}), &json!({})).is_ok());
        let anchored = json!({"$ref": "#x", "$defs": {"d": {"$anchor": "x", "properties": {"a": {"$ref": "#x"}}}}});
        assert!(of(&anchored, &json!({"a": {"a": {"a": 1}}})).is_ok_and(|n| n < 50));
    }

    #[test]
    fn branches_multiply() {
        let branch = |i: usize| {
            let next = json!({"$ref": format!("#/$defs/d{}", i + 1)});
            (format!("d{i}"), json!({"anyOf": [next, next]}))
        };
        let defs: Map<String, Json> = (0..30).map(branch).collect();
        assert_eq!(of(&json!({"$ref": "#/$defs/d0", "$defs": defs}), &json!({})), Err(TooMuch));
        // Twice for each level of the values.
        let twice = json!({"properties": {"a": {"$ref": "#"}}, "patternProperties": {".": {"$ref": "#"}}});
        let deep = (0..40).fold(json!({}), |v, _| json!({"a": v}));
        assert_eq!(of(&twice, &deep), Err(TooMuch));
        let typed = json!({"anyOf": [{"type": "string", "anyOf": [{}, {}]}, {"type": "object"}]});
        assert!(of(&typed, &json!({})).is_ok_and(|n| n < 5));
    }

    #[test]
    fn patterns_are_counted() {
        let patterns: Vec<Json> = (0..400).map(|i| json!({"pattern": format!("(ab{i}){{1000}}")})).collect();
        assert_eq!(of(&json!({"allOf": patterns}), &json!({})), Err(TooMuch));
        let long = json!({"properties": {"a": {"pattern": "(a|b|c|d|e){100}x"}}});
        assert_eq!(of(&long, &json!({"a": "a".repeat(1 << 20)})), Err(TooMuch));
    }

    #[test]
    fn long_paths_are_refused() {
        let deep = (0..100).fold(json!({}), |v, _| json!({"x".repeat(10_000): v}));
        assert!(Places::new(&deep, 1 << 20).is_none());
    }
}
