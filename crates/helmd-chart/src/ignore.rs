//! `.helmignore`.

use crate::glob;

/// The file with the rules, at the chart's top.
pub const FILE_NAME: &str = ".helmignore";

/// Why the rules cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreError {
    /// `**` has no meaning here.
    #[error("double-star (**) syntax is not supported")]
    DoubleStar,
    /// A pattern is malformed.
    #[error(transparent)]
    Pattern(#[from] glob::BadPattern),
}

/// Which files of a chart's folder are left out.
#[derive(Clone, Debug)]
pub struct Rules(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    pattern: String,
    scope: Scope,
    negated: bool,
    only_folders: bool,
}

/// What a pattern is matched with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Path,
    BaseName,
}

impl Default for Rules {
    /// Helm's own rule, which holds for every chart: dot files in `templates/` are left out.
    fn default() -> Self {
        Rules(vec![default_rule()])
    }
}

fn default_rule() -> Rule {
    Rule { pattern: "templates/.?*".to_owned(), scope: Scope::Path, negated: false, only_folders: false }
}

impl Rules {
    /// The rules of a `.helmignore`'s text, then Helm's own.
    ///
    /// # Errors
    /// A rule has `**` or is malformed.
    pub fn parse(text: &[u8]) -> Result<Rules, IgnoreError> {
        let text = String::from_utf8_lossy(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text));
        let rules = text.split('\n').map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut rules = rules.map(Rule::parse).collect::<Result<Vec<_>, _>>()?;
        rules.push(default_rule());
        Ok(Rules(rules))
    }

    /// Whether the file or folder at `path` (relative, `/` separated) is left out. The first rule that speaks decides.
    pub fn ignores(&self, path: &str, is_folder: bool) -> bool {
        if matches!(path, "" | "." | "./") {
            return false;
        }
        for rule in &self.0 {
            let applies = !rule.only_folders || is_folder;
            let matched = applies && rule.matches(path);
            // HELM: a negated rule leaves out everything that it does not match.
            if matched != rule.negated {
                return true;
            }
        }
        false
    }
}

impl Rule {
    fn parse(line: &str) -> Result<Rule, IgnoreError> {
        if line.contains("**") {
            return Err(IgnoreError::DoubleStar);
        }
        glob::matches(line, "abc")?;
        let (negated, rest) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let (only_folders, rest) = rest.strip_suffix('/').map_or((false, rest), |rest| (true, rest));
        let (scope, pattern) = match rest.strip_prefix('/') {
            Some(rest) => (Scope::Path, rest),
            None if rest.contains('/') => (Scope::Path, rest),
            None => (Scope::BaseName, rest),
        };
        Ok(Rule { pattern: pattern.to_owned(), scope, negated, only_folders })
    }

    fn matches(&self, path: &str) -> bool {
        let name = match self.scope {
            Scope::Path => path,
            Scope::BaseName => path.trim_end_matches('/').rsplit('/').next().unwrap_or(path),
        };
        glob::matches(&self.pattern, name).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::{IgnoreError, Rules};

    #[test]
    fn rules_are_helms() {
        let ignored = |rules: &str, path: &str, folder| {
            Rules::parse(rules.as_bytes()).is_ok_and(|rules| rules.ignores(path, folder))
        };
        for (rules, path, folder, want) in [
            ("helm.txt", "helm.txt", false, true),
            ("helm.*", "a/helm.txt", false, true),
            ("/helm.*", "a/helm.txt", false, false),
            ("cargo/", "cargo", true, true),
            ("cargo/", "cargo", false, false),
            ("cargo/*.txt", "mast/cargo/a.txt", false, false),
            ("!helm.txt", "helm.txt", false, false),
            ("!helm.txt", "tiller.txt", false, true),
            ("!cargo/", "mast", false, true),
            ("# x\n\n  *.md  ", "README.md", false, true),
            ("", "templates/.keep", false, true),
            ("", ".keep", false, false),
        ] {
            assert_eq!(ignored(rules, path, folder), want, "{rules} {path}");
        }
        assert_eq!(Rules::parse(b"a/**/b").err(), Some(IgnoreError::DoubleStar));
    }
}
