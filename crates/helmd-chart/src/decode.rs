//! `Chart.yaml` and lock files as Go's decoder reads them: numbers and booleans become text where text is wanted, keys
//! match in any case, the first wrong type is reported in Go's words and everything else is still read.

use crate::HelmMajor;
use crate::error::ValidationError;
use crate::go_time::GoTime;
use crate::metadata::{Dependency, Lock, Maintainer, Metadata};
use crate::slice::Slice;
use gotmpl::json::type_word;
use helmd_yaml::{Numbers, ParseLimits, number_text};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};

/// Why a YAML file of a chart could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is no YAML.
    #[error(transparent)]
    Yaml(#[from] helmd_yaml::YamlError),
    /// It has another form than wanted; in the words of Go's JSON decoder.
    #[error("error unmarshaling JSON: while decoding JSON: {0}")]
    Json(String),
    /// A line begins with `---` and goes on.
    #[error("error reading yaml document: invalid Yaml document separator: {0}")]
    Separator(String),
    /// One document of a values file cannot be read.
    #[error("cannot unmarshal yaml document")]
    Document {
        /// Why.
        source: Box<DecodeError>,
    },
}

/// Metadata as written, before validation: null elements of lists are still there.
#[derive(Clone, Debug, Default)]
pub struct MetadataDraft {
    fields: Metadata,
    maintainers: Vec<Option<Maintainer>>,
    dependencies: Slice<Option<Dependency>>,
}

impl MetadataDraft {
    /// Reads one more file over the fields that are there, as helm does with `requirements.yaml`.
    ///
    /// # Errors
    /// The text is no YAML, or a field has another type.
    pub fn read(&mut self, yaml: &[u8], helm: HelmMajor, limits: ParseLimits) -> Result<(), DecodeError> {
        self.read_json(&read_yaml(yaml, limits)?, Decoder::new(helm))
    }

    /// As [`MetadataDraft::read`]; keys that are set twice and fields that nobody knows are errors.
    pub(crate) fn read_strict(&mut self, yaml: &[u8], helm: HelmMajor) -> Result<(), DecodeError> {
        let json = helmd_yaml::parse_strict(yaml, Numbers::Yaml)?;
        self.read_json(&json, Decoder { strict: true, ..Decoder::new(helm) })
    }

    fn read_json(&mut self, json: &Json, mut decoder: Decoder) -> Result<(), DecodeError> {
        match json {
            Json::Null => {}
            Json::Object(entries) => self.fields(&mut decoder, entries),
            other => decoder.wrong(other, decoder.type_name("Metadata")),
        }
        decoder.finish()
    }

    fn fields(&mut self, d: &mut Decoder, entries: &Map<String, Json>) {
        d.each_field("Metadata", &MetadataDraft::FIELDS, entries, |d, field, value| self.field(d, field, value));
    }

    /// The names of the fields, as JSON has them.
    pub const FIELDS: [&'static str; 17] = [
        "name",
        "home",
        "sources",
        "version",
        "description",
        "keywords",
        "maintainers",
        "icon",
        "apiVersion",
        "condition",
        "tags",
        "appVersion",
        "deprecated",
        "annotations",
        "kubeVersion",
        "dependencies",
        "type",
    ];

    /// Reads one of [`MetadataDraft::FIELDS`].
    pub fn field(&mut self, d: &mut Decoder, field: &str, value: &Json) {
        let pointer = |d: &Decoder, name: &str| format!("[]*{}", d.type_name(name));
        let m = &mut self.fields;
        match field {
            "name" => d.text(value, &mut m.name),
            "home" => d.text(value, &mut m.home),
            "sources" => d.texts(value, &mut m.sources),
            "version" => d.text(value, &mut m.version),
            "description" => d.text(value, &mut m.description),
            "keywords" => d.texts(value, &mut m.keywords),
            "maintainers" => {
                let list_type = pointer(d, "Maintainer");
                let mut slice = Slice::from(std::mem::take(&mut self.maintainers));
                d.list(value, &list_type, &mut slice, |d, v, slot| d.record(v, slot, "Maintainer", maintainer));
                self.maintainers = slice.into_vec();
            }
            "icon" => d.text(value, &mut m.icon),
            "apiVersion" => d.text(value, &mut m.api_version),
            "condition" => d.text(value, &mut m.condition),
            "tags" => d.text(value, &mut m.tags),
            "appVersion" => d.text(value, &mut m.app_version),
            "deprecated" => d.boolean(value, &mut m.deprecated),
            "annotations" => d.text_map(value, &mut m.annotations),
            "kubeVersion" => d.text(value, &mut m.kube_version),
            "dependencies" => {
                let list_type = pointer(d, "Dependency");
                let slice = &mut self.dependencies;
                d.list(value, &list_type, slice, |d, v, slot| d.record(v, slot, "Dependency", dependency));
            }
            _ => d.text(value, &mut m.chart_type),
        }
    }

