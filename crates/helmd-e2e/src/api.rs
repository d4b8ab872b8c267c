//! The server as a process, and calls of its API.

use crate::wait_until;
use anyhow::{Context, Result, bail};
use serde_json::Value as Json;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running helmd; it ends with this value.
pub struct Server {
    child: Child,
    /// Its address.
    pub api: Api,
    /// Where it writes its log.
    pub log: PathBuf,
}

/// Calls of the helm-wrapper API.
#[derive(Clone)]
pub struct Api {
    base: String,
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Server {
    /// Starts `helmd` in `folder` with these extra arguments and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up, with the end of its log.
    pub fn start(helmd: &Path, folder: &Path, extra: &[&str]) -> Result<Server> {
        Self::start_with(helmd, folder, extra, &[])
    }

    /// As [`Server::start`], with these variables.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_with(helmd: &Path, folder: &Path, extra: &[&str], variables: &[(&str, &str)]) -> Result<Server> {
        Self::start_configured(helmd, folder, extra, (variables, ""))
    }

    /// As [`Server::start_with`], with these lines in the config file.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_configured(
        helmd: &Path,
        folder: &Path,
        extra: &[&str],
        (variables, lines): (&[(&str, &str)], &str),
    ) -> Result<Server> {
        std::fs::create_dir_all(folder.join("uploads"))?;
        let config = folder.join("config.yaml");
        std::fs::write(&config, format!("uploadPath: {}\n{lines}", folder.join("uploads").display()))?;
        let port = free_port()?;
        let log = folder.join("helmd.log");
        let out = std::fs::File::create(&log)?;
        let child = Command::new(helmd)
            .args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--config"])
            .arg(&config)
            .args(extra)
            .env("HOME", folder)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()
            .with_context(|| format!("starting {}", helmd.display()))?;
        let api = Api { base: format!("http://127.0.0.1:{port}") };
        let server = Server { child, api: api.clone(), log };
        wait_until(Duration::from_secs(30), "the server answers", || {
            Ok(api.text("GET", "/", None)? == "Welcome helm wrapper server")
        })
        .with_context(|| std::fs::read_to_string(&server.log).unwrap_or_default())?;
        Ok(server)
    }
}

impl Server {
    /// The id of the process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that has ended already is what we want here.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Api {
    /// The URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Where the server is: `http://HOST:PORT`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The body of a call.
    ///
    /// # Errors
    /// When no answer comes.
    pub fn text(&self, method: &str, path: &str, body: Option<&Json>) -> Result<String> {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--globoff", "--max-time", "600", "-X", method]).arg(format!("{}{path}", self.base));
        if let Some(body) = body {
            curl.args(["-H", "Content-Type: application/json", "-d", &body.to_string()]);
        }
        output(&mut curl)
    }

    /// The `data` of a call that answers with code 0.
    ///
    /// # Errors
    /// The `error` of the answer.
    pub fn call(&self, method: &str, path: &str, body: Option<&Json>) -> Result<Json> {
        envelope(&self.text(method, path, body)?).with_context(|| format!("{method} {path}"))
    }

    /// The `error` of a call that answers with code 1.
    ///
    /// # Errors
    /// When the call succeeds, or no answer comes.
    pub fn error(&self, method: &str, path: &str, body: Option<&Json>) -> Result<String> {
        let text = self.text(method, path, body)?;
        let json: Json = serde_json::from_str(&text).with_context(|| format!("no JSON: {text}"))?;
        match (json["code"].as_i64(), json["error"].as_str()) {
            (Some(1), Some(error)) => Ok(error.to_owned()),
            _ => bail!("{method} {path} should fail, but answers {text}"),
        }
    }

    /// Uploads a chart archive.
    ///
    /// # Errors
    /// The `error` of the answer.
    pub fn upload(&self, archive: &Path) -> Result<()> {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--max-time", "60", "-F"])
            .arg(format!("chart=@{}", archive.display()))
            .arg(format!("{}/api/charts/upload", self.base));
        envelope(&output(&mut curl)?).with_context(|| format!("upload of {}", archive.display()))?;
        Ok(())
    }
}

fn output(curl: &mut Command) -> Result<String> {
    let out = curl.output().context("running curl")?;
    if !out.status.success() {
        bail!("curl: {}", String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

fn envelope(text: &str) -> Result<Json> {
    let mut json: Json = serde_json::from_str(text).with_context(|| format!("no JSON: {text}"))?;
    match json["code"].as_i64() {
        Some(0) => Ok(json["data"].take()),
        _ => bail!("{}", json["error"].as_str().unwrap_or(text)),
    }
}
