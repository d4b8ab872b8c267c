//! JSON values one after the other, as Go's `json.Decoder` reads them from a stream.

use super::JsonError;
use super::read::{Build, Reader};
use std::borrow::Cow;

/// A JSON value as it stands in the text: entries in their order, doubles too.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// Any number, as it stands in the text.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object.
    Object(Vec<(String, Node)>),
}

/// Why the next value could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// A byte that does not belong where it stands.
    #[error("{error}")]
    Syntax {
        /// How many bytes of the stream were read, this one included.
        offset: usize,
        /// What is wrong.
        error: JsonError,
    },
    /// The text ends inside a value.
    #[error("unexpected EOF")]
    UnexpectedEnd,
}

/// Reads value after value.
pub struct Stream<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Stream<'a> {
    /// The values in this text.
    pub fn new(text: &'a [u8]) -> Stream<'a> {
        Stream { text, at: 0 }
    }

    /// How many bytes the values read so far took; what follows them is not counted.
    pub fn consumed(&self) -> usize {
        self.at
    }

    /// The next value; `None` when only white space is left.
    ///
    /// # Errors
    /// What follows is not a JSON value. The stream stays where it was.
    pub fn next_value(&mut self) -> Option<Result<Node, StreamError>> {
        let mut reader = Reader::at(self.text, self.at);
        reader.next_token()?;
        Some(match reader.value(&Nodes) {
            Ok(node) => {
                self.at = reader.place();
                Ok(node)
            }
            Err(JsonError::UnexpectedEnd | JsonError::EndInside(_)) => Err(StreamError::UnexpectedEnd),
            Err(error) => Err(StreamError::Syntax { offset: reader.place() + 1, error }),
        })
    }
}

struct Nodes;

impl Build for Nodes {
    type Value = Node;
    type Entries = Vec<(String, Node)>;
    fn null(&self) -> Node {
        Node::Null
    }
    fn bool(&self, b: bool) -> Node {
        Node::Bool(b)
    }
    fn number(&self, _: f64, literal: &str) -> Node {
        Node::Number(literal.to_owned())
    }
    fn string(&self, s: Cow<'_, str>) -> Node {
        Node::Text(s.into_owned())
    }
    fn list(&self, items: Vec<Node>) -> Node {
        Node::List(items)
    }
    fn entry(&self, entries: &mut Self::Entries, key: Cow<'_, str>, value: Node) {
        entries.push((key.into_owned(), value));
    }
    fn object(&self, entries: Self::Entries) -> Node {
        Node::Object(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::{Node, Stream};

    #[test]
    fn values_follow_each_other() {
        let mut stream = Stream::new(b" {\"b\":1,\"a\":[null]} 5\n-");
        let object = Node::Object(vec![
            ("b".to_owned(), Node::Number("1".to_owned())),
            ("a".to_owned(), Node::List(vec![Node::Null])),
        ]);
        assert_eq!((stream.next_value(), stream.consumed()), (Some(Ok(object)), 19));
        assert_eq!((stream.next_value(), stream.consumed()), (Some(Ok(Node::Number("5".to_owned()))), 21));
        assert_eq!(stream.next_value().map(|r| r.map_err(|e| e.to_string())), Some(Err("unexpected EOF".to_owned())));
        assert_eq!(Stream::new(b" \n").next_value(), None);
    }

    #[test]
    fn faults_are_counted_from_the_start() {
        let mut stream = Stream::new(b"{} {a");
        assert!(stream.next_value().is_some_and(|r| r.is_ok()));
        let Some(Err(super::StreamError::Syntax { offset, error })) = stream.next_value() else { panic!() };
        assert_eq!(offset, 5);
        assert_eq!(error.to_string(), "invalid character 'a' looking for beginning of object key string");
    }
}
