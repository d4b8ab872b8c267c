//! Strings: trimming, cutting, joining, quoting, counting. Case and word changes are in [`super::words`].

use crate::args::{ANY, BOOL, INT, Register, STR, any, int, panic, slice, text};
use crate::find::{Finder, find};
use crate::unicode;
use gotmpl::exec::{Limits, Stopped};
use gotmpl::strconv::utf8;
use gotmpl::value::{CallResult, types};
use gotmpl::{FuncError, FuncMap, GoString, List, Map, Value};
use std::collections::BTreeSet;

pub(crate) fn add(map: &mut FuncMap) {
    trimming(map);
    cutting(map);
    joining(map);
    testing(map);
    map.plain("hello", &[], STR, |_| Ok(Value::str("Hello!")));
    map.plain("fail", &[STR], STR, |a| Err(FuncError::Text(GoString::from(text(a, 0)).to_text().into_owned())));
}

fn trimming(map: &mut FuncMap) {
    map.plain("trim", &[STR], STR, |a| Ok(Value::str(unicode::trim(text(a, 0), unicode::is_space))));
    let trim_all = |a: &[Value]| {
        let cut: BTreeSet<u32> = utf8::runes(text(a, 0)).map(|(_, rune)| rune).collect();
        Ok(Value::str(unicode::trim(text(a, 1), |rune| cut.contains(&rune))))
    };
    map.plain("trimAll", &[STR, STR], STR, trim_all);
    map.plain("trimall", &[STR, STR], STR, trim_all);
    map.plain("trimSuffix", &[STR, STR], STR, |a| {
        let s = text(a, 1);
        Ok(Value::str(s.strip_suffix(text(a, 0)).unwrap_or(s)))
    });
    map.plain("trimPrefix", &[STR, STR], STR, |a| {
        let s = text(a, 1);
        Ok(Value::str(s.strip_prefix(text(a, 0)).unwrap_or(s)))
    });
    map.plain("nospace", &[STR], STR, |a| Ok(Value::str(without_space(text(a, 0)))));
}

/// HELM: goutils looks at bytes, not characters: once a space is found, every other byte is written as the Latin-1
/// character of its number.
fn without_space(s: &[u8]) -> Vec<u8> {
    if !s.iter().any(|b| unicode::is_space(u32::from(*b))) {
        return s.to_vec();
    }
    let mut out = Vec::with_capacity(s.len());
    for b in s.iter().filter(|b| !unicode::is_space(u32::from(**b))) {
        utf8::push_rune(&mut out, u32::from(*b));
    }
    out
}

fn cutting(map: &mut FuncMap) {
    map.plain("substr", &[INT, INT, STR], STR, |a| substring(int(a, 0), int(a, 1), text(a, 2)));
    map.plain("trunc", &[INT, STR], STR, |a| Ok(Value::str(truncated(int(a, 0), text(a, 1)))));
    map.plain("abbrev", &[INT, STR], STR, |a| {
        let (width, s) = (int(a, 0), text(a, 1));
        Ok(Value::str(if width < 4 { s.to_vec() } else { abbreviated(s, 0, width) }))
    });
    map.plain("abbrevboth", &[INT, INT, STR], STR, |a| {
        let (left, right, s) = (int(a, 0), int(a, 1), text(a, 2));
        let as_is = right < 4 || left > 0 && right < 7;
        Ok(Value::str(if as_is { s.to_vec() } else { abbreviated(s, left, right) }))
    });
    map.bounded("split", &[STR, STR], types::MAP_STRING, |l, a| split(l, text(a, 1), text(a, 0), None).map(numbered));
    map.bounded("splitn", &[STR, INT, STR], types::MAP_STRING, |l, a| {
        split(l, text(a, 2), text(a, 0), usize::try_from(int(a, 1)).ok()).map(numbered)
    });
    map.bounded("splitList", &[STR, STR], types::LIST_STRING, |l, a| {
        split(l, text(a, 1), text(a, 0), None).map(Value::string_list)
    });
}

