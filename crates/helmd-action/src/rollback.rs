//! `helm rollback`.

use std::time::Duration;

use helmd_chart::names::validate_release_name;
use helmd_kube::{ApplyOptions, Propagation, WaitStrategy, helm_text};
use helmd_release::{ApplyMethod, HookEvent, Info, Release, Status};
use helmd_storage::StorageError;

use crate::context::Context;
use crate::error::ActionError;
use crate::hooks::{self, HookRun};
use crate::install::wait;
use crate::operation::{self, Journal, JournalOptions, Step, Verb};
use crate::options::{self, DEFAULT_TIMEOUT, ServerSideApply, Waiting};
use crate::ownership;
use crate::upgrade::{cleanup_failure, recreate};

/// Brings a release back to what an earlier revision was, as a new revision.
#[derive(Debug, Clone)]
pub struct Rollback {
    /// Release.
    pub name: String,
    /// The revision to go back to; 0 is the one before the newest.
    pub version: i64,
    /// Change nothing.
    pub dry_run: bool,
    /// Run no hooks.
    pub disable_hooks: bool,
    /// What is waited for.
    pub wait: WaitStrategy,
    /// Also wait for jobs to complete.
    pub wait_for_jobs: bool,
    /// For each wait and each hook.
    pub timeout: Duration,
    /// Renew the pods of changed objects.
    pub recreate: bool,
    /// Replace existing objects as a whole.
    pub force: bool,
    /// Delete what was created when it fails.
    pub cleanup_on_fail: bool,
    /// How many revisions are kept (0: all).
    pub history_max: usize,
    /// The record's description; Helm's when empty.
    pub description: String,
    /// Who computes what objects become; `Auto` is as the target revision did.
    pub server_side_apply: ServerSideApply,
    /// Take fields away from other managers (server-side).
    pub force_conflicts: bool,
}

