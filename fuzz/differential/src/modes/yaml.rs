//! YAML texts in every style that the language has.

use super::data;
use helmd_fuzz::random::Random;
use serde_json::{Value as Json, json};

const SIGNS: &[&str] = &[
    ":", ": ", "-", "- ", "?", "? ", "[", "]", "{", "}", ",", "#", " #", "&a ", "*a", "!", "!!", "!!str ", "|", ">",
    "'", "\"", "%", "@", "`", " ", "  ", "\n", "\n ", "\t", "\r", "\r\n", "\\", "\0", "\u{85}", "\u{2028}", "\u{feff}",
    "é", "---\n", "...\n", "~", "<<: ", "0", "a", "=",
];

const MARK: &str = "\u{feff}";

pub fn question(r: &mut Random) -> Json {
    json!({"op": "yaml", "text": text(r)})
}

/// The same read strictly, and into a map.
pub fn forms(r: &mut Random) -> Json {
    json!({"op": "yamlForms", "text": text(r)})
}

/// A YAML text; one in three has a fault.
pub fn text(r: &mut Random) -> String {
    let mut writer = Writer { r, anchors: 0 };
    let mut out = writer.stream();
    if r.chance(33) {
        out = data::damaged(r, &out, SIGNS);
    }
    if r.chance(3) {
        out = out.replace('\n', "\r\n");
    }
    // go-yaml looks for a byte order mark where its buffer happens to begin, so only the first place is of interest.
    let first = if out.starts_with(MARK) { MARK } else { "" };
    format!("{first}{}", out.replace(MARK, "é"))
}

struct Writer<'r> {
    r: &'r mut Random,
    anchors: usize,
}

