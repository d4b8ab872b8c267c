//! Slash paths; the `os…` twins are the same, since charts are rendered by Unix rules.

use crate::args::{BOOL, Register, STR, text};
use gotmpl::{FuncMap, Value};

pub(crate) fn add(map: &mut FuncMap) {
    map.plain("base", &[STR], STR, |a| Ok(Value::str(base(text(a, 0)))));
    map.plain("dir", &[STR], STR, |a| Ok(Value::str(dir(text(a, 0)))));
    map.plain("clean", &[STR], STR, |a| Ok(Value::str(clean(text(a, 0)))));
    map.plain("ext", &[STR], STR, |a| Ok(Value::str(ext(text(a, 0)))));
    map.plain("isAbs", &[STR], BOOL, |a| Ok(Value::Bool(text(a, 0).starts_with(b"/"))));
    for (os, name) in
        [("osBase", "base"), ("osDir", "dir"), ("osClean", "clean"), ("osExt", "ext"), ("osIsAbs", "isAbs")]
    {
        map.alias(os, name);
    }
}

/// The last element; `.` for the empty path and `/` for slashes only.
pub fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let end = path.iter().rposition(|b| *b != b'/').map_or(0, |n| n + 1);
    match path.get(..end).unwrap_or_default().rsplit(|b| *b == b'/').next() {
        Some(last) if !last.is_empty() => last,
        _ => b"/",
    }
}

fn dir(path: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|b| *b == b'/').map_or(0, |n| n + 1);
    clean(path.get(..end).unwrap_or_default())
}

/// What stands from the last dot of the last element on.
fn ext(path: &[u8]) -> &[u8] {
    let last = path.rsplit(|b| *b == b'/').next().unwrap_or_default();
    last.iter().rposition(|b| *b == b'.').and_then(|dot| last.get(dot..)).unwrap_or_default()
}

/// The elements joined by slashes and cleaned; empty when all are empty (Go's `path.Join`).
pub fn join(elements: &[&[u8]]) -> Vec<u8> {
    let elements: Vec<&[u8]> = elements.iter().copied().filter(|e| !e.is_empty()).collect();
    if elements.is_empty() { Vec::new() } else { clean(&elements.join(&b'/')) }
}

/// The shortest path that means the same.
pub fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut kept: Vec<&[u8]> = Vec::new();
    for element in path.split(|b| *b == b'/') {
        match element {
            b"" | b"." => {}
            b".." if kept.last().is_some_and(|last| *last != b"..") => {
                kept.pop();
            }
            b".." if rooted => {}
            _ => kept.push(element),
        }
    }
    let joined = kept.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", joined.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cut() {
        assert_eq!((base(b"a/b//"), base(b"//"), base(b"")), (&b"b"[..], &b"/"[..], &b"."[..]));
        assert_eq!(clean(b"../a/./b/../../.."), b"../..");
        assert_eq!(clean(b"/../a"), b"/a");
        assert_eq!((ext(b"a.b/c"), ext(b"a.tar.gz")), (&b""[..], &b".gz"[..]));
        assert_eq!(dir(b"a/b"), b"a");
    }
}
