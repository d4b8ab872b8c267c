//! One object together with the resource that serves it, and the calls on it.

use std::sync::Arc;

use http::Method;
use serde_json::{Value as Json, json};

use crate::FIELD_MANAGER;
use crate::apply::{FieldValidation, Propagation};
use crate::cluster::Cluster;
use crate::discovery::Mapping;
use crate::error::KubeError;
use crate::patience::Repeated;
use crate::progress::ObjectRef;
use crate::transport::{APPLY_PATCH, Call, JSON_PATCH};

/// An object of a manifest or of the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// The resource that serves its kind.
    pub mapping: Arc<Mapping>,
    /// Empty for objects of the whole cluster.
    pub namespace: String,
    /// Empty when the server is to make a name.
    pub name: String,
    /// The object itself.
    pub object: Json,
}

impl Resource {
    /// The object with what its metadata says.
    #[must_use]
    pub fn new(mapping: Arc<Mapping>, object: Json) -> Self {
        let meta = |key: &str| {
            object.get("metadata").and_then(|meta| meta.get(key)).and_then(Json::as_str).unwrap_or_default().to_owned()
        };
        let namespace = if mapping.namespaced { meta("namespace") } else { String::new() };
        Self { name: meta("name"), namespace, mapping, object }
    }

    /// Whether both mean the same object: name, namespace, group and kind.
    ///
    /// HELM: not the version, as an object served in two versions is stored once.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.namespace == other.namespace
            && self.mapping.group == other.mapping.group
            && self.mapping.kind == other.mapping.kind
    }

    /// As Helm tells it apart when it looks for new objects: `apps/v1/Deployment/namespace/name`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}/{}/{}", self.mapping.api_version(), self.mapping.kind, self.namespace, self.name)
    }

    /// `ConfigMap "name" in namespace "namespace"`.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{} {:?} in namespace {:?}", self.mapping.kind, self.name, self.namespace)
    }

    /// Its names, for listeners.
    #[must_use]
    pub fn object_ref(&self) -> ObjectRef {
        ObjectRef {
            api_version: self.mapping.api_version(),
            kind: self.mapping.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }

    /// The value of an annotation.
    #[must_use]
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.object.get("metadata")?.get("annotations")?.get(name)?.as_str()
    }

    /// Whether the server is to make the name.
    #[must_use]
    pub fn is_name_generated(&self) -> bool {
        self.name.is_empty() && !self.meta("generateName").is_empty()
    }

    pub(crate) fn meta(&self, key: &str) -> &str {
        self.object.get("metadata").and_then(|meta| meta.get(key)).and_then(Json::as_str).unwrap_or_default()
    }

    /// Takes over what the server answered.
    pub(crate) fn refresh(&mut self, object: Json) {
        let fresh = Self::new(Arc::clone(&self.mapping), object);
        *self = fresh;
    }

    fn path(&self) -> Result<String, KubeError> {
        if self.name.is_empty() {
            return Err(KubeError::Manifest("resource name may not be empty".to_owned()));
        }
        Ok(format!("{}/{}", self.collection(), self.name))
    }

    fn collection(&self) -> String {
        self.mapping.path(&self.namespace)
    }

    pub(crate) fn set_resource_version(&mut self, version: Option<&str>) {
        if let Some(Json::Object(meta)) = self.object.get_mut("metadata") {
            match version {
                Some(version) => drop(meta.insert("resourceVersion".to_owned(), json!(version))),
                None => drop(meta.remove("resourceVersion")),
            }
        }
    }
}

/// Asks for a table in place of objects; a server that makes none gives the objects.
pub(crate) fn as_table(call: Call) -> Call {
    call.accept("application/json;as=Table;v=v1;g=meta.k8s.io,application/json").query("includeObject", "Metadata")
}

/// Parameters of a call that changes something.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Write {
    pub validation: FieldValidation,
    pub dry_run: bool,
}

impl Write {
    fn on(self, call: Call) -> Call {
        let call = call.query("fieldManager", FIELD_MANAGER);
        let call = match self.validation.parameter() {
            Some(directive) => call.query("fieldValidation", directive),
            None => call,
        };
        if self.dry_run { call.query("dryRun", "All") } else { call }
    }
}

