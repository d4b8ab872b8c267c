//! `.Chart`: a map of the struct's fields in helm 4, the struct itself in helm 3.

use crate::objects::{Field, Struct, Tag};
use gotmpl::value::types;
use gotmpl::{GoType, Kind, List, Map, Value};
use helmd_chart::{Chart, Dependency, HelmMajor, Maintainer, Metadata};
use std::collections::BTreeMap;

static CHART: GoType = GoType { name: "struct { chart.Metadata; IsRoot bool }", kind: Kind::Struct, elem: None };
static METADATA: GoType = GoType { name: "chart.Metadata", kind: Kind::Struct, elem: None };
static MAINTAINER: GoType = GoType { name: "chart.Maintainer", kind: Kind::Struct, elem: None };
static DEPENDENCY: GoType = GoType { name: "chart.Dependency", kind: Kind::Struct, elem: None };
static MAINTAINER_PTR: GoType = GoType { name: "*chart.Maintainer", kind: Kind::Ptr, elem: Some(&MAINTAINER) };
static DEPENDENCY_PTR: GoType = GoType { name: "*chart.Dependency", kind: Kind::Ptr, elem: Some(&DEPENDENCY) };
static MAINTAINERS: GoType = GoType { name: "[]*chart.Maintainer", kind: Kind::Slice, elem: Some(&MAINTAINER_PTR) };
static DEPENDENCIES: GoType = GoType { name: "[]*chart.Dependency", kind: Kind::Slice, elem: Some(&DEPENDENCY_PTR) };

/// `.Chart` of a chart.
pub(crate) fn chart(chart: &Chart, is_root: bool, helm: HelmMajor) -> Value {
    let mut fields = metadata_fields(&chart.metadata, helm);
    let root = Value::Bool(is_root);
    match helm {
        HelmMajor::Helm4 => {
            fields.push(("IsRoot", root, Tag::None));
            as_map(fields)
        }
        HelmMajor::Helm3 => Struct::plain(
            &CHART,
            vec![("Metadata", Struct::plain(&METADATA, fields), Tag::Embedded), ("IsRoot", root, Tag::None)],
        ),
    }
}

fn as_map(fields: Vec<Field>) -> Value {
    Value::map(fields.into_iter().map(|(name, value, _)| (name.into(), value)))
}

/// One element of a list: a map in helm 4, a pointer to the struct in helm 3.
fn record(go_type: &'static GoType, fields: Vec<Field>, helm: HelmMajor) -> Value {
    match helm {
        HelmMajor::Helm4 => as_map(fields),
        HelmMajor::Helm3 => Struct::plain(go_type, fields),
    }
}

/// A list: `[]interface {}` in helm 4; a slice of its own type, nil when empty, in helm 3.
fn slice(go_type: &'static GoType, items: Vec<Value>, helm: HelmMajor) -> Value {
    match helm {
        HelmMajor::Helm4 => Value::list(items),
        HelmMajor::Helm3 if items.is_empty() => Value::List(List::nil(go_type)),
        HelmMajor::Helm3 => Value::List(List::new(go_type, items)),
    }
}

fn strings(items: &[String], helm: HelmMajor) -> Value {
    slice(types::LIST_STRING, items.iter().map(Value::str).collect(), helm)
}

fn string_map(map: &BTreeMap<String, String>) -> Value {
    if map.is_empty() {
        return Value::Map(Map::nil(types::MAP_STRING));
    }
    Value::Map(Map::from_entries(types::MAP_STRING, map.iter().map(|(k, v)| (k.into(), Value::str(v)))))
}

fn maintainer(m: &Maintainer, helm: HelmMajor) -> Value {
    let fields = vec![
        ("Name", Value::str(&m.name), Tag::JsonOmitZero("name")),
        ("Email", Value::str(&m.email), Tag::JsonOmitZero("email")),
        ("URL", Value::str(&m.url), Tag::JsonOmitZero("url")),
    ];
    record(&MAINTAINER_PTR, fields, helm)
}

fn dependency(d: &Dependency, helm: HelmMajor) -> Value {
    let imports = d.import_values.iter().map(Value::from_json).collect();
    let fields = vec![
        ("Name", Value::str(&d.name), Tag::Both("name")),
        ("Version", Value::str(&d.version), Tag::BothOmitZero("version")),
        ("Repository", Value::str(&d.repository), Tag::Both("repository")),
        ("Condition", Value::str(&d.condition), Tag::BothOmitZero("condition")),
        ("Tags", strings(&d.tags, helm), Tag::BothOmitZero("tags")),
        ("Enabled", Value::Bool(d.enabled), Tag::BothOmitZero("enabled")),
        ("ImportValues", slice(types::LIST_ANY, imports, helm), Tag::BothOmitZero("import-values")),
        ("Alias", Value::str(&d.alias), Tag::BothOmitZero("alias")),
    ];
    record(&DEPENDENCY_PTR, fields, helm)
}

fn metadata_fields(m: &Metadata, helm: HelmMajor) -> Vec<Field> {
    use Tag::JsonOmitZero as Omit;
    let maintainers = m.maintainers.iter().map(|x| maintainer(x, helm)).collect();
    let dependencies = m.dependencies.iter().map(|d| dependency(d, helm)).collect();
    vec![
        ("Name", Value::str(&m.name), Omit("name")),
        ("Home", Value::str(&m.home), Omit("home")),
        ("Sources", strings(&m.sources, helm), Omit("sources")),
        ("Version", Value::str(&m.version), Omit("version")),
        ("Description", Value::str(&m.description), Omit("description")),
        ("Keywords", strings(&m.keywords, helm), Omit("keywords")),
        ("Maintainers", slice(&MAINTAINERS, maintainers, helm), Omit("maintainers")),
        ("Icon", Value::str(&m.icon), Omit("icon")),
        ("APIVersion", Value::str(&m.api_version), Omit("apiVersion")),
        ("Condition", Value::str(&m.condition), Omit("condition")),
        ("Tags", Value::str(&m.tags), Omit("tags")),
        ("AppVersion", Value::str(&m.app_version), Omit("appVersion")),
        ("Deprecated", Value::Bool(m.deprecated), Omit("deprecated")),
        ("Annotations", string_map(&m.annotations), Omit("annotations")),
        ("KubeVersion", Value::str(&m.kube_version), Omit("kubeVersion")),
        ("Dependencies", slice(&DEPENDENCIES, dependencies, helm), Omit("dependencies")),
        ("Type", Value::str(&m.chart_type), Omit("type")),
    ]
}
