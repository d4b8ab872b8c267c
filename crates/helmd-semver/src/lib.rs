//! Semantic versions and constraints as Masterminds/semver 3.5.0 reads them, which is how Helm reads them.
//!
//! Owns: loose and strict version texts, order, increments, constraint texts and their reasons for a "no".
//! Does not own: where versions come from (charts, indexes, clusters).
//!
//! Start at [`Version::parse`] and [`Constraints::parse`]. Texts longer than [`MAX_VERSION_BYTES`] and
//! [`MAX_CONSTRAINT_BYTES`] are errors, as in the original.

mod constraint;
mod first;
mod grammar;
mod version;

pub use constraint::{Constraints, MAX_CONSTRAINT_BYTES, MAX_CONSTRAINT_GROUPS};
pub use first::FirstConstraints;
pub use version::{MAX_VERSION_BYTES, Version};

/// Why a text is no version or no constraint; the words are the original's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SemverError {
    /// The text has not the shape of a version.
    #[error("invalid semantic version")]
    Invalid,
    /// The empty text, read strictly.
    #[error("version string empty")]
    Empty,
    /// The text is longer than [`MAX_VERSION_BYTES`].
    #[error("version string is too long (max {MAX_VERSION_BYTES} bytes)")]
    TooLong,
    /// A number that holds other characters, read strictly.
    #[error("invalid characters in version")]
    InvalidCharacters,
    /// A number with leading zeros.
    #[error("version segment starts with 0")]
    SegmentStartsZero,
    /// An empty or broken identifier after `+`.
    #[error("invalid metadata string")]
    InvalidMetadata,
    /// An empty or broken identifier after `-`.
    #[error("invalid prerelease string")]
    InvalidPrerelease,
    /// A number that is no unsigned 64-bit integer, read strictly.
    #[error("strconv.ParseUint: parsing {}: {reason}", gotmpl::strconv::quote(.text.as_bytes()))]
    Number {
        /// The number's text.
        text: String,
        /// Go's words: `invalid syntax` or `value out of range`.
        reason: &'static str,
    },
    /// A number that is no unsigned 64-bit integer, read loosely.
    #[error("error parsing version segment")]
    Segment {
        /// What is wrong with the number.
        source: Box<SemverError>,
    },
    /// The next version's number does not fit (the original panics).
    #[error("{segment} version increment would overflow uint64")]
    Overflow {
        /// `major`, `minor` or `patch`.
        segment: &'static str,
    },
    /// The text is longer than [`MAX_CONSTRAINT_BYTES`].
    #[error("constraint string is too long (max {MAX_CONSTRAINT_BYTES} bytes)")]
    ConstraintTooLong,
    /// More `||` alternatives than [`MAX_CONSTRAINT_GROUPS`].
    #[error("too many constraint groups (max {MAX_CONSTRAINT_GROUPS})")]
    TooManyGroups,
    /// A text between `||` that is no list of constraints.
    #[error("improper constraint: {}", gotmpl::strconv::quote(.0.as_bytes()))]
    ImproperConstraint(String),
    /// A constraint whose version cannot be read.
    #[error("constraint parser error")]
    ConstraintVersion,
    /// A condition of the library's first version that is none.
    #[error("improper constraint: {0}")]
    ImproperCondition(String),
    /// A condition of the library's first version whose version cannot be read.
    #[error("constraint Parser Error")]
    FirstConstraintVersion,
}

impl SemverError {
    /// The whole text with its cause, as the original prints it.
    pub fn text(&self) -> String {
        match self {
            SemverError::Segment { source } => format!("{self}: {}", source.text()),
            other => other.to_string(),
        }
    }
}
