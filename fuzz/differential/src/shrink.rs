//! Makes a question that is answered differently as small as it gets.

use serde_json::Value as Json;

/// Smaller forms of `question`, larger cuts first. Which field may shrink, the op says: all but those that name a form.
pub fn smaller(question: &Json) -> Vec<Json> {
    let Json::Object(fields) = question else { return Vec::new() };
    let mut forms = Vec::new();
    for (key, value) in fields {
        if matches!(key.as_str(), "op" | "kind" | "apiVersion" | "release" | "namespace" | "option") {
            continue;
        }
        let mut put = |value: Option<Json>| {
            let mut fields = fields.clone();
            match value {
                Some(value) => fields.insert(key.clone(), value),
                None => fields.remove(key),
            };
            forms.push(Json::Object(fields));
        };
        if key != "text" && key != "constraint" && key != "version" {
            put(None);
        }
        for form in smaller_value(value) {
            // The document itself stays an object.
            if !value.is_object() || form.is_object() {
                put(Some(form));
            }
        }
    }
    forms.retain(|form| size(form) < size(question));
    forms
}

/// What shrinks: the length, then the order of the texts.
fn size(question: &Json) -> (usize, String) {
    let text = question.to_string();
    (text.len(), text)
}

fn smaller_value(value: &Json) -> Vec<Json> {
    match value {
        Json::String(text) => {
            let mut forms = document(text);
            forms.extend(smaller_text(text));
            forms.into_iter().map(Json::String).collect()
        }
        Json::Array(items) => {
            let mut forms = vec![Json::Array(Vec::new())];
            for (at, item) in items.iter().enumerate() {
                let mut fewer = items.clone();
                fewer.remove(at);
                forms.push(Json::Array(fewer));
                for form in smaller_value(item) {
                    let mut other = items.clone();
                    other[at] = form;
                    forms.push(Json::Array(other));
                }
            }
            forms
        }
        Json::Object(fields) => {
            let mut forms = vec![Json::Null];
            for (key, field) in fields {
                let mut fewer = fields.clone();
                fewer.remove(key);
                forms.push(Json::Object(fewer));
                for form in smaller_value(field) {
                    let mut other = fields.clone();
                    other.insert(key.clone(), form);
                    forms.push(Json::Object(other));
                }
            }
            forms
        }
        Json::Number(_) => vec![Json::from(0), Json::from(1)],
        _ => Vec::new(),
    }
}

/// Smaller forms of a text that is a JSON document.
fn document(text: &str) -> Vec<String> {
    match serde_json::from_str::<Json>(text) {
        Ok(value @ (Json::Object(_) | Json::Array(_))) => {
            smaller_value(&value).iter().filter(|form| !form.is_null()).map(Json::to_string).collect()
        }
        _ => Vec::new(),
    }
}

/// Cuts of halves, quarters … single characters, and parentheses with something simple in their place.
fn smaller_text(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut forms = Vec::new();
    let without = |from: usize, to: usize, put: &str| -> String {
        chars[..from].iter().copied().chain(put.chars()).chain(chars[to..].iter().copied()).collect()
    };
    for (open, close) in groups(&chars) {
        forms.push(without(open, close, "1"));
        forms.push(without(open, close, "\"\""));
        forms.push(without(open, close, &chars[open + 1..close - 1].iter().collect::<String>()));
    }
    let mut size = chars.len();
    while size > 0 {
        let mut from = 0;
        while from < chars.len() {
            forms.push(without(from, (from + size).min(chars.len()), ""));
            from += size.div_ceil(2);
        }
        size /= 2;
    }
    forms.retain(|form| form.len() < text.len());
    forms
}

/// Pairs of parentheses: where one opens and behind where it closes.
fn groups(chars: &[char]) -> Vec<(usize, usize)> {
    let mut open = Vec::new();
    let mut pairs = Vec::new();
    for (at, c) in chars.iter().enumerate() {
        match c {
            '(' => open.push(at),
            ')' => pairs.extend(open.pop().map(|from| (from, at + 1))),
            _ => {}
        }
    }
    pairs.sort_unstable();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_form_is_smaller() {
        let question = json!({"op": "render", "text": "{{ (a (b 1)) }}", "values": {"a": [1, {"b": "x"}]}});
        let forms = smaller(&question);
        assert!(forms.iter().all(|form| size(form) < size(&question)));
        assert!(forms.contains(&json!({"op": "render", "text": "{{ a (b 1) }}", "values": {"a": [1, {"b": "x"}]}})));
        assert!(forms.contains(&json!({"op": "render", "text": "{{ (a (b 1)) }}", "values": {"a": [1]}})));
    }
}