/// Go's `s[start:end]`, with its panic.
fn go_slice(s: &[u8], start: i64, end: i64) -> CallResult {
    let len = s.len();
    match (usize::try_from(start), usize::try_from(end)) {
        (_, Ok(end)) if end > len => {
            panic(format!("runtime error: slice bounds out of range [:{end}] with length {len}"))
        }
        (_, Err(_)) => panic(format!("runtime error: slice bounds out of range [:{end}]")),
        (Ok(start), Ok(end)) => match s.get(start..end) {
            Some(part) => Ok(Value::str(part)),
            None => panic(format!("runtime error: slice bounds out of range [{start}:{end}]")),
        },
        (Err(_), Ok(_)) => panic(format!("runtime error: slice bounds out of range [{start}:]")),
    }
}

fn substring(start: i64, end: i64, s: &[u8]) -> CallResult {
    let len = i64::try_from(s.len()).unwrap_or(i64::MAX);
    if start < 0 {
        return go_slice(s, 0, end);
    }
    go_slice(s, start, if end < 0 || end > len { len } else { end })
}

fn truncated(count: i64, s: &[u8]) -> &[u8] {
    let n = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count >= 0 {
        return s.get(..n).unwrap_or(s);
    }
    match s.len().checked_sub(n) {
        Some(start) if start > 0 => s.get(start..).unwrap_or(s),
        _ => s,
    }
}

/// goutils' abbreviation with `...`, from `offset` on; `width` is at least 4, and 7 with an offset.
fn abbreviated(s: &[u8], offset: i64, width: i64) -> Vec<u8> {
    const MARKER: &[u8] = b"...";
    let width = usize::try_from(width).unwrap_or(usize::MAX);
    if s.len() <= width {
        return s.to_vec();
    }
    let kept = width.saturating_sub(MARKER.len());
    let offset = usize::try_from(offset).unwrap_or(0).min(s.len());
    let offset = if s.len() - offset < kept { s.len() - kept } else { offset };
    if offset <= 4 {
        return [s.get(..kept).unwrap_or(s), MARKER].concat();
    }
    let from = if offset + kept < s.len() { offset } else { s.len() - kept };
    let rest = s.get(from..).unwrap_or_default();
    let end = if from == offset && offset + kept < s.len() { abbreviated(rest, 0, kept as i64) } else { rest.to_vec() };
    [MARKER, &end].concat()
}

/// `strings.SplitN`; `None` splits everywhere.
fn split<'a>(limits: &Limits, s: &'a [u8], separator: &[u8], limit: Option<usize>) -> Result<Vec<&'a [u8]>, FuncError> {
    let limit = limit.unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut rest = s;
    if limit == 0 || (s.is_empty() && separator.is_empty()) {
        return Ok(parts);
    }
    let finder = Finder::new(separator);
    while parts.len() + 1 < limit {
        let (end, next) = if separator.is_empty() {
            let width = utf8::decode_rune(rest).1;
            if width >= rest.len() {
                break;
            }
            (width, width)
        } else {
            let Some(at) = finder.find(rest) else { break };
            (at, at + separator.len())
        };
        limits.items(parts.len() + 1)?;
        parts.push(rest.get(..end).unwrap_or_default());
        rest = rest.get(next..).unwrap_or_default();
    }
    limits.items(parts.len() + 1)?;
    parts.push(rest);
    Ok(parts)
}

/// `{_0: …, _1: …}`
fn numbered(parts: Vec<&[u8]>) -> Value {
    let entries = parts.into_iter().enumerate().map(|(n, part)| (GoString::from(format!("_{n}")), Value::str(part)));
    Value::Map(Map::from_entries(types::MAP_STRING, entries))
}

