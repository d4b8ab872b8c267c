//! Literals, and texts that mean something to a function.

use super::super::{data, semver};
use super::table::Kind;
use helmd_fuzz::random::Random;

/// A literal of this kind in Go's template syntax.
pub fn literal(r: &mut Random, kind: Kind) -> String {
    match kind {
        Kind::Str => {
            let text = data::text(r);
            quoted(r, &text)
        }
        Kind::Num => number(r),
        Kind::Int => {
            r.pick(&["0", "1", "2", "3", "4", "5", "7", "10", "-1", "-2", "-3", "-5", "100", "'a'", "0x10"]).to_owned()
        }
        Kind::Small => r.pick(&["0", "1", "2", "3", "4", "5", "7", "12", "-1", "-3"]).to_owned(),
        Kind::Bool => r.pick(&["true", "false"]).to_owned(),
        Kind::List | Kind::Strs | Kind::Dict | Kind::Time | Kind::Any => any(r, kind),
        _ => {
            let text = meaning(r, kind);
            quoted(r, &text)
        }
    }
}

fn any(r: &mut Random, kind: Kind) -> String {
    match (kind, r.below(6)) {
        (Kind::List, 0..=2) => "(list)".to_owned(),
        (Kind::List, _) => format!("(list {} {})", literal(r, Kind::Str), number(r)),
        (Kind::Strs, _) => format!("(splitList \",\" {})", r.pick(&["\"a,b,c\"", "\"b,a,b\"", "\"\"", "\"x\""])),
        (Kind::Dict, 0..=1) => "(dict)".to_owned(),
        (Kind::Dict, _) => format!("(dict \"a\" {} \"s\" {})", number(r), literal(r, Kind::Str)),
        (Kind::Time, _) => format!("(toDate \"2006-01-02T15:04:05.999999999Z07:00\" \"{}\")", stamp(r)),
        (_, 0) => "nil".to_owned(),
        (_, 1) => literal(r, Kind::Bool),
        (_, 2) => number(r),
        _ => literal(r, Kind::Str),
    }
}

/// A number, among them those at the ends of Go's types and in Go's rarer forms.
fn number(r: &mut Random) -> String {
    if r.chance(75) {
        return r
            .pick(&["0", "1", "2", "3", "5", "10", "-1", "-7", "1.5", "2.5", "0.1", "-0.5", "100", "3.7"])
            .to_owned();
    }
    r.pick(&[
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "1e3",
        "1e21",
        "1e20",
        "1e-7",
        "0x1F",
        "0b101",
        "0o17",
        "017",
        "1_000",
        "'a'",
        "'\\n'",
        "'é'",
        "1i",
        "1e400",
        "0x1p-2",
        "4294967296",
        "2147483648",
        "-0.0",
        "1e308",
        "123456789.125",
        "0.30000000000000004",
        "1e6",
        "123456.7",
        "1.",
        ".5",
        "1e15",
        "+1",
        "2.675",
        "1.005",
    ])
    .to_owned()
}

/// A quoted text: Go's escapes, or raw between backquotes.
fn quoted(r: &mut Random, text: &str) -> String {
    if !text.contains(['`', '\r']) && r.chance(15) {
        return format!("`{text}`");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\0'..='\x1f' => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if !c.is_ascii() && r.chance(20) => match c as u32 {
                wide @ 0x1_0000.. => out.push_str(&format!("\\U{wide:08x}")),
                narrow => out.push_str(&format!("\\u{narrow:04x}")),
            },
            c => out.push(c),
        }
    }
    out + "\""
}

