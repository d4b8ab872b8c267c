//! Servers that mean harm, or do it: an error each, nothing more read than allowed.
#![expect(clippy::unwrap_used, reason = "tests")]

use helmd_http::{Credentials, Destinations, Http, HttpError, HttpSettings, Request};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A server that sends `answer` to each request, made of the request's text; it keeps the requests.
async fn server(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let (keep, answer) = (Arc::clone(&seen), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (keep, answer) = (Arc::clone(&keep), Arc::clone(&answer));
            tokio::spawn(async move {
                let mut bytes = vec![0; 8192];
                let read = stream.read(&mut bytes).await.unwrap_or_default();
                let text = String::from_utf8_lossy(bytes.get(..read).unwrap_or_default()).into_owned();
                let out = answer(&text);
                keep.lock().unwrap().push(text);
                let _gone = stream.write_all(&out).await;
                let _gone = stream.shutdown().await;
            });
        }
    });
    (format!("http://{address}"), seen)
}

fn http(destinations: Destinations) -> Http {
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    Http::new(HttpSettings { destinations, proxies: false, max_redirects: 3 })
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

fn to(place: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into_bytes()
}

async fn error(http: &Http, request: Request) -> String {
    http.get(request).await.unwrap_err().to_string()
}

#[tokio::test]
async fn credentials_stay_with_their_server() {
    let (other, others) = server(|_| ok("there")).await;
    let place = other.clone();
    let (own, owns) = server(move |_| to(&place)).await;
    let http = http(Destinations::Any);
    let mut request = Request::get(format!("{own}/index.yaml"));
    request.credentials = Credentials::basic("me", "secret", &own, false);
    assert!(!format!("{request:?}").contains("secret"));
    assert_eq!(http.get(request.clone()).await.unwrap(), "there");
    assert!(owns.lock().unwrap().first().unwrap().contains("authorization: Basic bWU6c2VjcmV0"));
    assert!(!others.lock().unwrap().first().unwrap().contains("authorization"));
    // As Helm's --pass-credentials.
    request.credentials = Credentials::basic("me", "secret", &own, true);
    http.get(request).await.unwrap();
    assert!(others.lock().unwrap().last().unwrap().contains("authorization"));
}

#[tokio::test]
async fn redirects_lead_nowhere_bad() {
    let http = http(Destinations::Any);
    let (own, _) = server(|_| to("file:///etc/passwd")).await;
    assert_eq!(error(&http, Request::get(own)).await, "scheme \"file\" not supported");
    let (own, seen) = server(|_| to("/again")).await;
    assert_eq!(
        error(&http, Request::get(own.clone())).await,
        format!("Get \"{own}/again\": stopped after 3 redirects")
    );
    assert_eq!(seen.lock().unwrap().len(), 4);
    let (own, _) = server(|_| to("http://169.254.169.254/latest/meta-data/")).await;
    let host = own.trim_start_matches("http://").to_owned();
    let careful = self::http(Destinations::Public { allowed: [host].into() });
    assert_eq!(
        error(&careful, Request::get(own)).await,
        "http://169.254.169.254/latest/meta-data/: this server does not ask 169.254.169.254: it is not on the public network, and not among the hosts that are allowed"
    );
}

#[tokio::test]
async fn private_machines_are_not_asked() {
    let (own, seen) = server(|_| ok("secret")).await;
    let http = http(Destinations::Public { allowed: [].into() });
    let port = own.rsplit_once(':').unwrap().1.to_owned();
    for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "2130706433", "0x7f.1", "0"] {
        let url = format!("http://{host}:{port}/");
        let failed = http.get(Request::get(url)).await.unwrap_err();
        assert!(matches!(failed, HttpError::Refused { .. }), "{host}: {failed}");
    }
    assert!(seen.lock().unwrap().is_empty());
    // A port that was named opens no other one.
    let other = self::http(Destinations::Public { allowed: ["localhost:1".to_owned()].into() });
    let failed = other.get(Request::get(format!("http://localhost:{port}/"))).await.unwrap_err();
    assert!(matches!(failed, HttpError::Refused { .. }), "{failed}");
    assert!(seen.lock().unwrap().is_empty());
    let named = self::http(Destinations::Public { allowed: [format!("localhost:{port}")].into() });
    assert_eq!(named.get(Request::get(format!("http://localhost:{port}/"))).await.unwrap(), "secret");
}

#[tokio::test]
async fn bodies_end() {
    let http = http(Destinations::Any);
    let limited = |url: &str| Request { limit_bytes: 1000, timeout: Duration::from_millis(500), ..Request::get(url) };
    // Announced to be too large; endless; shorter than announced.
    let (own, _) = server(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nx".to_vec()).await;
    assert!(error(&http, limited(&own)).await.ends_with("the answer is larger than the limit of 1000 bytes"));
    let (own, _) = server(|_| {
        let mut all = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        (0..50).for_each(|_| {
            all.extend_from_slice(b"40\r\n0123456789012345678901234567890123456789012345678901234567890123\r\n")
        });
        all
    })
    .await;
    assert!(error(&http, limited(&own)).await.ends_with("the answer is larger than the limit of 1000 bytes"));
    let (own, _) = server(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort".to_vec()).await;
    assert_eq!(error(&http, limited(&own)).await, format!("Get \"{own}/\": unexpected EOF"));
    let (own, _) = server(|_| b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    assert_eq!(error(&http, limited(&format!("{own}/x"))).await, format!("failed to fetch {own}/x : 404 Not Found"));
}

#[tokio::test]
async fn those_who_do_not_answer_are_left() {
    let http = http(Destinations::Any);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        // A byte of the head now and then.
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                for byte in b"HTTP/1.1 200 OK\r\n".iter().cycle() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    if stream.write_all(&[*byte]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    let request = Request { timeout: Duration::from_millis(300), ..Request::get(url) };
    assert!(error(&http, request).await.contains("context deadline exceeded"));
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let failed = error(&http, Request::get(format!("http://{gone}/"))).await;
    assert_eq!(failed, format!("Get \"http://{gone}/\": dial tcp {gone}: connect: connection refused"));
}
