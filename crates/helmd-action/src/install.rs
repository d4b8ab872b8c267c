//! `helm install`.

use std::collections::BTreeMap;
use std::time::Duration;

use helmd_chart::names::validate_release_name;
use helmd_chart::{Chart, HelmMajor, Values};
use helmd_kube::{ApplyOptions, Resource, WaitStrategy, helm_text};
use helmd_release::{ApplyMethod, HookEvent, Info, Release, Status, contains_system_labels};
use helmd_values::ReleaseOptions;
use serde_json::json;

use crate::claim::{self, Claim, Claimed};
use crate::context::Context;
use crate::crds::Crds;
use crate::error::ActionError;
use crate::hooks::{self, HookRun};
use crate::operation::{self, Journal, JournalOptions, Step, Verb};
use crate::options::{self, DEFAULT_TIMEOUT, DryRun, Rendering, ServerSideApply, Waiting};
use crate::uninstall::Uninstall;
use crate::wording::REACHABILITY;
use crate::{capabilities, crds, ownership, render};

/// Installs a chart as revision 1 of a new release. Fields carry the names of Helm's flags.
#[derive(Debug, Clone)]
pub struct Install {
    /// Release.
    pub name: String,
    /// Chart, with its dependencies inside.
    pub chart: Chart,
    /// The user's values.
    pub values: Values,
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
    /// Uninstall when it fails; waits.
    pub atomic: bool,
    /// Leave the chart's CRDs alone.
    pub skip_crds: bool,
    /// What becomes of the chart's CRDs; created if they are missing when nothing is said.
    pub crds: Option<Crds>,
    /// Also take the notes of subcharts.
    pub sub_notes: bool,
    /// Create the namespace when it is missing.
    pub create_namespace: bool,
    /// Labels for a namespace that is created, beside Helm's `name`.
    pub namespace_labels: BTreeMap<String, String>,
    /// Replace objects that exist already as a whole.
    pub force: bool,
    /// Take over objects that exist and belong to nobody known.
    pub take_ownership: bool,
    /// Use the name of an uninstalled or failed release again.
    pub replace: bool,
    /// The user's labels on the record.
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

impl Install {
    /// An installation with Helm 3's defaults.
    #[must_use]
    pub fn new(name: impl Into<String>, chart: Chart, values: Values) -> Self {
        Self {
            name: name.into(),
            chart,
            values,
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
            take_ownership: false,
            replace: false,
            labels: BTreeMap::new(),
            disable_open_api_validation: false,
            skip_schema_validation: false,
            hide_secret: false,
            server_side_apply: ServerSideApply::False,
            force_conflicts: false,
        }
    }

    /// Installs; the order of lines is the order of effects.
    ///
    /// # Errors
    /// In Helm's sentences. From the moment that the record is written a failure is in it, too.
    pub async fn run(mut self, cx: &Context) -> Result<Release, ActionError> {
        let server_side = self.server_side_apply.resolve(None);
        cx.step(REACHABILITY, cx.cluster.check_reachable().await.map_err(ActionError::from))?;
        if self.hide_secret && !self.dry_run.stops_here() {
            return Err(cx.hides_secrets_of_install());
        }
        cx.step("release name check failed", self.require_free_name(cx).await)?;
        self.wait = waiting_if(self.atomic, self.wait, cx.helm);
        if self.dry_run.stops_here() {
            return self.work(cx, server_side).await;
        }
        self.work(&cx.clone().patient(self.timeout), server_side).await
    }

    async fn work(&mut self, cx: &Context, server_side: bool) -> Result<Release, ActionError> {
        let (release, resources) = self.prepare(cx, server_side).await?;
        let (adopted, unlooked) =
            self.look(cx, &release, &resources, server_side).await.map_err(|err| self.refused(cx, err))?;
        if self.dry_run.stops_here() {
            return Ok(Release {
                info: Info { description: "Dry run complete".to_owned(), ..release.info },
                ..release
            });
        }
        if self.create_namespace {
            self.create_namespace(cx, &options::apply_options(server_side, false, false)).await?;
        }
        // Only now there is a place for the Lease, and something to write down in it.
        let step = hooks::step_of_recording(&release.hooks, &HookEvent::PreInstall, self.disable_hooks);
        let journal = Journal { step, revision: release.version, ..self.journal(cx) };
        let held = operation::begin(cx, &self.name, journal).await?;
        let result = self.change(&held, release, resources, (adopted, &unlooked)).await;
        operation::end(held, cx).await;
        result
    }

