//! Helm's tables, made as Helm makes them: its migrations, by its names, noted in its table of migrations.

use tokio_postgres::Client;

use super::error::SqlError;

/// The migrations in the order in which Helm's library runs them: by name.
const MIGRATIONS: [(&str, &str); 2] = [("custom_labels", CUSTOM_LABELS), ("init", INIT)];

const INIT: &str = "
CREATE TABLE releases_v1 (
  key VARCHAR(90),
  type VARCHAR(64) NOT NULL,
  body TEXT NOT NULL,
  name VARCHAR(64) NOT NULL,
  namespace VARCHAR(64) NOT NULL,
  version INTEGER NOT NULL,
  status TEXT NOT NULL,
  owner TEXT NOT NULL,
  createdAt INTEGER NOT NULL,
  modifiedAt INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(key, namespace)
);
CREATE INDEX ON releases_v1 (key, namespace);
CREATE INDEX ON releases_v1 (version);
CREATE INDEX ON releases_v1 (status);
CREATE INDEX ON releases_v1 (owner);
CREATE INDEX ON releases_v1 (createdAt);
CREATE INDEX ON releases_v1 (modifiedAt);
GRANT ALL ON releases_v1 TO PUBLIC;
ALTER TABLE releases_v1 ENABLE ROW LEVEL SECURITY;
";

const CUSTOM_LABELS: &str = "
CREATE TABLE custom_labels_v1 (
  releaseKey VARCHAR(64),
  releaseNamespace VARCHAR(67),
  key VARCHAR(317),
  value VARCHAR(63)
);
CREATE INDEX ON custom_labels_v1 (releaseKey, releaseNamespace);
GRANT ALL ON custom_labels_v1 TO PUBLIC;
ALTER TABLE custom_labels_v1 ENABLE ROW LEVEL SECURITY;
";

/// One at a time makes tables: a number of our own for PostgreSQL's advisory locks.
const LOCK: i64 = 0x6865_6c6d_6400;

/// Makes what is missing of Helm's tables.
pub(super) async fn ensure(client: &mut Client) -> Result<(), SqlError> {
    match missing(client).await {
        Ok(missing) if missing.is_empty() => return Ok(()),
        Err(err) if !err.is_undefined_table() => return Err(err),
        _ => {}
    }
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    transaction
        .batch_execute("CREATE TABLE IF NOT EXISTS gorp_migrations (id TEXT NOT NULL PRIMARY KEY, applied_at TIMESTAMP WITH TIME ZONE)")
        .await?;
    for (id, statements) in missing(transaction.client()).await? {
        transaction.batch_execute(statements).await?;
        transaction.execute("INSERT INTO gorp_migrations (id, applied_at) VALUES ($1, now())", &[&id]).await?;
    }
    Ok(transaction.commit().await?)
}

async fn missing(client: &Client) -> Result<Vec<(&'static str, &'static str)>, SqlError> {
    let rows = client.query("SELECT id FROM gorp_migrations", &[]).await?;
    let mut known = Vec::new();
    for row in rows {
        known.push(row.try_get::<_, String>(0)?);
    }
    Ok(MIGRATIONS.into_iter().filter(|(id, _)| !known.iter().any(|known| known == id)).collect())
}
