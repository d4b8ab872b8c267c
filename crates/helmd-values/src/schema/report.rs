//! The original's report of what breaks a schema.

use super::literal::Source;
use super::number::{float, grouped};
use super::patterns;
use super::property_names::Search;
use boon::{ErrorKind, InstanceToken, ValidationError};
use serde_json::Value as Json;
use sprig::regex::GoRegex;

/// The report: one line for each failure, causes indented below.
pub(crate) fn text(error: &ValidationError<'_, '_>, source: &Source<'_>, instance: &Json) -> String {
    let mut out = String::new();
    let top = Above { schema: error.schema_url.to_owned(), shifts: Vec::new(), listed: false, place: Vec::new() };
    let newest_draft = source.is_newest_draft();
    Report { source, newest_draft, instance, names: Vec::new(), out: &mut out }.display(error, &top, 0);
    out
}

struct Report<'r> {
    source: &'r Source<'r>,
    newest_draft: bool,
    /// What the schema was held against.
    instance: &'r Json,
    /// The refused names that were told: schema, and way to the name.
    names: Vec<(String, Vec<String>)>,
    out: &'r mut String,
}

/// What is above an error.
struct Above {
    /// The schema from which the way to the error is looked at.
    schema: String,
    /// What to add to the indexes on the way to the value there, one for each step.
    shifts: Vec<usize>,
    /// Whether the error above is the one of the `allOf`, `anyOf` or `oneOf` at the start of the way.
    listed: bool,
    /// The value at the start of the way: tokens as they are.
    place: Vec<String>,
}

