//! Rules for templates: they render, and what they render is objects that Kubernetes takes.

use crate::deprecated;
use crate::documents::Documents;
use crate::folder::Place;
use crate::message::{Cancelled, Linter, Severity};
use crate::names;
use crate::object::{self, Object};
use gotmpl::GoString;
use gotmpl::strconv::quote;
use helmd_chart::{Chart, File, HelmMajor, Values, error_text};
use helmd_engine::{Engine, Stopped};
use helmd_values::schema::validate_chart;
use helmd_values::{
    Capabilities, KubeVersion, ReleaseOptions, RenderValues, ValuesError, coalesce_values, process_dependencies,
};
use helmd_yaml::Numbers;
use std::collections::BTreeMap;
use std::rc::Rc;

const FOLDER: &str = "templates/";

/// The longest line that Go's line scanner takes, its line feed included.
const MAX_LINE_BYTES: usize = 64 << 10;

pub(crate) fn lint(linter: &mut Linter<'_>, values: &Values, host: Rc<dyn sprig::Host>) {
    if !folder(linter) {
        return;
    }
    let mut chart = match linter.chart() {
        Ok(chart) => chart.clone(),
        Err(text) => {
            linter.check(Severity::Error, FOLDER, Err(text.to_owned()));
            return;
        }
    };
    let mut capabilities = Capabilities::default_for(linter.helm());
    if let Some(version) = &linter.options.kube_version {
        capabilities.kube_version = version.clone();
    }
    let kube_version = capabilities.kube_version.clone();
    let Some(values) = compose(linter, &mut chart, values) else { return };
    let entries = values.iter().map(|(key, value)| (key.into(), gotmpl::Value::from_json(value)));
    let values = gotmpl::Map::from_entries(gotmpl::value::types::MAP_ANY, entries);
    let budgets = linter.options.budgets.clone();
    if !linter.options.skip_schema_validation {
        let mut log = Vec::new();
        let checked = validate_chart(&chart, &values, (linter.helm(), budgets.schema()), &mut log);
        linter.report.log.append(&mut log);
        if !linter.check(Severity::Error, FOLDER, checked.map_err(|text| ValuesError::Schema(text).to_string())) {
            return;
        }
    }
    // HELM: the release has neither a revision nor a cause.
    let namespace = linter.options.namespace.clone();
    let release = ReleaseOptions { name: "test-release".to_owned(), namespace, ..ReleaseOptions::default() };
    let values = RenderValues { values, release, capabilities };
    let cancel = linter.options.cancel.clone();
    let engine = Engine { lint: true, budgets, cancel, ..Engine::new(linter.helm()) };
    match engine.render_noting(&chart, values, host, &mut linter.report.log) {
        Ok(rendered) => files(linter, &chart, &rendered, &kube_version),
        Err(e) if e.stopped() == Some(Stopped::Cancelled) => {
            linter.report.cancelled = Some(Cancelled { place: e.place() });
        }
        Err(e) => {
            linter.check(Severity::Error, FOLDER, Err(error_text(&e)));
        }
    }
}

/// Whether `templates` may be looked into. Helm 3 does not mind when there is none.
fn folder(linter: &mut Linter<'_>) -> bool {
    let helm = linter.helm();
    let (severity, text) = match (&linter.folder.templates, helm) {
        (Place::Folder, _) | (Place::Missing | Place::Unknown(_), HelmMajor::Helm3) => return true,
        (Place::Missing, HelmMajor::Helm4) => (Severity::Warning, "directory does not exist".to_owned()),
        (Place::File, HelmMajor::Helm3) => (Severity::Warning, "not a directory".to_owned()),
        (Place::File, HelmMajor::Helm4) => (Severity::Error, "not a directory".to_owned()),
        (Place::Unknown(text), HelmMajor::Helm4) => (Severity::Error, text.clone()),
    };
    linter.check(severity, FOLDER, Err(text))
}

/// Settles the dependencies and composes the values. HELM: values that do not fit together end the rules for templates
/// without a word, and values are composed twice: the second time brings back defaults that the user sets to null.
fn compose(linter: &mut Linter<'_>, chart: &mut Chart, values: &Values) -> Option<Values> {
    let helm = linter.helm();
    let log = &mut linter.report.log;
    process_dependencies(chart, values, helm, log).ok()?;
    let mut once = |values: &Values| {
        let (values, mut warnings) = coalesce_values(chart, values, helm).ok()?;
        log.append(&mut warnings);
        Some(values)
    };
    let values = once(values)?;
    once(&values)
}

/// Checks the chart's own templates and what they became.
fn files(linter: &mut Linter<'_>, chart: &Chart, rendered: &BTreeMap<String, GoString>, kube_version: &KubeVersion) {
    for template in &chart.templates {
        let extension = extension(&template.name);
        linter.check(Severity::Error, &template.name, known_extension(extension));
        if linter.helm() == HelmMajor::Helm3 {
            helm2_relics(linter, template);
        }
        let is_yaml = match linter.helm() {
            HelmMajor::Helm3 => extension == ".yaml",
            HelmMajor::Helm4 => matches!(extension.to_lowercase().as_str(), ".yaml" | ".yml"),
        };
        let content = rendered.get(&format!("{}/{}", chart.name(), template.name)).filter(|_| is_yaml);
        let Some(content) = content.filter(|c| !c.to_text().trim().is_empty()) else { continue };
        linter.check(Severity::Warning, &template.name, top_indent(content.as_bytes()));
        if !documents(linter, &template.name, content.as_bytes(), kube_version) {
            return;
        }
    }
}

