//! Go strings: immutable shared bytes that need not be UTF-8.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A Go `string`. `Clone` is a reference count, so trees and values can share it between threads.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoString(Arc<[u8]>);

impl GoString {
    /// A string of `len` bytes that `fill` writes, without another copy.
    ///
    /// # Errors
    /// What `fill` gives.
    pub fn filled<E>(len: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<GoString, E> {
        let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, len).collect();
        // Nobody else holds it yet.
        fill(Arc::get_mut(&mut bytes).unwrap_or_default())?;
        Ok(GoString(bytes))
    }
    /// Whether both are the same bytes; quick for clones of one string.
    pub fn is_same(&self, other: &GoString) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self == other
    }
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
    /// Whether somebody else holds the same bytes.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
    /// The text when it is UTF-8.
    pub fn as_utf8(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
    /// The text with U+FFFD for every broken byte.
    pub fn to_text(&self) -> Cow<'_, str> {
        crate::strconv::utf8::to_text(&self.0)
    }
}

impl Deref for GoString {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Lets maps be searched by bytes without making a string.
impl std::borrow::Borrow<[u8]> for GoString {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl Default for GoString {
    fn default() -> Self {
        GoString(Arc::from(&[][..]))
    }
}

impl fmt::Debug for GoString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_text())
    }
}

impl fmt::Display for GoString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl From<&str> for GoString {
    fn from(s: &str) -> Self {
        GoString(Arc::from(s.as_bytes()))
    }
}
impl From<String> for GoString {
    fn from(s: String) -> Self {
        GoString(Arc::from(s.into_bytes()))
    }
}
impl From<&String> for GoString {
    fn from(s: &String) -> Self {
        GoString(Arc::from(s.as_bytes()))
    }
}
impl From<Vec<u8>> for GoString {
    fn from(s: Vec<u8>) -> Self {
        GoString(Arc::from(s))
    }
}
impl From<&[u8]> for GoString {
    fn from(s: &[u8]) -> Self {
        GoString(Arc::from(s))
    }
}
impl From<Cow<'_, str>> for GoString {
    fn from(s: Cow<'_, str>) -> Self {
        GoString(Arc::from(s.as_bytes()))
    }
}
impl From<&GoString> for GoString {
    fn from(s: &GoString) -> Self {
        s.clone()
    }
}
