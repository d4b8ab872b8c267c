//! Where a name lies that `propertyNames` refuses: the validator tells the name and the schema, and not the object.

use super::literal::{Source, unescape};
use super::report::{Unit, joined};
use serde_json::Value as Json;
use sprig::regex::GoRegex;

/// The objects with a name that a way through a schema leads to.
pub(crate) struct Search<'s> {
    pub(crate) source: &'s Source<'s>,
    /// The schema at which the way begins.
    pub(crate) schema: &'s str,
    pub(crate) way: &'s [Unit],
    /// The refused name.
    pub(crate) name: &'s str,
}

impl Search<'_> {
    /// The ways to them from the value at which the way begins, in the order in which the validator comes to them.
    pub(crate) fn objects(&self, value: &Json) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        self.walk(value, 0, &mut Vec::new(), &mut found);
        found
    }

    fn walk(&self, value: &Json, at: usize, tokens: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
        let Some(unit) = self.way.get(at) else {
            if value.get(self.name).is_some() {
                found.push(tokens.clone());
            }
            return;
        };
        if !unit.down {
            return self.walk(value, at + 1, tokens, found);
        }
        for token in self.children(value, unit, at) {
            let child = match value {
                Json::Array(items) => token.parse().ok().and_then(|index: usize| items.get(index)),
                value => value.get(&token),
            };
            if let Some(child) = child {
                tokens.push(token);
                self.walk(child, at + 1, tokens, found);
                tokens.pop();
            }
        }
    }

    /// The names or indexes in a value to which a keyword applies.
    fn children(&self, value: &Json, unit: &Unit, at: usize) -> Vec<String> {
        let mut words = unit.text.split('/').skip(1);
        let (keyword, name) = (words.next().unwrap_or_default(), words.next().map(unescape));
        let keys = || value.as_object().into_iter().flat_map(|object| object.keys().cloned());
        match (keyword, name) {
            ("patternProperties", Some(pattern)) => {
                let Ok(pattern) = GoRegex::new(&pattern) else { return Vec::new() };
                keys().filter(|key| pattern.is_match(key.as_bytes())).collect()
            }
            (_, Some(name)) => vec![name],
            ("additionalProperties" | "unevaluatedProperties", None) => {
                let schema = joined(self.schema, self.way.get(..at).unwrap_or_default());
                let patterns = self.source.names(&schema, "patternProperties");
                let patterns: Vec<GoRegex> = patterns.iter().filter_map(|p| GoRegex::new(p).ok()).collect();
                let properties = self.source.names(&schema, "properties");
                let other = |key: &String| {
                    !properties.contains(key) && !patterns.iter().any(|pattern| pattern.is_match(key.as_bytes()))
                };
                keys().filter(other).collect()
            }
            _ => {
                let schema = joined(self.schema, self.way.get(..at).unwrap_or_default());
                let before = match keyword {
                    "items" => self.source.list_length(&schema, "prefixItems"),
                    "additionalItems" => self.source.list_length(&schema, "items"),
                    _ => 0,
                };
                let length = value.as_array().map_or(0, Vec::len);
                (before..length).map(|index| index.to_string()).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::schema::validate_single;
    use helmd_chart::HelmMajor;

    /// The first line of the report.
    fn told(schema: &str, values: &str) -> String {
        let values = serde_json::from_str(values).unwrap();
        let error = validate_single(&values, schema.as_bytes(), HelmMajor::Helm4).unwrap_err().to_string();
        error.lines().find(|line| line.contains("propertyName")).unwrap().trim().to_owned()
    }

    #[test]
    fn a_refused_name_is_told_with_its_object() {
        for (schema, place) in [
            (r#"{"propertyNames":{"pattern":"^x"}}"#, "- at '': invalid propertyName 'a'"),
            (
                r#"{"properties":{"a":{"properties":{"c":{"propertyNames":{"maxLength":0}}}}}}"#,
                "- at '/a/c': invalid propertyName 'd/e'",
            ),
            (
                r##"{"additionalProperties":{"$ref":"#/$defs/n"},"$defs":{"n":{"patternProperties":{"^c":{"propertyNames":false}}}}}"##,
                "- at '/a/c': invalid propertyName 'd/e'",
            ),
            (
                r#"{"properties":{"a":{"properties":{"l":{"items":{"additionalProperties":{"propertyNames":{"maxLength":0}}}}}}}}"#,
                "- at '/a/l/1/f~1g': invalid propertyName 'h'",
            ),
        ] {
            let told = told(schema, r#"{"a":{"c":{"d/e":1},"l":[{"i":1},{"f/g":{"h":2}}]}}"#);
            assert_eq!(told, place, "{schema}");
        }
    }
}
