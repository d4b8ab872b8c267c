use super::*;
use crate::value::{Map, Value};

fn text(value: &Value) -> String {
    String::from_utf8(marshal(value).unwrap()).unwrap()
}

fn error(json: &str) -> String {
    unmarshal(json.as_bytes()).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn floats_print_as_go_prints_them() {
    for (f, want) in [
        (1.0, "1"),
        (-0.0, "-0"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e-7, "1.5e-7"),
        (1e-10, "1e-10"),
        (0.000001, "0.000001"),
        (123456789.5, "123456789.5"),
        (-1.5e300, "-1.5e+300"),
        (864_364_750_316_598.2, "864364750316598.2"),
        (5e-324, "5e-324"),
        (0.1, "0.1"),
    ] {
        assert_eq!(text(&Value::float(f)), want);
    }
    assert_eq!(marshal(&Value::float(f64::NAN)).unwrap_err().to_string(), "json: unsupported value: NaN");
    assert_eq!(marshal(&Value::float(f64::NEG_INFINITY)).unwrap_err().to_string(), "json: unsupported value: -Inf");
}

#[test]
fn strings_escape_html_and_broken_bytes() {
    assert_eq!(
        text(&Value::str("<a>&\u{2028}\u{2030}\"\\\n\u{8}\u{1}\u{7f}é")),
        "\"\\u003ca\\u003e\\u0026\\u2028\u{2030}\\\"\\\\\\n\\b\\u0001\u{7f}é\""
    );
    assert_eq!(text(&Value::str(&b"a\xe2\x82b\xff"[..])), "\"a\\ufffd\\ufffdb\\ufffd\"");
    assert_eq!(marshal_raw(&Value::str("<&>")).unwrap(), b"\"<&>\"");
}

#[test]
fn indent_follows_go() {
    let value = parse(br#"{"b":[1,{}],"a":[]}"#).unwrap();
    let want = "{\n  \"a\": [],\n  \"b\": [\n    1,\n    {}\n  ]\n}";
    assert_eq!(to_string_indent(&value, "  ").unwrap(), want);
    assert_eq!(marshal_indent(&Value::from_json(&value), "", "  ").unwrap(), want.as_bytes());
}

#[test]
fn serde_text_is_go_text() {
    let value = serde_json::json!({"a": 1.0, "b": "<\u{2029}>", "c": 1e21, "d": [null, true, -3]});
    assert_eq!(to_string(&value).unwrap(), r#"{"a":1,"b":"\u003c\u2029\u003e","c":1e+21,"d":[null,true,-3]}"#);
}

#[test]
fn decoder_errors_are_go_errors() {
    for (json, want) in [
        ("", "unexpected end of JSON input"),
        ("{", "unexpected end of JSON input"),
        ("hello", "invalid character 'h' looking for beginning of value"),
        ("nulx", "invalid character 'x' in literal null (expecting 'l')"),
        ("{a", "invalid character 'a' looking for beginning of object key string"),
        ("{\"a\" 1}", "invalid character '1' after object key"),
        ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
        ("[1 2]", "invalid character '2' after array element"),
        ("1 2", "invalid character '2' after top-level value"),
        ("01", "invalid character '1' after top-level value"),
        ("[-", "invalid character ' ' in numeric literal"),
        ("nu", "invalid character ' ' in literal null (expecting 'l')"),
        ("\"\\u12", "invalid character ' ' in \\u hexadecimal character escape"),
        ("\"a", "unexpected end of JSON input"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
        ("\"a\nb\"", "invalid character '\\n' in string literal"),
        ("\"\\q\"", "invalid character 'q' in string escape code"),
        ("\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape"),
        ("é", "invalid character 'Ã' looking for beginning of value"),
        ("'", "invalid character '\\'' looking for beginning of value"),
        ("[1e999]", "json: cannot unmarshal number 1e999 into Go value of type float64"),
    ] {
        assert_eq!(error(json), want, "{json}");
    }
}

#[test]
fn escapes_and_surrogates_decode() {
    let Value::String(s) = unmarshal(br#""\ud83d\ude00\ud83dx\ude00\u00e9\/""#).unwrap() else { panic!("no string") };
    assert_eq!(s.to_text(), "😀\u{fffd}x\u{fffd}é/");
}

#[test]
fn hostile_depth_is_refused() {
    let deep = "[".repeat(1_000_000);
    assert_eq!(error(&deep), "invalid character '[' exceeded max depth");
    let map = Map::any();
    assert!(map.insert("self", Value::Map(map.clone())));
    let text = marshal(&Value::Map(map.clone())).unwrap_err().to_string();
    assert_eq!(text, "json: unsupported value: encountered a cycle via map[string]interface {}");
    map.remove("self");
}

#[test]
fn typed_targets_name_the_go_type() {
    let (_, error) = unmarshal_map(b"[1]");
    assert_eq!(
        error.unwrap().to_string(),
        "json: cannot unmarshal array into Go value of type map[string]interface {}"
    );
    let (_, error) = unmarshal_list(b"1");
    assert_eq!(error.unwrap().to_string(), "json: cannot unmarshal number into Go value of type []interface {}");
    assert!(unmarshal_map(b"null").0.is_nil());
}