    /// The objects that exist, and the places of those that were not looked for: their creation will tell.
    async fn look(
        &self,
        cx: &Context,
        release: &Release,
        resources: &[Resource],
        server_side: bool,
    ) -> Result<(Vec<Resource>, Vec<usize>), ActionError> {
        let plain = !(self.dry_run.stops_here() || server_side || self.replace || self.take_ownership);
        let unlooked = if plain { claim::unlooked(resources, release, !self.disable_hooks) } else { Vec::new() };
        if !unlooked.is_empty() {
            let others = resources.iter().enumerate().filter(|(place, _)| !unlooked.contains(place));
            let others: Vec<_> = others.map(|(_, resource)| resource.clone()).collect();
            if ownership::existing(cx, &others, &self.name, false).await.is_ok_and(|existing| existing.is_empty()) {
                return Ok((Vec::new(), unlooked));
            }
            // Which one is first in order, or what exists beside it: all are looked at.
        }
        Ok((ownership::existing(cx, resources, &self.name, self.take_ownership).await?, Vec::new()))
    }

    fn refused(&self, cx: &Context, err: ActionError) -> ActionError {
        err.context(cx.says("Unable to continue with install", "unable to continue with install"))
    }

    /// From the record on.
    async fn change(
        &self,
        cx: &Context,
        mut release: Release,
        mut resources: Vec<Resource>,
        (mut adopted, unlooked): (Vec<Resource>, &[usize]),
    ) -> Result<Release, ActionError> {
        if self.replace {
            self.supersede_last(cx, &mut release).await?;
            let revision = release.version;
            cx.journal_with(|journal| journal.revision = revision).await?;
        }
        cx.cluster.step("recording", format!("recording {} revision {}", release.name, release.version));
        cx.create_record(&mut release, 0).await?;
        let mut claimed = Claimed::new();
        if !unlooked.is_empty() {
            let apply = options::apply_options(false, self.force, self.force_conflicts);
            match claim::claim(cx, &release, &mut resources, (unlooked, &apply)).await {
                Claim::Made(made) => claimed = made,
                Claim::Ours(ours) => adopted = ours,
                Claim::Refused(err) => return Err(self.forget(&cx.uncancelled(), release, err).await),
                Claim::Failed(err) => return Err(self.fail(&cx.uncancelled(), release, cx.worded(err)).await),
            }
        }
        self.carry_out(cx, release, resources, (&adopted, claimed)).await
    }

    /// An install that Helm would have refused before its record: there is none.
    async fn forget(&self, cx: &Context, release: Release, err: ActionError) -> ActionError {
        let err = self.refused(cx, err);
        match cx.storage.delete(&release.name, release.version).await {
            Ok(()) => err,
            Err(failure) => {
                cx.warn(format!("Failed to delete release {}: {}", release.name, helm_text(&failure)));
                self.fail(cx, release, err).await
            }
        }
    }

    async fn carry_out(
        &self,
        cx: &Context,
        mut release: Release,
        mut resources: Vec<Resource>,
        objects: (&[Resource], Claimed),
    ) -> Result<Release, ActionError> {
        match self.perform(cx, &mut release, &mut resources, objects).await {
            Ok(()) => Ok(release),
            Err(err) => Err(self.fail(&cx.uncancelled(), release, cx.worded(err)).await),
        }
    }

    /// What somebody else needs to end this.
    fn journal(&self, cx: &Context) -> Journal {
        cx.new_journal(
            Verb::Install,
            JournalOptions {
                disable_hooks: self.disable_hooks,
                wait: self.wait.into(),
                wait_for_jobs: self.wait_for_jobs,
                timeout_ms: JournalOptions::milliseconds(self.timeout),
                atomic: self.atomic,
                force: self.force,
                force_conflicts: self.force_conflicts,
                take_ownership: self.take_ownership,
                disable_open_api_validation: self.disable_open_api_validation,
                description: self.description.clone(),
                ..JournalOptions::default()
            },
        )
    }

    /// The install of which a journal tells.
    pub(crate) fn of_journal(name: &str, journal: &Journal) -> Self {
        let options = &journal.options;
        Self {
            disable_hooks: options.disable_hooks,
            wait: options.wait.into(),
            wait_for_jobs: options.wait_for_jobs,
            timeout: options.timeout(),
            atomic: options.atomic,
            force: options.force,
            force_conflicts: options.force_conflicts,
            take_ownership: options.take_ownership,
            disable_open_api_validation: options.disable_open_api_validation,
            description: options.description.clone(),
            ..Self::new(name, Chart::default(), Values::default())
        }
    }

