//! `helm uninstall`.

use std::time::Duration;

use helmd_chart::HelmMajor;
use helmd_chart::names::validate_release_name;
use helmd_kube::{ErrorKind, Explanation, Propagation, Resource, WaitStrategy, helm_text};
use helmd_release::{HookEvent, Release, Status, uninstall_info};
use helmd_storage::StorageError;

use crate::context::Context;
use crate::error::ActionError;
use crate::get::release_content;
use crate::hooks::{self, HookRun};
use crate::operation::{self, Journal, JournalOptions, Step, Verb};
use crate::options::DEFAULT_TIMEOUT;
use crate::ownership;

/// Removes a release's objects, and its records unless they are to stay.
#[derive(Debug, Clone)]
pub struct Uninstall {
    /// Release.
    pub name: String,
    /// Run no hooks.
    pub disable_hooks: bool,
    /// Only look whether the release exists.
    pub dry_run: bool,
    /// A missing release is no error.
    pub ignore_not_found: bool,
    /// Keep the records, the newest with status `uninstalled`.
    pub keep_history: bool,
    /// Wait until the objects are gone.
    pub wait: bool,
    /// `background`, `foreground`, `orphan`; other words mean `background`.
    pub delete_propagation: String,
    /// For the wait and each hook. Zero: hooks have no limit, and a wait ends after one look.
    pub timeout: Duration,
    /// The record's description; Helm's when empty.
    pub description: String,
}

/// What an uninstall gives back.
#[derive(Debug, Clone, Default)]
pub struct Uninstalled {
    /// The newest revision; nothing when the release was missing and that was no error.
    pub release: Option<Release>,
    /// Which objects were kept because of their policy; empty when none were.
    pub info: String,
}

