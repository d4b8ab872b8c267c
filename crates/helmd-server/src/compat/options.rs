//! The option bodies of helm-wrapper, turned into actions.

use super::body::{FieldKind, Fields, Node, Schema};
use crate::charts::Charts;
use helmd_action::{
    Crds, DryRun, Install, Interrupted, PostRender, Rollback, ServerSideApply, Uninstall, Upgrade, WaitStrategy,
};
use helmd_chart::{Chart, HelmMajor};
use helmd_values::Values;
use helmd_values::strvals::{self, Form};
use std::sync::Arc;
use std::time::Duration;

/// Install, upgrade and rollback share one Go struct. The last lines are helmd's additions.
pub(crate) const RELEASE: Schema = Schema {
    name: "releaseOptions",
    fields: &[
        ("dry_run", FieldKind::BoolOr(&["client", "server", "none"])),
        ("disable_hooks", FieldKind::Bool),
        ("wait", FieldKind::BoolOr(&["watcher", "legacy", "hookOnly"])),
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
        ("digest", FieldKind::Text),
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
        ("set_json", FieldKind::Texts),
        ("set_literal", FieldKind::Texts),
        ("rollback_on_failure", FieldKind::Bool),
        ("force_replace", FieldKind::Bool),
        ("force_conflicts", FieldKind::Bool),
        ("server_side", FieldKind::BoolOr(&["auto", "true", "false"])),
        ("replace", FieldKind::Bool),
        ("namespace_labels", FieldKind::Object),
        ("hide_secret", FieldKind::Bool),
    ],
    embedded: (
        "ChartPathOptions",
        &[
            "ca_file",
            "cert_file",
            "key_file",
            "insecure_skip_verify",
            "keyring",
            "password",
            "repo",
            "username",
            "verify",
            "version",
        ],
    ),
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
    embedded: ("", &[]),
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
        // helmd's addition.
        ("selector", FieldKind::Text),
    ],
    embedded: ("", &[]),
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

fn atomic(fields: &Fields) -> bool {
    fields.bool("atomic") || fields.bool("rollback_on_failure")
}

fn force(fields: &Fields) -> bool {
    fields.bool("force") || fields.bool("force_replace")
}

fn wait(fields: &Fields) -> WaitStrategy {
    match fields.text("wait") {
        "watcher" => WaitStrategy::Watcher,
        "legacy" => WaitStrategy::Legacy,
        _ if fields.bool("wait") || atomic(fields) => WaitStrategy::Legacy,
        _ => WaitStrategy::HookOnly,
    }
}

fn dry_run(fields: &Fields) -> DryRun {
    match fields.text("dry_run") {
        "server" => DryRun::Server,
        "client" => DryRun::Client,
        _ if fields.bool("dry_run") => DryRun::Client,
        _ => DryRun::None,
    }
}

fn server_side(fields: &Fields) -> ServerSideApply {
    match fields.node("server_side") {
        Some(Node::Bool(true)) => ServerSideApply::True,
        Some(Node::Bool(false)) => ServerSideApply::False,
        _ => match fields.text("server_side") {
            "true" => ServerSideApply::True,
            "false" => ServerSideApply::False,
            _ => ServerSideApply::Auto,
        },
    }
}

/// Largest values text that is fetched from a URL.
const MAX_VALUES_BYTES: u64 = 1024 * 1024;

/// Values of a body: `values` (YAML or JSON text, or a URL of one), then `set_json`, `set`, `set_string`, `set_literal`.
pub(crate) async fn values(fields: &Fields, charts: &Charts, helm: HelmMajor) -> Result<Values, String> {
    let given = fields.text("values");
    let text = match names_a_url(given) {
        true => charts.fetch(&lower_scheme(given), MAX_VALUES_BYTES).await?,
        false => given.as_bytes().to_vec(),
    };
    let parsed = helmd_yaml::parse(&text, helmd_yaml::Numbers::Float64);
    let mut base = match parsed {
        Ok(serde_json::Value::Object(map)) => map,
        Ok(serde_json::Value::Null) => Values::new(),
        _ => return Err("failed parsing values".to_owned()),
    };
    for line in fields.texts("set_json") {
        base = set_json(base, &line, helm).ok_or("failed parsing set_json data")?;
    }
    for line in fields.texts("set") {
        strvals::parse(helm, Form::Typed, &line, &mut base).map_err(|_| "failed parsing set data".to_owned())?;
    }
    for line in fields.texts("set_string") {
        strvals::parse(helm, Form::Text, &line, &mut base).map_err(|_| "failed parsing set_string data".to_owned())?;
    }
    for line in fields.texts("set_literal") {
        let parsed = strvals::parse(helm, Form::Literal, &line, &mut base);
        parsed.map_err(|_| "failed parsing set_literal data".to_owned())?;
    }
    Ok(base)
}

