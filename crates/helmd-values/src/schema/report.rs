//! The original's report of what breaks a schema.

use super::literal::Source;
use super::number::{float, grouped};
use boon::{ErrorKind, InstanceToken, ValidationError};
use serde_json::Value as Json;
use sprig::regex::GoRegex;

/// The report: one line for each failure, causes indented below.
pub(crate) fn text(error: &ValidationError<'_, '_>, source: &Source<'_>) -> String {
    let mut out = String::new();
    Report { source, out: &mut out }.display(error, error.schema_url, false, 0);
    out
}

struct Report<'r> {
    source: &'r Source<'r>,
    out: &'r mut String,
}

impl Report<'_> {
    /// Writes an error that was found under the schema at `context`. `listed` tells that the error above is the one of
    /// the `allOf`, `anyOf` or `oneOf` at the start of the way from there.
    fn display(&mut self, error: &ValidationError<'_, '_>, context: &str, listed: bool, indent: usize) {
        let mut indent = indent;
        let location = pointer(error);
        // The validator drops these where a single branch failed; the original shows them.
        for step in steps(context, error.schema_url).into_iter().skip(usize::from(listed)) {
            let tokens = location.len().saturating_sub(step.below);
            self.line(location.get(..tokens).unwrap_or_default(), step.what, indent);
            indent += 1;
        }
        let reference = matches!(error.kind, ErrorKind::Reference { .. });
        if !(reference && error.causes.len() == 1) {
            match &error.kind {
                ErrorKind::Schema { url } => {
                    let url = if url.contains('#') { (*url).to_owned() } else { format!("{url}#") };
                    self.out.push_str(&format!("jsonschema validation failed with {}", quote(&url)));
                }
                _ => {
                    let what = describe(error, self.source);
                    self.line(&location, &what, indent);
                }
            }
            indent += 1;
        }
        let (context, listed) = match &error.kind {
            ErrorKind::Reference { url, .. } | ErrorKind::Schema { url } => (*url, false),
            ErrorKind::AllOf | ErrorKind::AnyOf | ErrorKind::OneOf(_) => (error.schema_url, true),
            _ => (error.schema_url, false),
        };
        for cause in &error.causes {
            self.display(cause, context, listed, indent);
        }
    }

    fn line(&mut self, location: &[String], what: &str, indent: usize) {
        if indent > 0 {
            self.out.push('\n');
            self.out.push_str(&"  ".repeat(indent - 1));
            self.out.push_str("- ");
        }
        let pointer: String = location.iter().map(|token| format!("/{token}")).collect();
        self.out.push_str(&format!("at {}: {what}", quote(&pointer)));
    }
}

/// An `allOf`, `anyOf` or `oneOf` on the way to an error.
struct Step {
    what: &'static str,
    /// How many steps down in the values follow.
    below: usize,
}

/// The steps on the way from one schema to another in the same document.
fn steps(from: &str, to: &str) -> Vec<Step> {
    let from = from.strip_suffix('#').unwrap_or(from);
    let Some(way) = to.strip_prefix(from).map(|way| way.strip_prefix('#').unwrap_or(way)) else { return Vec::new() };
    let mut found: Vec<Step> = Vec::new();
    let mut tokens = way.split('/').skip(1).peekable();
    while let Some(token) = tokens.next() {
        let what = match token {
            "allOf" => Some("'allOf' failed"),
            "anyOf" => Some("'anyOf' failed"),
            "oneOf" => Some("'oneOf' failed, none matched"),
            _ => None,
        };
        let down = matches!(
            token,
            "properties"
                | "patternProperties"
                | "additionalProperties"
                | "unevaluatedProperties"
                | "items"
                | "prefixItems"
                | "additionalItems"
                | "unevaluatedItems"
                | "contains"
        );
        let named = what.is_some()
            || matches!(
                token,
                "properties" | "patternProperties" | "prefixItems" | "dependentSchemas" | "dependencies" | "$defs" | "definitions"
            );
        let index = tokens.peek().is_some_and(|next| next.bytes().all(|c| c.is_ascii_digit()));
        if named || (token == "items" && index) {
            tokens.next();
        }
        if down {
            found.iter_mut().for_each(|step| step.below += 1);
        }
        found.extend(what.map(|what| Step { what, below: 0 }));
    }
    found
}

/// Where in the values, as the tokens of a JSON pointer.
fn pointer(error: &ValidationError<'_, '_>) -> Vec<String> {
    let token = |token: &InstanceToken<'_>| match token {
        InstanceToken::Prop(name) => name.replace('~', "~0").replace('/', "~1"),
        InstanceToken::Item(index) => index.to_string(),
    };
    error.instance_location.tokens.iter().map(token).collect()
}