fn meaning(r: &mut Random, kind: Kind) -> String {
    let odd = r.chance(8);
    match kind {
        _ if odd => data::text(r),
        Kind::Key => r.pick(&["a", "b", "c", "s", "n", "d", "l", "foo"]).to_owned(),
        Kind::Path => r
            .pick(&[
                "/a/b/c.txt",
                "a/b",
                "a//b/../c",
                "/",
                ".",
                "..",
                "../x",
                "a/b/",
                "x.tar.gz",
                ".hidden",
                "",
                "/..",
                "a.b/c",
                "./a",
                "//a",
                "a/..",
            ])
            .to_owned(),
        Kind::Url => url(r),
        Kind::Format => format(r),
        Kind::Regex => regex(r),
        Kind::Replacement => r
            .pick(&[
                "$1", "${1}", "$0x", "${0}x", "$$", "x", "", "$name", "${name}", "$", "${", "${1", "$1$2", "\\1", "$é",
                "$10", "${01}",
            ])
            .to_owned(),
        Kind::Layout => layout(r),
        // "EST" and its like mean what the machine's zone files make of them.
        Kind::Zone => r
            .pick(&[
                "UTC",
                "",
                "Local",
                "America/New_York",
                "Europe/Berlin",
                "Asia/Kolkata",
                "Nowhere/X",
                "Asia/Tokyo",
                "utc",
            ])
            .to_owned(),
        Kind::Stamp => stamp(r),
        Kind::Duration => duration(r),
        Kind::Version => semver::version(r),
        Kind::Constraint => semver::constraint(r),
        Kind::Sort => r
            .pick(&["string", "int", "int64", "float64", "map", "slice", "bool", "invalid", "ptr", "struct"])
            .to_owned(),
        Kind::TypeName => r
            .pick(&[
                "string",
                "int",
                "int64",
                "float64",
                "[]interface {}",
                "map[string]interface {}",
                "[]string",
                "bool",
                "<nil>",
                "*semver.Version",
                "time.Time",
            ])
            .to_owned(),
        _ => data::text(r),
    }
}

fn url(r: &mut Random) -> String {
    format!(
        "{}{}{}{}{}{}",
        r.pick(&["http://", "https://", "//", "", "mailto:", "HTTP://", "a+b://", "://", "1x://"]),
        r.pick(&["", "", "u@", "u:p@", "u:@", ":p@", "a%20b@", "u:p:q@"]),
        r.pick(&["h", "h.x:80", "[::1]:80", "1.2.3.4", "h:", "é.x", "h:x", "[::1", "a b", "h%41"]),
        r.pick(&["", "/", "/p/q", "/a%2Fb", "/a b", "/é", "/%zz", "/../x"]),
        r.pick(&["", "", "?a=b", "?", "?a=b&c=%20", "?a b"]),
        r.pick(&["", "", "#f", "#", "#a b", "#%zz"])
    )
}

/// A `printf` format of some verbs; not `p`, which prints addresses.
pub fn format(r: &mut Random) -> String {
    let mut out = String::new();
    for _ in 0..r.between(1, 4) {
        out.push_str(r.pick(&["", "", "a", " ", "%%", "é", "\n"]));
        out.push('%');
        for _ in 0..r.weighted(&[60, 25, 15]) {
            out.push_str(r.pick(&["+", "-", "#", " ", "0"]));
        }
        out.push_str(
            r.pick(&["", "", "", "", "1", "3", "5", "10", "20", "*", "[1]", "[2]", "[1]*", "[9]", "[x]", "[", "-1"]),
        );
        out.push_str(
            r.pick(&["", "", "", "", ".", ".0", ".1", ".2", ".3", ".10", ".20", ".*", ".[1]*", ".-1", ".[2]"]),
        );
        out.push_str(r.pick(&[
            "v", "v", "v", "s", "s", "d", "d", "q", "x", "X", "f", "g", "e", "t", "T", "c", "b", "o", "O", "U", "G",
            "E", "F", "w", "z", "!", "é", "", " ",
        ]));
    }
    out
}

/// A regular expression of RE2's syntax, or nearly.
pub fn regex(r: &mut Random) -> String {
    let mut out = String::new();
    out.push_str(r.pick(&["", "", "", "", "(?i)", "(?s)", "(?m)", "(?U)", "(?x)", "^", "\\A", "(?-s)"]));
    for _ in 0..r.between(1, 4) {
        let atom = match r.weighted(&[35, 20, 15, 15, 10, 5]) {
            0 => r.pick(&["a", "b", "foo", "o", " ", "é", "1", "x", "-", "/", ","]).to_owned(),
            1 => r
                .pick(&[
                    ".",
                    "\\d",
                    "\\w",
                    "\\s",
                    "\\D",
                    "\\W",
                    "\\S",
                    "\\b",
                    "\\B",
                    "$",
                    "^",
                    "\\z",
                    "\\pL",
                    "\\p{Greek}",
                    "\\PN",
                    "\\n",
                    "\\x41",
                    "\\x{e9}",
                    "\\Q.*\\E",
                    "\\Z",
                    "\\C",
                    "\\1",
                    "\\_",
                    "\\é",
                    "\\.",
                    "\\-",
                    "\\p{Foo}",
                    "\\07",
                    "\\pN",
                ])
                .to_owned(),
            2 => r
                .pick(&[
                    "[abc]",
                    "[^a]",
                    "[a-z]",
                    "[[:alpha:]]",
                    "[[:^digit:]]",
                    "[^\\s]",
                    "[\\d-x]",
                    "[a-]",
                    "[]a]",
                    "[z-a]",
                    "[",
                    "[[:foo:]]",
                    "[é-ü]",
                    "[^\\n]",
                    "[a\\-z]",
                    "[\\pL]",
                    "[[a]",
                    "[^]",
                    "[a-\\d]",
                    "[A-Z0-9_]",
                ])
                .to_owned(),
            3 => format!(
                "{}{})",
                r.pick(&["(", "(", "(?:", "(?P<name>", "(?<name>", "(?i:", "(?=", "(?!", "(?P=x", "(?P<1a>", "(?i-s:"]),
                r.pick(&["a", "a|b", "\\w+", "", "fo*", "|"])
            ),
            4 => "|".to_owned(),
            _ => r.pick(&["(", ")", "*", "+", "?", "{", "}", "\\", "]", "{2}", "(?"]).to_owned(),
        };
        out.push_str(&atom);
        out.push_str(r.pick(&[
            "", "", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{1,}", "{2,1}", "{,2}", "{1001}", "**",
            "+*", "{0}",
        ]));
    }
    out.push_str(r.pick(&["", "", "", "$", "\\z"]));
    out
}

