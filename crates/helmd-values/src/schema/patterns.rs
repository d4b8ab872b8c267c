//! Regular expressions of a schema that are none to Go.
//!
//! The validator that we use takes some of them for good ones at first (`\pa`), and has no words for them later. They get
//! a start that it does not take, so that it refuses them where the original does.

use super::places::Places;
use serde_json::{Map, Value as Json};
use sprig::regex::GoRegex;

/// A range that is out of order: no expression begins with it.
const REFUSED: &str = "[~-!]";
/// The same as it stands in a JSON pointer.
const REFUSED_IN_POINTER: &str = "[~0-!]";

fn is_broken(pattern: &str) -> bool {
    GoRegex::new(pattern).is_err()
}

/// Whether the schema has an expression that is none.
pub(crate) fn has_broken(places: &Places<'_>) -> bool {
    places.list().iter().filter_map(|place| place.as_object()).any(|schema| {
        schema.get("pattern").and_then(Json::as_str).is_some_and(is_broken)
            || schema
                .get("patternProperties")
                .and_then(Json::as_object)
                .is_some_and(|all| all.keys().any(|p| is_broken(p)))
    })
}

/// Makes all broken expressions ones that the validator refuses. It may mark data, too: the schema is refused anyway.
pub(crate) fn mark(document: &mut Json) {
    let mut left = vec![document];
    while let Some(value) = left.pop() {
        match value {
            Json::Array(items) => left.extend(items.iter_mut()),
            Json::Object(entries) => {
                if let Some(Json::String(pattern)) = entries.get_mut("pattern")
                    && is_broken(pattern)
                {
                    pattern.insert_str(0, REFUSED);
                }
                if let Some(Json::Object(all)) = entries.get_mut("patternProperties") {
                    let marked = |key: String| if is_broken(&key) { format!("{REFUSED}{key}") } else { key };
                    *all =
                        std::mem::take(all).into_iter().map(|(key, rule)| (marked(key), rule)).collect::<Map<_, _>>();
                }
                left.extend(entries.values_mut());
            }
            _ => {}
        }
    }
}

/// The expression as it was.
pub(crate) fn unmarked(pattern: &str) -> &str {
    pattern.strip_prefix(REFUSED).unwrap_or(pattern)
}

/// A report with the expressions as they were.
pub(crate) fn without_marks(report: &str) -> String {
    report.replace(REFUSED, "").replace(REFUSED_IN_POINTER, "")
}

#[cfg(test)]
mod tests {
    use crate::schema::validate_single;
    use helmd_chart::HelmMajor;

    #[test]
    fn a_broken_expression_is_told_as_in_helm() {
        for (schema, want) in [
            (
                r#"{"pattern":"\\pa"}"#,
                "\n  - at '/pattern': '\\\\pa' is not valid regex: error parsing regexp: invalid character class range: `\\pa`",
            ),
            (
                r#"{"properties":{"a":{"pattern":"("}}}"#,
                "\n    - at '/properties/a/pattern': '(' is not valid regex: error parsing regexp: missing closing ): `(`",
            ),
            (
                r#"{"properties":{"a":{"patternProperties":{"[":{}}}}}"#,
                "\n    - at '/properties/a/patternProperties': invalid propertyName '['\
                 \n      - at '': '[' is not valid regex: error parsing regexp: missing closing ]: `[`",
            ),
            (
                r#"{"$schema":"http://json-schema.org/draft-06/schema#","patternProperties":{"(":{}}}"#,
                "invalid regex \"(\" at \"file:///values.schema.json#/patternProperties\": error parsing regexp: missing closing ): `(`",
            ),
            (
                r#"{"$schema":"http://json-schema.org/draft-04/schema#","patternProperties":{"(":true}}"#,
                "\n- at '/patternProperties/(': got boolean, want object",
            ),
        ] {
            let values = serde_json::from_str(r#"{"a":"x"}"#).unwrap();
            let error = validate_single(&values, schema.as_bytes(), HelmMajor::Helm4).unwrap_err().to_string();
            assert!(error.ends_with(want), "{error}\n{want}");
        }
    }
}
