//! A registry in this process: as much of the distribution API as charts need.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[derive(Default)]
struct Held {
    blobs: BTreeMap<String, Vec<u8>>,
    /// By repository and digest.
    manifests: BTreeMap<(String, String), Vec<u8>>,
    /// Digests by repository and tag.
    tags: BTreeMap<(String, String), String>,
}

pub struct FakeRegistry {
    pub host: String,
    held: Arc<Mutex<Held>>,
}

impl FakeRegistry {
    pub async fn start() -> FakeRegistry {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let held = Arc::<Mutex<Held>>::default();
        let kept = Arc::clone(&held);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept)));
            }
        });
        FakeRegistry { host, held }
    }

    pub fn tags(&self) -> Vec<String> {
        self.held.lock().unwrap().tags.keys().map(|(repository, tag)| format!("{repository}:{tag}")).collect()
    }

    /// Puts something there that is no chart.
    pub fn put_image(&self, repository: &str) {
        let manifest =
            br#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json"},"layers":[]}"#;
        let digest = helmd_registry::digest(manifest);
        let mut held = self.held.lock().unwrap();
        held.tags.insert((repository.to_owned(), "1.0.0".to_owned()), digest.clone());
        held.manifests.insert((repository.to_owned(), digest), manifest.to_vec());
    }
}

async fn serve(mut stream: TcpStream, held: Arc<Mutex<Held>>) -> Option<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).ok()?;
        let mut first = head.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).await.ok()?;
        let (status, extra, content) = answer(&method, &target, &body, &mut held.lock().unwrap());
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{extra}\r\n", content.len());
        let content = if method == "HEAD" { Vec::new() } else { content };
        stream.write_all(&[head.into_bytes(), content].concat()).await.ok()?;
    }
}

fn json(value: &serde_json::Value) -> (u16, String, Vec<u8>) {
    (200, String::new(), value.to_string().into_bytes())
}

fn answer(method: &str, target: &str, body: &[u8], held: &mut Held) -> (u16, String, Vec<u8>) {
    let nothing = || (404, String::new(), b"{\"errors\":[{\"code\":\"NOT_FOUND\"}]}".to_vec());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = path.trim_start_matches("/v2/");
    if path == "_catalog" {
        let mut names: Vec<&String> = held.tags.keys().map(|(repository, _)| repository).collect();
        names.dedup();
        return json(&serde_json::json!({ "repositories": names }));
    }
    if let Some(repository) = path.strip_suffix("/tags/list") {
        let tags: Vec<&String> = held.tags.keys().filter(|(r, _)| r == repository).map(|(_, tag)| tag).collect();
        return if tags.is_empty() { nothing() } else { json(&serde_json::json!({ "tags": tags })) };
    }
    if let Some((repository, _)) = path.split_once("/blobs/uploads/") {
        if method == "POST" {
            return (202, format!("location: /v2/{repository}/blobs/uploads/1\r\n"), Vec::new());
        }
        let digest = query.trim_start_matches("digest=").replace("%3A", ":");
        assert_eq!(digest, helmd_registry::digest(body));
        held.blobs.insert(digest, body.to_vec());
        return (201, String::new(), Vec::new());
    }
    if let Some((_, digest)) = path.split_once("/blobs/") {
        return held.blobs.get(digest).map_or_else(nothing, |bytes| (200, String::new(), bytes.clone()));
    }
    let Some((repository, name)) = path.split_once("/manifests/") else { return nothing() };
    let repository = repository.to_owned();
    if method == "PUT" {
        let digest = helmd_registry::digest(body);
        held.tags.insert((repository.clone(), name.to_owned()), digest.clone());
        held.manifests.insert((repository, digest), body.to_vec());
        return (201, String::new(), Vec::new());
    }
    let digest = held.tags.get(&(repository.clone(), name.to_owned())).cloned().unwrap_or_else(|| name.to_owned());
    if method == "DELETE" {
        held.tags.retain(|(r, _), d| *r != repository || *d != digest);
        return held.manifests.remove(&(repository, digest)).map_or_else(nothing, |_| (202, String::new(), Vec::new()));
    }
    let Some(bytes) = held.manifests.get(&(repository, digest.clone())) else { return nothing() };
    let extra =
        format!("docker-content-digest: {digest}\r\ncontent-type: application/vnd.oci.image.manifest.v1+json\r\n");
    (200, extra, bytes.clone())
}
