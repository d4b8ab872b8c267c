//! Registries that are as they should be, and registries that mean harm: what is not what was named is not taken, and nobody but
//! the registry learns the password.
#![expect(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;
use helmd_chart::{HelmMajor, Metadata};
use helmd_http::{Http, HttpSettings, Tls};
use helmd_registry::{Insecure, Layers, Login, Logins, Push, Registry, RegistryError, RegistryOptions, digest};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What was asked, head and body.
type Asked = Arc<Mutex<Vec<String>>>;

/// A server on this machine that answers what `answer` makes of a request.
async fn server(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let asked = Asked::default();
    let (keep, answer) = (Arc::clone(&asked), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (keep, answer) = (Arc::clone(&keep), Arc::clone(&answer));
            tokio::spawn(async move {
                let mut bytes = vec![0; 16 << 10];
                let read = stream.read(&mut bytes).await.unwrap_or_default();
                let text = String::from_utf8_lossy(bytes.get(..read).unwrap_or_default()).into_owned();
                let out = answer(&text);
                keep.lock().unwrap().push(text);
                let _gone = stream.write_all(&out).await;
                let _gone = stream.shutdown().await;
            });
        }
    });
    (host, asked)
}

fn reply(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn not_found() -> Vec<u8> {
    reply("404 Not Found", "", b"")
}

fn registry(login: Option<Login>) -> Registry {
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let http = Http::new(HttpSettings { proxies: false, ..HttpSettings::default() });
    let options = RegistryOptions {
        plain_http: true,
        insecure: Insecure::Never,
        tls: Tls::default(),
        login,
        logins: Logins::default(),
        timeout: Duration::from_secs(10),
        limit_bytes: 1 << 20,
        helm: HelmMajor::Helm4,
    };
    Registry::new(http, options)
}

const ARCHIVE: &[u8] = b"an archive";
const CONFIG: &[u8] = br#"{"name":"demo","version":"1.0.0"}"#;

fn manifest(archive: &str, size: usize) -> String {
    let config = digest(CONFIG);
    format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"{config}","size":{}}},
        "layers":[{{"mediaType":"application/vnd.cncf.helm.chart.content.v1.tar+gzip","digest":"{archive}","size":{size}}}]}}"#,
        CONFIG.len()
    )
}

/// The path of a request.
fn path(request: &str) -> &str {
    request.split(' ').nth(1).unwrap_or_default()
}

/// A registry with these files, by their paths.
async fn files(files: BTreeMap<String, Vec<u8>>) -> (String, Asked) {
    server(move |request| match files.get(path(request)) {
        Some(body) => reply("200 OK", "content-type: application/vnd.oci.image.manifest.v1+json\r\n", body),
        None => not_found(),
    })
    .await
}

fn good(manifest: &str) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([
        ("/v2/c/demo/manifests/1.0.0".to_owned(), manifest.as_bytes().to_vec()),
        (format!("/v2/c/demo/blobs/{}", digest(CONFIG)), CONFIG.to_vec()),
        (format!("/v2/c/demo/blobs/{}", digest(ARCHIVE)), ARCHIVE.to_vec()),
    ])
}

async fn pull(host: &str, what: &str) -> Result<Bytes, RegistryError> {
    registry(None).pull(&format!("{host}/c/demo{what}"), Layers::Chart).await.map(|pulled| pulled.bytes)
}

async fn error(host: &str, what: &str) -> String {
    helmd_chart::error_text(&pull(host, what).await.unwrap_err())
}

#[tokio::test]
async fn a_chart_is_what_its_digests_say() {
    let text = manifest(&digest(ARCHIVE), ARCHIVE.len());
    let (host, _) = files(good(&text)).await;
    assert_eq!(pull(&host, ":1.0.0").await.unwrap(), ARCHIVE);

    // An archive that is another one.
    let mut changed = good(&text);
    changed.insert(format!("/v2/c/demo/blobs/{}", digest(ARCHIVE)), b"an archivf".to_vec());
    let (host, _) = files(changed).await;
    assert!(error(&host, ":1.0.0").await.contains("mismatched digest: got sha256:"));

    // A manifest that is not the one that was named.
    let named = digest(b"another manifest");
    let mut changed = good(&text);
    changed.insert(format!("/v2/c/demo/manifests/{named}"), text.clone().into_bytes());
    let (host, _) = files(changed).await;
    let told = error(&host, &format!("@{named}")).await;
    assert!(told.contains("mismatched digest") && told.contains(&named), "{told}");
}

#[tokio::test]
async fn what_is_too_large_is_not_read() {
    // More bytes than the manifest says, and more than are allowed.
    let (host, _) = files(good(&manifest(&digest(ARCHIVE), 3))).await;
    assert!(error(&host, ":1.0.0").await.contains("is larger than the limit of 3 bytes"));
    let (host, asked) = files(good(&manifest(&digest(ARCHIVE), 2 << 20))).await;
    assert!(error(&host, ":1.0.0").await.contains("mismatched size: got 2097152 bytes, want 1048576"));
    assert!(!asked.lock().unwrap().iter().any(|request| request.contains(&digest(ARCHIVE))));
    // A manifest without end.
    let endless = BTreeMap::from([("/v2/c/demo/manifests/1.0.0".to_owned(), vec![b' '; 5 << 20])]);
    let (host, _) = files(endless).await;
    assert!(error(&host, ":1.0.0").await.contains("is larger than the limit of 4194304 bytes"));
}