impl Uninstall {
    /// An uninstall with Helm's defaults.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            disable_hooks: false,
            dry_run: false,
            ignore_not_found: false,
            keep_history: false,
            wait: false,
            delete_propagation: String::new(),
            timeout: DEFAULT_TIMEOUT,
            description: String::new(),
        }
    }

    /// Uninstalls.
    ///
    /// # Errors
    /// In Helm's sentences; [`ActionError::Uninstalled`] when the release is gone but not all went well.
    pub async fn run(self, cx: &Context) -> Result<Uninstalled, ActionError> {
        cx.cluster.check_reachable().await?;
        if self.dry_run {
            let release = release_content(cx, &self.name, 0).await;
            return match release {
                Err(err) if self.ignore_not_found && err.is_release_not_found() => Ok(Uninstalled::default()),
                release => {
                    let release = release?;
                    let info = match cx.helm {
                        HelmMajor::Helm3 => String::new(),
                        HelmMajor::Helm4 => ownership::told_of_uninstall(cx, &release).await,
                    };
                    Ok(Uninstalled { release: Some(release), info })
                }
            };
        }
        if validate_release_name(&self.name).is_err() {
            return Err(ActionError::InvalidName { place: "uninstall: R", name: self.name });
        }
        let held = operation::begin(cx, &self.name, self.journal(cx)).await?;
        let result = self.work(&held).await;
        operation::end(held, cx).await;
        result
    }

    /// What somebody else needs to end this.
    fn journal(&self, cx: &Context) -> Journal {
        let journal = cx.new_journal(
            Verb::Uninstall,
            JournalOptions {
                disable_hooks: self.disable_hooks,
                keep_history: self.keep_history,
                wait: if self.wait { WaitStrategy::Watcher.into() } else { WaitStrategy::HookOnly.into() },
                timeout_ms: JournalOptions::milliseconds(self.timeout),
                description: self.description.clone(),
                delete_propagation: self.delete_propagation.clone(),
                ..JournalOptions::default()
            },
        );
        // Nothing is prepared: what was begun is gone on with, and to delete what is gone does no harm.
        Journal { step: Step::Recording, ..journal }
    }

    /// The uninstall of which a journal tells.
    pub(crate) fn of_journal(name: &str, journal: &Journal) -> Self {
        let options = &journal.options;
        Self {
            disable_hooks: options.disable_hooks,
            keep_history: options.keep_history,
            wait: WaitStrategy::from(options.wait) != WaitStrategy::HookOnly,
            timeout: options.timeout(),
            description: options.description.clone(),
            delete_propagation: options.delete_propagation.clone(),
            ..Self::new(name)
        }
    }

    pub(crate) async fn work(self, cx: &Context) -> Result<Uninstalled, ActionError> {
        let listing = match cx.storage.history(&self.name).await {
            Err(_) if self.ignore_not_found => return Ok(Uninstalled::default()),
            Err(err) => {
                return Err(ActionError::from(err).context(format!("uninstall: Release not loaded: {}", self.name)));
            }
            Ok(listing) => listing,
        };
        // Those whose records cannot be read go, too.
        let broken = listing.undecodable.iter().map(|record| record.revision);
        let revisions: Vec<i64> = listing.releases.iter().map(|release| release.version).chain(broken).collect();
        let mut history = cx.readable(listing);
        let Some(release) = history.pop() else {
            return Err(ActionError::Options("no release provided".to_owned()));
        };
        if release.info.status == Status::Uninstalled {
            return self.purge_again(cx, release, &revisions).await;
        }
        self.perform(cx, release, &revisions).await
    }

    async fn purge_again(self, cx: &Context, release: Release, revisions: &[i64]) -> Result<Uninstalled, ActionError> {
        if self.keep_history {
            return Err(ActionError::AlreadyDeleted(self.name));
        }
        self.purge(cx, revisions).await?;
        Ok(Uninstalled { release: Some(release), info: String::new() })
    }

    async fn perform(self, cx: &Context, mut release: Release, revisions: &[i64]) -> Result<Uninstalled, ActionError> {
        release.info.deleted = Some(cx.now());
        release.set_status(Status::Uninstalling, "Deletion in progress (or silently failed)");
        // HELM: version 4 always lets the server apply these.
        let hook_run = HookRun::new(cx, self.timeout, cx.helm == HelmMajor::Helm4, WaitStrategy::Watcher);
        if !self.disable_hooks {
            hooks::run(cx, &mut release, &HookEvent::PreDelete, hook_run).await?;
        }
        cx.record(&release).await;
        let (resources, info) = self.delete(cx, &release).await?;
        let mut errors = Vec::new();
        if self.wait {
            if !cx.was_beyond(Step::Waiting).await {
                cx.journal(Step::Waiting).await?;
            }
            cx.cluster.step("waiting", format!("waiting for {} objects to be gone", resources.len()));
            if let Err(err) = cx.cluster.wait_for_delete(&resources, self.timeout, hook_run.rules).await {
                errors.push(err.into());
            }
        }
        if !self.disable_hooks
            && let Err(err) = hooks::run(cx, &mut release, &HookEvent::PostDelete, hook_run).await
        {
            errors.push(err);
        }
        cx.journal_finishing().await?;
        let description = if self.description.is_empty() { "Uninstallation complete" } else { &self.description };
        release.set_status(Status::Uninstalled, description);
        if self.keep_history {
            release.explanation =
                errors.iter().find_map(ActionError::explanation).map(Explanation::kept).unwrap_or_default();
            cx.record(&release).await;
            for mut deployed in cx.deployed_all(&self.name).await? {
                deployed.info.status = Status::Superseded;
                cx.record(&deployed).await;
            }
        } else if let Err(err) = self.purge(cx, revisions).await {
            errors.push(err);
        }
        if errors.is_empty() {
            Ok(Uninstalled { release: Some(release), info })
        } else {
            Err(ActionError::Uninstalled(errors))
        }
    }

    /// Deletes the objects of the manifest that are not kept; gives them and the text about the kept.
    async fn delete(&self, cx: &Context, release: &Release) -> Result<(Vec<Resource>, String), ActionError> {
        let failed = |reasons: Vec<String>, kind: ErrorKind| {
            for reason in &reasons {
                cx.warn(format!("uninstall: Failed to delete release: {reason}"));
            }
            ActionError::Delete { name: self.name.clone(), reasons, kind }
        };
        let plan = uninstall_info(&release.manifest, cx.helm).map_err(|err| {
            let reason = helm_text(&err);
            failed(
                vec![format!("corrupted release record. You must manually delete the resources: {reason}")],
                ErrorKind::Internal,
            )
        })?;
        let manifest: String = plan.delete.iter().map(|manifest| format!("\n---\n{}", manifest.content)).collect();
        let resources = cx.cluster.build(&manifest, false).await.map_err(|err| {
            let reason = helm_text(&err);
            failed(vec![format!("unable to build kubernetes objects for delete: {reason}")], err.kind())
        })?;
        let (resources, info) = match cx.helm {
            HelmMajor::Helm3 => (resources, plan.info),
            HelmMajor::Helm4 => ownership::to_delete(cx, resources, release, plan.info).await,
        };
        if !resources.is_empty() {
            cx.cluster.step("deleting", format!("deleting {} objects", resources.len()));
            let propagation = Propagation::from_flag(&self.delete_propagation);
            cx.cluster.delete_all(&resources, propagation).await.map_err(|errors| {
                let kind = errors.first().map_or(ErrorKind::Internal, helmd_kube::KubeError::kind);
                failed(errors.iter().map(|err| helm_text(err)).collect(), kind)
            })?;
        }
        Ok((resources, info))
    }

    /// HELM: forgets the revisions that there were at the beginning.
    async fn purge(&self, cx: &Context, revisions: &[i64]) -> Result<(), ActionError> {
        let failed = |err: StorageError| ActionError::from(err).context("uninstall: Failed to purge the release");
        for revision in revisions {
            match cx.storage.delete(&self.name, *revision).await {
                // Somebody else was faster.
                Ok(()) | Err(StorageError::NotFound) => {}
                Err(err) => return Err(failed(err)),
            }
        }
        Ok(())
    }
}