    /// The chart's API version as written.
    pub fn api_version(&self) -> &str {
        &self.fields.api_version
    }

    /// The plain fields; maintainers and dependencies are apart, see below.
    pub fn fields_as_written(&self) -> &Metadata {
        &self.fields
    }

    /// The maintainers; `None` for a null.
    pub fn maintainers(&self) -> &[Option<Maintainer>] {
        &self.maintainers
    }

    /// The dependencies; `None` for a null.
    pub fn dependencies(&self) -> &[Option<Dependency>] {
        &self.dependencies
    }

    /// Sets the API version of old charts that have none.
    pub fn default_api_version(&mut self) {
        if self.fields.api_version.is_empty() {
            self.fields.api_version = "v1".to_owned();
        }
    }

    /// The valid and sanitised metadata.
    ///
    /// # Errors
    /// The first rule that is broken, in Helm's words.
    pub fn validate(self) -> Result<Metadata, ValidationError> {
        self.checked(false)
    }

    /// As [`MetadataDraft::validate`] for an entry of a repository index, where two dependencies may have one name: some
    /// servers drop aliases. HELM: what follows the second of them is not looked at.
    ///
    /// # Errors
    /// As [`MetadataDraft::validate`].
    pub fn validate_for_index(self) -> Result<Metadata, ValidationError> {
        self.checked(true)
    }

    fn checked(mut self, names_may_repeat: bool) -> Result<Metadata, ValidationError> {
        self.fields.validate_fields()?;
        let null = |what: &str| ValidationError(format!("{what} must not contain empty or null nodes"));
        for maintainer in self.maintainers {
            let mut maintainer = maintainer.ok_or_else(|| null("maintainers"))?;
            maintainer.sanitize();
            self.fields.maintainers.push(maintainer);
        }
        if self.dependencies.is_nil() {
            return Ok(self.fields);
        }
        let mut names = BTreeSet::new();
        let mut dependencies = Vec::new();
        let mut rest = self.dependencies.into_iter();
        for dependency in rest.by_ref() {
            let mut dependency = dependency.ok_or_else(|| null("dependencies"))?;
            dependency.validate()?;
            let named = dependency.take_name(&mut names);
            dependencies.push(dependency);
            match named {
                Err(_) if names_may_repeat => break,
                named => named?,
            }
        }
        dependencies.extend(rest.flatten());
        self.fields.dependencies = dependencies.into();
        Ok(self.fields)
    }
}

/// Reads a lock file; `None` when it is empty.
pub(crate) fn lock(yaml: &[u8], helm: HelmMajor, limits: ParseLimits) -> Result<Option<Lock>, DecodeError> {
    let mut decoder = Decoder::new(helm);
    let mut lock = Lock::default();
    match read_yaml(yaml, limits)? {
        Json::Null => return Ok(None),
        Json::Object(entries) => {
            let list_type = format!("[]*{}", decoder.type_name("Dependency"));
            decoder.each_field(
                "Lock",
                &["generated", "digest", "dependencies"],
                &entries,
                |d, field, value| match field {
                    "generated" => d.time(value, &mut lock.generated),
                    "digest" => d.text(value, &mut lock.digest),
                    _ => {
                        let mut slice = Slice::nil();
                        d.list(value, &list_type, &mut slice, |d, v, slot| d.record(v, slot, "Dependency", dependency));
                        if !slice.is_nil() {
                            lock.dependencies = slice.into_iter().flatten().collect::<Vec<_>>().into();
                        }
                    }
                },
            );
        }
        other => decoder.wrong(&other, decoder.type_name("Lock")),
    }
    decoder.finish()?;
    Ok(Some(lock))
}

/// Reads a YAML map of values; an empty document gives no entries.
pub(crate) fn values(yaml: &[u8], limits: ParseLimits) -> Result<Map<String, Json>, DecodeError> {
    match helmd_yaml::parse_limited(yaml, Numbers::Float64, limits)? {
        Json::Null => Ok(Map::new()),
        Json::Object(entries) => Ok(entries),
        other => Err(DecodeError::Json(format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            type_word(&other)
        ))),
    }
}

/// The API version that `Chart.yaml` states, empty when it states none; the rest of the file is not looked at.
///
/// # Errors
/// The text is no YAML, or not a map with such a text.
pub fn declared_api_version(yaml: &[u8]) -> Result<String, DecodeError> {
    let mut decoder = Decoder { package: "loader", ..Decoder::new(HelmMajor::Helm4) };
    let mut version = String::new();
    match read_yaml(yaml, ParseLimits::default())? {
        Json::Null => {}
        Json::Object(entries) => {
            decoder.each_field("chartBase", &["apiVersion"], &entries, |d, _, value| d.text(value, &mut version));
        }
        other => decoder.wrong(&other, decoder.type_name("chartBase")),
    }
    decoder.finish()?;
    Ok(version)
}

