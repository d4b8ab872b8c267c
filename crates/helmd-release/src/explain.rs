//! The words in which Go's decoder refuses a release with a field of the wrong type.

use crate::time::Time;
use gotmpl::json::type_word;
use serde_json::{Map, Value as Json};

/// What a field has to be.
enum Shape {
    Text(&'static str),
    Int,
    Bool,
    Bytes,
    Time,
    /// A string, or empty: helm reads these times itself.
    LooseTime,
    AnyMap,
    TextMap,
    AnyList,
    List(&'static str, &'static Shape),
    /// A pointer or plain struct: its Go type, its name in errors, how helm reads it, its fields.
    Struct(&'static str, &'static str, Reader, &'static [(&'static str, Shape)]),
}

/// Who reads a struct.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// Go's decoder: errors name this struct.
    Go,
    /// A method of helm, which reads a map first: errors name the struct around it.
    Own,
}

use Shape::{AnyList, AnyMap, Bool, Bytes, Int, List, LooseTime, Struct, Text, TextMap};

const TEXT: Shape = Text("string");

const RELEASE: &[(&str, Shape)] = &[
    ("name", TEXT),
    ("info", Struct("v1.Info", "Info", Reader::Own, INFO)),
    ("chart", Struct("v2.Chart", "Chart", Reader::Go, CHART)),
    ("config", AnyMap),
    ("manifest", TEXT),
    ("hooks", List("[]*v1.Hook", &Struct("v1.Hook", "Hook", Reader::Go, HOOK))),
    ("version", Int),
    ("namespace", TEXT),
    ("apply_method", TEXT),
];

const INFO: &[(&str, Shape)] = &[
    ("first_deployed", LooseTime),
    ("last_deployed", LooseTime),
    ("deleted", LooseTime),
    ("description", TEXT),
    ("status", Text("common.Status")),
    ("rollback_revision", Int),
    ("notes", TEXT),
];

const HOOK: &[(&str, Shape)] = &[
    ("name", TEXT),
    ("kind", TEXT),
    ("path", TEXT),
    ("manifest", TEXT),
    ("events", List("[]v1.HookEvent", &Text("v1.HookEvent"))),
    ("last_run", Struct("v1.HookExecution", "HookExecution", Reader::Own, EXECUTION)),
    ("weight", Int),
    ("delete_policies", List("[]v1.HookDeletePolicy", &Text("v1.HookDeletePolicy"))),
    ("output_log_policies", List("[]v1.HookOutputLogPolicy", &Text("v1.HookOutputLogPolicy"))),
];

const EXECUTION: &[(&str, Shape)] =
    &[("started_at", LooseTime), ("completed_at", LooseTime), ("phase", Text("v1.HookPhase"))];

const CHART: &[(&str, Shape)] = &[
    ("metadata", Struct("v2.Metadata", "Metadata", Reader::Go, METADATA)),
    ("lock", Struct("v2.Lock", "Lock", Reader::Go, LOCK)),
    ("templates", List("[]*common.File", &FILE)),
    ("values", AnyMap),
    ("schema", Bytes),
    ("schemamodtime", Shape::Time),
    ("files", List("[]*common.File", &FILE)),
    ("modtime", Shape::Time),
];

const FILE: Shape =
    Struct("common.File", "File", Reader::Go, &[("name", TEXT), ("data", Bytes), ("modtime", Shape::Time)]);

const METADATA: &[(&str, Shape)] = &[
    ("name", TEXT),
    ("home", TEXT),
    ("sources", List("[]string", &TEXT)),
    ("version", TEXT),
    ("description", TEXT),
    ("keywords", List("[]string", &TEXT)),
    ("maintainers", List("[]*v2.Maintainer", &Struct("v2.Maintainer", "Maintainer", Reader::Go, MAINTAINER))),
    ("icon", TEXT),
    ("apiVersion", TEXT),
    ("condition", TEXT),
    ("tags", TEXT),
    ("appVersion", TEXT),
    ("deprecated", Bool),
    ("annotations", TextMap),
    ("kubeVersion", TEXT),
    ("dependencies", List("[]*v2.Dependency", &DEPENDENCY)),
    ("type", TEXT),
];

const MAINTAINER: &[(&str, Shape)] = &[("name", TEXT), ("email", TEXT), ("url", TEXT)];

const LOCK: &[(&str, Shape)] =
    &[("generated", Shape::Time), ("digest", TEXT), ("dependencies", List("[]*v2.Dependency", &DEPENDENCY))];

