//! One version.

use crate::SemverError;
use crate::grammar::whole_version;
use std::cmp::Ordering;
use std::fmt;

/// Longest version text that is read, in bytes; the original's guard against large input.
pub const MAX_VERSION_BYTES: usize = 256;

/// A version. [`fmt::Display`] prints it in full (`1.2` reads as `1.2.0`), [`Version::original`] as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    /// First number.
    pub major: u64,
    /// Second number.
    pub minor: u64,
    /// Third number.
    pub patch: u64,
    /// What follows `-`, empty for releases.
    pub prerelease: String,
    /// What follows `+`, may be empty; does not count in comparisons.
    pub metadata: String,
    original: String,
}

impl Version {
    /// Reads a version loosely: a leading `v`, missing numbers and leading zeros are fine.
    ///
    /// # Errors
    /// When the text has another shape, is too long, or a number does not fit 64 bits.
    pub fn parse(text: &str) -> Result<Version, SemverError> {
        if text.len() > MAX_VERSION_BYTES {
            return Err(SemverError::TooLong);
        }
        let parts = whole_version(text).ok_or(SemverError::Invalid)?;
        let segment = |text: Option<&str>| match text {
            Some(digits) => number(digits).map_err(|e| SemverError::Segment { source: Box::new(e) }),
            None => Ok(0),
        };
        let version = Version {
            major: segment(Some(parts.major))?,
            minor: segment(parts.minor)?,
            patch: segment(parts.patch)?,
            prerelease: parts.prerelease.unwrap_or_default().to_owned(),
            metadata: parts.metadata.unwrap_or_default().to_owned(),
            original: text.to_owned(),
        };
        if !version.prerelease.is_empty() {
            validate_prerelease(&version.prerelease)?;
        }
        Ok(version)
    }

