//! The option bodies of helm-wrapper, turned into actions.

use super::body::{FieldKind, Fields, Node, Schema};
use crate::charts::Charts;
use helmd_action::{Crds, Install, Interrupted, PostRender, Rollback, Uninstall, Upgrade, WaitStrategy};
use helmd_chart::{Chart, HelmMajor};
use helmd_values::Values;
use helmd_values::strvals::{self, Form};
use std::sync::Arc;
use std::time::Duration;

/// Install, upgrade and rollback share one Go struct. The last lines are helmd's additions.
pub(crate) const RELEASE: Schema = Schema {
    name: "releaseOptions",
    fields: &[
        ("dry_run", FieldKind::Bool),
        ("disable_hooks", FieldKind::Bool),
        ("wait", FieldKind::Bool),
        ("devel", FieldKind::Bool),
        ("description", FieldKind::Text),
        ("atomic", FieldKind::Bool),
        ("skip_crds", FieldKind::Bool),
        ("sub_notes", FieldKind::Bool),
        ("timeout", FieldKind::Text),
        ("wait_for_jobs", FieldKind::Bool),
        ("disable_open_api_validation", FieldKind::Bool),
        ("create_namespace", FieldKind::Bool),
        ("dependency_update", FieldKind::Bool),
        ("values", FieldKind::Text),
        ("set", FieldKind::Texts),
        ("set_string", FieldKind::Texts),
        ("ca_file", FieldKind::Text),
        ("cert_file", FieldKind::Text),
        ("key_file", FieldKind::Text),
        ("insecure_skip_verify", FieldKind::LooseBool),
        ("keyring", FieldKind::Text),
        ("password", FieldKind::Text),
        ("repo", FieldKind::Text),
        ("username", FieldKind::Text),
        ("verify", FieldKind::Bool),
        ("version", FieldKind::Text),
        ("install", FieldKind::Bool),
        ("force", FieldKind::Bool),
        ("recreate", FieldKind::Bool),
        ("cleanup_on_fail", FieldKind::Bool),
        ("reuse_values", FieldKind::Bool),
        ("history_max", FieldKind::Int),
        ("reset_values", FieldKind::Bool),
        ("reset_then_reuse_values", FieldKind::Bool),
        ("take_ownership", FieldKind::Bool),
        ("skip_schema_validation", FieldKind::Bool),
        ("labels", FieldKind::Object),
        ("if_interrupted", FieldKind::Text),
        ("crds", FieldKind::Text),
        ("post_render", FieldKind::Object),
    ],
};

/// The body of an uninstall.
pub(crate) const UNINSTALL: Schema = Schema {
    name: "releaseUninstallOptions",
    fields: &[
        ("disable_hooks", FieldKind::Bool),
        ("dry_run", FieldKind::Bool),
        ("ignore_not_found", FieldKind::Bool),
        ("keep_history", FieldKind::Bool),
        ("wait", FieldKind::Bool),
        ("delete_propagation", FieldKind::Text),
        ("timeout", FieldKind::Nanoseconds),
        ("description", FieldKind::Text),
        ("if_interrupted", FieldKind::Text),
    ],
};

/// The body of a list.
pub(crate) const LIST: Schema = Schema {
    name: "releaseListOptions",
    fields: &[
        ("all", FieldKind::Bool),
        ("all_namespaces", FieldKind::Bool),
        ("by_date", FieldKind::Bool),
        ("sort_reverse", FieldKind::Bool),
        ("limit", FieldKind::Int),
        ("offset", FieldKind::Int),
        ("filter", FieldKind::Text),
        ("uninstalled", FieldKind::Bool),
        ("superseded", FieldKind::Bool),
        ("uninstalling", FieldKind::Bool),
        ("deployed", FieldKind::Bool),
        ("failed", FieldKind::Bool),
        ("pending", FieldKind::Bool),
    ],
};

/// Helm's default where a body gives no timeout.
const DEFAULT_TIMEOUT: &str = "5m0s";

/// A duration in Go's notation.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let nanoseconds = sprig::time::parse_duration(text.as_bytes()).map_err(|e| e.to_string())?;
    // HELM: a negative time is over at once.
    Ok(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0)))
}

/// The `timeout` of install, upgrade and rollback.
pub(crate) fn timeout(fields: &Fields) -> Result<Duration, String> {
    let text = fields.text("timeout");
    duration(if text.is_empty() { DEFAULT_TIMEOUT } else { text })
}

/// What becomes of the operation when its process ends in the middle of it; nothing where the body does not say.
pub(crate) fn interrupted(fields: &Fields) -> Result<Option<Interrupted>, String> {
    match fields.text("if_interrupted") {
        "" => Ok(None),
        "finish" => Ok(Some(Interrupted::Finish)),
        "fail" => Ok(Some(Interrupted::Fail)),
        "go-back" => Ok(Some(Interrupted::GoBack)),
        other => Err(format!("if_interrupted must be finish, fail or go-back, and not {other:?}")),
    }
}

/// The changes of what is rendered.
pub(crate) fn post_render(fields: &Fields) -> Result<Option<Arc<PostRender>>, String> {
    match fields.json("post_render") {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(rules) => {
            let rules = serde_json::from_value(rules).map_err(|err| format!("post_render: {err}"))?;
            Ok(Some(Arc::new(rules)))
        }
    }
}

fn crds(fields: &Fields) -> Result<Option<Crds>, String> {
    let name = fields.text("crds");
    let policy = Crds::from_name(name);
    if policy.is_none() && !name.is_empty() {
        return Err(format!("crds must be skip, create or createReplace, and not {name:?}"));
    }
    Ok(policy)
}

