//! Evaluation: each step turns the values at hand into others.

use super::compare;
use super::item::Item;
use super::parse::{Node, Operator, Slice};
use super::{JsonPathError, MAX_RANGES, MAX_VISITS};

type Items<'a> = Vec<Item<'a>>;

/// A failed step. A filter that only asks whether something is there looks at what was left at that point.
struct Failed<'a> {
    left: Items<'a>,
    error: JsonPathError,
}

type Step<'a> = Result<Items<'a>, Failed<'a>>;

fn failed<'a>(left: Items<'a>, text: impl Into<String>) -> Failed<'a> {
    Failed { left, error: JsonPathError::Data(text.into()) }
}

/// One run of an expression.
pub(super) struct Evaluation<'a> {
    nodes: &'a [Node],
    visits: usize,
    /// `range` words met whose loops have not begun.
    begun: usize,
    /// Loops that we are in.
    inside: usize,
    /// `end` words met.
    ended: usize,
    /// Where the last loop ended.
    last_end: Option<usize>,
}

impl<'a> Evaluation<'a> {
    pub fn new(nodes: &'a [Node]) -> Evaluation<'a> {
        Evaluation { nodes, visits: 0, begun: 0, inside: 0, ended: 0, last_end: None }
    }

    /// The results of each text and each pair of braces.
    pub fn run(mut self, data: Item<'a>) -> Result<Vec<Items<'a>>, JsonPathError> {
        let mut results = Vec::new();
        self.from(0, data, &mut results)?;
        Ok(results)
    }

    /// Evaluates the nodes from `start` on until the loop that we are in ends.
    fn from(&mut self, start: usize, data: Item<'a>, results: &mut Vec<Items<'a>>) -> Result<(), JsonPathError> {
        let nodes = self.nodes;
        let mut i = start;
        while let Some(node) = nodes.get(i) {
            let found = self.step(vec![data], node).map_err(|failed| failed.error)?;
            if self.ended > 0 && self.ended <= self.inside {
                self.ended -= 1;
                self.last_end = Some(i);
                break;
            }
            if self.begun == 0 {
                results.push(found);
                i += 1;
                continue;
            }
            self.begun -= 1;
            self.inside += 1;
            if self.inside > MAX_RANGES {
                return Err(JsonPathError::TooMuch { what: "ranges in ranges", limit: MAX_RANGES });
            }
            if found.is_empty() {
                // To learn where the loop ends.
                self.from(i + 1, Item::Nothing, &mut Vec::new())?;
            }
            for item in found {
                // Go's nil interface has no value left once it is taken out of its list.
                let item = if item.is_nil() { Item::Nothing } else { item };
                self.from(i + 1, item, results)?;
            }
            self.inside -= 1;
            i = self.last_end.filter(|end| *end > i).unwrap_or(i) + 1;
        }
        Ok(())
    }

    fn step(&mut self, input: Items<'a>, node: &'a Node) -> Step<'a> {
        let found = match node {
            Node::Text(text) => vec![Item::Text(text)],
            Node::List(nodes) => return self.steps(input, nodes),
            Node::Field(name) => field(&input, name)?,
            Node::Identifier(name) => self.word(input, name)?,
            Node::Slice(slice) => elements(&input, *slice)?,
            Node::Filter { left, operator, right } => self.filter(&input, (left, operator, right))?,
            Node::Int(int) => vec![Item::Int(*int); input.len()],
            Node::Float(float) => vec![Item::Float(*float); input.len()],
            Node::Bool(truth) => vec![Item::Bool(*truth); input.len()],
            Node::Wildcard => input.into_iter().flat_map(Item::children).collect(),
            Node::Recursive => self.descend(input)?,
            Node::Union(lists) => {
                let mut found = Vec::new();
                for nodes in lists {
                    match self.steps(input.clone(), nodes) {
                        Ok(items) => found.extend(items),
                        Err(Failed { error, .. }) => return Err(Failed { left: input, error }),
                    }
                }
                found
            }
        };
        self.visit(found.len())?;
        Ok(found)
    }

    fn steps(&mut self, input: Items<'a>, nodes: &'a [Node]) -> Step<'a> {
        nodes.iter().try_fold(input, |items, node| self.step(items, node))
    }

