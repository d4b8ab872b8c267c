//! Through values to the page.

use super::keys;
use super::{Emitter, Place, Style};
use crate::decode::{Data, Duplicates};
use crate::duration;
use crate::error::YamlError;
use crate::parse::{ParseLimits, with_data};
use gotmpl::json::{self, JsonError, MAX_DEPTH};
use gotmpl::value::{FieldReader, Kind, Object};
use gotmpl::{GoString, List, Map, Value, strconv};
use serde_json::Value as Json;

/// Gives the value as `sigs.k8s.io/yaml` marshals it, with a final newline: what `toYaml` shows.
///
/// # Errors
/// What JSON cannot hold, and strings with characters that YAML does not allow (DEL, the C1 controls).
///
/// # Helm
/// The value goes through JSON and YAML there. That is visible in whole floats, which print as integers, in U+0085,
/// which becomes a space, and in keys of more than 1024 characters, which fail.
pub fn to_yaml(value: &Value) -> Result<Vec<u8>, YamlError> {
    to_yaml_within(value, usize::MAX)
}

/// As [`to_yaml`], at most about `limit` bytes. Values may share values, so that their YAML can be any number of times
/// larger than they are.
///
/// # Errors
/// As [`to_yaml`], and [`YamlError::is_too_long`].
pub fn to_yaml_within(value: &Value, limit: usize) -> Result<Vec<u8>, YamlError> {
    let mut walk = Walk { limit, ..Walk::new(Style::V2) };
    match walk.value(value, Place::Root).and_then(|()| walk.fits()) {
        Ok(()) => Ok(walk.emitter.finish()),
        Err(Stop::Json(error)) => Err(YamlError::Marshal(error)),
        Err(Stop::Detour) => detour(&json::marshal_within(value, limit).map_err(YamlError::Marshal)?),
    }
}

