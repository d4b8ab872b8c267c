//! Repositories that are good, bad and worse, on this machine.
#![expect(clippy::unwrap_used, reason = "tests")]

use helmd_chart::HelmMajor;
use helmd_http::{Http, HttpSettings};
use helmd_index::repositories::Repository;
use helmd_repo::repositories::{AddOptions, Added, ChartOptions};
use helmd_repo::{Places, Repos, content};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// Serves files with their lengths as ETags; gives its URL, the files, and the statuses of its answers.
async fn server() -> (String, Files, Arc<Mutex<Vec<u16>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (files, statuses) = (Files::default(), Arc::<Mutex<Vec<u16>>>::default());
    let (held, told) = (Arc::clone(&files), Arc::clone(&statuses));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 8192];
            let read = stream.read(&mut bytes).await.unwrap_or_default();
            let head = String::from_utf8_lossy(bytes.get(..read).unwrap_or_default()).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let file = held.lock().unwrap().get(&path).cloned();
            let etag = format!("\"{}\"", file.as_ref().map_or(0, Vec::len));
            let (status, body) = match file {
                None => (404, Vec::new()),
                Some(_) if head.contains(&format!("if-none-match: {etag}")) => (304, Vec::new()),
                Some(body) => (200, body),
            };
            told.lock().unwrap().push(status);
            let head = format!(
                "HTTP/1.1 {status} X\r\netag: {etag}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _gone = stream.write_all(&[head.into_bytes(), body].concat()).await;
        }
    });
    (url, files, statuses)
}

fn repos(folder: &Path) -> Repos {
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let places = Places {
        repository_config: folder.join("config/repositories.yaml"),
        repository_cache: folder.join("cache"),
        content_cache: folder.join("content"),
        registry_config: folder.join("registry.json"),
        docker_config: std::path::PathBuf::new(),
    };
    Repos::new(places, HelmMajor::Helm4, Http::new(HttpSettings { proxies: false, ..HttpSettings::default() }))
}

fn repository(name: &str, url: &str) -> Repository {
    Repository { name: name.to_owned(), url: url.to_owned(), ..Repository::default() }
}

const ADD: AddOptions = AddOptions { force_update: false, allow_deprecated: false, timeout: Duration::from_secs(5) };

fn text(error: &dyn std::error::Error) -> String {
    helmd_chart::error_text(error)
}

/// All files below a folder.
fn below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else {
                found.push(path.strip_prefix(folder).unwrap().display().to_string())
            }
        }
    }
    found.sort();
    found
}

fn index(entries: &str) -> Vec<u8> {
    format!("apiVersion: v1\nentries:\n{entries}").into_bytes()
}

#[tokio::test]
async fn an_unchanged_index_is_asked_for_once_and_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let (url, files, statuses) = server().await;
    files
        .lock()
        .unwrap()
        .insert("/index.yaml".into(), index("  a:\n  - {name: a, version: 1.0.0, urls: [a-1.0.0.tgz]}\n"));
    let repos = repos(folder.path());
    assert!(matches!(repos.add(repository("r", &url), ADD).await.unwrap(), Added::Added(_)));
    assert!(matches!(repos.add(repository("r", &url), ADD).await.unwrap(), Added::Same));
    let first = repos.index("r").unwrap();
    let again = repos.update(repos.to_update(&[]).unwrap(), Duration::from_secs(5), |_| {}).await;
    assert!(!again.first().unwrap().outcome.as_ref().unwrap().changed);
    assert_eq!(*statuses.lock().unwrap(), [200, 304]);
    assert!(Arc::ptr_eq(&first, &repos.index("r").unwrap()), "it is read once");
    // Another program has written another index: it is fetched whole.
    std::fs::write(repos.index_path("r"), index("  old: []\n")).unwrap();
    let again = repos.update(repos.to_update(&[]).unwrap(), Duration::from_secs(5), |_| {}).await;
    assert!(again.first().unwrap().outcome.as_ref().unwrap().changed);
    assert!(repos.index("r").unwrap().index.entries.contains_key("a"));
}

