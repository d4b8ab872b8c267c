//! The merge of maps as dario.cat/mergo 1.0.1 does it for `map[string]interface{}` values.
//!
//! Maps are merged in place and share their values with the sources: a map that was missing in the target *is* the
//! source's map afterwards.

use crate::args::{MAP, MAX_DEPTH, panic};
use crate::defaults::is_empty;
use gotmpl::exec::Limits;
use gotmpl::value::Kind;
use gotmpl::{FuncError, GoString, List, Map, Value};

/// Which values of the target give way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Empty ones.
    Fill,
    /// All; a map still is merged into a map.
    Overwrite,
}

/// Merges the sources into `target`, one after the other, and gives it; a nil target becomes a new map.
pub(crate) fn merge_all(limits: &Limits, target: Map, sources: &[Map], rule: Rule) -> Result<Map, FuncError> {
    let mut target = target;
    for source in sources {
        if target.is_nil() && !source.is_nil() {
            target = Map::new(MAP);
        }
        Merge { limits, rule, visited: 0 }.merge(&target, source, 0)?;
    }
    Ok(target)
}

/// One merge under way.
struct Merge<'l> {
    limits: &'l Limits,
    rule: Rule,
    /// Entries looked at so far: maps may share maps, so the depth alone does not bound the work.
    visited: usize,
}

impl Merge<'_> {
    fn merge(&mut self, target: &Map, source: &Map, depth: usize) -> Result<(), FuncError> {
        if depth > MAX_DEPTH {
            return panic(format!("value is nested deeper than {MAX_DEPTH} levels"));
        }
        for (key, new) in source.entries() {
            self.visited += 1;
            self.limits.items(self.visited)?;
            self.merge_entry(target, &key, new, depth)?;
        }
        Ok(())
    }

    fn merge_entry(&mut self, target: &Map, key: &GoString, new: Value, depth: usize) -> Result<(), FuncError> {
        let old = target.get(key);
        if matches!(new, Value::Nil) {
            return if self.rule == Rule::Overwrite { store(target, key, new) } else { Ok(()) };
        }
        match new.kind() {
            Kind::Map | Kind::Struct | Kind::Ptr => self.merge_into(old.as_ref(), &new, depth)?,
            Kind::Slice => self.store_slice(target, key, old.as_ref(), &new)?,
            _ => {}
        }
        if let Some(old) = old.as_ref().filter(|v| !is_empty(v)) {
            let both_maps = new.kind() == Kind::Map && old.kind() == Kind::Map;
            if new.kind() == Kind::Slice || both_maps || self.rule == Rule::Fill {
                return Ok(());
            }
        }
        store(target, key, new)
    }

    /// Merges a map (or struct) into what the target holds, where that is a map.
    fn merge_into(&mut self, old: Option<&Value>, new: &Value, depth: usize) -> Result<(), FuncError> {
        let Some(old) = old else { return Ok(()) };
        match (old.as_map(), old.kind()) {
            (Some(old), _) if !old.is_nil() => match new.as_map() {
                Some(new) => self.merge(&old, &new, depth + 1),
                None => Ok(()),
            },
            (None, Kind::Ptr) if new.kind() != Kind::Ptr && self.rule == Rule::Fill => {
                Err(FuncError::text("src and dst must be of same type"))
            }
            _ => Ok(()),
        }
    }

    /// HELM: a list counts as overwritable when the whole target map is empty; a missing one is made empty first.
    fn store_slice(&self, target: &Map, key: &GoString, old: Option<&Value>, new: &Value) -> Result<(), FuncError> {
        let value = match old {
            _ if self.rule == Rule::Overwrite || target.is_empty() => new.clone(),
            None | Some(Value::Nil) => match new {
                Value::List(list) => Value::List(List::new(list.go_type(), Vec::new())),
                other => other.clone(),
            },
            Some(old) => old.clone(),
        };
        store(target, key, value)
    }
}

/// Sets an entry, as far as the map's element type takes the value.
fn store(target: &Map, key: &GoString, value: Value) -> Result<(), FuncError> {
    let elem = target.go_type().elem.unwrap_or(crate::args::ANY);
    if elem.kind != Kind::Interface && value.go_type().is_none_or(|ty| ty.name != elem.name) {
        let text =
            format!("reflect.Value.SetMapIndex: value of type interface {{}} is not assignable to type {}", elem.name);
        return Err(FuncError::Panic(text));
    }
    if target.insert(key, value) { Ok(()) } else { Err(FuncError::Panic("assignment to entry in nil map".to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: &[(&str, Value)]) -> Map {
        Map::from_entries(MAP, entries.iter().map(|(k, v)| ((*k).into(), v.clone())))
    }

    #[test]
    fn filling_and_overwriting() {
        let target = map(&[("a", Value::int(1)), ("b", Value::str("")), ("m", map(&[("x", Value::int(1))]).into())]);
        let source = map(&[("a", Value::int(2)), ("b", Value::int(3)), ("m", map(&[("y", Value::int(2))]).into())]);
        let limits = Limits::default();
        merge_all(&limits, target.clone(), std::slice::from_ref(&source), Rule::Fill).unwrap();
        let text = |m: &Map| Value::Map(m.clone()).to_json().to_string();
        assert_eq!(text(&target), r#"{"a":1,"b":3,"m":{"x":1,"y":2}}"#);
        merge_all(&limits, target.clone(), &[source], Rule::Overwrite).unwrap();
        assert_eq!(text(&target), r#"{"a":2,"b":3,"m":{"x":1,"y":2}}"#);
    }

    #[test]
    fn a_map_in_itself_ends_the_merge() {
        let (a, b) = (Map::any(), Map::any());
        assert!(a.insert("s", a.clone().into()) && b.insert("s", b.clone().into()));
        assert!(merge_all(&Limits::default(), a.clone(), std::slice::from_ref(&b), Rule::Fill).is_err());
        a.remove("s");
        b.remove("s");
    }
}
