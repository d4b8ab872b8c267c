//! TOML to values.
//!
//! Which keys may be set again follows BurntSushi's bookkeeping: tables that were only implied (`a` in `[a.b]`) may be
//! defined once, everything else not at all.

use super::lex::{EOF, Item, Kind, Lexer, Mistake, is_newline, is_space, quote};
use super::scalar;
use super::time::DateTime;
use super::{MAX_READ_DEPTH, TomlError, dotted};
use gotmpl::value::types;
use gotmpl::{GoString, List, Map, Value, strconv};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Gives the table as `fromToml` decodes it: integers are `int64`, dates [`DateTime`] objects.
///
/// # Errors
/// With BurntSushi's texts.
pub fn from_toml(text: impl AsRef<[u8]>) -> Result<Map, TomlError> {
    from_toml_with(text, &|time| Value::Object(Rc::new(time)))
}

/// As [`from_toml`], with dates made by the caller, so that they have the methods that templates call.
///
/// # Errors
/// As [`from_toml`].
pub fn from_toml_with(text: impl AsRef<[u8]>, make_time: &dyn Fn(DateTime) -> Value) -> Result<Map, TomlError> {
    let bytes = text.as_ref();
    let bytes = [&b"\xff\xfe"[..], b"\xfe\xff", b"\xef\xbb\xbf"]
        .iter()
        .find_map(|mark| bytes.strip_prefix(*mark))
        .unwrap_or(bytes);
    if bytes.iter().take(6).any(|b| *b == 0) {
        let message = "files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8".to_owned();
        return Err(TomlError::Syntax { line: 1, key: String::new(), message });
    }
    let mut reader = Reader {
        lexer: Lexer::new(bytes),
        make_time,
        root: Table::new(),
        context: Vec::new(),
        current: String::new(),
        line: 0,
        implicit: BTreeSet::new(),
        arrays: BTreeMap::new(),
        depth: 0,
    };
    reader.document()?;
    Ok(table_value(reader.root))
}

type Table = BTreeMap<String, Node>;
type Key = Vec<String>;

enum Node {
    Table(Table),
    /// `[[a]]`; never empty.
    Tables(Vec<Table>),
    Value(Value),
}

fn table_value(table: Table) -> Map {
    Map::from_entries(types::MAP_ANY, table.into_iter().map(|(k, v)| (GoString::from(k), node_value(v))))
}

fn node_value(node: Node) -> Value {
    match node {
        Node::Table(table) => Value::Map(table_value(table)),
        Node::Tables(tables) => {
            let tables = tables.into_iter().map(|t| Value::Map(table_value(t))).collect();
            Value::List(List::new(types::LIST_MAP_ANY, tables))
        }
        Node::Value(value) => value,
    }
}

/// What a value is, as far as redefinition cares.
struct Parsed {
    node: Node,
    array: bool,
}

struct Reader<'a> {
    lexer: Lexer<'a>,
    make_time: &'a dyn Fn(DateTime) -> Value,
    root: Table,
    /// The table in which keys are set.
    context: Key,
    /// The key whose value is read; may be empty.
    current: String,
    /// Line of the last key part.
    line: usize,
    implicit: BTreeSet<String>,
    /// Whether the last value at a full key was an array.
    arrays: BTreeMap<String, bool>,
    depth: usize,
}

type Read<T> = Result<T, TomlError>;

fn name(key: &[String]) -> String {
    String::from_utf8_lossy(&dotted(key.iter().map(String::as_bytes))).into_owned()
}

impl<'a> Reader<'a> {
    // --- mistakes -------------------------------------------------------------------------------------------------

    fn last_key(&self) -> String {
        match (self.context.is_empty(), self.current.is_empty()) {
            (_, true) => name(&self.context),
            (true, false) => self.current.clone(),
            (false, false) => format!("{}.{}", name(&self.context), self.current),
        }
    }

    fn fail<T>(&self, line: usize, message: impl Into<String>) -> Read<T> {
        Err(TomlError::Syntax { line, key: self.last_key(), message: message.into() })
    }

    fn lex<T>(&mut self, result: Result<T, Mistake>) -> Read<T> {
        result.or_else(|m| self.fail(m.line, m.message))
    }

    fn next(&mut self) -> Read<char> {
        let c = self.lexer.next();
        self.lex(c)
    }

