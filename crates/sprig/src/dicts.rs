//! Dicts: maps with string keys, changed in place as in Go.

use crate::args::{ANY, BOOL, LIST, MAP, MAX_DEPTH, Register, STR, any, map, panic, tail, text};
use crate::merge::{Rule, merge_all};
use crate::strings::string;
use gotmpl::exec::Limits;
use gotmpl::value::{CallResult, types};
use gotmpl::{FuncError, FuncMap, Function, GoString, List, Map, Value};
use std::collections::BTreeSet;

pub(crate) fn add(functions: &mut FuncMap) {
    functions.bounded_rest("dict", &[ANY], MAP, |limits, a| {
        let entry = |pair: &[Value]| {
            let key = GoString::from(string(limits, any(pair, 0))?);
            Ok((key, pair.get(1).cloned().unwrap_or_else(|| Value::str(""))))
        };
        Ok(Value::map(a.chunks(2).map(entry).collect::<Result<Vec<_>, FuncError>>()?))
    });
    entries(functions);
    choosing(functions);
    merging(functions);
    functions.rest("dig", &[ANY], ANY, dig);
    for name in ["deepCopy", "mustDeepCopy"] {
        functions.add(Function::new(name, &[ANY], ANY, |exec, a| {
            let mut visited = 0;
            let copy = copy(exec.limits(), any(a, 0), &mut visited)?;
            exec.charge(visited as u64 * COPIED_BYTES)?;
            Ok(copy)
        }));
    }
}

fn entries(functions: &mut FuncMap) {
    functions.plain("get", &[MAP, STR], ANY, |a| Ok(map(a, 0).get(text(a, 1)).unwrap_or_else(|| Value::str(""))));
    functions.plain("set", &[MAP, STR, ANY], MAP, |a| {
        let target = map(a, 0);
        if target.insert(text(a, 1), any(a, 2).clone()) {
            Ok(Value::Map(target))
        } else {
            panic("assignment to entry in nil map")
        }
    });
    functions.plain("unset", &[MAP, STR], MAP, |a| {
        map(a, 0).remove(text(a, 1));
        Ok(Value::Map(map(a, 0)))
    });
    functions.plain("hasKey", &[MAP, STR], BOOL, |a| Ok(Value::Bool(map(a, 0).contains_key(text(a, 1)))));
}

fn choosing(functions: &mut FuncMap) {
    functions.rest("pluck", &[STR, MAP], LIST, |a| {
        let maps = (1..a.len()).map(|n| map(a, n));
        Ok(Value::list(maps.filter_map(|m| m.get(text(a, 0))).collect()))
    });
    // HELM: Go gives keys and values in random order; here they are in the order of the keys.
    functions.rest("keys", &[MAP], types::LIST_STRING, |a| {
        Ok(Value::string_list((0..a.len()).flat_map(|n| map(a, n).keys())))
    });
    functions.plain("values", &[MAP], LIST, |a| {
        Ok(Value::list(map(a, 0).entries().into_iter().map(|(_, value)| value).collect()))
    });
    functions.rest("pick", &[MAP, STR], MAP, |a| {
        let from = map(a, 0);
        let keys = tail(a, 1).iter().filter_map(Value::as_str);
        Ok(Value::map(keys.filter_map(|key| Some((key.clone(), from.get(key)?)))))
    });
    functions.rest("omit", &[MAP, STR], MAP, |a| {
        let omitted: BTreeSet<&GoString> = tail(a, 1).iter().filter_map(Value::as_str).collect();
        Ok(Value::map(map(a, 0).entries().into_iter().filter(|(key, _)| !omitted.contains(key))))
    });
}

fn merging(functions: &mut FuncMap) {
    fn merge(limits: &Limits, args: &[Value], rule: Rule) -> Result<Value, FuncError> {
        let sources: Vec<Map> = (1..args.len()).map(|n| map(args, n)).collect();
        merge_all(limits, map(args, 0), &sources, rule).map(Value::Map)
    }
    /// Errors are swallowed, panics and budgets are not.
    fn lenient(result: CallResult) -> CallResult {
        match result {
            Err(FuncError::Text(_)) => Ok(Value::str("")),
            other => other,
        }
    }
    functions.bounded_rest("merge", &[MAP, MAP], ANY, |l, a| lenient(merge(l, a, Rule::Fill)));
    functions.bounded_rest("mustMerge", &[MAP, MAP], ANY, |l, a| merge(l, a, Rule::Fill));
    functions.bounded_rest("mergeOverwrite", &[MAP, MAP], ANY, |l, a| lenient(merge(l, a, Rule::Overwrite)));
    functions.bounded_rest("mustMergeOverwrite", &[MAP, MAP], ANY, |l, a| merge(l, a, Rule::Overwrite));
}

