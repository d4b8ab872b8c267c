//! Lists. The functions of one name with and without `must` differ in Go (panic or error) but read the same.

use crate::args::{ANY, BOOL, INT, LIST, Params, Register, any, int, nil_pointer, panic, slice, tail};
use crate::defaults::is_empty;
use crate::numbers::{to_int64, truncate};
use gotmpl::exec::{Comparing, Limits, Stopped};
use gotmpl::value::{CallResult, deep_equal, types};
use gotmpl::{FuncError, FuncMap, GoType, List, Value};

pub(crate) fn add(map: &mut FuncMap) {
    map.rest("list", &[ANY], LIST, |a| Ok(Value::list(a.to_vec())));
    map.alias("tuple", "list");
    building(map);
    parts(map);
    searching(map);
    map.bounded_rest("concat", &[ANY], ANY, concat);
}

type Body = fn(&[Value]) -> CallResult;

/// Registers a function under its names, the `must` twin among them.
fn twins(map: &mut FuncMap, names: &[&'static str], params: Params, result: &'static GoType, body: Body) {
    for name in names {
        map.plain(name, params, result, body);
    }
}

/// The items of a list; `words` open the sentence when it is none.
fn items(value: &Value, words: &str) -> Result<List, FuncError> {
    match (slice(value), value.go_type()) {
        (Some(list), _) => Ok(list),
        (None, Some(ty)) => Err(FuncError::text(format!("{words} {}", ty.kind.name()))),
        (None, None) => Err(nil_pointer()),
    }
}

fn building(map: &mut FuncMap) {
    twins(map, &["append", "push", "mustAppend", "mustPush"], &[ANY, ANY], LIST, |a| {
        let mut list = items(any(a, 0), "Cannot push on type")?.to_vec();
        list.push(any(a, 1).clone());
        Ok(Value::list(list))
    });
    twins(map, &["prepend", "mustPrepend"], &[ANY, ANY], LIST, |a| {
        let mut list = vec![any(a, 1).clone()];
        list.extend_from_slice(&items(any(a, 0), "Cannot prepend on type")?);
        Ok(Value::list(list))
    });
    twins(map, &["reverse", "mustReverse"], &[ANY], LIST, |a| {
        Ok(Value::list(items(any(a, 0), "Cannot find reverse on type")?.iter().rev().cloned().collect()))
    });
    twins(map, &["compact", "mustCompact"], &[ANY], LIST, |a| {
        let list = items(any(a, 0), "Cannot compact on type")?;
        Ok(Value::list(list.iter().filter(|v| !is_empty(v)).cloned().collect()))
    });
    for name in ["uniq", "mustUniq"] {
        map.bounded(name, &[ANY], LIST, |limits, a| {
            let mut kept: Vec<Value> = Vec::new();
            let mut comparing = limits.comparing();
            for item in items(any(a, 0), "Cannot find uniq on type")?.iter() {
                if !holds(&kept, item, &mut comparing)? {
                    kept.push(item.clone());
                }
            }
            Ok(Value::list(kept))
        });
    }
    for name in ["without", "mustWithout"] {
        map.bounded_rest(name, &[ANY, ANY], LIST, |limits, a| {
            let mut kept: Vec<Value> = Vec::new();
            let mut comparing = limits.comparing();
            for item in items(any(a, 0), "Cannot find without on type")?.iter() {
                if !holds(tail(a, 1), item, &mut comparing)? {
                    kept.push(item.clone());
                }
            }
            Ok(Value::list(kept))
        });
    }
    twins(map, &["chunk", "mustChunk"], &[INT, ANY], types::LIST_LIST_ANY, |a| chunks(int(a, 0), any(a, 1)));
}

fn holds(list: &[Value], item: &Value, comparing: &mut Comparing<'_>) -> Result<bool, Stopped> {
    for value in list {
        if deep_equal(item, value, comparing)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn nil_list() -> Value {
    Value::List(List::nil(types::LIST_ANY))
}

fn parts(map: &mut FuncMap) {
    twins(map, &["first", "mustFirst"], &[ANY], ANY, |a| {
        Ok(items(any(a, 0), "Cannot find first on type")?.first().cloned().unwrap_or(Value::Nil))
    });
    twins(map, &["last", "mustLast"], &[ANY], ANY, |a| {
        Ok(items(any(a, 0), "Cannot find last on type")?.last().cloned().unwrap_or(Value::Nil))
    });
    twins(map, &["rest", "mustRest"], &[ANY], LIST, |a| {
        let list = items(any(a, 0), "Cannot find rest on type")?;
        Ok(list.split_first().map_or_else(nil_list, |(_, rest)| Value::list(rest.to_vec())))
    });
    twins(map, &["initial", "mustInitial"], &[ANY], LIST, |a| {
        let list = items(any(a, 0), "Cannot find initial on type")?;
        Ok(list.split_last().map_or_else(nil_list, |(_, rest)| Value::list(rest.to_vec())))
    });
    for name in ["slice", "mustSlice"] {
        map.rest(name, &[ANY, ANY], ANY, |a| {
            let list = items(any(a, 0), "list should be type of slice or array but")?;
            if list.is_empty() {
                return Ok(Value::Nil);
            }
            let start = a.get(1).map_or(0, to_int64);
            let end = a.get(2).map_or(i64::try_from(list.len()).unwrap_or(i64::MAX), to_int64);
            match (usize::try_from(start), usize::try_from(end)) {
                (Ok(start), Ok(end)) if start <= end && end <= list.capacity() => {
                    let mut part: Vec<Value> = list.iter().take(end).skip(start).cloned().collect();
                    // Beyond the length, lists from JSON have room for more.
                    part.resize(end - start, Value::Nil);
                    let ty = if list.capacity() > list.len() { LIST } else { list.go_type() };
                    Ok(Value::List(List::new(ty, part)))
                }
                _ => panic("reflect.Value.Slice: slice index out of bounds"),
            }
        });
    }
}

fn searching(map: &mut FuncMap) {
    for name in ["has", "mustHas"] {
        map.bounded(name, &[ANY, ANY], BOOL, |limits, a| {
            if matches!(any(a, 1), Value::Nil) {
                return Ok(Value::Bool(false));
            }
            let list = items(any(a, 1), "Cannot find has on type")?;
            Ok(Value::Bool(holds(&list, any(a, 0), &mut limits.comparing())?))
        });
    }
}

fn concat(limits: &Limits, args: &[Value]) -> CallResult {
    let mut all = Vec::new();
    for value in args {
        match (slice(value), value.go_type()) {
            (Some(list), _) => {
                limits.items(all.len() + list.len())?;
                all.extend_from_slice(&list);
            }
            (None, Some(ty)) => return panic(format!("Cannot concat type {} as list", ty.kind.name())),
            (None, None) => return Err(nil_pointer()),
        }
    }
    Ok(if all.is_empty() { nil_list() } else { Value::list(all) })
}

/// The list in pieces of `size`. HELM: the number of pieces comes from float division, whatever the sign of `size`.
fn chunks(size: i64, value: &Value) -> CallResult {
    const TOO_LONG: &str = "runtime error: makeslice: len out of range";
    let list = items(value, "Cannot chunk type")?;
    let length = list.len() as f64;
    let count = truncate(((length - 1.0) / size as f64).floor() + 1.0);
    if count < 0 {
        return panic(TOO_LONG);
    }
    let mut pieces = Vec::new();
    for n in 0..count {
        let mut wanted = size;
        if n == count - 1 {
            wanted = truncate((length % size as f64).floor());
            if wanted == 0 {
                wanted = size;
            }
        }
        let Ok(wanted) = usize::try_from(wanted) else { return panic(TOO_LONG) };
        let start = usize::try_from(n.saturating_mul(size)).unwrap_or(usize::MAX);
        match list.get(start..start.saturating_add(wanted)) {
            Some(piece) => pieces.push(Value::list(piece.to_vec())),
            None => return panic("reflect: slice index out of range"),
        }
    }
    Ok(Value::List(List::new(types::LIST_LIST_ANY, pieces)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces() {
        let list = Value::list((0..5).map(Value::int).collect());
        let Ok(Value::List(pieces)) = chunks(2, &list) else { panic!() };
        assert_eq!(pieces.iter().map(|p| p.as_list().unwrap().len()).collect::<Vec<_>>(), [2, 2, 1]);
        assert!(chunks(0, &list).is_err());
        assert!(chunks(-2, &list).is_err());
    }
}
