//! The patterns of `.Files.Glob`: `*` and `?` stay within one path element, `**` crosses them, `[…]` and `{a,b}` as usual.

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
/// Matching gives up (no match) after this many steps, so that a pattern of many stars cannot hang a render.
const MAX_STEPS: usize = 1_000_000;

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
    pub(crate) fn matches(&self, name: &str) -> bool {
        let chars: Vec<char> = name.chars().collect();
        let mut steps = 0;
        let refs: Vec<&Token> = self.0.iter().collect();
        run(&refs, &chars, &mut steps)
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

fn run(tokens: &[&Token], text: &[char], steps: &mut usize) -> bool {
    *steps += 1;
    if *steps > MAX_STEPS {
        return false;
    }
    let Some((first, rest)) = tokens.split_first() else { return text.is_empty() };
    match first {
        Token::Char(c) => text.first() == Some(c) && run(rest, &text[1..], steps),
        Token::One => text.first().is_some_and(|c| *c != '/') && run(rest, &text[1..], steps),
        Token::Class { negated, ranges } => {
            text.first().is_some_and(|c| ranges.iter().any(|(a, b)| a <= c && c <= b) != *negated)
                && run(rest, &text[1..], steps)
        }
        Token::Some | Token::Any => {
            let mut n = 0;
            loop {
                if run(rest, &text[n..], steps) {
                    return true;
                }
                match text.get(n) {
                    Some('/') if **first == Token::Some => return false,
                    Some(_) => n += 1,
                    None => return false,
                }
            }
        }
        Token::Alternatives(options) => options.iter().any(|option| {
            let joined: Vec<&Token> = option.iter().chain(rest.iter().copied()).collect();
            run(&joined, text, steps)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    fn matches(pattern: &str, name: &str) -> bool {
        Glob::new(pattern).is_some_and(|g| g.matches(name))
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
        let pattern = "*a".repeat(40);
        assert!(!matches(&pattern, &"a".repeat(60).replace('a', "aab")));
    }
}
