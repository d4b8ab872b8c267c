//! Go's structs that templates see; `.Capabilities`, and the type of `.Values`.

use gotmpl::strconv::quote;
use gotmpl::value::{FieldReader, types};
use gotmpl::{FuncError, Function, GoString, GoType, Kind, List, Map, Object, Value};
use helmd_chart::HelmMajor;
use helmd_values::Capabilities;
use std::any::Any;
use std::borrow::Cow;
use std::rc::Rc;

macro_rules! go_struct {
    ($id:ident, $name:literal) => {
        static $id: GoType = GoType { name: $name, kind: Kind::Struct, elem: None };
    };
}

go_struct!(CAPABILITIES_4, "common.Capabilities");
go_struct!(CAPABILITIES_3, "chartutil.Capabilities");
go_struct!(KUBE_VERSION_4, "common.KubeVersion");
go_struct!(KUBE_VERSION_3, "chartutil.KubeVersion");
go_struct!(BUILD_INFO, "version.BuildInfo");
static CAPABILITIES_PTR_4: GoType =
    GoType { name: "*common.Capabilities", kind: Kind::Ptr, elem: Some(&CAPABILITIES_4) };
static CAPABILITIES_PTR_3: GoType =
    GoType { name: "*chartutil.Capabilities", kind: Kind::Ptr, elem: Some(&CAPABILITIES_3) };
static VERSION_SET_4: GoType = GoType { name: "common.VersionSet", kind: Kind::Slice, elem: Some(types::STRING) };
static VERSION_SET_3: GoType = GoType { name: "chartutil.VersionSet", kind: Kind::Slice, elem: Some(types::STRING) };
static VALUES_4: GoType = GoType { name: "common.Values", kind: Kind::Map, elem: Some(types::INTERFACE) };
static VALUES_3: GoType = GoType { name: "chartutil.Values", kind: Kind::Map, elem: Some(types::INTERFACE) };

/// The methods of Helm's values type, as far as templates can use them.
pub(crate) fn values_methods(map: &Map, name: &str) -> Option<Rc<Function>> {
    if !matches!(name, "AsMap" | "YAML" | "Table" | "PathValue") {
        return None;
    }
    let map = map.clone();
    Some(Rc::new(match name {
        "AsMap" => {
            Function::new("AsMap", &[], types::MAP_ANY, move |_, _| Ok(Value::Map(map.with_type(types::MAP_ANY))))
        }
        "YAML" => Function::new("YAML", &[], types::STRING, move |exec, _| {
            let limits = exec.limits();
            match helmd_yaml::to_yaml_within(&Value::Map(map.clone()), limits.text_bytes) {
                Ok(text) => Ok(Value::str(text)),
                Err(e) if e.is_too_long() => Err(limits.too_long().into()),
                Err(e) => Err(FuncError::text(e.to_string())),
            }
        }),
        "Table" => Function::new("Table", &[types::STRING], types::INTERFACE, move |_, args| {
            table(&map, &path(args)).map(Value::Map)
        }),
        _ => {
            Function::new("PathValue", &[types::STRING], types::INTERFACE, move |_, args| path_value(&map, &path(args)))
        }
    }))
}

fn path(args: &[Value]) -> GoString {
    args.first().and_then(Value::as_str).cloned().unwrap_or_default()
}

/// The names in a path.
fn names(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|b| *b == b'.')
}

/// `Values.Table`
fn table(map: &Map, path: &[u8]) -> Result<Map, FuncError> {
    let mut table = map.clone();
    for name in names(path) {
        table = match table.get(name) {
            Some(Value::Map(inner)) => inner.with_type(map.go_type()).with_methods(values_methods),
            _ => return Err(FuncError::text(format!("{} is not a table", quote(name)))),
        };
    }
    Ok(table)
}

/// `Values.PathValue`
fn path_value(map: &Map, path: &[u8]) -> Result<Value, FuncError> {
    if path.is_empty() {
        return Err(FuncError::text("YAML path cannot be empty"));
    }
    let name = names(path).last().unwrap_or_default();
    let above = path.get(..path.len() - name.len()).unwrap_or_default().strip_suffix(b".");
    let holder = above.map_or_else(|| Ok(map.clone()), |above| table(map, above)).ok();
    match holder.and_then(|holder| holder.get(name)) {
        Some(Value::Map(inner)) if inner.go_type() == types::MAP_ANY => {}
        Some(value) => return Ok(value),
        None => {}
    }
    Err(FuncError::text(format!("{} is not a value", quote(name))))
}