impl Report<'_> {
    fn display(&mut self, error: &ValidationError<'_, '_>, above: &Above, indent: usize) {
        let way = units(&above.schema, error.schema_url);
        let mut shifts = self.shifts(above, &way);
        let mut place = tokens(error, &shifts);
        if let ErrorKind::PropertyName { prop } = &error.kind {
            place = self.place_of_name(prop, error.schema_url, above, &way);
            // The causes lie in the name, which has no places.
            shifts.clear();
        }
        let location = escaped(&place);
        let mut indent = self.branches(&way, &location, above.listed, indent);
        let schema = match &error.kind {
            ErrorKind::Reference { url, .. } | ErrorKind::Schema { url } => (*url).to_owned(),
            _ => error.schema_url.to_owned(),
        };
        let listed = matches!(error.kind, ErrorKind::AllOf | ErrorKind::AnyOf | ErrorKind::OneOf(_));
        let below = Above { schema, shifts, listed, place };
        let group = match error.kind {
            ErrorKind::Reference { .. } | ErrorKind::Schema { .. } => Group::of(&error.causes, &below.schema),
            _ => None,
        };
        let reference = matches!(error.kind, ErrorKind::Reference { .. });
        if !(reference && (error.causes.len() == 1 || group.is_some())) {
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
        let Some(group) = group else {
            error.causes.iter().for_each(|cause| self.display(cause, &below, indent));
            return;
        };
        let shifts = self.shifts(&below, &group.way);
        let mut place = error.causes.first().map_or_else(Vec::new, |cause| tokens(cause, &shifts));
        place.truncate(group.steps);
        let location = escaped(&place);
        let mut indent = self.branches(&group.way, &location, false, indent);
        self.line(&location, "validation failed", indent);
        indent += 1;
        let below = Above { schema: joined(&below.schema, &group.way), shifts, listed: false, place };
        error.causes.iter().for_each(|cause| self.display(cause, &below, indent));
    }

    /// The object with a name that `propertyNames` refuses.
    fn place_of_name(&mut self, name: &str, schema: &str, above: &Above, way: &[Unit]) -> Vec<String> {
        let start = above.place.iter().try_fold(self.instance, |value, token| match value {
            Json::Array(items) => items.get(token.parse::<usize>().ok()?),
            value => value.get(token),
        });
        let search = Search { source: self.source, schema: &above.schema, way, name };
        let objects = start.map(|start| search.objects(start)).unwrap_or_default();
        let places = objects.into_iter().map(|way| [above.place.clone(), way].concat());
        // Each failure is one object's: the first that was not told yet.
        for place in places {
            let told = (schema.to_owned(), [place.clone(), vec![name.to_owned()]].concat());
            if !self.names.contains(&told) {
                self.names.push(told);
                return place;
            }
        }
        above.place.clone()
    }

    /// The shifts of the indexes at the end of a way. The validator counts the items that `items` or `additionalItems`
    /// apply to from 0, although others come before them.
    fn shifts(&self, above: &Above, way: &[Unit]) -> Vec<usize> {
        let mut shifts = above.shifts.clone();
        for (i, unit) in way.iter().enumerate().filter(|(_, unit)| unit.down) {
            let before = match unit.text.as_str() {
                "/items" if self.newest_draft => "prefixItems",
                "/additionalItems" => "items",
                _ => {
                    shifts.push(0);
                    continue;
                }
            };
            let parent = joined(&above.schema, way.get(..i).unwrap_or_default());
            shifts.push(self.source.list_length(&parent, before));
        }
        shifts
    }

    /// Writes the failures of `allOf`, `anyOf` and `oneOf` on a way; gives the indent below them. The validator drops
    /// them where a single branch failed, the original shows them.
    fn branches(&mut self, way: &[Unit], location: &[String], listed: bool, indent: usize) -> usize {
        let mut indent = indent;
        let mut branches = way.iter().enumerate().filter_map(|(i, unit)| Some((i, unit.branch?)));
        if listed {
            branches.next();
        }
        for (i, what) in branches {
            let below = way.iter().skip(i + 1).filter(|unit| unit.down).count();
            self.line(location.get(..location.len().saturating_sub(below)).unwrap_or_default(), what, indent);
            indent += 1;
        }
        indent
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

/// A keyword on the way to an error, with the name or index that belongs to it.
#[derive(Clone, PartialEq)]
pub(crate) struct Unit {
    pub(crate) text: String,
    /// What failed when this is an `allOf`, `anyOf` or `oneOf`.
    branch: Option<&'static str>,
    /// Whether it leads one step down in the values.
    pub(crate) down: bool,
}

/// The way from one schema to another in the same document.
fn units(from: &str, to: &str) -> Vec<Unit> {
    let from = from.strip_suffix('#').unwrap_or(from);
    let Some(way) = to.strip_prefix(from).map(|way| way.strip_prefix('#').unwrap_or(way)) else { return Vec::new() };
    let mut units = Vec::new();
    let mut tokens = way.split('/').skip(1).peekable();
    while let Some(token) = tokens.next() {
        let index = tokens.peek().is_some_and(|next| next.bytes().all(|c| c.is_ascii_digit()));
        let (branch, down, named) = match token {
            "allOf" => (Some("'allOf' failed"), false, true),
            "anyOf" => (Some("'anyOf' failed"), false, true),
            "oneOf" => (Some("'oneOf' failed, none matched"), false, true),
            "properties" | "patternProperties" | "prefixItems" => (None, true, true),
            "items" => (None, true, index),
            "additionalProperties" | "unevaluatedProperties" | "additionalItems" | "unevaluatedItems" | "contains" => {
                (None, true, false)
            }
            "dependentSchemas" | "dependencies" | "$defs" | "definitions" => (None, false, true),
            _ => (None, false, false),
        };
        let name = if named { tokens.next() } else { None };
        let text = name.map_or_else(|| format!("/{token}"), |name| format!("/{token}/{name}"));
        units.push(Unit { text, branch, down });
    }
    units
}

/// The place at the end of a way.
pub(crate) fn joined(schema: &str, way: &[Unit]) -> String {
    let base = schema.strip_suffix('#').unwrap_or(schema);
    let mark = if base.contains('#') { "" } else { "#" };
    format!("{base}{mark}{}", way.iter().map(|unit| unit.text.as_str()).collect::<String>())
}

/// Several failures of one branch of an `allOf`, `anyOf` or `oneOf` that failed alone: the validator lists them as if
/// they were its parent's.
struct Group {
    way: Vec<Unit>,
    /// How many steps down in the values it lies.
    steps: usize,
}

impl Group {
    fn of(causes: &[ValidationError<'_, '_>], schema: &str) -> Option<Group> {
        let [first, ..] = causes else { return None };
        let tokens = pointer(first, &[]);
        let mut way = units(schema, first.schema_url);
        let downs = |way: &[Unit]| way.iter().filter(|unit| unit.down).count();
        let base = tokens.len().checked_sub(downs(&way))?;
        for cause in causes.get(1..)? {
            let (other, other_tokens) = (units(schema, cause.schema_url), pointer(cause, &[]));
            let mut at = base;
            let same = |(a, b): &(&Unit, &Unit)| {
                let here = at;
                at += usize::from(a.down);
                a == b && (!a.down || tokens.get(here) == other_tokens.get(here))
            };
            let common = way.iter().zip(&other).take_while(same).count();
            way.truncate(common);
        }
        let steps = base + downs(&way);
        (causes.len() > 1 && way.iter().any(|unit| unit.branch.is_some())).then_some(Group { way, steps })
    }
}

/// Where in the values, as the tokens of a JSON pointer.
fn pointer(error: &ValidationError<'_, '_>, shifts: &[usize]) -> Vec<String> {
    escaped(&tokens(error, shifts))
}

/// Tokens as they stand in a JSON pointer.
fn escaped(tokens: &[String]) -> Vec<String> {
    tokens.iter().map(|token| token.replace('~', "~0").replace('/', "~1")).collect()
}

/// Where in the values, as names and indexes.
fn tokens(error: &ValidationError<'_, '_>, shifts: &[usize]) -> Vec<String> {
    let token = |(i, token): (usize, &InstanceToken<'_>)| match token {
        InstanceToken::Prop(name) => name.to_string(),
        InstanceToken::Item(index) => (index + shifts.get(i).copied().unwrap_or_default()).to_string(),
    };
    error.instance_location.tokens.iter().enumerate().map(token).collect()
}

fn describe(error: &ValidationError<'_, '_>, source: &Source<'_>) -> String {
    let sizes =
        |what: &str, got: &usize, want: &usize| format!("{what}: got {}, want {}", grouped(*got), grouped(*want));
    let numbers = |what: &str, got: &serde_json::Number, want: &serde_json::Number| {
        format!("{what}: got {}, want {}", float(got), float(want))
    };
    let missing =
        |prop: &str, missing: &[&str]| format!("properties {} required, if {} exists", join(missing), quote(prop));
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
                ("regex", Json::String(pattern)) => GoRegex::new(patterns::unmarked(pattern)).err(),
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
        Json::Number(number) => literal.map_or_else(
            || crate::warning::go_text(&gotmpl::Value::from_json(&Json::Number(number.clone()))),
            str::to_owned,
        ),
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