const DEPENDENCY: Shape = Struct(
    "v2.Dependency",
    "Dependency",
    Reader::Go,
    &[
        ("name", TEXT),
        ("version", TEXT),
        ("repository", TEXT),
        ("condition", TEXT),
        ("tags", List("[]string", &TEXT)),
        ("enabled", Bool),
        ("import-values", AnyList),
        ("alias", TEXT),
    ],
);

/// The first fault in the order of keys; `None` when Go would read the release.
pub(crate) fn type_fault(release: &Json) -> Option<String> {
    let mut walk = Walk { path: Vec::new(), context: "" };
    walk.fault(release, &Struct("v1.Release", "Release", Reader::Go, RELEASE))
}

struct Walk {
    path: Vec<&'static str>,
    context: &'static str,
}

impl Walk {
    /// The depth is bounded by the shapes.
    fn fault(&mut self, value: &Json, shape: &'static Shape) -> Option<String> {
        match (shape, value) {
            (_, Json::Null)
            | (Text(_), Json::String(_))
            | (Bool, Json::Bool(_))
            | (AnyMap, Json::Object(_))
            | (AnyList, Json::Array(_)) => None,
            (Text(go_type), _) => self.wrong(value, go_type),
            (Bool, _) => self.wrong(value, "bool"),
            (AnyMap, _) => self.wrong(value, "map[string]interface {}"),
            (AnyList, _) => self.wrong(value, "[]interface {}"),
            (Int, Json::Number(n)) => {
                let float = n.as_f64().unwrap_or(f64::NAN);
                let integral = n.is_i64() || (float.fract() == 0.0 && float.abs() < 9.2e18);
                let text = format!("number {}", gotmpl::strconv::format_float(float, b'g', -1, 64));
                if integral { None } else { self.wrong_text(&text, "int") }
            }
            (Int, _) => self.wrong(value, "int"),
            (Bytes, Json::String(text)) => {
                crate::base64_text::decode(text).err().map(|at| format!("illegal base64 data at input byte {at}"))
            }
            (Bytes, _) => self.wrong(value, "[]uint8"),
            (LooseTime, Json::String(text)) if text.is_empty() => None,
            (LooseTime | Shape::Time, Json::String(text)) => time_fault(text),
            (LooseTime | Shape::Time, _) => Some("Time.UnmarshalJSON: input is not a JSON string".to_owned()),
            (TextMap, Json::Object(entries)) => entries.values().find_map(|v| self.fault(v, &TEXT)),
            (TextMap, _) => self.wrong(value, "map[string]string"),
            (List(_, of), Json::Array(items)) => items.iter().find_map(|item| self.fault(item, of)),
            (List(go_type, _), _) => self.wrong(value, go_type),
            (Struct(_, name, reader, fields), Json::Object(entries)) => self.fields(entries, name, *reader, fields),
            (Struct(_, _, Reader::Own, _), _) => self.wrong(value, "map[string]interface {}"),
            (Struct(go_type, ..), _) => self.wrong(value, go_type),
        }
    }

    fn fields(
        &mut self,
        entries: &Map<String, Json>,
        name: &'static str,
        reader: Reader,
        fields: &'static [(&'static str, Shape)],
    ) -> Option<String> {
        let outer = self.context;
        if reader == Reader::Go {
            self.context = name;
        }
        for (key, value) in entries {
            let Some((field, shape)) = fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(key)) else {
                continue;
            };
            self.path.push(field);
            let fault = self.fault(value, shape);
            if fault.is_some() {
                return fault;
            }
            self.path.pop();
        }
        self.context = outer;
        None
    }

    fn wrong(&self, value: &Json, go_type: &str) -> Option<String> {
        self.wrong_text(type_word(value), go_type)
    }

    fn wrong_text(&self, found: &str, go_type: &str) -> Option<String> {
        let path = self.path.join(".");
        Some(if path.is_empty() {
            format!("json: cannot unmarshal {found} into Go value of type {go_type}")
        } else {
            format!("json: cannot unmarshal {found} into Go struct field {}.{path} of type {go_type}", self.context)
        })
    }
}

fn time_fault(text: &str) -> Option<String> {
    if Time::parse(text).is_some() {
        return None;
    }
    let quoted = gotmpl::strconv::quote(text.as_bytes());
    Some(format!("parsing time {quoted} as \"2006-01-02T15:04:05Z07:00\": cannot parse {quoted} as \"2006\""))
}