/// Checks each object of a rendered file; false when it is no YAML. HELM: no other file is then looked at.
fn documents(linter: &mut Linter<'_>, path: &str, content: &[u8], kube_version: &KubeVersion) -> bool {
    let helm = linter.helm();
    for document in Documents::new(content, helm) {
        let object = match document {
            Ok(Some(object)) => object,
            Ok(None) => continue,
            Err(text) => return linter.check(Severity::Error, path, Err(format!("unable to parse YAML: {text}"))),
        };
        linter.check(Severity::Warning, path, names::check(&object));
        linter.check(Severity::Warning, path, deprecated::check(&object, kube_version));
        linter.check(Severity::Error, path, selector(&object, content));
        linter.check(Severity::Error, path, list_annotations(&object, content, helm));
    }
    true
}

/// Go's `filepath.Ext`.
fn extension(name: &str) -> &str {
    let base = name.rfind('/').map_or(name, |slash| &name[slash..]);
    base.rfind('.').map_or("", |dot| &base[dot..])
}

fn known_extension(extension: &str) -> Result<(), String> {
    if matches!(extension, ".yaml" | ".yml" | ".tpl" | ".txt") {
        return Ok(());
    }
    Err(format!("file extension '{extension}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt"))
}

/// What Helm 3 says of templates written for Helm 2.
fn helm2_relics(linter: &mut Linter<'_>, template: &File) {
    let text = template.data.as_bytes();
    if has_crd_hook(text) {
        let text = "manifest is a crd-install hook. This hook is no longer supported in v3 and all CRDs should also exist the crds/ directory at the top level of the chart";
        linter.check(Severity::Warning, &template.name, Err(text.to_owned()));
    }
    if contains(text, b".Release.Time") {
        let text = ".Release.Time has been removed in v3, please replace with the `now` function in your templates";
        linter.check(Severity::Error, &template.name, Err(text.to_owned()));
    }
}

/// Whether `helm.sh/hook: crd-install` stands there, the key perhaps in quotes.
fn has_crd_hook(text: &[u8]) -> bool {
    const KEY: &[u8] = b"helm.sh/hook";
    let is_hook = |rest: &[u8]| {
        let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        let Some(rest) = rest.strip_prefix(b":") else { return false };
        let space = rest.iter().take_while(|c| matches!(c, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')).count();
        space > 0 && rest.get(space..).is_some_and(|rest| rest.starts_with(b"crd-install"))
    };
    let keys = text.windows(KEY.len()).enumerate().filter(|(_, window)| *window == KEY);
    keys.map(|(at, _)| text.get(at + KEY.len()..).unwrap_or_default()).any(is_hook)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The first line with content must not be indented.
fn top_indent(content: &[u8]) -> Result<(), String> {
    for line in content.split_inclusive(|c| *c == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if text.len() >= MAX_LINE_BYTES {
            return Err("bufio.Scanner: token too long".to_owned());
        }
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if String::from_utf8_lossy(text).trim().is_empty() {
            continue;
        }
        if text.starts_with(b" ") || text.starts_with(b"\t") {
            let line = quote(text);
            return Err(format!("document starts with an illegal indent: {line}, which may cause parsing problems"));
        }
        return Ok(());
    }
    Ok(())
}

/// HELM: the words may stand anywhere in the file.
fn selector(object: &Object, content: &[u8]) -> Result<(), String> {
    let needs_one = matches!(object.kind.as_str(), "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet");
    if !needs_one || contains(content, b"matchLabels") || contains(content, b"matchExpressions") {
        return Ok(());
    }
    let name = quote(object.name.as_bytes());
    Err(format!("a {} must contain matchLabels or matchExpressions, and {name} does not", object.kind))
}

/// HELM: the list is looked for in the first document, whichever document says that it is a list.
fn list_annotations(object: &Object, content: &[u8], helm: HelmMajor) -> Result<(), String> {
    if object.kind != "List" {
        return Ok(());
    }
    let failed = |text: String| format!("unable to parse YAML: {text}");
    let list = helmd_yaml::parse(content, Numbers::Yaml).map_err(|e| failed(error_text(&e)))?;
    let found = object::items_have_annotation(&list, "helm.sh/resource-policy")
        .map_err(|text| failed(format!("error unmarshaling JSON: while decoding JSON: {text}")))?;
    if !found {
        return Ok(());
    }
    let word = match helm {
        HelmMajor::Helm3 => "Annotation",
        HelmMajor::Helm4 => "annotation",
    };
    Err(format!("{word} 'helm.sh/resource-policy' within List objects are ignored"))
}