    fn peek(&mut self) -> Read<char> {
        let c = self.lexer.peek();
        self.lex(c)
    }

    fn skip_spaces(&mut self) -> Read<()> {
        let done = self.lexer.skip_spaces();
        self.lex(done)
    }

    fn comment(&mut self) -> Read<()> {
        let done = self.lexer.comment();
        self.lex(done)
    }

    fn unexpected<T>(&mut self, message: impl Into<String>) -> Read<T> {
        let failed = self.lexer.fail(message);
        self.lex(failed)
    }

    // --- lines ----------------------------------------------------------------------------------------------------

    fn document(&mut self) -> Read<()> {
        loop {
            match self.next()? {
                c if is_space(c) || is_newline(c) => self.lexer.ignore(),
                '#' => self.comment()?,
                '[' => self.table_header()?,
                EOF => return Ok(()),
                _ => {
                    self.lexer.backup();
                    self.key_value()?;
                }
            }
        }
    }

    /// What may follow a table's name or a value on its line.
    fn line_end(&mut self) -> Read<()> {
        loop {
            match self.next()? {
                c if is_space(c) => {}
                '#' => return self.comment(),
                '\n' | '\r' => {
                    self.lexer.ignore();
                    return Ok(());
                }
                EOF => {
                    self.lexer.backup();
                    return Ok(());
                }
                c => {
                    return self.unexpected(format!(
                        "expected a top-level item to end with a newline, comment, or EOF, but got {} instead",
                        quote(c)
                    ));
                }
            }
        }
    }

    fn table_header(&mut self) -> Read<()> {
        let array = self.peek()? == '[';
        if array {
            self.next()?;
        }
        let mut key = Key::new();
        loop {
            self.skip_spaces()?;
            match self.peek()? {
                ']' | EOF => {
                    return self.unexpected("unexpected end of table name (table names cannot be empty)");
                }
                '.' => return self.unexpected("unexpected table separator (table names cannot be empty)"),
                _ => {}
            }
            self.add_part(&mut key, 0)?;
            self.skip_spaces()?;
            match self.next()? {
                '.' => self.lexer.ignore(),
                ']' => break,
                c => {
                    return self
                        .unexpected(format!("expected '.' or ']' to end table name, but got {} instead", quote(c)));
                }
            }
        }
        if array {
            match self.next()? {
                ']' => {}
                c => {
                    return self.unexpected(format!(
                        "expected end of table array name delimiter ']', but got {} instead",
                        quote(c)
                    ));
                }
            }
        }
        self.lexer.ignore();
        self.add_context(&key, array)?;
        self.arrays.insert(name(&self.context), false);
        self.line_end()
    }

    /// Reads one part of a key; the first part's line is what redefinitions are reported with.
    fn add_part(&mut self, key: &mut Key, above: usize) -> Read<()> {
        if above + key.len() >= MAX_READ_DEPTH {
            return self.fail(self.line, "keys are nested too deeply");
        }
        let part = self.lexer.key_part();
        let part = self.lex(part)?;
        if key.is_empty() {
            self.line = part.line;
        }
        key.push(self.string(part)?);
        Ok(())
    }

    /// Reads `a.b.c =`.
    fn key(&mut self) -> Read<Key> {
        self.skip_spaces()?;
        match self.peek()? {
            '=' | EOF => return self.unexpected("unexpected '=': key name appears blank"),
            '.' => return self.unexpected("unexpected '.': keys cannot start with a '.'"),
            _ => {}
        }
        let mut key = Key::new();
        loop {
            self.skip_spaces()?;
            match self.peek()? {
                '=' | EOF => return self.unexpected("unexpected '='"),
                '.' => return self.unexpected("unexpected '.'"),
                _ => {}
            }
            self.add_part(&mut key, self.context.len())?;
            self.skip_spaces()?;
            match self.next()? {
                '.' => self.lexer.ignore(),
                '=' => {
                    self.lexer.ignore();
                    return Ok(key);
                }
                EOF => return self.unexpected("unexpected EOF; expected key separator '='"),
                c => {
                    let message = format!("expected '.' or '=', but got {} instead", quote(c));
                    let failed = if c == '\n' { self.lexer.fail_before(message) } else { self.lexer.fail(message) };
                    return self.lex(failed);
                }
            }
        }
    }

    fn key_value(&mut self) -> Read<()> {
        let outer = self.context.clone();
        self.assign(None)?;
        self.context = outer;
        self.current.clear();
        self.line_end()
    }