fn lower_scheme(url: &str) -> String {
    url.split_once("://")
        .map_or_else(|| url.to_owned(), |(scheme, rest)| format!("{}://{rest}", scheme.to_ascii_lowercase()))
}

/// helm's `--set-json`: a whole object, or names with JSON.
fn set_json(mut base: Values, line: &str, helm: HelmMajor) -> Option<Values> {
    if line.trim_start().starts_with('{') {
        let given = gotmpl::json::parse(line.trim().as_bytes()).ok()?;
        return Some(helmd_values::merge_maps(&base, given.as_object()?));
    }
    strvals::parse(helm, Form::Json, line, &mut base).ok()?;
    Some(base)
}

/// Whether Go reads a text as a URL that can be fetched. HELM-WRAPPER: it takes `http: x` for one, too, which is YAML here.
fn names_a_url(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https" | "oci")) && text.parse::<sprig::url::Url>().is_ok()
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
    i.dry_run = dry_run(fields);
    i.disable_hooks = fields.bool("disable_hooks");
    i.wait = wait(fields);
    i.wait_for_jobs = fields.bool("wait_for_jobs");
    i.timeout = timeout(fields)?;
    i.description = fields.text("description").to_owned();
    i.atomic = atomic(fields);
    i.skip_crds = fields.bool("skip_crds");
    i.crds = crds(fields)?;
    i.sub_notes = fields.bool("sub_notes");
    i.create_namespace = fields.bool("create_namespace");
    i.disable_open_api_validation = fields.bool("disable_open_api_validation");
    i.force = fields.bool("force_replace");
    i.replace = fields.bool("replace");
    i.take_ownership = fields.bool("take_ownership");
    i.skip_schema_validation = fields.bool("skip_schema_validation");
    i.labels = fields.text_map("labels").into_iter().collect();
    i.namespace_labels = fields.text_map("namespace_labels").into_iter().collect();
    i.hide_secret = fields.bool("hide_secret");
    i.server_side_apply = server_side(fields);
    i.force_conflicts = fields.bool("force_conflicts");
    Ok(i)
}

/// The upgrade that a body asks for.
pub(crate) fn upgrade(fields: &Fields, subject: Subject) -> Result<Upgrade, String> {
    let mut u = Upgrade::new(subject.name, subject.chart, subject.values);
    u.dry_run = dry_run(fields);
    u.disable_hooks = fields.bool("disable_hooks");
    u.wait = wait(fields);
    u.wait_for_jobs = fields.bool("wait_for_jobs");
    u.timeout = timeout(fields)?;
    u.description = fields.text("description").to_owned();
    u.atomic = atomic(fields);
    u.skip_crds = fields.bool("skip_crds");
    u.crds = crds(fields)?;
    u.sub_notes = fields.bool("sub_notes");
    u.create_namespace = fields.bool("create_namespace");
    u.install = fields.bool("install");
    u.force = force(fields);
    u.recreate = fields.bool("recreate");
    u.cleanup_on_fail = fields.bool("cleanup_on_fail");
    u.reuse_values = fields.bool("reuse_values");
    u.reset_values = fields.bool("reset_values");
    u.reset_then_reuse_values = fields.bool("reset_then_reuse_values");
    u.history_max = usize::try_from(fields.int("history_max")).unwrap_or_default();
    u.disable_open_api_validation = fields.bool("disable_open_api_validation");
    u.take_ownership = fields.bool("take_ownership");
    u.skip_schema_validation = fields.bool("skip_schema_validation");
    u.labels = fields.text_map("labels").into_iter().collect();
    u.namespace_labels = fields.text_map("namespace_labels").into_iter().collect();
    u.hide_secret = fields.bool("hide_secret");
    u.server_side_apply = server_side(fields);
    u.force_conflicts = fields.bool("force_conflicts");
    Ok(u)
}

/// The rollback that a body asks for.
pub(crate) fn rollback(fields: &Fields, name: String, revision: i64) -> Result<Rollback, String> {
    let mut r = Rollback::new(name);
    r.version = revision;
    r.dry_run = dry_run(fields) != DryRun::None;
    r.server_side_apply = server_side(fields);
    r.force_conflicts = fields.bool("force_conflicts");
    r.disable_hooks = fields.bool("disable_hooks");
    r.wait = wait(fields);
    r.wait_for_jobs = fields.bool("wait_for_jobs");
    r.timeout = timeout(fields)?;
    r.force = force(fields);
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
        // HELM-WRAPPER: it takes no text at all; its README promises one that is a duration.
        Some(Node::Text(text)) => duration(text).map_err(|_| {
            "json: cannot unmarshal string into Go struct field releaseUninstallOptions.timeout of type time.Duration"
                .to_owned()
        })?,
        Some(Node::Number(n)) => Duration::from_nanos(n.parse().unwrap_or_default()),
        _ => Duration::ZERO,
    };
    Ok(u)
}
