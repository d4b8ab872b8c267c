//! Changing many objects: create, update, delete, in Helm's order and with Helm's patience.

use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use serde_json::{Value as Json, json};

use crate::cluster::Cluster;
use crate::error::KubeError;
use crate::managed_fields;
use crate::patch;
use crate::progress::{Done, Event};
use crate::resource::{Resource, Write};

/// How many objects of one kind are changed at a time.
const PARALLEL: usize = 16;
/// How often a change is tried when somebody else changed the object meanwhile.
const CONFLICT_TRIES: usize = 5;
/// Pause between such tries.
const CONFLICT_PAUSE: Duration = Duration::from_millis(10);
/// Objects with this annotation set to `keep` are not deleted.
pub const RESOURCE_POLICY: &str = "helm.sh/resource-policy";
/// The value that keeps an object.
pub const KEEP: &str = "keep";

/// Who computes what an object becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The client, by a three-way merge (Helm 3; release field `apply_method: csa`).
    ClientSide,
    /// The server (Helm 4's default; `ssa`).
    ServerSide {
        /// Take fields away from other managers instead of failing.
        force_conflicts: bool,
    },
}

/// What the server does about fields that it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldValidation {
    /// Not said: it warns.
    #[default]
    ServerDefault,
    /// It drops them.
    Ignore,
    /// It warns.
    Warn,
    /// It refuses the object.
    Strict,
}

impl FieldValidation {
    pub(crate) fn parameter(self) -> Option<&'static str> {
        match self {
            Self::ServerDefault => None,
            Self::Ignore => Some("Ignore"),
            Self::Warn => Some("Warn"),
            Self::Strict => Some("Strict"),
        }
    }
}

/// What becomes of the objects that belong to a deleted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// They are deleted afterwards.
    #[default]
    Background,
    /// They are deleted first.
    Foreground,
    /// They stay.
    Orphan,
}

impl Propagation {
    /// Reads Helm's flag; unknown words mean background, as Helm has it.
    #[must_use]
    pub fn from_flag(text: &str) -> Self {
        match text {
            "foreground" => Self::Foreground,
            "orphan" => Self::Orphan,
            _ => Self::Background,
        }
    }

    /// As options of a deletion.
    pub(crate) fn options(self) -> Json {
        json!({"propagationPolicy": self.parameter()})
    }

    fn parameter(self) -> &'static str {
        match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        }
    }
}

/// How objects are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApplyOptions {
    /// Who computes what an object becomes.
    pub method: Method,
    /// Replace existing objects as a whole (`--force`).
    pub force_replace: bool,
    /// Custom resources: merge with the live object too, instead of only comparing manifests.
    pub three_way_merge_for_unstructured: bool,
    /// Take over fields that Helm changed by client-side apply before applying server-side.
    pub upgrade_client_side_field_manager: bool,
    /// What the server does about unknown fields when it applies or replaces.
    pub field_validation: FieldValidation,
    /// The server answers as if, and changes nothing.
    pub dry_run: bool,
}

impl ApplyOptions {
    /// Helm 3's way.
    #[must_use]
    pub fn client_side() -> Self {
        Self {
            method: Method::ClientSide,
            force_replace: false,
            three_way_merge_for_unstructured: false,
            upgrade_client_side_field_manager: false,
            field_validation: FieldValidation::ServerDefault,
            dry_run: false,
        }
    }

    /// Helm 4's way.
    #[must_use]
    pub fn server_side(force_conflicts: bool) -> Self {
        Self {
            method: Method::ServerSide { force_conflicts },
            field_validation: FieldValidation::Strict,
            ..Self::client_side()
        }
    }

    fn write(&self) -> Write {
        Write { validation: self.field_validation, dry_run: self.dry_run }
    }
}

/// What an update did, also when it ended early.
#[derive(Debug, Default)]
pub struct ApplyResult {
    /// New objects.
    pub created: Vec<Resource>,
    /// Objects that existed (changed or not).
    pub updated: Vec<Resource>,
    /// Objects of the former manifest that were deleted.
    pub deleted: Vec<Resource>,
}

