//! `fromYaml`, `fromJson`, `fromToml` and their kin on texts, shown with their Go types.

use super::{data, yaml};
use helmd_fuzz::random::Random;
use serde_json::{Value as Json, json};

const SIGNS: &[&str] = &[
    "{", "}", "[", "]", ":", ",", "\"", "'", "\\", "\\u", "\\x", "0", "1", "-", "e", ".", "a", "=", "#", "\n", " ",
    "\t", "\0", "é", "\u{feff}",
];

pub fn question(r: &mut Random) -> Json {
    let (functions, text): (&[&str], String) = match r.below(3) {
        0 => (&["fromJson", "fromJsonArray", "mustFromJson"], json_text(r)),
        1 => (&["fromYaml", "fromYamlArray"], yaml::text(r)),
        _ => (&["fromToml"], toml_text(r)),
    };
    let show = r.pick(&[
        "{{ $x | toJson }}",
        "{{ printf \"%v\" $x }}",
        "{{ printf \"%#v\" $x }}",
        "{{ toYaml $x }}",
        "{{ toToml $x }}",
        "{{ toPrettyJson $x }}",
        "{{ range $k, $v := $x }}{{ $k }}={{ typeOf $v }} {{ kindOf $v }};{{ end }}",
    ]);
    let function = r.pick(functions);
    json!({"op": "render", "text": format!("{{{{ $x := {function} .Values.x }}}}{show}"), "values": {"x": text}})
}

/// A JSON text, sometimes with a fault, of a form that the encoder here would not write.
fn json_text(r: &mut Random) -> String {
    let mut text = json_node(r, 3);
    if r.chance(35) {
        text = data::damaged(r, &text, SIGNS);
    }
    text
}

fn json_node(r: &mut Random, depth: usize) -> String {
    let deep = if depth == 0 { 0 } else { 25 };
    let gap = r.pick(&["", "", "", " ", "\n\t"]);
    match r.weighted(&[25, 15, 10, deep, deep]) {
        0 => json_string(r),
        1 => r
            .pick(&[
                "0",
                "-0",
                "1",
                "-1.50",
                "1e3",
                "1E-7",
                "1e400",
                "12345678901234567890",
                "0.1",
                "01",
                "1.",
                ".5",
                "+1",
                "-",
                "1e",
            ])
            .to_owned(),
        2 => r.pick(&["true", "false", "null", "nul", "True", "NaN"]).to_owned(),
        3 => {
            let items: Vec<String> = (0..r.below(4)).map(|_| json_node(r, depth - 1)).collect();
            format!("[{gap}{}{gap}]", items.join(&format!(",{gap}")))
        }
        _ => {
            let items: Vec<String> =
                (0..r.below(4)).map(|_| format!("{}{gap}:{gap}{}", json_string(r), json_node(r, depth - 1))).collect();
            format!("{{{gap}{}{gap}}}", items.join(","))
        }
    }
}

fn json_string(r: &mut Random) -> String {
    let mut out = Json::String(data::text(r)).to_string();
    if r.chance(20) {
        let escape = r.pick(&[
            "\\u0041",
            "\\ud83d\\ude00",
            "\\ud83d",
            "\\ude00x",
            "\\/",
            "\\b",
            "\\u00e9",
            "\\x",
            "\\u12",
            "\\\"",
            "\\u0000",
            "\\u2028",
        ]);
        out.insert_str(1, escape);
    }
    out
}

/// A TOML text, sometimes with a fault.
fn toml_text(r: &mut Random) -> String {
    let mut out = String::new();
    for _ in 0..r.between(1, 6) {
        match r.weighted(&[60, 15, 10, 15]) {
            0 => out.push_str(&format!("{} = {}", toml_key(r), toml_value(r, 2))),
            1 => out.push_str(&format!("[{}]", toml_key(r))),
            2 => out.push_str(&format!("[[{}]]", toml_key(r))),
            _ => out.push_str(r.pick(&["", "# comment", "  ", "\t# é"])),
        }
        out.push_str(r.pick(&["\n", "\n", "\n", "\r\n", " # c\n", "\n\n"]));
    }
    if r.chance(35) { data::damaged(r, &out, SIGNS) } else { out }
}

fn toml_key(r: &mut Random) -> String {
    let parts: Vec<String> = (0..r.weighted(&[0, 75, 20, 5]))
        .map(|_| match r.below(8) {
            0 => Json::String(data::text(r)).to_string(),
            1 => format!("'{}'", data::word(r)),
            2 => r.pick(&["1", "a-b", "a_b", "-", "true", "1.2"]).to_owned(),
            _ => r.pick(&["a", "b", "c", "d", "foo"]).to_owned(),
        })
        .collect();
    parts.join(r.pick(&[".", ".", " . "]))
}

#[expect(clippy::too_many_lines, reason = "a list of forms")]
fn toml_value(r: &mut Random, depth: usize) -> String {
    let deep = if depth == 0 { 0 } else { 15 };
    match r.weighted(&[25, 30, 15, 10, 5, deep, deep]) {
        0 => Json::String(data::text(r)).to_string(),
        1 => r
            .pick(&[
                "0",
                "1",
                "-17",
                "+99",
                "1_000",
                "0xDEADbeef",
                "0o755",
                "0b1101",
                "01",
                "1__0",
                "_1",
                "1_",
                "3.14",
                "-0.01",
                "5e+22",
                "1e06",
                "6.626e-34",
                "1.",
                ".5",
                "inf",
                "-inf",
                "+inf",
                "nan",
                "-nan",
                "9223372036854775807",
                "9223372036854775808",
                "0x",
                "1e",
                "1.e5",
                "224_617.445_991",
                "-0",
                "+0.0",
            ])
            .to_owned(),
        2 => r
            .pick(&[
                "1979-05-27T07:32:00Z",
                "1979-05-27T00:32:00-07:00",
                "1979-05-27 07:32:00.999999Z",
                "1979-05-27T07:32:00",
                "1979-05-27",
                "07:32:00",
                "00:32:00.999999",
                "1979-13-27",
                "1979-02-30",
                "1979-05-27t07:32:00z",
                "07:32",
                "1979-05-27T07:32Z",
                "24:00:00",
                "1979-05-27 ",
            ])
            .to_owned(),
        3 => r.pick(&["true", "false", "True", "null", "x"]).to_owned(),
        4 => r
            .pick(&[
                "\"\"\"\nab\\\n   cd\"\"\"",
                "'''\nab\n'c''''",
                "'a\\b'",
                "\"\"\"a\"b\"\"c\"\"\"\"",
                "\"\\u00e9\\U0001F600\"",
                "\"\\x41\\e\"",
                "\"\\z\"",
                "'''a'''",
                "\"\"\"\r\na \\  \r\n b\"\"\"",
            ])
            .to_owned(),
        5 => {
            let items: Vec<String> = (0..r.below(4)).map(|_| toml_value(r, depth - 1)).collect();
            format!("[{}{}]", items.join(r.pick(&[", ", ",\n ", " , # c\n"])), r.pick(&["", "", ",", "\n"]))
        }
        _ => {
            let items: Vec<String> =
                (0..r.below(4)).map(|_| format!("{} = {}", toml_key(r), toml_value(r, depth - 1))).collect();
            format!("{{ {}{} }}", items.join(", "), r.pick(&["", "", "", ",", "\n"]))
        }
    }
}
