//! JSONPath as kubectl knows it (client-go's `util/jsonpath`): `{.image.repository}`, `{range .hosts[*]}{.name}{"\n"}{end}`.
//!
//! Text stands for itself, what is in braces is looked up. Differs from client-go where that is random or crashes: the
//! entries of a map come in the order of their keys, and an index into nothing is an error.
//!
//! Goes `parse` (text to `Node`s) → `eval` (nodes on data to `Item`s) → `print`.

mod compare;
mod eval;
mod item;
mod parse;
#[cfg(test)]
mod tests;

use eval::Evaluation;
use item::Item;
use parse::{Node, Parser};
use serde_json::Value as Json;

/// How many values an expression may visit: what a large values file gives to a simple expression, a hundred times over.
const MAX_VISITS: usize = 5_000_000;
/// How deep ranges may lie in ranges.
const MAX_RANGES: usize = 64;
/// Bytes of the whole result.
const MAX_OUTPUT_BYTES: usize = 256 << 20;

/// Why an expression gives nothing, in client-go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonPathError {
    /// The text is no expression.
    #[error("{0}")]
    Syntax(String),
    /// The data have another form than the expression wants.
    #[error("{0}")]
    Data(String),
    /// Evaluation takes too much.
    #[error("jsonpath: {what} exceed the limit of {limit}")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much is allowed.
        limit: usize,
    },
}

/// A parsed expression.
#[derive(Clone, Debug)]
pub struct JsonPath {
    nodes: Vec<Node>,
}

impl JsonPath {
    /// Parses an expression.
    ///
    /// # Errors
    /// The text is no expression.
    pub fn parse(text: &str) -> Result<JsonPath, JsonPathError> {
        Ok(JsonPath { nodes: Parser::new(text).text()? })
    }

    /// What the expression finds in the data, printed: texts as they are, maps and lists as JSON, the results of one
    /// pair of braces with blanks between.
    ///
    /// # Errors
    /// A key that is not there, an index out of bounds, values that cannot be compared, too much of all.
    pub fn execute(&self, data: &Json) -> Result<Vec<u8>, JsonPathError> {
        let mut out = Vec::new();
        for results in Evaluation::new(&self.nodes).run(Item::Json(data))? {
            for (i, item) in results.iter().enumerate() {
                if i > 0 {
                    out.push(b' ');
                }
                item.print(&mut out);
                if out.len() > MAX_OUTPUT_BYTES {
                    return Err(JsonPathError::TooMuch { what: "bytes of output", limit: MAX_OUTPUT_BYTES });
                }
            }
        }
        Ok(out)
    }
}
