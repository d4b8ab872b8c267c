//! A server without a network, and what is sent to it.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use helmd_action::{Budgets, Holder, Interrupted};
use helmd_kube::{ClusterConfig, Secret};
use helmd_server::{App, Auth, Limits, Settings};
use serde_json::Value as Json;
use std::time::Duration;
use tempfile::TempDir;
use tower::ServiceExt as _;

pub struct Server {
    pub folder: TempDir,
    app: App,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Status and body in one line.
    pub fn line(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.text())
    }
}

impl Server {
    /// With the store that this section of the config file describes.
    pub fn new(section: &str) -> Server {
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("uploads")).unwrap();
        let config = helmd_server::ConfigFile::parse(section.as_bytes()).unwrap();
        let settings = Settings {
            upload_dir: at("uploads"),
            chart_store: config.chart_store.unwrap_or_default(),
            repositories: config.repositories,
            registries: helmd_server::RegistrySettings::default(),
            places: helmd_repo::Places {
                repository_config: at("repositories.yaml"),
                repository_cache: at("cache"),
                content_cache: at("content"),
                docker_config: at("docker.json"),
                registry_config: at("registry.json"),
            },
            allowed_hosts: ["127.0.0.1:1", "allowed.invalid"].map(str::to_owned).into(),
            allowed_paths: Vec::new(),
            trust: config.trust,
            compat_unsafe: false,
            metrics: false,
            auth: Auth::None,
            kube: ClusterConfig::from_file("/nowhere"),
            driver: String::new(),
            sql_connection: Secret::new(String::new()),
            skip_files_in_record: false,
            helm_env: std::collections::BTreeMap::new(),
            limits: Limits { upload_bytes: 64 * 1024, body_read: Duration::from_millis(300), ..Limits::default() },
            budgets: Budgets::default(),
            holder: Holder::new("test"),
            recovery_namespaces: Vec::new(),
            interrupted: Interrupted::Finish,
        };
        Server { folder, app: App::new(settings).unwrap() }
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (head, body) = self.app.router().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        Answer { status: head.status, headers: head.headers, body }
    }

    pub async fn ask(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        self.send(Request::builder().method(method).uri(path).body(body.into()).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "").await
    }

    /// A form whose fields have a name, a file name and a content.
    pub async fn form(&self, path: &str, fields: &[(&str, &str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        for (name, file, content) in fields {
            let head = format!("--zz\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--zz--\r\n");
        let kind = "multipart/form-data; boundary=zz";
        self.send(Request::post(path).header("content-type", kind).body(body.into()).unwrap()).await
    }

    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path().join("uploads")).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A chart whose Chart.yaml has these lines, too.
pub fn chart(name: &str, version: &str, lines: &str) -> Vec<u8> {
    let metadata = format!("apiVersion: v2\nname: {name}\nversion: {version}\n{lines}");
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (file, text) in [("Chart.yaml", metadata.as_str()), ("values.yaml", "# kept\na: 1\n")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("{name}/{file}"), text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

pub fn signature(name: &str, version: &str) -> Vec<u8> {
    format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nname: {name}\nversion: {version}\n\n...\nfiles:\n  x: sha256:0\n\
         -----BEGIN PGP SIGNATURE-----\n\nxx\n-----END PGP SIGNATURE-----\n"
    )
    .into_bytes()
}
