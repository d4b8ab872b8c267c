//! Go's `fmt` over [`Value`]s: `Sprintf`, `Sprint`, `Sprintln`.
//!
//! `printf` reads directives, `print` walks values, `pad` writes one scalar with its flags, `named` knows the
//! methods of Go's own named integers.

mod duration;
mod named;
mod pad;
mod print;
mod printf;

pub use duration::{duration_in_units, duration_round, duration_string, duration_truncate};
pub use named::{MONTHS, WEEKDAYS, named_method};

use crate::value::Value;
use pad::Printer;

/// Most bytes that one call gives; beyond that the text is cut. A width goes up to a million, so a short format could
/// otherwise ask for any amount of memory.
pub const MAX_OUTPUT_BYTES: usize = 64 << 20;

/// The text of one call would be longer than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("formatted text is longer than {limit} bytes")]
pub struct TooLong {
    /// The limit in bytes.
    pub limit: usize,
}

impl Printer {
    fn within(self, limit: usize) -> Result<Vec<u8>, TooLong> {
        if self.is_full() { Err(TooLong { limit }) } else { Ok(self.into_bytes()) }
    }
}

/// The text of `format` with `args` in place of its directives; mistakes become Go's `%!` notes in the text.
pub fn sprintf(format: &[u8], args: &[Value]) -> Vec<u8> {
    let mut printer = Printer::new(MAX_OUTPUT_BYTES);
    printf::print_format(&mut printer, format, args);
    printer.into_bytes()
}

/// As [`sprintf`], as text: one U+FFFD for each broken byte.
pub(crate) fn sprintf_text(format: &str, args: &[Value]) -> String {
    crate::strconv::utf8::to_text(&sprintf(format.as_bytes(), args)).into_owned()
}

/// As [`sprintf`] with an own limit.
///
/// # Errors
/// The text would be longer than `limit` bytes.
pub fn sprintf_within(format: &[u8], args: &[Value], limit: usize) -> Result<Vec<u8>, TooLong> {
    let mut printer = Printer::new(limit);
    printf::print_format(&mut printer, format, args);
    printer.within(limit)
}

/// The values as `%v`, a space between two neighbours when neither is a string.
pub fn sprint(args: &[Value]) -> Vec<u8> {
    spaced(parts(args), MAX_OUTPUT_BYTES).into_bytes()
}

/// As [`sprint`] with an own limit.
///
/// # Errors
/// The text would be longer than `limit` bytes.
pub fn sprint_within(args: &[Value], limit: usize) -> Result<Vec<u8>, TooLong> {
    sprint_parts(parts(args), limit)
}

/// As [`sprint_within`] for values of which the caller says whether they are strings to Go.
pub(crate) fn sprint_parts<'v>(
    parts: impl IntoIterator<Item = (&'v Value, bool)>,
    limit: usize,
) -> Result<Vec<u8>, TooLong> {
    spaced(parts, limit).within(limit)
}

fn parts(args: &[Value]) -> impl Iterator<Item = (&Value, bool)> {
    args.iter().map(|arg| (arg, arg.kind() == crate::value::Kind::String))
}

fn spaced<'v>(parts: impl IntoIterator<Item = (&'v Value, bool)>, limit: usize) -> Printer {
    let mut printer = Printer::new(limit);
    let mut after_string = true;
    for (arg, is_string) in parts {
        if !is_string && !after_string {
            printer.push(b' ');
        }
        printer.print_arg(arg, 'v');
        after_string = is_string;
    }
    printer
}

/// The values as `%v` with spaces between and a newline at the end.
///
/// # Errors
/// The text would be longer than `limit` bytes.
pub fn sprintln_within(args: &[Value], limit: usize) -> Result<Vec<u8>, TooLong> {
    let mut printer = Printer::new(limit);
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            printer.push(b' ');
        }
        printer.print_arg(arg, 'v');
    }
    printer.push(b'\n');
    printer.within(limit)
}

/// One value as `%v`.
pub fn format_v(value: &Value) -> Vec<u8> {
    if let Value::String(s) = value {
        return s.to_vec();
    }
    let mut printer = Printer::new(MAX_OUTPUT_BYTES);
    printer.print_arg(value, 'v');
    printer.into_bytes()
}

/// As [`format_v`] with an own limit.
///
/// # Errors
/// The text would be longer than `limit` bytes.
pub fn format_v_within(value: &Value, limit: usize) -> Result<Vec<u8>, TooLong> {
    if let Value::String(s) = value {
        return if s.len() > limit { Err(TooLong { limit }) } else { Ok(s.to_vec()) };
    }
    let mut printer = Printer::new(limit);
    printer.print_arg(value, 'v');
    printer.within(limit)
}

