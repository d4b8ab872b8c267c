//! Rules for `values.yaml` and its schema.

use crate::message::{Linter, Severity};
use helmd_chart::{HelmMajor, Values, error_text};
use helmd_values::{coalesce_tables, schema};
use helmd_yaml::Numbers;
use serde_json::Value as Json;

const FILE: &str = "values.yaml";

pub(crate) fn lint(linter: &mut Linter<'_>, overrides: &mut Values) {
    let Some(file) = &linter.folder.values_yaml else {
        linter.check(Severity::Info, FILE, Err("file does not exist".to_owned()));
        return;
    };
    let result = file.as_ref().map_err(Clone::clone).and_then(|text| read(text, linter.helm()));
    let result = match result {
        Ok(values) => fits(linter, overrides, &values),
        Err(text) => Err(format!("unable to parse YAML: {text}")),
    };
    linter.check(Severity::Error, FILE, result);
}

/// The first document, which must be a table.
fn read(text: &[u8], helm: HelmMajor) -> Result<Values, String> {
    let found = match helmd_yaml::parse(text, Numbers::Float64).map_err(|e| error_text(&e))? {
        Json::Object(values) => return Ok(values),
        Json::Null => return Ok(Values::new()),
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
    };
    let package = match helm {
        HelmMajor::Helm3 => "chartutil",
        HelmMajor::Helm4 => "common",
    };
    Err(format!(
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go value of type {package}.Values"
    ))
}

/// Holds the user's values over the chart's against the chart's own schema.
fn fits(linter: &mut Linter<'_>, overrides: &mut Values, values: &Values) -> Result<(), String> {
    let (coalesced, mut warnings) = coalesce_tables(overrides, values).map_err(|e| error_text(&e))?;
    linter.report.log.append(&mut warnings);
    let schema = &linter.folder.values_schema;
    let result = if schema.is_empty() || skips_schema(linter) {
        Ok(())
    } else {
        let checked = schema::validate_single(&coalesced, schema, linter.helm());
        checked.map(|mut warnings| linter.report.log.append(&mut warnings)).map_err(|e| e.0)
    };
    keep_tables(overrides, coalesced);
    result
}

/// HELM: Helm 3 checks here even with `--skip-schema-validation`.
fn skips_schema(linter: &Linter<'_>) -> bool {
    linter.options.skip_schema_validation && linter.helm() == HelmMajor::Helm4
}

/// HELM: only the outer table of the user's values is copied before it is changed; the inner ones stay changed.
fn keep_tables(overrides: &mut Values, mut coalesced: Values) {
    for (key, value) in overrides.iter_mut().filter(|(_, value)| value.is_object()) {
        if let Some(table @ Json::Object(_)) = coalesced.get_mut(key) {
            *value = table.take();
        }
    }
}
