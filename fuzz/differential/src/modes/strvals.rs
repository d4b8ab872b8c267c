//! The `--set` forms.

use super::data;
use helmd_fuzz::random::Random;
use serde_json::{Value as Json, json};

const SIGNS: &[&str] = &["a", "0", "=", ".", ",", "[", "]", "{", "}", "\\", "\"", " ", "\n", "-", "null", "é", ":"];

pub fn question(r: &mut Random) -> Json {
    let kind = r.pick(&["set", "set", "set", "string", "json", "literal"]);
    let mut text = String::new();
    for pair in 0..r.between(1, 4) {
        if pair > 0 {
            text.push(',');
        }
        text.push_str(&name(r));
        text.push('=');
        let value = if kind == "json" { json_text(r) } else { plain(r) };
        text.push_str(&value);
    }
    if r.chance(25) {
        text = data::damaged(r, &text, SIGNS);
    }
    if kind == "set" && r.chance(20) {
        return json!({"op": "render", "text": "{{ toJson .Values }}", "set": text, "values": data::object(r, 2)});
    }
    let base = if r.chance(50) { data::object(r, 3) } else { json!({}) };
    json!({"op": "set", "kind": kind, "text": text, "base": base})
}

fn name(r: &mut Random) -> String {
    let mut out = String::new();
    for part in 0..r.weighted(&[1, 45, 35, 15, 4]) {
        if part > 0 {
            out.push('.');
        }
        out.push_str(r.pick(&[
            "a", "b", "c", "s", "n", "d", "l", "foo", "a\\.b", "a\\,b", "\\[x", "é", "", "0", "a b", "a-b/c", "\\",
        ]));
        while r.chance(25) {
            let index = match r.weighted(&[80, 10, 5, 5]) {
                0 => r.below(4).to_string(),
                1 => r.pick(&["-1", "", "x", " 1", "01", "+1"]).to_owned(),
                2 => r.pick(&["10", "30"]).to_owned(),
                _ => r.pick(&["65536", "65537", "99999999999999999999"]).to_owned(),
            };
            out.push_str(&format!("[{index}]"));
        }
    }
    out
}

fn plain(r: &mut Random) -> String {
    match r.weighted(&[60, 20, 20]) {
        0 => scalar(r),
        1 => {
            let items: Vec<String> = (0..r.below(4)).map(|_| scalar(r)).collect();
            format!("{{{}}}", items.join(","))
        }
        _ => r
            .pick(&[
                "",
                "null",
                "true",
                "false",
                "0",
                "012",
                "-5",
                "1.5",
                "9223372036854775808",
                "null,",
                "{a,b}x",
                "{",
                "a=b",
            ])
            .to_owned(),
    }
}

fn scalar(r: &mut Random) -> String {
    let text = data::text(r);
    if r.chance(60) { text.replace(['\\', ',', '{', '}'], "_") } else { text.replace(',', "\\,") }
}

fn json_text(r: &mut Random) -> String {
    let text = data::value(r, 2).to_string();
    match r.below(10) {
        0 => data::damaged(r, &text, SIGNS),
        1 => String::new(),
        2 => format!(" {text} "),
        3 => format!("{text}{}", r.pick(&["x", " 1", "]", "}", ".a"])),
        _ => text,
    }
}
