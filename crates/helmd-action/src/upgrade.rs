//! `helm upgrade`, also with `--install`.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use helmd_chart::names::validate_release_name;
use helmd_chart::{Chart, Values};
use helmd_kube::{ApplyOptions, Propagation, Resource, WaitStrategy, helm_text};
use helmd_release::{ApplyMethod, HookEvent, Info, Release, Status, contains_system_labels};
use helmd_storage::StorageError;
use helmd_values::ReleaseOptions;

use crate::context::Context;
use crate::crds::{self, Crds};
use crate::error::ActionError;
use crate::hooks::{self, HookRun};
use crate::install::{Install, wait, waiting_if};
use crate::operation::{self, InProgress, Journal, JournalOptions, Step, Verb};
use crate::options::{self, DEFAULT_TIMEOUT, DryRun, Rendering, ServerSideApply, Waiting};
use crate::reuse::{self, Reuse};
use crate::rollback::Rollback;
use crate::{capabilities, ownership, render};

/// Brings a release to another chart or other values. Fields carry the names of Helm's flags.
#[derive(Debug, Clone)]
pub struct Upgrade {
    /// Release.
    pub name: String,
    /// Chart, with its dependencies inside.
    pub chart: Chart,
    /// The user's values.
    pub values: Values,
    /// Install when there is no release of that name.
    pub install: bool,
    /// How far it goes.
    pub dry_run: DryRun,
    /// Run no hooks.
    pub disable_hooks: bool,
    /// What is waited for.
    pub wait: WaitStrategy,
    /// Also wait for jobs to complete.
    pub wait_for_jobs: bool,
    /// For each wait and each hook.
    pub timeout: Duration,
    /// The record's description; Helm's when empty.
    pub description: String,
    /// Go back to the last good revision when it fails; waits.
    pub atomic: bool,
    /// Leave the chart's CRDs alone (only when it installs; an upgrade never touches them).
    pub skip_crds: bool,
    /// What becomes of the chart's CRDs. When nothing is said an install creates them, and an upgrade leaves them alone, as in Helm.
    pub crds: Option<Crds>,
    /// Also take the notes of subcharts.
    pub sub_notes: bool,
    /// Create the namespace when it is missing (only when it installs).
    pub create_namespace: bool,
    /// Labels for a namespace that is created.
    pub namespace_labels: BTreeMap<String, String>,
    /// Replace existing objects as a whole.
    pub force: bool,
    /// Renew the pods of changed objects.
    pub recreate: bool,
    /// Delete what was created when it fails.
    pub cleanup_on_fail: bool,
    /// How many revisions are kept (0: all).
    pub history_max: usize,
    /// Use the former values and the former chart's defaults under the given ones.
    pub reuse_values: bool,
    /// Use only the given values.
    pub reset_values: bool,
    /// Use the former values and the new chart's defaults under the given ones.
    pub reset_then_reuse_values: bool,
    /// Take over objects that exist and belong to nobody known.
    pub take_ownership: bool,
    /// The user's labels on the record, over those of the former; `null` takes one away.
    pub labels: BTreeMap<String, String>,
    /// Do not check objects before they are sent.
    pub disable_open_api_validation: bool,
    /// Do not check the values against the chart's schema.
    pub skip_schema_validation: bool,
    /// Write no Secret's content (dry runs only).
    pub hide_secret: bool,
    /// Who computes what objects become.
    pub server_side_apply: ServerSideApply,
    /// Take fields away from other managers (server-side).
    pub force_conflicts: bool,
}

/// What an upgrade goes from and to.
struct Change {
    former: Release,
    release: Release,
    current: Vec<Resource>,
    target: Vec<Resource>,
}