impl Cluster {
    /// Creates all objects, kind after kind, and takes over what the server answers.
    ///
    /// # Errors
    /// [`KubeError::NoObjects`] for an empty list; [`KubeError::Performed`] with every failure.
    pub async fn create_all(&self, resources: &mut [Resource], options: &ApplyOptions) -> Result<(), KubeError> {
        if resources.is_empty() {
            return Err(KubeError::NoObjects);
        }
        let results = self.create_each(resources, options).await?;
        let errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        if errors.is_empty() { Ok(()) } else { Err(KubeError::Performed(errors)) }
    }

    /// As [`Cluster::create_all`], with what became of each.
    ///
    /// # Errors
    /// When the work is cancelled.
    pub async fn create_each(
        &self,
        resources: &mut [Resource],
        options: &ApplyOptions,
    ) -> Result<Vec<Result<(), KubeError>>, KubeError> {
        let mut results = Vec::with_capacity(resources.len());
        for batch in resources.chunk_by_mut(|a, b| a.mapping.kind == b.mapping.kind) {
            self.check_cancelled()?;
            let work =
                stream::iter(batch.iter_mut().map(|resource| self.create(resource, options)).collect::<Vec<_>>());
            results.extend(work.buffered(PARALLEL).collect::<Vec<_>>().await);
        }
        Ok(results)
    }

    /// Takes an object away again as it was created: not another one that has its name by now.
    ///
    /// # Errors
    /// The call's failure; that it is gone is none.
    pub async fn take_back(&self, created: &Resource) -> Result<(), KubeError> {
        let mut options = Propagation::Background.options();
        options["preconditions"] = json!({"uid": created.meta("uid")});
        match self.delete_one(created, &options).await {
            Err(err) if err.is_conflict() => Ok(()),
            result => result,
        }
    }

    /// Creates one object and takes over what the server answers.
    ///
    /// # Errors
    /// The server's refusal.
    pub async fn create(&self, resource: &mut Resource, options: &ApplyOptions) -> Result<(), KubeError> {
        if let Method::ServerSide { force_conflicts } = options.method
            && !resource.is_name_generated()
        {
            return self.apply(resource, force_conflicts, options).await;
        }
        resource.set_resource_version(None);
        let mut tries = 0;
        let object = loop {
            match self.post(resource, options.write()).await {
                Err(err) if err.is_conflict() && tries + 1 < CONFLICT_TRIES => {
                    tries += 1;
                    tokio::time::sleep(CONFLICT_PAUSE).await;
                }
                result => break result?,
            }
        };
        resource.refresh(object);
        self.report(Event::Object { done: Done::Created, object: resource.object_ref() });
        Ok(())
    }

    async fn apply(&self, resource: &mut Resource, force: bool, options: &ApplyOptions) -> Result<(), KubeError> {
        let mut tries = 0;
        let object = loop {
            match self.server_side_apply(resource, force, options.write()).await {
                Err(err) if is_quota_conflict(&err) && tries + 1 < CONFLICT_TRIES => {
                    tries += 1;
                    tokio::time::sleep(CONFLICT_PAUSE).await;
                }
                Err(err) => return Err(apply_failure(resource, err)),
                Ok(object) => break object,
            }
        };
        resource.refresh(object);
        self.report(Event::Object { done: Done::Updated, object: resource.object_ref() });
        Ok(())
    }

