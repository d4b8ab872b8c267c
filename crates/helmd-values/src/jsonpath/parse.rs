//! The grammar. Read by bytes' places and characters, as client-go does, so that faults are met in the same order.

use super::JsonPathError;
use gotmpl::strconv::{self, utf8};

/// One step of an expression.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Text outside of braces, or quoted inside.
    Text(Vec<u8>),
    /// What is between two braces, one step after the other.
    List(Vec<Node>),
    /// `.name`
    Field(String),
    /// `range`, `end` or a word that means nothing.
    Identifier(String),
    /// `[start:end:step]`
    Slice(Slice),
    /// `[?(left op right)]`
    Filter { left: Vec<Node>, operator: Operator, right: Vec<Node> },
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// `true` or `false`
    Bool(bool),
    /// `*`
    Wildcard,
    /// `..`
    Recursive,
    /// `[a,b]`
    Union(Vec<Vec<Node>>),
}

/// Which elements of a list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slice {
    pub start: Option<i64>,
    pub end: Option<i64>,
    pub step: Option<i64>,
    /// The end was not written: the element at `start` alone is meant.
    pub single: bool,
}

/// How a filter decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Exists,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// Signs without a meaning: a fault only where they are used.
    Unknown(String),
}

type Parsed<T> = Result<T, JsonPathError>;

fn fault<T>(text: impl Into<String>) -> Parsed<T> {
    Err(JsonPathError::Syntax(text.into()))
}

/// How deep filters and unions may lie in each other. The grammar ends them at the first closing bracket, so that real
/// expressions reach two.
const MAX_DEPTH: usize = 16;

pub(super) struct Parser<'a> {
    input: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    pub fn new(input: &'a str) -> Parser<'a> {
        Parser { input, at: 0, depth: 0 }
    }

    /// The whole input.
    pub fn text(mut self) -> Parsed<Vec<Node>> {
        let mut nodes = Vec::new();
        while self.at < self.input.len() {
            let rest = self.rest();
            let end = rest.find('{').unwrap_or(rest.len());
            if end > 0 {
                nodes.push(Node::Text(rest.as_bytes().get(..end).unwrap_or_default().to_vec()));
            }
            self.at += end;
            if self.eat("{") {
                nodes.push(Node::List(self.action()?));
            }
        }
        Ok(nodes)
    }

    /// An expression as if it stood in braces.
    fn inner(&self, text: &str) -> Parsed<Vec<Node>> {
        if self.depth >= MAX_DEPTH {
            return fault(format!("expressions are nested more than {MAX_DEPTH} deep"));
        }
        let text = format!("{{{text}}}");
        let nodes = Parser { input: &text, at: 0, depth: self.depth + 1 }.text()?;
        match nodes.into_iter().next() {
            Some(Node::List(nodes)) => Ok(nodes),
            _ => Ok(Vec::new()),
        }
    }

    fn rest(&self) -> &'a str {
        self.input.get(self.at..).unwrap_or_default()
    }

    fn since(&self, start: usize) -> &'a str {
        self.input.get(start..self.at).unwrap_or_default()
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The byte before the last one.
    fn byte_before_last(&self) -> Option<u8> {
        self.input.as_bytes().get(self.at.checked_sub(2)?).copied()
    }

    /// What is in braces, the closing one included.
    fn action(&mut self) -> Parsed<Vec<Node>> {
        let mut nodes = Vec::new();
        loop {
            if self.eat("}") {
                return Ok(nodes);
            }
            let start = self.at;
            if self.eat("[?(") {
                let filter = self.filter()?;
                nodes.push(filter);
                continue;
            }
            if self.eat("..") {
                if matches!(nodes.last(), Some(Node::Recursive)) {
                    return fault("invalid multiple recursive descent");
                }
                nodes.push(Node::Recursive);
                if self.peek().is_some_and(is_alphanumeric) {
                    nodes.push(self.field());
                }
                continue;
            }
            match self.next() {
                None | Some('\r' | '\n') => return fault("unclosed action"),
                // The value at hand.
                Some(' ' | '@' | '$') => {}
                Some('[') => self.array(&mut nodes)?,
                Some(quote @ ('"' | '\'')) => nodes.push(self.quoted(quote)?),
                Some('.') => nodes.push(self.field()),
                Some(c) if matches!(c, '+' | '-') || is_digit(c) => {
                    self.at = start;
                    nodes.push(self.number()?);
                }
                Some(c) if is_alphanumeric(c) => {
                    self.at = start;
                    nodes.push(self.word());
                }
                Some(c) => {
                    let code = u32::from(c);
                    let shown = if strconv::is_print(code) { format!(" '{c}'") } else { String::new() };
                    return fault(format!("unrecognized character in action: U+{code:04X}{shown}"));
                }
            }
        }
    }

    fn word(&mut self) -> Node {
        let rest = self.rest();
        let end = rest.find(is_terminator).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        self.at += end;
        match word {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            word => Node::Identifier(word.to_owned()),
        }
    }

    fn number(&mut self) -> Parsed<Node> {
        let start = self.at;
        if matches!(self.peek(), Some('+' | '-')) {
            self.next();
        }
        while self.peek().is_some_and(|c| c == '.' || is_digit(c)) {
            self.next();
        }
        let text = self.since(start);
        if let Ok(int) = strconv::atoi(text) {
            return Ok(Node::Int(int));
        }
        match strconv::parse_float(text, 64) {
            Ok(float) => Ok(Node::Float(float)),
            Err(_) => fault(format!("cannot parse number {text}")),
        }
    }

    /// A key behind a point; a backslash takes the next character as it is.
    fn field(&mut self) -> Node {
        let start = self.at;
        while let Some(c) = self.peek() {
            if c != '\\' && is_terminator(c) {
                break;
            }
            self.next();
            if c == '\\' {
                self.next();
            }
        }
        match self.since(start) {
            "*" => Node::Wildcard,
            name => Node::Field(name.replace('\\', "")),
        }
    }

    fn quoted(&mut self, quote: char) -> Parsed<Node> {
        let start = self.at - quote.len_utf8();
        loop {
            match self.next() {
                None | Some('\n') => return fault("unterminated quoted string"),
                Some(c) if c == quote && self.byte_before_last() != Some(b'\\') => break,
                Some(_) => {}
            }
        }
        let literal = self.since(start);
        match unquote(literal.as_bytes()) {
            Some(text) => Ok(Node::Text(text)),
            None => fault(format!("unquote string {literal} error invalid syntax")),
        }
    }

    /// What follows `[`: an index, a slice, `*`, a quoted key, or several of them.
    fn array(&mut self, nodes: &mut Vec<Node>) -> Parsed<()> {
        let rest = self.rest();
        let Some(end) = rest.find([']', '\n']).filter(|end| rest.as_bytes().get(*end) == Some(&b']')) else {
            return fault("unterminated array");
        };
        self.at += end + 1;
        let text = rest.get(..end).unwrap_or_default();
        let text = if text == "*" { ":" } else { text };
        if text.contains(',') {
            let parts = text.split(',').map(|part| self.inner(&format!("[{}]", part.trim_matches(' '))));
            nodes.push(Node::Union(parts.collect::<Parsed<_>>()?));
            return Ok(());
        }
        let key = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
        if let Some(key) = key.filter(|key| !key.contains('\'')) {
            nodes.extend(self.inner(&format!(".{key}"))?);
            return Ok(());
        }
        nodes.push(Node::Slice(slice(text)?));
        Ok(())
    }

    /// What follows `[?(`.
    fn filter(&mut self) -> Parsed<Node> {
        let start = self.at;
        let (mut opened, mut closed) = (None, false);
        loop {
            match self.next() {
                None | Some('\n') => return fault("unterminated filter"),
                Some(c @ ('"' | '\'')) => match opened {
                    None => opened = Some(c),
                    Some(quote) => closed |= c == quote && self.byte_before_last() != Some(b'\\'),
                },
                Some(')') if opened.is_some() == closed => break,
                Some(_) => {}
            }
        }
        let text = self.since(start);
        let text = text.strip_suffix(')').unwrap_or(text);
        if self.next() != Some(']') {
            return fault("unclosed array expect ]");
        }
        let Some((left, operator, right)) = comparison(text) else {
            let left = self.inner(text)?;
            return Ok(Node::Filter { left, operator: Operator::Exists, right: Vec::new() });
        };
        let (left, right) = (self.inner(left)?, self.inner(right)?);
        let operator = match operator {
            "==" => Operator::Equal,
            "!=" => Operator::NotEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            other => Operator::Unknown(other.to_owned()),
        };
        Ok(Node::Filter { left, operator, right })
    }
}

