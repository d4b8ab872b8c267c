//! A PostgreSQL of our own.

use crate::wait_until;
use anyhow::{Context, Result, ensure};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PASSWORD: &str = "e2e-secret";
/// PostgreSQL refuses to run as root; `nobody` is everywhere.
const NOBODY: u32 = 65534;

/// A PostgreSQL on a free port of this machine; it ends, and its data go, with this value.
pub struct Postgres {
    child: Child,
    /// Its connection string.
    pub connection: String,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Postgres {
    /// Starts one; `None` where `postgres`, `initdb` or `psql` is missing.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start() -> Result<Option<Postgres>> {
        for program in ["postgres", "initdb", "psql"] {
            if Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
                return Ok(None);
            }
        }
        let folder = tempfile::tempdir()?;
        let root = is_root(folder.path())?;
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD)?;
        if root {
            for path in [folder.path(), &password] {
                std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY))?;
            }
        }
        let as_nobody = |program: &str| {
            let mut command = Command::new(program);
            command.env("HOME", folder.path()).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
            if root {
                command.uid(NOBODY).gid(NOBODY);
            }
            command
        };
        let data = folder.path().join("data");
        let made = as_nobody("initdb")
            .args(["--username=helm", "--auth=scram-sha-256", "--no-sync", "--pwfile"])
            .arg(&password)
            .arg("-D")
            .arg(&data)
            .status()?;
        ensure!(made.success(), "initdb: {made}");
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = as_nobody("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-k"])
            .arg(folder.path())
            .spawn()
            .context("starting postgres")?;
        let connection = format!("postgres://helm:{PASSWORD}@127.0.0.1:{port}/postgres?sslmode=disable");
        let postgres = Postgres { child, connection, port, _folder: folder };
        wait_until(Duration::from_secs(30), "PostgreSQL answers", || Ok(postgres.ask("SELECT 1").is_ok()))?;
        Ok(Some(postgres))
    }

    /// What `psql` prints for a statement.
    ///
    /// # Errors
    /// When the database says no.
    pub fn ask(&self, statement: &str) -> Result<String> {
        let out = Command::new("psql")
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
                "-U",
                "helm",
                "-d",
                "postgres",
                "-AtX",
                "-c",
                statement,
            ])
            .env("PGPASSWORD", PASSWORD)
            .output()
            .context("running psql")?;
        ensure!(out.status.success(), "psql: {}", String::from_utf8_lossy(&out.stderr));
        Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
    }
}

fn is_root(folder: &Path) -> Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(std::fs::metadata(folder)?.uid() == 0)
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGKILL would leave its children: ask first.
        let _asked = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _reaped = self.child.wait();
    }
}
