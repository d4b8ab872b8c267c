//! JSON values as Go prints them.

use serde_json::{Number, Value as Json};

/// Gives the value as `fmt.Sprintf("%v")` prints it: `map[a:1 b:[x y]]`.
pub(crate) fn go_text(value: &Json) -> String {
    let mut text = String::new();
    write(&mut text, value, Verb::Any);
    text
}

/// Gives the value as `fmt.Sprintf("%s")` prints it: `map[a:%!s(int64=1) b:[x y]]`.
pub(crate) fn go_text_of_string(value: &Json) -> String {
    if value.is_null() {
        return "%!s(<nil>)".to_owned();
    }
    let mut text = String::new();
    write(&mut text, value, Verb::Text);
    text
}

/// A verb of Go's formats.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    /// `%v`
    Any,
    /// `%s`
    Text,
}

/// The depth is bounded by the JSON reader's.
fn write(text: &mut String, value: &Json, verb: Verb) {
    match value {
        Json::String(string) => text.push_str(string),
        Json::Array(items) => {
            text.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    text.push(' ');
                }
                write(text, item, verb);
            }
            text.push(']');
        }
        Json::Object(entries) => {
            text.push_str("map[");
            for (i, (key, value)) in entries.iter().enumerate() {
                if i > 0 {
                    text.push(' ');
                }
                text.push_str(key);
                text.push(':');
                write(text, value, verb);
            }
            text.push(']');
        }
        Json::Null => text.push_str("<nil>"),
        Json::Bool(_) | Json::Number(_) if verb == Verb::Text => {
            text.push_str("%!s(");
            text.push_str(go_type(value));
            text.push('=');
            write(text, value, Verb::Any);
            text.push(')');
        }
        Json::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Json::Number(number) => text.push_str(&number_text(number)),
    }
}

fn number_text(number: &Number) -> String {
    match (number.as_i64(), number.as_f64()) {
        (Some(integer), _) => integer.to_string(),
        (None, Some(float)) => gotmpl::strconv::format_float(float, b'g', -1, 64),
        (None, None) => number.to_string(),
    }
}

/// The Go type that Kubernetes' JSON decoder gives the value; two values of one type can be compared.
pub(crate) fn go_type(value: &Json) -> &'static str {
    match value {
        Json::Null => "%!s(<nil>)",
        Json::Bool(_) => "bool",
        Json::Number(n) if n.is_i64() => "int64",
        Json::Number(_) => "float64",
        Json::String(_) => "string",
        Json::Array(_) => "[]interface {}",
        Json::Object(_) => "map[string]interface {}",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_print_as_go_prints_them() {
        let value = json!({"a": 1, "b": [null, true, "x", 1.5]});
        assert_eq!(go_text(&value), "map[a:1 b:[<nil> true x 1.5]]");
        assert_eq!(go_text_of_string(&value), "map[a:%!s(int64=1) b:[<nil> %!s(bool=true) x %!s(float64=1.5)]]");
        assert_eq!(go_text_of_string(&json!(null)), "%!s(<nil>)");
    }
}
