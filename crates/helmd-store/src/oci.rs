//! A folder of repositories in an OCI registry, which replicas share: `oci://HOST/FOLDER/NAME:VERSION`, as `helm push` writes them.
//!
//! A registry keeps charts by their names and versions, so there are no other files here; a signature lies with its archive. It has no
//! list of a folder: charts are found in the catalog, where there is one, or are named by the settings. Each version is asked
//! for when the store is looked at.

use crate::backend::{Backend, BackendError, Object, Put};
use crate::names::{self, archive_file, is_chart_name};
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use helmd_chart::{HelmMajor, Loader, Metadata};
use helmd_http::{Http, HttpSettings, Tls};
use helmd_index::oci::{Reference, Target, tag_of_version};
use helmd_registry::{
    Insecure, Layers, Login, Logins, Manifest, Push, Registry, RegistryError, RegistryOptions, digest,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// For one request, an archive's way included.
const PATIENCE: Duration = Duration::from_secs(120);
/// So many versions are asked for at once.
const AT_ONCE: usize = 8;
const CREATED: &str = "org.opencontainers.image.created";

/// Where the charts are.
#[derive(Clone, Debug, Default)]
pub struct RegistrySettings {
    /// The registry, with its port.
    pub host: String,
    /// The path before the charts' names; may be empty.
    pub folder: String,
    /// The charts; empty for those of the registry's catalog.
    pub charts: Vec<String>,
    /// Without TLS.
    pub plain_http: bool,
    /// The path of certificates to trust.
    pub ca_file: String,
    /// Who we are; nobody for what `logins` say.
    pub login: Option<Login>,
    /// Who we are to registries.
    pub logins: Logins,
    /// Largest archive.
    pub archive_bytes: u64,
    /// Most archives and signatures.
    pub most: usize,
}

/// Archives as versions of repositories.
#[derive(Debug)]
pub struct RegistryFolder {
    registry: Registry,
    settings: RegistrySettings,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Name and version by the archive's file.
    files: BTreeMap<String, (String, String)>,
    /// Charts that were pushed by us, be they in the catalog or not.
    pushed: BTreeSet<String>,
}

impl RegistryFolder {
    /// The folder of these settings. Nothing is asked yet.
    ///
    /// # Errors
    /// Host and folder are none.
    pub fn new(settings: RegistrySettings) -> Result<RegistryFolder, BackendError> {
        let options = RegistryOptions {
            plain_http: settings.plain_http,
            insecure: Insecure::Never,
            tls: Tls::of("", "", &settings.ca_file, false),
            login: settings.login.clone(),
            logins: settings.logins.clone(),
            timeout: PATIENCE,
            limit_bytes: settings.archive_bytes,
            helm: HelmMajor::Helm4,
        };
        // Whoever writes the config file may name any machine.
        let registry = Registry::new(Http::new(HttpSettings::default()), options);
        let folder = RegistryFolder { registry, settings, seen: Mutex::default() };
        folder.reference("name", "1.0.0")?;
        Ok(folder)
    }

    fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The repository of a chart.
    fn repository(&self, name: &str) -> String {
        let RegistrySettings { host, folder, .. } = &self.settings;
        if folder.is_empty() { format!("{host}/{name}") } else { format!("{host}/{folder}/{name}") }
    }

    fn reference(&self, name: &str, version: &str) -> Result<Reference, BackendError> {
        let target = Target::Tag(tag_of_version(version));
        let reference = Reference::parse(&self.repository(name)).map_err(RegistryError::from)?;
        Ok(Reference { target, ..reference })
    }

    /// The charts that there are.
    async fn charts(&self) -> Result<BTreeSet<String>, BackendError> {
        let RegistrySettings { host, folder, charts, .. } = &self.settings;
        let mut all = self.seen(|seen| seen.pushed.clone());
        if !charts.is_empty() {
            all.extend(charts.iter().cloned());
            return Ok(all);
        }
        for repository in self.registry.catalog(host).await? {
            let below = match folder.as_str() {
                "" => Some(repository.as_str()),
                folder => repository.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')),
            };
            all.extend(below.filter(|name| is_chart_name(name)).map(str::to_owned));
        }
        Ok(all)
    }

    /// The versions of a chart; none where it is not there.
    async fn versions(&self, name: String) -> Result<Vec<(String, String)>, BackendError> {
        let reference = Reference::parse(&self.repository(&name)).map_err(RegistryError::from)?;
        match self.registry.tags(&reference).await {
            Ok(versions) => Ok(versions.into_iter().map(|version| (name.clone(), version)).collect()),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// What a version's tag stands for; nothing when it is not there, or is no chart.
    async fn manifest(&self, name: &str, version: &str) -> Result<Option<Manifest>, BackendError> {
        match self.registry.manifest_of(&self.reference(name, version)?).await {
            Ok((_, manifest)) => Ok(Some(manifest).filter(Manifest::is_chart)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The archive of a version, and its signature, as files.
    async fn objects(&self, (name, version): (String, String)) -> Result<Vec<Object>, BackendError> {
        let Some(manifest) = self.manifest(&name, &version).await? else { return Ok(Vec::new()) };
        let time = manifest.annotations.get(CREATED).and_then(|text| text.parse::<Timestamp>().ok());
        let modified = time.map(|t| (t.as_second(), u32::try_from(t.subsec_nanosecond()).unwrap_or_default()));
        let file = archive_file(&name, &version);
        let object = |name: String, stamp: &str| Object { name, stamp: stamp.to_owned(), modified };
        let archive = manifest.archive().map(|layer| object(file.clone(), &layer.digest));
        let signature =
            manifest.provenance().map(|layer| object(format!("{file}{}", names::PROVENANCE), &layer.digest));
        self.seen(|seen| seen.files.insert(file, (name, version)));
        Ok(archive.into_iter().chain(signature).collect())
    }

    /// Name and version of the archive in a file.
    async fn named(&self, file: &str) -> Result<Option<(String, String)>, BackendError> {
        if let Some(known) = self.seen(|seen| seen.files.get(file).cloned()) {
            return Ok(Some(known));
        }
        self.list().await?;
        Ok(self.seen(|seen| seen.files.get(file).cloned()))
    }

    async fn pull(&self, name: &str, version: &str, layers: Layers) -> Result<Option<Bytes>, BackendError> {
        match self.manifest(name, version).await? {
            None => return Ok(None),
            Some(manifest) if layers == Layers::Provenance && manifest.provenance().is_none() => return Ok(None),
            Some(_) => {}
        }
        let reference = self.reference(name, version)?.to_string();
        match self.registry.pull(&reference, layers).await {
            Ok(pulled) => Ok(Some(pulled.bytes)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn push(&self, archive: Bytes, provenance: Option<Bytes>) -> Result<(), BackendError> {
        let metadata = metadata(archive.clone()).await?;
        let (name, version) = (metadata.name.clone(), metadata.version.clone());
        let created = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let remote = format!("oci://{}", self.repository(""));
        self.registry.push(remote.trim_end_matches('/'), &Push { archive, metadata, provenance, created }).await?;
        self.seen(|seen| {
            seen.files.insert(archive_file(&name, &version), (name.clone(), version));
            seen.pushed.insert(name);
        });
        Ok(())
    }

    /// Puts the archive of a file there again, with another signature or none.
    async fn sign(&self, file: &str, signature: Option<Bytes>) -> Result<(), BackendError> {
        let missing = || BackendError::NotInRegistry(format!("there is no {file} to which a signature could belong"));
        let (name, version) = self.named(file).await?.ok_or_else(missing)?;
        let archive = self.pull(&name, &version, Layers::Chart).await?.ok_or_else(missing)?;
        self.push(archive, signature).await
    }
}

async fn metadata(archive: Bytes) -> Result<Metadata, BackendError> {
    let fault = |why: String| BackendError::NotInRegistry(format!("it holds charts only: {why}"));
    let work = move || Loader::new(HelmMajor::Helm4).archive(&archive).map(|chart| chart.metadata);
    let loaded = tokio::task::spawn_blocking(work).await.map_err(|e| fault(e.to_string()))?;
    loaded.map_err(|e| fault(helmd_chart::error_text(&e)))
}

#[async_trait]
impl Backend for RegistryFolder {
    async fn list(&self) -> Result<Vec<Object>, BackendError> {
        let most = self.settings.most;
        let asked = self.charts().await?.into_iter().map(|name| self.versions(name));
        let versions: Vec<Vec<_>> = stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
        let versions: Vec<_> = versions.into_iter().flatten().collect();
        if versions.len() > most {
            return Err(BackendError::TooMany(most));
        }
        let asked = versions.into_iter().map(|version| self.objects(version));
        let objects: Vec<Vec<Object>> = stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
        let mut objects: Vec<Object> = objects.into_iter().flatten().collect();
        objects.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(objects)
    }

    async fn get(&self, name: &str, limit_bytes: u64) -> Result<Option<Bytes>, BackendError> {
        if !names::is_file_name(name) {
            return Err(BackendError::Name(name.to_owned()));
        }
        let (file, layers) = match name.strip_suffix(names::PROVENANCE) {
            Some(file) => (file, Layers::Provenance),
            None => (name, Layers::Chart),
        };
        let Some((chart, version)) = self.named(file).await? else { return Ok(None) };
        let bytes = self.pull(&chart, &version, layers).await?;
        match bytes {
            Some(bytes) if bytes.len() as u64 > limit_bytes => {
                Err(BackendError::TooLarge { name: name.to_owned(), limit_bytes })
            }
            bytes => Ok(bytes),
        }
    }

    async fn put(&self, name: &str, bytes: Bytes, put: Put) -> Result<String, BackendError> {
        if !names::is_file_name(name) {
            return Err(BackendError::Name(name.to_owned()));
        }
        let stamp = digest(&bytes);
        if let Some(file) = name.strip_suffix(names::PROVENANCE) {
            if put == Put::New && self.get(name, u64::MAX).await?.is_some() {
                return Err(BackendError::Exists);
            }
            self.sign(file, Some(bytes)).await?;
            return Ok(stamp);
        }
        let Metadata { name: chart, version, .. } = metadata(bytes.clone()).await?;
        let own = archive_file(&chart, &version);
        if own != name {
            let words = format!("it keeps charts by their names and versions: {name} must be called {own}");
            return Err(BackendError::NotInRegistry(words));
        }
        if put == Put::New && self.manifest(&chart, &version).await?.is_some() {
            return Err(BackendError::Exists);
        }
        self.push(bytes, None).await?;
        Ok(stamp)
    }

    async fn delete(&self, name: &str) -> Result<(), BackendError> {
        if let Some(file) = name.strip_suffix(names::PROVENANCE) {
            return match self.get(name, u64::MAX).await? {
                Some(_) => self.sign(file, None).await,
                None => Ok(()),
            };
        }
        let Some((chart, version)) = self.named(name).await? else { return Ok(()) };
        let gone = self.registry.delete(&self.reference(&chart, &version)?).await;
        self.seen(|seen| seen.files.remove(name));
        match gone {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}