impl Cluster {
    /// The object as the cluster has it.
    ///
    /// # Errors
    /// [`KubeError::Api`], with `is_not_found` when there is none.
    pub async fn get(&self, resource: &Resource) -> Result<Json, KubeError> {
        self.call(Call::new(Method::GET, resource.path()?)).await?.json()
    }

    /// The object as the table that the server makes of it for people.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn get_table(&self, resource: &Resource) -> Result<Json, KubeError> {
        self.call(as_table(Call::new(Method::GET, resource.path()?))).await?.json()
    }

    /// The object as the cluster has it; nothing when there is none.
    ///
    /// # Errors
    /// Any failure but "not found".
    pub async fn find(&self, resource: &Resource) -> Result<Option<Json>, KubeError> {
        match self.get(resource).await {
            Ok(object) => Ok(Some(object)),
            Err(err) if err.is_not_found() => Ok(None),
            Err(err) => Err(err),
        }
    }

    /// The objects of a collection, in the server's order. An empty namespace means all.
    ///
    /// # Errors
    /// The call's failure.
    pub async fn list(
        &self,
        mapping: &Mapping,
        namespace: &str,
        labels: &str,
        fields: &str,
    ) -> Result<Vec<Json>, KubeError> {
        let mut call = Call::new(Method::GET, mapping.path(namespace));
        if !labels.is_empty() {
            call = call.query("labelSelector", labels);
        }
        if !fields.is_empty() {
            call = call.query("fieldSelector", fields);
        }
        match self.call(call).await?.json()? {
            Json::Object(mut list) => match list.remove("items") {
                Some(Json::Array(items)) => Ok(items),
                _ => Ok(Vec::new()),
            },
            _ => Err(KubeError::Answer("the server's answer is no list".to_owned())),
        }
    }

    pub(crate) async fn post(&self, resource: &Resource, write: Write) -> Result<Json, KubeError> {
        let call = Call::new(Method::POST, resource.collection()).json(&resource.object);
        match self.call_repeating(write.on(call)).await {
            // The server had heard the first call, though it could not answer it.
            (Repeated::Yes, Err(err)) if err.is_already_exists() && !resource.is_name_generated() => {
                self.get(resource).await
            }
            (_, result) => result?.json(),
        }
    }

    pub(crate) async fn put(&self, resource: &Resource, write: Write) -> Result<Json, KubeError> {
        let call = Call::new(Method::PUT, resource.path()?).json(&resource.object);
        self.call(write.on(call)).await?.json()
    }

    pub(crate) async fn patch(
        &self,
        resource: &Resource,
        media_type: &'static str,
        patch: &Json,
        write: Write,
    ) -> Result<Json, KubeError> {
        let call = Call::new(Method::PATCH, resource.path()?).body(media_type, patch.to_string().into_bytes());
        self.call(write.on(call)).await?.json()
    }

    pub(crate) async fn server_side_apply(
        &self,
        resource: &Resource,
        force: bool,
        write: Write,
    ) -> Result<Json, KubeError> {
        let call = Call::new(Method::PATCH, resource.path()?)
            .body(APPLY_PATCH, resource.object.to_string().into_bytes())
            .query("force", if force { "true" } else { "false" });
        self.call(write.on(call)).await?.json()
    }

    pub(crate) async fn json_patch(&self, resource: &Resource, patch: &Json, write: Write) -> Result<Json, KubeError> {
        self.patch(resource, JSON_PATCH, patch, write).await
    }

    /// Asks for the object's deletion.
    ///
    /// # Errors
    /// The call's failure; `is_not_found` when there is none.
    pub async fn delete(&self, resource: &Resource, propagation: Propagation) -> Result<(), KubeError> {
        self.delete_with(resource, &propagation.options()).await
    }

    pub(crate) async fn delete_with(&self, resource: &Resource, options: &Json) -> Result<(), KubeError> {
        let mut body = json!({"kind": "DeleteOptions", "apiVersion": "v1"});
        if let (Json::Object(body), Json::Object(options)) = (&mut body, options) {
            body.extend(options.clone());
        }
        self.call(Call::new(Method::DELETE, resource.path()?).json(&body)).await.map(drop)
    }
}