fn describe(error: &ValidationError<'_, '_>, source: &Source<'_>) -> String {
    let sizes = |what: &str, got: &usize, want: &usize| format!("{what}: got {}, want {}", grouped(*got), grouped(*want));
    let numbers = |what: &str, got: &serde_json::Number, want: &serde_json::Number| {
        format!("{what}: got {}, want {}", float(got), float(want))
    };
    let missing = |prop: &str, missing: &[&str]| {
        format!("properties {} required, if {} exists", join(missing), quote(prop))
    };
    match &error.kind {
        ErrorKind::Group | ErrorKind::Reference { .. } | ErrorKind::Schema { .. } => "validation failed".to_owned(),
        ErrorKind::ContentSchema => "'contentSchema' failed".to_owned(),
        ErrorKind::PropertyName { prop } => format!("invalid propertyName {}", quote(prop)),
        ErrorKind::RefCycle { url, kw_loc1, kw_loc2 } => {
            let url = gotmpl::strconv::quote(url.as_bytes());
            format!("both {kw_loc1} and {kw_loc2} resolve to {url} causing reference cycle")
        }
        ErrorKind::FalseSchema => "false schema".to_owned(),
        ErrorKind::Type { got, want } => {
            let want: Vec<String> = want.iter().map(|t| t.to_string()).collect();
            format!("got {got}, want {}", want.join(" or "))
        }
        ErrorKind::Enum { want } => listed(error, want, source),
        ErrorKind::Const { want: Json::Array(_) | Json::Object(_) } => "'const' failed".to_owned(),
        ErrorKind::Const { want } => format!("value must be {}", shown(want, source.at(error.schema_url, "const"))),
        ErrorKind::Format { got, want, err } => {
            let reason = match (*want, got.as_ref()) {
                ("regex", Json::String(pattern)) => GoRegex::new(pattern).err(),
                _ => None,
            };
            let reason = reason.unwrap_or_else(|| err.to_string());
            format!("{} is not valid {want}: {reason}", shown(got, None))
        }
        ErrorKind::MinProperties { got, want } => sizes("minProperties", got, want),
        ErrorKind::MaxProperties { got, want } => sizes("maxProperties", got, want),
        ErrorKind::AdditionalProperties { got } => format!("additional properties {} not allowed", join(got)),
        ErrorKind::Required { want } => match want.as_slice() {
            [one] => format!("missing property {}", quote(one)),
            several => format!("missing properties {}", join(several)),
        },
        ErrorKind::Dependency { prop, missing: m } | ErrorKind::DependentRequired { prop, missing: m } => {
            missing(prop, m)
        }
        ErrorKind::MinItems { got, want } => sizes("minItems", got, want),
        ErrorKind::MaxItems { got, want } => sizes("maxItems", got, want),
        ErrorKind::MinLength { got, want } => sizes("minLength", got, want),
        ErrorKind::MaxLength { got, want } => sizes("maxLength", got, want),
        ErrorKind::Contains => "no items match contains schema".to_owned(),
        ErrorKind::MinContains { got, want } => contains("min", got, *want),
        ErrorKind::MaxContains { got, want } => contains("max", got, *want),
        ErrorKind::UniqueItems { got: [i, j] } => format!("items at {} and {} are equal", grouped(*i), grouped(*j)),
        ErrorKind::AdditionalItems { got } => format!("last {} additionalItem(s) not allowed", grouped(*got)),
        ErrorKind::Pattern { got, want } => format!("{} does not match pattern {}", quote(got), quote(want)),
        ErrorKind::ContentEncoding { want, err } => format!("value is not {} encoded: {err}", quote(want)),
        ErrorKind::ContentMediaType { want, err, .. } => format!("value is not of mediatype {}: {err}", quote(want)),
        ErrorKind::Minimum { got, want } => numbers("minimum", got, want),
        ErrorKind::Maximum { got, want } => numbers("maximum", got, want),
        ErrorKind::ExclusiveMinimum { got, want } => numbers("exclusiveMinimum", got, want),
        ErrorKind::ExclusiveMaximum { got, want } => numbers("exclusiveMaximum", got, want),
        ErrorKind::MultipleOf { got, want } => numbers("multipleOf", got, want),
        ErrorKind::Not => "'not' failed".to_owned(),
        ErrorKind::AllOf => "'allOf' failed".to_owned(),
        ErrorKind::AnyOf => "'anyOf' failed".to_owned(),
        ErrorKind::OneOf(None) => "'oneOf' failed, none matched".to_owned(),
        ErrorKind::OneOf(Some((i, j))) => format!("'oneOf' failed, subschemas {i}, {j} matched"),
    }
}

fn listed(error: &ValidationError<'_, '_>, want: &[Json], source: &Source<'_>) -> String {
    if want.iter().any(|item| item.is_array() || item.is_object()) {
        return "'enum' failed".to_owned();
    }
    let place = |i: usize| source.at(error.schema_url, &format!("enum/{i}"));
    let items: Vec<String> = want.iter().enumerate().map(|(i, item)| shown(item, place(i))).collect();
    match items.as_slice() {
        [one] => format!("value must be {one}"),
        several => format!("value must be one of {}", several.join(", ")),
    }
}

fn contains(bound: &str, got: &[usize], want: usize) -> String {
    let want = grouped(want);
    if got.is_empty() && bound == "min" {
        return format!("min {want} items required to match contains schema, but none matched");
    }
    let places: Vec<String> = got.iter().map(usize::to_string).collect();
    let (count, places) = (grouped(got.len()), places.join(" "));
    format!("{bound} {want} items required to match contains schema, but matched {count} items at {places}")
}

/// A scalar as the original shows it: numbers as they are written in the schema.
fn shown(value: &Json, literal: Option<&str>) -> String {
    match value {
        Json::String(text) => quote(text),
        Json::Null => "<nil>".to_owned(),
        Json::Bool(flag) => flag.to_string(),
        Json::Number(number) => literal.map_or_else(|| crate::warning::go_text(&Json::Number(number.clone())), str::to_owned),
        Json::Array(_) | Json::Object(_) => "value".to_owned(),
    }
}

/// Go's quoted form, in single quotes.
pub(crate) fn quote(text: &str) -> String {
    let quoted = gotmpl::strconv::quote(text.as_bytes()).replace("\\\"", "\"").replace('\'', "\\'");
    let inner = quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')).unwrap_or(&quoted);
    format!("'{inner}'")
}

fn join<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|n| quote(n.as_ref())).collect::<Vec<_>>().join(", ")
}