impl Upgrade {
    /// An upgrade with Helm's defaults.
    #[must_use]
    pub fn new(name: impl Into<String>, chart: Chart, values: Values) -> Self {
        Self {
            name: name.into(),
            chart,
            values,
            install: false,
            dry_run: DryRun::None,
            disable_hooks: false,
            wait: WaitStrategy::HookOnly,
            wait_for_jobs: false,
            timeout: DEFAULT_TIMEOUT,
            description: String::new(),
            atomic: false,
            skip_crds: false,
            crds: None,
            sub_notes: false,
            create_namespace: false,
            namespace_labels: BTreeMap::new(),
            force: false,
            recreate: false,
            cleanup_on_fail: false,
            history_max: 0,
            reuse_values: false,
            reset_values: false,
            reset_then_reuse_values: false,
            take_ownership: false,
            labels: BTreeMap::new(),
            disable_open_api_validation: false,
            skip_schema_validation: false,
            hide_secret: false,
            server_side_apply: ServerSideApply::Auto,
            force_conflicts: false,
        }
    }

    /// Upgrades; the order of lines is the order of effects.
    ///
    /// # Errors
    /// In Helm's sentences. From the moment that the record is written a failure is in it, too.
    pub async fn run(mut self, cx: &Context) -> Result<Release, ActionError> {
        cx.cluster.check_reachable().await?;
        let valid = validate_release_name(&self.name).is_ok();
        if !valid {
            return Err(ActionError::InvalidName { place: "r", name: self.name });
        }
        if self.install && cx.storage.revisions(&self.name).await?.is_empty() {
            crate::precheck::check_installable(&self.chart).map_err(|e| ActionError::Options(e.to_string()))?;
            return Box::pin(self.into_install().run(cx)).await;
        }
        if self.hide_secret && !self.dry_run.stops_here() {
            return Err(cx.hides_secrets());
        }
        self.wait = waiting_if(self.atomic, self.wait, cx.helm);
        if self.dry_run.stops_here() {
            let mut release = self.prepare(cx).await?.release;
            let description = if self.description.is_empty() { "Dry run complete" } else { &self.description };
            description.clone_into(&mut release.info.description);
            return Ok(release);
        }
        let held = operation::begin(cx, &self.name, self.journal(cx)).await?;
        let result = self.work(&held).await;
        operation::end(held, cx).await;
        result
    }

    async fn work(&mut self, cx: &Context) -> Result<Release, ActionError> {
        let mut change = self.prepare(cx).await?;
        cx.cluster.step("recording", format!("recording {} revision {}", self.name, change.release.version));
        let (revision, former) = (change.release.version, change.former.version);
        let step = hooks::step_of_recording(&change.release.hooks, &HookEvent::PreUpgrade, self.disable_hooks);
        cx.journal_with(|journal| {
            journal.step = step;
            journal.revision = revision;
            journal.former = former;
        })
        .await?;
        cx.create_record(&mut change.release, self.history_max).await?;
        self.carry_out(cx, change).await
    }

    async fn carry_out(&self, cx: &Context, mut change: Change) -> Result<Release, ActionError> {
        let mut created = Vec::new();
        match self.perform(cx, &mut change, &mut created).await {
            Ok(()) => {
                cx.storage.update(&change.release).await?;
                Ok(change.release)
            }
            Err(err) => Err(self.fail(&cx.uncancelled(), change.release, created, cx.worded(err)).await),
        }
    }

    /// What somebody else needs to end this.
    fn journal(&self, cx: &Context) -> Journal {
        cx.new_journal(
            Verb::Upgrade,
            JournalOptions {
                disable_hooks: self.disable_hooks,
                wait: self.wait.into(),
                wait_for_jobs: self.wait_for_jobs,
                timeout_ms: JournalOptions::milliseconds(self.timeout),
                atomic: self.atomic,
                cleanup_on_fail: self.cleanup_on_fail,
                force: self.force,
                force_conflicts: self.force_conflicts,
                take_ownership: self.take_ownership,
                recreate: self.recreate,
                disable_open_api_validation: self.disable_open_api_validation,
                server_side: self.server_side_apply.given(),
                description: self.description.clone(),
                ..JournalOptions::default()
            },
        )
    }