    /// Reads `key = value` and sets it, in an inline table there as well. The context is left where the key's tables are.
    fn assign(&mut self, inline: Option<&mut Table>) -> Read<()> {
        let mut key = self.key()?;
        let last = key.pop().unwrap_or_default();
        self.current.clone_from(&last);
        for part in &key {
            let mut context = self.context.clone();
            context.push(part.clone());
            self.implicit.insert(name(&context));
            self.add_context(&context, false)?;
        }
        let item = self.lexer.value();
        let item = self.lex(item)?;
        let parsed = self.value(item, false)?;
        let (array, copy) = (parsed.array, inline.is_some().then(|| copy_node(&parsed.node)));
        self.set(&last, parsed.node)?;
        self.set_type(&last, array);
        let (Some(mut table), Some(node)) = (inline, copy) else { return Ok(()) };
        for part in key {
            table = match table.entry(part).or_insert_with(|| Node::Table(Table::new())) {
                Node::Table(inner) => inner,
                _ => {
                    let table = gotmpl::strconv::quote(name(&self.context));
                    return self.fail(self.line, format!("{table} is not a table"));
                }
            };
        }
        table.insert(last, node);
        Ok(())
    }

    fn set_type(&mut self, key: &str, array: bool) {
        let mut full = self.context.clone();
        if !key.is_empty() || full.is_empty() {
            full.push(key.to_owned());
        }
        self.arrays.insert(name(&full), array);
    }

    // --- tables ---------------------------------------------------------------------------------------------------

    /// Goes to a table by its full name, making what is missing on the way.
    fn add_context(&mut self, key: &[String], array: bool) -> Read<()> {
        let Some((last, parents)) = key.split_last() else { return Ok(()) };
        let mut implied = Vec::new();
        let mut table = &mut self.root;
        for (i, part) in parents.iter().enumerate() {
            let so_far = parents.get(..=i).unwrap_or_default();
            let node = table.entry(part.clone()).or_insert_with(|| {
                implied.push(name(so_far));
                Node::Table(Table::new())
            });
            let inner = match node {
                Node::Table(t) => Some(t),
                Node::Tables(ts) => ts.last_mut(),
                Node::Value(_) => None,
            };
            let Some(inner) = inner else {
                let message = format!("Key '{}' was already created as a hash.", name(so_far));
                self.implicit.extend(implied);
                return self.fail(self.line, message);
            };
            table = inner;
        }
        self.implicit.extend(implied);
        if array {
            match table.entry(last.clone()).or_insert_with(|| Node::Tables(Vec::new())) {
                Node::Tables(tables) => tables.push(Table::new()),
                _ => {
                    self.context = parents.to_vec();
                    let message = format!("Key '{}' was already created and cannot be used as an array.", name(key));
                    return self.fail(self.line, message);
                }
            }
            self.context = key.to_vec();
        } else {
            self.context = parents.to_vec();
            self.set(last, Node::Table(Table::new()))?;
            self.context.push(last.clone());
        }
        Ok(())
    }

    /// Sets a key in the context, unless it is set already; implied tables may be set once more and stay as they are.
    fn set(&mut self, key: &str, node: Node) -> Read<()> {
        let mut table = &mut self.root;
        for (i, part) in self.context.iter().enumerate() {
            let inner = match table.get_mut(part) {
                Some(Node::Table(t)) => Some(t),
                Some(Node::Tables(ts)) => ts.last_mut(),
                Some(Node::Value(_)) | None => None,
            };
            let Some(inner) = inner else {
                let key = name(self.context.get(..=i).unwrap_or_default());
                return self.fail(self.line, format!("Key '{key}' has already been defined."));
            };
            table = inner;
        }
        let mut full = self.context.clone();
        full.push(key.to_owned());
        let full = name(&full);
        if table.contains_key(key) {
            if !self.implicit.remove(&full) {
                return self.fail(self.line, format!("Key '{full}' has already been defined."));
            }
            if self.arrays.get(&full) != Some(&true) {
                return Ok(());
            }
        }
        table.insert(key.to_owned(), node);
        Ok(())
    }

    // --- values ---------------------------------------------------------------------------------------------------

