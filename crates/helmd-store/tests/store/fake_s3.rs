//! A bucket's server in this process. It checks signatures by its own reading of Amazon's rules, from the bytes that arrive.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// So many objects are in a page.
const PAGE: usize = 3;

#[derive(Default)]
struct Held {
    objects: BTreeMap<String, Vec<u8>>,
    refused: usize,
    busy: usize,
}

pub struct FakeS3 {
    pub url: String,
    held: Arc<Mutex<Held>>,
}

#[derive(Clone)]
struct Rules {
    id: String,
    secret: String,
    region: String,
}

struct Asked {
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl FakeS3 {
    pub async fn start(id: &str, secret: &str, region: &str) -> FakeS3 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let held = Arc::<Mutex<Held>>::default();
        let rules = Rules { id: id.to_owned(), secret: secret.to_owned(), region: region.to_owned() };
        let kept = Arc::clone(&held);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept), rules.clone()));
            }
        });
        FakeS3 { url, held }
    }

    pub fn refused(&self) -> usize {
        self.held.lock().unwrap().refused
    }

    /// The next requests are answered with 503.
    pub fn busy(&self, times: usize) {
        self.held.lock().unwrap().busy = times;
    }

    pub fn names(&self) -> Vec<String> {
        self.held.lock().unwrap().objects.keys().cloned().collect()
    }
}

async fn serve(mut stream: TcpStream, held: Arc<Mutex<Held>>, rules: Rules) {
    let Some(asked) = read(&mut stream).await else { return };
    let (status, etag, body) = answer(&asked, &held, &rules);
    let head =
        format!("HTTP/1.1 {status} X\r\netag: {etag}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _gone = stream.write_all(&[head.into_bytes(), body].concat()).await;
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Asked { method, path: path.to_owned(), query: query.to_owned(), headers, body })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Whether the request is signed with our secret, for our region, and its body is the one that was signed.
fn is_signed(asked: &Asked, rules: &Rules) -> Option<bool> {
    let authorization = asked.headers.get("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let part = |name: &str| authorization.split(", ").find_map(|part| part.strip_prefix(name));
    let (scope, names) = (part("Credential=")?.split_once('/')?, part("SignedHeaders=")?);
    let [day, region, "s3", "aws4_request"] = scope.1.split('/').collect::<Vec<_>>()[..] else { return None };
    let date = asked.headers.get("x-amz-date")?;
    let digest = hex(&Sha256::digest(&asked.body));
    // What leads S3 must be signed, or others could change it.
    let signed: Vec<&str> = names.split(';').collect();
    let must =
        asked.headers.keys().filter(|name| name.starts_with("x-amz-") || *name == "if-none-match" || *name == "host");
    if scope.0 != rules.id
        || region != rules.region
        || !date.starts_with(day)
        || asked.headers.get("x-amz-content-sha256")? != &digest
        || !must.into_iter().all(|name| signed.contains(&name.as_str()))
        || !signed.is_sorted()
    {
        return Some(false);
    }
    let mut pairs: Vec<&str> = asked.query.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_unstable();
    let mut canonical = format!("{}\n{}\n{}\n", asked.method, asked.path, pairs.join("&"));
    for name in &signed {
        canonical.push_str(&format!("{name}:{}\n", asked.headers.get(*name)?));
    }
    canonical.push_str(&format!("\n{names}\n{digest}"));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{}\n{}", scope.1, hex(&Sha256::digest(canonical.as_bytes())));
    let mut key = format!("AWS4{}", rules.secret).into_bytes();
    for word in [day, region, "s3", "aws4_request"] {
        key = mac(&key, word);
    }
    Some(part("Signature=")? == hex(&mac(&key, &text)))
}

fn error(code: &str) -> Vec<u8> {
    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>words</Message></Error>").into_bytes()
}

fn decoded(text: &str) -> String {
    let pairs = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pairs.as_bytes()).next().unwrap().1.into_owned()
}

fn answer(asked: &Asked, held: &Mutex<Held>, rules: &Rules) -> (u16, String, Vec<u8>) {
    let mut held = held.lock().unwrap();
    if held.busy > 0 {
        held.busy -= 1;
        return (503, String::new(), error("SlowDown"));
    }
    if is_signed(asked, rules) != Some(true) {
        held.refused += 1;
        return (403, String::new(), error("SignatureDoesNotMatch"));
    }
    let name = decoded(asked.path.trim_start_matches('/'));
    let etag = |bytes: &[u8]| format!("\"{}\"", hex(&Sha256::digest(bytes)[..16]));
    match asked.method.as_str() {
        "GET" if !name.contains('/') => (200, String::new(), list(&held.objects, &name, &asked.query)),
        "GET" => match held.objects.get(&name) {
            Some(bytes) => (200, etag(bytes), bytes.clone()),
            None => (404, String::new(), error("NoSuchKey")),
        },
        "PUT" if asked.headers.contains_key("if-none-match") && held.objects.contains_key(&name) => {
            (412, String::new(), error("PreconditionFailed"))
        }
        "PUT" => {
            let etag = etag(&asked.body);
            held.objects.insert(name, asked.body.clone());
            (200, etag, Vec::new())
        }
        "DELETE" => {
            held.objects.remove(&name);
            (204, String::new(), Vec::new())
        }
        _ => (405, String::new(), error("MethodNotAllowed")),
    }
}

fn list(objects: &BTreeMap<String, Vec<u8>>, bucket: &str, query: &str) -> Vec<u8> {
    let query: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    assert_eq!(query["list-type"], "2");
    let prefix = format!("{bucket}/{}", query["prefix"]);
    let after = query.get("continuation-token").cloned().unwrap_or_default();
    let found: Vec<_> = objects.iter().filter(|(name, _)| name.starts_with(&prefix) && **name > after).collect();
    let mut xml = format!("<ListBucketResult><IsTruncated>{}</IsTruncated>", found.len() > PAGE);
    for (name, bytes) in found.iter().take(PAGE) {
        let (key, digest) =
            (name.trim_start_matches(bucket).trim_start_matches('/'), hex(&Sha256::digest(bytes)[..16]));
        xml.push_str(&format!(
            "<Contents><Key>{key}</Key><LastModified>2024-05-06T07:08:09.000Z</LastModified>\
             <ETag>&quot;{digest}&quot;</ETag><Size>{}</Size></Contents>",
            bytes.len()
        ));
    }
    if found.len() > PAGE {
        xml.push_str(&format!("<NextContinuationToken>{}</NextContinuationToken>", found[PAGE - 1].0));
    }
    (xml + "</ListBucketResult>").into_bytes()
}
