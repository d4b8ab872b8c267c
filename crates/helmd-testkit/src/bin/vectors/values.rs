//! Records of `--set`, value composition and schemas.

use crate::check::{self, Record, Verdict};
use helmd_chart::{Chart, File, HelmMajor};
use helmd_values::{
    SchemaCheck, Warnings, process_dependencies, render_values,
    schema::validate_single,
    strvals::{self, Form},
};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// Values larger than this are recorded by their digest.
const DIGEST_ABOVE_BYTES: usize = 4000;

/// `strvals.json`
pub fn strvals(record: &Record, helm: HelmMajor) -> Verdict {
    let mut map = check::object(&check::floats(record.get("base")));
    let text = record.str("text");
    let done = match record.str("kind") {
        "set" => strvals::parse(helm, Form::Typed, text, &mut map),
        "set-string" => strvals::parse(helm, Form::Text, text, &mut map),
        "set-json" => strvals::parse(helm, Form::Json, text, &mut map),
        "set-literal" => strvals::parse(helm, Form::Literal, text, &mut map),
        _ => {
            let mut reader = |path: &str| match path {
                p if p.contains("missing") => Err(format!("open {p}: no such file or directory")),
                p => Ok(format!("FILE({p})")),
            };
            strvals::parse(helm, Form::File(&mut reader), text, &mut map)
        }
    };
    let got = done.map(|()| digested(Json::Object(map))).map_err(|e| check::helm_text(&e));
    check::value(record.results(helm), got)
}

fn digested(value: Json) -> Json {
    let Ok(text) = gotmpl::json::to_string(&value) else { return value };
    if text.len() <= DIGEST_ABOVE_BYTES {
        return value;
    }
    let sum: String = Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    json!({"sha256": sum, "length": text.len()})
}

struct Composed {
    chart: Chart,
    values: Json,
}

fn compose(record: &Record, helm: HelmMajor, log: &mut Warnings) -> Result<Composed, String> {
    let files = check::object(record.get("files"))
        .iter()
        .map(|(name, text)| File::new(name, text.as_str().unwrap_or_default().as_bytes().to_vec()))
        .collect();
    let mut chart = helmd_chart::load_files(files, helm).map_err(|e| format!("load: {}", check::helm_text(&e)))?;
    let values = helmd_yaml::parse(&record.bytes("values"), helmd_yaml::Numbers::Float64)
        .map_err(|e| format!("values: {}", check::helm_text(&e)))?;
    let values = check::object(&values);
    process_dependencies(&mut chart, &values, helm, log)
        .map_err(|e| format!("dependencies: {}", check::helm_text(&e)))?;
    let values = render_values(&chart, &values, SchemaCheck::Validate, helm, log)
        .map_err(|e| format!("values: {}", check::helm_text(&e)))?;
    Ok(Composed { chart, values: gotmpl::Value::Map(values).to_json() })
}

/// `values.json`
pub fn values(record: &Record, helm: HelmMajor) -> Verdict {
    let results = record.results(helm);
    let mut log = Warnings::new();
    let composed = compose(record, helm, &mut log);
    let log_key = match helm {
        HelmMajor::Helm3 => "helm3_log",
        HelmMajor::Helm4 => "helm4_log",
    };
    let got = composed.map(|c| {
        let mut charts = Vec::new();
        let mut own = serde_json::Map::new();
        walk(&c.chart, None, &mut charts, &mut own);
        charts.sort();
        json!({"values": c.values, "charts": charts, "chart_values": own})
    });
    log.sort();
    let lines = json!(log);
    let want_log = results.get(log_key).unwrap_or(record.get(log_key));
    let same = check::same(want_log, &lines) || (want_log.is_null() && log.is_empty());
    let log_verdict =
        if same { Verdict::Pass } else { Verdict::fail(format!("log {want_log}"), format!("log {lines}")) };
    check::all([check::value(results, got), log_verdict])
}

fn walk(chart: &Chart, parent: Option<&str>, charts: &mut Vec<String>, own: &mut serde_json::Map<String, Json>) {
    let path = chart.full_path(parent);
    own.insert(path.clone(), json!(chart.values.as_deref().map(|values| &**values)));
    charts.push(path.clone());
    for child in &chart.dependencies {
        walk(child, Some(&path), charts, own);
    }
}

/// `schema.json`
pub fn schema(record: &Record, helm: HelmMajor) -> Verdict {
    let results = record.results(helm);
    let got = if record.str("op") == "single" {
        let values = check::object(&check::floats(record.get("values")));
        validate_single(&values, &record.bytes("schema"), helm).map(|_| ()).map_err(|e| check::helm_text(&e))
    } else {
        compose(record, helm, &mut Warnings::new()).map(|_| ())
    };
    let out = results.get("out").unwrap_or(&Json::Null);
    if let Some(choices) = out.get("error_any_of").and_then(Json::as_array) {
        let fits = got.as_ref().err().is_some_and(|e| choices.iter().any(|c| c.as_str() == Some(e)));
        return if fits { Verdict::Pass } else { Verdict::fail(format!("one of {choices:?}"), format!("{got:?}")) };
    }
    if let Some(lines) = out.get("error_lines_sorted") {
        let mut mine: Vec<String> = got.as_ref().err().map_or("", |e| e).split('\n').map(str::to_owned).collect();
        mine.sort();
        return if check::same(lines, &json!(mine)) {
            Verdict::Pass
        } else {
            Verdict::fail(lines.to_string(), json!(mine).to_string())
        };
    }
    check::text(results, got.map(|()| b"ok".to_vec()))
}
