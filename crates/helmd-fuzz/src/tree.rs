//! Documents: JSON, YAML, TOML, schemas, Kubernetes objects.

use crate::parts;
use gotmpl::Value;
use gotmpl::exec::Limits;
use helmd_chart::HelmMajor;
use serde_json::Value as Json;

/// Whether the values are equal; those that are too much to compare count as equal.
fn same(a: &Value, b: &Value) -> bool {
    gotmpl::value::deep_equal(a, b, &mut Limits::default().comparing()).unwrap_or(true)
}

/// JSON is read and written.
pub(crate) fn json(data: &[u8]) {
    let Ok(value) = gotmpl::json::unmarshal(data) else { return };
    let written = gotmpl::json::marshal(&value).unwrap_or_default();
    let again = gotmpl::json::unmarshal(&written).unwrap_or(Value::Nil);
    assert!(same(&value, &again), "JSON that was written reads as the same");
    let indented = gotmpl::json::marshal_indent(&value, "", "  ").unwrap_or_default();
    assert!(gotmpl::json::unmarshal(&indented).is_ok(), "indented JSON is JSON");
    let _raw = gotmpl::json::marshal_raw(&value);
}

/// YAML is read, written and read again.
pub(crate) fn yaml(data: &[u8]) {
    let strict = helmd_yaml::to_json_text_strict(data);
    let Ok(text) = helmd_yaml::to_json_text(data) else {
        assert!(strict.is_err(), "strict reading takes no more than plain reading");
        return;
    };
    let Ok(value) = helmd_yaml::parse_value(data) else { return };
    let json = gotmpl::json::unmarshal(text.as_bytes());
    assert!(json.is_ok_and(|json| same(&json, &value)), "the JSON text and the value agree");
    for written in [helmd_yaml::to_yaml(&value), helmd_yaml::to_yaml_pretty(&value)] {
        let Ok(written) = written else { continue };
        let again = helmd_yaml::parse_value(&written);
        // HELM: go-yaml writes some texts so that it reads them otherwise, or not at all.
        let _may_differ = again.map(|again| same(&value, &again));
    }
}

/// TOML is read and written.
pub(crate) fn toml(data: &[u8]) {
    let Ok(map) = helmd_yaml::toml::from_toml(data) else { return };
    let _may_fail = helmd_yaml::toml::to_toml(&Value::Map(map));
}

/// A schema and values.
pub(crate) fn schema(data: &[u8]) {
    let [schema, values] = parts(data);
    let values = serde_json::from_slice(values).unwrap_or_default();
    let _may_fail = helmd_values::schema::validate_single(&values, schema, HelmMajor::Helm4);
}

/// Three documents of a kind: what was, what shall be, what is.
pub(crate) fn patch(data: &[u8]) {
    const KINDS: &[(&str, &str)] =
        &[("apps/v1", "Deployment"), ("v1", "Service"), ("v1", "Pod"), ("v1", "ServiceAccount"), ("v1", "ConfigMap")];
    let [original, modified, current] =
        parts(data).map(|part| serde_json::from_slice::<Json>(part).unwrap_or_default());
    let (version, kind) = KINDS[data.len() % KINDS.len()];
    if let Ok(patch) = helmd_plan::strategic::three_way_patch(&original, &modified, &current, version, kind) {
        let _may_fail = helmd_plan::strategic::apply(&current, &patch, version, kind);
    }
    let _may_fail = helmd_plan::strategic::apply(&current, &modified, version, kind);
    if let Ok(patch) = helmd_plan::merge::create_merge_patch(&original, &modified) {
        let _may_fail = helmd_plan::merge::apply(&original, &patch);
    }
    let _may_fail = helmd_plan::merge::three_way_json_merge(&original, &modified, &current);
}