    fn visit(&mut self, count: usize) -> Result<(), Failed<'a>> {
        self.visits += count + 1;
        if self.visits > MAX_VISITS {
            let error = JsonPathError::TooMuch { what: "values visited", limit: MAX_VISITS };
            return Err(Failed { left: Vec::new(), error });
        }
        Ok(())
    }

    fn word(&mut self, input: Items<'a>, name: &str) -> Step<'a> {
        match name {
            "range" => {
                self.begun += 1;
                Ok(input)
            }
            "end" if self.inside > 0 => {
                self.ended += 1;
                Ok(Vec::new())
            }
            "end" => Err(failed(Vec::new(), "not in range, nothing to end")),
            other => Err(failed(input, format!("unrecognized identifier {other}"))),
        }
    }

    /// Everything that has something in it, parents first.
    fn descend(&mut self, input: Items<'a>) -> Step<'a> {
        let mut found = Vec::new();
        let mut open: Items<'a> = input.into_iter().rev().collect();
        while let Some(item) = open.pop() {
            let before = open.len();
            open.extend(item.children().rev());
            if open.len() > before {
                found.push(item);
                self.visit(open.len() - before)?;
            }
        }
        Ok(found)
    }

    fn filter(&mut self, input: &[Item<'a>], condition: (&'a [Node], &Operator, &'a [Node])) -> Step<'a> {
        let mut found = Vec::new();
        for item in input {
            let Some(elements) = item.as_list() else {
                let shown = String::from_utf8_lossy(&item.plain()).into_owned();
                return Err(failed(input.to_vec(), format!("{shown} is not array or slice and cannot be filtered")));
            };
            for element in elements {
                let element = Item::Json(element);
                match self.passes(element, condition) {
                    Ok(true) => found.push(element),
                    Ok(false) => {}
                    Err((KeepInput(true), error)) => return Err(Failed { left: input.to_vec(), error }),
                    Err((KeepInput(false), error)) => return Err(Failed { left: found, error }),
                }
            }
        }
        Ok(found)
    }

    fn passes(
        &mut self,
        element: Item<'a>,
        (left, operator, right): (&'a [Node], &Operator, &'a [Node]),
    ) -> Result<bool, (KeepInput, JsonPathError)> {
        let left = self.steps(vec![element], left);
        let broken = |text: String| (KeepInput(false), JsonPathError::Data(text));
        if *operator == Operator::Exists {
            return match left {
                Ok(items) => Ok(!items.is_empty()),
                Err(Failed { error: error @ JsonPathError::TooMuch { .. }, .. }) => Err((KeepInput(true), error)),
                // HELM: a step that fails leaves what it was given, which then counts as there.
                Err(Failed { left, .. }) => Ok(!left.is_empty()),
            };
        }
        let Some(left) = only(left)? else { return Ok(false) };
        let Some(right) = only(self.steps(vec![element], right))? else { return Ok(false) };
        if let Operator::Unknown(signs) = operator {
            return Err(broken(format!("unrecognized filter operator {signs}")));
        }
        compare::holds(operator, left, right).map_err(|text| broken(text.to_owned()))
    }
}

/// Whether a failed filter leaves what it was given, or what it had found.
struct KeepInput(bool);

/// The one value of a side of a comparison; nothing when there is none.
fn only<'a>(side: Step<'a>) -> Result<Option<Item<'a>>, (KeepInput, JsonPathError)> {
    match side.map_err(|failed| (KeepInput(true), failed.error))?.as_slice() {
        [] => Ok(None),
        [item] => Ok(Some(*item)),
        _ => Err((KeepInput(true), JsonPathError::Data("can only compare one element at a time".to_owned()))),
    }
}

fn field<'a>(input: &[Item<'a>], name: &str) -> Step<'a> {
    let found: Items<'a> = input
        .iter()
        .filter_map(|item| match item {
            Item::Json(serde_json::Value::Object(entries)) => entries.get(name).map(Item::Json),
            _ => None,
        })
        .collect();
    if found.is_empty() && !input.is_empty() {
        return Err(failed(found, format!("{name} is not found")));
    }
    Ok(found)
}

fn elements<'a>(input: &[Item<'a>], slice: Slice) -> Step<'a> {
    let mut found = Vec::new();
    for item in input.iter().filter(|item| !item.is_nil()) {
        let fault = |text: String| failed(input.to_vec(), text);
        let Some(list) = item.as_list() else {
            return Err(fault(format!("{} is not array or slice", item.type_name())));
        };
        let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
        let mut start = slice.start.unwrap_or(0);
        if start < 0 {
            start = start.saturating_add(length);
        }
        let mut end = slice.end.unwrap_or(length);
        if end < 0 || (end == 0 && slice.single) {
            end = end.saturating_add(length);
        }
        if start == end {
            // HELM: no element of this list ends the step for all lists behind it, too.
            return Ok(found);
        }
        for (out, index) in [(start >= length || start < 0, start), (end > length || end < 0, end.wrapping_sub(1))] {
            if out {
                return Err(fault(format!("array index out of bounds: index {index}, length {length}")));
            }
        }
        if start > end {
            return Err(fault(format!("starting index {start} is greater than ending index {end}")));
        }
        let step = slice.step.unwrap_or(1);
        let (Ok(from), Ok(to), Ok(step)) = (usize::try_from(start), usize::try_from(end), usize::try_from(step)) else {
            return Err(fault("step must be > 0".to_owned()));
        };
        if step == 0 {
            return Err(fault("step must be > 0".to_owned()));
        }
        found.extend(list.get(from..to).unwrap_or_default().iter().step_by(step).map(Item::Json));
    }
    Ok(found)
}
