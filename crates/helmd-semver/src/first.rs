//! Constraints as the first version of the original library reads them; helm-wrapper searches by it.

use crate::constraint::hyphens_as_comparisons;
use crate::grammar::{Cursor, Numbers};
use crate::{MAX_CONSTRAINT_BYTES, SemverError, Version};
use std::cmp::Ordering;

/// A constraint text of the first version: alternatives (`||`) of conditions that hold together (`,` only).
///
/// It differs in what `^0.1` (all of major 0), `>0` (all above 0.0.0), `=0.1` (0.1.0) and `~0.0.0` (everything) mean.
#[derive(Debug, Clone)]
pub struct FirstConstraints(Vec<Vec<Condition>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

#[derive(Debug, Clone)]
struct Condition {
    operator: Operator,
    version: Version,
    /// A number is left out or a wildcard.
    loose: bool,
    /// That is the minor number.
    loose_minor: bool,
    /// That is the patch number.
    loose_patch: bool,
}

/// What is written, the longer ones first.
const OPERATORS: [(&str, Operator); 12] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterEqual),
    ("=>", Operator::GreaterEqual),
    ("<=", Operator::LessEqual),
    ("=<", Operator::LessEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
    ("", Operator::Equal),
];

impl FirstConstraints {
    /// Reads a constraint text.
    ///
    /// # Errors
    /// When it is no constraint, or too long.
    pub fn parse(text: &str) -> Result<FirstConstraints, SemverError> {
        if text.len() > MAX_CONSTRAINT_BYTES {
            return Err(SemverError::ConstraintTooLong);
        }
        let text = hyphens_as_comparisons(text);
        let group = |group: &str| group.split(',').map(Condition::parse).collect();
        text.split("||").map(group).collect::<Result<_, _>>().map(FirstConstraints)
    }

    /// Whether a version is welcome; what is no version always is, as in helm-wrapper.
    pub fn admits(&self, version: &str) -> bool {
        let Ok(version) = Version::parse(version) else { return true };
        self.0.iter().any(|group| group.iter().all(|condition| condition.check(&version)))
    }
}

fn is_wildcard(text: &str) -> bool {
    matches!(text, "x" | "X" | "*")
}

impl Condition {
    fn parse(text: &str) -> Result<Condition, SemverError> {
        let improper = || SemverError::ImproperCondition(text.to_owned());
        let mut cursor = Cursor::new(text, 0);
        cursor.skip_space();
        let rest = text.get(cursor.at..).unwrap_or_default();
        let (symbol, operator) = OPERATORS.iter().find(|(symbol, _)| rest.starts_with(symbol)).ok_or_else(improper)?;
        cursor.at += symbol.len();
        cursor.skip_space();
        let parts = cursor.version(Numbers::Wild).ok_or_else(improper)?;
        cursor.skip_space();
        if !cursor.at_end() {
            return Err(improper());
        }
        let prerelease = parts.prerelease.map(|text| format!("-{text}")).unwrap_or_default();
        let loose_major = is_wildcard(parts.major);
        let loose_minor = !loose_major && parts.minor.is_none_or(is_wildcard);
        let loose_patch = !loose_major && !loose_minor && parts.patch.is_some_and(is_wildcard);
        let version = match (loose_major, loose_minor, loose_patch) {
            (true, _, _) => "0.0.0".to_owned(),
            (_, true, _) => format!("{}.0.0{prerelease}", parts.major),
            (_, _, true) => format!("{}.{}.0{prerelease}", parts.major, parts.minor.unwrap_or_default()),
            _ => parts.all.to_owned(),
        };
        let version = Version::parse(&version).map_err(|_| SemverError::FirstConstraintVersion)?;
        let loose = loose_major || loose_minor || loose_patch;
        Ok(Condition { operator: *operator, version, loose, loose_minor, loose_patch })
    }

    fn check(&self, version: &Version) -> bool {
        let exact = !self.loose && self.operator == Operator::NotEqual;
        if !exact && !version.prerelease.is_empty() && self.version.prerelease.is_empty() {
            return false;
        }
        let order = version.compare(&self.version);
        let same_major = version.major == self.version.major;
        let same_minor = version.minor == self.version.minor || self.loose_minor;
        // HELM-WRAPPER: with a wildcard the numbers are compared one by one, so that 0.9 is not below 1.2.x.
        let below = version.major <= self.version.major && (version.minor <= self.version.minor || self.loose_minor);
        match self.operator {
            Operator::NotEqual if self.loose => !same_major || !same_minor,
            Operator::NotEqual => order != Ordering::Equal,
            Operator::Greater => order == Ordering::Greater,
            Operator::GreaterEqual => order != Ordering::Less,
            Operator::Less if self.loose => below,
            Operator::Less => order == Ordering::Less,
            Operator::LessEqual if self.loose => below,
            Operator::LessEqual => order != Ordering::Greater,
            Operator::Equal if !self.loose => order == Ordering::Equal,
            Operator::Equal | Operator::Tilde => {
                let zero = (self.version.major, self.version.minor, self.version.patch) == (0, 0, 0);
                let all = zero && !self.loose_minor && !self.loose_patch;
                order != Ordering::Less && (all || (same_major && same_minor))
            }
            Operator::Caret => order != Ordering::Less && same_major,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FirstConstraints;

    #[test]
    fn the_first_version_differs() {
        for (constraint, fits, does_not) in [
            ("^0.1", &["0.1.0", "0.2.0"][..], &["1.0.0", "0.0.9", "0.2.0-a"][..]),
            (">0", &["0.1.0", "1.0.0"], &["0.0.0"]),
            ("=0.1", &["0.1.0"], &["0.2.0", "0.1.7"]),
            ("0.1.0", &["0.1.0", "not a version"], &["0.1.1"]),
            ("~0.1.x", &["0.1.0", "0.1.9"], &["0.2.0"]),
            ("~0.0.0", &["0.0.0", "5.0.0"], &["5.0.0-a"]),
            ("*", &["0.1.0", "9.0.0"], &["9.0.0-a"]),
            ("<1.2.x", &["1.2.9", "0.1.0"], &["1.3.0", "0.9.0"]),
            ("!=0.1.x", &["0.2.0", "1.1.0"], &["0.1.0"]),
            ("!=0.1.0", &["0.2.0", "0.2.0-a"], &["0.1.0"]),
            ("0.1.0 - 0.2.0", &["0.1.0", "0.2.0"], &["0.3.0"]),
            (">=0.1.0, <0.2.0 || =1.0.0", &["0.1.5", "1.0.0"], &["0.2.0"]),
            (">0.0.0-0", &["0.0.1-a", "1.0.0"], &["0.0.0-0"]),
        ] {
            let constraints = FirstConstraints::parse(constraint).unwrap();
            assert!(fits.iter().all(|version| constraints.admits(version)), "{constraint}");
            assert!(!does_not.iter().any(|version| constraints.admits(version)), "{constraint}");
        }
        for (wrong, text) in [
            ("zzz", "improper constraint: zzz"),
            (">=0.1.0 <0.2.0", "improper constraint: >=0.1.0 <0.2.0"),
            ("1x.2.3", "constraint Parser Error"),
            ("", "improper constraint: "),
        ] {
            assert_eq!(FirstConstraints::parse(wrong).unwrap_err().to_string(), text);
        }
    }
}
