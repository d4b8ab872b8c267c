//! The store: charts go in and out, the index follows.

use crate::backend::{Backend, BackendError, Object, Put};
use crate::error::StoreError;
use crate::names::{self, archive_file, is_chart_name};
use crate::provenance;
use crate::view::{Held, View, sha256};
use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use helmd_chart::Loader;
use helmd_index::ChartVersion;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

/// So many archives are read at once when the store is looked at for the first time.
const AT_ONCE: usize = 8;
/// Writers of different charts seldom wait for each other.
const LOCKS: usize = 16;
/// How often an archive is looked up again that was replaced while it was read.
const ATTEMPTS: usize = 3;

/// What the store takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreLimits {
    /// Largest archive, packed.
    pub archive_bytes: u64,
    /// Archives and signatures.
    pub files: usize,
    /// For how long what was seen of the backend is taken for true. What this process writes is seen at once.
    pub fresh: Duration,
}

/// Charts and their index.
#[derive(Debug)]
pub struct Store {
    backend: Box<dyn Backend>,
    loader: Loader,
    limits: StoreLimits,
    state: Mutex<State>,
    writing: [Mutex<()>; LOCKS],
}

/// What is known of the backend.
#[derive(Debug, Default)]
struct State {
    known: BTreeMap<String, Known>,
    /// When the backend was last asked; `None` when something was written since.
    asked: Option<Instant>,
    /// What it held then.
    objects: Vec<Object>,
    view: Arc<View>,
}

impl State {
    /// Makes the view of what is known of these objects.
    fn settle(&mut self, objects: Vec<Object>) {
        let listed: BTreeSet<&str> = objects.iter().map(|object| object.name.as_str()).collect();
        self.known.retain(|name, _| listed.contains(name.as_str()));
        let charts = objects.iter().filter_map(|object| Some((object, self.known.get(&object.name)?.chart.as_ref()?)));
        let signatures = objects.iter().map(|object| object.name.clone()).filter(|name| names::is_provenance(name));
        self.view = Arc::new(View::new(charts, signatures.collect()));
        self.objects = objects;
    }
}

/// An archive that was read.
#[derive(Debug, Clone)]
struct Known {
    stamp: String,
    /// `None` for a file that is no chart.
    chart: Option<ChartVersion>,
}

/// An archive, or a signature.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Its content.
    pub bytes: Bytes,
    /// Where it lies.
    pub held: Held,
}

impl Store {
    /// A store over a backend. Nothing is read yet.
    #[must_use]
    pub fn new(backend: Box<dyn Backend>, loader: Loader, limits: StoreLimits) -> Store {
        Store { backend, loader, limits, state: Mutex::default(), writing: [(); LOCKS].map(|()| Mutex::default()) }
    }

