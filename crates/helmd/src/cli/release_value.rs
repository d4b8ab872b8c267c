//! A release as the template of `get all` sees it.

use gotmpl::exec::{Exec, Limits, MissingKey};
use gotmpl::parse::TemplateSet;
use gotmpl::value::{GoType, Kind, Object, types};
use gotmpl::{FuncMap, List, Map, Value};
use helmd_action::{Budgets, Cancel, helm_text, with_clock};
use helmd_chart::{Chart, File, HelmMajor, Metadata};
use helmd_release::{Hook, Release, Time};
use serde_json::Value as Json;
use sprig::time::{Moment, Zone};
use std::any::Any;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What the template writes, and whether it ran to its end. On a stack that is deep enough for any template.
pub fn shown(template: &str, release: &Release, helm: HelmMajor) -> (Vec<u8>, Result<(), String>) {
    let done = with_clock(&Budgets::default(), Cancel::new(), |_clock| shown_here(template, release, helm));
    done.unwrap_or_else(|error| (Vec::new(), Err(helm_text(&error))))
}

fn shown_here(template: &str, release: &Release, helm: HelmMajor) -> (Vec<u8>, Result<(), String>) {
    const NAME: &str = "_";
    let functions = FuncMap::default();
    let mut set = TemplateSet::default();
    if let Err(error) = set.parse(NAME, template, &|name| functions.get(name).is_some()) {
        return (Vec::new(), Err(error.to_string()));
    }
    let data = Value::map([("Release".into(), value(release, helm))]);
    let mut exec = Exec::new(&set, &functions, MissingKey::Invalid, Limits::default());
    match exec.run(NAME, &data) {
        Ok(text) => (text, Ok(())),
        Err((error, text)) => (text, Err(error.to_string())),
    }
}

/// A pointer to a struct with these fields.
struct Pointer(&'static GoType, Vec<(&'static str, Value)>);