/// `left`, operator and `right` of a filter; nothing when it has no operator between two texts.
fn comparison(text: &str) -> Option<(&str, &str, &str)> {
    const SIGNS: [char; 4] = ['!', '<', '=', '>'];
    let begin = text.find(SIGNS).filter(|begin| *begin > 0)?;
    let (left, rest) = text.split_at(begin);
    let end = rest.find(|c| !SIGNS.contains(&c)).unwrap_or(rest.len());
    if end < rest.len() {
        let (operator, right) = rest.split_at(end);
        return Some((left, operator, right));
    }
    // As a regular expression does: the operator gives its last sign away, so that something is left behind it.
    let cut = end.checked_sub(1).filter(|cut| *cut > 0)?;
    let (operator, right) = rest.split_at(cut);
    Some((left, operator, right))
}

/// `start:end:step`, each optional.
fn slice(text: &str) -> Parsed<Slice> {
    let mut parts = text.split(':');
    let numbers: Vec<&str> = parts.by_ref().take(3).collect();
    let is_number = |part: &&str| part.strip_prefix('-').unwrap_or(part).bytes().all(|c| c.is_ascii_digit());
    if parts.next().is_some() || !numbers.iter().all(is_number) {
        return fault(format!("invalid array index {text}"));
    }
    let number = |i: usize| -> Parsed<Option<i64>> {
        match numbers.get(i) {
            None | Some(&"") => Ok(None),
            Some(part) => match strconv::atoi(part) {
                Ok(number) => Ok(Some(number)),
                Err(_) => fault(format!("array index {part} is not a number")),
            },
        }
    };
    let start = number(0)?;
    let single = numbers.len() < 2;
    let end = if single { Some(start.unwrap_or_default().wrapping_add(1)) } else { number(1)? };
    Ok(Slice { start, end, step: number(2)?, single })
}

/// A literal's text. Unlike in Go, single quotes hold texts as double quotes do.
fn unquote(literal: &[u8]) -> Option<Vec<u8>> {
    let [quote, inside @ .., last] = literal else { return None };
    if quote != last {
        return None;
    }
    if !inside.contains(&b'\\') && !inside.contains(quote) {
        return Some(inside.to_vec());
    }
    let mut text = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while !rest.is_empty() {
        let c = strconv::unquote_char(rest, *quote).ok()?;
        match u8::try_from(c.value) {
            Ok(byte) if byte < 0x80 || !c.multibyte => text.push(byte),
            _ => utf8::push_rune(&mut text, c.value),
        }
        rest = rest.get(c.width..)?;
    }
    Some(text)
}

fn is_terminator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && !c.is_alphabetic() && is_alphanumeric(c))
}

fn is_alphanumeric(c: char) -> bool {
    gotmpl::parse::is_alphanumeric(u32::from(c))
}
