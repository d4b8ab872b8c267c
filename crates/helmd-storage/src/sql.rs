//! Releases in PostgreSQL, in Helm's own tables: one row per revision, the user's labels in a second table.

mod error;
mod pool;
mod schema;
mod settings;
mod tls;

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use helmd_chart::HelmMajor;
use helmd_kube::ErrorKind;
use helmd_release::{Release, STORAGE_TYPE, without_system_labels};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Transaction};

pub use error::SqlError;
use pool::Pool;

use crate::driver::{Body, Driver, Query, Record, RecordHead};
use crate::error::StorageError;

/// What Helm writes into the column `owner`.
const OWNER: &str = "helm";
/// The first pause before a call is repeated; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Keeps releases in a PostgreSQL database. Clones share its connections.
#[derive(Clone)]
pub struct Sql {
    pool: Arc<Pool>,
    helm: HelmMajor,
    /// How long calls are repeated while the database does not answer.
    patience: Duration,
    /// What an operation has read or written, by namespace and key.
    seen: Option<Seen>,
}

type Seen = Arc<Mutex<BTreeMap<(String, String), Version>>>;

/// Tells whether a row is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    modified_at: i32,
    body: u64,
}

impl Version {
    fn of(modified_at: i32, body: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Self { modified_at, body: hasher.finish() }
    }
}

impl std::fmt::Debug for Sql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sql").field("helm", &self.helm).finish_non_exhaustive()
    }
}

/// How often something was tried.
struct Tries {
    until: Instant,
    pause: Duration,
    count: usize,
}

impl Tries {
    /// Whether to try again after this; pauses first. A connection that ended while it waited costs no patience.
    async fn again(&mut self, err: &SqlError) -> bool {
        let first = self.count == 0 && matches!(err, SqlError::Lost(_));
        if err.kind() != ErrorKind::Unavailable || !(first || Instant::now() + self.pause < self.until) {
            return false;
        }
        if !first {
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
        self.count += 1;
        true
    }

    fn repeated(&self) -> bool {
        self.count > 0
    }
}

/// A release as a row.
struct Written<'a> {
    key: String,
    namespace: &'a str,
    version: i32,
    status: String,
    body: String,
    release: &'a Release,
}

impl Sql {
    /// A driver on the database of a connection string (`postgres://…` or `host=… dbname=…`), which is read and used with the first
    /// question. Records are written as this `helm` writes them; either Helm reads both forms.
    #[must_use]
    pub fn new(connection: &str, helm: HelmMajor) -> Self {
        Self { pool: Arc::new(Pool::new(connection)), helm, patience: Duration::ZERO, seen: None }
    }

    fn tries(&self) -> Tries {
        Tries { until: Instant::now() + self.patience, pause: FIRST_PAUSE, count: 0 }
    }

    fn see(&self, namespace: &str, key: &str, version: Version) {
        if let Some(seen) = &self.seen {
            let place = (namespace.to_owned(), key.to_owned());
            seen.lock().unwrap_or_else(PoisonError::into_inner).insert(place, version);
        }
    }

