//! The flags that the commands on releases share, and what they say.

use super::flags::{Flag, FlagSet, Kind, Matches};
use gotmpl::slog;
use gotmpl::strconv::{parse_bool, quote};
use helmd_action::{Crds, DryRun, Interrupted, PostRender, ServerSideApply, WaitStrategy};
use helmd_chart::HelmMajor;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Helm's `--timeout` when nothing is said.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A yes-or-no flag.
pub fn yes(name: &'static str, usage: &'static str) -> Flag {
    Flag::new(name, Kind::Bool, usage)
}

/// A flag with a text.
pub fn text(name: &'static str, usage: &'static str) -> Flag {
    Flag::new(name, Kind::Text, usage)
}

/// `--revision`
pub fn revision() -> Flag {
    Flag::new("revision", Kind::Int, "this revision in place of the newest")
}

/// `--timeout`
pub fn timeout() -> Flag {
    Flag::new("timeout", Kind::Duration, "how long each wait and each hook may take (5m0s)")
}

/// What `--timeout` says.
pub fn timeout_of(matches: &Matches) -> Duration {
    matches.duration("timeout", TIMEOUT)
}

/// `--wait`
pub fn wait(helm: HelmMajor) -> Flag {
    match helm {
        HelmMajor::Helm3 => yes("wait", "wait until the release's objects are ready (or gone)"),
        HelmMajor::Helm4 => {
            Flag::new("wait", Kind::Wait, "what to wait for: watcher, legacy, or hookOnly (when it is not set)")
                .alone("watcher")
        }
    }
}

/// What `--wait` says, and flags that need a wait.
pub fn wait_of(matches: &Matches, helm: HelmMajor, needed: bool) -> WaitStrategy {
    match (helm, matches.text("wait")) {
        (HelmMajor::Helm3, "true") | (HelmMajor::Helm4, "legacy") => WaitStrategy::Legacy,
        (HelmMajor::Helm4, "watcher") => WaitStrategy::Watcher,
        (HelmMajor::Helm3, _) if needed => WaitStrategy::Legacy,
        (HelmMajor::Helm4, _) if needed => WaitStrategy::Watcher,
        _ => WaitStrategy::HookOnly,
    }
}

/// `--post-render`, which Helm does not have.
pub fn post_render() -> Flag {
    text(
        "post-render",
        "a YAML file of patches, images, labels and annotations for what is rendered (docs/post-render.md)",
    )
}

/// What the file of `--post-render` says.
///
/// # Errors
/// It cannot be read, or says something else.
pub fn post_render_of(matches: &Matches) -> Result<Option<Arc<PostRender>>, String> {
    let path = matches.text("post-render");
    if path.is_empty() {
        return Ok(None);
    }
    let text = std::fs::read(path).map_err(|e| format!("--post-render {path}: {e}"))?;
    let rules =
        helmd_yaml::parse(&text, helmd_yaml::Numbers::Json).map_err(|e| format!("--post-render {path}: {e}"))?;
    let rules = serde_json::from_value(rules).map_err(|e| format!("--post-render {path}: {e}"))?;
    Ok(Some(Arc::new(rules)))
}

/// `--crds`, which Helm does not have.
pub fn crds() -> Flag {
    text(
        "crds",
        "what becomes of the chart's CRDs: skip, create, createReplace (an install creates them, an upgrade skips them)",
    )
}

/// What `--crds` says.
///
/// # Errors
/// It says something else.
pub fn crds_of(matches: &Matches) -> Result<Option<Crds>, String> {
    let name = matches.text("crds");
    match Crds::from_name(name) {
        None if !name.is_empty() => Err(format!("invalid --crds {name:?}: must be skip, create or createReplace")),
        policy => Ok(policy),
    }
}

/// `--explain`, which Helm does not have.
pub fn explain() -> Flag {
    yes("explain", "tell what stands behind a failure: pods, logs, events, and what to do (on a terminal: always)")
}

/// `--if-interrupted`, which Helm does not have.
pub fn interrupted() -> Flag {
    text("if-interrupted", "what others do when this helmd ends in the middle: finish, fail or go-back (finish)")
}

/// What `--if-interrupted` says.
///
/// # Errors
/// It says something else.
pub fn interrupted_of(matches: &Matches) -> Result<Interrupted, String> {
    match matches.text_or("if-interrupted", "finish") {
        "finish" => Ok(Interrupted::Finish),
        "fail" => Ok(Interrupted::Fail),
        "go-back" => Ok(Interrupted::GoBack),
        other => Err(format!("invalid --if-interrupted {other:?}: must be finish, fail or go-back")),
    }
}