/// The type of `.Values` and of the data of each template.
pub(crate) fn values_type(helm: HelmMajor) -> &'static GoType {
    pick(helm, &VALUES_3, &VALUES_4)
}

fn pick<T>(helm: HelmMajor, three: T, four: T) -> T {
    match helm {
        HelmMajor::Helm3 => three,
        HelmMajor::Helm4 => four,
    }
}

/// How a field shows outside of templates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// No tag: everyone uses its name.
    None,
    /// The name in JSON.
    Json(&'static str),
    /// The name in JSON, where the zero value is left out.
    JsonOmitZero(&'static str),
    /// The name in JSON and in YAML.
    Both(&'static str),
    /// The name in JSON and in YAML, where the zero value is left out.
    BothOmitZero(&'static str),
    /// An embedded struct.
    Embedded,
    /// Not exported: only `fmt` prints it.
    Hidden,
}

/// One field of a [`Struct`].
pub(crate) type Field = (&'static str, Value, Tag);

/// A method of the pointer to a struct: its name, and the text that it makes of the fields.
type PointerMethod = (&'static str, fn(&Struct) -> GoString);

/// A Go struct: its fields, and the methods of its pointer where it can be reached through one.
pub(crate) struct Struct {
    go_type: &'static GoType,
    fields: Vec<Field>,
    pointer_methods: &'static [PointerMethod],
}

impl Struct {
    /// A struct without methods.
    pub(crate) fn plain(go_type: &'static GoType, fields: Vec<Field>) -> Value {
        Value::Object(Rc::new(Struct { go_type, fields, pointer_methods: &[] }))
    }

    /// The text of a field, exported or not.
    fn text(&self, name: &str) -> GoString {
        let field = self.fields.iter().find(|(n, ..)| *n == name);
        field.and_then(|(_, value, _)| value.as_str().cloned()).unwrap_or_default()
    }

    fn pointer_method(&self, name: &str) -> Option<(&'static str, GoString)> {
        let (name, text) = self.pointer_methods.iter().find(|(n, _)| *n == name)?;
        Some((name, text(self)))
    }
}

/// The name under which a reader sees a field; `None` where it leaves it out.
fn seen_name(field: &Field, reader: FieldReader) -> Option<Cow<'static, str>> {
    let (name, value, tag) = field;
    Some(match (reader, *tag) {
        (FieldReader::Fmt, _) | (FieldReader::Toml, _) => (*name).into(),
        (_, Tag::BothOmitZero(_)) | (FieldReader::Json, Tag::JsonOmitZero(_)) if !value.truth() => return None,
        (_, Tag::Both(tagged) | Tag::BothOmitZero(tagged)) => tagged.into(),
        (FieldReader::Json, Tag::Json(tagged) | Tag::JsonOmitZero(tagged)) => tagged.into(),
        (FieldReader::Json, _) => (*name).into(),
        (FieldReader::Yaml, _) => name.to_lowercase().into(),
    })
}

impl Object for Struct {
    fn go_type(&self) -> &'static GoType {
        self.go_type
    }
    fn field(&self, name: &str) -> Option<Value> {
        let exported = || self.fields.iter().filter(|(_, _, tag)| *tag != Tag::Hidden);
        let own = exported().find(|(n, ..)| *n == name).map(|(_, v, _)| v.clone());
        own.or_else(|| {
            let mut embedded = exported().filter(|(_, _, tag)| *tag == Tag::Embedded);
            embedded.find_map(|(_, value, _)| match value {
                Value::Object(inner) => inner.field(name),
                _ => None,
            })
        })
    }
    fn method(&self, name: &str) -> Option<Rc<Function>> {
        let (name, text) = self.pointer_method(name)?;
        Some(Rc::new(Function::new(name, &[], types::STRING, move |_, _| Ok(Value::str(text.clone())))))
    }
    fn fields(&self) -> Vec<(&'static str, Value)> {
        let exported = self.fields.iter().filter(|(_, _, tag)| *tag != Tag::Hidden);
        exported.map(|(name, value, _)| (*name, value.clone())).collect()
    }
    fn fields_for(&self, reader: FieldReader) -> Vec<(Cow<'static, str>, Value)> {
        let mut seen = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            match (field, reader) {
                ((_, _, Tag::Hidden), FieldReader::Json | FieldReader::Yaml | FieldReader::Toml) => {}
                ((_, Value::Object(inner), Tag::Embedded), FieldReader::Json | FieldReader::Toml) => {
                    seen.extend(inner.fields_for(reader));
                }
                (field, reader) => seen.extend(seen_name(field, reader).map(|name| (name, field.1.clone()))),
            }
        }
        seen
    }
    fn pointer_string(&self) -> Option<GoString> {
        self.pointer_method("String").map(|(_, text)| text)
    }
    fn passed(&self) -> Option<Value> {
        if self.pointer_methods.is_empty() || self.go_type.kind == Kind::Ptr {
            return None;
        }
        Some(Struct::plain(self.go_type, self.fields.clone()))
    }
    /// HELM: the copying library leaves fields that are not exported empty.
    fn deep_copy(&self, addressed: bool) -> Option<Value> {
        let addressed = addressed || self.go_type.kind == Kind::Ptr;
        let copied = |(name, value, tag): &Field| {
            let copy = match value {
                Value::String(_) if *tag == Tag::Hidden => Some(Value::str("")),
                Value::Object(inner) => inner.deep_copy(addressed),
                _ => None,
            };
            (*name, copy.unwrap_or_else(|| value.clone()), *tag)
        };
        Some(Value::Object(Rc::new(Struct {
            go_type: self.go_type,
            fields: self.fields.iter().map(copied).collect(),
            pointer_methods: if addressed { self.pointer_methods } else { &[] },
        })))
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A slice of API versions with `Has`.
struct VersionSet {
    go_type: &'static GoType,
    versions: Rc<[String]>,
}

impl Object for VersionSet {
    fn go_type(&self) -> &'static GoType {
        self.go_type
    }
    fn method(&self, name: &str) -> Option<Rc<Function>> {
        if name != "Has" {
            return None;
        }
        let versions = Rc::clone(&self.versions);
        Some(Rc::new(Function::new("Has", &[types::STRING], types::BOOL, move |_, args| {
            let wanted = args.first().and_then(Value::as_str);
            Ok(Value::Bool(wanted.is_some_and(|w| versions.iter().any(|v| v.as_bytes() == w.as_bytes()))))
        })))
    }
    fn truth(&self) -> bool {
        !self.versions.is_empty()
    }
    fn as_list(&self) -> Option<List> {
        Some(List::new(self.go_type, self.versions.iter().map(Value::str).collect()))
    }
    fn json(&self) -> Option<Value> {
        Some(Value::string_list(self.versions.iter()))
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The methods of `*KubeVersion`.
const KUBE_VERSION_METHODS: &[PointerMethod] = &[
    ("String", |kube| {
        let normalized = kube.text("normalizedVersion");
        if normalized.is_empty() { kube.text("Version") } else { normalized }
    }),
    ("GitVersion", |kube| kube.text("Version")),
];

/// `.Capabilities`.
pub(crate) fn capabilities(caps: &Capabilities, helm: HelmMajor) -> Value {
    let kube = &caps.kube_version;
    let mut fields = vec![
        ("Version", Value::str(&kube.version), Tag::None),
        ("Major", Value::str(&kube.major), Tag::None),
        ("Minor", Value::str(&kube.minor), Tag::None),
    ];
    if helm == HelmMajor::Helm4 {
        let hidden = kube.normalized.as_deref().unwrap_or_default();
        fields.insert(1, ("normalizedVersion", Value::str(hidden), Tag::Hidden));
    }
    let kube_version =
        Struct { go_type: pick(helm, &KUBE_VERSION_3, &KUBE_VERSION_4), fields, pointer_methods: KUBE_VERSION_METHODS };
    let info = &caps.helm_version;
    let mut build = vec![
        ("Version", Value::str(&info.version), Tag::JsonOmitZero("version")),
        ("GitCommit", Value::str(&info.git_commit), Tag::JsonOmitZero("git_commit")),
        ("GitTreeState", Value::str(&info.git_tree_state), Tag::JsonOmitZero("git_tree_state")),
        ("GoVersion", Value::str(&info.go_version), Tag::JsonOmitZero("go_version")),
    ];
    if helm == HelmMajor::Helm4 {
        build.push(("KubeClientVersion", Value::str(&info.kube_client_version), Tag::Json("kube_client_version")));
    }
    let versions = VersionSet {
        go_type: pick(helm, &VERSION_SET_3, &VERSION_SET_4),
        versions: caps.api_versions.iter().cloned().collect(),
    };
    Struct::plain(
        pick(helm, &CAPABILITIES_PTR_3, &CAPABILITIES_PTR_4),
        vec![
            ("KubeVersion", Value::Object(Rc::new(kube_version)), Tag::None),
            ("APIVersions", Value::Object(Rc::new(versions)), Tag::None),
            ("HelmVersion", Struct::plain(&BUILD_INFO, build), Tag::None),
        ],
    )
}