/// A string as `%q`.
pub fn quote(text: &[u8]) -> String {
    crate::strconv::quote(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{GoString, List, Map, types};

    fn text(format: &str, args: &[Value]) -> String {
        crate::strconv::utf8::to_text(&sprintf(format.as_bytes(), args)).into_owned()
    }

    #[test]
    fn mistakes_are_noted_in_the_text() {
        let int = Value::int(1);
        for (format, args, want) in [
            ("%d", &[Value::str("x")][..], "%!d(string=x)"),
            ("%d %d", std::slice::from_ref(&int), "1 %!d(MISSING)"),
            ("x", &[int.clone(), Value::Nil], "x%!(EXTRA int=1, <nil>)"),
            ("%", std::slice::from_ref(&int), "%!(NOVERB)%!(EXTRA int=1)"),
            ("%[3]d", std::slice::from_ref(&int), "%!d(BADINDEX)"),
            ("%[2]d %[1]d", &[Value::int(1), Value::int(2)], "2 1"),
            ("%*d", &[Value::str("a"), Value::int(42)], "%!(BADWIDTH)42"),
            ("%.*d", &[Value::str("a"), Value::int(42)], "%!(BADPREC)42"),
            ("%-*d|", &[Value::int(-5), Value::int(42)], "42   |"),
            ("%z", &[Value::Nil], "%!z(<nil>)"),
            ("%s", &[Value::list(vec![Value::Nil, Value::int(1)])], "[<nil> %!s(int=1)]"),
        ] {
            assert_eq!(text(format, args), want, "{format}");
        }
    }

    #[test]
    fn values_in_all_their_forms() {
        let map = Value::map([("b".into(), Value::float(1e6)), ("a".into(), Value::Nil)]);
        let bytes = Value::List(List::new(types::BYTES, vec![Value::Uint(types::UINT8, 104)]));
        let five = Value::Int(types::DURATION, 5_000_000_000);
        for (format, arg, want) in [
            ("%v", &map, "map[a:<nil> b:1e+06]"),
            ("%#v", &map, "map[string]interface {}{\"a\":interface {}(nil), \"b\":1e+06}"),
            ("%#v", &Value::Map(Map::nil(types::MAP_STRING)), "map[string]string(nil)"),
            ("%v", &bytes, "[104]"),
            ("%s", &bytes, "h"),
            ("%#v", &bytes, "[]byte{0x68}"),
            ("%x", &bytes, "68"),
            ("%v", &five, "5s"),
            ("%d", &five, "5000000000"),
            ("%t", &five, "%!t(time.Duration=5000000000)"),
            ("%#v", &five, "5000000000"),
            ("%v", &Value::Complex(1.0, -2.0), "(1-2i)"),
            ("%6.2f", &Value::Complex(1.0, 2.0), "(  1.00 +2.00i)"),
            ("%#x", &Value::str("hi"), "0x6869"),
            ("%# x", &Value::str("hi"), "0x68 0x69"),
            ("%+q", &Value::str("é"), "\"\\u00e9\""),
            ("%#q", &Value::str("é`"), "\"é`\""),
            ("%U", &Value::int(0x1f600), "U+1F600"),
            ("%#U", &Value::int(0x1f600), "U+1F600 '😀'"),
            ("%O", &Value::int(8), "0o10"),
            ("%#o", &Value::int(8), "010"),
            ("%+05d", &Value::int(7), "+0007"),
            ("%.0d|", &Value::int(0), "|"),
            ("%#v", &Value::Uint(types::UINT8, 255), "0xff"),
            ("%05s|", &Value::str("ab"), "000ab|"),
            ("%-8.3f|", &Value::float(1.5), "1.500   |"),
            ("%08.3f", &Value::float(-1.5), "-001.500"),
            ("%#.3g", &Value::float(1.0), "1.00"),
            ("%08v", &Value::float(f64::INFINITY), "    +Inf"),
            ("%v", &Value::Int(types::MONTH, 3), "March"),
        ] {
            assert_eq!(text(format, std::slice::from_ref(arg)), want, "{format}");
        }
    }

    #[test]
    fn a_map_that_holds_itself_ends() {
        let map = Map::any();
        assert!(map.insert("self", Value::Map(map.clone())));
        assert!(format_v(&Value::Map(map.clone())).len() < MAX_OUTPUT_BYTES);
        let _ = map.remove("self");
    }

    #[test]
    fn limits_hold() {
        assert!(sprintf_within(b"%1000000d", &[Value::int(1)], 1000).is_err());
        assert_eq!(sprint(&[Value::int(1), Value::int(2), Value::str("a"), Value::int(3)]), b"1 2a3");
        assert_eq!(sprintln_within(&[Value::Nil, Value::String(GoString::default())], 100).unwrap(), b"<nil> \n");
    }
}
