//! Constraints: which versions are welcome.

use crate::grammar::{Cursor, Numbers, Parts};
use crate::version::compare_prerelease;
use crate::{SemverError, Version};
use std::cmp::Ordering;
use std::fmt;

/// Longest constraint text that is read, in bytes; the original's guard against large input.
pub const MAX_CONSTRAINT_BYTES: usize = 512;

/// Most alternatives (`||`) in one constraint text; the original's guard against large input.
pub const MAX_CONSTRAINT_GROUPS: usize = 32;

/// A constraint text: alternatives (`||`) of conditions that hold together (`,` or space).
///
/// [`fmt::Display`] prints it in the original's normal form.
#[derive(Debug, Clone)]
pub struct Constraints {
    groups: Vec<Group>,
    /// Whether prereleases count even where no condition of a group names one.
    pub include_prerelease: bool,
    /// Whether each condition must name a prerelease itself to take one, as in the library before its version 3.4: then
    /// `>0.0.0-0 <1.0.0` takes none.
    pub each_condition: bool,
}

#[derive(Debug, Clone)]
struct Group {
    conditions: Vec<Condition>,
    /// A condition with a prerelease opens its group to prereleases.
    names_prerelease: bool,
}

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

/// Which number was left out or written as a wildcard; the numbers after it are zero then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wildcard {
    None,
    Major,
    Minor,
    Patch,
}

#[derive(Debug, Clone)]
struct Condition {
    operator: Operator,
    /// The operator as written, for printing.
    symbol: String,
    version: Version,
    wildcard: Wildcard,
    /// The version as written.
    written: String,
}

impl Constraints {
    /// Reads a constraint text.
    ///
    /// # Errors
    /// When the text is too long, has too many alternatives, or is no constraint.
    pub fn parse(text: &str) -> Result<Constraints, SemverError> {
        if text.len() > MAX_CONSTRAINT_BYTES {
            return Err(SemverError::ConstraintTooLong);
        }
        let text = hyphens_as_comparisons(text);
        let alternatives: Vec<&str> = text.split("||").collect();
        if alternatives.len() > MAX_CONSTRAINT_GROUPS {
            return Err(SemverError::TooManyGroups);
        }
        let groups = alternatives.into_iter().map(parse_group).collect::<Result<_, _>>()?;
        Ok(Constraints { groups, include_prerelease: false, each_condition: false })
    }

    /// Whether a text is a version, and one that [`Constraints::check`] takes.
    pub fn admits(&self, version: &str) -> bool {
        Version::parse(version).is_ok_and(|version| self.check(&version))
    }

    /// Whether the version satisfies all conditions of one alternative.
    pub fn check(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            let of_group = self.include_prerelease || group.names_prerelease;
            group.conditions.iter().all(|condition| {
                let own = self.include_prerelease || !condition.version.prerelease.is_empty();
                let prereleases = if self.each_condition { own } else { of_group };
                condition.check(version, prereleases).is_ok()
            })
        })
    }

    /// Whether the version satisfies the constraint and, if not, every reason against it.
    pub fn validate(&self, version: &Version) -> (bool, Vec<String>) {
        let mut reasons = Vec::new();
        let mut prerelease_told = false;
        for group in &self.groups {
            let prereleases = self.include_prerelease || group.names_prerelease;
            let mut fits = true;
            for condition in &group.conditions {
                if !prereleases && !version.prerelease.is_empty() {
                    if !prerelease_told {
                        reasons.push(is_prerelease(version));
                        prerelease_told = true;
                    }
                    fits = false;
                } else if let Err(reason) = condition.check(version, prereleases) {
                    reasons.push(reason);
                    fits = false;
                }
            }
            if fits {
                return (true, Vec::new());
            }
        }
        (false, reasons)
    }
}

impl fmt::Display for Constraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (g, group) in self.groups.iter().enumerate() {
            if g > 0 {
                f.write_str(" || ")?;
            }
            for (c, condition) in group.conditions.iter().enumerate() {
                let space = if c > 0 { " " } else { "" };
                write!(f, "{space}{}{}", condition.symbol, condition.written)?;
            }
        }
        Ok(())
    }
}

/// Rewrites every `A - B` to `>= A, <= B `.
pub(crate) fn hyphens_as_comparisons(text: &str) -> String {
    let mut out = text.to_owned();
    let mut start = 0;
    while start < text.len() {
        if !text.is_char_boundary(start) {
            start += 1;
            continue;
        }
        match hyphen_range(text, start) {
            Some((low, high, end)) => {
                let found = text.get(start..end).unwrap_or_default();
                out = out.replacen(found, &format!(">= {low}, <= {high} "), 1);
                start = end;
            }
            None => start += 1,
        }
    }
    out
}

