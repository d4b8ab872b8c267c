//! The grammar over the scanner. Functions say with [`StrvalsError::End`] that the text is over, as Helm's parser does
//! with `EOF`: what was being set at that moment is kept or lost just as there.

use super::scan::Scanner;
use super::{Form, MAX_INDEX, MAX_MADE_ITEMS, MAX_NAME_PARTS, MAX_NESTED_NAME_LEVEL, StrvalsError};
use crate::Values;
use serde_json::Value as Json;

const MAP: &str = "map[string]interface {}";
const LIST: &str = "[]interface {}";

/// Where in a name the parser is.
#[derive(Clone, Copy)]
struct Place {
    /// Dots so far, those right behind an index not counted, as in Helm.
    dots: usize,
    /// Dots and indexes so far.
    parts: usize,
}

impl Place {
    fn deeper(self) -> Result<Place, StrvalsError> {
        if self.parts >= MAX_NAME_PARTS {
            return Err(StrvalsError::TooManyParts);
        }
        Ok(Place { parts: self.parts + 1, ..self })
    }
}

pub(super) struct Parser<'a, 'r> {
    scanner: Scanner<'a>,
    form: Form<'r>,
    made_items: usize,
}

/// The value after `=`.
enum Assigned {
    /// A value; the text goes on.
    Value(Json),
    /// The text ended right behind `=`.
    Nothing,
}

impl<'a, 'r> Parser<'a, 'r> {
    pub(super) fn new(form: Form<'r>, text: &'a str) -> Parser<'a, 'r> {
        let escapes = !matches!(form, Form::Literal);
        Parser { scanner: Scanner::new(text, escapes), form, made_items: 0 }
    }

