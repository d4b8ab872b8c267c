//! Holding values against JSON schemas (draft 4 to 2020-12), with the reports that Helm gives.
//!
//! Nothing is loaded from outside: a `$ref` to a URL or a file is an error. HELM: Helm fetches both.

mod depth;
mod formats;
mod literal;
mod number;
mod patterns;
mod places;
mod property_names;
mod quick;
mod report;
mod work;

use crate::warning::{Log, Warnings};
use boon::{CompileError, Compiler, Schemas, UrlLoader};
use gotmpl::exec::Exceeded;
use gotmpl::strconv::quote;
use gotmpl::{Map, Value};
use helmd_chart::{Chart, HelmMajor, Values};
use places::Places;
use serde_json::Value as Json;
use sprig::regex::GoRegex;
use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;

/// How much a schema may be and do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaLimits {
    /// Bytes of a schema, the paths of all its parts spelled out: the validator does that.
    pub bytes: u64,
    /// Steps of holding the values against it, at worst; about the number of times that a part of the schema is held
    /// against a part of the values.
    pub steps: u64,
}

impl Default for SchemaLimits {
    /// Limits that no real chart reaches.
    fn default() -> Self {
        SchemaLimits { bytes: 256 << 20, steps: 5_000_000 }
    }
}

/// Names of these budgets.
pub mod budgets {
    /// [`SchemaLimits::bytes`](super::SchemaLimits::bytes)
    pub const BYTES: &str = "schema-bytes";
    /// [`SchemaLimits::steps`](super::SchemaLimits::steps)
    pub const STEPS: &str = "schema-steps";
}

/// Where Helm says the schema lies.
const LOCATION: &str = "file:///values.schema.json";

/// Why values do not fit a schema, or why the schema cannot be used; the text is the whole report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(pub String);

/// Holds `values` against one schema.
///
/// # Errors
/// The schema cannot be read or used, or the values break it; the report then ends in a line break.
pub fn validate_single(values: &Values, schema: &[u8], helm: HelmMajor) -> Result<Warnings, SchemaError> {
    let mut warnings = Warnings::new();
    validate(Json::Object(values.clone()), schema, (helm, SchemaLimits::default()), &mut warnings)
        .map_err(SchemaError)?;
    Ok(warnings)
}

/// Holds `values` against the schemas of a chart and its subcharts; gives all reports in one text.
///
/// # Errors
/// The reports of all charts whose values break their schema, or whose schema cannot be used.
pub fn validate_chart(
    chart: &Chart,
    values: &Map,
    (helm, limits): (HelmMajor, SchemaLimits),
    warnings: &mut Warnings,
) -> Result<(), String> {
    let mut report = String::new();
    if let Some(schema) = &chart.schema
        && let Err(text) = validate(Value::Map(values.clone()).to_json(), schema, (helm, limits), warnings)
    {
        report.push_str(&format!("{}:\n{text}", chart.name()));
    }
    for subchart in &chart.dependencies {
        match values.get(subchart.name()) {
            None | Some(Value::Nil) => {}
            Some(Value::Map(values)) => {
                if let Err(text) = validate_chart(subchart, &values, (helm, limits), warnings) {
                    report.push_str(&text);
                }
            }
            Some(other) => {
                let found = other.go_type().map_or("<nil>", |t| t.name);
                let name = subchart.name();
                report.push_str(&format!("{name}:\ninvalid type for values: expected object (map), got {found}\n"));
            }
        }
    }
    if report.is_empty() { Ok(()) } else { Err(report) }
}

/// Steps of recursion that fit any thread's stack.
const STEPS_IN_PLACE: usize = 300;
/// Stack for one step, with room to spare.
const STACK_PER_STEP_BYTES: usize = 8 << 10;
/// Stack for everything else.
const STACK_BASE_BYTES: usize = 1 << 20;

fn validate(
    instance: Json,
    schema: &[u8],
    (helm, limits): (HelmMajor, SchemaLimits),
    warnings: &mut Warnings,
) -> Result<(), String> {
    let over = |exceeded: Exceeded| format!("unable to validate schema: {exceeded}");
    let bytes = || over(Exceeded::new(budgets::BYTES, limits.bytes, "bytes of a schema, its paths spelled out"));
    let left = limits.bytes.checked_sub(schema.len() as u64).ok_or_else(bytes)?;
    let document = gotmpl::json::parse(schema).map_err(|e| decoder_text(&e.to_string(), schema))?;
    if quick::fits(&document, &instance) {
        return Ok(());
    }
    let places = Places::new(&document, left).ok_or_else(bytes)?;
    let stack_steps = depth::steps(&places, &document, &instance)?;
    let affordable = |places: &Places<'_>| {
        let what = "steps of validating values against a schema";
        work::steps(places, &instance, limits.steps)
            .map_err(|_| over(Exceeded::new(budgets::STEPS, limits.steps, what)))
    };
    let (verdict, mut found) = if stack_steps <= STEPS_IN_PLACE {
        affordable(&places)?;
        let broken = patterns::has_broken(&places);
        drop(places);
        validate_document(&instance, document, schema, (helm, broken))
    } else {
        let run = || {
            affordable(&places)?;
            let broken = patterns::has_broken(&places);
            Ok(validate_document(&instance, document.clone(), schema, (helm, broken)))
        };
        on_own_stack(STACK_BASE_BYTES + stack_steps * STACK_PER_STEP_BYTES, run)?
    };
    warnings.append(&mut found);
    verdict
}

