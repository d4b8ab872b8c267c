//! Running a release's hooks: in order of weight, with their delete policies.

use std::time::Duration;

use helmd_chart::HelmMajor;
use helmd_kube::{ApplyOptions, Event, KubeError, Propagation, WaitRules, WaitStrategy};
use helmd_release::{Hook, HookDeletePolicy, HookEvent, HookExecution, HookOutputLogPolicy, HookPhase, Release};
use serde_json::Value as Json;

use crate::context::Context;
use crate::error::ActionError;
use crate::operation::Step;

/// Definitions are never deleted: all their objects would go with them.
const NEVER_DELETED: &str = "CustomResourceDefinition";

/// How hooks are run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HookRun {
    /// Per hook; zero means no limit.
    pub timeout: Duration,
    /// How their objects are created.
    pub apply: ApplyOptions,
    /// When they have done their work.
    pub rules: WaitRules,
    /// Leave what is done when all have run to the caller: deletions, and logs of those that succeeded.
    pub keeps: bool,
}

impl HookRun {
    pub(crate) fn new(cx: &Context, timeout: Duration, server_side: bool, strategy: WaitStrategy) -> Self {
        let apply = if server_side { ApplyOptions::server_side(false) } else { ApplyOptions::client_side() };
        let rules = match (cx.helm, strategy) {
            (HelmMajor::Helm3, _) | (_, WaitStrategy::Legacy) => WaitRules::Legacy,
            (HelmMajor::Helm4, _) => WaitRules::Status,
        };
        Self { timeout, apply, rules, keeps: false }
    }
}

/// Runs the hooks of an event one after the other and records each in the release.
///
/// # Errors
/// The first hook that fails, in Helm's words. Its policies and those of the hooks before it are
/// heeded then, too.
pub(crate) async fn run(
    cx: &Context,
    release: &mut Release,
    event: &HookEvent,
    run: HookRun,
) -> Result<(), ActionError> {
    let order = order(&release.hooks, event);
    let (step, next) = steps(event);
    if !order.is_empty() && !cx.was_beyond(step).await {
        cx.journal(step).await?;
        for (done, &index) in order.iter().enumerate() {
            let before = order.get(..done).unwrap_or_default();
            one(cx, release, (event, index, before), run).await?;
        }
        // Told before they are deleted: who goes on with this operation does not run them once more.
        cx.journal(next).await?;
    }
    if run.keeps {
        return Ok(());
    }
    for &index in order.iter().rev() {
        let Some(hook) = release.hooks.get(index) else { continue };
        logs(cx, hook, HookOutputLogPolicy::Succeeded).await;
        delete(cx, hook, HookDeletePolicy::Succeeded, run).await?;
    }
    Ok(())
}

/// What the journal says when the revision is recorded: where no hooks come first, objects are changed next, and the journal need
/// not be written in between.
pub(crate) fn step_of_recording(hooks: &[Hook], event: &HookEvent, disabled: bool) -> Step {
    if disabled || !hooks.iter().any(|hook| hook.has_event(event)) { Step::Applying } else { Step::Recording }
}

/// The steps of which the hooks of an event are one, and what follows.
fn steps(event: &HookEvent) -> (Step, Step) {
    match event {
        HookEvent::PreInstall | HookEvent::PreUpgrade | HookEvent::PreRollback | HookEvent::PreDelete => {
            (Step::PreHooks, Step::Applying)
        }
        _ => (Step::PostHooks, Step::Finishing),
    }
}

fn order(hooks: &[Hook], event: &HookEvent) -> Vec<usize> {
    let mut order: Vec<(usize, &Hook)> = hooks.iter().enumerate().filter(|(_, hook)| hook.has_event(event)).collect();
    order.sort_by(|(_, a), (_, b)| a.weight.cmp(&b.weight).then_with(|| a.name.cmp(&b.name)));
    order.into_iter().map(|(index, _)| index).collect()
}

