//! Go's structs that templates see: `.Capabilities` and, for helm 3, `.Chart`.

use gotmpl::value::types;
use gotmpl::{Function, GoString, GoType, Kind, List, Map, Object, Value};
use helmd_chart::{Chart, HelmMajor, Metadata};
use helmd_values::{Capabilities, HelmVersion};
use std::any::Any;
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
    let map = map.clone();
    Some(Rc::new(match name {
        "AsMap" => {
            Function::new("AsMap", &[], types::MAP_ANY, move |_, _| Ok(Value::Map(map.with_type(types::MAP_ANY))))
        }
        "YAML" => Function::new("YAML", &[], types::STRING, move |_, _| {
            helmd_yaml::to_yaml(&Value::Map(map.clone()))
                .map(Value::str)
                .map_err(|e| gotmpl::FuncError::text(e.to_string()))
        }),
        "Table" => Function::new("Table", &[types::STRING], types::INTERFACE, move |_, args| {
            let path = args.first().and_then(Value::as_str).map(|p| p.to_text().into_owned()).unwrap_or_default();
            let mut table = map.clone();
            for part in path.split('.') {
                table = match table.get(part) {
                    Some(Value::Map(inner)) => inner.with_type(map.go_type()).with_methods(values_methods),
                    _ => return Err(gotmpl::FuncError::text(format!("{part:?} is not a table"))),
                };
            }
            Ok(Value::Map(table))
        }),
        _ => return None,
    }))
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

