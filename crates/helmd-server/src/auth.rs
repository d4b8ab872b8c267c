//! Who may call.

use crate::App;
use crate::compat::unauthorized;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Who may call.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// Everybody who reaches the port.
    #[default]
    None,
    /// Whoever has one of the tokens.
    Token(TokenFile),
}

/// Why there are no tokens. No text of the file is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The file cannot be read.
    #[error("reading the tokens from {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Nothing is in it.
    #[error("{} holds no token: one a line, or the line sha256:HEX of one", .0.display())]
    Empty(PathBuf),
    /// A token that is tried out soon.
    #[error("line {line} of {}: a token needs at least {MIN_TOKEN_BYTES} characters", path.display())]
    Short {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// A digest that is none.
    #[error("line {line} of {}: sha256: must be followed by 64 hexadecimal digits", path.display())]
    Digest {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
}

/// Shorter tokens can be guessed.
const MIN_TOKEN_BYTES: usize = 16;
/// Largest file of tokens.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// SHA-256 of a token.
type Fingerprint = [u8; 32];

/// Tokens in a file, one a line, or `sha256:` and the hexadecimal digest of one; `#` begins a remark. The file is read again
/// when it changes, as a mounted Secret does.
#[derive(Clone)]
pub struct TokenFile(Arc<Kept>);

struct Kept {
    path: PathBuf,
    known: Mutex<(Option<Stamp>, Vec<Fingerprint>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    size_bytes: u64,
}

impl std::fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TokenFile").field(&self.0.path).finish_non_exhaustive()
    }
}

impl TokenFile {
    /// The tokens of a file.
    ///
    /// # Errors
    /// It cannot be read, holds none, or one that is too short.
    pub fn read(path: &Path) -> Result<TokenFile, AuthError> {
        let known = (stamp(path), read(path)?);
        Ok(TokenFile(Arc::new(Kept { path: path.to_owned(), known: Mutex::new(known) })))
    }

    /// Whether this is one of the tokens. How long that takes tells nothing of them.
    fn has(&self, token: &[u8]) -> bool {
        let given: Fingerprint = Sha256::digest(token).into();
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = stamp(&self.0.path);
        if now != known.0 {
            // What cannot be read holds no tokens: nobody comes in by one that was taken away.
            let tokens = read(&self.0.path).unwrap_or_else(|error| {
                tracing::error!(error = %helmd_kube::helm_text(&error), "nobody may call until the tokens can be read");
                Vec::new()
            });
            *known = (now, tokens);
        }
        known.1.iter().fold(false, |found, one| found | same(one, &given))
    }
}

/// Compares all bytes, whatever the first ones are.
fn same(one: &Fingerprint, other: &Fingerprint) -> bool {
    let differences = one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b));
    std::hint::black_box(differences) == 0
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Stamp { modified: metadata.modified().ok(), size_bytes: metadata.len() })
}

fn read(path: &Path) -> Result<Vec<Fingerprint>, AuthError> {
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text));
    read.map_err(|source| AuthError::Read { path: path.to_owned(), source })?;
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let found: Result<Vec<_>, _> = lines.map(|(index, line)| fingerprint(path, index + 1, line)).collect();
    found.and_then(|found| if found.is_empty() { Err(AuthError::Empty(path.to_owned())) } else { Ok(found) })
}

fn fingerprint(path: &Path, line: usize, text: &str) -> Result<Fingerprint, AuthError> {
    match text.strip_prefix("sha256:") {
        Some(digits) => hexadecimal(digits).ok_or_else(|| AuthError::Digest { path: path.to_owned(), line }),
        None if text.len() < MIN_TOKEN_BYTES => Err(AuthError::Short { path: path.to_owned(), line }),
        None => Ok(Sha256::digest(text).into()),
    }
}

fn hexadecimal(digits: &str) -> Option<Fingerprint> {
    let digits: Vec<u8> = digits.chars().map(|c| u8::try_from(c.to_digit(16)?).ok()).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| Some(pair.first()? << 4 | pair.get(1)?)).collect::<Option<_>>()?;
    bytes.try_into().ok()
}

/// Lets those through who may call, and everybody to `GET /`, which probes ask.
pub(crate) async fn guard(State(app): State<App>, request: Request<Body>, next: Next) -> Response {
    let probe = matches!(*request.method(), Method::GET | Method::HEAD) && request.uri().path() == "/";
    match &app.settings.auth {
        Auth::Token(tokens) if !probe && !given(request.headers()).is_some_and(|token| tokens.has(&token)) => {
            tracing::warn!(method = %request.method(), path = request.uri().path(), "refused: no token, or a wrong one");
            unauthorized()
        }
        Auth::None | Auth::Token(_) => next.run(request).await,
    }
}

/// The token of a request: `Bearer TOKEN`, or the password of `Basic`, which is all that helm can send to a repository.
fn given(headers: &HeaderMap) -> Option<Vec<u8>> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, value) = text.split_once(' ')?;
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.as_bytes().to_vec());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(value).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    decoded.get(colon + 1..).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn tokens_are_read_and_never_shown() {
        let digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let (_folder, path) = file(&format!("# of the portal\n0123456789abcdef\n\n{digest}\n"));
        let tokens = TokenFile::read(&path).unwrap();
        assert!(tokens.has(b"0123456789abcdef") && tokens.has(b"test"));
        assert!(!tokens.has(b"0123456789abcdeF") && !tokens.has(b"") && !tokens.has(digest.as_bytes()));
        assert!(!format!("{tokens:?}").contains("0123456789"));
        let fault = |text: &str| TokenFile::read(&file(text).1).unwrap_err();
        assert!(matches!(fault("short\n"), AuthError::Read { .. } | AuthError::Short { .. }));
        let (_folder, path) = file("\n#x\n");
        assert!(TokenFile::read(&path).unwrap_err().to_string().contains("holds no token"));
        let (_folder, path) = file("0123456789abcdef\nsecret\n");
        let error = TokenFile::read(&path).unwrap_err().to_string();
        assert!(error.starts_with("line 2 of ") && !error.contains("secret"), "{error}");
        let (_folder, path) = file("sha256:9f86\n");
        assert!(TokenFile::read(&path).unwrap_err().to_string().contains("64 hexadecimal digits"));
    }

    #[test]
    fn a_changed_file_is_read_again() {
        let (_folder, path) = file("0123456789abcdef\n");
        let tokens = TokenFile::read(&path).unwrap();
        std::fs::write(&path, "fedcba9876543210-new\n").unwrap();
        assert!(tokens.has(b"fedcba9876543210-new") && !tokens.has(b"0123456789abcdef"));
        std::fs::remove_file(&path).unwrap();
        assert!(!tokens.has(b"fedcba9876543210-new"));
    }

    #[test]
    fn tokens_come_by_two_schemes() {
        let token = |value: &str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
            given(&headers).map(|token| String::from_utf8(token).unwrap())
        };
        assert_eq!(token("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(token("bearer  abc").as_deref(), Some("abc"));
        assert_eq!(token("Basic dTphYmM6ZA==").as_deref(), Some("abc:d"));
        assert_eq!((token("abc"), token("Basic !"), token("Digest x")), (None, None, None));
    }
}