/// A layout of Go's reference time.
fn layout(r: &mut Random) -> String {
    if r.chance(50) {
        return r
            .pick(&[
                "2006-01-02",
                "2006-01-02T15:04:05Z07:00",
                "Mon Jan _2 15:04:05 2006",
                "02 Jan 06 15:04 MST",
                "Mon, 02 Jan 2006 15:04:05 -0700",
                "15:04",
                "3:04PM",
                "Jan _2 15:04:05.000",
                "2006-01-02 15:04:05.999999999",
                "20060102",
            ])
            .to_owned();
    }
    (0..r.between(1, 5))
        .map(|_| {
            r.pick(&[
                "2006",
                "06",
                "01",
                "1",
                "Jan",
                "January",
                "02",
                "2",
                "_2",
                "002",
                "__2",
                "Mon",
                "Monday",
                "15",
                "03",
                "3",
                "04",
                "4",
                "05",
                "5",
                "PM",
                "pm",
                "MST",
                "Z0700",
                "Z07:00",
                "Z07",
                "-0700",
                "-07:00",
                "-07",
                "Z070000",
                "-07:00:00",
                ".000",
                ".999",
                ",000",
                ".000000000",
                ".0",
                "-",
                " ",
                ":",
                "T",
                "/",
                "x",
                "_2006",
                "é",
                "Janet",
                "5.00",
            ])
        })
        .collect()
}

fn stamp(r: &mut Random) -> String {
    r.pick(&[
        "2024-01-02",
        "2024-02-29",
        "2023-02-29",
        "2024-01-02T03:04:05Z",
        "2024-06-15T13:14:15.123456789Z",
        "2024-06-15T13:14:15+02:00",
        "2024-06-15T23:59:60Z",
        "1999-12-31T23:59:59-11:30",
        "0001-01-01T00:00:00Z",
        "9999-12-31T00:00:00Z",
        "Tue Jan  2 03:04:05 2024",
        "02 Jan 24 03:04 CET",
        "Tue, 02 Jan 2024 03:04:05 -0700",
        "03:04",
        "3:04PM",
        "13:04PM",
        "20240102",
        "",
        "x",
        "2024-13-01",
        "1969-07-20T20:17:40Z",
        "2024-01-02 03:04:05.5",
        "2024-03-31T02:30:00Z",
    ])
    .to_owned()
}

fn duration(r: &mut Random) -> String {
    if r.chance(20) {
        return r
            .pick(&[
                "1d",
                "",
                "x",
                "1",
                "-",
                "1.h",
                ".5h",
                "1h ",
                "1e3s",
                "+5m",
                "-1.5h",
                "9223372036s",
                "9999999999h",
                "0",
                "1w",
                "1mo",
                "µ1s",
            ])
            .to_owned();
    }
    let mut out = r.pick(&["", "", "-", "+"]).to_owned();
    for _ in 0..r.between(1, 3) {
        out.push_str(r.pick(&["1", "2", "24", "36", "90", "1.5", "0.25", "1000", "0", "8760", "40", "123456789"]));
        out.push_str(r.pick(&["h", "m", "s", "ms", "us", "µs", "ns", "h", "m", "s"]));
    }
    out
}
