//! Values to TOML.

use super::time::DateTime;
use super::{MAX_DEPTH, TomlError, dotted, key_part, quoted};
use crate::duration;
use gotmpl::value::{FieldReader, Kind, Object};
use gotmpl::{GoString, List, Value, strconv};

/// Gives the value as BurntSushi's encoder writes it: sorted keys, plain values before tables, two spaces a level.
///
/// The value need not be a table: a string, number or list alone is written as such, as Helm lets it.
///
/// # Errors
/// Null in lists, lists of tables outside of a table, functions, too deep nesting; nothing at all is a
/// [`TomlError::Panic`].
pub fn to_toml(value: &Value) -> Result<Vec<u8>, TomlError> {
    to_toml_within(value, usize::MAX)
}

/// As [`to_toml`], at most about `limit` bytes.
///
/// # Errors
/// As [`to_toml`], and [`TomlError::TooLong`].
pub fn to_toml_within(value: &Value, limit: usize) -> Result<Vec<u8>, TomlError> {
    if matches!(value, Value::Nil) {
        return Err(TomlError::Panic("reflect: call of reflect.Value.Type on zero Value"));
    }
    let mut writer = Writer { out: Vec::new(), key: Vec::new(), depth: 0, work: Work { left: limit, limit } };
    writer.encode(&plain_list(value.clone()))?;
    writer.fits()?;
    Ok(writer.out)
}

/// What looking into lists may still cost: values may share values, so that they can be any number of times larger to
/// walk than they are.
struct Work {
    left: usize,
    limit: usize,
}

impl Work {
    fn one(&mut self) -> Result<(), TomlError> {
        self.left = self.left.checked_sub(1).ok_or(TomlError::TooLong { limit: self.limit })?;
        Ok(())
    }
}

/// What TOML makes of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Table,
    TableArray,
}

const NIL_ELEMENT: &str = "toml: cannot encode array with nil element";

/// The form of a value; `None` for nil. Looks into lists, in which there must be no nil.
fn form(value: &Value, depth: usize, work: &mut Work) -> Result<Option<Form>, TomlError> {
    work.one()?;
    Ok(Some(match value {
        Value::Nil => return Ok(None),
        Value::Map(m) if m.is_nil() => return Ok(None),
        Value::List(l) if l.is_nil() => return Ok(None),
        Value::Map(_) => Form::Table,
        Value::List(l) => list_form(l, depth, work)?,
        Value::Object(o) => match (text_of(o.as_ref()), o.as_list()) {
            (Some(_), _) => Form::Plain,
            (None, Some(list)) => list_form(&list, depth, work)?,
            (None, None) => Form::Table,
        },
        Value::Complex(..) | Value::Func(_) => {
            return Err(TomlError::Value(format!("unsupported type: {}", value.kind().name())));
        }
        _ => Form::Plain,
    }))
}

fn list_form(list: &List, depth: usize, work: &mut Work) -> Result<Form, TomlError> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    let mut tables = !list.is_empty();
    for item in list.iter() {
        match form(item, depth + 1, work)? {
            None => return Err(TomlError::Value(NIL_ELEMENT.to_owned())),
            Some(f) => tables &= f == Form::Table,
        }
    }
    Ok(if tables { Form::TableArray } else { Form::Plain })
}

fn too_deep() -> TomlError {
    TomlError::Value("toml: value is nested too deeply".to_owned())
}

/// The text of a value that marshals itself.
fn text_of(object: &dyn Object) -> Option<GoString> {
    match object.json() {
        Some(Value::String(s)) => Some(s),
        _ => None,
    }
}

struct Writer {
    out: Vec<u8>,
    key: Vec<GoString>,
    depth: usize,
    work: Work,
}

/// A table's entries in the order of writing: plain ones, then tables. Nil values count as plain.
type Entries = (Vec<(GoString, Value)>, Vec<(GoString, Value)>);

