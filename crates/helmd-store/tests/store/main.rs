//! Charts go into stores of all kinds and come out again; the kinds must not differ.
#![expect(clippy::unwrap_used, reason = "tests")]

mod fake_registry;
mod fake_s3;

use bytes::Bytes;
use fake_registry::FakeRegistry;
use fake_s3::FakeS3;
use helmd_chart::{HelmMajor, Loader};
use helmd_store::{
    Backend, Bucket, BucketSettings, Folder, Keys, Put, RegistryFolder, RegistrySettings, Store, StoreError,
    StoreLimits,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn limits(files: usize) -> StoreLimits {
    StoreLimits { archive_bytes: 1 << 20, files, fresh: Duration::ZERO }
}

fn store(backend: Box<dyn Backend>, files: usize) -> Store {
    Store::new(backend, Loader::new(HelmMajor::Helm4), limits(files))
}

fn in_folder(path: &Path) -> Store {
    store(Box::new(Folder::new(path.to_owned(), 1000)), 1000)
}

fn bucket(server: &FakeS3, change: impl FnOnce(&mut BucketSettings)) -> Bucket {
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let mut settings = BucketSettings {
        bucket: "charts".to_owned(),
        prefix: "team a/".to_owned(),
        endpoint: server.url.clone(),
        region: "eu-test-1".to_owned(),
        keys: Keys { id: "me".to_owned(), secret: "secret".to_owned(), token: String::new() },
        path_style: true,
        ca_file: String::new(),
        most: 1000,
    };
    change(&mut settings);
    Bucket::new(settings).unwrap()
}

fn archive(name: &str, version: &str, note: &str) -> Bytes {
    let yaml = format!("apiVersion: v2\nname: {name}\nversion: {version}\ndescription: {note}\n");
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(yaml.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, "chart/Chart.yaml", yaml.as_bytes()).unwrap();
    builder.into_inner().unwrap().finish().unwrap().into()
}

fn signature(name: &str, version: &str) -> Bytes {
    format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nname: {name}\nversion: {version}\n\n...\nfiles:\n  x: sha256:0\n\
         -----BEGIN PGP SIGNATURE-----\n\nxx\n-----END PGP SIGNATURE-----\n"
    )
    .into()
}

/// What every store does.
async fn come_and_go(store: &Store, beside: &Store) {
    assert_eq!(store.view().await.unwrap().versions(), 0);
    let first = archive("web", "1.0.0", "first");
    store.add(first.clone(), None, Put::New).await.unwrap();
    store.add(archive("web", "1.1.0", "second"), Some(signature("web", "1.1.0")), Put::New).await.unwrap();
    store.add(archive("db", "0.1.0+build", "x"), None, Put::New).await.unwrap();
    // Another process on the same place sees all of it.
    for store in [store, beside] {
        let view = store.view().await.unwrap();
        assert_eq!(view.index.entries.keys().collect::<Vec<_>>(), ["db", "web"]);
        assert_eq!(&*view.version("web", "latest").unwrap().description, "second");
        assert!(view.version("web", "1.1.0").unwrap().created.is_some());
        let got = store.archive("web-1.0.0.tgz").await.unwrap().unwrap();
        assert_eq!(got.bytes, first);
        assert_eq!(store.archive("db-0.1.0+build.tgz").await.unwrap().unwrap().held.file, "db-0.1.0+build.tgz");
        assert!(store.signature("web-1.1.0.tgz").await.unwrap().is_some());
        assert!(store.signature("web-1.0.0.tgz").await.unwrap().is_none());
        assert!(store.archive("none-1.0.0.tgz").await.unwrap().is_none());
    }
    let again = store.add(archive("web", "1.0.0", "other"), None, Put::New).await;
    assert!(matches!(again, Err(StoreError::Exists)));
    assert_eq!(store.archive("web-1.0.0.tgz").await.unwrap().unwrap().bytes, first);
    // The signature that is there is the former archive's.
    store.add(archive("web", "1.1.0", "replaced"), None, Put::Replace).await.unwrap();
    assert!(store.signature("web-1.1.0.tgz").await.unwrap().is_none());
    assert_eq!(&*beside.view().await.unwrap().version("web", "1.1.0").unwrap().description, "replaced");
    store.add_signature(signature("web", "1.1.0"), Put::New).await.unwrap();
    assert!(matches!(store.add_signature(signature("web", "1.1.0"), Put::New).await, Err(StoreError::Exists)));
    assert!(beside.signature("web-1.1.0.tgz").await.unwrap().is_some());
    beside.remove("web", "1.1.0").await.unwrap();
    assert!(matches!(beside.remove("web", "1.1.0").await, Err(StoreError::NotFound { .. })));
    let view = store.view().await.unwrap();
    assert!(view.version("web", "1.1.0").is_err() && view.signature("web-1.1.0.tgz").is_none());
}

