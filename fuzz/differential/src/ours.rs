//! What this implementation answers to the same question.

mod more;

use crate::answer::Ours;
use gotmpl::exec::{Exec, Limits, MissingKey};
use gotmpl::parse::TemplateSet;
use gotmpl::{FuncMap, Value};
use helmd_chart::{Chart, File, HelmMajor, error_text};
use helmd_engine::{Budgets, Engine, Rendered};
use helmd_semver::{Constraints, Version};
use helmd_values::strvals::{self, Form};
use helmd_values::{
    Capabilities, KubeVersion, ReleaseOptions, RenderValues, SchemaCheck, process_dependencies, render_values,
};
use serde_json::{Map, Value as Json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// Budgets: a loop over billions ends soon on this side and has no answer on the other.
const STEPS: u64 = 5_000_000;
const OUTPUT_BYTES: u64 = 16 << 20;
const STACK_BYTES: usize = 256 << 20;

fn limits() -> Limits {
    Limits { steps: STEPS, output_bytes: OUTPUT_BYTES, stack_bytes: STACK_BYTES, ..Limits::default() }
}

fn budgets() -> Budgets {
    Budgets { steps: STEPS, output_bytes: OUTPUT_BYTES, stack_bytes: STACK_BYTES, ..Budgets::default() }
}

/// The host of a render: the time is that of the real Helm, since functions take what is no time for now.
fn host() -> sprig::FixedHost {
    #[expect(clippy::disallowed_methods, reason = "the other side uses the clock")]
    let now = std::time::SystemTime::now();
    sprig::FixedHost::new(now.try_into().unwrap_or_default())
}

/// Answers one question; a panic is an answer, too.
pub fn answer(question: &Json, helm: HelmMajor) -> Ours {
    let done = catch_unwind(AssertUnwindSafe(|| reply(question, helm)));
    match done {
        Ok(Ok(out)) => out,
        Ok(Err(error)) => Ours::Error(error),
        Err(cause) => Ours::Panic(match cause.downcast_ref::<String>() {
            Some(text) => text.clone(),
            None => cause.downcast_ref::<&str>().map_or("?", |text| text).to_owned(),
        }),
    }
}

fn reply(question: &Json, helm: HelmMajor) -> Result<Ours, String> {
    match text(question, "op") {
        "render" => render(question, helm),
        "template" => template(question),
        "chart" => chart(question, helm),
        "yaml" => {
            helmd_yaml::to_json_text(text(question, "text").as_bytes()).map(Ours::JsonText).map_err(|e| e.to_string())
        }
        "toYaml" => to_yaml(question),
        "set" => set(question),
        "semver" => semver(question),
        "patch" => patch(question),
        op => more::reply(op, question, helm),
    }
}

fn text<'a>(question: &'a Json, key: &str) -> &'a str {
    question.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn object(question: &Json, key: &str) -> Map<String, Json> {
    floats(question.get(key).unwrap_or(&Json::Null)).as_object().cloned().unwrap_or_default()
}

/// The same JSON with every number a float, as Go decodes it.
fn floats(json: &Json) -> Json {
    match json {
        Json::Number(n) => n.as_f64().and_then(serde_json::Number::from_f64).map_or(Json::Null, Json::Number),
        Json::Array(items) => Json::Array(items.iter().map(floats).collect()),
        Json::Object(map) => Json::Object(map.iter().map(|(k, v)| (k.clone(), floats(v))).collect()),
        other => other.clone(),
    }
}

fn go_error(error: impl std::error::Error) -> String {
    error_text(&error)
}

fn files(question: &Json) -> impl Iterator<Item = File> + '_ {
    let files = question.get("files").and_then(Json::as_object).into_iter().flatten();
    files.map(|(name, text)| File::new(name, text.as_str().unwrap_or_default().as_bytes().to_vec()))
}

fn render(question: &Json, helm: HelmMajor) -> Result<Ours, String> {
    let mut values = object(question, "values");
    if !text(question, "set").is_empty() {
        strvals::parse(helm, Form::Typed, text(question, "set"), &mut values).map_err(go_error)?;
    }
    let about = "apiVersion: v2\nname: c\nversion: 0.1.0\nappVersion: 1.2.3\ndescription: d\n";
    let file = |name: &str, text: &str| File::new(name, text.as_bytes().to_vec());
    let mut all = vec![file("Chart.yaml", about)];
    if !text(question, "helpers").is_empty() {
        all.push(file("templates/_h.tpl", text(question, "helpers")));
    }
    all.push(file("templates/t.yaml", text(question, "text")));
    all.extend(files(question));
    let chart = helmd_chart::load_files(all, helm).map_err(go_error)?;
    let flag = |key: &str| question.get(key).and_then(Json::as_bool).unwrap_or_default();
    let engine = Engine { strict: flag("strict"), lint: flag("lint"), budgets: budgets(), ..Engine::new(helm) };
    let rendered = run(&engine, &chart, &values, ("rel", "ns"))?;
    Ok(Ours::Text(rendered.files.get("c/templates/t.yaml").map(|t| t.to_vec()).unwrap_or_default()))
}