impl Writer {
    fn fits(&self) -> Result<(), TomlError> {
        let limit = self.work.limit;
        if self.out.len() > limit { Err(TomlError::TooLong { limit }) } else { Ok(()) }
    }

    fn encode(&mut self, value: &Value) -> Result<(), TomlError> {
        self.fits()?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_deep());
        }
        match value {
            Value::Complex(..) | Value::Func(_) => {
                let key = String::from_utf8_lossy(&dotted(self.key.iter().map(GoString::as_bytes))).into_owned();
                let kind = value.kind().name();
                return Err(TomlError::Value(format!("unsupported type for key '{key}': {kind}")));
            }
            _ => match form(value, 0, &mut self.work)? {
                // Left out in a table, written alone.
                None if self.key.is_empty() && matches!(value, Value::List(_)) => self.element(value)?,
                None => {}
                Some(Form::Plain) => self.key_value(value)?,
                Some(Form::Table) => self.table(value)?,
                Some(Form::TableArray) => self.table_array(value)?,
            },
        }
        self.depth -= 1;
        Ok(())
    }

    fn newline(&mut self) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
    }

    fn indent(&mut self) {
        let spaces = 2 * self.key.len().saturating_sub(1);
        self.out.resize(self.out.len() + spaces, b' ');
    }

    fn header(&mut self, open: &[u8], close: &[u8]) {
        self.indent();
        self.out.extend_from_slice(open);
        self.out.extend(dotted(self.key.iter().map(GoString::as_bytes)));
        self.out.extend_from_slice(close);
        self.newline();
    }

    fn key_value(&mut self, value: &Value) -> Result<(), TomlError> {
        let Some(last) = self.key.last().cloned() else { return self.element(value) };
        self.indent();
        key_part(&last, &mut self.out);
        self.out.extend_from_slice(b" = ");
        self.element(value)?;
        self.newline();
        Ok(())
    }

    fn table(&mut self, value: &Value) -> Result<(), TomlError> {
        if self.key.len() == 1 {
            self.newline();
        }
        if !self.key.is_empty() {
            self.header(b"[", b"]");
        }
        self.body(value)
    }

    fn table_array(&mut self, value: &Value) -> Result<(), TomlError> {
        if self.key.is_empty() {
            return Err(TomlError::Value("toml: top-level values must be Go maps or structs".to_owned()));
        }
        for item in value.as_list().into_iter().flat_map(|l| l.iter()) {
            self.newline();
            self.header(b"[[", b"]]");
            self.body(item)?;
        }
        Ok(())
    }

    fn body(&mut self, value: &Value) -> Result<(), TomlError> {
        let (plain, tables) = entries(value, &mut self.work)?;
        for (key, value) in plain.into_iter().chain(tables) {
            self.key.push(key);
            self.encode(&value)?;
            self.key.pop();
        }
        Ok(())
    }

    /// Writes what can stand after `=` or in a list.
    fn element(&mut self, value: &Value) -> Result<(), TomlError> {
        self.fits()?;
        match value {
            Value::Bool(b) => self.text(if *b { "true" } else { "false" }),
            Value::Int(t, i) if t.name == "time.Duration" => quoted(duration::format(*i).as_bytes(), &mut self.out),
            Value::Int(_, i) => self.text(&i.to_string()),
            Value::Uint(_, u) => self.text(&u.to_string()),
            Value::Float(t, f) => self.text(&float(*f, if t.kind == Kind::Float32 { 32 } else { 64 })),
            Value::String(s) => quoted(s, &mut self.out),
            Value::List(l) => self.list(l)?,
            Value::Map(_) => self.inline(value)?,
            Value::Object(o) => match (o.as_any().downcast_ref::<DateTime>(), text_of(o.as_ref())) {
                (Some(time), _) => self.text(&time.toml()),
                (None, Some(text)) if o.go_type().name == "time.Time" => self.out.extend_from_slice(&text),
                (None, Some(text)) => quoted(&text, &mut self.out),
                (None, None) => match o.as_list() {
                    Some(list) => self.list(&list)?,
                    None => self.inline(value)?,
                },
            },
            Value::Nil => return Err(TomlError::Value(NIL_ELEMENT.to_owned())),
            Value::Complex(..) | Value::Func(_) => {
                let name = value.go_type().map_or("nil", |t| t.name);
                return Err(TomlError::Value(format!("unexpected type: {name}")));
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn list(&mut self, list: &List) -> Result<(), TomlError> {
        self.text("[");
        for (i, item) in list.iter().enumerate() {
            if i > 0 {
                self.text(", ");
            }
            self.nested(item)?;
        }
        self.text("]");
        Ok(())
    }

    fn nested(&mut self, value: &Value) -> Result<(), TomlError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_deep());
        }
        self.element(value)?;
        self.depth -= 1;
        Ok(())
    }

    /// Writes `{k = v, …}`. HELM: a nil value is left out, its comma is not.
    fn inline(&mut self, value: &Value) -> Result<(), TomlError> {
        let places = field_places(value);
        let (plain, tables) = entries(value, &mut self.work)?;
        let total = plain.len() + tables.len();
        self.text("{");
        for (i, (key, value)) in plain.into_iter().chain(tables).enumerate() {
            if is_nil(&value) {
                continue;
            }
            key_part(&key, &mut self.out);
            self.text(" = ");
            self.nested(&value)?;
            let place =
                places.iter().find(|(name, _)| name.as_bytes() == key.as_bytes()).map_or(i, |(_, place)| *place);
            if place + 1 != total {
                self.text(", ");
            }
        }
        self.text("}");
        Ok(())
    }
}

