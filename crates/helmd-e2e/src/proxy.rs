//! An HTTP proxy before the API server that does harm at a chosen request: kills the process that sent it, or goes away.

use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// When harm is done: before the request is passed on, or after it was answered, without the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The API server does not see the request.
    Before,
    /// The API server has done what was asked.
    After,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// The process with this id is killed.
    Kill(u32),
    /// Nobody answers for this time.
    Away(Duration),
}

/// Harm at the n-th request that changes something, counted from 1 from the moment that this is set.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The request.
    pub at: usize,
    /// Before or after it.
    pub when: When,
    /// What.
    pub harm: Harm,
}

#[derive(Default)]
struct State {
    plan: Option<Plan>,
    /// The requests that change something, since the plan was set: `PUT leases`.
    seen: Vec<String>,
    away_until: Option<Instant>,
    struck: bool,
}

/// A proxy before the API server of a kubeconfig; it ends with this value.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// `kubectl proxy`: plain HTTP to the API server, with the credentials of a kubeconfig. Ends with this value.
pub struct Upstream {
    child: Child,
    address: String,
}

impl Upstream {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(kubeconfig: &Path) -> Result<Upstream> {
        let mut child = Command::new("kubectl")
            .args(["proxy", "--port=0", "--accept-paths=.*", "--reject-methods=^$", "--kubeconfig"])
            .arg(kubeconfig)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("starting kubectl proxy")?;
        let mut line = String::new();
        let out = child.stdout.take().context("kubectl proxy has no output")?;
        BufReader::new(out).read_line(&mut line)?;
        let address = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        anyhow::ensure!(address.starts_with("127.0.0.1:"), "kubectl proxy says {line:?}");
        Ok(Upstream { child, address })
    }
}

impl Upstream {
    /// The answer to a question.
    ///
    /// # Errors
    /// When there is none.
    pub fn get(&self, path: &str) -> Result<serde_json::Value> {
        let url = format!("http://{}{path}", self.address);
        let out = Command::new("curl").args(["-sS", "--globoff", "--max-time", "20", &url]).output()?;
        serde_json::from_slice(&out.stdout).with_context(|| format!("{path} is not answered with JSON"))
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Proxy {
    /// Listens on a free port before `upstream`.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start(upstream: &Upstream) -> Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let (shared, upstream) = (Arc::clone(&state), upstream.address.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (state, upstream) = (Arc::clone(&shared), upstream.clone());
                // What one connection meets concerns that one only.
                std::thread::spawn(move || drop(serve(client, &upstream, &state)));
            }
        });
        Ok(Proxy { address, state })
    }

    /// Writes a kubeconfig that leads here.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn kubeconfig(&self, folder: &Path) -> Result<PathBuf> {
        let path = folder.join("proxy.kubeconfig");
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: a\n  cluster: {{server: \"http://{}\"}}\n\
             contexts:\n- name: a\n  context: {{cluster: a, user: a}}\ncurrent-context: a\nusers:\n- name: a\n  user: {{}}\n",
            self.address
        );
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// Sets what harm is done when, and begins to count.
    pub fn set(&self, plan: Option<Plan>) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State { plan, ..State::default() };
    }

    /// The requests that changed something since the plan was set.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).seen.clone()
    }

    /// Whether the harm was done.
    #[must_use]
    pub fn struck(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).struck
    }
}

/// One request and its answer.
fn serve(mut client: TcpStream, upstream: &str, state: &Mutex<State>) -> Result<()> {
    let (head, body, mut reader) = read_request(&client)?;
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let harm = {
        let mut state = lock();
        if state.away_until.is_some_and(|until| Instant::now() < until) {
            return Ok(client.shutdown(Shutdown::Both)?);
        }
        match changes(&head) {
            Some(what) => {
                state.seen.push(what);
                let count = state.seen.len();
                state.plan.filter(|plan| plan.at == count)
            }
            None => None,
        }
    };
    if let Some(Plan { when: When::Before, harm, .. }) = harm {
        strike(harm, state);
        return Ok(client.shutdown(Shutdown::Both)?);
    }
    let mut server = TcpStream::connect(upstream)?;
    server.write_all(&head)?;
    server.write_all(&body)?;
    if let Some(Plan { when: When::After, harm, .. }) = harm {
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        strike(harm, state);
        return Ok(client.shutdown(Shutdown::Both)?);
    }
    // A watch whose reader goes away is to end.
    let watched = server.try_clone()?;
    std::thread::spawn(move || {
        let mut rest = [0_u8; 64];
        while reader.read(&mut rest).is_ok_and(|n| n > 0) {}
        let _gone = watched.shutdown(Shutdown::Both);
    });
    std::io::copy(&mut server, &mut client)?;
    Ok(client.shutdown(Shutdown::Both)?)
}

fn strike(harm: Harm, state: &Mutex<State>) {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.struck = true;
    match harm {
        Harm::Kill(process) => drop(Command::new("kill").args(["-9", &process.to_string()]).status()),
        Harm::Away(time) => state.away_until = Some(Instant::now() + time),
    }
}

type Request = (Vec<u8>, Vec<u8>, BufReader<TcpStream>);

/// The head, with `Connection: close`, and the body.
fn read_request(client: &TcpStream) -> Result<Request> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        anyhow::ensure!(reader.read_line(&mut line)? > 0, "no request");
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        if line == "\r\n" {
            head.extend_from_slice(b"connection: close\r\n\r\n");
            break;
        }
        if !lower.starts_with("connection:") {
            head.extend_from_slice(line.as_bytes());
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((head, body, reader))
}

/// What a request changes: `PUT leases`; nothing for one that only asks.
fn changes(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let mut words = text.lines().next()?.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    if method == "GET" {
        return None;
    }
    let path = path.split('?').next().unwrap_or_default();
    let words: Vec<&str> = path.split('/').filter(|word| !word.is_empty()).collect();
    let resource = match words.iter().position(|word| *word == "namespaces") {
        Some(at) if words.len() > at + 2 => words.get(at + 2..)?.join("/"),
        _ => words.last().copied().unwrap_or_default().to_owned(),
    };
    Some(format!("{method} {resource}"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_request_changes() {
        let changes = |line: &str| super::changes(format!("{line} HTTP/1.1\r\nhost: a\r\n").as_bytes());
        assert_eq!(changes("GET /api/v1/pods"), None);
        assert_eq!(changes("POST /api/v1/namespaces/n/secrets?x=y").unwrap(), "POST secrets");
        assert_eq!(changes("DELETE /apis/apps/v1/namespaces/n/deployments/a").unwrap(), "DELETE deployments/a");
        assert_eq!(changes("POST /api/v1/namespaces").unwrap(), "POST namespaces");
    }
}
