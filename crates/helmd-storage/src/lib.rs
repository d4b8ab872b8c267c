//! Where releases are kept: Secrets (Helm's default), ConfigMaps, PostgreSQL, or this process' memory.
//!
//! Owns: the drivers, the questions asked of them ([`Storage`]: newest, deployed, history, list),
//! the history limit, and Helm's sentences about missing and doubled releases ([`StorageError`]).
//! Does not own: what a record is and how it is encoded (`helmd-release`), the calls (`helmd-kube`).
//!
//! Start at [`Storage`]. Each question is asked of the cluster; of revisions that have not changed since the last list or history
//! what those show is kept ([`Kept`]).

mod driver;
mod error;
mod kept;
mod memory;
mod objects;
mod sql;
mod storage;

pub use driver::{Driver, DriverKind, Query, Record, RecordHead};
pub use error::{StorageError, TooLarge};
pub use kept::Kept;
pub use memory::Memory;
pub use objects::Objects;
pub use sql::{Sql, SqlError};
pub use storage::{Listing, Storage, Undecodable};