impl Object for Pointer {
    fn go_type(&self) -> &'static GoType {
        self.0
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.1.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        self.1.clone()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

macro_rules! pointers {
    ($($id:ident = $name:literal;)*) => { $(
        static $id: GoType = {
            static STRUCT: GoType = GoType { name: $name, kind: Kind::Struct, elem: None };
            GoType { name: concat!("*", $name), kind: Kind::Ptr, elem: Some(&STRUCT) }
        };
    )* };
}

pointers! {
    RELEASE3 = "release.Release";
    RELEASE4 = "v1.Release";
    INFO3 = "release.Info";
    INFO4 = "v1.Info";
    HOOK3 = "release.Hook";
    HOOK4 = "v1.Hook";
    CHART3 = "chart.Chart";
    CHART4 = "v2.Chart";
    METADATA3 = "chart.Metadata";
    METADATA4 = "v2.Metadata";
    FILE3 = "chart.File";
    FILE4 = "common.File";
}

fn pointer(
    (three, four): (&'static GoType, &'static GoType),
    helm: HelmMajor,
    fields: Vec<(&'static str, Value)>,
) -> Value {
    let go_type = if helm == HelmMajor::Helm3 { three } else { four };
    Value::Object(Rc::new(Pointer(go_type, fields)))
}

fn value(release: &Release, helm: HelmMajor) -> Value {
    let info = &release.info;
    let mut facts = vec![
        ("FirstDeployed", time(info.first_deployed)),
        ("LastDeployed", time(info.last_deployed)),
        ("Deleted", time(info.deleted)),
        ("Description", Value::str(&info.description)),
        ("Status", Value::str(info.status.to_string())),
        ("Notes", Value::str(&info.notes)),
        ("Resources", Value::Map(Map::any())),
    ];
    let mut fields = vec![
        ("Name", Value::str(&release.name)),
        ("Chart", release.chart.as_ref().map_or(Value::Nil, |chart| chart_value(chart, helm))),
        ("Config", release.config.as_ref().map_or_else(|| Value::Map(Map::nil(types::MAP_ANY)), table)),
        ("Manifest", Value::str(&release.manifest)),
        ("Hooks", Value::list(release.hooks.iter().map(|hook| hook_value(hook, helm)).collect())),
        ("Version", Value::int(release.version)),
        ("Namespace", Value::str(&release.namespace)),
        ("Labels", texts(&release.labels)),
    ];
    if helm == HelmMajor::Helm4 {
        facts.push(("RollbackRevision", Value::int(info.rollback_revision)));
        fields.push(("ApplyMethod", Value::str(release.apply_method.to_string())));
    }
    fields.push(("Info", pointer((&INFO3, &INFO4), helm, facts)));
    pointer((&RELEASE3, &RELEASE4), helm, fields)
}

fn time(time: Option<Time>) -> Value {
    let moment = time.map_or_else(Moment::zero, |time| {
        let zone = match time.offset().seconds() {
            0 => Zone::Utc,
            seconds => Zone::Fixed("".into(), i64::from(seconds)),
        };
        Moment::from_timestamp(time.timestamp(), zone)
    });
    moment.into_value()
}

fn table(values: &serde_json::Map<String, Json>) -> Value {
    Value::map(values.iter().map(|(key, value)| (key.as_str().into(), Value::from_json(value))))
}

fn texts(texts: &BTreeMap<String, String>) -> Value {
    let entries = texts.iter().map(|(key, value)| (key.as_str().into(), Value::str(value)));
    Value::Map(Map::from_entries(types::MAP_STRING, entries))
}

fn words(words: impl IntoIterator<Item = String>) -> Value {
    Value::List(List::new(types::LIST_STRING, words.into_iter().map(Value::str).collect()))
}

fn hook_value(hook: &Hook, helm: HelmMajor) -> Value {
    let run = Value::map([
        ("StartedAt".into(), time(hook.last_run.started_at)),
        ("CompletedAt".into(), time(hook.last_run.completed_at)),
        ("Phase".into(), Value::str(hook.last_run.phase.to_string())),
    ]);
    let fields = vec![
        ("Name", Value::str(&hook.name)),
        ("Kind", Value::str(&hook.kind)),
        ("Path", Value::str(&hook.path)),
        ("Manifest", Value::str(&hook.manifest)),
        ("Events", words(hook.events.iter().map(ToString::to_string))),
        ("LastRun", run),
        ("Weight", Value::int(hook.weight)),
        ("DeletePolicies", words(hook.delete_policies.iter().map(ToString::to_string))),
        ("OutputLogPolicies", words(hook.output_log_policies.iter().map(ToString::to_string))),
    ];
    pointer((&HOOK3, &HOOK4), helm, fields)
}

fn chart_value(chart: &Chart, helm: HelmMajor) -> Value {
    let values = serde_json::to_value(&chart.values).unwrap_or_default();
    let fields = vec![
        ("Raw", Value::list(Vec::new())),
        ("Metadata", metadata_value(&chart.metadata, helm)),
        ("Lock", Value::Nil),
        ("Templates", files(&chart.templates, helm)),
        ("Values", Value::from_json(&values)),
        ("Schema", Value::List(List::bytes(chart.schema.clone().unwrap_or_default()))),
        ("Files", files(&chart.files, helm)),
    ];
    pointer((&CHART3, &CHART4), helm, fields)
}

fn files(files: &[File], helm: HelmMajor) -> Value {
    let file = |file: &File| {
        let data = Value::List(List::bytes(file.data.clone()));
        pointer((&FILE3, &FILE4), helm, vec![("Name", Value::str(&file.name)), ("Data", data)])
    };
    Value::list(files.iter().map(file).collect())
}

fn metadata_value(metadata: &Metadata, helm: HelmMajor) -> Value {
    let json = |value: Json| Value::from_json(&value);
    let fields = vec![
        ("Name", Value::str(&metadata.name)),
        ("Home", Value::str(&metadata.home)),
        ("Sources", words(metadata.sources.clone())),
        ("Version", Value::str(&metadata.version)),
        ("Description", Value::str(&metadata.description)),
        ("Keywords", words(metadata.keywords.clone())),
        ("Maintainers", json(serde_json::to_value(&metadata.maintainers).unwrap_or_default())),
        ("Icon", Value::str(&metadata.icon)),
        ("APIVersion", Value::str(&metadata.api_version)),
        ("Condition", Value::str(&metadata.condition)),
        ("Tags", Value::str(&metadata.tags)),
        ("AppVersion", Value::str(&metadata.app_version)),
        ("Deprecated", Value::Bool(metadata.deprecated)),
        ("Annotations", texts(&metadata.annotations)),
        ("KubeVersion", Value::str(&metadata.kube_version)),
        ("Dependencies", json(serde_json::to_value(&metadata.dependencies).unwrap_or_default())),
        ("Type", Value::str(&metadata.chart_type)),
    ];
    pointer((&METADATA3, &METADATA4), helm, fields)
}

#[cfg(test)]
mod tests {
    use super::shown;
    use helmd_chart::HelmMajor;
    use helmd_release::Release;

    #[test]
    fn templates_see_gos_names() {
        let mut release = Release { name: "web".to_owned(), version: 3, ..Release::default() };
        release.info.description = "fine".to_owned();
        let show = |template: &str| {
            let (text, done) = shown(template, &release, HelmMajor::Helm4);
            (String::from_utf8(text).unwrap(), done)
        };
        let template = r#"{{ .Release.Name }} {{ printf "%03d" .Release.Version }} {{ .Release.Info.Description }}"#;
        assert_eq!(show(template), ("web 003 fine".to_owned(), Ok(())));
        let (_, done) = show("{{ .Release.Nope }}");
        assert!(done.is_err_and(|e| e.contains("can't evaluate field Nope in type interface {}")));
    }
}
