//! Go's `log/slog` text handler, without the time.

use crate::strconv::{is_print, quote};

/// One record: `level=WARN msg="two words" key=value`.
pub fn record(level: &str, message: &str, attributes: &[(&str, &str)]) -> String {
    let mut text = format!("level={level} msg={}", value(message));
    for (key, attribute) in attributes {
        text.push_str(&format!(" {key}={}", value(attribute)));
    }
    text
}

/// A value, quoted where it could be misread.
fn value(text: &str) -> String {
    let plain = |c: char| match c {
        ' ' | '=' | '"' => false,
        '\0'..='\u{1f}' => false,
        c if c.is_ascii() => true,
        c => !c.is_whitespace() && c != '\u{fffd}' && is_print(u32::from(c)),
    };
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { quote(text.as_bytes()) }
}

#[cfg(test)]
mod tests {
    use super::record;

    #[test]
    fn values_are_quoted_where_needed() {
        assert_eq!(record("WARN", "x", &[("a", "é"), ("b", "")]), "level=WARN msg=x a=é b=\"\"");
        assert_eq!(record("INFO", "a b", &[("c", "d=e")]), "level=INFO msg=\"a b\" c=\"d=e\"");
    }
}
