//! Go's `filepath.Match`.

/// The pattern has no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub struct BadPattern;

/// Whether all of `name` matches the pattern: `*` and `?` stand for anything but `/`, `[a-z]` and `[^a-z]` for one
/// character of a class, `\` takes the next character as it is.
///
/// # Errors
/// The pattern is malformed; as in Go, a malformed part behind a mismatch may stay unseen only where the rest of the
/// pattern is not looked at.
pub fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let (mut pattern, mut name) = (pattern, name);
    while !pattern.is_empty() {
        let (star, chunk, rest) = scan_chunk(pattern);
        pattern = rest;
        if star && chunk.is_empty() {
            return Ok(!name.contains('/'));
        }
        let end = |tail: &str| tail.is_empty() || !pattern.is_empty();
        match match_chunk(chunk, name)? {
            Some(tail) if end(tail) => {
                name = tail;
                continue;
            }
            _ => {}
        }
        let shifted = if star { skip_and_match(chunk, name, pattern.is_empty())? } else { None };
        let Some(tail) = shifted else {
            // The rest must still be well formed.
            while !pattern.is_empty() {
                let (_, chunk, rest) = scan_chunk(pattern);
                pattern = rest;
                match_chunk(chunk, "")?;
            }
            return Ok(false);
        };
        name = tail;
    }
    Ok(name.is_empty())
}

/// Lets a star swallow one character after another until the chunk fits; the last chunk must take the whole rest.
fn skip_and_match<'n>(chunk: &str, name: &'n str, last: bool) -> Result<Option<&'n str>, BadPattern> {
    for (i, c) in name.char_indices() {
        if c == '/' {
            break;
        }
        if let Some(tail) = match_chunk(chunk, &name[i + c.len_utf8()..])?
            && (tail.is_empty() || !last)
        {
            return Ok(Some(tail));
        }
    }
    Ok(None)
}

/// Whether a star leads, the text up to the next star outside of a class, and what follows.
fn scan_chunk(pattern: &str) -> (bool, &str, &str) {
    let body = pattern.trim_start_matches('*');
    let (mut in_class, mut escaped) = (false, false);
    for (i, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '*' if !in_class => return (body.len() < pattern.len(), &body[..i], &body[i..]),
            _ => {}
        }
    }
    (body.len() < pattern.len(), body, "")
}

/// What is left of `name` behind a match of the chunk. After a mismatch the chunk is still checked to its end.
fn match_chunk<'n>(chunk: &str, name: &'n str) -> Result<Option<&'n str>, BadPattern> {
    let mut pattern = chunk.chars();
    let mut rest = name;
    let mut failed = false;
    while let Some(p) = pattern.next() {
        failed |= rest.is_empty();
        let c = rest.chars().next().filter(|_| !failed);
        let ok = match p {
            '[' => class(&mut pattern, c)?,
            '?' => c.is_some_and(|c| c != '/'),
            '\\' => {
                let literal = pattern.next().ok_or(BadPattern)?;
                c == Some(literal)
            }
            literal => c == Some(literal),
        };
        failed |= !ok;
        if let Some(c) = c.filter(|_| !failed) {
            rest = &rest[c.len_utf8()..];
        }
    }
    Ok((!failed).then_some(rest))
}

/// Reads a class behind its `[` and tells whether `c` is in it.
fn class(pattern: &mut std::str::Chars<'_>, c: Option<char>) -> Result<bool, BadPattern> {
    let negated = pattern.as_str().starts_with('^');
    if negated {
        pattern.next();
    }
    let mut found = false;
    let mut ranges = 0;
    loop {
        if pattern.as_str().starts_with(']') && ranges > 0 {
            pattern.next();
            return Ok(found != negated);
        }
        let low = class_char(pattern)?;
        let mut high = low;
        if pattern.as_str().starts_with('-') {
            pattern.next();
            high = class_char(pattern)?;
        }
        found |= c.is_some_and(|c| (low..=high).contains(&c));
        ranges += 1;
    }
}

/// One end of a range; there must be something behind it.
fn class_char(pattern: &mut std::str::Chars<'_>) -> Result<char, BadPattern> {
    let c = match pattern.next() {
        None | Some('-' | ']') => return Err(BadPattern),
        Some('\\') => pattern.next().ok_or(BadPattern)?,
        Some(c) => c,
    };
    if pattern.as_str().is_empty() { Err(BadPattern) } else { Ok(c) }
}

#[cfg(test)]
mod tests {
    use super::{BadPattern, matches};

    #[test]
    fn gos_own_table() {
        let good = [
            ("abc", "abc", true),
            ("*", "abc", true),
            ("*c", "abc", true),
            ("a*", "a", true),
            ("a*", "abc", true),
            ("a*", "ab/c", false),
            ("a*/b", "abc/b", true),
            ("a*/b", "a/c/b", false),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", true),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/fff", false),
            ("a*b?c*x", "abxbbxdbxebxczzx", true),
            ("a*b?c*x", "abxbbxdbxebxczzy", false),
            ("ab[c]", "abc", true),
            ("ab[b-d]", "abc", true),
            ("ab[e-g]", "abc", false),
            ("ab[^c]", "abc", false),
            ("ab[^b-d]", "abc", false),
            ("ab[^e-g]", "abc", true),
            ("a\\*b", "a*b", true),
            ("a\\*b", "ab", false),
            ("a?b", "a☺b", true),
            ("a[^a]b", "a☺b", true),
            ("a???b", "a☺b", false),
            ("[a-ζ]*", "α", true),
            ("*[a-ζ]", "A", false),
            ("a?b", "a/b", false),
            ("a*b", "a/b", false),
            ("[\\]a]", "]", true),
            ("[\\-]", "-", true),
            ("[x\\-]", "x", true),
            ("[x\\-]", "z", false),
            ("*x", "xxx", true),
            ("templates/.?*", "templates/.x", true),
            ("templates/.?*", "templates/x", false),
        ];
        for (pattern, name, want) in good {
            assert_eq!(matches(pattern, name), Ok(want), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("[]a]", "]"),
            ("[-]", "-"),
            ("[x-]", "x"),
            ("[-x]", "x"),
            ("\\", "a"),
            ("[a-b-c]", "a"),
            ("[", "a"),
            ("[^", "a"),
            ("[^bc", "a"),
            ("a[", "a"),
            ("a[", "ab"),
            ("a[", "x"),
            ("a/b[", "x"),
        ] {
            assert_eq!(matches(pattern, name), Err(BadPattern), "{pattern} {name}");
        }
    }
}