impl Writer<'_> {
    fn stream(&mut self) -> String {
        let mut out = String::new();
        if self.r.chance(8) {
            out.push_str(self.r.pick(&[
                "%YAML 1.1\n---\n",
                "%YAML 1.2\n---\n",
                "%TAG !e! tag:yaml.org,2002:\n---\n",
                "# c\n---\n",
                "--- ",
                "---\n",
                "\u{feff}",
                "%FOO bar\n---\n",
            ]));
        }
        let depth = self.r.between(0, 4);
        out.push_str(&self.block(0, depth));
        if self.r.chance(10) {
            out.push_str(self.r.pick(&[
                "---\nb: 2\n",
                "...\n",
                "...\n---\nx\n",
                "---\n",
                "# end",
                "...\n# c\n",
                "--- |\n x\n",
            ]));
        }
        out
    }

    fn comment(&mut self) -> &'static str {
        if self.r.chance(6) { self.r.pick(&[" # c", "  #", " #é: x", "\t# t"]) } else { "" }
    }

    fn gap(&mut self) -> &'static str {
        if self.r.chance(6) { self.r.pick(&["\n", "# c\n", "   \n", "  # c\n", "\t\n"]) } else { "" }
    }

    /// Anchor and tag before a node, each with a space behind.
    fn properties(&mut self) -> String {
        let mut out = String::new();
        if self.r.chance(8) {
            self.anchors += 1;
            out.push_str(&format!("&{} ", self.r.pick(&["a", "b", "a1", "x-y"])));
        }
        if self.r.chance(7) {
            let tag = self.r.pick(&[
                "!!str",
                "!!int",
                "!!float",
                "!!bool",
                "!!null",
                "!!map",
                "!!seq",
                "!!binary",
                "!!timestamp",
                "!!set",
                "!!omap",
                "!!merge",
                "!x",
                "!",
                "!<tag:yaml.org,2002:str>",
                "!!str,x",
                "!e!str",
                "!!%73tr",
            ]);
            out.push_str(&format!("{tag} "));
            if self.r.chance(10) {
                out.push_str("&c ");
            }
        }
        out
    }

    /// A node at this indentation, beginning at the start of a line and ending with a line break.
    fn block(&mut self, indent: usize, depth: usize) -> String {
        let pad = " ".repeat(indent);
        if depth == 0 {
            let scalar = self.value(indent, 0);
            return format!("{pad}{}", scalar.trim_start());
        }
        let mut out = String::new();
        let count = self.r.weighted(&[0, 35, 35, 20, 10]);
        let list = self.r.chance(35);
        for n in 0..count {
            out.push_str(self.gap());
            let value = if list && self.r.chance(25) {
                // a map or list right behind the dash
                let step = self.r.pick(&["- ", "- ", "-   ", "-\t"]);
                let inner = self.block(indent + step.len(), depth - 1);
                format!("{step}{}", inner.trim_start_matches(' '))
            } else if list {
                format!("-{}", self.value(indent, depth - 1))
            } else {
                let key = self.key(n);
                let colon = if self.r.chance(4) { self.r.pick(&[" :", ":\t", ":  "]) } else { ":" };
                format!("{key}{colon}{}", self.value(indent, depth - 1))
            };
            out.push_str(&format!("{pad}{value}"));
        }
        out
    }

    fn key(&mut self, n: usize) -> String {
        match self.r.weighted(&[70, 10, 5, 5, 5, 5]) {
            0 => format!(
                "{}{}",
                self.r.pick(&["a", "b", "key", "foo bar", "x/y"]),
                if self.r.chance(90) { n.to_string() } else { String::new() }
            ),
            1 => self.plain(),
            2 => "<<".to_owned(),
            3 => self.quoted().replace('\n', " "),
            4 => format!("? {}\n", self.plain()),
            _ => self
                .r
                .pick(&[
                    "1",
                    "1.5",
                    "true",
                    "null",
                    "~",
                    "2024-01-02",
                    "0x10",
                    "*a",
                    "[a, b]",
                    "{a: b}",
                    "&k k",
                    "!!str 1",
                    "? x\n",
                    "y",
                    "\"\"",
                    "-",
                ])
                .to_owned(),
        }
    }

    /// What follows `:` or `-`, up to its line break.
    fn value(&mut self, indent: usize, depth: usize) -> String {
        let properties = self.properties();
        let deep = if depth == 0 { 0 } else { 30 };
        match self.r.weighted(&[30, 15, 12, deep, 12, 4, 4]) {
            0 => format!(" {properties}{}{}\n", self.plain(), self.comment()),
            1 => format!(" {properties}{}{}\n", self.quoted(), self.comment()),
            2 => format!(" {properties}{}", self.literal(indent)),
            3 => {
                let step = self.r.weighted(&[10, 5, 75, 5, 5]);
                format!(" {}{}\n{}", properties, self.comment(), self.block(indent + step, depth))
                    .replacen(" \n", "\n", 1)
            }
            4 => format!(" {properties}{}{}\n", self.flow(depth.min(2), indent), self.comment()),
            5 => format!(
                "{}\n",
                if properties.is_empty() { String::new() } else { format!(" {}", properties.trim_end()) }
            ),
            _ => format!(
                " {}{}\n",
                if self.anchors == 0 { "*none" } else { self.r.pick(&["*a", "*b", "*a1", "[*a, *b]", "{<<: *a}"]) },
                self.comment()
            ),
        }
    }

    #[expect(clippy::too_many_lines, reason = "a list of forms")]
    fn plain(&mut self) -> String {
        if self.r.chance(50) {
            return self
                .r
                .pick(&[
                    "x",
                    "foo",
                    "foo bar",
                    "1",
                    "-1",
                    "0",
                    "1.0",
                    "1e3",
                    "1E3",
                    "1.5e+3",
                    "6.8523015e+5",
                    "685.230_15e+03",
                    "190:20:30",
                    "190:20:30.15",
                    "-.inf",
                    ".NaN",
                    "0o14",
                    "014",
                    "0x_0A_74",
                    "0b1010",
                    "0b",
                    "0x",
                    "1_000",
                    "_1",
                    "+12",
                    "+.5",
                    "1.",
                    ".1",
                    "-0",
                    "0.",
                    "12e03",
                    "-2E+05",
                    "1e400",
                    "9223372036854775808",
                    "18446744073709551616",
                    "0.1e-400",
                    "true",
                    "True",
                    "yes",
                    "Y",
                    "off",
                    "null",
                    "~",
                    "NULL",
                    "2001-12-14t21:59:43.10-05:00",
                    "2001-12-14 21:59:43.10 -5",
                    "2001-12-15 2:59:43.10",
                    "2002-12-14",
                    "2002-1-4",
                    "12:30:45",
                    "a:b",
                    "a#b",
                    "-x",
                    "?x",
                    ":x",
                    "a, b",
                    "http://x.y/z?a=b#c",
                    "<<",
                    "=",
                    "@x",
                    "%x",
                    "x y  z",
                    "é",
                    "0123",
                    "08",
                    "1__0",
                    "0x1p-2",
                    "Infinity",
                    "NaN",
                    "inf",
                    ".",
                    "..",
                    "1.2.3",
                    "1e",
                    "e1",
                    "0o",
                    "-0b11",
                    "-0x1f",
                    "0B1",
                    "0XF",
                ])
                .to_owned();
        }
        data::text(self.r).replace(['\n', '\r'], " ")
    }

    fn quoted(&mut self) -> String {
        let text = data::text(self.r);
        if self.r.chance(50) {
            return format!("'{}'", text.replace('\'', "''"));
        }
        let mut out = String::from("\"");
        for c in text.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                c if (c as u32) < 0x20 && self.r.chance(90) => out.push_str(&format!("\\x{:02x}", c as u32)),
                c => out.push(c),
            }
        }
        if self.r.chance(30) {
            out.push_str(self.r.pick(&[
                "\\n",
                "\\t",
                "\\0",
                "\\e",
                "\\_",
                "\\N",
                "\\L",
                "\\P",
                "\\/",
                "\\ ",
                "\\u00e9",
                "\\U0001F600",
                "\\x41",
                "\\q",
                "\\xZZ",
                "\\ud800",
                "\\\n  ",
                "\\u0",
                "\n\n  b",
            ]));
        }
        out.push('"');
        out
    }

    /// `|` or `>` with its lines.
    fn literal(&mut self, indent: usize) -> String {
        let head =
            format!("{}{}", self.r.pick(&["|", ">"]), self.r.pick(&["", "", "", "-", "+", "2", "1-", "+3", "-2", "0"]));
        let pad = indent + self.r.weighted(&[3, 7, 85, 5]);
        let mut out = format!("{head}{}\n", self.comment());
        for line in data::lines(self.r).lines() {
            let more = self.r.pick(&["", "", "", " ", "  "]);
            if line.is_empty() && self.r.chance(70) {
                out.push('\n');
            } else {
                out.push_str(&format!("{}{more}{line}\n", " ".repeat(pad)));
            }
        }
        out.push_str(self.r.pick(&["", "", "", "\n", "\n\n"]));
        out
    }

    fn flow(&mut self, depth: usize, indent: usize) -> String {
        let gap = if self.r.chance(15) { format!("\n{}", " ".repeat(indent + 1)) } else { " ".to_owned() };
        let mut items = Vec::new();
        let list = self.r.chance(50);
        for n in 0..self.r.below(4) {
            let value = if depth > 0 && self.r.chance(35) {
                self.flow(depth - 1, indent)
            } else if self.r.chance(60) {
                self.plain()
            } else {
                self.quoted()
            };
            let key = self.key(n);
            items.push(match self.r.weighted(&[85, 5, 5, 5]) {
                0 if list => value,
                0 | 1 => format!("{key}: {value}"),
                2 => value,
                _ => format!("{key}:{value}"),
            });
        }
        let end = self.r.pick(&["", "", "", ",", ", ,"]);
        let body = items.join(&format!(",{gap}"));
        if list { format!("[{body}{end}]") } else { format!("{{{body}{end}}}") }
    }
}
