//! An OCI registry of our own: Debian's docker-registry.

use crate::wait_until;
use anyhow::{Context, Result};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// `me`, whose password is `secret`.
const HTPASSWD: &str = "me:$2y$05$cJ4.sc0hgTtKK/KWrIuqg..iSGSBgeKtPM971Y.hNPQTaoo/3mdGi\n";

/// A registry without TLS on a free port of this machine; it ends, and its data go, with this value.
pub struct Registry {
    child: Child,
    /// `127.0.0.1:port`
    pub host: String,
    _folder: tempfile::TempDir,
}

impl Registry {
    /// Starts one, with a password (`me`, `secret`) or without; `None` where there is no docker-registry.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(with_password: bool) -> Result<Option<Registry>> {
        if Command::new("docker-registry").arg("--version").stdout(Stdio::null()).status().is_err() {
            return Ok(None);
        }
        let folder = tempfile::tempdir()?;
        let place = folder.path().display();
        let host = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
        let mut config = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: \
             {place}/data}}, delete: {{enabled: true}}}}\nhttp: {{addr: \"{host}\"}}\n"
        );
        if with_password {
            std::fs::write(folder.path().join("htpasswd"), HTPASSWD)?;
            config.push_str(&format!("auth: {{htpasswd: {{realm: e2e, path: {place}/htpasswd}}}}\n"));
        }
        let file = folder.path().join("config.yml");
        std::fs::write(&file, config)?;
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting docker-registry")?;
        let registry = Registry { child, host, _folder: folder };
        wait_until(Duration::from_secs(20), "the registry answers", || Ok(TcpStream::connect(&registry.host).is_ok()))?;
        Ok(Some(registry))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // One that has ended already is what we want here.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