#[tokio::test]
async fn a_bad_index_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (url, files, _) = server().await;
    let good = index("  a:\n  - {name: a, version: 1.0.0, urls: [a-1.0.0.tgz]}\n");
    files.lock().unwrap().insert("/index.yaml".into(), good.clone());
    let repos = repos(folder.path());
    repos.add(repository("r", &url), ADD).await.unwrap();
    let before = below(folder.path());
    for bad in ["", "a: [", "entries: {}", "apiVersion: v1\nentries:\n  a: []\n  a: []\n", "<html>"] {
        files.lock().unwrap().insert("/index.yaml".into(), bad.as_bytes().to_vec());
        let updated = repos.update(repos.to_update(&[]).unwrap(), Duration::from_secs(5), |_| {}).await;
        assert!(updated.first().unwrap().outcome.is_err(), "{bad}");
        assert_eq!(std::fs::read(repos.index_path("r")).unwrap(), good);
        assert!(repos.add(repository("other", &url), ADD).await.is_err());
        assert_eq!(repos.list().unwrap().list.len(), 1);
    }
    assert_eq!(
        below(folder.path()).into_iter().filter(|f| !f.ends_with(".lock")).collect::<Vec<_>>(),
        before.into_iter().filter(|f| !f.ends_with(".lock")).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn names_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let (url, files, _) = server().await;
    let evil = "  ..:\n  - {name: .., version: 1.0.0, urls: [x.tgz]}\n  up:\n  - {name: up, version: 1.0.0, urls: ['../../../..']}\n  file:\n  - {name: file, version: 1.0.0, urls: ['file:///etc/passwd']}\n";
    files.lock().unwrap().insert("/index.yaml".into(), index(evil));
    let repos = repos(&folder.path().join("in"));
    for name in ["a/b", "..", ".", "a\\b", "a\nb"] {
        assert!(repos.add(repository(name, &url), ADD).await.is_err(), "{name:?}");
    }
    repos.add(repository("r", &url), ADD).await.unwrap();
    assert!(repos.index("r").unwrap().index.entries.get("..").is_none_or(Vec::is_empty));
    for chart in ["r/..", "r/up", "r/file", "r/../r"] {
        let mut log = Vec::new();
        let found = repos.resolve(chart, &ChartOptions::default(), &mut log).await;
        let fetched = match found {
            Ok(chart) => repos.fetch_to_cache(&chart, 1000).await.map(drop),
            Err(error) => Err(error),
        };
        assert!(fetched.is_err(), "{chart}");
    }
    assert!(below(folder.path()).iter().all(|file| file.starts_with("in/")), "{:?}", below(folder.path()));
}

#[tokio::test]
async fn archives_are_what_the_index_says() {
    let folder = tempfile::tempdir().unwrap();
    let (url, files, statuses) = server().await;
    let digest = content::sha256(b"the archive");
    let entries = format!("  a:\n  - {{name: a, version: 1.0.0, urls: [a-1.0.0.tgz], digest: {digest}}}\n");
    files.lock().unwrap().insert("/index.yaml".into(), index(&entries));
    files.lock().unwrap().insert("/a-1.0.0.tgz".into(), b"another one".to_vec());
    let repos = repos(folder.path());
    repos.add(repository("r", &url), ADD).await.unwrap();
    let chart = repos.resolve("r/a", &ChartOptions::default(), &mut Vec::new()).await.unwrap();
    let error = text(&repos.fetch_to_cache(&chart, 1000).await.unwrap_err());
    assert!(error.contains("the archive's digest is sha256:") && error.contains(&digest), "{error}");
    files.lock().unwrap().insert("/a-1.0.0.tgz".into(), b"the archive".to_vec());
    let path = repos.fetch_to_cache(&chart, 1000).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"the archive");
    let asked = statuses.lock().unwrap().len();
    assert_eq!(repos.fetch_to_cache(&chart, 1000).await.unwrap(), path);
    assert_eq!(statuses.lock().unwrap().len(), asked, "what is kept is not fetched");
    // What was changed in the cache is fetched anew; too much is refused.
    std::fs::write(&path, "changed").unwrap();
    assert_eq!(&repos.fetch(&chart, 1000).await.unwrap()[..], b"the archive");
    assert!(text(&repos.fetch(&chart, 5).await.unwrap_err()).contains("larger than the limit of 5 bytes"));
}

