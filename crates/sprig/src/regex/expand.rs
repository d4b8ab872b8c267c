//! Replacement texts: `$1`, `$name`, `${name}`, `$$`.

use gotmpl::strconv::utf8::decode_rune;

/// A part of a replacement.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Text(&'t [u8]),
    /// The text of the first of these groups that took part in the match.
    Groups(Vec<usize>),
}

/// The parts of `template`, for groups of these names (the whole match at 0).
pub(super) fn pieces<'t>(template: &'t [u8], names: &[Option<Vec<u8>>]) -> Vec<Piece<'t>> {
    let mut out = Vec::new();
    let mut rest = template;
    while let Some(dollar) = rest.iter().position(|c| *c == b'$') {
        let (before, after) = rest.split_at_checked(dollar).unwrap_or((rest, b""));
        out.push(Piece::Text(before));
        let after = after.get(1..).unwrap_or_default();
        if let Some(after) = after.strip_prefix(b"$") {
            out.push(Piece::Text(b"$"));
            rest = after;
        } else if let Some((name, after)) = reference(after) {
            out.push(Piece::Groups(groups(name, names)));
            rest = after;
        } else {
            out.push(Piece::Text(b"$"));
            rest = after;
        }
    }
    out.push(Piece::Text(rest));
    out
}

/// The name after a `$`, as long as possible, and what follows it.
fn reference(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (brace, body) = text.strip_prefix(b"{").map_or((false, text), |body| (true, body));
    let mut end = 0;
    loop {
        let (rune, width) = decode_rune(body.get(end..).unwrap_or_default());
        let belongs = gotmpl::parse::is_alphanumeric(rune);
        if width == 0 || !belongs {
            break;
        }
        end += width;
    }
    let (name, rest) = body.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
    let rest = if brace { rest.strip_prefix(b"}")? } else { rest };
    Some((name, rest))
}

fn groups(name: &[u8], names: &[Option<Vec<u8>>]) -> Vec<usize> {
    let is_number = name.iter().all(u8::is_ascii_digit) && (name.len() == 1 || name.first() != Some(&b'0'));
    if is_number {
        let number = std::str::from_utf8(name).ok().and_then(|n| n.parse::<usize>().ok());
        return number.filter(|n| *n < names.len()).into_iter().collect();
    }
    names.iter().enumerate().filter(|(_, n)| n.as_deref() == Some(name)).map(|(i, _)| i).collect()
}
