//! How deep a validation may recurse, known before it starts.
//!
//! The validator recurses for each keyword that applies a schema to the same value (`allOf`, `$ref` …) and for each step
//! down in the values. A schema can chain so many references that any stack overflows.

use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// Most steps that any validation may need.
const MAX_STEPS: usize = 4_000;
/// Deepest JSON of a schema.
const MAX_SCHEMA_DEPTH: usize = 500;
/// Steps that the metaschemas need for each level of a schema.
const METASCHEMA_STEPS: usize = 8;

/// An upper bound of the steps of recursion; an error when there may be too many.
pub(crate) fn steps(schema: &Json, values: &Json) -> Result<usize, String> {
    let schema_depth = depth(schema);
    if schema_depth > MAX_SCHEMA_DEPTH {
        return Err(format!("unable to validate schema: the schema is nested more than {MAX_SCHEMA_DEPTH} deep"));
    }
    let chain = Graph::new(schema).longest_chain();
    let steps = chain.saturating_mul(depth(values)).max(METASCHEMA_STEPS * schema_depth);
    if steps > MAX_STEPS {
        return Err(format!("unable to validate schema: validation may need more than {MAX_STEPS} nested steps"));
    }
    Ok(steps)
}

/// The levels of a value; 1 for a scalar.
fn depth(value: &Json) -> usize {
    let mut deepest = 1;
    let mut rest = vec![(value, 1)];
    while let Some((value, depth)) = rest.pop() {
        deepest = deepest.max(depth);
        match value {
            Json::Array(items) => rest.extend(items.iter().map(|v| (v, depth + 1))),
            Json::Object(entries) => rest.extend(entries.values().map(|v| (v, depth + 1))),
            _ => {}
        }
    }
    deepest
}

/// The places in a schema, and which apply to the same value as which.
struct Graph {
    edges: Vec<Vec<usize>>,
    weights: Vec<usize>,
}

/// All that a reference can lead to when it is no pointer from the root.
const HUB: usize = 0;
/// The metaschemas.
const META: usize = 1;
const ROOT: usize = 2;

impl Graph {
    fn new(schema: &Json) -> Graph {
        let mut places = vec![(String::new(), schema)];
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut next = 0;
        while let Some((pointer, value)) = places.get(next).map(|(p, v)| (p.clone(), *v)) {
            numbers.insert(pointer.clone(), ROOT + next);
            next += 1;
            match value {
                Json::Array(items) => {
                    places.extend(items.iter().enumerate().map(|(i, v)| (format!("{pointer}/{i}"), v)));
                }
                Json::Object(entries) => {
                    places.extend(entries.iter().map(|(k, v)| (format!("{pointer}/{}", escape(k)), v)));
                }
                _ => {}
            }
        }
        let mut edges = vec![Vec::new(), Vec::new()];
        for (pointer, value) in &places {
            let own = value.as_object().map_or_else(Vec::new, |entries| applied(pointer, entries, &numbers));
            edges.push(own);
        }
        let named = |value: &Json| {
            ["$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor"].iter().any(|k| value.get(k).is_some())
        };
        let hub = places.iter().enumerate().filter(|(i, (_, value))| *i == 0 || named(value)).map(|(i, _)| ROOT + i);
        edges[HUB] = hub.collect();
        let mut weights = vec![1; edges.len()];
        weights[META] = METASCHEMA_STEPS;
        Graph { edges, weights }
    }

    /// The weight of the heaviest way through the graph, where places that lead to each other count together.
    fn longest_chain(&self) -> usize {
        let groups = self.groups();
        let mut weights = vec![0; self.edges.len()];
        for (node, group) in groups.iter().enumerate() {
            weights[*group] += self.weights[node];
        }
        // A group's number is larger than those of all groups that it leads to.
        let mut order: Vec<usize> = (0..self.edges.len()).collect();
        order.sort_by_key(|node| groups[*node]);
        let mut below = vec![0; self.edges.len()];
        let mut chains = vec![0; self.edges.len()];
        for node in order {
            let group = groups[node];
            for target in self.edges[node].iter().map(|t| groups[*t]).filter(|t| *t != group) {
                below[group] = below[group].max(chains[target]);
            }
            chains[group] = below[group] + weights[group];
        }
        chains.into_iter().max().unwrap_or_default()
    }

