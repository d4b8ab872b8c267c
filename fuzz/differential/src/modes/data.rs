//! Random texts, numbers and JSON values; what has been trouble in YAML, JSON, Go's formats comes often.

use helmd_fuzz::random::Random;
use serde_json::{Map, Value as Json, json};

const WORDS: &[&str] = &[
    "",
    "a",
    "b",
    "foo",
    "bar",
    "Foo Bar",
    "hello world",
    "fooBar",
    "foo_bar",
    "foo-bar",
    "HTTPServer2",
    "x.y.z",
    "a/b/c.txt",
    "../a/./b",
    "/",
    ".",
    "..",
    "1",
    "0",
    "-1",
    "007",
    "08",
    "1.5",
    "1e3",
    "1E+5",
    ".5",
    "5.",
    "0x1F",
    "0o17",
    "0b11",
    "1_000",
    "+1",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "Y",
    "N",
    "True",
    "NO",
    "null",
    "~",
    "Null",
    "NaN",
    ".inf",
    "-.Inf",
    ".nan",
    "2024-01-02",
    "2024-01-02T03:04:05Z",
    "2024-01-02 03:04:05.5 +01:00",
    "12:30:45",
    "190:20:30",
    "1:2",
    "<<",
    "=",
    "!",
    "!!str x",
    "&a",
    "*a",
    "- x",
    "-",
    "--",
    "---",
    "...",
    "? x",
    "?",
    ":",
    "a: b",
    "a:b",
    "a:",
    ": a",
    "#",
    "# c",
    "a #b",
    "a#b",
    "[",
    "]",
    "[a]",
    "{",
    "}",
    "{a: b}",
    "a, b",
    ",",
    "|",
    ">",
    "|-",
    "%",
    "@",
    "`",
    "\"",
    "'",
    "\"q\"",
    "it's",
    "\\",
    "\\n",
    "a\\b",
    "{{ .x }}",
    "<no value>",
    "<a href=\"x\">&amp;</a>",
    "$HOME",
    "$1",
    "${1}x",
    "%s %d",
    "a=b&c=d e",
    "aaaa bbbb",
    "one two  three",
];

const ODD: &[&str] = &[
    " ",
    "  ",
    "\t",
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\0",
    "\u{1}",
    "\u{7}",
    "\u{1b}",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{ad}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{e000}",
    "é",
    "ß",
    "ǆ",
    "İ",
    "ı",
    "ſ",
    "Σ",
    "ς",
    "日本",
    "😀",
    "👩\u{200d}👧",
    "e\u{301}",
    "\u{202e}",
    "ﬁ",
    "\u{10ffff}",
    "Ⅷ",
    "٣",
    "½",
    "\u{1f1e9}\u{1f1ea}",
];

/// A text: mostly a word, sometimes several, odd characters, or long lines.
pub fn text(r: &mut Random) -> String {
    match r.weighted(&[50, 20, 15, 8, 5, 2]) {
        0 => r.pick(WORDS).to_owned(),
        1 => format!("{}{}", r.pick(WORDS), r.pick(WORDS)),
        2 => (0..r.between(1, 4)).map(|_| if r.chance(50) { r.pick(WORDS) } else { r.pick(ODD) }).collect(),
        3 => lines(r),
        4 => (0..r.between(10, 40)).map(|_| format!("{} ", r.pick(WORDS))).collect::<String>().trim().to_owned(),
        _ => r.pick(ODD).to_owned(),
    }
}

/// A text of several lines.
pub fn lines(r: &mut Random) -> String {
    let mut out = String::new();
    for _ in 0..r.between(1, 4) {
        out.push_str(r.pick(&["", "", " ", "  ", "\t"]));
        out.push_str(r.pick(WORDS));
        out.push_str(r.pick(&["\n", "\n", "\n\n", " \n", "\r\n"]));
    }
    if r.chance(50) {
        out.push_str(r.pick(WORDS));
    }
    out
}

/// A short plain word.
pub fn word(r: &mut Random) -> &'static str {
    r.pick(&["a", "b", "c", "foo", "bar", "baz", "Foo Bar", "x1", "hello"])
}

/// A map key.
pub fn key(r: &mut Random) -> String {
    if r.chance(75) { r.pick(&["a", "b", "c", "s", "n", "d", "l", "foo"]).to_owned() } else { text(r) }
}

/// A number as JSON writes it.
pub fn number(r: &mut Random) -> Json {
    let whole =
        [0, 1, 2, 3, 5, 7, 10, 42, 80, 100, 255, 256, 1000, 8080, 65535, 100_000, 1_000_000, 20_000_000, 123_456_789];
    match r.weighted(&[40, 15, 20, 10, 10, 5]) {
        0 => json!(whole[r.below(whole.len())]),
        1 => json!(-whole[r.below(whole.len())]),
        2 => {
            json!(r.pick(&[&0.1, &0.5, &1.5, &2.5, &-1.5, &0.25, &3.25, &99.99, &1e-3, &1.005, &-0.0, &0.3, &2.675]))
        }
        3 => json!(r.pick(&[
            &9_007_199_254_740_993.0,
            &1e15,
            &1e16,
            &123_456_789_012.0,
            &4_294_967_296.0,
            &2_147_483_648.0,
            &9.223_372_036_854_776e18,
            &1.844_674_407_370_955_2e19,
            &1e20,
            &1e21,
            &1.5e21,
            &123_456_789_012_345_680_000.0,
            &-1e21
        ])),
        4 => json!(r.pick(&[
            &1e-5,
            &1e-6,
            &1e-7,
            &1.25e-9,
            &5e-324,
            &1.797_693_134_862_315_7e308,
            &1e100,
            &1e-100,
            &6.02e23,
            &0.000_123
        ])),
        _ => json!(f64::from_bits(r.number() & !(0x7ff << 52) | (r.between(1000, 1050) as u64) << 52)),
    }
}

/// Any JSON value, at most `depth` levels deep.
pub fn value(r: &mut Random, depth: usize) -> Json {
    let deep = if depth == 0 { 0 } else { 20 };
    match r.weighted(&[35, 25, 8, 5, deep, deep]) {
        0 => json!(text(r)),
        1 => number(r),
        2 => json!(r.chance(50)),
        3 => Json::Null,
        4 => list(r, depth - 1),
        _ => object(r, depth - 1),
    }
}

pub fn list(r: &mut Random, depth: usize) -> Json {
    Json::Array((0..r.below(5)).map(|_| value(r, depth)).collect())
}

pub fn object(r: &mut Random, depth: usize) -> Json {
    Json::Object((0..r.below(5)).map(|_| (key(r), value(r, depth))).collect::<Map<_, _>>())
}

/// The text with one to three small faults: characters of `alphabet` put in, pieces taken out or doubled.
pub fn damaged(r: &mut Random, text: &str, alphabet: &[&str]) -> String {
    let mut chars: Vec<String> = text.chars().map(String::from).collect();
    for _ in 0..r.between(1, 3) {
        let at = r.below(chars.len() + 1);
        let end = (at + r.between(1, 4)).min(chars.len());
        match r.below(4) {
            0 => chars.insert(at, r.pick(alphabet).to_owned()),
            1 => {
                chars.drain(at..end);
            }
            2 => {
                let piece = chars[at..end].to_vec();
                chars.splice(at..at, piece);
            }
            _ => {
                if let Some(c) = chars.get_mut(at) {
                    r.pick(alphabet).clone_into(c);
                }
            }
        }
    }
    chars.concat()
}