#[tokio::test]
async fn manifests_of_other_things_are_refused() {
    for (text, why) in [
        ("[]", "descriptors found: 1"),
        ("{", "failed to decode response"),
        (r#"{"schemaVersion":2}"#, "manifest does not contain minimum number of descriptors (2), descriptors found: 1"),
    ] {
        let (host, _) = files(good(text)).await;
        let told = error(&host, ":1.0.0").await;
        assert!(told.contains(why), "{told}");
    }
    let (host, _) = files(good(&manifest("sha256:../../etc", 3))).await;
    assert!(error(&host, ":1.0.0").await.contains("invalid checksum digest"));
}

#[tokio::test]
async fn tokens_are_asked_for_as_the_specification_has_it() {
    let (tokens, asked_tokens) = server(|_| reply("200 OK", "", br#"{"token":"t-1"}"#)).await;
    let challenge = format!("www-authenticate: Bearer realm=\"http://{tokens}/token\",service=\"s\"\r\n");
    let text = manifest(&digest(ARCHIVE), ARCHIVE.len());
    let all = good(&text);
    let (host, asked) = server(move |request| match all.get(path(request)) {
        Some(body) if request.contains("authorization: Bearer t-1") => reply("200 OK", "", body),
        _ => reply("401 Unauthorized", &challenge, b""),
    })
    .await;
    let chart = format!("{host}/c/demo:1.0.0");
    let pulled = registry(Some(Login::basic("me", "secret"))).pull(&chart, Layers::Chart).await.unwrap();
    assert_eq!(pulled.bytes, ARCHIVE);
    let asked_tokens = asked_tokens.lock().unwrap();
    let first = asked_tokens.first().unwrap();
    assert!(first.starts_with("GET /token?service=s&scope=repository%3Ac%2Fdemo%3Apull HTTP"), "{first}");
    assert!(first.contains("authorization: Basic bWU6c2VjcmV0"));
    // One token for all three questions, and the password for none of them.
    assert_eq!(asked_tokens.len(), 1);
    assert!(!asked.lock().unwrap().iter().any(|request| request.contains("Basic")));
}

#[tokio::test]
async fn an_identity_token_is_exchanged_by_a_form() {
    let (tokens, asked) = server(|_| reply("200 OK", "", br#"{"access_token":"t-2"}"#)).await;
    let challenge = format!("www-authenticate: Bearer realm=\"http://{tokens}/token\",service=\"s\"\r\n");
    let (host, _) = server(move |request| match request.contains("Bearer t-2") {
        true => reply("200 OK", "", br#"{"tags":["1.0.0","1.1.0_b","x"]}"#),
        false => reply("401 Unauthorized", &challenge, b""),
    })
    .await;
    let login = Login { refresh_token: "r&t".to_owned(), ..Login::default() };
    let reference = helmd_index::oci::Reference::parse(&format!("{host}/c/demo")).unwrap();
    assert_eq!(registry(Some(login)).tags(&reference).await.unwrap(), ["1.1.0+b", "1.0.0"]);
    let form = asked.lock().unwrap().first().unwrap().clone();
    assert!(form.starts_with("POST /token HTTP"));
    assert!(form.ends_with("client_id=oras-go&grant_type=refresh_token&refresh_token=r%26t&service=s&scope=repository%3Ac%2Fdemo%3Apull"), "{form}");
}

#[tokio::test]
async fn nobody_else_learns_the_password() {
    // Who gives tokens at an address that only this machine reaches.
    let (host, _) = server(|_| {
        let challenge = "www-authenticate: Bearer realm=\"http://169.254.169.254/latest\",service=\"s\"\r\n";
        reply("401 Unauthorized", challenge, b"")
    })
    .await;
    let chart = format!("{host}/c/demo:1.0.0");
    let me = || Some(Login::basic("me", "secret"));
    let told = helmd_chart::error_text(&registry(me()).pull(&chart, Layers::Chart).await.unwrap_err());
    assert!(told.contains("is a loopback, link-local, private, or unspecified address"), "{told}");
    assert!(!told.contains("secret"));

    // A registry that sends its questions elsewhere, where somebody asks for a password.
    let (other, others) = server(|_| reply("401 Unauthorized", "www-authenticate: Basic realm=\"x\"\r\n", b"")).await;
    let place = format!("location: http://{other}/v2/\r\n");
    let (host, _) = server(move |_| reply("307 Temporary Redirect", &place, b"")).await;
    let chart = format!("{host}/c/demo:1.0.0");
    let told = helmd_chart::error_text(&registry(me()).pull(&chart, Layers::Chart).await.unwrap_err());
    assert!(told.contains("response status code 401"), "{told}");
    assert!(!others.lock().unwrap().iter().any(|request| request.contains("authorization")));
}

#[tokio::test]
async fn uploads_stay_with_the_registry() {
    let (other, others) = server(|_| reply("201 Created", "", b"")).await;
    let place = format!("location: http://{other}/take-it\r\n");
    let (host, _) = server(move |request| match request.split(' ').next() {
        Some("POST") => reply("202 Accepted", &place, b""),
        _ => not_found(),
    })
    .await;
    let metadata = Metadata::from_yaml(b"apiVersion: v2\nname: demo\nversion: 1.0.0\n", HelmMajor::Helm4).unwrap();
    let push = Push { archive: Bytes::from_static(ARCHIVE), metadata, provenance: None, created: String::new() };
    let told = registry(None).push(&format!("oci://{host}/c"), &push).await.unwrap_err();
    let told = helmd_chart::error_text(&told);
    assert!(told.contains("failed to perform \"Push\" on destination: blob upload Location"), "{told}");
    assert!(others.lock().unwrap().is_empty());
}
