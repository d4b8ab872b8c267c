//! Running helm and kubectl.

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A program with the cluster it acts on.
#[derive(Clone)]
pub struct Program {
    path: PathBuf,
    kubeconfig: PathBuf,
    home: PathBuf,
    variables: Vec<(String, String)>,
}

impl Program {
    /// `path` acting on the cluster of `kubeconfig`, with a home folder of its own.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, kubeconfig: &Path, home: &Path) -> Program {
        Program { path: path.into(), kubeconfig: kubeconfig.to_owned(), home: home.to_owned(), variables: Vec::new() }
    }

    /// The same with a variable more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Program {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Standard output of a run.
    ///
    /// # Errors
    /// When it fails, with its standard error.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let out = Command::new(&self.path)
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", &self.home)
            .env("TZ", "UTC")
            .env_remove("HELM_NAMESPACE")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .output()
            .with_context(|| format!("running {}", self.path.display()))?;
        if !out.status.success() {
            bail!("{} {}: {}", self.path.display(), arguments.join(" "), String::from_utf8_lossy(&out.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// Standard output as JSON.
    ///
    /// # Errors
    /// As [`Program::run`], or when it is no JSON.
    pub fn json(&self, arguments: &[&str]) -> Result<Json> {
        let text = self.run(arguments)?;
        serde_json::from_str(&text).with_context(|| format!("{arguments:?} printed no JSON: {text}"))
    }
}

/// Asks again until `done` says yes.
///
/// # Errors
/// When `limit` is over, with the last answer.
pub fn wait_until(limit: Duration, what: &str, mut done: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    loop {
        let last = done();
        if matches!(last, Ok(true)) {
            return Ok(());
        }
        if start.elapsed() > limit {
            bail!("{what}: not within {limit:?} ({last:?})");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}
