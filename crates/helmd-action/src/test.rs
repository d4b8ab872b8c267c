//! `helm test`.

use std::time::Duration;

use futures::StreamExt as _;
use helmd_chart::HelmMajor;
use helmd_chart::names::validate_release_name;
use helmd_kube::logs::LogRequest;
use helmd_kube::{ErrorKind, KubeError, WaitStrategy, helm_text};
use helmd_release::{ApplyMethod, Hook, HookDeletePolicy, HookEvent, HookOutputLogPolicy, HookPhase, Release};
use serde_json::{Value as Json, json};

use crate::context::Context;
use crate::error::ActionError;
use crate::hooks::{self, HookRun};
use crate::operation::{self, JournalOptions, Verb};
use crate::options::DEFAULT_TIMEOUT;

/// Runs the test hooks of a release.
#[derive(Debug, Clone)]
pub struct Test {
    /// Release.
    pub name: String,
    /// For each hook.
    pub timeout: Duration,
    /// Only hooks with these names, unless empty.
    pub include: Vec<String>,
    /// No hooks with these names.
    pub exclude: Vec<String>,
}

impl Test {
    /// All tests of a release.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), timeout: DEFAULT_TIMEOUT, include: Vec::new(), exclude: Vec::new() }
    }

    /// Runs them; the release's hooks tell how it went.
    ///
    /// # Errors
    /// The first test that fails; the record has it, too.
    pub async fn run(self, cx: &Context) -> Result<Release, ActionError> {
        let (release, outcome) = self.run_told(cx).await?;
        let cleaned = self.clean_up(cx, &release, &outcome).await;
        outcome.and(cleaned).map(|()| release)
    }

    /// As [`Test::run`], with the release also when a test fails, and before [`Test::clean_up`].
    ///
    /// # Errors
    /// There is no release to test.
    pub async fn run_told(&self, cx: &Context) -> Result<(Release, Result<(), ActionError>), ActionError> {
        cx.cluster.check_reachable().await?;
        if validate_release_name(&self.name).is_err() {
            return Err(ActionError::InvalidName { place: "releaseTest: R", name: self.name.clone() });
        }
        let options =
            JournalOptions { timeout_ms: JournalOptions::milliseconds(self.timeout), ..JournalOptions::default() };
        // The record is written back with how the tests went: nobody else may write it meanwhile.
        let held = operation::begin(cx, &self.name, cx.new_journal(Verb::Test, options)).await?;
        let result = self.work(&held).await;
        operation::end(held, cx).await;
        result
    }

    async fn work(&self, cx: &Context) -> Result<(Release, Result<(), ActionError>), ActionError> {
        let mut release = cx.storage.last(&self.name).await?;
        let all = std::mem::take(&mut release.hooks);
        // HELM: skipped hooks come first in the record afterwards.
        let (executing, mut skipped): (Vec<_>, Vec<_>) = all.into_iter().partition(|hook| self.chooses(&hook.name));
        release.hooks = executing;
        // HELM: version 3 knows one way only.
        let server_side = cx.helm == HelmMajor::Helm4 && release.apply_method == ApplyMethod::ServerSide;
        let outcome = hooks::run(cx, &mut release, &HookEvent::Test, self.hook_run(cx, server_side)).await;
        skipped.append(&mut release.hooks);
        release.hooks = skipped;
        let outcome = match outcome {
            Ok(()) => cx.storage.update(&release).await.map_err(ActionError::from),
            Err(err) => {
                cx.record(&release).await;
                Err(cx.worded(err))
            }
        };
        Ok((release, outcome))
    }

    /// What Helm 4 does last, when the logs were read: deletes hooks as their policies say. Helm 3 has done so.
    ///
    /// # Errors
    /// The first hook that cannot be deleted.
    pub async fn clean_up(
        &self,
        cx: &Context,
        release: &Release,
        outcome: &Result<(), ActionError>,
    ) -> Result<(), ActionError> {
        // HELM: nothing is deleted behind a hook that was not created.
        if cx.helm == HelmMajor::Helm3 || matches!(outcome, Err(ActionError::Context { .. })) {
            return Ok(());
        }
        let how = self.hook_run(cx, false);
        let hooks = Hook::in_run_order(&release.hooks, &HookEvent::Test);
        let run: Vec<&Hook> = hooks.into_iter().filter(|hook| self.chooses(&hook.name)).collect();
        if outcome.is_ok() {
            for hook in run.iter().rev() {
                hooks::logs(cx, hook, HookOutputLogPolicy::Succeeded).await;
                hooks::delete(cx, hook, HookDeletePolicy::Succeeded, how).await?;
            }
            return Ok(());
        }
        for hook in run {
            let failed = hook.last_run.phase == HookPhase::Failed;
            let policy = if failed { HookDeletePolicy::Failed } else { HookDeletePolicy::Succeeded };
            hooks::delete(cx, hook, policy, how).await?;
            if failed {
                break;
            }
        }
        Ok(())
    }

    fn hook_run(&self, cx: &Context, server_side: bool) -> HookRun {
        // HELM: version 4 deletes hooks when their logs have been read.
        let keeps = cx.helm == HelmMajor::Helm4;
        HookRun { keeps, ..HookRun::new(cx, self.timeout, server_side, WaitStrategy::Watcher) }
    }

    fn chooses(&self, name: &String) -> bool {
        !self.exclude.contains(name) && (self.include.is_empty() || self.include.contains(name))
    }

    /// What the tests' pods wrote, as Helm prints it: into `text`, which has what there was before a failure.
    ///
    /// # Errors
    /// In Helm's words.
    pub async fn logs(&self, cx: &Context, release: &Release, text: &mut String) -> Result<(), ActionError> {
        for hook in Hook::in_run_order(&release.hooks, &HookEvent::Test) {
            if !self.chooses(&hook.name) {
                continue;
            }
            match cx.helm {
                HelmMajor::Helm3 => one_log(cx, &hook.name, "", text).await.map_err(|failed| {
                    let name = &hook.name;
                    match failed {
                        LogError::Get(err) => {
                            ActionError::from(err).context(format!("unable to get pod logs for {name}"))
                        }
                        LogError::Read(err) => {
                            ActionError::from(err).context(format!("unable to write pod logs for {name}"))
                        }
                    }
                })?,
                HelmMajor::Helm4 if hook.kind == "Pod" => all_logs(cx, &hook.name, text).await?,
                HelmMajor::Helm4 => {}
            }
        }
        Ok(())
    }
}

