//! Versions and constraints.

use super::data::damaged;
use helmd_fuzz::random::Random;
use serde_json::{Value as Json, json};

const SIGNS: &[&str] = &[
    "0", "1", "9", "x", "X", "*", ".", "-", "+", " ", ",", "|", "||", "<", ">", "=", "!", "~", "^", "v", "a", "_", "é",
    "\n",
];

pub fn question(r: &mut Random) -> Json {
    let mut constraint = constraint(r);
    let mut version = version(r);
    if r.chance(8) {
        constraint = damaged(r, &constraint, SIGNS);
    }
    if r.chance(5) {
        version = damaged(r, &version, SIGNS);
    }
    json!({"op": "semver", "constraint": constraint, "version": version})
}

/// The parts of a version, and why a constraint refuses it.
pub fn versions(r: &mut Random) -> Json {
    let mut all = question(r);
    all["op"] = json!("versions");
    all
}

fn number(r: &mut Random) -> String {
    match r.weighted(&[80, 10, 5, 3, 2]) {
        0 => r.below(4).to_string(),
        1 => r.pick(&["10", "20", "100"]).to_owned(),
        2 => r.pick(&["01", "00", "1e1", "-1"]).to_owned(),
        3 => r.pick(&["18446744073709551615", "9223372036854775808"]).to_owned(),
        _ => r.pick(&["18446744073709551616", "99999999999999999999999"]).to_owned(),
    }
}

fn suffix(r: &mut Random) -> String {
    let mut out = String::new();
    if r.chance(30) {
        out.push('-');
        for part in 0..r.between(1, 3) {
            if part > 0 {
                out.push('.');
            }
            out.push_str(r.pick(&[
                "alpha",
                "beta",
                "rc",
                "0",
                "1",
                "2",
                "10",
                "a1",
                "x-y",
                "-",
                "01",
                "",
                "A",
                "18446744073709551616",
            ]));
        }
    }
    if r.chance(12) {
        out.push('+');
        out.push_str(r.pick(&["build", "b.1", "001", "a-b", "", "x_y"]));
    }
    out
}

/// A version with some of its parts.
pub fn version(r: &mut Random) -> String {
    let mut out = r.pick(&["", "", "", "", "v", "V", " ", "="]).to_owned();
    let parts = r.weighted(&[0, 6, 8, 84, 2]);
    for part in 0..parts {
        if part > 0 {
            out.push('.');
        }
        out.push_str(&number(r));
    }
    out + &suffix(r)
}

/// A version in a constraint, where parts may be wild.
fn partial(r: &mut Random) -> String {
    let mut out = r.pick(&["", "", "", "", "", "v"]).to_owned();
    for part in 0..r.weighted(&[1, 10, 20, 68, 1]) {
        if part > 0 {
            out.push('.');
        }
        if r.chance(12) {
            out.push_str(r.pick(&["x", "X", "*"]));
        } else {
            out.push_str(&number(r));
        }
    }
    out + &suffix(r)
}

/// A constraint of one or more groups.
pub fn constraint(r: &mut Random) -> String {
    let mut out = String::new();
    for group in 0..r.weighted(&[0, 75, 20, 5]) {
        if group > 0 {
            out.push_str(r.pick(&["||", " || ", " ||", "|| "]));
        }
        for part in 0..r.weighted(&[1, 60, 30, 9]) {
            if part > 0 {
                out.push_str(r.pick(&[",", ", ", " ", "  ", " , "]));
            }
            if r.chance(8) {
                out.push_str(&format!("{}{}{}", partial(r), r.pick(&[" - ", " - ", "- ", " -", "-"]), partial(r)));
                continue;
            }
            out.push_str(
                r.pick(&["", "", "=", "!=", ">", "<", ">=", "<=", "=>", "=<", "~", "~>", "^", "==", "!", "~=", "<>"]),
            );
            out.push_str(r.pick(&["", "", "", " "]));
            out.push_str(&partial(r));
        }
    }
    out
}
