use super::*;

macro_rules! bounds {
    () => {
        Bounds::new(&Limits::default(), 1 << 30)
    };
}

fn error(pattern: &str) -> String {
    GoRegex::new(pattern).err().unwrap_or_default()
}

fn all(pattern: &str, text: &str) -> Vec<String> {
    let regex = GoRegex::new(pattern).unwrap();
    regex.find_all(text.as_bytes(), -1, bounds!()).unwrap().into_iter().map(|r| text[r].to_owned()).collect()
}

fn replaced(pattern: &str, text: &str, replacement: &str) -> String {
    let regex = GoRegex::new(pattern).unwrap();
    String::from_utf8(regex.replace_all(text.as_bytes(), replacement.as_bytes(), bounds!()).unwrap()).unwrap()
}

#[test]
fn mistakes_have_go_texts() {
    for (pattern, want) in [
        ("(a", "missing closing ): `(a`"),
        ("a)", "unexpected ): `a)`"),
        ("[a", "missing closing ]: `[a`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a*?+", "invalid nested repetition operator: `*?+`"),
        ("*", "missing argument to repetition operator: `*`"),
        ("(|*)", "missing argument to repetition operator: `*`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("(a{100}){100}", "invalid repeat count: `{100}`"),
        ("(?<=a)", "invalid named capture: `(?<=a)`"),
        ("(?P<n-x>a)", "invalid named capture: `(?P<n-x>`"),
        ("(?P=n)", "invalid or unsupported Perl syntax: `(?P`"),
        ("(?i", "invalid or unsupported Perl syntax: `(?i`"),
        ("\\", "trailing backslash at end of expression: ``"),
        ("\\8", "invalid escape sequence: `\\8`"),
        ("\\p{Nope}", "invalid character class range: `\\p{Nope}`"),
        ("[b-a]", "invalid character class range: `b-a`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
    ] {
        assert_eq!(error(pattern), format!("error parsing regexp: {want}"));
    }
    let deep = "(".repeat(1001) + &")".repeat(1001);
    assert!(error(&deep).starts_with("error parsing regexp: expression nests too deeply: "));
    assert!(error("((((a{10}){10}){10}){1}){1}").is_empty());
    assert!(error(r"(\pL{1000})").is_empty() || error(r"(\pL{1000})").contains("too large"));
}

#[test]
fn matches_as_re2() {
    assert_eq!(all("a*", "baaac"), ["", "aaa", ""]);
    assert_eq!(all(r"\d+", "1 ٣ 22"), ["1", "22"]);
    assert_eq!(all("[a&&b]+", "a&b"), ["a&b"]);
    assert_eq!(all("(?i)k", "kK\u{212a}"), ["k", "K", "\u{212a}"]);
    assert_eq!(all("a{,2}", "a{,2}"), ["a{,2}"]);
    assert_eq!(all(r"\Qa.b\E+", "a.bbb"), ["a.bbb"]);
    assert_eq!(all("(?U)a+", "aa"), ["a", "a"]);
    assert_eq!(all("x|", "é"), ["", ""]);
}

#[test]
fn replaces_as_go() {
    assert_eq!(replaced("a(x*)b", "-ab-axxb-", "${1}W"), "-W-xxW-");
    assert_eq!(replaced("a(x*)b", "-ab-axxb-", "$1W"), "---");
    assert_eq!(replaced("(?P<n>.)", "ab", "<$n$$>"), "<a$><b$>");
    assert_eq!(replaced("x*", "axb", "-"), "-a-b-");
    assert_eq!(replaced("", "é", "."), ".é.");
    assert_eq!(replaced("a", "a", "${"), "${");
}

#[test]
fn broken_bytes_are_characters() {
    let regex = GoRegex::new("^.(.)$").unwrap();
    assert_eq!(regex.replace_all(b"a\xff", b"<$1>", bounds!()).unwrap(), b"<\xff>");
    assert_eq!(GoRegex::new(".").unwrap().find_all(b"\xe4\xb8", -1, bounds!()).unwrap(), [0..1, 1..2]);
}

#[test]
fn splits_as_go() {
    let parts =
        |pattern: &str, text: &str, n| GoRegex::new(pattern).unwrap().split(text.as_bytes(), n, bounds!()).unwrap();
    assert_eq!(parts("a", "banana", 0), None);
    assert_eq!(parts("a", "banana", 2), Some(vec![0..1, 2..6]));
    assert_eq!(parts("a", "", -1), Some(std::iter::once(0..0).collect()));
    assert_eq!(parts("", "ab", -1), Some(vec![0..1, 1..2]));
}