#[tokio::test]
async fn one_that_fails_hinders_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (url, files, _) = server().await;
    for name in ["a", "b"] {
        files.lock().unwrap().insert(format!("/{name}/index.yaml"), index("  x: []\n"));
    }
    let repos = repos(folder.path());
    for name in ["a", "b"] {
        repos.add(repository(name, &format!("{url}/{name}")), ADD).await.unwrap();
    }
    files.lock().unwrap().remove("/a/index.yaml");
    let updated = repos.update(repos.to_update(&[]).unwrap(), Duration::from_secs(5), |_| {}).await;
    let failed: Vec<&str> = updated.iter().filter(|u| u.outcome.is_err()).map(|u| u.repository.name.as_str()).collect();
    assert_eq!((updated.len(), failed), (2, vec!["a"]));
    assert!(repos.index("a").is_ok(), "the index of before is there");
    assert!(text(&repos.to_update(&["c".to_owned()]).unwrap_err()).contains("no repositories found matching 'c'"));
    repos.remove("a").unwrap();
    assert!(repos.index("a").is_err() && repos.remove("a").is_err());
}

#[test]
fn passwords_are_for_their_owner() {
    let folder = tempfile::tempdir().unwrap();
    let repos = repos(folder.path());
    let mut file = repos.list_or_none().unwrap();
    file.update(Repository { password: "secret".to_owned(), ..repository("r", "http://h") });
    assert!(!format!("{file:?}").contains("secret"));
    repos.write(&file).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&repos.places.repository_config).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// An index of so many charts, all of the same version.
fn many(charts: usize, version: &str) -> Vec<u8> {
    let words = "word ".repeat(20);
    let one = |n: usize| format!("  c{n}:\n  - name: c{n}\n    version: {version}\n    description: {words}\n");
    index(&(0..charts).map(one).collect::<String>())
}

/// Whether an index is the one or the other of those that [`no_search_sees_half_an_index`] serves.
fn is_whole(index: &helmd_index::Index) -> bool {
    let versions: std::collections::BTreeSet<&str> =
        index.entries.values().flatten().map(|version| &*version.version).collect();
    match versions.into_iter().collect::<Vec<_>>().as_slice() {
        ["1.0.0"] => index.entries.len() == 700,
        ["2.0.0"] => index.entries.len() == 1000,
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_search_sees_half_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let (url, files, _) = server().await;
    let serve = |body: Vec<u8>| drop(files.lock().unwrap().insert("/index.yaml".into(), body));
    let (old, new) = (many(700, "1.0.0"), many(1000, "2.0.0"));
    serve(old.clone());
    let updating = repos(folder.path());
    updating.add(repository("r", &url), ADD).await.unwrap();
    let ended = Arc::new(std::sync::atomic::AtomicBool::new(false));
    // One looks at what the updating process keeps, the others are processes of their own, new each time.
    let shared = [Some(updating.clone()), None, None];
    let searches = shared.map(|shared| {
        let (ended, at) = (Arc::clone(&ended), folder.path().to_owned());
        std::thread::spawn(move || {
            let mut seen = [0, 0];
            while !ended.load(std::sync::atomic::Ordering::Relaxed) || seen.contains(&0) {
                let repos = shared.clone().unwrap_or_else(|| repos(&at));
                let loaded = repos.index("r").unwrap();
                assert!(is_whole(&loaded.index), "{} charts", loaded.index.entries.len());
                seen[usize::from(loaded.index.entries.len() == 1000)] += 1;
                if seen.iter().sum::<usize>() > 100_000 {
                    break;
                }
            }
            seen
        })
    });
    for round in 0..10 {
        serve(if round % 2 == 0 { new.clone() } else { old.clone() });
        let done = updating.update(updating.to_update(&[]).unwrap(), Duration::from_secs(5), |_| {}).await;
        assert!(done.first().unwrap().outcome.as_ref().unwrap().changed, "round {round}");
    }
    ended.store(true, std::sync::atomic::Ordering::Relaxed);
    for search in searches {
        let seen = search.join().unwrap();
        assert!(seen.iter().all(|seen| *seen > 0), "both were seen: {seen:?}");
    }
}
