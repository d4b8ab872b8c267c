//! The questions that Helm's verbs ask about releases.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use helmd_chart::HelmMajor;
use helmd_kube::Cluster;
use helmd_release::{Release, storage_key};
use serde::Serialize;

use crate::driver::{Driver, DriverKind, Query, Record, RecordHead};
use crate::error::StorageError;
use crate::kept::brief;
use crate::memory::Memory;
use crate::objects::Objects;
use crate::sql::Sql;

/// Up to how many records are fetched one by one before one list of all is cheaper.
const ONE_BY_ONE: usize = 24;
/// The same for the revisions of one release, whose list holds little else.
const FEW: usize = 2;
/// How many records are fetched at a time.
const PARALLEL: usize = 12;

/// The releases of a namespace (or of all, for reading).
#[derive(Clone)]
pub struct Storage {
    driver: Arc<dyn Driver>,
    namespace: String,
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Storage").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// A record that holds something else than a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undecodable {
    /// The record.
    pub key: String,
    /// Where it lies.
    pub namespace: String,
    /// The release, as its labels say.
    pub name: String,
    /// The revision, as its labels say; 0 when they do not.
    pub revision: i64,
    /// What is wrong with it.
    pub reason: String,
}

/// Releases, and the records that could not be read as such.
#[derive(Debug, Default)]
pub struct Listing {
    /// By revision, oldest first.
    pub releases: Vec<Release>,
    /// Records to look at by hand.
    pub undecodable: Vec<Undecodable>,
}

impl Listing {
    /// Decodes records; also gives the last error.
    fn of(records: Vec<Record>) -> (Self, Option<StorageError>) {
        Self::by(records, |_, release| release)
    }

    /// As [`Listing::of`], of what `made` makes of each release.
    fn by(records: Vec<Record>, made: impl Fn(&RecordHead, Release) -> Release) -> (Self, Option<StorageError>) {
        let mut listing = Self::default();
        let mut broken = None;
        for record in records {
            let head = record.head.clone();
            match record.decode() {
                Ok(release) => listing.releases.push(made(&head, release)),
                Err(source) => {
                    let RecordHead { key, namespace, name, revision, .. } = head;
                    let reason = helmd_kube::helm_text(&source);
                    listing.undecodable.push(Undecodable { key: key.clone(), namespace, name, revision, reason });
                    broken = Some(StorageError::Decode { key, source });
                }
            }
        }
        listing.releases.sort_by_key(|release| release.version);
        (listing, broken)
    }
}

impl std::fmt::Display for Undecodable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { key, namespace, reason, .. } = self;
        write!(f, "the record {key} in namespace {namespace} holds no release that can be read: {reason}")
    }
}

impl Storage {
    /// Releases in the cluster, in the handle's namespace; an empty one means all. Records are
    /// written as `helm` writes them; either Helm reads both forms. A database that no connection string names answers each
    /// question with an error: see [`Storage::open`].
    #[must_use]
    pub fn for_cluster(kind: DriverKind, cluster: &Cluster, helm: HelmMajor) -> Self {
        let driver: Arc<dyn Driver> = match kind {
            DriverKind::Memory => Arc::new(Memory::default()),
            DriverKind::Sql => Arc::new(Sql::new("", helm)),
            kind => Arc::new(Objects::new(cluster, kind, helm)),
        };
        Self::new(driver, cluster.namespace())
    }

    /// Releases wherever the kind says: as [`Storage::for_cluster`], or in the database of this connection string. Who serves many
    /// requests keeps a [`Sql`] instead, and with it its connections.
    #[must_use]
    pub fn open(kind: DriverKind, connection: &str, cluster: &Cluster, helm: HelmMajor) -> Self {
        match kind {
            DriverKind::Sql => Self::sql(&Sql::new(connection, helm), cluster.namespace()),
            kind => Self::for_cluster(kind, cluster, helm),
        }
    }