/// A hyphen range that begins at `start` (spaces included): both versions and where it ends.
fn hyphen_range(text: &str, start: usize) -> Option<(&str, &str, usize)> {
    let mut cursor = Cursor::new(text, start);
    cursor.skip_space();
    let low = cursor.version(Numbers::Wild)?;
    if !(cursor.skip_space() && cursor.take(b'-') && cursor.skip_space()) {
        return None;
    }
    let high = cursor.version(Numbers::Wild)?;
    cursor.skip_space();
    Some((low.all, high.all, cursor.at))
}

fn parse_group(text: &str) -> Result<Group, SemverError> {
    let found = conditions(text).ok_or_else(|| SemverError::ImproperConstraint(text.to_owned()))?;
    let conditions = found
        .into_iter()
        .map(|(symbol, parts)| Condition::new(symbol, &parts).ok_or(SemverError::ConstraintVersion))
        .collect::<Result<Vec<_>, _>>()?;
    let names_prerelease = conditions.iter().any(|c| !c.version.prerelease.is_empty());
    Ok(Group { conditions, names_prerelease })
}

/// Operators and versions of one alternative; between two conditions stands a space or a comma.
fn conditions(text: &str) -> Option<Vec<(&str, Parts<'_>)>> {
    let mut cursor = Cursor::new(text, 0);
    let mut found = Vec::new();
    loop {
        cursor.skip_space();
        let symbol = cursor.take_while(|b| matches!(b, b'=' | b'!' | b'<' | b'>' | b'~' | b'^'));
        operator(symbol)?;
        cursor.skip_space();
        found.push((symbol, cursor.version(Numbers::Wild)?));
        let space = cursor.skip_space();
        if cursor.at_end() {
            return Some(found);
        }
        if !cursor.take(b',') && !space {
            return None;
        }
    }
}

fn operator(symbol: &str) -> Option<Operator> {
    Some(match symbol {
        "" | "=" => Operator::Equal,
        "!=" => Operator::NotEqual,
        ">" => Operator::Greater,
        "<" => Operator::Less,
        ">=" | "=>" => Operator::GreaterEqual,
        "<=" | "=<" => Operator::LessEqual,
        "~" | "~>" => Operator::Tilde,
        "^" => Operator::Caret,
        _ => return None,
    })
}

fn is_wild(number: Option<&str>) -> bool {
    matches!(number, None | Some("x" | "X" | "*"))
}

impl Condition {
    fn new(symbol: &str, parts: &Parts<'_>) -> Option<Condition> {
        let prerelease = parts.prerelease.map_or_else(String::new, |p| format!("-{p}"));
        let (wildcard, text) = if is_wild(Some(parts.major)) {
            (Wildcard::Major, format!("0.0.0{prerelease}"))
        } else if is_wild(parts.minor) {
            (Wildcard::Minor, format!("{}.0.0{prerelease}", parts.major))
        } else if is_wild(parts.patch) {
            (Wildcard::Patch, format!("{}.{}.0{prerelease}", parts.major, parts.minor.unwrap_or_default()))
        } else {
            (Wildcard::None, parts.all.to_owned())
        };
        Some(Condition {
            operator: operator(symbol)?,
            symbol: symbol.to_owned(),
            version: Version::parse(&text).ok()?,
            wildcard,
            written: parts.all.to_owned(),
        })
    }

    /// # Errors
    /// The reason why the version does not fit.
    fn check(&self, version: &Version, prereleases: bool) -> Result<(), String> {
        if !version.prerelease.is_empty() && !prereleases {
            return Err(is_prerelease(version));
        }
        match self.operator {
            Operator::Equal => self.equal(version),
            Operator::NotEqual => self.not_equal(version),
            Operator::Greater => self.greater(version),
            Operator::Less => {
                self.expect(version.compare(&self.version).is_lt(), version, "is greater than or equal to")
            }
            Operator::GreaterEqual => self.expect(version.compare(&self.version).is_ge(), version, "is less than"),
            Operator::LessEqual => self.less_equal(version),
            Operator::Tilde => self.tilde(version),
            Operator::Caret => self.caret(version),
        }
    }

    fn expect(&self, fits: bool, version: &Version, words: &str) -> Result<(), String> {
        if fits { Ok(()) } else { Err(format!("\"{version}\" {words} \"{}\"", self.written)) }
    }

