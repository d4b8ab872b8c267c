//! Connections, kept for the next question.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_postgres::{Client, Connection, NoTls};

use super::error::SqlError;
use super::schema;
use super::settings::Target;
use super::tls::Tls;

/// Connections that wait for work.
const IDLE: usize = 4;
/// How long a connection may take to come to be, unless the connection string says.
const CONNECT: Duration = Duration::from_secs(15);

/// The connections to one database.
pub(super) struct Pool {
    target: Result<Target, SqlError>,
    idle: Mutex<Vec<Client>>,
    has_schema: AtomicBool,
}

/// A connection; it goes back when it is dropped.
pub(super) struct Lent {
    pool: Arc<Pool>,
    client: Option<Client>,
}

impl Pool {
    pub(super) fn new(connection: &str) -> Self {
        Self { target: Target::parse(connection), idle: Mutex::default(), has_schema: AtomicBool::new(false) }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Client>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> Option<Client> {
        let mut idle = self.idle();
        idle.retain(|client| !client.is_closed());
        idle.pop()
    }

    /// A connection to a database that has Helm's tables.
    pub(super) async fn lend(self: &Arc<Self>) -> Result<Lent, SqlError> {
        let target = self.target.as_ref().map_err(Clone::clone)?;
        if let Some(client) = self.waiting() {
            return Ok(Lent { pool: Arc::clone(self), client: Some(client) });
        }
        let failed = |cause: SqlError| match cause {
            settings @ SqlError::Settings(_) => settings,
            cause => SqlError::Connect { place: target.place.clone(), cause: Box::new(cause) },
        };
        let limit = target.config.get_connect_timeout().copied().unwrap_or(CONNECT);
        let connected = tokio::time::timeout(limit, connect(target)).await;
        let late = |_| SqlError::Lost(format!("no connection within {} seconds", limit.as_secs()));
        let mut client = connected.map_err(late).flatten().map_err(failed)?;
        if !self.has_schema.load(Ordering::Relaxed) {
            schema::ensure(&mut client).await.map_err(failed)?;
            self.has_schema.store(true, Ordering::Relaxed);
        }
        Ok(Lent { pool: Arc::clone(self), client: Some(client) })
    }
}

async fn connect(target: &Target) -> Result<Client, SqlError> {
    match &target.tls {
        None => {
            let (client, connection) = target.config.connect(NoTls).await?;
            tokio::spawn(drive(connection));
            Ok(client)
        }
        Some(settings) => {
            let (client, connection) = target.config.connect(Tls::new(settings)?).await?;
            tokio::spawn(drive(connection));
            Ok(client)
        }
    }
}

/// What a connection meets is also told to who asks; here it ends.
async fn drive<S, T>(connection: Connection<S, T>)
where
    Connection<S, T>: Future<Output = Result<(), tokio_postgres::Error>>,
{
    if let Err(err) = connection.await {
        tracing::debug!(error = %SqlError::from(err), "a connection to the database has ended");
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(client) = self.client.take().filter(|client| !client.is_closed()) {
            let mut idle = self.pool.idle();
            if idle.len() < IDLE {
                idle.push(client);
            }
        }
    }
}

impl Lent {
    /// The connection.
    pub(super) fn client(&mut self) -> Result<&mut Client, SqlError> {
        self.client.as_mut().ok_or_else(|| SqlError::Lost("connection closed".to_owned()))
    }
}