    /// The upgrade of which a journal tells.
    pub(crate) fn of_journal(name: &str, journal: &Journal) -> Self {
        let options = &journal.options;
        Self {
            disable_hooks: options.disable_hooks,
            wait: options.wait.into(),
            wait_for_jobs: options.wait_for_jobs,
            timeout: options.timeout(),
            atomic: options.atomic,
            cleanup_on_fail: options.cleanup_on_fail,
            force: options.force,
            force_conflicts: options.force_conflicts,
            take_ownership: options.take_ownership,
            recreate: options.recreate,
            disable_open_api_validation: options.disable_open_api_validation,
            server_side_apply: options.server_side_apply(),
            description: options.description.clone(),
            ..Self::new(name, Chart::default(), Values::default())
        }
    }

    /// Does the rest of an upgrade that was recorded.
    pub(crate) async fn resume(&self, cx: &Context, former: Release, release: Release) -> Result<Release, ActionError> {
        match self.objects(cx, &former, &release).await {
            Ok((current, target)) => self.carry_out(cx, Change { former, release, current, target }).await,
            Err(err) => Err(self.fail(&cx.uncancelled(), release, Vec::new(), err).await),
        }
    }

    fn into_install(self) -> Install {
        Install {
            dry_run: self.dry_run,
            disable_hooks: self.disable_hooks,
            wait: self.wait,
            wait_for_jobs: self.wait_for_jobs,
            timeout: self.timeout,
            description: self.description,
            atomic: self.atomic,
            skip_crds: self.skip_crds,
            crds: self.crds,
            sub_notes: self.sub_notes,
            create_namespace: self.create_namespace,
            namespace_labels: self.namespace_labels,
            force: self.force,
            take_ownership: self.take_ownership,
            replace: false,
            labels: self.labels,
            disable_open_api_validation: self.disable_open_api_validation,
            skip_schema_validation: self.skip_schema_validation,
            hide_secret: self.hide_secret,
            server_side_apply: self.server_side_apply,
            force_conflicts: self.force_conflicts,
            ..Install::new(self.name, self.chart, self.values)
        }
    }

    /// Everything up to the record.
    async fn prepare(&mut self, cx: &Context) -> Result<Change, ActionError> {
        let (last, former) = self.find_former(cx).await?;
        let release = self.render(cx, &last, &former).await?;
        let (current, target) = self.objects(cx, &former, &release).await?;
        Ok(Change { former, release, current, target })
    }

    /// The objects that there are, and those that are wanted.
    async fn objects(
        &self,
        cx: &Context,
        former: &Release,
        release: &Release,
    ) -> Result<(Vec<Resource>, Vec<Resource>), ActionError> {
        let mut target = cx.cluster.build(&release.manifest, !self.disable_open_api_validation).await?;
        let mut current = cx
            .cluster
            .build(&former.manifest, false)
            .await
            .map_err(|err| err.context("unable to build kubernetes objects from current release manifest"))?;
        ownership::mark(&mut target, &self.name, &release.namespace);
        let known: HashSet<String> = current.iter().map(Resource::key).collect();
        let new: Vec<Resource> = target.iter().filter(|resource| !known.contains(&resource.key())).cloned().collect();
        let adopted = ownership::existing(cx, &new, &self.name, self.take_ownership)
            .await
            .map_err(|err| err.context(cx.says("Unable to continue with update", "unable to continue with update")))?;
        current.extend(adopted);
        Ok((current, target))
    }

    /// The newest revision, and the one that is deployed.
    async fn find_former(&self, cx: &Context) -> Result<(Release, Release), ActionError> {
        let last = match cx.storage.last(&self.name).await {
            // HELM: the sentence speaks of deployed releases also when there is none at all.
            Err(StorageError::NotFound) => return Err(StorageError::NoDeployed { name: self.name.clone() }.into()),
            other => other?,
        };
        if last.info.status.is_pending() {
            return Err(ActionError::in_progress(InProgress::pending(&last)));
        }
        if last.info.status == Status::Deployed {
            return Ok((last.clone(), last));
        }
        match cx.storage.deployed(&self.name).await {
            Ok(deployed) => Ok((last, deployed)),
            Err(StorageError::NoDeployed { .. }) if matches!(last.info.status, Status::Failed | Status::Superseded) => {
                Ok((last.clone(), last))
            }
            Err(err) => Err(err.into()),
        }
    }