    /// Reads a version by the letter of semver.org 2.0.0.
    ///
    /// # Errors
    /// When the text is no such version.
    pub fn parse_strict(text: &str) -> Result<Version, SemverError> {
        if text.is_empty() {
            return Err(SemverError::Empty);
        }
        if text.len() > MAX_VERSION_BYTES {
            return Err(SemverError::TooLong);
        }
        let mut three = text.splitn(3, '.');
        let (Some(major), Some(minor), Some(rest)) = (three.next(), three.next(), three.next()) else {
            return Err(SemverError::Invalid);
        };
        let (rest, metadata) = match rest.split_once('+') {
            Some((rest, metadata)) => {
                validate_metadata(metadata)?;
                (rest, metadata)
            }
            None => (rest, ""),
        };
        let (patch, prerelease) = match rest.split_once('-') {
            Some((patch, prerelease)) => {
                validate_prerelease(prerelease)?;
                (patch, prerelease)
            }
            None => (rest, ""),
        };
        for digits in [major, minor, patch] {
            if !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(SemverError::InvalidCharacters);
            }
            if leading_zero(digits) {
                return Err(SemverError::SegmentStartsZero);
            }
        }
        Ok(Version {
            major: number(major)?,
            minor: number(minor)?,
            patch: number(patch)?,
            prerelease: prerelease.to_owned(),
            metadata: metadata.to_owned(),
            original: text.to_owned(),
        })
    }

    /// The text it was read from.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// The order of versions: numbers, then a prerelease before its release, then the prereleases' identifiers.
    /// Metadata does not count.
    pub fn compare(&self, other: &Version) -> Ordering {
        let numbers = |v: &Version| (v.major, v.minor, v.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| {
            match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_prerelease(&self.prerelease, &other.prerelease),
            }
        })
    }

    /// The next patch version; for a prerelease, its release.
    ///
    /// # Errors
    /// [`SemverError::Overflow`].
    pub fn inc_patch(&self) -> Result<Version, SemverError> {
        let patch = if self.prerelease.is_empty() { next(self.patch, "patch")? } else { self.patch };
        Ok(self.successor(self.major, self.minor, patch))
    }

    /// The next minor version.
    ///
    /// # Errors
    /// [`SemverError::Overflow`].
    pub fn inc_minor(&self) -> Result<Version, SemverError> {
        Ok(self.successor(self.major, next(self.minor, "minor")?, 0))
    }

    /// The next major version.
    ///
    /// # Errors
    /// [`SemverError::Overflow`].
    pub fn inc_major(&self) -> Result<Version, SemverError> {
        Ok(self.successor(next(self.major, "major")?, 0, 0))
    }

    /// The same version with another prerelease (without its `-`; empty for none).
    ///
    /// # Errors
    /// When the prerelease is not made of proper identifiers.
    pub fn with_prerelease(&self, prerelease: &str) -> Result<Version, SemverError> {
        if !prerelease.is_empty() {
            validate_prerelease(prerelease)?;
        }
        Ok(Version { prerelease: prerelease.to_owned(), ..self.clone() }.written_again())
    }

    /// The same version with other metadata (without its `+`; empty for none).
    ///
    /// # Errors
    /// When the metadata is not made of proper identifiers.
    pub fn with_metadata(&self, metadata: &str) -> Result<Version, SemverError> {
        if !metadata.is_empty() {
            validate_metadata(metadata)?;
        }
        Ok(Version { metadata: metadata.to_owned(), ..self.clone() }.written_again())
    }

    fn successor(&self, major: u64, minor: u64, patch: u64) -> Version {
        let original = self.original.clone();
        Version { major, minor, patch, prerelease: String::new(), metadata: String::new(), original }.written_again()
    }

    /// The original text of a changed version: its print, with the `v` that it had.
    fn written_again(mut self) -> Version {
        let v = if self.original.starts_with('v') { "v" } else { "" };
        self.original = format!("{v}{self}");
        self
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

fn next(number: u64, segment: &'static str) -> Result<u64, SemverError> {
    number.checked_add(1).ok_or(SemverError::Overflow { segment })
}

/// A number of digits only.
fn number(digits: &str) -> Result<u64, SemverError> {
    digits.parse().map_err(|_| SemverError::Number {
        text: digits.to_owned(),
        reason: if digits.is_empty() { "invalid syntax" } else { "value out of range" },
    })
}

fn leading_zero(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0')
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn validate_prerelease(text: &str) -> Result<(), SemverError> {
    for part in text.split('.') {
        if !is_identifier(part) {
            return Err(SemverError::InvalidPrerelease);
        }
        if leading_zero(part) && part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(SemverError::SegmentStartsZero);
        }
    }
    Ok(())
}

fn validate_metadata(text: &str) -> Result<(), SemverError> {
    if text.split('.').all(is_identifier) { Ok(()) } else { Err(SemverError::InvalidMetadata) }
}

/// The order of two prereleases: identifier by identifier, a missing one before any other.
pub(crate) fn compare_prerelease(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => compare_identifier(x.unwrap_or_default(), y.unwrap_or_default()),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Numbers by value and before words; what does not fit 64 bits is a word.
fn compare_identifier(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    if a.is_empty() {
        return Ordering::Less;
    }
    if b.is_empty() {
        return Ordering::Greater;
    }
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(x), Ok(y)) => x.cmp(&y),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_texts_are_filled_up() {
        let v = Version::parse("v1.02-rc.1+b").unwrap();
        assert_eq!((v.to_string().as_str(), v.original()), ("1.2.0-rc.1+b", "v1.02-rc.1+b"));
        assert_eq!(v.inc_patch().unwrap().original(), "v1.2.0");
    }

    #[test]
    fn strict_reading_names_the_fault() {
        let error = |text| Version::parse_strict(text).unwrap_err().text();
        assert_eq!(error("1.2"), "invalid semantic version");
        assert_eq!(error("1.02.3"), "version segment starts with 0");
        assert_eq!(error("1..3"), "strconv.ParseUint: parsing \"\": invalid syntax");
    }
}
