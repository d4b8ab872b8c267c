//! Decoded data to JSON text, `serde_json` values and template values: YAML's keys become strings, its numbers floats.

use crate::decode::Data;
use crate::error::YamlError;
use crate::go_syntax;
use crate::parse::Numbers;
use gotmpl::json::{Escape, JsonError, write_float, write_string};
use gotmpl::{GoString, Value, strconv};
use serde_json::{Number, Value as Json};
use std::borrow::Cow;

/// Turns keys that are not strings into strings, as JSON needs them.
///
/// # Errors
/// Null keys and keys above the range of `int64`.
pub(crate) fn string_keys(data: &mut Data<'_>) -> Result<(), YamlError> {
    match data {
        Data::List(items) => items.iter_mut().try_for_each(string_keys),
        Data::Map(entries) => {
            let mut changed = false;
            for (key, value) in entries.iter_mut() {
                if !matches!(key, Data::Str(_)) {
                    let text = key_text(key, value)?;
                    *key = Data::Str(Cow::Owned(text));
                    changed = true;
                }
                string_keys(value)?;
            }
            if changed {
                // Go takes a random one of keys that look alike; this takes the last.
                entries.sort_by(|a, b| key(&a.0).cmp(key(&b.0)));
                entries.reverse();
                entries.dedup_by(|a, b| key(&a.0) == key(&b.0));
                entries.reverse();
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn key_text(key: &Data<'_>, value: &Data<'_>) -> Result<String, YamlError> {
    Ok(match key {
        Data::Str(s) => s.clone().into_owned(),
        Data::Bytes(b) => text_of(b),
        Data::Int(i) => i.to_string(),
        Data::Bool(b) => b.to_string(),
        // HELM: sigs.k8s.io/yaml prints them as 32 bit floats.
        Data::Float(f) => match strconv::format_float(*f, b'g', -1, 32).as_str() {
            "+Inf" => ".inf".to_owned(),
            "-Inf" => "-.inf".to_owned(),
            "NaN" => ".nan".to_owned(),
            text => text.to_owned(),
        },
        _ => {
            let (name, shown, value) = (go_syntax::type_name(key), go_syntax::format(key), go_syntax::format(value));
            return Err(YamlError::Key(format!("{name}, key: {shown}, value: {value}")));
        }
    })
}

/// The key's text, after [`string_keys`].
fn key<'d>(data: &'d Data<'_>) -> &'d str {
    match data {
        Data::Str(s) => s,
        _ => "",
    }
}

/// The text that JSON makes of bytes: each one that is not UTF-8 becomes U+FFFD.
fn text_of(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    out
}

/// Appends the data as JSON text.
pub(crate) fn json_text(data: &Data<'_>, out: &mut Vec<u8>) -> Result<(), JsonError> {
    match data {
        Data::Null => out.extend_from_slice(b"null"),
        Data::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        Data::Int(i) => out.extend_from_slice(i.to_string().as_bytes()),
        Data::Uint(u) => out.extend_from_slice(u.to_string().as_bytes()),
        Data::Float(f) => write_float(out, *f)?,
        Data::Str(s) => write_string(out, s.as_bytes(), Escape::Html),
        Data::Bytes(b) => write_string(out, b, Escape::Html),
        Data::List(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                json_text(item, out)?;
            }
            out.push(b']');
        }
        Data::Map(entries) => {
            out.push(b'{');
            for (i, (k, value)) in entries.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_string(out, key(k).as_bytes(), Escape::Html);
                out.push(b':');
                json_text(value, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// The data as a `serde_json` value.
pub(crate) fn json(data: Data<'_>, numbers: Numbers) -> Result<Json, JsonError> {
    Ok(match data {
        Data::Null => Json::Null,
        Data::Bool(b) => Json::Bool(b),
        Data::Int(i) => match numbers {
            Numbers::Json | Numbers::Yaml => Json::from(i),
            Numbers::Float64 => float(i as f64)?,
        },
        Data::Uint(u) if numbers == Numbers::Yaml => Json::from(u),
        Data::Uint(u) => float(u as f64)?,
        Data::Float(f) => match numbers {
            Numbers::Json if f.fract() == 0.0 && f.abs() < 9e18 => Json::from(f as i64),
            _ => float(f)?,
        },
        Data::Str(s) => Json::String(s.into_owned()),
        Data::Bytes(b) => Json::String(text_of(&b)),
        Data::List(items) => Json::Array(items.into_iter().map(|i| json(i, numbers)).collect::<Result<_, _>>()?),
        Data::Map(entries) => Json::Object(
            entries
                .into_iter()
                .map(|(k, v)| Ok((key(&k).to_owned(), json(v, numbers)?)))
                .collect::<Result<_, JsonError>>()?,
        ),
    })
}

/// As [`json`] for a document of which only some entries of the top table are wanted; the others become null, but what is
/// wrong with them is still an error.
pub(crate) fn json_entries(data: Data<'_>, numbers: Numbers, wanted: &dyn Fn(&str) -> bool) -> Result<Json, JsonError> {
    let Data::Map(entries) = data else { return json(data, numbers) };
    let entry = |(k, v): (Data<'_>, Data<'_>)| {
        let name = key(&k);
        let value = if wanted(name) { json(v, numbers)? } else { check(&v).map(|()| Json::Null)? };
        Ok((name.to_owned(), value))
    };
    entries.into_iter().map(entry).collect::<Result<_, JsonError>>().map(Json::Object)
}

/// The error that [`json`] would give.
fn check(data: &Data<'_>) -> Result<(), JsonError> {
    match data {
        Data::Float(f) if !f.is_finite() => Err(unsupported(*f)),
        Data::List(items) => items.iter().try_for_each(check),
        Data::Map(entries) => entries.iter().try_for_each(|(_, value)| check(value)),
        _ => Ok(()),
    }
}

fn float(f: f64) -> Result<Json, JsonError> {
    match Number::from_f64(f) {
        Some(n) => Ok(Json::Number(n)),
        None => Err(unsupported(f)),
    }
}

fn unsupported(f: f64) -> JsonError {
    JsonError::UnsupportedValue(strconv::format_float(f, b'g', -1, 64))
}

/// A number where a text is wanted. HELM: sigs.k8s.io/yaml prints floats as if they were 32 bit floats.
pub fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => strconv::format_float(float, b'g', -1, 32),
        _ => number.to_string(),
    }
}

/// The data as a template value.
pub(crate) fn value(data: &Data<'_>) -> Result<Value, JsonError> {
    Ok(match data {
        Data::Null => Value::Nil,
        Data::Bool(b) => Value::Bool(*b),
        Data::Int(i) => Value::float(*i as f64),
        Data::Uint(u) => Value::float(*u as f64),
        Data::Float(f) if f.is_finite() => Value::float(*f),
        Data::Float(f) => return Err(unsupported(*f)),
        Data::Str(s) => Value::str(&**s),
        Data::Bytes(b) => Value::str(text_of(b)),
        Data::List(items) => Value::list(items.iter().map(value).collect::<Result<_, _>>()?),
        Data::Map(entries) => {
            let entries: Vec<(GoString, Value)> =
                entries.iter().map(|(k, v)| Ok((key(k).into(), value(v)?))).collect::<Result<_, JsonError>>()?;
            Value::map(entries)
        }
    })
}
