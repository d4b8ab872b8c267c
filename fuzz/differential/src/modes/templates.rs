//! Templates: Go's own, Helm's, and single functions with arguments that are hard for them.

use super::data;
use super::grammar::{self, Language, Writer};
use helmd_fuzz::random::Random;
use serde_json::{Value as Json, json};

const SIGNS: &[&str] = &[
    "{{",
    "}}",
    "{{-",
    "-}}",
    " ",
    "(",
    ")",
    "|",
    ".",
    "$",
    "$x",
    ":=",
    "=",
    "\"",
    "`",
    "'",
    "end",
    "else",
    "if",
    "range",
    "with",
    "define \"x\"",
    "template",
    "block",
    "break",
    "continue",
    ",",
    "1",
    "-",
    "nil",
    "true",
    "/*",
    "*/",
    "\n",
    "é",
    "@",
    "\\",
    "0x",
    "1.5",
    ".a",
    "..",
    "\0",
    "~",
    "!",
    "&",
    "print",
];

/// Go's text/template alone.
pub fn plain(r: &mut Random) -> Json {
    let mut text = {
        let mut writer = Writer::new(r, Language::Go, &[]);
        writer.definitions() + &writer.body(2)
    };
    if r.chance(25) {
        text = data::damaged(r, &text, SIGNS);
    }
    let option = r.pick(&["", "", "missingkey=error", "missingkey=zero"]);
    json!({"op": "template", "text": text, "data": grammar::values(r), "option": option})
}

/// A template of a chart, with partials, files and options.
pub fn render(r: &mut Random) -> Json {
    let (helpers, mut text) = {
        let mut writer = Writer::new(r, Language::Helm, &[]);
        (writer.definitions(), writer.body(2))
    };
    if r.chance(10) {
        text = data::damaged(r, &text, SIGNS);
    }
    let mut out = question(r, text);
    out["helpers"] = json!(helpers);
    out["files"] = json!({"f.txt": data::lines(r), "d/g.txt": "x"});
    out["strict"] = json!(r.chance(10));
    out["lint"] = json!(r.chance(10));
    out
}

fn question(r: &mut Random, text: String) -> Json {
    json!({"op": "render", "text": text, "values": grammar::values(r), "set": grammar::set(r, "")})
}

/// Some expressions of these chapters, one an action.
fn expressions(r: &mut Random, chapters: &[&str], show: &[&str]) -> Json {
    let depth = r.between(1, 2);
    let mut text = String::new();
    for _ in 0..r.between(1, 2) {
        let pipeline = Writer::new(r, Language::Helm, chapters).any_call(depth);
        text.push_str(&format!("{{{{ {pipeline}{} }}}}\n", r.pick(show)));
    }
    question(r, text)
}

const SHOW: &[&str] = &[
    "",
    "",
    " | quote",
    " | toJson",
    " | toYaml",
    " | printf \"%v\"",
    " | printf \"%#v\"",
    " | typeOf",
    " | printf \"%T %v\" 1",
    " | toString",
];

/// Any functions.
pub fn functions(r: &mut Random) -> Json {
    expressions(r, &[], SHOW)
}

/// Arithmetic and conversions.
pub fn numbers(r: &mut Random) -> Json {
    expressions(r, &["numbers"], SHOW)
}

/// Regular expressions.
pub fn regex(r: &mut Random) -> Json {
    expressions(r, &["regex"], &["", " | toJson", " | quote"])
}

/// Times, layouts, durations.
pub fn dates(r: &mut Random) -> Json {
    expressions(r, &["dates"], &["", " | quote", " | toJson", " | typeOf", " | toString"])
}

/// Formats with values of all types.
pub fn printf(r: &mut Random) -> Json {
    let format = grammar::leaf_text(r, "format");
    let mut arguments = Vec::new();
    for _ in 0..r.weighted(&[3, 40, 40, 17]) {
        let fixed = [
            "1",
            "-1",
            "1.5",
            "\"x\"",
            "true",
            "nil",
            "(list 1 \"a\" nil 1.5)",
            "(dict \"a\" 1 \"b\" \"x\")",
            "(splitList \",\" \"a,b\")",
            "(split \",\" \"a,b\")",
            "(until 3)",
            "(int 5)",
            "(int64 -7)",
            "(float64 2.5)",
            "'a'",
            "1i",
            "(list)",
            "(dict)",
            "(b64dec \"/w==\")",
            "(mustToDuration \"1h2m\")",
            "(semver \"1.2.3\")",
            "($.Files.GetBytes \"f.txt\")",
            "0x7fffffffffffffff",
            "(list (list) (dict))",
            "(chunk 1 (list 1 2))",
            "$.Release",
            "-0.0",
            "1e21",
            "1e-7",
            "(divf 1 0)",
            "(divf -1 0)",
            "(divf 0 0)",
            "(atoi \"300\")",
            "(dict \"a\" (list 1 nil \"x\"))",
            "$.Capabilities.KubeVersion",
            "65",
            "128512",
            "1114112",
            "55296",
        ];
        arguments.push(match r.below(3) {
            0 => fixed[r.below(fixed.len())].to_owned(),
            1 => {
                let kind = r.pick(&["num", "str", "any", "int"]);
                grammar::leaf_text(r, kind)
            }
            _ => format!(
                ".Values.{}",
                r.pick(&["s", "t", "n", "f", "i", "j", "b", "l", "m", "ls", "d", "e", "z", "q", "li"])
            ),
        });
    }
    let mut out = question(r, format!("{{{{ printf {format} {} }}}}", arguments.join(" ")));
    out["files"] = json!({"f.txt": data::text(r)});
    out
}

/// Values written as YAML, JSON, TOML.
pub fn emit(r: &mut Random) -> Json {
    let function = r.pick(&[
        "toYaml",
        "toYaml",
        "toYaml",
        "toYamlPretty",
        "toYamlPretty",
        "toJson",
        "toPrettyJson",
        "toRawJson",
        "toToml",
        "mustToToml",
        "quote",
        "printf \"%v\"",
        "toString",
    ]);
    let value = if r.chance(70) { data::object(r, 3) } else { data::value(r, 3) };
    let set = if r.chance(20) { grammar::set(r, "v.") } else { String::new() };
    json!({"op": "render", "text": format!("{{{{ {function} .Values.v }}}}"), "values": {"v": value}, "set": set})
}