fn wait(fields: &Fields) -> WaitStrategy {
    if fields.bool("wait") || fields.bool("atomic") { WaitStrategy::Legacy } else { WaitStrategy::HookOnly }
}

/// Largest values text that is fetched from a URL.
const MAX_VALUES_BYTES: u64 = 1024 * 1024;

/// Values of a body: `values` (YAML or JSON text, or a URL of one), then `set`, then `set_string`.
pub(crate) async fn values(fields: &Fields, charts: &Charts, helm: HelmMajor) -> Result<Values, String> {
    let given = fields.text("values");
    let text = match names_a_url(given) {
        true => charts.fetch(given, MAX_VALUES_BYTES).await?,
        false => given.as_bytes().to_vec(),
    };
    let parsed = helmd_yaml::parse(&text, helmd_yaml::Numbers::Float64);
    let mut base = match parsed {
        Ok(serde_json::Value::Object(map)) => map,
        Ok(serde_json::Value::Null) => Values::new(),
        _ => return Err("failed parsing values".to_owned()),
    };
    for line in fields.texts("set") {
        strvals::parse(helm, Form::Typed, &line, &mut base).map_err(|_| "failed parsing set data".to_owned())?;
    }
    for line in fields.texts("set_string") {
        strvals::parse(helm, Form::Text, &line, &mut base).map_err(|_| "failed parsing set_string data".to_owned())?;
    }
    Ok(base)
}

fn names_a_url(text: &str) -> bool {
    ["http://", "https://", "oci://"].iter().any(|scheme| text.starts_with(scheme))
}

/// What install and upgrade get beside their options.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) chart: Chart,
    pub(crate) values: Values,
}

/// The install that a body asks for.
pub(crate) fn install(fields: &Fields, subject: Subject) -> Result<Install, String> {
    let mut i = Install::new(subject.name, subject.chart, subject.values);
    if fields.bool("dry_run") {
        i.dry_run = helmd_action::DryRun::Client;
    }
    i.disable_hooks = fields.bool("disable_hooks");
    i.wait = wait(fields);
    i.wait_for_jobs = fields.bool("wait_for_jobs");
    i.timeout = timeout(fields)?;
    i.description = fields.text("description").to_owned();
    i.atomic = fields.bool("atomic");
    i.skip_crds = fields.bool("skip_crds");
    i.crds = crds(fields)?;
    i.sub_notes = fields.bool("sub_notes");
    i.create_namespace = fields.bool("create_namespace");
    i.disable_open_api_validation = fields.bool("disable_open_api_validation");
    i.take_ownership = fields.bool("take_ownership");
    i.skip_schema_validation = fields.bool("skip_schema_validation");
    i.labels = fields.text_map("labels").into_iter().collect();
    Ok(i)
}

/// The upgrade that a body asks for.
pub(crate) fn upgrade(fields: &Fields, subject: Subject) -> Result<Upgrade, String> {
    let mut u = Upgrade::new(subject.name, subject.chart, subject.values);
    if fields.bool("dry_run") {
        u.dry_run = helmd_action::DryRun::Client;
    }
    u.disable_hooks = fields.bool("disable_hooks");
    u.wait = wait(fields);
    u.wait_for_jobs = fields.bool("wait_for_jobs");
    u.timeout = timeout(fields)?;
    u.description = fields.text("description").to_owned();
    u.atomic = fields.bool("atomic");
    u.skip_crds = fields.bool("skip_crds");
    u.crds = crds(fields)?;
    u.sub_notes = fields.bool("sub_notes");
    u.create_namespace = fields.bool("create_namespace");
    u.install = fields.bool("install");
    u.force = fields.bool("force");
    u.recreate = fields.bool("recreate");
    u.cleanup_on_fail = fields.bool("cleanup_on_fail");
    u.reuse_values = fields.bool("reuse_values");
    u.reset_values = fields.bool("reset_values");
    u.reset_then_reuse_values = fields.bool("reset_then_reuse_values");
    u.history_max = usize::try_from(fields.int("history_max")).unwrap_or_default();
    u.take_ownership = fields.bool("take_ownership");
    u.skip_schema_validation = fields.bool("skip_schema_validation");
    u.labels = fields.text_map("labels").into_iter().collect();
    Ok(u)
}

/// The rollback that a body asks for.
pub(crate) fn rollback(fields: &Fields, name: String, revision: i64) -> Result<Rollback, String> {
    let mut r = Rollback::new(name);
    r.version = revision;
    r.dry_run = fields.bool("dry_run");
    r.disable_hooks = fields.bool("disable_hooks");
    r.wait = wait(fields);
    r.wait_for_jobs = fields.bool("wait_for_jobs");
    r.timeout = timeout(fields)?;
    r.force = fields.bool("force");
    r.recreate = fields.bool("recreate");
    r.cleanup_on_fail = fields.bool("cleanup_on_fail");
    r.history_max = usize::try_from(fields.int("history_max")).unwrap_or_default();
    Ok(r)
}

/// The uninstall that a body asks for.
pub(crate) fn uninstall(fields: &Fields, name: String) -> Result<Uninstall, String> {
    let mut u = Uninstall::new(name);
    u.disable_hooks = fields.bool("disable_hooks");
    u.dry_run = fields.bool("dry_run");
    u.ignore_not_found = fields.bool("ignore_not_found");
    u.keep_history = fields.bool("keep_history");
    u.wait = fields.bool("wait");
    u.delete_propagation = fields.text("delete_propagation").to_owned();
    u.description = fields.text("description").to_owned();
    u.timeout = match fields.node("timeout") {
        Some(Node::Text(text)) => duration(text)?,
        Some(Node::Number(n)) => Duration::from_nanos(n.as_u64().unwrap_or_default()),
        _ => Duration::ZERO,
    };
    Ok(u)
}