    async fn render(&mut self, cx: &Context, last: &Release, former: &Release) -> Result<Release, ActionError> {
        let mut chart = std::mem::take(&mut self.chart);
        let given = std::mem::take(&mut self.values);
        let values = reuse::values(self.reuse(), &mut chart, former, given, cx.helm)?;
        render::settle_for(cx, &mut chart, &values).await?;
        if contains_system_labels(&self.labels) {
            return Err(ActionError::SystemLabels);
        }
        let server_side = self.server_side_apply.resolve(Some(&last.apply_method));
        let apply = options::apply_options(server_side, false, self.force_conflicts);
        let policy = self.crds.unwrap_or(Crds::Skip);
        crds::install_unless_dry(cx, &chart, policy, (self.dry_run, &apply)).await?;
        let capabilities = capabilities::read(cx).await?;
        let named = ReleaseOptions {
            name: self.name.clone(),
            namespace: former.namespace.clone(),
            revision: last.version + 1,
            is_upgrade: true,
            is_install: false,
        };
        let rendering = Rendering {
            sub_notes: self.sub_notes,
            hide_secret: self.hide_secret,
            skip_schema_validation: self.skip_schema_validation,
        };
        let how = (capabilities, rendering, self.dry_run.looks_up());
        let rendered = render::for_release(cx, chart, values.clone(), named, how).await?;
        Ok(Release {
            name: self.name.clone(),
            namespace: former.namespace.clone(),
            info: Info {
                first_deployed: former.info.first_deployed,
                last_deployed: Some(cx.now()),
                status: Status::PendingUpgrade,
                description: "Preparing upgrade".to_owned(),
                notes: rendered.notes,
                ..Info::default()
            },
            chart: Some(rendered.chart),
            config: Some(values),
            manifest: rendered.manifest,
            hooks: rendered.hooks,
            version: last.version + 1,
            labels: reuse::labels(&last.labels, &self.labels),
            apply_method: options::apply_method(server_side),
            ..Release::default()
        })
    }

    fn reuse(&self) -> Reuse {
        if self.reset_values {
            Reuse::Reset
        } else if self.reuse_values {
            Reuse::UnderGiven
        } else if self.reset_then_reuse_values {
            Reuse::UnderGivenOverNew
        } else {
            Reuse::WhenNoneGiven
        }
    }

    async fn perform(&self, cx: &Context, step: &mut Change, created: &mut Vec<Resource>) -> Result<(), ActionError> {
        let server_side = step.release.apply_method == ApplyMethod::ServerSide;
        let hook_run = HookRun::new(cx, self.timeout, server_side, self.wait);
        if !self.disable_hooks {
            hooks::run(cx, &mut step.release, &HookEvent::PreUpgrade, hook_run)
                .await
                .map_err(|err| err.context("pre-upgrade hooks failed"))?;
        }
        // HELM: the client refuses it when the revision is recorded already.
        options::check_apply(server_side, self.force, self.force_conflicts)?;
        if !cx.was_beyond(Step::Applying).await {
            self.apply(cx, step, created).await?;
        }
        let waiting = Waiting { strategy: self.wait, jobs: self.wait_for_jobs, timeout: self.timeout };
        wait(cx, &step.target, waiting).await?;
        if !self.disable_hooks {
            hooks::run(cx, &mut step.release, &HookEvent::PostUpgrade, hook_run)
                .await
                .map_err(|err| err.context("post-upgrade hooks failed"))?;
        }
        // Pods are not renewed twice.
        if self.recreate {
            cx.journal(Step::Finishing).await?
        } else {
            cx.journal_finishing().await?
        }
        step.former.info.status = Status::Superseded;
        cx.record(&step.former).await;
        let description = if self.description.is_empty() { "Upgrade complete" } else { &self.description };
        step.release.set_status(Status::Deployed, description);
        Ok(())
    }

