use super::{JsonPath, JsonPathError};
use serde_json::{Value as Json, json};

fn data() -> Json {
    json!({
        "image": { "repository": "nginx", "tag": "", "pull.policy": "Always" },
        "hosts": [
            { "name": "a", "port": 80.0, "paths": ["/", "/x"] },
            { "name": "b", "port": 8080.0, "paths": [] },
            { "name": "c<d>", "weight": 0.5 },
        ],
        "numbers": [1.0, 2.0, 3.0, 1e21, 100_000.0],
        "nothing": null,
        "holes": [null, { "x": true }, null],
        "on": true,
    })
}

fn run(path: &str) -> Result<String, String> {
    let path = JsonPath::parse(path).map_err(|e| e.to_string())?;
    path.execute(&data()).map(|out| String::from_utf8_lossy(&out).into_owned()).map_err(|e| e.to_string())
}

#[test]
fn values_are_found_and_printed() {
    for (path, want) in [
        ("", ""),
        ("text only", "text only"),
        ("{.image.repository}", "nginx"),
        ("{.image.tag}|{.on}|{.nothing}", "|true|null"),
        ("{$.image['repository']}", "nginx"),
        (r"{.image.pull\.policy}", "Always"),
        (r"{.image['pull\.policy']}", "Always"),
        ("{.image}", r#"{"pull.policy":"Always","repository":"nginx","tag":""}"#),
        ("{.hosts[*].name}", "a b c<d>"),
        ("{.hosts[-1]}", r#"{"name":"c\u003cd\u003e","weight":0.5}"#),
        ("{.hosts[0:2].name}", "a b"),
        ("{.numbers}", "[1,2,3,1e+21,100000]"),
        ("{.numbers[*]}", "1 2 3 1e+21 100000"),
        ("{.numbers[::2]}", "1 3 100000"),
        ("{.numbers[0,2]}", "1 3"),
        ("{.numbers[]}", "1"),
        ("{.hosts[?(@.name==\"b\")].port}", "8080"),
        ("{.hosts[?(@.weight)].name}", "c<d>"),
        ("{range .hosts[:1]}{.name}{'\\t'}{.paths[0]}{\"\\n\"}{end}", "a\t/\n"),
        ("{range .hosts[:2]}[{.name}]{end}.", "[a][b]."),
        ("{range .hosts[:1]}{range .paths[*]}<{@}>{end}!{end}", "</></x>!"),
        ("{range .hosts[1].paths[*]}x{end}y", "y"),
        ("{range .holes[*]}{@}{end}", "<no value>{\"x\":true}<no value>"),
        ("{.holes[*].x}", "true"),
        ("{..name}", "a b c<d>"),
        ("{.image.repository.*}", "110 103 105 110 120"),
        ("{3} {2.5} {true}", "3 2.5 true"),
    ] {
        assert_eq!(run(path).as_deref(), Ok(want), "{path}");
    }
}

#[test]
fn faults_have_client_gos_words() {
    for (path, want) in [
        ("{", "unclosed action"),
        ("{.a", "unclosed action"),
        ("{!}", "unrecognized character in action: U+0021 '!'"),
        ("{....}", "invalid multiple recursive descent"),
        ("{[1}", "unterminated array"),
        ("{[a]}", "invalid array index a"),
        ("{[1:2:3:4]}", "invalid array index 1:2:3:4"),
        ("{[-]}", "array index - is not a number"),
        ("{[?(@.a]}", "unterminated filter"),
        ("{[?(@.a)}", "unclosed array expect ]"),
        ("{\"a}", "unterminated quoted string"),
        (r#"{"\q"}"#, r#"unquote string "\q" error invalid syntax"#),
        ("{\u{663}}", "cannot parse number \u{663}"),
        ("{\u{b2}}", "unrecognized character in action: U+00B2 '\u{b2}'"),
        ("{1.2.3}", "cannot parse number 1.2.3"),
        ("{.x}", "x is not found"),
        ("{.hosts[?(@.port>80.0)].name}", "port is not found"),
        ("{.}", " is not found"),
        ("{x}", "unrecognized identifier x"),
        ("{end}", "not in range, nothing to end"),
        ("{.image[0]}", "map[string]interface {} is not array or slice"),
        ("{.numbers[9]}", "array index out of bounds: index 9, length 5"),
        ("{.numbers[3:1]}", "starting index 3 is greater than ending index 1"),
        ("{.numbers[0:2:0]}", "step must be > 0"),
        ("{.numbers[?(@==1)]}", "incompatible types for comparison"),
        ("{.holes[?(@==1)]}", "invalid type for comparison"),
        ("{.numbers[?(@=1.0)]}", "unrecognized filter operator ="),
        ("{.on[?(@.x)]}", "true is not array or slice and cannot be filtered"),
        ("{.hosts[:1][?(@.x)]}", "map[name:a paths:[/ /x] port:80] is not array or slice and cannot be filtered"),
    ] {
        assert_eq!(run(path), Err(want.to_owned()), "{path}");
    }
}

#[test]
fn expressions_cannot_run_away() {
    let mut wide = json!(1);
    for _ in 0..12 {
        wide = json!([wide.clone(), wide.clone(), wide]);
    }
    let path = JsonPath::parse("{..[*]..[*]..[*]..[*]}").unwrap();
    assert!(matches!(path.execute(&wide), Err(JsonPathError::TooMuch { what: "values visited", .. })));
    let path = JsonPath::parse(&"{range @}".repeat(100)).unwrap();
    assert!(matches!(path.execute(&wide), Err(JsonPathError::TooMuch { what: "ranges in ranges", .. })));
    for text in ["{".repeat(100_000), "[?(".repeat(100_000), format!("{{{}", "[?(@".repeat(50_000))] {
        let _parsed = JsonPath::parse(&text);
    }
}