    /// Does the rest of an install that was recorded.
    pub(crate) async fn resume(&self, cx: &Context, release: Release) -> Result<Release, ActionError> {
        let mut resources = match cx.cluster.build(&release.manifest, !self.disable_open_api_validation).await {
            Ok(resources) => resources,
            Err(err) => {
                let err = err.context("unable to build kubernetes objects from release manifest");
                return Err(self.fail(&cx.uncancelled(), release, err.into()).await);
            }
        };
        ownership::mark(&mut resources, &self.name, cx.namespace());
        let adopted = match ownership::existing(cx, &resources, &self.name, self.take_ownership).await {
            Ok(adopted) => adopted,
            Err(err) => {
                let err = err.context("Unable to continue with install");
                return Err(self.fail(&cx.uncancelled(), release, err).await);
            }
        };
        self.carry_out(cx, release, resources, (&adopted, Claimed::new())).await
    }

    async fn require_free_name(&self, cx: &Context) -> Result<(), ActionError> {
        validate_release_name(&self.name)
            .map_err(|source| ActionError::ReleaseName { name: self.name.clone(), source })?;
        if self.dry_run.stops_here() {
            return Ok(());
        }
        // HELM: a store that cannot be asked counts as free here; writing the record will tell.
        let revisions = cx.storage.revisions(&self.name).await.unwrap_or_default();
        match revisions.last() {
            None => Ok(()),
            Some(last) if self.replace && matches!(last.status.as_str(), "uninstalled" | "failed") => Ok(()),
            Some(_) => Err(ActionError::NameInUse(cx.helm)),
        }
    }

    /// Everything up to the record: the release as it will be written, and its objects.
    async fn prepare(&mut self, cx: &Context, server_side: bool) -> Result<(Release, Vec<Resource>), ActionError> {
        let mut chart = std::mem::take(&mut self.chart);
        let settled = render::settle_for(cx, &mut chart, &self.values).await;
        cx.step("chart dependencies processing failed", settled)?;
        let policy = if self.skip_crds { Crds::Skip } else { self.crds.unwrap_or(Crds::Create) };
        let apply = options::apply_options(server_side, false, self.force_conflicts);
        crds::install_unless_dry(cx, &chart, policy, (self.dry_run, &apply)).await?;
        if contains_system_labels(&self.labels) {
            return Err(ActionError::SystemLabels);
        }
        let capabilities = capabilities::read(cx).await?;
        let named = ReleaseOptions {
            name: self.name.clone(),
            namespace: cx.namespace().to_owned(),
            revision: 1,
            is_upgrade: false,
            is_install: true,
        };
        let how = (capabilities, self.rendering(), self.dry_run.looks_up());
        let rendered = render::for_release(cx, chart, self.values.clone(), named, how).await?;
        let now = cx.now();
        let mut release = Release {
            name: self.name.clone(),
            namespace: cx.namespace().to_owned(),
            info: Info {
                first_deployed: Some(now),
                last_deployed: Some(now),
                notes: rendered.notes,
                ..Info::default()
            },
            chart: Some(rendered.chart),
            config: Some(std::mem::take(&mut self.values)),
            manifest: rendered.manifest,
            hooks: rendered.hooks,
            version: 1,
            labels: self.labels.clone(),
            apply_method: options::apply_method(server_side),
            ..Release::default()
        };
        release.set_status(Status::PendingInstall, "Initial install underway");
        let mut resources = cx
            .cluster
            .build(&release.manifest, !self.disable_open_api_validation)
            .await
            .map_err(|err| err.context("unable to build kubernetes objects from release manifest"))?;
        ownership::mark(&mut resources, &self.name, cx.namespace());
        Ok((release, resources))
    }

    fn rendering(&self) -> Rendering {
        Rendering {
            sub_notes: self.sub_notes,
            hide_secret: self.hide_secret,
            skip_schema_validation: self.skip_schema_validation,
        }
    }

