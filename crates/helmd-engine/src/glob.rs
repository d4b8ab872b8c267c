//! The patterns of `.Files.Glob`: `*` and `?` stay within one path element, `**` crosses them, `[…]` and `{a,b}` as usual.

use gotmpl::FuncError;
use gotmpl::exec::Comparing;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Glob(Vec<Token>);

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Char(char),
    /// `?`
    One,
    /// `*`
    Some,
    /// `**`
    Any,
    /// `[abc]`, `[a-z]`, negated with `!`
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    /// `{a,b}`
    Alternatives(Vec<Vec<Token>>),
}

/// Alternatives may nest this deep.
const MAX_DEPTH: usize = 16;
/// Stars and alternatives that one match may go through; each costs stack.
const MAX_BRANCHES: usize = 1000;

impl Glob {
    /// Compiles `pattern`; `None` when it is malformed (Helm then takes `**`).
    pub(crate) fn new(pattern: &str) -> Option<Glob> {
        let chars: Vec<char> = pattern.chars().collect();
        let mut at = 0;
        let tokens = parse(&chars, &mut at, 0)?;
        (at == chars.len()).then_some(Glob(tokens))
    }

    /// The pattern that matches everything.
    pub(crate) fn all() -> Glob {
        Glob(vec![Token::Any])
    }

    /// Whether the whole of `name` matches.
    ///
    /// # Errors
    /// The pattern has too many stars, or the comparisons of the call ran out.
    pub(crate) fn matches(&self, name: &str, comparing: &mut Comparing<'_>) -> Result<bool, FuncError> {
        let chars: Vec<char> = name.chars().collect();
        let refs: Vec<&Token> = self.0.iter().collect();
        run(&refs, &chars, 0, comparing)
    }
}

fn parse(chars: &[char], at: &mut usize, depth: usize) -> Option<Vec<Token>> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut tokens = Vec::new();
    while let Some(&c) = chars.get(*at) {
        match c {
            ',' | '}' if depth > 0 => return Some(tokens),
            '*' => {
                *at += 1;
                if chars.get(*at) == Some(&'*') {
                    while chars.get(*at) == Some(&'*') {
                        *at += 1;
                    }
                    tokens.push(Token::Any);
                } else {
                    tokens.push(Token::Some);
                }
            }
            '?' => {
                *at += 1;
                tokens.push(Token::One);
            }
            '[' => tokens.push(class(chars, at)?),
            '{' => {
                let mut options = Vec::new();
                loop {
                    *at += 1;
                    options.push(parse(chars, at, depth + 1)?);
                    match chars.get(*at)? {
                        ',' => {}
                        '}' => break,
                        _ => return None,
                    }
                }
                *at += 1;
                tokens.push(Token::Alternatives(options));
            }
            '\\' => {
                tokens.push(Token::Char(*chars.get(*at + 1)?));
                *at += 2;
            }
            _ => {
                *at += 1;
                tokens.push(Token::Char(c));
            }
        }
    }
    (depth == 0).then_some(tokens)
}

fn class(chars: &[char], at: &mut usize) -> Option<Token> {
    *at += 1;
    let negated = chars.get(*at) == Some(&'!');
    if negated {
        *at += 1;
    }
    let mut ranges = Vec::new();
    loop {
        let c = *chars.get(*at)?;
        if c == ']' && !ranges.is_empty() {
            *at += 1;
            return Some(Token::Class { negated, ranges });
        }
        if c == ']' {
            return None;
        }
        if chars.get(*at + 1) == Some(&'-') && chars.get(*at + 2).is_some_and(|e| *e != ']') {
            let end = *chars.get(*at + 2)?;
            if end < c {
                return None;
            }
            ranges.push((c, end));
            *at += 3;
        } else {
            ranges.push((c, c));
            *at += 1;
        }
    }
}

fn run(
    mut tokens: &[&Token],
    mut text: &[char],
    branches: usize,
    comparing: &mut Comparing<'_>,
) -> Result<bool, FuncError> {
    if branches > MAX_BRANCHES {
        return Err(FuncError::text(format!("glob pattern with more than {MAX_BRANCHES} stars and alternatives")));
    }
    while let Some((first, rest)) = tokens.split_first() {
        comparing.one()?;
        let fits = match (first, text.first()) {
            (Token::Some | Token::Any, _) => return star(**first == Token::Some, rest, text, (branches, comparing)),
            (Token::Alternatives(options), _) => {
                for option in options {
                    comparing.add(option.len() + rest.len())?;
                    let joined: Vec<&Token> = option.iter().chain(rest.iter().copied()).collect();
                    if run(&joined, text, branches + 1, comparing)? {
                        return Ok(true);
                    }
                }
                return Ok(false);
            }
            (_, None) => false,
            (Token::Char(wanted), Some(c)) => wanted == c,
            (Token::One, Some(c)) => *c != '/',
            (Token::Class { negated, ranges }, Some(c)) => ranges.iter().any(|(a, b)| a <= c && c <= b) != *negated,
        };
        if !fits {
            return Ok(false);
        }
        (tokens, text) = (rest, text.get(1..).unwrap_or_default());
    }
    Ok(text.is_empty())
}

/// Lets a star take more and more; one that `stays` takes no slash.
fn star(
    stays: bool,
    rest: &[&Token],
    text: &[char],
    (branches, comparing): (usize, &mut Comparing<'_>),
) -> Result<bool, FuncError> {
    for taken in 0..=text.len() {
        if run(rest, text.get(taken..).unwrap_or_default(), branches + 1, comparing)? {
            return Ok(true);
        }
        if stays && text.get(taken) == Some(&'/') {
            return Ok(false);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::Glob;
    use gotmpl::exec::Limits;

    fn matches(pattern: &str, name: &str) -> bool {
        Glob::new(pattern).is_some_and(|g| g.matches(name, &mut Limits::default().comparing()).unwrap())
    }

    #[test]
    fn stars_stay_within_an_element_and_double_stars_cross() {
        assert!(matches("config/*.yaml", "config/a.yaml"));
        assert!(!matches("config/*.yaml", "config/b/a.yaml"));
        assert!(matches("config/**.yaml", "config/b/a.yaml"));
        assert!(matches("**", "a/b/c"));
        assert!(matches("**/c", "a/b/c"));
        assert!(!matches("*", "a/b"));
        assert!(matches("a?c", "abc"));
        assert!(!matches("a?c", "a/c"));
    }

    #[test]
    fn classes_and_alternatives() {
        assert!(matches("{a,b}/*.{json,y*ml}", "b/x.yaml"));
        assert!(!matches("{a,b}/*.json", "c/x.json"));
        assert!(matches("[a-c]x", "bx"));
        assert!(!matches("[!a-c]x", "bx"));
        assert!(Glob::new("{a").is_none());
        assert!(Glob::new("[a").is_none());
        assert!(Glob::new("a\\").is_none());
    }

    #[test]
    fn many_stars_end_without_hanging() {
        let error = |pattern: &str, name: &str| {
            let limits = Limits { comparisons: 100_000, ..Limits::default() };
            Glob::new(pattern).unwrap().matches(name, &mut limits.comparing()).unwrap_err().to_string()
        };
        let name = "a".repeat(60) + "b";
        assert!(error(&"*a".repeat(40), &name).starts_with("budget comparisons exceeded"));
        assert!(error(&"*a".repeat(2000), &"a".repeat(5000)).contains("more than 1000 stars"));
        assert!(matches(&"a".repeat(100_000), &"a".repeat(100_000)));
    }
}
