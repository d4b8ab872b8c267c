//! The real registry (Debian's `docker-registry`) on loopback.

use anyhow::{Context, Result};
use helmd_e2e::wait_until;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A registry that ends with this value.
pub struct Registry {
    child: Child,
    pub host: String,
}

impl Registry {
    /// Starts one that keeps what it has below `folder`; `None` where the program is missing.
    pub fn start(folder: &Path) -> Result<Option<Registry>> {
        let host = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let config = folder.join("registry.yml");
        let data = folder.join("registry").display().to_string();
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {data}}}\n  \
             delete: {{enabled: true}}\nhttp: {{addr: '{host}'}}\n"
        );
        std::fs::write(&config, text)?;
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = match command.spawn() {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            spawned => spawned.context("starting docker-registry")?,
        };
        let registry = Registry { child, host };
        let host = registry.host.clone();
        wait_until(Duration::from_secs(20), "the registry listens", || Ok(TcpStream::connect(&host).is_ok()))?;
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