enum LogError {
    Get(KubeError),
    Read(KubeError),
}

async fn one_log(cx: &Context, pod: &str, container: &str, text: &mut String) -> Result<(), LogError> {
    let request = LogRequest {
        namespace: cx.namespace().to_owned(),
        pod: pod.to_owned(),
        container: container.to_owned(),
        ..LogRequest::default()
    };
    let mut pieces = cx.cluster.pod_log(&request).await.map_err(LogError::Get)?;
    let named = if container.is_empty() { String::new() } else { format!(" ({container})") };
    text.push_str(&format!("POD LOGS: {pod}{named}\n"));
    let mut done = Ok(());
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(piece) => text.push_str(&String::from_utf8_lossy(&piece)),
            Err(err) => done = Err(LogError::Read(err)),
        }
    }
    text.push('\n');
    done
}

/// The logs of all containers of a pod; failures are told together at the end.
async fn all_logs(cx: &Context, pod: &str, text: &mut String) -> Result<(), ActionError> {
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod, "namespace": cx.namespace()}});
    let resource = cx.cluster.resource(object).await?;
    let failed = |err: KubeError| ActionError::from(err).context(format!("unable to get pod {pod}"));
    let found = cx.cluster.get(&resource).await.map_err(failed)?;
    let names = ["/spec/initContainers", "/spec/containers"].into_iter().flat_map(|place| {
        let containers = found.pointer(place).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        containers.iter().filter_map(|container| container.get("name").and_then(Json::as_str))
    });
    let mut errors = Vec::new();
    for container in names {
        if let Err(failed) = one_log(cx, pod, container, text).await {
            let (what, err) = match &failed {
                LogError::Get(err) => ("get", err),
                LogError::Read(err) => ("write", err),
            };
            errors.push(format!("unable to {what} logs for pod {pod}, container {container}: {}", helm_text(err)));
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    Err(ActionError::Joined { text: errors.join("\n"), kind: ErrorKind::Unavailable })
}
