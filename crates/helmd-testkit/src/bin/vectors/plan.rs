//! Records of stored releases, manifests and patches.

use crate::check::{self, Record, Verdict};
use helmd_chart::HelmMajor;
use serde_json::{Value as Json, json};

/// `patch.json`
pub fn patch(record: &Record, helm: HelmMajor) -> Verdict {
    let results = record.results(helm);
    let (original, modified, current) = (record.get("original"), record.get("modified"), record.get("current"));
    if record.str("kind") == "strategic" {
        strategic(record, results, [original, modified, current])
    } else {
        let two = helmd_plan::merge::create_merge_patch(original, modified);
        let three = helmd_plan::merge::three_way_json_merge(original, modified, current);
        check::all([
            check::value(&results["two_way"], two.map_err(|e| check::helm_text(&e))),
            check::value(&results["three_way"], three.map_err(|e| check::helm_text(&e))),
        ])
    }
}

fn strategic(record: &Record, results: &Json, [original, modified, current]: [&Json; 3]) -> Verdict {
    use helmd_plan::strategic;
    let (version, kind) = (record.str("apiVersion"), record.str("resource"));
    let patch = match strategic::three_way_patch(original, modified, current, version, kind) {
        Ok(patch) => patch,
        Err(e) => return check::text(results, Err(check::helm_text(&e))),
    };
    if results.get("error").is_some() || !check::same(&results["patch"], &patch) {
        return Verdict::fail(format!("patch {} {}", results["patch"], results["error"]), format!("patch {patch}"));
    }
    match strategic::apply(current, &patch, version, kind) {
        Ok(applied) if check::same(&results["applied"], &applied) => Verdict::Pass,
        Ok(applied) => Verdict::fail(format!("applied {}", results["applied"]), format!("applied {applied}")),
        Err(e) => {
            let got = check::helm_text(&e);
            if results["apply_error"].as_str() == Some(&got) {
                Verdict::Pass
            } else {
                Verdict::fail(
                    format!("applied {} {}", results["applied"], results["apply_error"]),
                    format!("error {got}"),
                )
            }
        }
    }
}

/// `manifests.json`
pub fn manifests(record: &Record, helm: HelmMajor) -> Verdict {
    use helmd_release::{Order, sort_manifests, split_manifests, uninstall_info};
    let results = record.results(helm);
    match record.str("op") {
        "split" => check::value(results, Ok(json!(split_manifests(record.str("text"), helm)))),
        "sort" => {
            let files = check::object(record.get("files"))
                .into_iter()
                .map(|(path, text)| (path, text.as_str().unwrap_or_default().to_owned()))
                .collect();
            let order = if record.str("order") == "uninstall" { Order::Uninstall } else { Order::Install };
            let sorted = sort_manifests(&files, order, helm).map_err(|e| check::helm_text(&e));
            let got = sorted.map(|s| {
                let hooks: Vec<Json> = s.hooks.iter().map(|h| hook_json(h, helm)).collect();
                let manifests: Vec<Json> =
                    s.manifests.iter().map(|m| json!({"path": m.path, "content": m.content})).collect();
                json!({"hooks": hooks, "manifests": manifests})
            });
            check::value(&without_empty(results), got.map(|g| without_empty_parts(&g)))
        }
        _ => {
            let info = uninstall_info(record.str("manifest"), helm).map(|i| i.info.into_bytes());
            check::text(results, info.map_err(|e| check::helm_text(&e)))
        }
    }
}

fn hook_json(hook: &helmd_release::Hook, _helm: HelmMajor) -> Json {
    let mut json = serde_json::to_value(hook).unwrap_or_default();
    if let Some(map) = json.as_object_mut() {
        map.remove("last_run");
    }
    json
}

/// A result whose parts that are null or empty are left out: the recorder writes some of them and leaves out others.
fn without_empty(results: &Json) -> Json {
    let mut results = results.clone();
    if let Some(out) = results.get_mut("out") {
        *out = without_empty_parts(out);
    }
    results
}

fn without_empty_parts(value: &Json) -> Json {
    let empty = |v: &Json| v.is_null() || v.as_array().is_some_and(Vec::is_empty) || *v == json!(0) || *v == json!("");
    match value {
        Json::Object(map) => Json::Object(
            map.iter().filter(|(_, v)| !empty(v)).map(|(k, v)| (k.clone(), without_empty_parts(v))).collect(),
        ),
        Json::Array(items) => Json::Array(items.iter().map(without_empty_parts).collect()),
        other => other.clone(),
    }
}

/// `release.json`
pub fn release(record: &Record, helm: HelmMajor) -> Verdict {
    let results = record.results(helm);
    if record.str("op") == "decode" {
        return decode(record, results, helm);
    }
    let text = record.get("release").to_string();
    let mut release = match helmd_release::decode_json(text.as_bytes()) {
        Ok(release) => release,
        Err(e) => return check::value(results, Err(check::helm_text(&e))),
    };
    // Helm drops what it does not know, helmd keeps it: compared is what both write.
    release.forget_unknown();
    release.labels = check::object(record.get("labels"))
        .into_iter()
        .map(|(k, v)| (k, v.as_str().unwrap_or_default().to_owned()))
        .collect();
    let created = record.str("op") == "create";
    let stamp = if created { helmd_release::Stamp::Created(0) } else { helmd_release::Stamp::Modified(0) };
    let mut labels = json!(helmd_release::storage_labels(&release, stamp));
    // The recorder wrote both times so, whatever they were.
    for key in ["createdAt", "modifiedAt"] {
        if labels.get(key).is_some() {
            labels[key] = json!("<unix seconds now>");
        }
    }
    let mut got = json!({"name": release.storage_key(), "labels": labels});
    if record.str("kind") == "Secret" {
        got["type"] = json!(helmd_release::STORAGE_TYPE);
    }
    match helmd_release::to_json(&release, helm) {
        Ok(text) => got["release_json"] = json!(text),
        Err(e) => return check::value(results, Err(check::helm_text(&e))),
    }
    check::value(results, Ok(got))
}

fn decode(record: &Record, results: &Json, helm: HelmMajor) -> Verdict {
    let decoded = helmd_release::decode(record.str("blob")).map_err(|e| match helm {
        HelmMajor::Helm3 => check::helm_text(&e),
        // The driver's words, with the key that the recorder used.
        HelmMajor::Helm4 => format!("get: failed to decode data \"k\": {}", check::helm_text(&e)),
    });
    let got = decoded.and_then(|mut release| {
        release.forget_unknown();
        let json = helmd_release::to_json(&release, helm).map_err(|e| check::helm_text(&e))?;
        let stored = [("owner", "helm"), ("name", "r"), ("team", "x")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let labels = helmd_release::without_system_labels(stored.into());
        Ok(json!({"json": json, "labels": labels}))
    });
    check::value(results, got)
}