    fn equal(&self, version: &Version) -> Result<(), String> {
        if self.wildcard != Wildcard::None {
            return self.tilde(version);
        }
        self.expect(version.compare(&self.version).is_eq(), version, "is not equal to")
    }

    fn not_equal(&self, version: &Version) -> Result<(), String> {
        let own = &self.version;
        let differs = match self.wildcard {
            Wildcard::None => version.compare(own).is_ne(),
            // HELM: the original looks at all numbers behind a wildcard major, as if it were 0.0.0.
            Wildcard::Major => version.compare(own).is_ne(),
            Wildcard::Minor => version.major != own.major,
            Wildcard::Patch => {
                version.major != own.major
                    || version.minor != own.minor
                    || compare_prerelease(&version.prerelease, &own.prerelease) != Ordering::Equal
            }
        };
        self.expect(differs, version, "is equal to")
    }

    fn greater(&self, version: &Version) -> Result<(), String> {
        let own = &self.version;
        let fits = match self.wildcard {
            Wildcard::None | Wildcard::Major => version.compare(own).is_gt(),
            Wildcard::Minor => version.major > own.major,
            Wildcard::Patch => (version.major, version.minor) > (own.major, own.minor),
        };
        self.expect(fits, version, "is less than or equal to")
    }

    fn less_equal(&self, version: &Version) -> Result<(), String> {
        let own = &self.version;
        let fits = match self.wildcard {
            Wildcard::None => version.compare(own).is_le(),
            Wildcard::Minor => version.major <= own.major,
            Wildcard::Major | Wildcard::Patch => (version.major, version.minor) <= (own.major, own.minor),
        };
        self.expect(fits, version, "is greater than")
    }

    fn tilde(&self, version: &Version) -> Result<(), String> {
        let own = &self.version;
        self.expect(version.compare(own).is_ge(), version, "is less than")?;
        let zero = (own.major, own.minor, own.patch) == (0, 0, 0);
        if zero && matches!(self.wildcard, Wildcard::None | Wildcard::Major) {
            return Ok(());
        }
        self.expect(version.major == own.major, version, "does not have same major version as")?;
        let same_minor = version.minor == own.minor || self.wildcard == Wildcard::Minor;
        self.expect(same_minor, version, "does not have same major and minor version as")
    }

    fn caret(&self, version: &Version) -> Result<(), String> {
        let own = &self.version;
        self.expect(version.compare(own).is_ge(), version, "is less than")?;
        self.expect_same_major(version)?;
        if own.major > 0 || self.wildcard == Wildcard::Minor {
            return Ok(());
        }
        let same_minor = version.minor == own.minor;
        if own.minor > 0 || self.wildcard == Wildcard::Patch {
            return self.expect(same_minor, version, "does not have same minor version as").map_err(|reason| {
                format!("{reason}. Expected minor versions to match when constraint major version is 0")
            });
        }
        self.expect(same_minor, version, "does not have same minor version as")?;
        self.expect(version.patch == own.patch, version, "does not equal").map_err(|reason| {
            format!("{reason}. Expect version and constraint to equal when major and minor versions are 0")
        })
    }

    fn expect_same_major(&self, version: &Version) -> Result<(), String> {
        self.expect(version.major == self.version.major, version, "does not have same major version as")
    }
}

fn is_prerelease(version: &Version) -> String {
    format!("\"{version}\" is a prerelease version and the constraint is only looking for release versions")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(constraint: &str, version: &str) -> bool {
        Constraints::parse(constraint).unwrap().check(&Version::parse(version).unwrap())
    }

    #[test]
    fn hyphen_ranges_are_comparisons() {
        assert_eq!(Constraints::parse("1.2 - 1.4.5 || ~> 3").unwrap().to_string(), ">=1.2 <=1.4.5 || ~>3");
        assert!(check("1.2 - 1.4.5", "1.4.5") && !check("1.2 - 1.4.5", "1.4.6"));
    }

    #[test]
    fn older_rules_look_at_each_condition() {
        let mut constraints = Constraints::parse(">0.0.0-0 <1.0.0").unwrap();
        assert!(constraints.admits("0.3.0-beta.1"));
        constraints.each_condition = true;
        assert!(!constraints.admits("0.3.0-beta.1") && constraints.admits("0.2.0"));
    }

    #[test]
    fn prereleases_need_a_prerelease_in_their_group() {
        assert!(!check(">= 1.0", "1.1.0-rc.1"));
        assert!(check(">= 1.0-0", "1.1.0-rc.1"));
    }
}
