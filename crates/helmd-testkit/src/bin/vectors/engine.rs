//! Records of templates: Go's own, and functions through Helm's engine.

use crate::check::{self, Record, Verdict};
use gotmpl::exec::{Exec, Limits, MissingKey};
use gotmpl::parse::TemplateSet;
use gotmpl::{FuncMap, Value};
use helmd_chart::{Chart, File, HelmMajor};
use helmd_engine::Engine;
use helmd_values::{ReleaseOptions, RenderValues, SchemaCheck, Warnings, render_values, strvals};
use serde_json::Value as Json;
use std::rc::Rc;

fn with_set(base: &Json, set: &str) -> Result<Json, String> {
    let base = check::floats(base);
    if set.is_empty() {
        return Ok(base);
    }
    let mut map = check::object(&base);
    strvals::parse_into(set, &mut map).map_err(|e| e.to_string())?;
    Ok(Json::Object(map))
}

/// `gotemplate.json`
pub fn gotemplate(record: &Record, helm: HelmMajor) -> Verdict {
    let results = record.results(helm);
    match run_gotemplate(record) {
        Ok(out) => check::text(results, Ok(out)),
        Err((stage, error, partial)) => {
            let want_stage = results.get("stage").and_then(Json::as_str).unwrap_or_default();
            if want_stage != stage {
                return Verdict::fail(format!("stage {want_stage:?}"), format!("stage {stage}: {error}"));
            }
            let want_partial = check::text_bytes(results, "partial").unwrap_or_default();
            let same_partial = want_partial == partial;
            check::all([
                check::text(results, Err(error)),
                if same_partial {
                    Verdict::Pass
                } else {
                    Verdict::fail(format!("partial {want_partial:?}"), format!("partial {partial:?}"))
                },
            ])
        }
    }
}

type Failure = (&'static str, String, Vec<u8>);

fn run_gotemplate(record: &Record) -> Result<Vec<u8>, Failure> {
    let none = FuncMap::default();
    let mut set = TemplateSet::default();
    let parse = |set: &mut TemplateSet, name: &str, text: &[u8]| {
        set.parse(name, text, &|_| false).map_err(|e| ("parse", e.to_string(), Vec::new()))
    };
    for other in record.get("also").as_array().into_iter().flatten() {
        let text = check::text_bytes(other, "text").unwrap_or_default();
        parse(&mut set, other["name"].as_str().unwrap_or_default(), &text)?;
    }
    let name = record.str("name");
    parse(&mut set, name, &record.bytes("text"))?;
    let missing = match record.str("option") {
        "missingkey=error" => MissingKey::Error,
        "missingkey=zero" => MissingKey::Zero,
        _ => MissingKey::Invalid,
    };
    let data = with_set(record.get("data"), record.str("set")).map_err(|e| ("set", e, Vec::new()))?;
    let mut exec = Exec::new(&set, &none, missing, Limits::default());
    exec.run(name, &Value::from_json(&data)).map_err(|(e, partial)| ("exec", e.to_string(), partial))
}

/// `sprig.json`
pub fn sprig(record: &Record, helm: HelmMajor) -> Verdict {
    check::text(record.results(helm), render(record, helm))
}

fn render(record: &Record, helm: HelmMajor) -> Result<Vec<u8>, String> {
    let text = |s: &str| s.as_bytes().to_vec();
    let mut files =
        vec![file("Chart.yaml", text("apiVersion: v2\nname: c\nversion: 0.1.0\nappVersion: 1.2.3\ndescription: d\n"))];
    if record.json().get("helpers").is_some() || record.json().get("helpers_b64").is_some() {
        files.push(file("templates/_h.tpl", record.bytes("helpers")));
    }
    files.push(file("templates/t.yaml", record.bytes("text")));
    for (name, content) in check::object(record.get("files")) {
        files.push(file(&name, content.as_str().unwrap_or_default().as_bytes().to_vec()));
    }
    let chart: Chart = helmd_chart::load_files(files, helm).map_err(|e| check::helm_text(&e))?;
    let values = check::object(&with_set(record.get("values"), record.str("set"))?);
    let release = ReleaseOptions {
        name: "rel".to_owned(),
        namespace: "ns".to_owned(),
        revision: 1,
        is_install: true,
        is_upgrade: false,
    };
    let capabilities = check::library_capabilities(helm);
    let values = render_values(&chart, &values, SchemaCheck::Validate, helm, &mut Warnings::new())
        .map_err(|e| check::helm_text(&e))?;
    let values = RenderValues { values, release, capabilities };
    let engine = Engine {
        strict: record.get("strict").as_bool().unwrap_or_default(),
        lint: record.get("lint").as_bool().unwrap_or_default(),
        ..Engine::new(helm)
    };
    let now = "2026-01-02T03:04:05.123456789Z".parse().map_err(|_| "no time".to_owned())?;
    let host = sprig::FixedHost::new(now);
    let rendered = engine.render(&chart, values, Rc::new(host)).map_err(|e| e.to_string())?;
    Ok(rendered.files.get("c/templates/t.yaml").map(|t| t.to_vec()).unwrap_or_default())
}

fn file(name: &str, data: Vec<u8>) -> File {
    File::new(name, data)
}
