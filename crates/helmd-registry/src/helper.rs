//! Programs that keep logins: Docker's credential helpers.

use crate::error::RegistryError;
use crate::logins::Login;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Whether the programs that a file of logins names are started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Helpers {
    /// Not: for servers.
    #[default]
    Never,
    /// Whoever runs the command has them.
    Start,
}

/// What programs say of a login.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Kept {
    #[serde(rename = "ServerURL")]
    server_url: String,
    username: String,
    secret: String,
}

/// The name of logins that are a token.
const TOKEN: &str = "<token>";
/// What the programs say when they know nothing.
const UNKNOWN: &str = "credentials not found in native keychain";

impl Helpers {
    pub(crate) fn get(self, helper: &str, key: &str) -> Result<Login, RegistryError> {
        let out = match self.run(helper, "get", key.as_bytes())? {
            Ok(out) => out,
            Err(told) if told == UNKNOWN => return Ok(Login::default()),
            Err(told) => return Err(failed(helper, &told)),
        };
        // What it printed is a password.
        let kept: Kept = serde_json::from_slice(&out).map_err(|_| failed(helper, "it printed no login"))?;
        Ok(match kept.username.as_str() {
            TOKEN => Login { refresh_token: kept.secret, ..Login::default() },
            _ => Login::basic(&kept.username, &kept.secret),
        })
    }

    pub(crate) fn put(self, helper: &str, key: &str, login: &Login) -> Result<(), RegistryError> {
        let (username, secret) = match login.refresh_token.as_str() {
            "" => (login.username.clone(), login.password.clone()),
            token => (TOKEN.to_owned(), token.to_owned()),
        };
        let kept = Kept { server_url: key.to_owned(), username, secret };
        let input = serde_json::to_vec(&kept).map_err(|e| failed(helper, &e.to_string()))?;
        self.run(helper, "store", &input)?.map(drop).map_err(|told| failed(helper, &told))
    }

    pub(crate) fn remove(self, helper: &str, key: &str) -> Result<(), RegistryError> {
        self.run(helper, "erase", key.as_bytes())?.map(drop).map_err(|told| failed(helper, &told))
    }

    /// What a program printed, or what it said when it failed.
    fn run(self, helper: &str, verb: &str, input: &[u8]) -> Result<Result<Vec<u8>, String>, RegistryError> {
        let program = format!("docker-credential-{helper}");
        if self == Helpers::Never {
            return Err(failed(helper, "it is not started by this server: log in without it"));
        }
        if helper.contains(['/', '\\']) {
            return Err(failed(helper, "the name of a program has no slash"));
        }
        let io = |e: std::io::Error| failed(helper, &helmd_http::go_text(&e));
        let mut child = Command::new(program)
            .arg(verb)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(io)?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read says so by its exit code.
            let _unread = stdin.write_all(input);
        }
        let out = child.wait_with_output().map_err(io)?;
        if out.status.success() {
            return Ok(Ok(out.stdout));
        }
        Ok(Err(String::from_utf8_lossy(&out.stdout).trim().to_owned()))
    }
}

fn failed(helper: &str, why: &str) -> RegistryError {
    RegistryError::Logins(format!("docker-credential-{helper}: {why}"))
}
