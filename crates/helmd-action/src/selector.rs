//! Label selectors, as Kubernetes' library reads them: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`.

use std::collections::{BTreeMap, BTreeSet};

use gotmpl::strconv::quote;

/// A label selector.
#[derive(Debug, Default)]
pub(crate) struct Selector(Vec<Requirement>);

#[derive(Debug)]
struct Requirement {
    key: String,
    rule: Rule,
}

#[derive(Debug)]
enum Rule {
    In(BTreeSet<String>),
    NotIn(BTreeSet<String>),
    Exists,
    Missing,
    Above(i64),
    Below(i64),
}

/// A piece of a selector's text. `in` and `notin` are words where a value is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Symbol(&'static str),
    End,
}

const SYMBOLS: [&str; 9] = ["!=", "==", "!", "=", "(", ")", ",", ">", "<"];

impl Token {
    fn text(&self) -> &str {
        match self {
            Token::Word(text) => text,
            Token::Symbol(text) => text,
            Token::End => "",
        }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let special = |c: char| "=!(),<>".contains(c);
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if rest.is_empty() {
            tokens.push(Token::End);
            return tokens;
        }
        let (token, length) = match SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            Some(symbol) => (Token::Symbol(symbol), symbol.len()),
            None => {
                let ends = |c: char| special(c) || matches!(c, ' ' | '\t' | '\r' | '\n');
                let length = rest.find(ends).unwrap_or(rest.len());
                (Token::Word(rest.get(..length).unwrap_or_default().to_owned()), length)
            }
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default();
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
}

impl Parser {
    fn next(&mut self) -> Token {
        self.tokens.next().unwrap_or(Token::End)
    }

    fn peek(&mut self) -> Token {
        self.tokens.peek().cloned().unwrap_or(Token::End)
    }