fn joining(map: &mut FuncMap) {
    map.bounded("repeat", &[INT, STR], STR, |l, a| repeated(l, text(a, 1), int(a, 0)).map(Value::str));
    map.bounded("indent", &[INT, STR], STR, |l, a| indented(l, int(a, 0), text(a, 1)).map(Value::str));
    map.bounded("nindent", &[INT, STR], STR, |l, a| {
        indented(l, int(a, 0), text(a, 1)).map(|s| Value::str([b"\n", s.as_slice()].concat()))
    });
    map.bounded("replace", &[STR, STR, STR], STR, |l, a| {
        replaced(l, text(a, 2), text(a, 0), text(a, 1)).map(Value::str)
    });
    map.plain("plural", &[STR, STR, INT], STR, |a| Ok(any(a, usize::from(int(a, 2) != 1)).clone()));
    map.bounded("join", &[STR, ANY], STR, |limits, a| {
        let (parts, separator) = (strings(limits, any(a, 1))?, text(a, 0));
        let length = parts.iter().map(Vec::len).sum::<usize>();
        limits.text(separator.len().checked_mul(parts.len()).and_then(|n| n.checked_add(length)))?;
        Ok(Value::str(parts.join(separator)))
    });
    map.bounded("toString", &[ANY], STR, |l, a| Ok(Value::str(string(l, any(a, 0))?)));
    map.bounded("toStrings", &[ANY], types::LIST_STRING, |limits, a| match any(a, 0) {
        // Go hands it on: a nil one stays nil.
        Value::List(list) if list.go_type() == types::LIST_STRING => Ok(Value::List(list.clone())),
        value => strings(limits, value).map(Value::string_list),
    });
    map.bounded("sortAlpha", &[ANY], types::LIST_STRING, |limits, a| {
        match any(a, 0) {
            // Go sorts the list that was given.
            Value::List(list) if list.go_type() == types::LIST_STRING => return Ok(Value::List(list.sort_texts())),
            value if slice(value).is_none() => return Ok(Value::string_list([string(limits, value)?])),
            _ => {}
        }
        let mut items = strings(limits, any(a, 0))?;
        items.sort();
        Ok(Value::string_list(items))
    });
    map.bounded_rest("quote", &[ANY], STR, |l, a| {
        each(l, a, |v| Ok(gotmpl::strconv::quote(string(l, v)?).into_bytes()))
    });
    map.bounded_rest("squote", &[ANY], STR, |l, a| {
        each(l, a, |v| Ok([b"'", l.format_v(v)?.as_slice(), b"'"].concat()))
    });
    map.bounded_rest("cat", &[ANY], STR, |l, a| each(l, a, |v| l.format_v(v)));
}

/// Every argument that is not nil, printed and joined by spaces.
fn each(limits: &Limits, args: &[Value], print: impl Fn(&Value) -> Result<Vec<u8>, Stopped>) -> CallResult {
    let mut out = Vec::new();
    for (n, value) in args.iter().filter(|v| !matches!(v, Value::Nil)).enumerate() {
        if n > 0 {
            out.push(b' ');
        }
        out.extend(print(value)?);
        limits.text(out.len())?;
    }
    Ok(Value::str(out))
}

/// `strings.Repeat`
fn repeated(limits: &Limits, s: &[u8], count: i64) -> Result<Vec<u8>, FuncError> {
    let Ok(count) = usize::try_from(count) else { return panic("strings: negative Repeat count") };
    limits.text(s.len().checked_mul(count))?;
    Ok(s.repeat(count))
}

fn indented(limits: &Limits, spaces: i64, s: &[u8]) -> Result<Vec<u8>, FuncError> {
    let pad = repeated(limits, b" ", spaces)?;
    let lines = s.iter().filter(|b| **b == b'\n').count() + 1;
    limits.text(pad.len().checked_mul(lines).and_then(|n| n.checked_add(s.len())))?;
    let mut out = pad.clone();
    for b in s {
        out.push(*b);
        if *b == b'\n' {
            out.extend_from_slice(&pad);
        }
    }
    Ok(out)
}