    fn seen(&self, namespace: &str, key: &str) -> Option<Version> {
        let seen = self.seen.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&(namespace.to_owned(), key.to_owned())).copied()
    }

    fn row<'a>(&self, verb: &'static str, release: &'a Release) -> Result<Written<'a>, StorageError> {
        let failed = |reason: String| StorageError::Encode { verb, name: release.name.clone(), reason };
        Ok(Written {
            key: release.storage_key(),
            namespace: if release.namespace.is_empty() { "default" } else { &release.namespace },
            version: i32::try_from(release.version).map_err(|err| failed(err.to_string()))?,
            status: release.info.status.to_string(),
            body: helmd_release::encode(release, self.helm).map_err(|err| failed(err.to_string()))?,
            release,
        })
    }

    async fn read(&self, choice: &Choice<'_>) -> Result<Vec<Record>, SqlError> {
        let mut tries = self.tries();
        loop {
            match self.read_once(choice).await {
                Err(err) if tries.again(&err).await => {}
                other => return other,
            }
        }
    }

    async fn read_once(&self, choice: &Choice<'_>) -> Result<Vec<Record>, SqlError> {
        let mut lent = self.pool.lend().await?;
        let (text, parameters) = choice.statement();
        let rows = lent.client()?.query(&text, &parameters).await?;
        rows.iter().map(|row| self.record(row, choice.heads_only)).collect()
    }

    fn record(&self, row: &Row, heads_only: bool) -> Result<Record, SqlError> {
        let text = |column: usize| row.try_get::<_, String>(column);
        let (key, namespace, body) = (text(0)?, text(1)?, text(6)?);
        let modified_at: i32 = row.try_get(5)?;
        let mut labels: BTreeMap<String, String> = BTreeMap::new();
        for pair in row.try_get::<_, Vec<String>>(7)?.chunks_exact(2) {
            if let [name, value] = pair {
                labels.insert(name.clone(), value.clone());
            }
        }
        let mut labels = without_system_labels(labels);
        let version: i32 = row.try_get(3)?;
        let own =
            [("name", text(2)?), ("version", version.to_string()), ("status", text(4)?), ("owner", OWNER.to_owned())];
        labels.extend(own.map(|(name, value)| (name.to_owned(), value)));
        if !heads_only {
            self.see(&namespace, &key, Version::of(modified_at, &body));
        }
        let head = RecordHead::from_labels(key, namespace, labels, modified_at.to_string());
        // HELM: its tables have no place for more.
        Ok(Record { head, body: Body::Encoded(body), explanation: String::new() })
    }

    async fn create_once(&self, row: &Written<'_>) -> Result<(), SqlError> {
        let mut lent = self.pool.lend().await?;
        let transaction = lent.client()?.transaction().await?;
        let created_at = now();
        let Written { key, namespace, version, status, body, release } = row;
        let inserted = transaction
            .execute(
                "INSERT INTO releases_v1 (key, type, body, name, namespace, version, status, owner, createdAt) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                &[key, &STORAGE_TYPE, body, &release.name, namespace, version, status, &OWNER, &created_at],
            )
            .await
            .map_err(SqlError::from);
        match inserted {
            Err(err) if err.is_unique_violation() => return Err(SqlError::Exists(key.clone())),
            other => other?,
        };
        for (name, value) in without_system_labels(release.labels.clone()) {
            transaction
                .execute(
                    "INSERT INTO custom_labels_v1 (releaseKey, releaseNamespace, key, value) VALUES ($1, $2, $3, $4)",
                    &[key, namespace, &name, &value],
                )
                .await?;
        }
        transaction.commit().await?;
        self.see(namespace, key, Version::of(0, body));
        Ok(())
    }

    async fn update_once(&self, row: &Written<'_>) -> Result<(), SqlError> {
        let mut lent = self.pool.lend().await?;
        let transaction = lent.client()?.transaction().await?;
        let Written { key, namespace, version, status, body, release } = row;
        if let Some(seen) = self.seen(namespace, key)
            && current(&transaction, namespace, key).await? != seen
        {
            return Err(SqlError::Changed(key.clone()));
        }
        let modified_at = now();
        let changed = transaction
            .execute(
                "UPDATE releases_v1 SET body = $1, name = $2, version = $3, status = $4, owner = $5, modifiedAt = $6 \
                 WHERE key = $7 AND namespace = $8",
                &[body, &release.name, version, status, &OWNER, &modified_at, key, namespace],
            )
            .await?;
        if changed == 0 {
            return Err(SqlError::Missing(key.clone()));
        }
        transaction.commit().await?;
        self.see(namespace, key, Version::of(modified_at, body));
        Ok(())
    }

    async fn delete_once(&self, namespace: &str, key: &str) -> Result<(), SqlError> {
        let mut lent = self.pool.lend().await?;
        let transaction = lent.client()?.transaction().await?;
        let statement = "DELETE FROM releases_v1 WHERE key = $1 AND namespace = $2";
        if transaction.execute(statement, &[&key, &namespace]).await? == 0 {
            return Err(SqlError::Missing(key.to_owned()));
        }
        let statement = "DELETE FROM custom_labels_v1 WHERE releaseKey = $1 AND releaseNamespace = $2";
        transaction.execute(statement, &[&key, &namespace]).await?;
        Ok(transaction.commit().await?)
    }

    /// Whether the row holds this very release: then a write that was refused had been heard the first time.
    async fn holds(&self, row: &Written<'_>) -> bool {
        let choice = Choice { namespace: row.namespace, key: Some(&row.key), ..Choice::default() };
        match self.read(&choice).await.as_deref() {
            Ok([Record { body: Body::Encoded(stored), .. }]) => *stored == row.body,
            _ => false,
        }
    }
}

