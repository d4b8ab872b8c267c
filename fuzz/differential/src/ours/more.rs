//! Answers to the questions of `oracle-more`.

use super::{floats, go_error, text};
use crate::answer::Ours;
use helmd_chart::HelmMajor;
use helmd_release::{Order, sort_manifests, split_manifests};
use helmd_semver::{Constraints, SemverError, Version};
use serde_json::{Value as Json, json};

pub(super) fn reply(op: &str, question: &Json, helm: HelmMajor) -> Result<Ours, String> {
    let part = |key: &str| question.get(key).unwrap_or(&Json::Null);
    match op {
        "yamlForms" => {
            let yaml = text(question, "text").as_bytes();
            let strict = helmd_yaml::to_json_text_strict(yaml).map(|_| json!("ok"));
            let map = helmd_yaml::parse_map(yaml).map(|_| json!("ok"));
            Ok(Ours::Value(json!({"strict": result(strict.map_err(go_error)), "map": result(map.map_err(go_error))})))
        }
        "mergePatch" => {
            let two = helmd_plan::merge::create_merge_patch(part("original"), part("modified"));
            let three = helmd_plan::merge::three_way_json_merge(part("original"), part("modified"), part("current"));
            let (two, three) = (result(two.map_err(go_error)), result(three.map_err(go_error)));
            Ok(Ours::Value(json!({"two_way": two, "three_way": three})))
        }
        "apply" => {
            let (version, kind) = (text(question, "apiVersion"), text(question, "kind"));
            let applied = helmd_plan::strategic::apply(part("current"), part("patch"), version, kind);
            applied.map(Ours::Value).map_err(go_error)
        }
        "versions" => Ok(Ours::Value(versions(text(question, "version"), text(question, "constraint")))),
        "manifests" => manifests(part("files"), helm),
        "split" => Ok(Ours::Value(json!(split_manifests(text(question, "text"), helm)))),
        other => Err(format!("no such op: {other}")),
    }
}

fn result(answer: Result<Json, String>) -> Json {
    answer.map_or_else(|error| json!({"error": error}), |out| json!({"out": out}))
}

fn versions(version: &str, constraint: &str) -> Json {
    let shown = |parsed: Result<Version, SemverError>| {
        let all =
            |v: Version| json!([v.to_string(), v.original(), v.major, v.minor, v.patch, v.prerelease, v.metadata]);
        result(parsed.map(all).map_err(|e| e.text()))
    };
    let constraints = Constraints::parse(constraint);
    let refused = match (&constraints, Version::parse(version)) {
        (Err(e), _) => result(Err(e.text())),
        (Ok(_), Err(_)) => result(Ok(Json::Null)),
        (Ok(c), Ok(v)) => result(Ok(json!([c.to_string(), c.validate(&v).1]))),
    };
    json!({"new": shown(Version::parse(version)), "strict": shown(Version::parse_strict(version)), "constraint": refused})
}

fn manifests(files: &Json, helm: HelmMajor) -> Result<Ours, String> {
    let files = files.as_object().into_iter().flatten();
    let files = files.map(|(path, text)| (path.clone(), text.as_str().unwrap_or_default().to_owned())).collect();
    let sorted = sort_manifests(&files, Order::Install, helm).map_err(go_error)?;
    let hooks = sorted.hooks.iter().map(|h| {
        let h = floats(&serde_json::to_value(h).unwrap_or_default());
        let list = |key: &str| h.get(key).filter(|v| !v.is_null()).cloned().unwrap_or_else(|| json!([]));
        let word = |key: &str| h.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
        json!([
            word("name"),
            word("kind"),
            h["path"],
            h["manifest"],
            list("events"),
            h.get("weight").cloned().unwrap_or_else(|| json!(0)),
            list("delete_policies")
        ])
    });
    let manifests = sorted.manifests.iter().map(|m| json!([m.path, m.content]));
    Ok(Ours::Value(json!({"hooks": hooks.collect::<Vec<_>>(), "manifests": manifests.collect::<Vec<_>>()})))
}