    /// Brings the cluster from the former manifest's objects to the wanted ones: creates what is
    /// missing, changes what differs, deletes what is no longer wanted unless its policy keeps it.
    ///
    /// The result tells what was tried also when it failed.
    ///
    /// # Errors
    /// A failure to create ends the work; failures to change are gathered and joined with ` && `.
    pub async fn update_all(
        &self,
        original: &[Resource],
        target: &mut [Resource],
        options: &ApplyOptions,
    ) -> (ApplyResult, Result<(), KubeError>) {
        let mut result = ApplyResult::default();
        let mut errors = Vec::new();
        let live: Vec<_> = stream::iter(target.iter().map(|resource| self.find(resource)).collect::<Vec<_>>())
            .buffered(PARALLEL)
            .collect()
            .await;
        for (resource, live) in target.iter_mut().zip(live) {
            if let Err(err) = self.check_cancelled() {
                return (result, Err(err));
            }
            match live {
                Err(err) => return (result, Err(err.context("could not get information about the resource"))),
                Ok(None) => {
                    let created = self.create(resource, options).await;
                    result.created.push(resource.clone());
                    if let Err(err) = created {
                        return (result, Err(err.context("failed to create resource")));
                    }
                }
                Ok(Some(live)) => {
                    let former = original.iter().find(|former| former.is_same(resource));
                    if let Err(err) = self.update(former, resource, live, options).await {
                        errors.push(err);
                    }
                    result.updated.push(resource.clone());
                }
            }
        }
        if !errors.is_empty() {
            return (result, Err(KubeError::Updates(errors)));
        }
        for former in original.iter().filter(|former| !target.iter().any(|wanted| wanted.is_same(former))) {
            if self.delete_former(former).await {
                result.deleted.push(former.clone());
            }
        }
        (result, Ok(()))
    }

    async fn update(
        &self,
        former: Option<&Resource>,
        target: &mut Resource,
        live: serde_json::Value,
        options: &ApplyOptions,
    ) -> Result<(), KubeError> {
        if options.force_replace {
            return self.replace(target, &live, options).await;
        }
        match options.method {
            Method::ServerSide { force_conflicts } => {
                if options.upgrade_client_side_field_manager {
                    self.upgrade_field_manager(target, live, options).await?;
                }
                self.apply(target, force_conflicts, options).await
            }
            Method::ClientSide => self.merge(former, target, live, options).await,
        }
    }

    async fn merge(
        &self,
        former: Option<&Resource>,
        target: &mut Resource,
        live: serde_json::Value,
        options: &ApplyOptions,
    ) -> Result<(), KubeError> {
        // HELM: an object that the former manifest did not have is compared with what it is now.
        let original = former.map_or(&live, |former| &former.object);
        let three_way = options.three_way_merge_for_unstructured;
        let patch = patch::client_side(original, target, &live, three_way)
            .map_err(|err| KubeError::Manifest(err).context("failed to create patch"))?;
        let Some((media_type, patch)) = patch else {
            target.refresh(live);
            self.report(Event::Object { done: Done::Unchanged, object: target.object_ref() });
            return Ok(());
        };
        let object = self
            .patch(target, media_type, &patch, options.write())
            .await
            .map_err(|err| err.context(format!("cannot patch {:?} with kind {}", target.name, target.mapping.kind)))?;
        target.refresh(object);
        self.report(Event::Object { done: Done::Updated, object: target.object_ref() });
        Ok(())
    }

    async fn replace(
        &self,
        target: &mut Resource,
        live: &serde_json::Value,
        options: &ApplyOptions,
    ) -> Result<(), KubeError> {
        if target.meta("resourceVersion").is_empty() {
            let version = live.get("metadata").and_then(|meta| meta.get("resourceVersion"));
            target.set_resource_version(version.and_then(serde_json::Value::as_str));
        }
        let object = self.put(target, options.write()).await.map_err(|err| err.context("failed to replace object"))?;
        target.refresh(object);
        self.report(Event::Object { done: Done::Replaced, object: target.object_ref() });
        Ok(())
    }

