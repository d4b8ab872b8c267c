//! TOML as the functions `toToml` and `fromToml` write and read it (BurntSushi's library, version 1.6).
//!
//! `write` has the layout, `lex` and `read` the reader with its error texts, `time` the dates.

mod lex;
mod read;
mod scalar;
mod time;
mod write;

pub use read::{from_toml, from_toml_with};
pub use time::{DateTime, Zone};
pub use write::{to_toml, to_toml_within};

/// Why TOML could not be read or written; the texts are BurntSushi's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TomlError {
    /// The text is not TOML.
    #[error("toml: line {line}{}: {message}", last_key(.key))]
    Syntax {
        /// The line, from one.
        line: usize,
        /// The last key that was read; may be empty.
        key: String,
        /// What is wrong.
        message: String,
    },
    /// A value that TOML cannot hold.
    #[error("{0}")]
    Value(String),
    /// A value on which Go panics: a template fails with it, even where errors are only text.
    #[error("{0}")]
    Panic(&'static str),
    /// The text would be longer than the caller wants it.
    #[error("toml: text is longer than {limit} bytes")]
    TooLong {
        /// Bytes allowed.
        limit: usize,
    },
}

fn last_key(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!(" (last key {})", gotmpl::strconv::quote(key.as_bytes())) }
}

/// Deepest nesting that is written, in levels.
const MAX_DEPTH: usize = 1000;

/// Deepest nesting of tables, arrays and inline tables that is read, also by dots in keys; each level copies what is in it.
const MAX_READ_DEPTH: usize = 200;

/// The text in double quotes with TOML's escapes; other bytes stay as they are.
fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text {
        let short = match byte {
            b'"' | b'\\' => *byte,
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0c => b'f',
            b'\r' => b'r',
            0..=0x1f | 0x7f => {
                out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                continue;
            }
            _ => {
                out.push(*byte);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
    out.push(b'"');
}

/// A key or part of one, in quotes where it needs them.
fn key_part(part: &[u8], out: &mut Vec<u8>) {
    let bare = part.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if bare && !part.is_empty() {
        out.extend_from_slice(part);
    } else {
        quoted(part, out);
    }
}

/// The parts with dots between them.
fn dotted<'k>(parts: impl IntoIterator<Item = &'k [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, part) in parts.into_iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        key_part(part, &mut out);
    }
    out
}

#[cfg(test)]
mod tests;
