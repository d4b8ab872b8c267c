use crate::{
    Numbers, ParseLimits, YamlError, json_to_yaml, parse, parse_limited, parse_map, parse_strict, parse_value,
    to_json_text, to_yaml, to_yaml_pretty,
};
use gotmpl::Value;
use serde_json::json;

fn read(yaml: &str) -> String {
    to_json_text(yaml.as_bytes()).unwrap_or_else(|e| e.to_string())
}

fn error(yaml: &str) -> String {
    parse(yaml.as_bytes(), Numbers::Float64).unwrap_err().to_string()
}

#[test]
fn scalars_are_those_of_yaml_1_1() {
    for (yaml, want) in [
        ("[yes, No, y, on, true]", "[true,false,true,true,true]"),
        ("[0777, 0o14, 0x1F, 0b11, 1_000, 08]", "[511,12,31,3,1000,8]"),
        ("[12:30, 2020-01-01, 1e3, .5]", "[\"12:30\",\"2020-01-01\",1000,0.5]"),
        ("{n: 1, 1.5: 2, 7: 3}", "{\"1.5\":2,\"7\":3,\"false\":1}"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2", "{\"a\":{\"b\":1},\"c\":{\"b\":1,\"d\":2}}"),
        ("a: 1\na: 2", "{\"a\":2}"),
        ("", "null"),
        ("a\n---\nb", "\"a\""),
    ] {
        assert_eq!(read(yaml), want, "{yaml}");
    }
}

#[test]
fn errors_are_go_yamls() {
    for (yaml, want) in [
        ("a: b: c", "yaml: mapping values are not allowed in this context"),
        ("x: 1\ny: 2\na: b: c", "yaml: line 3: mapping values are not allowed in this context"),
        ("a: [1, 2\nb: 3", "yaml: line 1: did not find expected ',' or ']'"),
        ("a: *b", "yaml: unknown anchor 'b' referenced"),
        ("a: &a [*a]", "yaml: anchor 'a' value contains itself"),
        ("{[a]: 1}", "yaml: invalid map key: []interface {}{\"a\"}"),
        ("~: 1", "unsupported map key of type: %!s(<nil>), key: <nil>, value: 1"),
        ("a: .nan", "json: unsupported value: NaN"),
    ] {
        assert_eq!(error(yaml), format!("error converting YAML to JSON: {want}"), "{yaml}");
    }
    let strict = parse_strict(b"a: 1\na: 2", Numbers::Json).unwrap_err().to_string();
    assert!(strict.ends_with("yaml: unmarshal errors:\n  line 2: key \"a\" already set in map"), "{strict}");
    let wrong = parse_map(b"[1]").map(|_| ()).unwrap_err().to_string();
    assert_eq!(
        wrong,
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}"
    );
}

#[test]
fn a_bad_character_is_found_when_its_piece_is_read() {
    let late = format!("a: b: c\n#{}\u{1}", "x".repeat(600));
    assert_eq!(read(&late), "yaml: mapping values are not allowed in this context");
    assert_eq!(read("a: b: c\n\u{1}"), "yaml: control characters are not allowed");
}

#[test]
fn hostile_documents_are_refused() {
    let deep = |open: &str| error(&open.repeat(200_000));
    assert!(deep("[").contains("exceeded max depth of 10000"), "{}", deep("["));
    assert!(deep("{a: ").contains("exceeded max depth of 10000"));
    assert!(deep("- ").contains("exceeded max depth of 10000"));
    let balanced = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let too_deep =
        "yaml: budget yaml-depth exceeded (at most 1000 levels of YAML); this is the most that can be allowed";
    assert!(error(&balanced).ends_with(too_deep), "{}", error(&balanced));
    let mut laughs = "a0: &a0 [x]\n".to_owned();
    for i in 1..30 {
        let before = format!("*a{}", i - 1);
        laughs.push_str(&format!("a{i}: &a{i} [{}]\n", [before.as_str(); 10].join(", ")));
    }
    assert!(error(&laughs).ends_with("yaml: document contains excessive aliasing"));
    let mut chain = "a0: &a0 [x]\n".to_owned();
    for i in 1..5000 {
        chain.push_str(&format!("a{i}: &a{i} [*a{}]\n", i - 1));
    }
    assert!(matches!(parse(chain.as_bytes(), Numbers::Json), Err(YamlError::Convert(_))));
    let limited = |yaml: &str, limits| {
        let error = parse_limited(yaml.as_bytes(), Numbers::Json, limits).unwrap_err();
        error.exceeded().map(|e| e.budget)
    };
    let few = ParseLimits { bytes: 1000, depth: 10, nodes: 100 };
    assert_eq!(limited(&"x".repeat(1001), few), Some("yaml-bytes"));
    let text = format!("a: &a {}\nb: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a]", "x".repeat(100));
    assert_eq!(limited(&text, few), Some("yaml-bytes"));
    assert_eq!(limited(&"[".repeat(11), ParseLimits { bytes: 1000, ..few }), None);
    assert_eq!(limited(&("[".repeat(11) + &"]".repeat(11)), few), Some("yaml-depth"));
    assert_eq!(limited(&"- x\n".repeat(101), few), Some("yaml-nodes"));
    let copies = "a: &a [x, x, x, x, x, x, x, x, x, x]\nb: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]";
    assert_eq!(limited(copies, few), Some("yaml-nodes"));
    for n in 0..300 {
        let bytes: Vec<u8> = (0..200_u32).map(|i| ((i * i + n * 7) % 256) as u8).collect();
        let _ = parse(&bytes, Numbers::Json);
    }
}

#[test]
fn output_has_go_yamls_layout() {
    let value = json!({"a10": 1, "a9": [1, {"x": []}], "s": "yes", "t": "a\nb\n", "f": 1e21, "l": "#x"});
    let want = "a9:\n- 1\n- x: []\na10: 1\nf: 1e+21\nl: '#x'\ns: \"yes\"\nt: |\n  a\n  b\n";
    assert_eq!(json_to_yaml(&value).unwrap(), want);
    assert_eq!(to_yaml(&Value::from_json(&value)).unwrap(), want.as_bytes());
    let pretty = to_yaml_pretty(&Value::from_json(&value)).unwrap();
    assert!(pretty.starts_with(b"a9:\n  - 1\n  - x: []\n"));
}

#[test]
fn values_change_on_their_way_through_json() {
    let yaml = |v: serde_json::Value| json_to_yaml(&v).map_err(|e| e.to_string());
    assert_eq!(yaml(json!("a\u{85}b")).unwrap(), "a b\n");
    assert_eq!(yaml(json!("a\u{7f}")).unwrap_err(), "yaml: control characters are not allowed");
    let key = "k".repeat(1023);
    assert_eq!(yaml(json!({ key: 1 })).unwrap_err(), "yaml: did not find expected ',' or '}'");
    assert_eq!(
        yaml(json!([1e19, -1e19, 1000000.0, 0.000001])).unwrap(),
        "- 10000000000000000000\n- -1e+19\n- 1000000\n- 1e-06\n"
    );
}

#[test]
fn what_is_written_is_read_back() {
    let value = json!({"a": ["", " x", "x ", "- a", "a: b", "\u{feff}", "😀", "1", "~", "\u{2028}", "a\n\n b\n"], "": {"?": null}});
    let text = json_to_yaml(&value).unwrap();
    assert_eq!(parse(text.as_bytes(), Numbers::Json).unwrap(), value);
    assert!(parse_value(text.as_bytes()).is_ok());
}
