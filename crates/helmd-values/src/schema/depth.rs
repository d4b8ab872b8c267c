//! How deep a validation may recurse, known before it starts.
//!
//! The validator recurses for each keyword that applies a schema to the same value (`allOf`, `$ref` …) and for each step
//! down in the values. A schema can chain so many references that any stack overflows.

use super::places::{Places, Target};
use serde_json::Value as Json;

/// Most steps that any validation may need.
const MAX_STEPS: usize = 4_000;
/// Deepest JSON of a schema.
const MAX_SCHEMA_DEPTH: usize = 500;
/// Steps that the metaschemas need for each level of a schema.
const METASCHEMA_STEPS: usize = 8;

/// An upper bound of the steps of recursion; an error when there may be too many.
pub(crate) fn steps(places: &Places<'_>, schema: &Json, values: &Json) -> Result<usize, String> {
    let schema_depth = depth(schema);
    if schema_depth > MAX_SCHEMA_DEPTH {
        return Err(format!("unable to validate schema: the schema is nested more than {MAX_SCHEMA_DEPTH} deep"));
    }
    let chain = Graph::new(places).longest_chain();
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
    fn new(places: &Places<'_>) -> Graph {
        let mut edges = vec![places.named().iter().map(|n| ROOT + n).collect(), Vec::new()];
        for value in places.list() {
            let targets = value.as_object().map_or_else(Vec::new, |entries| places.in_place(entries));
            let node = |target| match target {
                Target::Place(number) => ROOT + number,
                Target::Meta => META,
                Target::Anywhere => HUB,
            };
            edges.push(targets.into_iter().map(node).collect());
        }
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

#[cfg(test)]
mod tests {
    use super::Places;
    use serde_json::{Value as Json, json};

    fn steps(schema: &Json, values: &Json) -> Result<usize, String> {
        super::steps(&Places::new(schema, 1 << 30).unwrap(), schema, values)
    }

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