    async fn upgrade_field_manager(
        &self,
        target: &Resource,
        mut live: serde_json::Value,
        options: &ApplyOptions,
    ) -> Result<(), KubeError> {
        for _ in 0..CONFLICT_TRIES {
            let Some(patch) = managed_fields::upgrade_patch(&live) else { return Ok(()) };
            match self.json_patch(target, &patch, options.write()).await {
                Ok(_) => return Ok(()),
                Err(err) if err.is_conflict() => {
                    tokio::time::sleep(CONFLICT_PAUSE).await;
                    live = self.get(target).await?;
                }
                Err(err) => {
                    return Err(err.context(format!(
                        "failed to patch object to upgrade CSA field manager {}/{} {}",
                        target.namespace,
                        target.name,
                        target.mapping.gvk_text()
                    )));
                }
            }
        }
        Ok(())
    }

    /// Deletes an object that is no longer wanted; tells whether it did.
    ///
    /// HELM: failures here do not fail the update.
    async fn delete_former(&self, former: &Resource) -> bool {
        let outcome = match self.get(former).await {
            Err(err) if err.is_not_found() => return false,
            Err(err) => Err(err),
            Ok(live) => {
                let live = Resource { object: live, ..former.clone() };
                if live.annotation(RESOURCE_POLICY) == Some(KEEP) {
                    self.report(Event::Object { done: Done::Kept, object: former.object_ref() });
                    return false;
                }
                self.delete_retrying(former, &Propagation::Background.options()).await
            }
        };
        match outcome {
            Ok(()) => {
                self.report(Event::Object { done: Done::Deleted, object: former.object_ref() });
                true
            }
            Err(err) => {
                let message = format!("failed to delete {}: {}", former.describe(), crate::helm_text(&err));
                self.report(Event::Warning { message });
                false
            }
        }
    }

    /// Asks for the deletion of all objects, kind after kind; those that are gone already count.
    ///
    /// # Errors
    /// Every failure; the other objects are deleted all the same.
    pub async fn delete_all(&self, resources: &[Resource], propagation: Propagation) -> Result<(), Vec<KubeError>> {
        if resources.is_empty() {
            return Err(vec![KubeError::NoObjects.context("object not found, skipping delete")]);
        }
        let mut errors = Vec::new();
        let options = propagation.options();
        for batch in resources.chunk_by(|a, b| a.mapping.kind == b.mapping.kind) {
            let work =
                stream::iter(batch.iter().map(|resource| self.delete_one(resource, &options)).collect::<Vec<_>>());
            let results: Vec<Result<(), KubeError>> = work.buffered(PARALLEL).collect().await;
            errors.extend(results.into_iter().filter_map(Result::err));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    async fn delete_one(&self, resource: &Resource, options: &Json) -> Result<(), KubeError> {
        match self.delete_retrying(resource, options).await {
            Err(err) if err.is_not_found() => Ok(()),
            Err(err) => Err(err),
            Ok(()) => {
                self.report(Event::Object { done: Done::Deleted, object: resource.object_ref() });
                Ok(())
            }
        }
    }

    async fn delete_retrying(&self, resource: &Resource, options: &Json) -> Result<(), KubeError> {
        let mut tries = 0;
        loop {
            match self.delete_with(resource, options).await {
                Err(err) if err.is_conflict() && tries + 1 < CONFLICT_TRIES => {
                    tries += 1;
                    tokio::time::sleep(CONFLICT_PAUSE).await;
                }
                result => return result,
            }
        }
    }
}

/// Counting against a quota collides with other counting and is worth another try.
fn is_quota_conflict(err: &KubeError) -> bool {
    err.is_conflict()
        && err.status().is_some_and(|status| {
            status.message.contains("Operation cannot be fulfilled on resourcequotas")
                && status.message.contains("the object has been modified")
        })
}

fn apply_failure(resource: &Resource, err: KubeError) -> KubeError {
    let object = format!("{}/{} {}", resource.namespace, resource.name, resource.mapping.gvk_text());
    let text = if err.status().is_some_and(|status| status.code == 415) {
        "server-side apply not available on the server".to_owned()
    } else if err.is_conflict() {
        format!("conflict occurred while applying object {object}")
    } else {
        format!("server-side apply failed for object {object}")
    };
    err.context(text)
}
