//! The SQL driver on a PostgreSQL of its own; skipped where there is none.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on fails, a skipped one says so")]

use std::collections::BTreeMap;
use std::time::Duration;

use helmd_chart::HelmMajor;
use helmd_e2e::Postgres;
use helmd_kube::{ErrorKind, helm_text};
use helmd_release::{Release, Status};
use helmd_storage::{Sql, Storage, StorageError};

fn postgres() -> Option<Postgres> {
    let started = Postgres::start().unwrap();
    if started.is_none() {
        println!("skipped: postgres, initdb or psql is missing");
    }
    started
}

fn release(namespace: &str, version: i64, status: Status) -> Release {
    let mut release = Release { name: "a".into(), namespace: namespace.into(), version, ..Release::default() };
    release.labels =
        BTreeMap::from([("team".into(), "x'; DROP TABLE releases_v1; --".into()), ("owner".into(), "me".into())]);
    release.set_status(status, "");
    release
}

#[tokio::test]
async fn releases_come_back_as_they_were() {
    let Some(postgres) = postgres() else { return };
    let sql = Sql::new(&postgres.connection, HelmMajor::Helm4);
    let (storage, all) = (Storage::sql(&sql, "n"), Storage::sql(&sql, ""));
    assert!(matches!(storage.last("a").await, Err(StorageError::NotFound)));
    assert!(matches!(storage.get("a", 1).await, Err(StorageError::NotFound)));
    storage.create(&release("n", 1, Status::Superseded), 0).await.unwrap();
    storage.create(&release("n", 2, Status::Deployed), 0).await.unwrap();
    storage.create(&release("m", 1, Status::Failed), 0).await.unwrap();
    assert!(matches!(storage.create(&release("n", 2, Status::Failed), 0).await, Err(StorageError::AlreadyExists)));

    let last = storage.last("a").await.unwrap();
    assert_eq!((last.version, last.labels["team"].as_str()), (2, "x'; DROP TABLE releases_v1; --"));
    assert!(!last.labels.contains_key("owner"));
    assert_eq!(storage.deployed("a").await.unwrap().version, 2);
    assert_eq!(storage.history("a").await.unwrap().releases.len(), 2);
    assert_eq!(all.list(|heads| heads).await.unwrap().releases.len(), 3);
    let heads = all.list(|mut heads| {
        assert!(heads.iter().all(|head| head.labels["team"].starts_with("x'") && head.labels["owner"] == "helm"));
        heads.retain(|head| head.status == "failed");
        heads
    });
    assert_eq!(heads.await.unwrap().releases[0].namespace, "m");

    storage.update(&release("n", 2, Status::Superseded)).await.unwrap();
    assert!(matches!(storage.deployed("a").await, Err(StorageError::NoDeployed { .. })));
    assert!(matches!(storage.update(&release("n", 9, Status::Failed)).await, Err(StorageError::NotFound)));
    storage.create(&release("n", 3, Status::Deployed), 2).await.unwrap();
    assert_eq!(
        postgres.ask("SELECT string_agg(namespace || version, ',' ORDER BY key) FROM releases_v1").unwrap(),
        "m1,n2,n3"
    );
    for (storage, version) in [(&storage, 2), (&storage, 3), (&Storage::sql(&sql, "m"), 1)] {
        storage.delete("a", version).await.unwrap();
        assert!(matches!(storage.delete("a", version).await, Err(StorageError::NotFound)));
    }
    assert_eq!(postgres.ask("SELECT count(*) FROM custom_labels_v1").unwrap(), "0");
}

#[tokio::test]
async fn an_operation_does_not_write_over_what_others_have_changed() {
    let Some(postgres) = postgres() else { return };
    let sql = Sql::new(&postgres.connection, HelmMajor::Helm4);
    let outside = Storage::sql(&sql, "n");
    let inside = outside.for_operation(Duration::from_secs(5));
    inside.create(&release("n", 1, Status::PendingInstall), 0).await.unwrap();
    inside.update(&release("n", 1, Status::Deployed)).await.unwrap();
    outside.update(&release("n", 1, Status::Failed)).await.unwrap();
    let refused = inside.update(&release("n", 1, Status::Superseded)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert_eq!(helm_text(&refused), "the record \"sh.helm.release.v1.a.v1\" has been changed by somebody else");
    // Who reads it again knows what he changes.
    assert_eq!(inside.last("a").await.unwrap().info.status, Status::Failed);
    inside.update(&release("n", 1, Status::Superseded)).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_ends_is_made_again() {
    let Some(postgres) = postgres() else { return };
    let sql = Sql::new(&postgres.connection, HelmMajor::Helm4);
    let storage = Storage::sql(&sql, "n").for_operation(Duration::from_secs(20));
    storage.create(&release("n", 1, Status::Deployed), 0).await.unwrap();
    let others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'helm' AND backend_type = 'client backend'";
    assert_eq!(postgres.ask(others).unwrap(), "1");
    storage.update(&release("n", 1, Status::Failed)).await.unwrap();
    assert_eq!(storage.last("a").await.unwrap().info.status, Status::Failed);
}

#[tokio::test]
async fn several_make_the_tables_at_once() {
    let Some(postgres) = postgres() else { return };
    let ask = |_| async {
        let sql = Sql::new(&postgres.connection, HelmMajor::Helm4);
        Storage::sql(&sql, "").list(|heads| heads).await.map(|listing| listing.releases.len())
    };
    for answer in futures::future::join_all((0..8).map(ask)).await {
        assert_eq!(answer.unwrap(), 0);
    }
    assert_eq!(
        postgres.ask("SELECT string_agg(id, ',' ORDER BY id) FROM gorp_migrations").unwrap(),
        "custom_labels,init"
    );
}

#[tokio::test]
async fn why_there_is_no_connection_is_told_without_the_password() {
    let Some(postgres) = postgres() else { return };
    let text = |connection: String| async move {
        let storage = Storage::sql(&Sql::new(&connection, HelmMajor::Helm4), "n");
        let err = storage.last("a").await.unwrap_err();
        (err.kind(), helm_text(&err))
    };
    let (kind, words) = text(postgres.connection.replace("e2e-secret", "wrong-one")).await;
    assert_eq!(kind, ErrorKind::Denied);
    assert!(words.contains("pq: password authentication failed for user \"helm\" (28P01) (helm@127.0.0.1:"), "{words}");
    assert!(!words.contains("wrong-one"), "{words}");
    let (kind, words) = text("postgres://u:e2e-secret@127.0.0.1:1/x?sslmode=disable".to_owned()).await;
    assert_eq!(kind, ErrorKind::Unavailable);
    assert!(words.starts_with("unable to instantiate SQL driver: ") && words.contains("(u@127.0.0.1:1/x)"), "{words}");
    assert!(words.to_lowercase().contains("connection refused") && !words.contains("secret"), "{words}");
    let (_, words) = text(postgres.connection.replace("sslmode=disable", "sslmode=require")).await;
    assert!(words.to_lowercase().contains("tls"), "{words}");
    let (kind, words) = text(String::new()).await;
    assert_eq!(
        (kind, words.as_str()),
        (ErrorKind::Invalid, "unable to instantiate SQL driver: HELM_DRIVER_SQL_CONNECTION_STRING is not set")
    );
}