fn read_yaml(yaml: &[u8], limits: ParseLimits) -> Result<Json, DecodeError> {
    Ok(helmd_yaml::parse_limited(yaml, Numbers::Yaml, limits)?)
}

fn maintainer(d: &mut Decoder, entries: &Map<String, Json>, into: &mut Maintainer) {
    d.each_field("Maintainer", &["name", "email", "url"], entries, |d, field, value| match field {
        "name" => d.text(value, &mut into.name),
        "email" => d.text(value, &mut into.email),
        _ => d.text(value, &mut into.url),
    });
}

fn dependency(d: &mut Decoder, entries: &Map<String, Json>, into: &mut Dependency) {
    let names = ["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];
    d.each_field("Dependency", &names, entries, |d, field, value| match field {
        "name" => d.text(value, &mut into.name),
        "version" => d.text(value, &mut into.version),
        "repository" => d.text(value, &mut into.repository),
        "condition" => d.text(value, &mut into.condition),
        "tags" => d.texts(value, &mut into.tags),
        "enabled" => d.boolean(value, &mut into.enabled),
        "import-values" => match value {
            Json::Null => into.import_values.clear(),
            Json::Array(items) => {
                into.import_values.clone_from(items);
                into.import_values.iter_mut().for_each(crate::chart::floats);
            }
            other => d.wrong(other, "[]interface {}".to_owned()),
        },
        _ => d.text(value, &mut into.alias),
    });
}

/// Whether numbers and booleans become text where text is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texts {
    /// They do, as `sigs.k8s.io/yaml` has it.
    Coerced,
    /// They do not, as in JSON.
    AsWritten,
    /// In a map of texts those do whose key is that of a text in the metadata. HELM: what the YAML library makes of
    /// structs in structs, as in the entries of an index.
    ByKey,
}

/// Go's `encoding/json` over a value that is already parsed: remembers the first error and goes on.
#[derive(Debug)]
pub struct Decoder {
    package: &'static str,
    /// A field that nobody knows is an error.
    pub strict: bool,
    /// What becomes text.
    pub texts: Texts,
    /// The struct being read and the fields on the way to the value.
    context: Option<&'static str>,
    path: Vec<&'static str>,
    error: Option<String>,
    /// What ended the decoding: a time does, other errors wait for the end.
    end: Option<String>,
}

impl Decoder {
    /// A decoder that coerces texts and passes over fields that nobody knows.
    pub fn new(helm: HelmMajor) -> Decoder {
        let package = match helm {
            HelmMajor::Helm3 => "chart",
            HelmMajor::Helm4 => "v2",
        };
        Decoder {
            package,
            strict: false,
            texts: Texts::Coerced,
            context: None,
            path: Vec::new(),
            error: None,
            end: None,
        }
    }

    fn type_name(&self, name: &str) -> String {
        format!("{}.{name}", self.package)
    }

    /// What went wrong first.
    ///
    /// # Errors
    /// [`DecodeError::Json`].
    pub fn finish(self) -> Result<(), DecodeError> {
        self.end.or(self.error).map_or(Ok(()), |text| Err(DecodeError::Json(text)))
    }

    /// Notes that a value has another type than wanted.
    pub fn wrong(&mut self, value: &Json, wanted: impl Into<String>) {
        let (kind, wanted) = (type_word(value), wanted.into());
        let path = self.path.join(".");
        self.error.get_or_insert_with(|| match self.context {
            Some(context) => {
                format!("json: cannot unmarshal {kind} into Go struct field {context}.{path} of type {wanted}")
            }
            None => format!("json: cannot unmarshal {kind} into Go value of type {wanted}"),
        });
    }