/// The row as it is, which nobody else changes until the transaction ends.
async fn current(transaction: &Transaction<'_>, namespace: &str, key: &str) -> Result<Version, SqlError> {
    let statement = "SELECT modifiedAt, body FROM releases_v1 WHERE key = $1 AND namespace = $2 FOR UPDATE";
    match transaction.query_opt(statement, &[&key, &namespace]).await? {
        Some(row) => Ok(Version::of(row.try_get(0)?, row.try_get::<_, &str>(1)?)),
        None => Err(SqlError::Missing(key.to_owned())),
    }
}

/// Which rows.
#[derive(Default)]
struct Choice<'a> {
    /// Empty for all.
    namespace: &'a str,
    key: Option<&'a str>,
    name: Option<&'a str>,
    statuses: &'a [String],
    /// Without the bodies.
    heads_only: bool,
}

impl<'a> Choice<'a> {
    fn of(namespace: &'a str, query: &'a Query, heads_only: bool) -> Self {
        Self { namespace, key: None, name: query.name.as_deref(), statuses: &query.statuses, heads_only }
    }

    fn statement(&'a self) -> (String, Vec<&'a (dyn ToSql + Sync)>) {
        let mut text = format!(
            "SELECT r.key, r.namespace, r.name, r.version, r.status, r.modifiedAt, {}, \
             ARRAY(SELECT unnest(ARRAY[l.key, coalesce(l.value, '')]) FROM custom_labels_v1 l \
             WHERE l.releaseKey = r.key AND l.releaseNamespace = r.namespace AND l.key IS NOT NULL)::text[] \
             FROM releases_v1 r WHERE TRUE",
            if self.heads_only { "''" } else { "r.body" }
        );
        let mut parameters: Vec<&(dyn ToSql + Sync)> = Vec::new();
        let mut add = |condition: &str, value: &'a (dyn ToSql + Sync)| {
            parameters.push(value);
            text.push_str(&format!(" AND {}", condition.replace('?', &format!("${}", parameters.len()))));
        };
        match &self.key {
            Some(key) => add("r.key = ?", key),
            None => add("r.owner = ?", &OWNER),
        }
        if self.key.is_some() || !self.namespace.is_empty() {
            add("r.namespace = ?", &self.namespace);
        }
        if let Some(name) = &self.name {
            add("r.name = ?", name);
        }
        if !self.statuses.is_empty() {
            add("r.status = ANY(?)", &self.statuses);
        }
        (text, parameters)
    }
}

fn now() -> i32 {
    // The column's type ends in 2038.
    i32::try_from(jiff::Timestamp::now().as_second()).unwrap_or(i32::MAX)
}

#[async_trait]
impl Driver for Sql {
    fn name(&self) -> &'static str {
        "SQL"
    }

    async fn get(&self, namespace: &str, key: &str) -> Result<Record, StorageError> {
        let choice = Choice { namespace, key: Some(key), ..Choice::default() };
        self.read(&choice).await?.pop().ok_or(StorageError::NotFound)
    }

    async fn heads(&self, namespace: &str, query: &Query) -> Result<Vec<RecordHead>, StorageError> {
        let records = self.read(&Choice::of(namespace, query, true)).await?;
        Ok(records.into_iter().map(|record| record.head).collect())
    }

    async fn query(&self, namespace: &str, query: &Query) -> Result<Vec<Record>, StorageError> {
        Ok(self.read(&Choice::of(namespace, query, false)).await?)
    }

    async fn create(&self, release: &Release) -> Result<(), StorageError> {
        let row = self.row("create", release)?;
        let mut tries = self.tries();
        loop {
            match self.create_once(&row).await {
                Err(err) if tries.again(&err).await => {}
                Err(SqlError::Exists(_)) if tries.repeated() && self.holds(&row).await => return Ok(()),
                other => return Ok(other?),
            }
        }
    }

    async fn update(&self, release: &Release) -> Result<(), StorageError> {
        let row = self.row("update", release)?;
        let mut tries = self.tries();
        loop {
            match self.update_once(&row).await {
                Err(err) if tries.again(&err).await => {}
                Err(SqlError::Changed(_)) if tries.repeated() && self.holds(&row).await => return Ok(()),
                other => return Ok(other?),
            }
        }
    }

    async fn delete(&self, namespace: &str, key: &str) -> Result<(), StorageError> {
        let mut tries = self.tries();
        loop {
            match self.delete_once(namespace, key).await {
                Err(err) if tries.again(&err).await => {}
                Err(SqlError::Missing(_)) if tries.repeated() => return Ok(()),
                other => return Ok(other?),
            }
        }
    }

    fn for_operation(&self, patience: Duration) -> Option<Arc<dyn Driver>> {
        Some(Arc::new(Self { patience, seen: Some(Seen::default()), ..self.clone() }))
    }
}