/// The places of a struct's fields in its Go type. HELM: the comma behind a field depends on them, as if all fields were written.
fn field_places(value: &Value) -> Vec<(String, usize)> {
    let Value::Object(object) = value else { return Vec::new() };
    if object.as_map().is_some() {
        return Vec::new();
    }
    let place = match object.go_type().name {
        // Its second field is not exported.
        "common.KubeVersion" => |i: usize, _: &str| if i == 0 { 0 } else { i + 1 },
        // Helm 3's chart: the metadata are its first field, embedded.
        "struct { chart.Metadata; IsRoot bool }" => |_: usize, name: &str| usize::from(name == "IsRoot"),
        _ => |i: usize, _: &str| i,
    };
    let fields = object.fields_for(FieldReader::Toml).into_iter().enumerate();
    fields.map(|(i, (name, _))| (name.to_string(), place(i, &name))).collect()
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::Map(m) => m.is_nil(),
        Value::List(l) => l.is_nil(),
        _ => false,
    }
}

/// A named slice type is a list here.
fn plain_list(value: Value) -> Value {
    match &value {
        Value::Object(object) => object.as_list().map_or(value, Value::List),
        _ => value,
    }
}

fn entries(value: &Value, work: &mut Work) -> Result<Entries, TomlError> {
    let all = match value {
        Value::Map(m) => m.entries(),
        Value::Object(o) => match o.as_map() {
            Some(m) => m.entries(),
            None => o.fields_for(FieldReader::Toml).into_iter().map(|(k, v)| (GoString::from(k), v)).collect(),
        },
        _ => Vec::new(),
    };
    let (mut plain, mut tables) = Entries::default();
    for (key, value) in all {
        let value = plain_list(value);
        match form(&value, 0, work)? {
            Some(Form::Table | Form::TableArray) => tables.push((key, value)),
            _ => plain.push((key, value)),
        }
    }
    Ok((plain, tables))
}

/// A float, with a point or an exponent.
fn float(f: f64, bits: u8) -> String {
    if f.is_nan() {
        return if f.is_sign_negative() { "-nan" } else { "nan" }.to_owned();
    }
    if f.is_infinite() {
        return if f < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let mut text = strconv::format_float(f, b'g', -1, bits);
    if !text.contains(['.', 'e']) {
        text.push_str(".0");
    }
    text
}