    /// Calls `read` with each entry whose key is one of `names`, exactly or but for the case of letters.
    pub fn each_field(
        &mut self,
        context: &'static str,
        names: &[&'static str],
        entries: &Map<String, Json>,
        mut read: impl FnMut(&mut Decoder, &'static str, &Json),
    ) {
        let outer = self.context;
        for (key, value) in entries {
            let exact = names.iter().find(|n| *n == key);
            let Some(field) = exact.or_else(|| names.iter().find(|n| fold(n) == fold(key))) else {
                if self.strict {
                    let key = gotmpl::strconv::quote(key.as_bytes());
                    self.error.get_or_insert_with(|| format!("json: unknown field {key}"));
                }
                continue;
            };
            if self.end.is_some() {
                return;
            }
            self.context = Some(context);
            self.path.push(field);
            read(self, field, value);
            self.path.pop();
            self.context = outer;
        }
    }

    /// Calls `read` for a field of a struct that lies in the struct at hand without a name of its own.
    pub fn embedded(&mut self, name: &'static str, field: &'static str, read: impl FnOnce(&mut Decoder)) {
        self.path.pop();
        self.path.extend([name, field]);
        read(self);
        self.path.truncate(self.path.len().saturating_sub(2));
        self.path.push(field);
    }

    /// Reads a text.
    pub fn text(&mut self, value: &Json, into: &mut String) {
        match value {
            Json::Null => {}
            Json::String(text) => into.clone_from(text),
            Json::Bool(flag) if self.texts == Texts::Coerced => *into = flag.to_string(),
            Json::Number(number) if self.texts == Texts::Coerced => *into = number_text(number),
            other => self.wrong(other, "string"),
        }
    }

    /// Reads a boolean.
    pub fn boolean(&mut self, value: &Json, into: &mut bool) {
        match value {
            Json::Null => {}
            Json::Bool(flag) => *into = *flag,
            other => self.wrong(other, "bool"),
        }
    }

    /// Reads a time.
    pub fn time(&mut self, value: &Json, into: &mut Option<GoTime>) {
        match value {
            Json::Null => {}
            Json::String(text) => match GoTime::read(text) {
                Ok(time) => *into = time,
                Err(text) => {
                    self.end.get_or_insert(text);
                }
            },
            _ => {
                self.end.get_or_insert_with(|| "Time.UnmarshalJSON: input is not a JSON string".to_owned());
            }
        }
    }

    /// Reads a list of texts.
    pub fn texts(&mut self, value: &Json, into: &mut Vec<String>) {
        let mut slice = Slice::from(std::mem::take(into));
        self.list(value, "[]string", &mut slice, Decoder::text);
        *into = slice.into_vec();
    }

    /// Reads a map of texts.
    pub fn text_map(&mut self, value: &Json, into: &mut BTreeMap<String, String>) {
        match value {
            Json::Null => into.clear(),
            Json::Object(entries) => {
                let texts = self.texts;
                for (key, value) in entries {
                    if texts == Texts::ByKey && !value.is_string() {
                        self.texts = if is_text_field(key) { Texts::Coerced } else { Texts::AsWritten };
                    }
                    let mut text = String::new();
                    self.text(value, &mut text);
                    into.insert(key.clone(), text);
                }
                self.texts = texts;
            }
            other => self.wrong(other, "map[string]string"),
        }
    }

    /// Reads a list. HELM: elements that are there already are read over, which merges `requirements.yaml` into
    /// `Chart.yaml` element by element.
    pub fn list<T: Default>(
        &mut self,
        value: &Json,
        list_type: &str,
        into: &mut Slice<T>,
        mut read: impl FnMut(&mut Decoder, &Json, &mut T),
    ) {
        match value {
            Json::Null => *into = Slice::nil(),
            Json::Array(items) => {
                let mut slots = std::mem::take(into).into_vec();
                slots.resize_with(items.len(), T::default);
                items.iter().zip(&mut slots).for_each(|(item, slot)| read(self, item, slot));
                *into = slots.into();
            }
            other => self.wrong(other, list_type),
        }
    }

    /// Reads a pointer to a struct of this Helm's chart package.
    fn record<T: Default>(
        &mut self,
        value: &Json,
        into: &mut Option<T>,
        name: &str,
        read: impl FnOnce(&mut Decoder, &Map<String, Json>, &mut T),
    ) {
        let struct_type = self.type_name(name);
        self.pointer(value, into, &struct_type, read);
    }

    /// Reads a pointer to a struct; `struct_type` is its name in Go.
    pub fn pointer<T: Default>(
        &mut self,
        value: &Json,
        into: &mut Option<T>,
        struct_type: &str,
        read: impl FnOnce(&mut Decoder, &Map<String, Json>, &mut T),
    ) {
        match value {
            Json::Null => *into = None,
            Json::Object(entries) => read(self, entries, into.get_or_insert_with(T::default)),
            other => {
                into.get_or_insert_with(T::default);
                self.wrong(other, struct_type);
            }
        }
    }
}

/// Whether this is the key of a text in the metadata, in any case of letters.
fn is_text_field(key: &str) -> bool {
    let key = fold(key);
    let others = ["sources", "keywords", "maintainers", "deprecated", "annotations", "dependencies"];
    MetadataDraft::FIELDS.iter().any(|name| !others.contains(name) && fold(name) == key)
}

/// A key without the case of letters, as Go folds it: the long s and the Kelvin sign are letters, too.
pub(crate) fn fold(key: &str) -> String {
    key.chars()
        .map(|c| match c {
            '\u{17f}' => 's',
            '\u{212a}' => 'k',
            c => c.to_ascii_lowercase(),
        })
        .collect()
}