fn run(engine: &Engine, chart: &Chart, values: &Map<String, Json>, names: (&str, &str)) -> Result<Rendered, String> {
    let release = ReleaseOptions {
        name: names.0.to_owned(),
        namespace: names.1.to_owned(),
        revision: 1,
        is_install: true,
        is_upgrade: false,
    };
    let mut capabilities = Capabilities::default_for(engine.helm);
    // The oracle is built without the versions that a released helm has.
    match engine.helm {
        HelmMajor::Helm3 => {
            capabilities.helm_version.version = "v3.22".to_owned();
            capabilities.kube_version = KubeVersion::parse("v1.20.0", engine.helm).map_err(go_error)?;
        }
        HelmMajor::Helm4 => capabilities.helm_version.version = "v4.3".to_owned(),
    }
    let values = render_values(chart, values, SchemaCheck::Validate, engine.helm, &mut Vec::new()).map_err(go_error)?;
    engine.render(chart, RenderValues { values, release, capabilities }, Rc::new(host())).map_err(|e| e.to_string())
}

fn template(question: &Json) -> Result<Ours, String> {
    let none = FuncMap::default();
    let mut set = TemplateSet::default();
    set.parse("x", text(question, "text"), &|_| false).map_err(|e| e.to_string())?;
    let missing = match text(question, "option") {
        "missingkey=error" => MissingKey::Error,
        "missingkey=zero" => MissingKey::Zero,
        _ => MissingKey::Invalid,
    };
    let data = floats(question.get("data").unwrap_or(&Json::Null));
    let mut exec = Exec::new(&set, &none, missing, limits());
    exec.run("x", &Value::from_json(&data)).map(Ours::Text).map_err(|(e, _partial)| e.to_string())
}

fn chart(question: &Json, helm: HelmMajor) -> Result<Ours, String> {
    let mut chart = helmd_chart::load_files(files(question).collect(), helm).map_err(go_error)?;
    let values = helmd_yaml::parse_object(text(question, "values").as_bytes(), helmd_yaml::Numbers::Float64)
        .map_err(|e| e.to_string())?;
    process_dependencies(&mut chart, &values, helm, &mut Vec::new()).map_err(go_error)?;
    let names = (text(question, "release"), text(question, "namespace"));
    let rendered = run(&Engine { budgets: budgets(), ..Engine::new(helm) }, &chart, &values, names)?;
    let files = rendered.files.iter().map(|(name, text)| (name.clone(), Json::from(text.to_text().into_owned())));
    Ok(Ours::Value(Json::Object(files.collect())))
}

fn to_yaml(question: &Json) -> Result<Ours, String> {
    let value = Value::from_json(&floats(question.get("value").unwrap_or(&Json::Null)));
    let mut out = helmd_yaml::to_yaml(&value).map_err(|e| e.to_string())?;
    if out.last() == Some(&b'\n') {
        out.pop();
    }
    Ok(Ours::Text(out))
}

/// The oracle answers this for helm 4 only; helm 3's reading shows in the `set` of a render.
fn set(question: &Json) -> Result<Ours, String> {
    let form = match text(question, "kind") {
        "string" => Form::Text,
        "json" => Form::Json,
        "literal" => Form::Literal,
        _ => Form::Typed,
    };
    let mut map = object(question, "base");
    strvals::parse(HelmMajor::Helm4, form, text(question, "text"), &mut map).map_err(go_error)?;
    Ok(Ours::Value(Json::Object(map)))
}

fn semver(question: &Json) -> Result<Ours, String> {
    let constraints = Constraints::parse(text(question, "constraint")).map_err(go_error)?;
    let version = Version::parse(text(question, "version")).map_err(go_error)?;
    Ok(Ours::Value(Json::Bool(constraints.check(&version))))
}

fn patch(question: &Json) -> Result<Ours, String> {
    let part = |key: &str| question.get(key).unwrap_or(&Json::Null);
    helmd_plan::strategic::three_way_patch(
        part("original"),
        part("modified"),
        part("current"),
        text(question, "apiVersion"),
        text(question, "kind"),
    )
    .map(Ours::Value)
    .map_err(go_error)
}