    async fn create_namespace(&self, cx: &Context, apply: &ApplyOptions) -> Result<(), ActionError> {
        let mut labels = self.namespace_labels.clone();
        labels.insert("name".to_owned(), cx.namespace().to_owned());
        // HELM: the empty parts are Go's; the server notes who applied them.
        let namespace = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": cx.namespace(), "labels": labels},
            "spec": {},
            "status": {},
        });
        let mut resources = [cx.cluster.resource(namespace).await?];
        match cx.cluster.create_all(&mut resources, apply).await {
            Err(err) if !err.is_already_exists() => Err(err.into()),
            _ => Ok(()),
        }
    }

    async fn supersede_last(&self, cx: &Context, release: &mut Release) -> Result<(), ActionError> {
        let Ok(mut last) = cx.storage.last(&self.name).await else { return Ok(()) };
        release.version = last.version + 1;
        if last.info.status == Status::Failed {
            return Ok(());
        }
        last.set_status(Status::Superseded, "superseded by new release");
        Ok(cx.storage.update(&last).await?)
    }

    async fn perform(
        &self,
        cx: &Context,
        release: &mut Release,
        resources: &mut [Resource],
        objects: (&[Resource], Claimed),
    ) -> Result<(), ActionError> {
        let server_side = release.apply_method == ApplyMethod::ServerSide;
        let hook_run = HookRun::new(cx, self.timeout, server_side, self.wait);
        if !self.disable_hooks {
            hooks::run(cx, release, &HookEvent::PreInstall, hook_run)
                .await
                .map_err(|err| err.context("failed pre-install"))?;
        }
        self.apply(cx, resources, objects, server_side).await?;
        let waiting = Waiting { strategy: self.wait, jobs: self.wait_for_jobs, timeout: self.timeout };
        wait(cx, resources, waiting).await?;
        if !self.disable_hooks {
            hooks::run(cx, release, &HookEvent::PostInstall, hook_run)
                .await
                .map_err(|err| err.context("failed post-install"))?;
        }
        let description = if self.description.is_empty() { "Install complete" } else { &self.description };
        release.set_status(Status::Deployed, description);
        cx.record(release).await;
        Ok(())
    }

    async fn apply(
        &self,
        cx: &Context,
        resources: &mut [Resource],
        (adopted, claimed): (&[Resource], Claimed),
        server_side: bool,
    ) -> Result<(), ActionError> {
        if resources.is_empty() || cx.was_beyond(Step::Applying).await {
            return Ok(());
        }
        cx.journal(Step::Applying).await?;
        cx.cluster.step("applying", format!("applying {} objects", resources.len()));
        let apply = options::apply_options(server_side, self.force, self.force_conflicts);
        if !claimed.is_empty() {
            return Ok(claim::create_others(cx, resources, claimed, &apply).await?);
        }
        if adopted.is_empty() {
            return Ok(cx.cluster.create_all(resources, &apply).await?);
        }
        // HELM: only what exists already can be forced.
        options::check_apply(server_side, self.force, self.force_conflicts)?;
        let apply = ApplyOptions {
            three_way_merge_for_unstructured: self.take_ownership && !server_side,
            upgrade_client_side_field_manager: true,
            ..apply
        };
        let (_, outcome) = cx.cluster.update_all(adopted, resources, &apply).await;
        Ok(outcome?)
    }

    pub(crate) async fn fail(&self, cx: &Context, mut release: Release, err: ActionError) -> ActionError {
        if let Err(lost) = cx.go_back(self.atomic).await {
            return lost;
        }
        err.fail(&mut release, format!("Release {:?} failed: {}", self.name, helm_text(&err)));
        if !self.atomic {
            cx.record(&release).await;
            return err;
        }
        self.go_away(cx, err).await
    }

    /// Takes a failed install away again.
    pub(crate) async fn go_away(&self, cx: &Context, err: ActionError) -> ActionError {
        cx.cluster.step("uninstalling", "Install failed and atomic is set, uninstalling release");
        let uninstall =
            Uninstall { disable_hooks: self.disable_hooks, timeout: self.timeout, ..Uninstall::new(&self.name) };
        match Box::pin(uninstall.run(cx)).await {
            Ok(_) => {
                let flag = cx.says("atomic", "rollback-on-failure");
                err.context(format!("release {} failed, and has been uninstalled due to {flag} being set", self.name))
            }
            Err(second) => second.context(format!(
                "an error occurred while uninstalling the release. original install error: {}",
                helm_text(&err)
            )),
        }
    }
}

/// Atomic work has to wait for its result.
pub(crate) fn waiting_if(atomic: bool, wait: WaitStrategy, helm: HelmMajor) -> WaitStrategy {
    match (wait, helm) {
        (WaitStrategy::HookOnly, HelmMajor::Helm3) if atomic => WaitStrategy::Legacy,
        (WaitStrategy::HookOnly, HelmMajor::Helm4) if atomic => WaitStrategy::Watcher,
        _ => wait,
    }
}

/// Waits for objects as the options say.
pub(crate) async fn wait(cx: &Context, resources: &[Resource], waiting: Waiting) -> Result<(), ActionError> {
    if waiting.strategy == WaitStrategy::HookOnly || cx.was_beyond(Step::Waiting).await {
        return Ok(());
    }
    cx.journal(Step::Waiting).await?;
    cx.cluster.step("waiting", format!("waiting for {} objects to be ready", resources.len()));
    Ok(cx.cluster.wait(resources, waiting.options()).await?)
}