/// The flags by which objects are changed.
pub fn apply(helm: HelmMajor) -> Vec<Flag> {
    let mut flags = apply_of(helm);
    flags.extend([interrupted(), explain()]);
    flags
}

fn apply_of(helm: HelmMajor) -> Vec<Flag> {
    match helm {
        HelmMajor::Helm3 => vec![yes("force", "replace objects as a whole")],
        HelmMajor::Helm4 => vec![
            yes("force", "").deprecated("use --force-replace instead"),
            yes("force-conflicts", "server-side: take fields away from other managers"),
            yes("force-replace", "replace objects as a whole"),
        ],
    }
}

/// `--server-side` of commands on a release that there is.
pub fn server_side() -> Flag {
    text("server-side", "true, false, or auto: as the release was applied before (auto)")
}

/// What `--server-side` says there.
///
/// # Errors
/// Helm's sentence for other words.
pub fn server_side_of(matches: &Matches) -> Result<ServerSideApply, String> {
    match matches.text_or("server-side", "auto") {
        "auto" => Ok(ServerSideApply::Auto),
        "true" => Ok(ServerSideApply::True),
        "false" => Ok(ServerSideApply::False),
        other => Err(format!("invalid/unknown release server-side apply method: {other}")),
    }
}

/// Whether objects are to be replaced.
pub fn replaces(matches: &Matches) -> bool {
    match matches.is_set("force-replace") {
        true => matches.flag("force-replace"),
        false => matches.flag("force"),
    }
}

/// HELM: version 4 takes one way only to force something.
///
/// # Errors
/// Flags that exclude each other.
pub fn check_exclusive(matches: &Matches, helm: HelmMajor) -> Result<(), String> {
    let mut set = FlagSet::default();
    if helm == HelmMajor::Helm4 {
        set.exclusive(&["force-replace", "force-conflicts"]);
        set.exclusive(&["force", "force-conflicts"]);
    }
    set.check_exclusive(matches).map_err(|e| e.to_string())
}

/// `--dry-run` of install, upgrade and, in Helm 4, rollback.
pub fn dry_run(helm: HelmMajor) -> Flag {
    let alone = if helm == HelmMajor::Helm3 { "client" } else { "unset" };
    text("dry-run", "none, client, or server: do all but change something; server lets templates see live objects")
        .alone(alone)
}

/// What `--dry-run` says in Helm 4; `told` gets what is to be said of it.
///
/// # Errors
/// Helm's sentence for other words.
pub fn dry_run4(matches: &Matches, told: &mut dyn FnMut(&str)) -> Result<DryRun, String> {
    let mut warn = |text: &str| told(&slog::record("WARN", text, &[]));
    let value = matches.text_or("dry-run", "none");
    Ok(match value {
        "unset" => {
            warn("--dry-run is deprecated and should be replaced with '--dry-run=client'");
            DryRun::Client
        }
        "client" => DryRun::Client,
        "server" => DryRun::Server,
        "none" => DryRun::None,
        _ => {
            let Ok(on) = parse_bool(value) else {
                let value = quote(value);
                return Err(format!("invalid dry-run value ({value}). Must be \"none\", \"server\", or \"client\""));
            };
            let (result, word) = if on { (DryRun::Client, "client") } else { (DryRun::None, "none") };
            warn(&format!(
                "boolean '--dry-run={value}' flag is deprecated and must be replaced with '--dry-run={word}'"
            ));
            result
        }
    })
}

/// What `--dry-run` says in Helm 3.
///
/// # Errors
/// Helm's sentence for other words.
pub fn dry_run3(matches: &Matches) -> Result<DryRun, String> {
    match matches.text("dry-run") {
        "" | "none" | "false" => Ok(DryRun::None),
        "client" | "true" => Ok(DryRun::Client),
        "server" => Ok(DryRun::Server),
        _ => Err("Invalid dry-run flag. Flag must one of the following: false, true, none, client, server".to_owned()),
    }
}

/// `--labels`
pub fn labels() -> Flag {
    Flag::new("labels", Kind::Pairs, "labels of the release's record: key=value,key=value").short('l')
}

/// What `--labels` says.
pub fn labels_of(matches: &Matches) -> BTreeMap<String, String> {
    let pairs = matches.list("labels").iter().filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// `--history-max`
pub fn history_max() -> Flag {
    Flag::new("history-max", Kind::Int, "how many revisions are kept, 0 for all (HELM_MAX_HISTORY, or 10)")
}

/// A number of which none below 0 counts.
pub fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}