async fn one(
    cx: &Context,
    release: &mut Release,
    (event, index, before): (&HookEvent, usize, &[usize]),
    run: HookRun,
) -> Result<(), ActionError> {
    cx.cluster.check_cancelled()?;
    let Some(hook) = release.hooks.get_mut(index) else { return Ok(()) };
    if hook.delete_policies.is_empty() {
        hook.delete_policies.push(HookDeletePolicy::BeforeHookCreation);
    }
    let (path, manifest) = (hook.path.clone(), hook.manifest.clone());
    let left = left_by_former_process(cx, hook).await;
    if left == Some(HookPhase::Succeeded) {
        return Ok(());
    }
    let goes_on = left.is_some() && exists(cx, &manifest).await?;
    if !goes_on {
        delete(cx, hook, HookDeletePolicy::BeforeHookCreation, run).await?;
    }
    let mut resources = cx
        .cluster
        .build(&manifest, true)
        .await
        .map_err(|err| err.context(format!("unable to build kubernetes object for {event} hook {path}")))?;

    cx.cluster.report(Event::HookStarted { path: path.clone(), event: event.to_string() });
    hook.last_run = HookExecution { started_at: Some(cx.now()), phase: HookPhase::Running, ..HookExecution::default() };
    cx.record(release).await;

    let created = if goes_on { Ok(()) } else { cx.cluster.create_all(&mut resources, &run.apply).await };
    let outcome = match created {
        Ok(()) => cx.cluster.watch_until_ready(&resources, run.timeout, run.rules).await.map_err(ActionError::from),
        Err(err) => Err(ActionError::from(err).context(format!("warning: Hook {event} {path} failed"))),
    };
    let was_created = !matches!(outcome, Err(ActionError::Context { .. }));
    let Some(hook) = release.hooks.get_mut(index) else { return outcome };
    hook.last_run.completed_at = Some(cx.now());
    hook.last_run.phase = if outcome.is_ok() { HookPhase::Succeeded } else { HookPhase::Failed };
    let phase = hook.last_run.phase.to_string();
    cx.cluster.report(Event::HookFinished { path, event: event.to_string(), phase });
    let Err(err) = outcome else { return Ok(()) };
    if was_created {
        // A cancelled operation cleans up behind its hooks all the same.
        let cx = &cx.uncancelled();
        logs(cx, hook, HookOutputLogPolicy::Failed).await;
        if run.keeps {
            return Err(err);
        }
        if let Err(err) = delete(cx, hook, HookDeletePolicy::Failed, run).await {
            cx.warn(format!("error deleting the hook resource on hook failure: {}", helmd_kube::helm_text(&err)));
        }
        for &index in before {
            let Some(hook) = release.hooks.get(index) else { continue };
            delete(cx, hook, HookDeletePolicy::Succeeded, run).await?;
        }
    }
    Err(err)
}

/// How far the hook had come in the process from which this operation was taken over; nothing when it had not begun.
async fn left_by_former_process(cx: &Context, hook: &Hook) -> Option<HookPhase> {
    let since = cx.resumed_since().await?;
    let begun = hook.last_run.started_at?.timestamp() >= since;
    begun.then(|| hook.last_run.phase.clone())
}

/// Whether all objects of a hook are there.
async fn exists(cx: &Context, manifest: &str) -> Result<bool, ActionError> {
    for resource in cx.cluster.build(manifest, false).await? {
        if cx.cluster.find(&resource).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Deletes a hook's objects when its policy says so.
pub(crate) async fn delete(
    cx: &Context,
    hook: &Hook,
    policy: HookDeletePolicy,
    run: HookRun,
) -> Result<(), ActionError> {
    if hook.kind == NEVER_DELETED || !hook.has_delete_policy(&policy) {
        return Ok(());
    }
    let resources = cx
        .cluster
        .build(&hook.manifest, false)
        .await
        .map_err(|err| err.context(format!("unable to build kubernetes object for deleting hook {}", hook.path)))?;
    cx.cluster.delete_all(&resources, Propagation::Background).await.map_err(|errors| joined(&errors))?;
    Ok(cx.cluster.wait_for_delete(&resources, run.timeout, run.rules).await?)
}

/// Failures joined by `; `.
pub(crate) fn joined(errors: &[KubeError]) -> ActionError {
    let texts: Vec<String> = errors.iter().map(|err| helmd_kube::helm_text(err)).collect();
    let kind = errors.first().map_or(helmd_kube::ErrorKind::Internal, KubeError::kind);
    ActionError::Joined { text: texts.join("; "), kind }
}

/// Passes on what the hook's containers wrote, if its policy says so. Failures are only told.
pub(crate) async fn logs(cx: &Context, hook: &Hook, policy: HookOutputLogPolicy) {
    if !hook.output_log_policies.contains(&policy) {
        return;
    }
    let namespace = helmd_yaml::parse(hook.manifest.as_bytes(), helmd_yaml::Numbers::Json)
        .ok()
        .and_then(|object| object.pointer("/metadata/namespace").and_then(Json::as_str).map(ToOwned::to_owned))
        .filter(|namespace| !namespace.is_empty())
        .unwrap_or_else(|| cx.namespace().to_owned());
    let outcome = match hook.kind.as_str() {
        "Job" => cx.cluster.report_logs(&namespace, &format!("job-name={}", hook.name), "").await,
        "Pod" => cx.cluster.report_logs(&namespace, "", &format!("metadata.name={}", hook.name)).await,
        _ => Ok(()),
    };
    if let Err(err) = outcome {
        cx.warn(format!("error outputting logs for hook: {}", helmd_kube::helm_text(&err)));
    }
}