/// `strings.ReplaceAll`: an empty `old` matches before every character and at the end.
fn replaced(limits: &Limits, s: &[u8], old: &[u8], new: &[u8]) -> Result<Vec<u8>, FuncError> {
    let finder = Finder::new(old);
    let mut out = Vec::with_capacity(s.len());
    let mut rest = s;
    loop {
        let (kept, skipped) = if old.is_empty() {
            out.extend_from_slice(new);
            let width = utf8::decode_rune(rest).1;
            (width, width)
        } else {
            match finder.find(rest) {
                Some(at) => (at, at + old.len()),
                None => (rest.len(), rest.len()),
            }
        };
        out.extend_from_slice(rest.get(..kept).unwrap_or_default());
        if skipped > kept {
            out.extend_from_slice(new);
        }
        limits.text(out.len())?;
        if rest.is_empty() || (skipped == kept && !old.is_empty()) {
            return Ok(out);
        }
        rest = rest.get(skipped..).unwrap_or_default();
    }
}

/// sprig's `strval`: strings and bytes as they are, everything else printed.
///
/// # Errors
/// The text would be too long.
pub(crate) fn string(limits: &Limits, value: &Value) -> Result<Vec<u8>, Stopped> {
    Ok(match value {
        Value::String(s) => s.to_vec(),
        Value::List(list) if list.go_type().name == types::BYTES.name => bytes(list),
        other => limits.format_v(other)?,
    })
}

fn bytes(list: &List) -> Vec<u8> {
    list.iter().map(|v| if let Value::Uint(_, b) = v { *b as u8 } else { 0 }).collect()
}

/// sprig's `strslice`: the items that are not nil, or the value itself as the only one.
fn strings(limits: &Limits, value: &Value) -> Result<Vec<Vec<u8>>, FuncError> {
    let Some(list) = slice(value) else {
        return Ok(if matches!(value, Value::Nil) { Vec::new() } else { vec![string(limits, value)?] });
    };
    let mut bytes = 0;
    let mut texts = Vec::new();
    for item in list.iter().filter(|v| !matches!(v, Value::Nil)) {
        let text = string(limits, item)?;
        bytes += text.len();
        limits.text(bytes)?;
        texts.push(text);
    }
    Ok(texts)
}

fn testing(map: &mut FuncMap) {
    map.plain("contains", &[STR, STR], BOOL, |a| Ok(Value::Bool(find(text(a, 1), text(a, 0)).is_some())));
    map.plain("hasPrefix", &[STR, STR], BOOL, |a| Ok(Value::Bool(text(a, 1).starts_with(text(a, 0)))));
    map.plain("hasSuffix", &[STR, STR], BOOL, |a| Ok(Value::Bool(text(a, 1).ends_with(text(a, 0)))));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_go() {
        let l = &Limits::default();
        assert_eq!(split(l, b"a,b,c", b",", Some(2)).unwrap(), [&b"a"[..], b"b,c"]);
        assert_eq!(split(l, "aé".as_bytes(), b"", None).unwrap(), ["a".as_bytes(), "é".as_bytes()]);
        assert_eq!(split(l, b"", b",", None).unwrap(), [b""]);
        assert_eq!(split(l, b"abc", b"", Some(2)).unwrap(), [&b"a"[..], b"bc"]);
        assert_eq!(replaced(l, b"a,,b", b",", b";;").unwrap(), b"a;;;;b");
        assert_eq!(replaced(l, b"ab", b"", b"-").unwrap(), b"-a-b-");
    }

    #[test]
    fn abbreviations() {
        assert_eq!(abbreviated(b"hello world", 0, 5), b"he...");
        assert_eq!(abbreviated(b"1234 5678 9123", 5, 10), b"...5678...");
    }

    #[test]
    fn spaces_are_looked_for_in_bytes() {
        assert_eq!(without_space("é a".as_bytes()), "Ã©a".as_bytes());
        assert_eq!(without_space("é".as_bytes()), "é".as_bytes());
    }
}