/// What Go says when an interface holds another type than the one asserted.
fn conversion<T>(value: &Value, want: &str) -> Result<T, FuncError> {
    let is = value.go_type().map_or("nil", |ty| ty.name);
    panic(format!("interface conversion: interface {{}} is {is}, not {want}"))
}

/// `value.(map[string]interface{})`
fn plain_map(value: &Value) -> Result<Map, FuncError> {
    match value {
        Value::Map(m) if m.go_type().name == MAP.name => Ok(m.clone()),
        other => conversion(other, MAP.name),
    }
}

/// `dig KEY… DEFAULT DICT`
fn dig(args: &[Value]) -> CallResult {
    let [keys @ .., default, from] = args else { return panic("dig needs at least three arguments") };
    if keys.is_empty() {
        return panic("dig needs at least three arguments");
    }
    let mut at = plain_map(from)?;
    for key in keys {
        if key.as_str().is_none() {
            return conversion(key, STR.name);
        }
    }
    for (n, key) in keys.iter().enumerate() {
        let Some(value) = at.get(key.as_str().map_or(&[][..], GoString::as_bytes)) else { return Ok(default.clone()) };
        if n + 1 == keys.len() {
            return Ok(value);
        }
        at = plain_map(&value)?;
    }
    Ok(default.clone())
}

/// About what the copy of one value takes.
const COPIED_BYTES: u64 = 64;

fn copy(limits: &Limits, value: &Value, visited: &mut usize) -> CallResult {
    match value {
        Value::Nil => panic("reflect: call of reflect.Value.Type on zero Value"),
        other => copied(limits, other, 0, visited),
    }
}

/// A copy that shares no map with the original; structs, which no template can change, stay the same,
/// but for versions.
fn copied(limits: &Limits, value: &Value, depth: usize, visited: &mut usize) -> CallResult {
    if depth > MAX_DEPTH {
        return panic(format!("value is nested deeper than {MAX_DEPTH} levels"));
    }
    *visited += 1;
    limits.items(*visited)?;
    match value {
        Value::List(list) if !list.is_nil() => {
            let items = list.iter().map(|v| copied(limits, v, depth + 1, visited)).collect::<Result<_, _>>()?;
            Ok(Value::List(List::new(list.go_type(), items)))
        }
        Value::Map(m) if !m.is_nil() => {
            let entries = m.entries().into_iter().map(|(k, v)| Ok((k, copied(limits, &v, depth + 1, visited)?)));
            Ok(Value::Map(Map::from_entries(m.go_type(), entries.collect::<Result<Vec<_>, FuncError>>()?)))
        }
        Value::Object(object) => Ok(object.deep_copy(false).unwrap_or_else(|| value.clone())),
        other => Ok(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_in_itself_ends_the_copy() {
        let m = Map::any();
        assert!(m.insert("self", Value::Map(m.clone())));
        assert!(copy(&Limits::default(), &Value::Map(m.clone()), &mut 0).is_err());
        m.remove("self");
    }

    #[test]
    fn the_copy_of_a_version_is_empty() {
        let text = |value: &Value| gotmpl::fmt::format_v(value);
        let mut map = FuncMap::default();
        crate::versions::add(&mut map);
        let none = gotmpl::parse::TemplateSet::default();
        let mut exec = gotmpl::exec::Exec::new(&none, &map, Default::default(), Default::default());
        let version = (map.get("semver").unwrap().body)(&mut exec, &[Value::str("1.2.3-a")]).unwrap();
        assert_eq!(text(&version), b"1.2.3-a");
        // Go's copy cannot set what is not exported.
        assert_eq!(text(&copy(&gotmpl::exec::Limits::default(), &version, &mut 0).unwrap()), b"0.0.0");
    }

    #[test]
    fn dig_checks_types_on_the_way() {
        let d = Value::map([("a".into(), Value::map([("b".into(), Value::int(1))]))]);
        assert_eq!(dig(&["a".into(), "b".into(), Value::Nil, d.clone()]).unwrap().kind().name(), "int");
        let error = dig(&["a".into(), "b".into(), "c".into(), Value::Nil, d]).err().map(|e| e.to_string());
        assert_eq!(error.as_deref(), Some("interface conversion: interface {} is int, not map[string]interface {}"));
    }
}