    /// Releases in a database, with the connections that `sql` has.
    #[must_use]
    pub fn sql(sql: &Sql, namespace: &str) -> Self {
        Self::new(Arc::new(sql.clone()), namespace)
    }

    /// Releases in memory.
    #[must_use]
    pub fn memory(memory: Arc<Memory>, namespace: &str) -> Self {
        Self::new(memory, namespace)
    }

    /// Releases wherever the driver keeps them.
    #[must_use]
    pub fn new(driver: Arc<dyn Driver>, namespace: &str) -> Self {
        Self { driver, namespace: namespace.to_owned() }
    }

    /// The same place seen from another namespace; an empty one means all.
    #[must_use]
    pub fn in_namespace(&self, namespace: &str) -> Self {
        Self::new(Arc::clone(&self.driver), namespace)
    }

    /// What `helm` calls the place.
    #[must_use]
    pub fn driver_name(&self) -> &'static str {
        self.driver.name()
    }

    /// The same place for one operation: see [`Driver::for_operation`].
    #[must_use]
    pub fn for_operation(&self, patience: Duration) -> Self {
        let driver = self.driver.for_operation(patience).unwrap_or_else(|| Arc::clone(&self.driver));
        Self::new(driver, &self.namespace)
    }

    /// A revision.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] and the driver's.
    pub async fn get(&self, name: &str, revision: i64) -> Result<Release, StorageError> {
        let key = storage_key(name, revision);
        decode(self.driver.get(&self.namespace, &key).await?)
    }

    /// What the labels of all revisions of a release say, oldest first; may be empty.
    ///
    /// # Errors
    /// The driver's.
    pub async fn revisions(&self, name: &str) -> Result<Vec<RecordHead>, StorageError> {
        let mut heads = self.driver.heads(&self.namespace, &Query::of(name)).await?;
        heads.sort_by_key(|head| head.revision);
        Ok(heads)
    }

    /// The newest revision.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is none.
    pub async fn last(&self, name: &str) -> Result<Release, StorageError> {
        let newest = self.revisions(name).await?.pop().ok_or(StorageError::NotFound)?;
        let kept = self.driver.kept();
        if let Some(release) = kept.as_ref().and_then(|kept| kept.whole.get(&newest)) {
            return Ok(Release::clone(&release));
        }
        let record = self.driver.get(&self.namespace, &newest.key).await?;
        let (head, packed_bytes) = (record.head.clone(), record.packed_bytes());
        let release = Arc::new(decode(record)?);
        if let Some(kept) = kept {
            kept.keep_whole(&head, &release, packed_bytes);
        }
        Ok(Arc::unwrap_or_clone(release))
    }

    /// The newest deployed revision.
    ///
    /// # Errors
    /// [`StorageError::NoDeployed`] when there is none; [`StorageError::Decode`] when its record cannot be decoded: an older one
    /// would not be what is in the cluster.
    pub async fn deployed(&self, name: &str) -> Result<Release, StorageError> {
        // HELM: work done side by side leaves several revisions deployed; the newest counts.
        let newest = self.query_deployed(name).await?.into_iter().max_by_key(|record| record.head.revision);
        decode(newest.ok_or_else(|| StorageError::NoDeployed { name: name.to_owned() })?)
    }

    /// All deployed revisions, oldest first; may be empty. Records that cannot be decoded are listed apart.
    ///
    /// # Errors
    /// The driver's.
    pub async fn deployed_all(&self, name: &str) -> Result<Listing, StorageError> {
        Ok(Listing::of(self.query_deployed(name).await?).0)
    }

    async fn query_deployed(&self, name: &str) -> Result<Vec<Record>, StorageError> {
        let query = Query { statuses: vec!["deployed".to_owned()], ..Query::of(name) };
        self.driver.query(&self.namespace, &query).await
    }

    /// All revisions, oldest first. Records that cannot be decoded are listed apart.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is none; [`StorageError::Decode`] when no record can be decoded.
    pub async fn history(&self, name: &str) -> Result<Listing, StorageError> {
        let records = self.driver.query(&self.namespace, &Query::of(name)).await?;
        if records.is_empty() {
            return Err(StorageError::NotFound);
        }
        match Listing::of(records) {
            (listing, Some(err)) if listing.releases.is_empty() => Err(err),
            (listing, _) => Ok(listing),
        }
    }

    /// Keeps a new revision; before that, forgets the oldest ones so that at most `max_history`
    /// remain (0: all remain). The deployed one is never forgotten.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`] when somebody else made the revision.
    pub async fn create(&self, release: &Release, max_history: usize) -> Result<(), StorageError> {
        if let Some(keep) = max_history.checked_sub(1) {
            self.prune(&release.name, keep).await?;
        }
        self.driver.create(release).await
    }

    /// Changes a revision.
    ///
    /// # Errors
    /// The driver's.
    pub async fn update(&self, release: &Release) -> Result<(), StorageError> {
        self.driver.update(release).await
    }

    /// Forgets a revision.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] and the driver's.
    pub async fn delete(&self, name: &str, revision: i64) -> Result<(), StorageError> {
        self.driver.delete(&self.namespace, &storage_key(name, revision)).await
    }

    async fn prune(&self, name: &str, keep: usize) -> Result<(), StorageError> {
        let heads = self.revisions(name).await?;
        let deployed = heads.iter().rev().find(|head| head.status == "deployed").map(|head| head.revision);
        let surplus = heads.len().saturating_sub(keep);
        let oldest = heads.iter().filter(|head| Some(head.revision) != deployed).take(surplus);
        let mut errors = Vec::new();
        for head in oldest {
            if let Err(err) = self.driver.delete(&self.namespace, &head.key).await {
                errors.push(err);
            }
        }
        let count = errors.len();
        match errors.into_iter().next() {
            None => Ok(()),
            Some(only) if count == 1 => Err(only),
            Some(first) => Err(StorageError::Prune { count, source: Box::new(first) }),
        }
    }

    /// The releases whose records `choose` picks by their labels, which it gets all at once. They come without what is large:
    /// manifest, hooks, values, notes, and of the chart all but its metadata.
    ///
    /// # Errors
    /// The driver's. Records that cannot be decoded are listed apart.
    pub async fn list(&self, choose: impl FnOnce(Vec<RecordHead>) -> Vec<RecordHead>) -> Result<Listing, StorageError> {
        let heads = self.driver.heads(&self.namespace, &Query::default()).await?;
        if let Some(kept) = self.driver.kept() {
            kept.briefs.retain(&self.namespace, &heads);
            kept.whole.retain(&self.namespace, &heads);
        }
        Ok(self.briefly(choose(heads), Query::default()).await?.0)
    }

    /// As [`Storage::history`], without what [`Storage::list`] leaves out.
    ///
    /// # Errors
    /// As [`Storage::history`].
    pub async fn brief_history(&self, name: &str) -> Result<Listing, StorageError> {
        // Who knows nothing need not ask what has changed.
        let knows = self.driver.kept().is_some_and(|kept| !kept.briefs.is_empty());
        let (listing, broken) = if knows {
            let heads = self.revisions(name).await?;
            if heads.is_empty() {
                return Err(StorageError::NotFound);
            }
            self.briefly(heads, Query::of(name)).await?
        } else {
            let records = self.driver.query(&self.namespace, &Query::of(name)).await?;
            if records.is_empty() {
                return Err(StorageError::NotFound);
            }
            self.shorten(records)
        };
        match (listing, broken) {
            (listing, Some(err)) if listing.releases.is_empty() => Err(err),
            (listing, _) => Ok(listing),
        }
    }

    /// The revisions in these records, which are some of those that the query chooses; those that are known are not fetched.
    async fn briefly(
        &self,
        heads: Vec<RecordHead>,
        query: Query,
    ) -> Result<(Listing, Option<StorageError>), StorageError> {
        let kept = self.driver.kept();
        let mut known = Vec::new();
        let mut wanted = Vec::new();
        for head in heads {
            match kept.as_ref().and_then(|kept| kept.briefs.get(&head)) {
                Some(release) => known.push(Release::clone(&release)),
                None => wanted.push(head),
            }
        }
        let records = match wanted.len() {
            0 => Vec::new(),
            few if few <= if query.name.is_some() { FEW } else { ONE_BY_ONE } => self.fetch(wanted).await?,
            _ => self.fetch_all(wanted, query).await?,
        };
        let (mut listing, broken) = self.shorten(records);
        listing.releases.append(&mut known);
        listing.releases.sort_by_key(|release| release.version);
        Ok((listing, broken))
    }

    /// What is kept of records, and keeps it.
    fn shorten(&self, records: Vec<Record>) -> (Listing, Option<StorageError>) {
        let kept = self.driver.kept();
        Listing::by(records, |head, release| match &kept {
            Some(kept) => Arc::unwrap_or_clone(kept.keep_brief(head, release)),
            None => brief(release),
        })
    }

    async fn fetch(&self, heads: Vec<RecordHead>) -> Result<Vec<Record>, StorageError> {
        let gets = stream::iter(
            heads
                .into_iter()
                .map(|head| async move {
                    match self.driver.get(&head.namespace, &head.key).await {
                        Ok(record) => Ok(Some(record)),
                        // Gone since the labels were read.
                        Err(StorageError::NotFound) => Ok(None),
                        Err(err) => Err(err),
                    }
                })
                .collect::<Vec<_>>(),
        );
        let records: Vec<Result<Option<Record>, StorageError>> = gets.buffered(PARALLEL).collect().await;
        Ok(records.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    async fn fetch_all(&self, heads: Vec<RecordHead>, query: Query) -> Result<Vec<Record>, StorageError> {
        let mut statuses: Vec<String> = heads.iter().map(|head| head.status.clone()).collect();
        statuses.sort();
        statuses.dedup();
        if statuses.iter().any(String::is_empty) {
            statuses.clear();
        }
        let wanted: BTreeMap<(String, String), ()> =
            heads.into_iter().map(|head| ((head.namespace, head.key), ())).collect();
        let records = self.driver.query(&self.namespace, &Query { statuses, ..query }).await?;
        Ok(records
            .into_iter()
            .filter(|record| wanted.contains_key(&(record.head.namespace.clone(), record.head.key.clone())))
            .collect())
    }
}

fn decode(record: Record) -> Result<Release, StorageError> {
    let key = record.head.key.clone();
    record.decode().map_err(|source| StorageError::Decode { key, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use helmd_release::Status;

    fn release(name: &str, version: i64, status: Status) -> Release {
        let mut release = Release { name: name.into(), namespace: "n".into(), version, ..Release::default() };
        release.set_status(status, "");
        release
    }

    #[tokio::test]
    async fn pruning_spares_the_deployed_revision() {
        let storage = Storage::memory(Arc::default(), "n");
        storage.create(&release("a", 1, Status::Deployed), 0).await.unwrap();
        for version in 2..5 {
            storage.create(&release("a", version, Status::Failed), 0).await.unwrap();
        }
        storage.create(&release("a", 5, Status::PendingUpgrade), 3).await.unwrap();
        let left: Vec<i64> =
            storage.history("a").await.unwrap().releases.iter().map(|release| release.version).collect();
        assert_eq!(left, [1, 4, 5]);
        assert_eq!(storage.last("a").await.unwrap().version, 5);
        assert_eq!(storage.deployed("a").await.unwrap().version, 1);
    }

    /// Three revisions, of which some have records that hold something else.
    struct Broken(Memory, Vec<i64>);

    #[async_trait::async_trait]
    impl Driver for Broken {
        fn name(&self) -> &'static str {
            "Broken"
        }
        async fn get(&self, namespace: &str, key: &str) -> Result<Record, StorageError> {
            Ok(self.broken(self.0.get(namespace, key).await?))
        }
        async fn heads(&self, namespace: &str, query: &Query) -> Result<Vec<RecordHead>, StorageError> {
            self.0.heads(namespace, query).await
        }
        async fn query(&self, namespace: &str, query: &Query) -> Result<Vec<Record>, StorageError> {
            Ok(self.0.query(namespace, query).await?.into_iter().map(|record| self.broken(record)).collect())
        }
        async fn create(&self, release: &Release) -> Result<(), StorageError> {
            self.0.create(release).await
        }
        async fn update(&self, release: &Release) -> Result<(), StorageError> {
            self.0.update(release).await
        }
        async fn delete(&self, namespace: &str, key: &str) -> Result<(), StorageError> {
            self.0.delete(namespace, key).await
        }
    }

    impl Broken {
        fn broken(&self, mut record: Record) -> Record {
            if self.1.contains(&record.head.revision) {
                record.body = crate::driver::Body::Encoded("!".to_owned());
            }
            record
        }
    }

    async fn with_broken(revisions: &[i64]) -> Storage {
        let storage = Storage::new(Arc::new(Broken(Memory::default(), revisions.to_vec())), "n");
        for (version, status) in [(1, Status::Deployed), (2, Status::Deployed), (3, Status::Failed)] {
            storage.create(&release("a", version, status), 0).await.unwrap();
        }
        storage
    }

    #[tokio::test]
    async fn an_old_record_that_is_broken_hinders_nothing() {
        let storage = with_broken(&[1]).await;
        for listing in [storage.history("a").await.unwrap(), storage.list(|heads| heads).await.unwrap()] {
            let left: Vec<i64> = listing.releases.iter().map(|release| release.version).collect();
            assert_eq!(left, [2, 3]);
            assert_eq!((listing.undecodable[0].name.as_str(), listing.undecodable[0].revision), ("a", 1));
            let told = "the record sh.helm.release.v1.a.v1 in namespace n holds no release that can be read: \
                illegal base64 data at input byte 0";
            assert_eq!(listing.undecodable[0].to_string(), told);
        }
        assert_eq!(storage.last("a").await.unwrap().version, 3);
        assert_eq!(storage.deployed("a").await.unwrap().version, 2);
        let deployed = storage.deployed_all("a").await.unwrap();
        assert_eq!((deployed.releases.len(), deployed.undecodable.len()), (1, 1));
        // It counts, and goes, by its labels.
        storage.create(&release("a", 4, Status::PendingUpgrade), 3).await.unwrap();
        assert!(storage.history("a").await.unwrap().undecodable.is_empty());
    }

    #[tokio::test]
    async fn the_record_that_counts_must_be_readable() {
        let storage = with_broken(&[2, 3]).await;
        let words = |err: StorageError| helmd_kube::helm_text(&err);
        let last = "get: failed to decode data \"sh.helm.release.v1.a.v3\": illegal base64 data at input byte 0";
        assert_eq!(words(storage.last("a").await.unwrap_err()), last);
        let deployed = "get: failed to decode data \"sh.helm.release.v1.a.v2\": illegal base64 data at input byte 0";
        assert_eq!(words(storage.deployed("a").await.unwrap_err()), deployed);
        assert!(with_broken(&[1, 2, 3]).await.history("a").await.is_err());
    }

    #[tokio::test]
    async fn missing_and_doubled_releases_have_helms_sentences() {
        let storage = Storage::memory(Arc::default(), "n");
        assert_eq!(storage.last("a").await.unwrap_err().to_string(), "release: not found");
        assert_eq!(storage.deployed("a").await.unwrap_err().to_string(), "\"a\" has no deployed releases");
        storage.create(&release("a", 1, Status::Failed), 0).await.unwrap();
        let twice = storage.create(&release("a", 1, Status::Failed), 0).await;
        assert_eq!(twice.unwrap_err().to_string(), "release: already exists");
        assert_eq!(DriverKind::from_env_name("zzz").unwrap_err().to_string(), "unknown driver \"zzz\"");
    }
}