    /// The strongly connected group of each node (Tarjan's algorithm without recursion).
    fn groups(&self) -> Vec<usize> {
        const NEW: usize = usize::MAX;
        let count = self.edges.len();
        let (mut index, mut low, mut group) = (vec![NEW; count], vec![0; count], vec![NEW; count]);
        let (mut open, mut visits, mut next_index, mut next_group) = (Vec::new(), Vec::new(), 0, 0);
        for start in 0..count {
            if index[start] == NEW {
                visits.push((start, 0));
            }
            while let Some((node, edge)) = visits.pop() {
                if edge == 0 {
                    (index[node], low[node]) = (next_index, next_index);
                    next_index += 1;
                    open.push(node);
                }
                if let Some(&target) = self.edges[node].get(edge) {
                    visits.push((node, edge + 1));
                    if index[target] == NEW {
                        visits.push((target, 0));
                    } else if group[target] == NEW {
                        low[node] = low[node].min(index[target]);
                    }
                    continue;
                }
                if low[node] == index[node] {
                    while let Some(member) = open.pop() {
                        group[member] = next_group;
                        if member == node {
                            break;
                        }
                    }
                    next_group += 1;
                }
                if let Some((parent, _)) = visits.last() {
                    low[*parent] = low[*parent].min(low[node]);
                }
            }
        }
        group
    }
}

/// The places that apply to the value that the schema at `pointer` applies to.
fn applied(pointer: &str, schema: &Map<String, Json>, numbers: &HashMap<String, usize>) -> Vec<usize> {
    let mut places = Vec::new();
    for (keyword, value) in schema {
        let here = format!("{pointer}/{}", escape(keyword));
        match keyword.as_str() {
            "allOf" | "anyOf" | "oneOf" => {
                let count = value.as_array().map_or(0, Vec::len);
                places.extend((0..count).filter_map(|i| numbers.get(&format!("{here}/{i}"))));
            }
            "dependentSchemas" | "dependencies" => {
                let names = value.as_object().into_iter().flat_map(Map::keys);
                places.extend(names.filter_map(|name| numbers.get(&format!("{here}/{}", escape(name)))));
            }
            "not" | "if" | "then" | "else" | "propertyNames" => places.extend(numbers.get(&here)),
            "$ref" => places.push(value.as_str().map_or(HUB, |target| referred(target, numbers))),
            "$dynamicRef" | "$recursiveRef" => places.push(HUB),
            _ => {}
        }
    }
    places
}

/// The place that a reference leads to.
fn referred(target: &str, numbers: &HashMap<String, usize>) -> usize {
    if target.contains("://json-schema.org/") {
        return META;
    }
    match target.strip_prefix('#') {
        Some(pointer) => numbers.get(pointer).copied().unwrap_or(HUB),
        None => HUB,
    }
}

fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::steps;
    use serde_json::json;

    #[test]
    fn chains_are_measured() {
        let flat = json!({"properties": {"a": {"type": "string"}}});
        assert!(steps(&flat, &json!({"a": 1})).is_ok_and(|n| n < 50));
        let chained = |length: usize| {
            let link = |i: usize| (format!("d{i}"), json!({"allOf": [{"$ref": format!("#/$defs/d{}", i + 1)}]}));
            json!({"$ref": "#/$defs/d0", "$defs": (0..length).map(link).collect::<serde_json::Map<_, _>>()})
        };
        assert!(steps(&chained(100), &json!({"a": 1})).is_ok_and(|n| n >= 400));
        assert!(steps(&chained(30_000), &json!({"a": 1})).is_err());
        let recursive = json!({"additionalProperties": {"$ref": "#"}});
        assert!(steps(&recursive, &json!({"a": {"b": {"c": {}}}})).is_ok_and(|n| n < 50));
    }
}
