//! Decoded data as Go's `%#v` prints it, for error texts.

use crate::decode::Data;
use gotmpl::strconv;

/// Longest text made; error texts need no more. A cut text ends in `...`.
const MAX_LEN: usize = 1 << 16;

/// Gives the data in Go's syntax.
pub(crate) fn format(data: &Data<'_>) -> String {
    let mut out = String::new();
    write(data, &mut out, false);
    if out.len() > MAX_LEN {
        out.truncate(out.floor_char_boundary(MAX_LEN));
        out.push_str("...");
    }
    out
}

fn write(data: &Data<'_>, out: &mut String, nested: bool) {
    if out.len() > MAX_LEN {
        return;
    }
    match data {
        Data::Null if nested => out.push_str("interface {}(nil)"),
        Data::Null => out.push_str("<nil>"),
        Data::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Data::Int(i) => out.push_str(&i.to_string()),
        Data::Uint(u) => out.push_str(&format!("{u:#x}")),
        Data::Float(f) => out.push_str(&strconv::format_float(*f, b'g', -1, 64)),
        Data::Str(s) => out.push_str(&strconv::quote(s.as_bytes())),
        Data::Bytes(b) => out.push_str(&strconv::quote(b)),
        Data::List(items) => {
            out.push_str("[]interface {}{");
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write(item, out, true);
            }
            out.push('}');
        }
        Data::Map(entries) => {
            out.push_str("map[interface {}]interface {}{");
            for (i, (key, value)) in entries.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write(key, out, true);
                out.push(':');
                write(value, out, true);
            }
            out.push('}');
        }
    }
}

/// The Go type of a key that JSON cannot have.
pub(crate) fn type_name(data: &Data<'_>) -> &'static str {
    match data {
        Data::Null => "%!s(<nil>)",
        Data::Uint(_) => "uint64",
        Data::Bool(_) => "bool",
        Data::Int(_) => "int",
        Data::Float(_) => "float64",
        Data::Str(_) | Data::Bytes(_) => "string",
        Data::List(_) => "[]interface {}",
        Data::Map(_) => "map[interface {}]interface {}",
    }
}