    fn all(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        loop {
            match self.peek() {
                Token::Word(_) | Token::Symbol("!") => {}
                Token::End => return Ok(requirements),
                other => return Err(format!("found '{}', expected: !, identifier, or 'end of string'", other.text())),
            }
            let requirement = self.requirement().map_err(|error| format!("unable to parse requirement: {error}"))?;
            requirements.push(requirement);
            match self.next() {
                Token::End => return Ok(requirements),
                Token::Symbol(",") => match self.peek() {
                    Token::Word(_) | Token::Symbol("!") => {}
                    other => return Err(format!("found '{}', expected: identifier after ','", other.text())),
                },
                other => return Err(format!("found '{}', expected: ',' or 'end of string'", other.text())),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut token = self.next();
        let missing = token == Token::Symbol("!");
        if missing {
            token = self.next();
        }
        let Token::Word(key) = token else {
            return Err(format!("found '{}', expected: identifier", token.text()));
        };
        check_key(&key)?;
        if missing {
            return Ok(Requirement { key, rule: Rule::Missing });
        }
        if matches!(self.peek(), Token::End | Token::Symbol(",")) {
            return Ok(Requirement { key, rule: Rule::Exists });
        }
        let operator = self.next();
        let rule = match operator.text() {
            "in" => Rule::In(self.values(&key)?),
            "notin" => Rule::NotIn(self.values(&key)?),
            "=" | "==" => Rule::In(BTreeSet::from([self.value(&key)?])),
            "!=" => Rule::NotIn(BTreeSet::from([self.value(&key)?])),
            ">" => Rule::Above(self.number(&key)?),
            "<" => Rule::Below(self.number(&key)?),
            other => return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
        };
        Ok(Requirement { key, rule })
    }

    fn value(&mut self, key: &str) -> Result<String, String> {
        if matches!(self.peek(), Token::End | Token::Symbol(",")) {
            return Ok(String::new());
        }
        match self.next() {
            Token::Word(value) => {
                check_value(key, &value)?;
                Ok(value)
            }
            other => Err(format!("found '{}', expected: identifier", other.text())),
        }
    }

    fn number(&mut self, key: &str) -> Result<i64, String> {
        let value = self.value(key)?;
        value.parse().map_err(|_| {
            format!(
                "values[0]: Invalid value: {}: for 'Gt', 'Lt' operators, the value must be an integer",
                quote(value)
            )
        })
    }

    fn values(&mut self, key: &str) -> Result<BTreeSet<String>, String> {
        let open = self.next();
        if open != Token::Symbol("(") {
            return Err(format!("found '{}' expected: '('", open.text()));
        }
        let mut values = BTreeSet::new();
        match self.peek() {
            Token::Symbol(")") => {
                self.next();
                return Ok(BTreeSet::from([String::new()]));
            }
            Token::Word(_) | Token::Symbol(",") => {}
            other => return Err(format!("found '{}', expected: ',', ')' or identifier", other.text())),
        }
        loop {
            match self.next() {
                Token::Word(value) => {
                    check_value(key, &value)?;
                    values.insert(value);
                    match self.peek() {
                        Token::Symbol(",") => {}
                        Token::Symbol(")") => break,
                        other => return Err(format!("found '{}', expected: ',' or ')'", other.text())),
                    }
                }
                Token::Symbol(",") => {
                    let next = self.peek();
                    if values.is_empty() || matches!(next, Token::Symbol(")" | ",")) {
                        values.insert(String::new());
                    }
                    if next == Token::Symbol(")") {
                        break;
                    }
                }
                other => return Err(format!("found '{}', expected: ',', or identifier", other.text())),
            }
        }
        self.next();
        Ok(values)
    }
}

/// Letters, digits, `-`, `_`, `.`, the first two at both ends; at most 63.
fn is_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let outer = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    text.len() <= 63 && text.bytes().all(inner) && outer(text.bytes().next()) && outer(text.bytes().next_back())
}

fn check_key(key: &str) -> Result<(), String> {
    if is_name(key.rsplit_once('/').map_or(key, |(_, name)| name)) {
        return Ok(());
    }
    Err(format!(
        "<nil>: Invalid value: {}: name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
         with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
         '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        quote(key)
    ))
}

fn check_value(key: &str, value: &str) -> Result<(), String> {
    if value.is_empty() || is_name(value) {
        return Ok(());
    }
    Err(format!(
        "values[0][{key}]: Invalid value: {}: a valid label must be an empty string or consist of alphanumeric characters, '-', \
         '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex \
         used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        quote(value)
    ))
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// In the library's words.
    pub(crate) fn parse(text: &str) -> Result<Selector, String> {
        Parser { tokens: tokens(text).into_iter().peekable() }.all().map(Selector)
    }

    /// Whether the labels are as asked for.
    pub(crate) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|Requirement { key, rule }| {
            let value = labels.get(key);
            let number = || value.and_then(|value| value.parse::<i64>().ok());
            match rule {
                Rule::In(values) => value.is_some_and(|value| values.contains(value)),
                Rule::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
                Rule::Exists => value.is_some(),
                Rule::Missing => value.is_none(),
                Rule::Above(bound) => number().is_some_and(|number| number > *bound),
                Rule::Below(bound) => number().is_some_and(|number| number < *bound),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_choose() {
        let labels = BTreeMap::from([("team".to_owned(), "x".to_owned()), ("n".to_owned(), "7".to_owned())]);
        let matches = |text: &str| Selector::parse(text).unwrap().matches(&labels);
        assert!(matches("") && matches("team=x") && matches("team in (y, x),!other") && matches("other!=1"));
        assert!(matches("n>6,n<8,team") && matches("team notin ()") && matches("team in(x,)"));
        assert!(!matches("team!=x") && !matches("team notin (x)") && !matches("other") && !matches("team="));
    }

    #[test]
    fn errors_are_the_librarys() {
        let error = |text: &str| Selector::parse(text).unwrap_err();
        assert_eq!(error("a b"), "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
        assert_eq!(error("a,"), "found '', expected: identifier after ','");
        assert_eq!(error("a=b c"), "found 'c', expected: ',' or 'end of string'");
        assert_eq!(error("=b"), "found '=', expected: !, identifier, or 'end of string'");
        assert_eq!(error("a in b"), "unable to parse requirement: found 'b' expected: '('");
        assert!(error("a$=b").starts_with("unable to parse requirement: <nil>: Invalid value: \"a$\": name part must"));
    }
}
