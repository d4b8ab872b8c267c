use super::*;
use gotmpl::Value;
use gotmpl::json;

fn read(text: &str) -> String {
    match from_toml(text) {
        Ok(map) => String::from_utf8(json::marshal(&Value::Map(map)).unwrap()).unwrap(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn reads_what_helm_reads() {
    for (text, want) in [
        ("", "{}"),
        ("a = [1, 2.5, \"x\"]", r#"{"a":[1,2.5,"x"]}"#),
        ("[a.b]\nc = 1\n[a]\nd = 2", r#"{"a":{"b":{"c":1},"d":2}}"#),
        ("[[l]]\nx = 1\n[[l]]\nx = 2", r#"{"l":[{"x":1},{"x":2}]}"#),
        ("a = {b.c = 1, d = [{e = 2}]}", r#"{"a":{"b":{"c":1},"d":[{"e":2}]}}"#),
        ("o = {a = [], a.b = 1", "toml: line 1 (last key \"o.a.b\"): \"o.a\" is not a table"),
        ("d = 2020-01-01\nt = 10:00:00", r#"{"d":"2020-01-01T00:00:00Z","t":"0000-01-01T10:00:00Z"}"#),
        ("hello world", "toml: line 1: expected '.' or '=', but got 'w' instead"),
        ("12", "toml: line 1: unexpected EOF; expected key separator '='"),
        ("a = ", "toml: line 1 (last key \"a\"): unexpected EOF; expected value"),
        ("a = 1\na = 2", "toml: line 2 (last key \"a\"): Key 'a' has already been defined."),
        ("[a\nb=1", "toml: line 2: expected '.' or ']' to end table name, but got '\\n' instead"),
    ] {
        assert_eq!(read(text), want, "{text}");
    }
}

#[test]
fn a_nil_list_is_written_only_alone() {
    let nil = Value::List(gotmpl::List::nil(gotmpl::value::types::LIST_ANY));
    assert_eq!(to_toml(&nil).unwrap(), b"[]");
    assert_eq!(to_toml(&Value::map([("a".into(), nil)])).unwrap(), b"");
}

#[test]
fn times_show_their_zone_to_go() {
    let map = from_toml("a = 1979-05-27\nb = 1979-05-27T07:32:00.5Z").unwrap();
    let shown = String::from_utf8(gotmpl::fmt::sprintf(b"%#v", &[Value::Map(map)])).unwrap();
    assert!(shown.contains("time.Date(1979, time.May, 27, 0, 0, 0, 0, time.Location(\"date-local\"))"), "{shown}");
    assert!(shown.contains("time.Date(1979, time.May, 27, 7, 32, 0, 500000000, time.UTC)"), "{shown}");
}

#[test]
fn hostile_text_is_refused() {
    assert!(read(&"a = ".repeat(10_000)).starts_with("toml: line 1"));
    assert!(read(&format!("a = {}", "[".repeat(1_000_000))).ends_with("nested too deeply"));
    assert!(read(&format!("a = {}", "{a = ".repeat(100_000))).ends_with("nested too deeply"));
}

#[test]
fn dates_keep_their_form() {
    let map =
        from_toml("a = 2020-01-01\nb = 10:00:00.5\nc = 2020-01-01T01:02:03\nd = 2020-01-01 01:02:03+02:00").unwrap();
    let text = to_toml(&Value::Map(map)).unwrap();
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "a = 2020-01-01\nb = 10:00:00.5\nc = 2020-01-01T01:02:03\nd = 2020-01-01T01:02:03+02:00\n"
    );
}

#[test]
fn keys_do_not_overflow_the_stack() {
    for text in ["a.".repeat(100_000) + "b = 1", format!("[{}b]", "a.".repeat(100_000))] {
        assert_eq!(read(&text), "toml: line 1: keys are nested too deeply");
    }
    let inline = format!("{}x = 1{}", "a = {b.c.d.e.f.g.h = {".repeat(90), "}}".repeat(90));
    assert!(read(&inline).contains("nested too deeply"), "{}", read(&inline));
    assert_eq!(read(&("a.".repeat(150) + "b = 1")).len(), "{\"a\":}".len() * 150 + "{\"b\":1}".len());
}

#[test]
fn values_that_share_values_are_not_spelled_out_beyond_the_limit() {
    let shared = (0..40).fold(Value::str("leaf"), |v, _| Value::list(vec![v.clone(), v]));
    let table = Value::map([("a".into(), shared.clone())]);
    for value in [&shared, &table] {
        assert_eq!(to_toml_within(value, 1 << 20), Err(TomlError::TooLong { limit: 1 << 20 }));
        assert!(crate::to_yaml_within(value, 1 << 20).is_err_and(|e| e.is_too_long()));
        assert!(crate::to_yaml_pretty_within(value, 1 << 20).is_err_and(|e| e.is_too_long()));
    }
}