/// Gives the JSON value as `sigs.k8s.io/yaml` marshals it, with a final newline.
///
/// # Errors
/// As [`to_yaml`].
pub fn json_to_yaml(value: &Json) -> Result<String, YamlError> {
    let mut walk = Walk::new(Style::V2);
    let bytes = match walk.json(value, Place::Root) {
        Ok(()) => walk.emitter.finish(),
        Err(Stop::Json(error)) => return Err(YamlError::Marshal(error)),
        Err(Stop::Detour) => detour(json::to_string(value).map_err(YamlError::Marshal)?.as_bytes())?,
    };
    // Everything on the page came from strings.
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// Gives the value as go-yaml version 3 encodes it with an indent of two, with a final newline: what `toYamlPretty` shows.
///
/// # Errors
/// Functions, and values that contain themselves.
pub fn to_yaml_pretty(value: &Value) -> Result<Vec<u8>, YamlError> {
    to_yaml_pretty_within(value, usize::MAX)
}

/// As [`to_yaml_pretty`], at most about `limit` bytes.
///
/// # Errors
/// As [`to_yaml_pretty`], and [`YamlError::is_too_long`].
pub fn to_yaml_pretty_within(value: &Value, limit: usize) -> Result<Vec<u8>, YamlError> {
    let mut walk = Walk { limit, ..Walk::new(Style::V3) };
    match walk.value(value, Place::Root).and_then(|()| walk.fits()) {
        Ok(()) => Ok(walk.emitter.finish()),
        Err(Stop::Json(JsonError::UnsupportedType(name))) => Err(YamlError::CannotMarshal(name)),
        Err(Stop::Json(error)) => Err(YamlError::Marshal(error)),
        Err(Stop::Detour) => Err(YamlError::Decode("cannot marshal value".to_owned())),
    }
}

/// The long way that Helm always goes: reads the JSON text as YAML and writes what that says.
fn detour(json: &[u8]) -> Result<Vec<u8>, YamlError> {
    with_data(json, Duplicates::Allowed, ParseLimits::default(), |data| {
        let mut walk = Walk::new(Style::V2);
        walk.data(&data, Place::Root);
        Ok(walk.emitter.finish())
    })
}

/// Why a walk cannot go on.
enum Stop {
    /// There is something that changes on the long way.
    Detour,
    Json(JsonError),
}

struct Walk {
    emitter: Emitter,
    depth: usize,
    /// Most bytes.
    limit: usize,
}

type Walked = Result<(), Stop>;

impl Walk {
    fn new(style: Style) -> Walk {
        Walk { emitter: Emitter::new(style, 256), depth: 0, limit: usize::MAX }
    }

    fn v3(&self) -> bool {
        self.emitter.style() == Style::V3
    }

    fn fits(&self) -> Walked {
        match self.emitter.length() > self.limit {
            true => Err(Stop::Json(JsonError::TooLong { limit: self.limit })),
            false => Ok(()),
        }
    }

    fn enter(&mut self, type_name: &str) -> Walked {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let cycle = format!("encountered a cycle via {type_name}");
            return Err(Stop::Json(JsonError::UnsupportedValue(cycle)));
        }
        Ok(())
    }

    // --- template values ------------------------------------------------------------------------------------------

    fn value(&mut self, value: &Value, place: Place) -> Walked {
        self.fits()?;
        match value {
            Value::Nil => self.emitter.word("null"),
            Value::Bool(b) => self.emitter.word(if *b { "true" } else { "false" }),
            Value::Int(t, i) if self.v3() && t.name == "time.Duration" => {
                self.emitter.text(&duration::format(*i), place);
            }
            Value::Int(_, i) => self.emitter.word(&i.to_string()),
            Value::Uint(_, u) => self.emitter.word(&u.to_string()),
            Value::Float(t, f) => self.float(*f, t.kind == Kind::Float32)?,
            Value::String(s) => self.string(s, place)?,
            Value::List(l) => self.list(l, place)?,
            Value::Map(m) => self.map(m)?,
            Value::Object(o) => self.object(o.as_ref(), place)?,
            Value::Complex(..) => return Err(Stop::Json(JsonError::UnsupportedType("complex128"))),
            Value::Func(f) => return Err(Stop::Json(JsonError::UnsupportedType(f.go_type().name))),
        }
        Ok(())
    }

    fn string(&mut self, text: &GoString, place: Place) -> Walked {
        match text.as_utf8() {
            Some(s) if self.v3() || !needs_detour(s) => {
                self.emitter.text(s, place);
                Ok(())
            }
            None if self.v3() => {
                self.emitter.binary(&base64_lines(text), place);
                Ok(())
            }
            _ => Err(Stop::Detour),
        }
    }

    fn key(&mut self, key: &GoString) -> Walked {
        match key.as_utf8() {
            Some(s) if self.v3() || !key_needs_detour(s) => {
                self.emitter.key(s);
                Ok(())
            }
            _ if self.v3() => {
                self.emitter.key(&key.to_text());
                Ok(())
            }
            _ => Err(Stop::Detour),
        }
    }

    fn float(&mut self, f: f64, single: bool) -> Walked {
        if self.v3() {
            let text = match strconv::format_float(f, b'g', -1, if single { 32 } else { 64 }).as_str() {
                "NaN" => ".nan".to_owned(),
                "+Inf" => ".inf".to_owned(),
                "-Inf" => "-.inf".to_owned(),
                text => text.to_owned(),
            };
            self.emitter.word(&text);
            return Ok(());
        }
        // The shortest digits of a float32 read as a float64.
        let f = if single { (f as f32).to_string().parse().unwrap_or(f) } else { f };
        self.emitter.word(&json_float(f)?);
        Ok(())
    }

    fn list(&mut self, list: &List, place: Place) -> Walked {
        if list.is_nil() && !self.v3() {
            self.emitter.word("null");
            return Ok(());
        }
        if !self.v3() && list.go_type().elem.is_some_and(|e| e.kind == Kind::Uint8) {
            let text = json::marshal(&Value::List(list.clone())).map_err(Stop::Json)?;
            let text = String::from_utf8_lossy(&text);
            self.emitter.text(text.trim_matches('"'), place);
            return Ok(());
        }
        if list.is_empty() {
            self.emitter.empty(b"[]");
            return Ok(());
        }
        self.enter(list.go_type().name)?;
        let before = self.emitter.begin_sequence(place);
        for item in list.iter() {
            self.emitter.item();
            self.value(item, Place::Item)?;
        }
        self.emitter.end(before);
        self.depth -= 1;
        Ok(())
    }

    fn map(&mut self, map: &Map) -> Walked {
        if map.is_nil() && !self.v3() {
            self.emitter.word("null");
            return Ok(());
        }
        self.enter(map.go_type().name)?;
        let mut entries = map.entries();
        keys::sort(&mut entries, self.emitter.style(), |(k, _)| k.as_utf8().unwrap_or_default());
        self.entries(&entries)?;
        self.depth -= 1;
        Ok(())
    }

    fn entries(&mut self, entries: &[(GoString, Value)]) -> Walked {
        if entries.is_empty() {
            self.emitter.empty(b"{}");
            return Ok(());
        }
        let before = self.emitter.begin_mapping();
        for (key, value) in entries {
            self.key(key)?;
            self.value(value, Place::InMapping)?;
        }
        self.emitter.end(before);
        Ok(())
    }

    fn object(&mut self, object: &dyn Object, place: Place) -> Walked {
        let go_type = object.go_type();
        if !self.v3()
            && let Some(cause) = object.json_error()
        {
            return Err(Stop::Json(JsonError::Marshaler { go_type: go_type.name, cause }));
        }
        if let Some(value) = object.json() {
            self.enter(go_type.name)?;
            match (&value, self.v3() && go_type.name.ends_with("time.Time")) {
                (Value::String(s), true) => self.emitter.word(&s.to_text()),
                _ => self.value(&value, place)?,
            }
            self.depth -= 1;
            return Ok(());
        }
        if let Some(map) = object.as_map() {
            return self.map(&map);
        }
        self.enter(go_type.name)?;
        // HELM: version 3 does not go through JSON, and its names of fields are in lower case.
        let reader = if self.v3() { FieldReader::Yaml } else { FieldReader::Json };
        let mut entries: Vec<_> = object.fields_for(reader).into_iter().map(|(n, v)| (GoString::from(n), v)).collect();
        if !self.v3() {
            keys::sort(&mut entries, Style::V2, |(k, _)| k.as_utf8().unwrap_or_default());
        }
        self.entries(&entries)?;
        self.depth -= 1;
        Ok(())
    }

    // --- JSON values ----------------------------------------------------------------------------------------------

    fn json(&mut self, value: &Json, place: Place) -> Walked {
        match value {
            Json::Null => self.emitter.word("null"),
            Json::Bool(b) => self.emitter.word(if *b { "true" } else { "false" }),
            Json::Number(n) => match (n.as_i64(), n.as_u64()) {
                (Some(i), _) => self.emitter.word(&i.to_string()),
                (_, Some(u)) => self.emitter.word(&u.to_string()),
                _ => self.float(n.as_f64().unwrap_or_default(), false)?,
            },
            Json::String(s) if needs_detour(s) => return Err(Stop::Detour),
            Json::String(s) => self.emitter.text(s, place),
            Json::Array(items) if items.is_empty() => self.emitter.empty(b"[]"),
            Json::Array(items) => {
                self.enter("[]interface {}")?;
                let before = self.emitter.begin_sequence(place);
                for item in items {
                    self.emitter.item();
                    self.json(item, Place::Item)?;
                }
                self.emitter.end(before);
                self.depth -= 1;
            }
            Json::Object(entries) if entries.is_empty() => self.emitter.empty(b"{}"),
            Json::Object(entries) => {
                self.enter("map[string]interface {}")?;
                let mut entries: Vec<(&String, &Json)> = entries.iter().collect();
                keys::sort(&mut entries, Style::V2, |(k, _)| k.as_str());
                let before = self.emitter.begin_mapping();
                for (key, value) in entries {
                    if key_needs_detour(key) {
                        return Err(Stop::Detour);
                    }
                    self.emitter.key(key);
                    self.json(value, Place::InMapping)?;
                }
                self.emitter.end(before);
                self.depth -= 1;
            }
        }
        Ok(())
    }

    // --- data that was read ---------------------------------------------------------------------------------------

    fn data(&mut self, data: &Data<'_>, place: Place) {
        match data {
            Data::Null => self.emitter.word("null"),
            Data::Bool(b) => self.emitter.word(if *b { "true" } else { "false" }),
            Data::Int(i) => self.emitter.word(&i.to_string()),
            Data::Uint(u) => self.emitter.word(&u.to_string()),
            Data::Float(f) => self.emitter.word(&strconv::format_float(*f, b'g', -1, 64)),
            Data::Str(s) => self.emitter.text(s, place),
            Data::Bytes(b) => self.emitter.binary(&base64_lines(b), place),
            Data::List(items) if items.is_empty() => self.emitter.empty(b"[]"),
            Data::List(items) => {
                let before = self.emitter.begin_sequence(place);
                for item in items {
                    self.emitter.item();
                    self.data(item, Place::Item);
                }
                self.emitter.end(before);
            }
            Data::Map(entries) if entries.is_empty() => self.emitter.empty(b"{}"),
            Data::Map(entries) => {
                let mut entries: Vec<(&str, &Data<'_>)> =
                    entries.iter().map(|(k, v)| (if let Data::Str(s) = k { &**s } else { "" }, v)).collect();
                keys::sort(&mut entries, Style::V2, |(k, _)| k);
                let before = self.emitter.begin_mapping();
                for (key, value) in entries {
                    self.emitter.key(key);
                    self.data(value, Place::InMapping);
                }
                self.emitter.end(before);
            }
        }
    }
}

/// The float as it comes out of JSON and YAML: whole numbers as integers where they fit in 64 bits.
fn json_float(f: f64) -> Result<String, Stop> {
    let mut text = Vec::with_capacity(24);
    json::write_float(&mut text, f).map_err(Stop::Json)?;
    let text = String::from_utf8(text).unwrap_or_default();
    if text == "-0" {
        return Ok("0".to_owned());
    }
    if text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() {
        return Ok(text);
    }
    Ok(strconv::format_float(f, b'g', -1, 64))
}

/// Whether the string does not come through JSON and YAML as it is: YAML refuses or folds some characters.
fn needs_detour(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().any(|b| matches!(b, 0x7f | 0xc2 | 0xef))
        && text.chars().any(|c| matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}'))
}

/// Whether the key does not: beside its characters there is a limit of 1024 for its JSON text.
fn key_needs_detour(key: &str) -> bool {
    // No character takes more than six in JSON.
    needs_detour(key) || key.len() > 1022 / 6
}

/// Base64 in lines of 70 letters, as go-yaml writes binary data.
fn base64_lines(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let text = crate::base64::encode(bytes);
    if text.len() < LINE {
        return text;
    }
    let mut out = String::with_capacity(text.len() + text.len() / LINE + 1);
    for line in text.as_bytes().chunks(LINE) {
        out.extend(line.iter().map(|b| char::from(*b)));
        out.push('\n');
    }
    out
}