    async fn apply(&self, cx: &Context, step: &mut Change, created: &mut Vec<Resource>) -> Result<(), ActionError> {
        cx.journal(Step::Applying).await?;
        cx.cluster.step("applying", format!("applying {} objects", step.target.len()));
        let server_side = step.release.apply_method == ApplyMethod::ServerSide;
        let apply = ApplyOptions {
            upgrade_client_side_field_manager: server_side && step.former.apply_method != ApplyMethod::ServerSide,
            ..options::apply_options(server_side, self.force, self.force_conflicts)
        };
        let (result, outcome) = cx.cluster.update_all(&step.current, &mut step.target, &apply).await;
        *created = result.created;
        outcome?;
        if self.recreate {
            recreate(cx, &result.updated).await;
        }
        Ok(())
    }

    pub(crate) async fn fail(
        &self,
        cx: &Context,
        mut release: Release,
        created: Vec<Resource>,
        err: ActionError,
    ) -> ActionError {
        if let Err(lost) = cx.go_back(self.atomic).await {
            return lost;
        }
        err.fail(&mut release, format!("Upgrade {:?} failed: {}", self.name, helm_text(&err)));
        cx.log_failure("upgrade failed", &[("name", &self.name), ("error", &helm_text(&err))]);
        cx.record(&release).await;
        if self.cleanup_on_fail
            && !created.is_empty()
            && let Err(errors) = cx.cluster.delete_all(&created, Propagation::Background).await
        {
            return cleanup_failure(&errors, "upgrade", &err);
        }
        if self.atomic { self.go_back(cx, err).await } else { err }
    }

    /// Goes back to the last good revision after a failure.
    pub(crate) async fn go_back(&self, cx: &Context, err: ActionError) -> ActionError {
        cx.cluster.step("rolling-back", "Upgrade failed and atomic is set, rolling back to last successful release");
        let words = || helm_text(&err);
        let history = match cx.history(&self.name).await {
            Ok(history) => history,
            Err(second) => {
                return ActionError::from(second).context(format!(
                    "an error occurred while finding last successful release. original upgrade error: {}",
                    words()
                ));
            }
        };
        let good = |release: &&Release| matches!(release.info.status, Status::Superseded | Status::Deployed);
        let Some(good) = history.iter().rev().find(good) else {
            return err.context(
                "unable to find a previously successful release when attempting to rollback. original upgrade error",
            );
        };
        let rollback = Rollback {
            version: good.version,
            wait: waiting_if(true, self.wait, cx.helm),
            wait_for_jobs: self.wait_for_jobs,
            disable_hooks: self.disable_hooks,
            recreate: self.recreate,
            force: self.force,
            timeout: self.timeout,
            server_side_apply: self.server_side_apply,
            force_conflicts: self.force_conflicts,
            ..Rollback::new(&self.name)
        };
        match Box::pin(rollback.run(cx)).await {
            Ok(_) => {
                let flag = cx.says("atomic", "rollback-on-failure");
                err.context(format!("release {} failed, and has been rolled back due to {flag} being set", self.name))
            }
            Err(second) => second.context(format!(
                "an error occurred while rolling back the release. original upgrade error: {}",
                words()
            )),
        }
    }
}

/// Renews pods; failures are only told.
pub(crate) async fn recreate(cx: &Context, resources: &[Resource]) {
    if let Err(err) = cx.cluster.recreate_pods(resources).await {
        cx.warn(helm_text(&err));
    }
}

/// The sentence when cleaning up behind a failure fails.
pub(crate) fn cleanup_failure(errors: &[helmd_kube::KubeError], verb: &str, original: &ActionError) -> ActionError {
    let texts: Vec<String> = errors.iter().map(|err| helm_text(err)).collect();
    let text = format!(
        "an error occurred while cleaning up resources. original {verb} error: {}: unable to cleanup resources: {}",
        helm_text(original),
        texts.join(", ")
    );
    ActionError::Joined { text, kind: original.kind() }
}