/// Runs on a thread with so much stack.
fn on_own_stack<T: Send>(bytes: usize, run: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    let result = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(bytes).spawn_scoped(scope, run);
        thread.ok().and_then(|thread| thread.join().ok())
    });
    result.unwrap_or_else(|| Err("unable to validate schema: no room to validate it".to_owned()))
}

/// HELM: the schema is read by a decoder of a stream, which words some faults in its own way.
fn decoder_text(text: &str, schema: &[u8]) -> String {
    let blank = schema.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
    match text {
        "unexpected end of JSON input" if blank => "EOF".to_owned(),
        "unexpected end of JSON input" => "unexpected EOF".to_owned(),
        text if text.ends_with(" after top-level value") => "invalid character after top-level value".to_owned(),
        text => text.to_owned(),
    }
}

/// `broken` says whether the schema has expressions that are none.
fn validate_document(
    instance: &Json,
    mut document: Json,
    schema: &[u8],
    (helm, broken): (HelmMajor, bool),
) -> (Result<(), String>, Warnings) {
    if broken {
        patterns::mark(&mut document);
    }
    let source = literal::Source::new(schema);
    // What is refused by a metaschema is the schema itself.
    let kept = broken.then(|| document.clone());
    let unresolved = Rc::new(RefCell::new(Vec::new()));
    let mut compiler = Compiler::new();
    compiler.use_loader(Box::new(Closed { unresolved: Rc::clone(&unresolved) }));
    formats::register(&mut compiler);
    let mut schemas = Schemas::new();
    let failed = |error: CompileError| compile_text(&error, &source, kept.as_ref().unwrap_or(&Json::Null));
    let added = compiler.add_resource(LOCATION, document).map_err(failed);
    let compiled = added.and_then(|()| compiler.compile(LOCATION, &mut schemas).map_err(failed));
    let mut log = Log::new(helm);
    for urn in unresolved.borrow().iter() {
        let message = "unresolved URN reference ignored; using permissive schema";
        log.record(|| format!("WARNING: {message}: {urn}"), message, &[("urn", urn)]);
    }
    let verdict = match compiled {
        Err(text) => Err(text),
        Ok(index) => schemas.validate(instance, index).map_err(|error| {
            let text = report::text(&error, &source, instance);
            let start = format!("jsonschema validation failed with '{LOCATION}#'\n");
            format!("{}\n", text.strip_prefix(&start).unwrap_or(&text))
        }),
    };
    (verdict.map_err(|text| if broken { patterns::without_marks(&text) } else { text }), log.warnings)
}

/// Loads nothing; a URN that nobody knows stands for a schema that fits everything.
struct Closed {
    unresolved: Rc<RefCell<Vec<String>>>,
}

impl UrlLoader for Closed {
    fn load(&self, url: &str) -> Result<Json, Box<dyn Error>> {
        match url.split_once(':') {
            Some(("urn", _)) => {
                self.unresolved.borrow_mut().push(url.to_owned());
                Ok(Json::Bool(true))
            }
            Some(("http" | "https" | "file", _)) => Err("schemas from outside of the chart are not loaded".into()),
            _ => Err(Box::new(CompileError::UnsupportedUrlScheme { url: url.to_owned() })),
        }
    }
}

/// The original's words for a schema that cannot be compiled.
fn compile_text(error: &CompileError, source: &literal::Source<'_>, document: &Json) -> String {
    let quoted = |text: &str| quote(text.as_bytes());
    match error {
        CompileError::LoadUrlError { url, src } => match src.downcast_ref::<CompileError>() {
            Some(inner) => format!("failing loading {}: {}", quoted(url), compile_text(inner, source, document)),
            None => format!("failing loading {}: {src}", quoted(url)),
        },
        CompileError::ValidationError { url, src } => {
            let url = if url.contains('#') { url.clone() } else { format!("{url}#") };
            format!("{} is not valid against metaschema: {}", quoted(&url), report::text(src, source, document))
        }
        CompileError::ParseUrlError { url, src } => format!("error in parsing {}: {src}", quoted(url)),
        CompileError::UnsupportedUrlScheme { url } => format!("no URLLoader registered for {}", quoted(url)),
        CompileError::InvalidMetaSchemaUrl { url, src } => format!("invalid $schema in {}: {src}", quoted(url)),
        CompileError::UnsupportedDraft { url } => format!("draft {} is not supported", quoted(url)),
        CompileError::MetaSchemaCycle { url } => format!("cycle in resolving $schema in {}", quoted(url)),
        CompileError::InvalidJsonPointer(url) => format!("invalid json-pointer {}", quoted(url)),
        CompileError::JsonPointerNotFound(url) => format!("json-pointer in {} not found", quoted(url)),
        CompileError::AnchorNotFound { url, reference } => {
            format!("anchor in {} not found in schema {}", quoted(reference), quoted(url))
        }
        CompileError::UnsupportedVocabulary { url, vocabulary } => {
            format!("unsupported vocabulary {} in {}", quoted(vocabulary), quoted(url))
        }
        CompileError::DuplicateId { url, id, ptr1, ptr2 } => {
            format!("duplicate id {} in {} at {} and {}", quoted(id), quoted(url), quoted(ptr1), quoted(ptr2))
        }
        CompileError::DuplicateAnchor { url, anchor, ptr1, ptr2 } => {
            format!("duplicate anchor {} in {} at {} and {}", quoted(anchor), quoted(url), quoted(ptr1), quoted(ptr2))
        }
        CompileError::InvalidRegex { url, regex, src } => {
            let regex = patterns::unmarked(regex);
            let reason = GoRegex::new(regex).err().unwrap_or_else(|| src.to_string());
            format!("invalid regex {} at {}: {reason}", quoted(regex), quoted(url))
        }
        other => other.to_string(),
    }
}