/// Files as they are uploaded: charts under any name, and what is none.
async fn uploads(store: &Store, beside: &Store) {
    let odd = archive("odd", "3.0.0", "uploaded");
    store.put_file("of mine.tgz", odd.clone()).await.unwrap();
    store.put_file("junk.tgz", Bytes::from_static(b"no archive")).await.unwrap();
    assert_eq!(beside.files().await.unwrap(), ["db-0.1.0+build.tgz", "junk.tgz", "of mine.tgz", "web-1.0.0.tgz"]);
    assert_eq!(beside.file("junk.tgz").await.unwrap().unwrap(), "no archive");
    assert_eq!(beside.archive("odd-3.0.0.tgz").await.unwrap().unwrap().bytes, odd);
    assert!(beside.view().await.unwrap().index.entries.keys().all(|name| name != "junk"));
    // What is replaced under the same name is another chart now.
    store.put_file("of mine.tgz", archive("even", "4.0.0", "uploaded")).await.unwrap();
    assert!(beside.archive("odd-3.0.0.tgz").await.unwrap().is_none());
    beside.remove("even", "4.0.0").await.unwrap();
    store.remove_file("junk.tgz").await.unwrap();
    store.remove_file("junk.tgz").await.unwrap();
    assert_eq!(beside.files().await.unwrap(), ["db-0.1.0+build.tgz", "web-1.0.0.tgz"]);
    for bad in ["../x.tgz", "..", "a/b.tgz", ""] {
        assert!(store.put_file(bad, Bytes::new()).await.is_err(), "{bad}");
        assert!(store.file(bad).await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_folder() {
    let place = tempfile::tempdir().unwrap();
    let stores = [in_folder(place.path()), in_folder(place.path())];
    come_and_go(&stores[0], &stores[1]).await;
    uploads(&stores[0], &stores[1]).await;
}

#[tokio::test]
async fn a_bucket() {
    let server = FakeS3::start("me", "secret", "eu-test-1").await;
    let of = || store(Box::new(bucket(&server, |_| {})), 1000);
    let stores = [of(), of()];
    come_and_go(&stores[0], &stores[1]).await;
    uploads(&stores[0], &stores[1]).await;
    assert_eq!(server.refused(), 0);
    assert!(server.names().iter().all(|name| name.starts_with("charts/team a/")));
}

#[tokio::test]
async fn a_bucket_says_why_it_refuses() {
    let server = FakeS3::start("me", "secret", "eu-test-1").await;
    let asked = |change: fn(&mut BucketSettings)| {
        let bucket = bucket(&server, change);
        async move { bucket.list().await.unwrap_err().to_string() }
    };
    let wrong = asked(|settings| settings.keys.secret = "wrong-secret".to_owned()).await;
    assert_eq!(wrong, "the bucket of the chart store: listing charts: 403 SignatureDoesNotMatch");
    let nobody = asked(|settings| settings.region = "elsewhere".to_owned()).await;
    assert!(nobody.ends_with("403 SignatureDoesNotMatch"), "{nobody}");
    assert_eq!(server.refused(), 2);
    server.busy(2);
    assert_eq!(bucket(&server, |_| {}).list().await.unwrap(), []);
    server.busy(9);
    let busy = asked(|_| {}).await;
    assert!(busy.ends_with("503 SlowDown"), "{busy}");
    for bad in ["", "a/b", "a b"] {
        assert!(Bucket::new(BucketSettings { bucket: bad.to_owned(), ..BucketSettings::default() }).is_err(), "{bad}");
    }
    let scheme =
        BucketSettings { bucket: "b".to_owned(), endpoint: "file:///x".to_owned(), ..BucketSettings::default() };
    assert!(Bucket::new(scheme).is_err());
}

#[tokio::test]
async fn a_list_has_pages_and_an_end() {
    let server = FakeS3::start("me", "secret", "eu-test-1").await;
    let all = bucket(&server, |_| {});
    for number in 0..7 {
        all.put(&format!("f{number}.tgz"), Bytes::from_static(b"x"), Put::New).await.unwrap();
    }
    // The fake gives three at a time.
    assert_eq!(all.list().await.unwrap().len(), 7);
    let few = bucket(&server, |settings| settings.most = 5);
    assert!(few.list().await.unwrap_err().to_string().contains("chartStore.maxFiles"));
}

#[tokio::test]
async fn what_is_no_chart_does_not_come_in() {
    let place = tempfile::tempdir().unwrap();
    let store = in_folder(place.path());
    let bad = [
        Bytes::new(),
        Bytes::from_static(b"no archive"),
        archive("..", "1.0.0", "x"),
        archive("a b", "1.0.0", "x"),
        archive("web", "one", "x"),
        archive("", "1.0.0", "x"),
    ];
    for bytes in bad {
        assert!(store.add(bytes, None, Put::Replace).await.is_err());
    }
    let other = store.add(archive("web", "1.0.0", "x"), Some(signature("db", "1.0.0")), Put::New).await;
    assert!(matches!(other, Err(StoreError::Provenance(_))));
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_full_store_takes_no_more() {
    let place = tempfile::tempdir().unwrap();
    let store = store(Box::new(Folder::new(place.path().to_owned(), 100)), 2);
    store.add(archive("a", "1.0.0", "x"), None, Put::New).await.unwrap();
    store.add(archive("b", "1.0.0", "x"), None, Put::New).await.unwrap();
    assert!(matches!(store.add(archive("c", "1.0.0", "x"), None, Put::New).await, Err(StoreError::Full)));
    store.add(archive("a", "1.0.0", "y"), None, Put::Replace).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_come_at_once_one_is_first() {
    let place = tempfile::tempdir().unwrap();
    let server = FakeS3::start("me", "secret", "eu-test-1").await;
    let s3 = || store(Box::new(bucket(&server, |_| {})), 1000);
    let folders = [in_folder(place.path()), in_folder(place.path())].map(Arc::new);
    for stores in [folders, [s3(), s3()].map(Arc::new)] {
        let tasks: Vec<_> = (0..16)
            .map(|number| {
                let store = Arc::clone(&stores[number % 2]);
                let bytes = archive("web", "1.0.0", &format!("number {number}"));
                tokio::spawn(async move { store.add(bytes.clone(), None, Put::New).await.map(|_| bytes) })
            })
            .collect();
        let mut first = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Ok(bytes) => first.push(bytes),
                Err(StoreError::Exists) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(first.len(), 1);
        assert_eq!(stores[0].archive("web-1.0.0.tgz").await.unwrap().unwrap().bytes, first[0]);
    }
}

fn registry(server: &FakeRegistry, charts: &[&str]) -> Store {
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let settings = RegistrySettings {
        host: server.host.clone(),
        folder: "team/charts".to_owned(),
        charts: charts.iter().map(ToString::to_string).collect(),
        plain_http: true,
        archive_bytes: 1 << 20,
        most: 1000,
        ..RegistrySettings::default()
    };
    store(Box::new(RegistryFolder::new(settings).unwrap()), 1000)
}

#[tokio::test]
async fn a_registry() {
    let server = FakeRegistry::start().await;
    server.put_image("team/charts/image");
    server.put_image("elsewhere/web");
    let stores = [registry(&server, &[]), registry(&server, &[])];
    come_and_go(&stores[0], &stores[1]).await;
    let tags =
        ["elsewhere/web:1.0.0", "team/charts/db:0.1.0_build", "team/charts/image:1.0.0", "team/charts/web:1.0.0"];
    assert_eq!(server.tags(), tags);
    assert!(registry(&server, &[]).file("web-1.0.0.tgz").await.unwrap().is_some());
    // Without a catalog the settings say which charts there are.
    let named = registry(&server, &["web"]);
    assert_eq!(named.view().await.unwrap().versions(), 1);
    named.add(archive("new", "1.0.0", "x"), None, Put::New).await.unwrap();
    assert_eq!(named.view().await.unwrap().versions(), 2);
}

#[tokio::test]
async fn a_registry_holds_charts_only() {
    let server = FakeRegistry::start().await;
    let store = registry(&server, &["web"]);
    let junk = store.put_file("junk.tgz", Bytes::from_static(b"no archive")).await.unwrap_err();
    assert!(helmd_chart::error_text(&junk).contains("it holds charts only"), "{junk}");
    let odd = store.put_file("odd.tgz", archive("web", "1.0.0", "x")).await.unwrap_err();
    assert!(odd.to_string().ends_with("odd.tgz must be called web-1.0.0.tgz"), "{odd}");
    let early = store.add_signature(signature("web", "1.0.0"), Put::New).await.unwrap_err();
    assert!(early.to_string().contains("there is no web-1.0.0.tgz"), "{early}");
    store.put_file("web-1.0.0.tgz", archive("web", "1.0.0", "x")).await.unwrap();
    assert_eq!(store.files().await.unwrap(), ["web-1.0.0.tgz"]);
    for host in ["", "a b"] {
        assert!(
            RegistryFolder::new(RegistrySettings { host: host.to_owned(), ..RegistrySettings::default() }).is_err()
        );
    }
}