/// A Go struct with fields, some methods, and the texts that printing gives.
struct Struct {
    go_type: &'static GoType,
    fields: Vec<(&'static str, Value)>,
    /// All fields as `fmt` prints them, when there are unexported ones.
    printed: Vec<(&'static str, Value)>,
    /// The fields as JSON names them, when that is not by their names.
    json_fields: Vec<(&'static str, Value)>,
    methods: Vec<Rc<Function>>,
    pointer_string: Option<GoString>,
    json: Option<Value>,
}

impl Struct {
    /// A struct of these fields and nothing special.
    fn plain(go_type: &'static GoType, fields: Vec<(&'static str, Value)>) -> Struct {
        Struct {
            go_type,
            fields,
            printed: Vec::new(),
            json_fields: Vec::new(),
            methods: Vec::new(),
            pointer_string: None,
            json: None,
        }
    }
}

impl Object for Struct {
    fn go_type(&self) -> &'static GoType {
        self.go_type
    }
    fn field(&self, name: &str) -> Option<Value> {
        self.fields.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone())
    }
    fn method(&self, name: &str) -> Option<Rc<Function>> {
        self.methods.iter().find(|f| f.name == name).cloned()
    }
    fn fields(&self) -> Vec<(&'static str, Value)> {
        self.fields.clone()
    }
    fn printed_fields(&self) -> Vec<(&'static str, Value)> {
        if self.printed.is_empty() { self.fields.clone() } else { self.printed.clone() }
    }
    fn json_fields(&self) -> Vec<(&'static str, Value)> {
        if self.json_fields.is_empty() { self.fields.clone() } else { self.json_fields.clone() }
    }
    fn pointer_string(&self) -> Option<GoString> {
        self.pointer_string.clone()
    }
    fn json(&self) -> Option<Value> {
        self.json.clone()
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

/// A method without arguments that gives a fixed string.
fn string_method(name: &'static str, value: &str) -> Rc<Function> {
    let value = Value::str(value);
    Rc::new(Function::new(name, &[], types::STRING, move |_, _| Ok(value.clone())))
}

/// `.Capabilities`.
pub(crate) fn capabilities(caps: &Capabilities, helm: HelmMajor) -> Value {
    let kube = &caps.kube_version;
    let normalized = kube.to_string();
    let fields = vec![
        ("Version", Value::str(&kube.version)),
        ("Major", Value::str(&kube.major)),
        ("Minor", Value::str(&kube.minor)),
    ];
    let mut printed = fields.clone();
    if helm == HelmMajor::Helm4 {
        printed.insert(1, ("normalizedVersion", Value::str(kube.normalized.as_deref().unwrap_or_default())));
    }
    let kube_version = Struct {
        printed,
        methods: vec![string_method("String", &normalized), string_method("GitVersion", &kube.version)],
        pointer_string: Some(normalized.into()),
        ..Struct::plain(pick(helm, &KUBE_VERSION_3, &KUBE_VERSION_4), fields)
    };
    let versions = VersionSet {
        go_type: pick(helm, &VERSION_SET_3, &VERSION_SET_4),
        versions: caps.api_versions.iter().cloned().collect(),
    };
    Value::Object(Rc::new(Struct::plain(
        pick(helm, &CAPABILITIES_PTR_3, &CAPABILITIES_PTR_4),
        vec![
            ("KubeVersion", Value::Object(Rc::new(kube_version))),
            ("APIVersions", Value::Object(Rc::new(versions))),
            ("HelmVersion", Value::Object(Rc::new(build_info(&caps.helm_version, helm)))),
        ],
    )))
}

/// `.Capabilities.HelmVersion`
fn build_info(info: &HelmVersion, helm: HelmMajor) -> Struct {
    let all = [
        ("Version", "version", &info.version),
        ("GitCommit", "git_commit", &info.git_commit),
        ("GitTreeState", "git_tree_state", &info.git_tree_state),
        ("GoVersion", "go_version", &info.go_version),
        ("KubeClientVersion", "kube_client_version", &info.kube_client_version),
    ];
    let there = all.iter().take(pick(helm, 4, 5));
    let in_json = there.clone().filter(|(name, _, text)| !text.is_empty() || *name == "KubeClientVersion");
    Struct {
        json_fields: in_json.map(|(_, name, text)| (*name, Value::str(*text))).collect(),
        ..Struct::plain(&BUILD_INFO, there.map(|(name, _, text)| (*name, Value::str(*text))).collect())
    }
}

/// `.Chart`: a map of the struct's field names in helm 4, the struct itself in helm 3.
pub(crate) fn chart(chart: &Chart, is_root: bool, helm: HelmMajor) -> Value {
    let mut fields = metadata_fields(&chart.metadata, helm);
    fields.push(("IsRoot", Value::Bool(is_root)));
    match helm {
        HelmMajor::Helm4 => Value::map(fields.into_iter().map(|(k, v)| (k.into(), v))),
        HelmMajor::Helm3 => {
            go_struct!(CHART_3, "struct { chart.Metadata; IsRoot bool }");
            let json = match serde_json::to_value(&chart.metadata) {
                Ok(serde_json::Value::Object(mut map)) => {
                    map.insert("IsRoot".to_owned(), is_root.into());
                    Some(Value::from_json(&serde_json::Value::Object(map)))
                }
                _ => None,
            };
            Value::Object(Rc::new(Struct { json, ..Struct::plain(&CHART_3, fields) }))
        }
    }
}

fn strings(items: &[String], helm: HelmMajor) -> Value {
    match helm {
        HelmMajor::Helm4 => Value::list(items.iter().map(Value::str).collect()),
        HelmMajor::Helm3 if items.is_empty() => Value::List(List::nil(types::LIST_STRING)),
        HelmMajor::Helm3 => Value::string_list(items),
    }
}

fn string_map(map: &std::collections::BTreeMap<String, String>) -> Value {
    if map.is_empty() {
        return Value::Map(Map::nil(types::MAP_STRING));
    }
    Value::Map(Map::from_entries(types::MAP_STRING, map.iter().map(|(k, v)| (k.into(), Value::str(v)))))
}

fn record(go_type: &'static GoType, fields: Vec<(&'static str, Value)>, helm: HelmMajor) -> Value {
    match helm {
        HelmMajor::Helm4 => Value::map(fields.into_iter().map(|(k, v)| (k.into(), v))),
        HelmMajor::Helm3 => Value::Object(Rc::new(Struct::plain(go_type, fields))),
    }
}

go_struct!(MAINTAINER_3, "chart.Maintainer");
go_struct!(DEPENDENCY_3, "chart.Dependency");
static LIST_MAINTAINERS: GoType =
    GoType { name: "[]*chart.Maintainer", kind: Kind::Slice, elem: Some(types::INTERFACE) };
static LIST_DEPENDENCIES: GoType =
    GoType { name: "[]*chart.Dependency", kind: Kind::Slice, elem: Some(types::INTERFACE) };

/// A list of records: `[]interface {}` of maps in helm 4, a slice of struct pointers in helm 3.
fn records(go_type: &'static GoType, items: Vec<Value>, helm: HelmMajor) -> Value {
    match helm {
        HelmMajor::Helm4 => Value::list(items),
        HelmMajor::Helm3 if items.is_empty() => Value::List(List::nil(go_type)),
        HelmMajor::Helm3 => Value::List(List::new(go_type, items)),
    }
}

fn metadata_fields(m: &Metadata, helm: HelmMajor) -> Vec<(&'static str, Value)> {
    let maintainer = |x: &helmd_chart::Maintainer| {
        let fields = vec![("Name", Value::str(&x.name)), ("Email", Value::str(&x.email)), ("URL", Value::str(&x.url))];
        record(&MAINTAINER_3, fields, helm)
    };
    let dependency = |d: &helmd_chart::Dependency| {
        let imports: Vec<Value> = d.import_values.iter().map(Value::from_json).collect();
        let fields = vec![
            ("Name", Value::str(&d.name)),
            ("Version", Value::str(&d.version)),
            ("Repository", Value::str(&d.repository)),
            ("Condition", Value::str(&d.condition)),
            ("Tags", strings(&d.tags, helm)),
            ("Enabled", Value::Bool(d.enabled)),
            ("ImportValues", Value::list(imports)),
            ("Alias", Value::str(&d.alias)),
        ];
        record(&DEPENDENCY_3, fields, helm)
    };
    vec![
        ("Name", Value::str(&m.name)),
        ("Home", Value::str(&m.home)),
        ("Sources", strings(&m.sources, helm)),
        ("Version", Value::str(&m.version)),
        ("Description", Value::str(&m.description)),
        ("Keywords", strings(&m.keywords, helm)),
        ("Maintainers", records(&LIST_MAINTAINERS, m.maintainers.iter().map(maintainer).collect(), helm)),
        ("Icon", Value::str(&m.icon)),
        ("APIVersion", Value::str(&m.api_version)),
        ("Condition", Value::str(&m.condition)),
        ("Tags", Value::str(&m.tags)),
        ("AppVersion", Value::str(&m.app_version)),
        ("Deprecated", Value::Bool(m.deprecated)),
        ("Annotations", string_map(&m.annotations)),
        ("KubeVersion", Value::str(&m.kube_version)),
        ("Dependencies", records(&LIST_DEPENDENCIES, m.dependencies.iter().map(dependency).collect(), helm)),
        ("Type", Value::str(&m.chart_type)),
    ]
}
