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
        let (current, mut release) = self.prepare(cx).await?;
        if self.dry_run {
            return Ok(release);
        }
        cx.cluster.step("recording", format!("recording {} revision {}", self.name, release.version));
        cx.storage.create(&release, self.history_max).await?;
        self.perform(cx, current, &mut release).await?;
        cx.storage.update(&release).await?;
        Ok(release)
    }

    async fn prepare(&self, cx: &Context) -> Result<(Release, Release), ActionError> {
        if validate_release_name(&self.name).is_err() {
            return Err(ActionError::InvalidName { place: "prepareRollback: R", name: self.name.clone() });
        }
        if self.version < 0 {
            return Err(ActionError::InvalidRevision);
        }
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
        };
        Ok((current, release))
    }

    async fn perform(&self, cx: &Context, mut former: Release, release: &mut Release) -> Result<(), ActionError> {
        let server_side = release.apply_method == ApplyMethod::ServerSide;
        let hook_run = HookRun::new(self.timeout, server_side);
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
            // HELM: a hook that fails here leaves the new revision pending.
            hooks::run(cx, release, &HookEvent::PreRollback, hook_run).await?;
        }
        ownership::mark(&mut target, &self.name, &release.namespace);
        // HELM: the client refuses it when the revision is recorded already.
        if let Err(err) = options::check_apply(server_side, self.force, self.force_conflicts) {
            return Err(self.fail(&cx.uncancelled(), (&mut former, release), &[], err).await);
        }
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
        let waiting = Waiting { strategy: self.wait, jobs: self.wait_for_jobs, timeout: self.timeout };
        if let Err(err) = wait(cx, &target, waiting).await {
            let cx = &cx.uncancelled();
            release.set_status(Status::Failed, format!("Release {:?} failed: {}", self.name, helm_text(&err)));
            cx.record(release).await;
            return Err(err.context(format!("release {} failed", self.name)));
        }
        if !self.disable_hooks {
            hooks::run(cx, release, &HookEvent::PostRollback, hook_run).await?;
        }
        for mut deployed in cx.storage.deployed_all(&self.name).await? {
            deployed.info.status = Status::Superseded;
            cx.record(&deployed).await;
        }
        release.info.status = Status::Deployed;
        Ok(())
    }

    async fn fail(
        &self,
        cx: &Context,
        (former, release): (&mut Release, &mut Release),
        created: &[helmd_kube::Resource],
        err: ActionError,
    ) -> ActionError {
        former.info.status = Status::Superseded;
        release.set_status(Status::Failed, format!("Rollback {:?} failed: {}", self.name, helm_text(&err)));
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