    /// The folder on this machine where the files lie, if they do. Who writes there tells it by [`Store::changed`].
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.backend.folder()
    }

    /// The charts that are there. Archives are read when they are new or have changed only.
    ///
    /// # Errors
    /// The backend does not answer.
    pub async fn view(&self) -> Result<Arc<View>, StoreError> {
        let mut state = self.state.lock().await;
        if state.asked.is_some_and(|at| at.elapsed() < self.limits.fresh) {
            return Ok(Arc::clone(&state.view));
        }
        let objects = self.backend.list().await?;
        let fresh = |known: &BTreeMap<String, Known>, object: &Object| {
            known.get(&object.name).is_some_and(|known| known.stamp == object.stamp)
        };
        let new: Vec<Object> = objects
            .iter()
            .filter(|object| names::is_archive(&object.name) && !fresh(&state.known, object))
            .cloned()
            .collect();
        let same = new.is_empty() && objects == state.objects;
        let mut reading = stream::iter(new.into_iter().map(|object| self.read(object))).buffer_unordered(AT_ONCE);
        while let Some(read) = reading.next().await {
            if let Some((name, known)) = read? {
                state.known.insert(name, known);
            }
        }
        if !same {
            state.settle(objects);
        }
        state.asked = Some(Instant::now());
        Ok(Arc::clone(&state.view))
    }

    /// Reads an archive that is new; nothing when it has gone meanwhile.
    async fn read(&self, object: Object) -> Result<Option<(String, Known)>, StoreError> {
        let Object { name, stamp, .. } = object;
        let bytes = match self.backend.get(&name, self.limits.archive_bytes).await {
            Ok(None) => return Ok(None),
            Ok(Some(bytes)) => bytes,
            Err(error @ BackendError::TooLarge { .. }) => {
                tracing::warn!(%error, "a file of the chart store is left out");
                return Ok(Some((name, Known { stamp, chart: None })));
            }
            Err(error) => return Err(error.into()),
        };
        let chart = match self.chart(bytes).await {
            Err(error @ (StoreError::NotAChart(_) | StoreError::Name(_))) => {
                let error = helmd_chart::error_text(&error);
                tracing::debug!(file = %name, %error, "a file of the chart store is no chart");
                None
            }
            chart => Some(chart?),
        };
        Ok(Some((name, Known { stamp, chart })))
    }

    /// The chart in an archive, as an index shows it.
    async fn chart(&self, bytes: Bytes) -> Result<ChartVersion, StoreError> {
        let loader = self.loader.clone();
        let work = move || {
            let chart = loader.archive(&bytes).map_err(StoreError::NotAChart)?;
            if !is_chart_name(&chart.metadata.name) {
                return Err(StoreError::Name(chart.metadata.name));
            }
            Ok(ChartVersion::new(chart.metadata, "", &sha256(&bytes), None))
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Ended)?
    }

    /// Checks that bytes are a chart archive.
    ///
    /// # Errors
    /// What is wrong with them.
    pub async fn check(&self, bytes: Bytes) -> Result<(), StoreError> {
        self.chart(bytes).await.map(drop)
    }

    /// Takes a chart's archive in, under the chart's name and version, with its signature if there is one.
    ///
    /// # Errors
    /// It is no chart; with [`Put::New`], its version is there already. Then nothing is changed.
    pub async fn add(&self, archive: Bytes, signature: Option<Bytes>, put: Put) -> Result<ChartVersion, StoreError> {
        let chart = self.chart(archive.clone()).await?;
        let file = archive_file(&chart.name, &chart.version);
        if let Some(signature) = &signature {
            let (name, version) = signed_by(signature)?;
            if (name.as_str(), version.as_str()) != (&*chart.name, &*chart.version) {
                return Err(StoreError::Provenance("it signs another chart or version than the archive's"));
            }
        }
        let _writing = self.lock(&file).await;
        self.room(&file, put).await?;
        let stamp = self.backend.put(&file, archive, put).await?;
        let own = format!("{file}{}", names::PROVENANCE);
        let signed = match signature {
            // A signature that was there is another archive's.
            None if put == Put::Replace => self.backend.delete(&own).await,
            None => Ok(()),
            Some(signature) => self.backend.put(&own, signature, Put::Replace).await.map(drop),
        };
        if let Err(error) = signed {
            // Half of what was asked for is not wanted.
            if put == Put::New {
                let _gone = self.backend.delete(&file).await;
            }
            self.changed().await;
            return Err(error.into());
        }
        let mut state = self.state.lock().await;
        state.known.insert(file, Known { stamp, chart: Some(chart.clone()) });
        state.asked = None;
        Ok(chart)
    }

    /// Takes a signature in, for an archive that is there or is to come.
    ///
    /// # Errors
    /// It is none; with [`Put::New`], there is one already.
    pub async fn add_signature(&self, signature: Bytes, put: Put) -> Result<(), StoreError> {
        let (name, version) = signed_by(&signature)?;
        let archive = archive_file(&name, &version);
        let _writing = self.lock(&archive).await;
        let file = format!("{archive}{}", names::PROVENANCE);
        self.room(&file, put).await?;
        self.backend.put(&file, signature, put).await?;
        self.changed().await;
        Ok(())
    }

    /// Removes all archives of a version, and their signatures.
    ///
    /// # Errors
    /// There is none.
    pub async fn remove(&self, name: &str, version: &str) -> Result<(), StoreError> {
        let _writing = self.lock(&archive_file(name, version)).await;
        self.view().await?;
        let files: Vec<String> = {
            let state = self.state.lock().await;
            let is_it = |chart: &ChartVersion| &*chart.name == name && &*chart.version == version;
            let known = state.known.iter().filter(|(_, known)| known.chart.as_ref().is_some_and(is_it));
            known.map(|(file, _)| file.clone()).collect()
        };
        if files.is_empty() {
            return Err(StoreError::NotFound { name: name.to_owned(), version: version.to_owned() });
        }
        for file in files {
            self.backend.delete(&format!("{file}{}", names::PROVENANCE)).await?;
            self.backend.delete(&file).await?;
        }
        self.changed().await;
        Ok(())
    }

    /// The archive that the index calls so.
    ///
    /// # Errors
    /// The backend does not answer. An archive that is not there is none.
    pub async fn archive(&self, name: &str) -> Result<Option<Fetched>, StoreError> {
        for _ in 0..ATTEMPTS {
            let view = self.view().await?;
            let Some(held) = view.file(name) else { return Ok(None) };
            let got = self.backend.get(&held.file, self.limits.archive_bytes).await?;
            if let Some(bytes) = got.filter(|bytes| sha256(bytes) == *held.digest) {
                return Ok(Some(Fetched { bytes, held: held.clone() }));
            }
            // Somebody has just replaced or removed it.
            self.changed().await;
        }
        Err(StoreError::Changing(name.to_owned()))
    }

    /// The signature of the archive that the index calls `name`.
    ///
    /// # Errors
    /// As [`Store::archive`].
    pub async fn signature(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        let Some(file) = self.view().await?.signature(name) else { return Ok(None) };
        Ok(self.backend.get(&file, provenance::LIMIT_BYTES).await?)
    }

    /// The names of the archives, as files: charts, and what else was uploaded.
    ///
    /// # Errors
    /// The backend does not answer.
    pub async fn files(&self) -> Result<Vec<String>, StoreError> {
        let objects = self.backend.list().await?;
        Ok(objects.into_iter().map(|object| object.name).filter(|name| names::is_archive(name)).collect())
    }

    /// What lies in the file of this name, be it a chart or not.
    ///
    /// # Errors
    /// The backend does not answer.
    pub async fn file(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.backend.get(name, self.limits.archive_bytes).await?)
    }

    /// Writes a file as it was uploaded, under the name that it was given.
    ///
    /// # Errors
    /// The backend does not answer, or is full.
    pub async fn put_file(&self, name: &str, bytes: Bytes) -> Result<(), StoreError> {
        let _writing = self.lock(name).await;
        self.room(name, Put::Replace).await?;
        self.backend.put(name, bytes, Put::Replace).await?;
        self.changed().await;
        Ok(())
    }

    /// Removes a file. One that is not there is no error.
    ///
    /// # Errors
    /// The backend does not answer.
    pub async fn remove_file(&self, name: &str) -> Result<(), StoreError> {
        self.backend.delete(&format!("{name}{}", names::PROVENANCE)).await?;
        self.backend.delete(name).await?;
        self.changed().await;
        Ok(())
    }

    /// Something was written: the next question asks the backend.
    pub async fn changed(&self) {
        self.state.lock().await.asked = None;
    }

    /// There is room for a file, which may be there already.
    ///
    /// # Errors
    /// The store is full; with [`Put::New`], the file is there.
    pub async fn room(&self, file: &str, put: Put) -> Result<(), StoreError> {
        let objects = self.backend.list().await?;
        let is_there = objects.iter().any(|object| object.name == file);
        match (is_there, put) {
            (true, Put::New) => Err(StoreError::Exists),
            (false, _) if objects.len() >= self.limits.files => Err(StoreError::Full),
            _ => Ok(()),
        }
    }

    /// Whoever holds it is the only writer of a file in this process.
    async fn lock(&self, file: &str) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        file.hash(&mut hasher);
        let number = usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or_default();
        let [first, ..] = &self.writing;
        self.writing.get(number).unwrap_or(first).lock().await
    }
}

fn signed_by(signature: &Bytes) -> Result<(String, String), StoreError> {
    if signature.len() as u64 > provenance::LIMIT_BYTES {
        return Err(StoreError::Provenance("it is larger than a signature can be"));
    }
    provenance::chart(signature)
}