    fn value(&mut self, item: Item<'a>, in_array: bool) -> Read<Parsed> {
        let value = match item.kind {
            Kind::Bare | Kind::Raw | Kind::Escaped | Kind::Multiline | Kind::RawMultiline => {
                Value::str(self.string(item)?)
            }
            Kind::Integer => Value::int64(scalar::integer(item.text).or_else(|m| self.fail(item.line, m))?),
            Kind::Float => Value::float(scalar::float(item.text).or_else(|m| self.fail(item.line, m))?),
            Kind::Bool => Value::Bool(item.text == "true"),
            Kind::Datetime => {
                let text = item.text.replace('z', "Z").replace(['t', ' '], "T");
                match DateTime::parse(&text) {
                    Some(time) => (self.make_time)(time),
                    None => {
                        let shown = strconv::quote(text.as_bytes());
                        return self.fail(item.line, format!("invalid datetime: {shown}"));
                    }
                }
            }
            Kind::Array | Kind::InlineTable => {
                self.depth += 1;
                if self.depth > MAX_READ_DEPTH {
                    return self.fail(item.line, "values are nested too deeply");
                }
                let array = item.kind == Kind::Array;
                let node = if array { Node::Value(self.array()?) } else { Node::Table(self.inline_table(in_array)?) };
                self.depth -= 1;
                return Ok(Parsed { node, array });
            }
        };
        Ok(Parsed { node: Node::Value(value), array: false })
    }

    fn array(&mut self) -> Read<Value> {
        let current = self.current.clone();
        self.set_type(&current, true);
        let mut items = Vec::new();
        let mut after_value = false;
        loop {
            match self.next()? {
                c if is_space(c) || is_newline(c) => self.lexer.ignore(),
                '#' => self.comment()?,
                ']' => break,
                ',' if after_value => {
                    self.lexer.ignore();
                    after_value = false;
                }
                ',' => return self.unexpected("unexpected comma"),
                c if after_value => {
                    let got = end_or(c);
                    return self.unexpected(format!("expected a comma (',') or array terminator (']'), but got {got}"));
                }
                _ => {
                    self.lexer.backup();
                    self.lexer.ignore();
                    let item = self.lexer.value();
                    let item = self.lex(item)?;
                    items.push(node_value(self.value(item, true)?.node));
                    after_value = true;
                }
            }
        }
        self.lexer.ignore();
        Ok(Value::list(items))
    }

    fn inline_table(&mut self, in_array: bool) -> Read<Table> {
        let (outer_context, outer_current) = (self.context.clone(), std::mem::take(&mut self.current));
        let mut context = outer_context.clone();
        context.push(outer_current.clone());
        self.context.clone_from(&context);
        self.implicit.insert(name(&context));
        self.add_context(&context, in_array)?;
        // HELM: what stands in the table is set under its full name, too, and only there is a value made a table.
        let mut table = Table::new();
        let mut after_value = false;
        loop {
            match self.next()? {
                c if is_space(c) || is_newline(c) => self.lexer.ignore(),
                '#' => self.comment()?,
                '}' => break,
                ',' if after_value => {
                    self.lexer.ignore();
                    self.skip_spaces()?;
                    // A comma may be the last thing.
                    after_value = self.peek()? == '}';
                }
                ',' => return self.unexpected("unexpected comma"),
                c if after_value => {
                    let got = end_or(c);
                    return self.unexpected(format!(
                        "expected a comma or an inline table terminator '}}', but got {got} instead"
                    ));
                }
                _ => {
                    self.lexer.backup();
                    self.assign(Some(&mut table))?;
                    self.context.clone_from(&context);
                    after_value = true;
                }
            }
        }
        self.lexer.ignore();
        self.context = outer_context;
        self.current = outer_current;
        Ok(table)
    }

    fn string(&self, item: Item<'a>) -> Read<String> {
        scalar::string(item).or_else(|message| self.fail(item.line, message))
    }
}

fn copy_table(table: &Table) -> Table {
    table.iter().map(|(k, v)| (k.clone(), copy_node(v))).collect()
}

fn copy_node(node: &Node) -> Node {
    match node {
        Node::Table(table) => Node::Table(copy_table(table)),
        Node::Tables(tables) => Node::Tables(tables.iter().map(copy_table).collect()),
        Node::Value(value) => Node::Value(value.clone()),
    }
}

fn end_or(c: char) -> String {
    if c == EOF { "end of file".to_owned() } else { format!("'{c}'") }
}