impl Rollback {
    /// A rollback to the revision before the newest, with Helm's defaults.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: 0,
            dry_run: false,
            disable_hooks: false,
            wait: WaitStrategy::HookOnly,
            wait_for_jobs: false,
            timeout: DEFAULT_TIMEOUT,
            recreate: false,
            force: false,
            cleanup_on_fail: false,
            history_max: 0,
            description: String::new(),
            server_side_apply: ServerSideApply::Auto,
            force_conflicts: false,
        }
    }

    /// Rolls back.
    ///
    /// # Errors
    /// In Helm's sentences.
    pub async fn run(self, cx: &Context) -> Result<Release, ActionError> {
        cx.cluster.check_reachable().await?;
        if validate_release_name(&self.name).is_err() {
            return Err(ActionError::InvalidName { place: "prepareRollback: R", name: self.name.clone() });
        }
        if self.version < 0 {
            return Err(ActionError::InvalidRevision);
        }
        if self.dry_run {
            return self.prepare(cx).await.map(|(_, release)| release);
        }
        let held = operation::begin(cx, &self.name, self.journal(cx)).await?;
        let result = self.work(&held).await;
        operation::end(held, cx).await;
        result
    }

    async fn work(&self, cx: &Context) -> Result<Release, ActionError> {
        let (current, mut release) = self.prepare(cx).await?;
        cx.cluster.step("recording", format!("recording {} revision {}", self.name, release.version));
        let (revision, former, target) = (release.version, current.version, release.info.rollback_revision);
        let step = hooks::step_of_recording(&release.hooks, &HookEvent::PreRollback, self.disable_hooks);
        cx.journal_with(|journal| {
            journal.step = step;
            journal.revision = revision;
            journal.former = former;
            journal.target = target;
        })
        .await?;
        cx.create_record(&mut release, self.history_max).await?;
        self.resume(cx, current, release).await
    }

    /// Does the rest of a rollback that was recorded.
    pub(crate) async fn resume(
        &self,
        cx: &Context,
        current: Release,
        mut release: Release,
    ) -> Result<Release, ActionError> {
        if let Err(err) = self.perform(cx, current, &mut release).await {
            // Helm leaves a revision whose hooks have failed pending, for ever.
            if release.info.status.is_pending() {
                let cx = &cx.uncancelled();
                cx.go_back(false).await?;
                err.fail(&mut release, format!("Rollback {:?} failed: {}", self.name, helm_text(&err)));
                cx.record(&release).await;
            }
            return Err(err);
        }
        cx.storage.update(&release).await?;
        Ok(release)
    }

    /// What somebody else needs to end this.
    fn journal(&self, cx: &Context) -> Journal {
        let journal = cx.new_journal(
            Verb::Rollback,
            JournalOptions {
                disable_hooks: self.disable_hooks,
                wait: self.wait.into(),
                wait_for_jobs: self.wait_for_jobs,
                timeout_ms: JournalOptions::milliseconds(self.timeout),
                cleanup_on_fail: self.cleanup_on_fail,
                force: self.force,
                force_conflicts: self.force_conflicts,
                recreate: self.recreate,
                server_side: self.server_side_apply.given(),
                history_max: self.history_max,
                description: self.description.clone(),
                ..JournalOptions::default()
            },
        );
        Journal { target: self.version, ..journal }
    }

    /// The rollback of which a journal tells.
    pub(crate) fn of_journal(name: &str, journal: &Journal) -> Self {
        let options = &journal.options;
        Self {
            version: journal.target,
            disable_hooks: options.disable_hooks,
            wait: options.wait.into(),
            wait_for_jobs: options.wait_for_jobs,
            timeout: options.timeout(),
            cleanup_on_fail: options.cleanup_on_fail,
            force: options.force,
            force_conflicts: options.force_conflicts,
            recreate: options.recreate,
            server_side_apply: options.server_side_apply(),
            history_max: options.history_max,
            description: options.description.clone(),
            ..Self::new(name)
        }
    }

    async fn prepare(&self, cx: &Context) -> Result<(Release, Release), ActionError> {
        let current = cx.storage.last(&self.name).await?;
        let version = if self.version == 0 { current.version - 1 } else { self.version };
        let former = match cx.storage.get(&self.name, version).await {
            Err(StorageError::NotFound) => return Err(ActionError::NoRevision(version)),
            other => other?,
        };
        let server_side = self.server_side_apply.resolve(Some(&former.apply_method));
        let description =
            if self.description.is_empty() { format!("Rollback to {version}") } else { self.description.clone() };
        let release = Release {
            name: self.name.clone(),
            namespace: current.namespace.clone(),
            info: Info {
                first_deployed: current.info.first_deployed,
                last_deployed: Some(cx.now()),
                status: Status::PendingRollback,
                notes: former.info.notes,
                description,
                rollback_revision: version,
                ..Info::default()
            },
            chart: former.chart,
            config: former.config,
            manifest: former.manifest,
            hooks: former.hooks,
            version: current.version + 1,
            labels: former.labels,
            apply_method: options::apply_method(server_side),
            ..Release::default()
        };
        Ok((current, release))
    }

    async fn perform(&self, cx: &Context, mut former: Release, release: &mut Release) -> Result<(), ActionError> {
        let server_side = release.apply_method == ApplyMethod::ServerSide;
        let hook_run = HookRun::new(cx, self.timeout, server_side, self.wait);
        let current = cx
            .cluster
            .build(&former.manifest, false)
            .await
            .map_err(|err| err.context("unable to build kubernetes objects from current release manifest"))?;
        let mut target = cx
            .cluster
            .build(&release.manifest, false)
            .await
            .map_err(|err| err.context("unable to build kubernetes objects from new release manifest"))?;
        if !self.disable_hooks {
            hooks::run(cx, release, &HookEvent::PreRollback, hook_run).await?;
        }
        ownership::mark(&mut target, &self.name, &release.namespace);
        // HELM: the client refuses it when the revision is recorded already.
        if let Err(err) = options::check_apply(server_side, self.force, self.force_conflicts) {
            return Err(self.fail(&cx.uncancelled(), (&mut former, release), &[], err).await);
        }
        if !cx.was_beyond(Step::Applying).await {
            cx.journal(Step::Applying).await?;
            cx.cluster.step("applying", format!("applying {} objects", target.len()));
            let apply = ApplyOptions {
                upgrade_client_side_field_manager: server_side,
                ..options::apply_options(server_side, self.force, self.force_conflicts)
            };
            let (result, outcome) = cx.cluster.update_all(&current, &mut target, &apply).await;
            if let Err(err) = outcome {
                return Err(self.fail(&cx.uncancelled(), (&mut former, release), &result.created, err.into()).await);
            }
            if self.recreate {
                recreate(cx, &result.updated).await;
            }
        }
        let waiting = Waiting { strategy: self.wait, jobs: self.wait_for_jobs, timeout: self.timeout };
        if let Err(err) = wait(cx, &target, waiting).await {
            let cx = &cx.uncancelled();
            cx.go_back(false).await?;
            err.fail(release, format!("Release {:?} failed: {}", self.name, helm_text(&err)));
            cx.record(release).await;
            return Err(err.context(format!("release {} failed", self.name)));
        }
        if !self.disable_hooks {
            hooks::run(cx, release, &HookEvent::PostRollback, hook_run).await?;
        }
        // Pods are not renewed twice.
        if self.recreate {
            cx.journal(Step::Finishing).await?
        } else {
            cx.journal_finishing().await?
        }
        for mut deployed in cx.deployed_all(&self.name).await? {
            deployed.info.status = Status::Superseded;
            cx.record(&deployed).await;
        }
        release.info.status = Status::Deployed;
        Ok(())
    }

    pub(crate) async fn fail(
        &self,
        cx: &Context,
        (former, release): (&mut Release, &mut Release),
        created: &[helmd_kube::Resource],
        err: ActionError,
    ) -> ActionError {
        if let Err(lost) = cx.go_back(false).await {
            return lost;
        }
        former.info.status = Status::Superseded;
        err.fail(release, format!("Rollback {:?} failed: {}", self.name, helm_text(&err)));
        cx.log_failure(&release.info.description, &[]);
        cx.record(former).await;
        cx.record(release).await;
        if self.cleanup_on_fail
            && !created.is_empty()
            && let Err(errors) = cx.cluster.delete_all(created, Propagation::Background).await
        {
            return cleanup_failure(&errors, "rollback", &err);
        }
        err
    }
}