    pub(super) fn run(&mut self, values: &mut Values) -> Result<(), StrvalsError> {
        loop {
            match self.key(values, Place { dots: 0, parts: 0 }) {
                Ok(()) => {}
                Err(StrvalsError::End) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn key(&mut self, data: &mut Values, place: Place) -> Result<(), StrvalsError> {
        let literal = matches!(self.form, Form::Literal);
        let stops: &[char] = if literal { &['=', '[', '.'] } else { &['=', '[', ',', '.'] };
        let (key, stop) = self.scanner.until(stops);
        match stop {
            None if key.is_empty() => Err(StrvalsError::End),
            None => Err(StrvalsError::KeyWithoutValue(key)),
            Some('[') => self.key_list(data, key, place),
            Some('.') => self.key_map(data, key, place),
            Some('=') => match self.assigned()? {
                Assigned::Value(value) => {
                    set(data, key, value);
                    Ok(())
                }
                Assigned::Nothing => {
                    set(data, key, Json::String(String::new()));
                    Err(StrvalsError::End)
                }
            },
            Some(_) => Err(StrvalsError::KeyEndsWithComma(key)),
        }
    }

    /// `key[…`: the list is put back even when its item fails.
    fn key_list(&mut self, data: &mut Values, key: String, place: Place) -> Result<(), StrvalsError> {
        let index = self.index()?;
        let mut list = match data.get_mut(&key) {
            None => Vec::new(),
            Some(Json::Array(list)) => std::mem::take(list),
            Some(other) => return Err(conversion(other, LIST)),
        };
        let place = place.deeper()?;
        let length = list.len();
        let result = self.list_item(&mut list, index, place);
        if key.is_empty() {
            // HELM: nothing is set under the empty name, but items that are there change in place.
            list.truncate(length);
        }
        if !key.is_empty() || data.contains_key(&key) {
            data.insert(key, Json::Array(list));
        }
        result
    }

    /// `key.…`: a new map is kept only when something was set in it.
    fn key_map(&mut self, data: &mut Values, key: String, place: Place) -> Result<(), StrvalsError> {
        let place = Place { dots: place.dots + 1, ..place.deeper()? };
        if place.dots > MAX_NESTED_NAME_LEVEL {
            return Err(StrvalsError::TooManyDots);
        }
        let mut made = Values::new();
        let (inner, is_new) = match data.get_mut(&key) {
            None => (&mut made, true),
            Some(Json::Object(map)) => (map, false),
            Some(other) => return Err(conversion(other, MAP)),
        };
        let result = self.key(inner, place);
        if result.is_ok() && inner.is_empty() {
            return Err(StrvalsError::KeyMapWithoutValue(key));
        }
        if is_new && !made.is_empty() {
            set(data, key, Json::Object(made));
        }
        result
    }

    fn assigned(&mut self) -> Result<Assigned, StrvalsError> {
        match self.form {
            Form::Json => self.json().map(Assigned::Value),
            Form::Literal => Ok(Assigned::Value(Json::String(self.scanner.until(&[]).0))),
            _ if self.scanner.at_end() => Ok(Assigned::Nothing),
            _ if self.scanner.take('{') => self.value_list().map(Assigned::Value),
            _ => {
                let (text, _) = self.scanner.until(&[',']);
                self.value(text).map(Assigned::Value)
            }
        }
    }

    fn json(&mut self) -> Result<Json, StrvalsError> {
        if self.scanner.empty_value() {
            return Ok(Json::Null);
        }
        let value = self.scanner.json()?;
        self.scanner.empty_value();
        Ok(value)
    }

    /// What stands between `{` and `}`; a comma behind it goes too.
    fn value_list(&mut self) -> Result<Json, StrvalsError> {
        let mut list = Vec::new();
        loop {
            let (text, stop) = self.scanner.until(&[',', '}']);
            match stop {
                None => return Err(StrvalsError::OpenList),
                Some('}') => {
                    self.scanner.take(',');
                    list.push(self.value(text)?);
                    return Ok(Json::Array(list));
                }
                Some(_) => list.push(self.value(text)?),
            }
        }
    }

    fn value(&mut self, text: String) -> Result<Json, StrvalsError> {
        match &mut self.form {
            Form::Typed => Ok(typed(text)),
            Form::File(reader) => reader(&text).map(Json::String).map_err(StrvalsError::File),
            Form::Text | Form::Json | Form::Literal => Ok(Json::String(text)),
        }
    }

    fn index(&mut self) -> Result<i64, StrvalsError> {
        let (text, Some(_)) = self.scanner.until(&[']']) else { return Err(StrvalsError::OpenIndex) };
        gotmpl::strconv::atoi(&text).map_err(|e| StrvalsError::Index {
            reason: match e.kind {
                gotmpl::strconv::NumErrorKind::Range => "value out of range",
                _ => "invalid syntax",
            },
            text,
        })
    }

    fn list_item(&mut self, list: &mut Vec<Json>, index: i64, place: Place) -> Result<(), StrvalsError> {
        let at = usize::try_from(index).map_err(|_| StrvalsError::NegativeIndex(index))?;
        let (data, stop) = self.scanner.until(&['[', '.', '=']);
        if !data.is_empty() {
            return Err(StrvalsError::DataAfterIndex(data));
        }
        match stop {
            None => Err(StrvalsError::End),
            Some('=') => {
                let value = match self.assigned()? {
                    Assigned::Value(value) => value,
                    Assigned::Nothing => Json::String(String::new()),
                };
                self.set_index(list, index, value)
            }
            Some('[') => {
                let next = self.index()?;
                let mut inner = match list.get_mut(at) {
                    None | Some(Json::Null) => Vec::new(),
                    Some(Json::Array(inner)) => std::mem::take(inner),
                    Some(other) => return Err(conversion(other, LIST)),
                };
                let result = self.list_item(&mut inner, next, place.deeper()?);
                if result.is_err() {
                    if let Some(Json::Array(old)) = list.get_mut(at) {
                        *old = inner;
                    }
                    return result;
                }
                self.set_index(list, index, Json::Array(inner))
            }
            Some(_) => match list.get_mut(at) {
                Some(item) => {
                    if !item.is_object() {
                        *item = Json::Object(Values::new());
                    }
                    let Json::Object(inner) = item else { return Ok(()) };
                    self.key(inner, place.deeper()?)
                }
                None => {
                    let mut inner = Values::new();
                    self.key(&mut inner, place.deeper()?)?;
                    self.set_index(list, index, Json::Object(inner))
                }
            },
        }
    }

    fn set_index(&mut self, list: &mut Vec<Json>, index: i64, value: Json) -> Result<(), StrvalsError> {
        let at = usize::try_from(index).map_err(|_| StrvalsError::NegativeIndex(index))?;
        if index > MAX_INDEX {
            return Err(StrvalsError::IndexTooLarge(index));
        }
        if list.len() <= at {
            self.made_items += at + 1 - list.len();
            if self.made_items > MAX_MADE_ITEMS {
                return Err(StrvalsError::TooManyItems);
            }
            list.resize(at + 1, Json::Null);
        }
        if let Some(item) = list.get_mut(at) {
            *item = value;
        }
        Ok(())
    }
}

/// Sets a value; the empty key is not set, as in Helm.
fn set(data: &mut Values, key: String, value: Json) {
    if !key.is_empty() {
        data.insert(key, value);
    }
}

fn typed(text: String) -> Json {
    // Go compares under Unicode folding, which knows one more `s`.
    let is = |word: &str| text.replace('ſ', "s").eq_ignore_ascii_case(word);
    if text.len() <= 6 {
        if is("true") {
            return Json::Bool(true);
        }
        if is("false") {
            return Json::Bool(false);
        }
        if is("null") {
            return Json::Null;
        }
    }
    if text == "0" {
        return Json::from(0i64);
    }
    if !text.starts_with('0')
        && let Ok(number) = text.parse::<i64>()
    {
        return Json::from(number);
    }
    Json::String(text)
}

fn conversion(value: &Json, want: &'static str) -> StrvalsError {
    let is = match value {
        Json::Null => "nil",
        Json::Bool(_) => "bool",
        Json::Number(n) if n.is_f64() => "float64",
        Json::Number(_) => "int64",
        Json::String(_) => "string",
        Json::Array(_) => LIST,
        Json::Object(_) => MAP,
    };
    StrvalsError::Conversion { is, want }
}
