//! Cutting an index in the usual block layout into texts that each parse alone.
//!
//! A piece is the text from one chart's key to the next. That this gives what the whole text gives rests on YAML's block
//! rules: text that is more indented than the key belongs to it, and a piece that ends inside of a quoted text, a flow
//! collection or the like does not parse alone. Whatever is doubtful makes [`Pieces::of`] or a piece `None`, and the index
//! is then read as a whole: anchors of other pieces (they do not parse), keys that need more than letters to write,
//! several documents, directives, tabs.

/// An index in pieces.
pub(super) struct Pieces<'t> {
    /// The lines before `entries:`.
    pub before: &'t str,
    /// The lines from the next key of the index on.
    pub after: &'t str,
    body: &'t str,
    /// How far charts are indented.
    indent: usize,
}

/// What a line is, seen from the top of the index.
enum Line {
    /// Of what is deeper, or of nothing.
    Inside,
    /// A key of the index.
    Top,
    /// A chart's key.
    Chart,
    Doubtful,
}

impl<'t> Pieces<'t> {
    /// Cuts the text; `None` when it is not in the usual layout.
    pub(super) fn of(text: &'t str) -> Option<Pieces<'t>> {
        // Only the first document of a text is read, so what less indented lines would end must not be hidden in one line.
        let breaks = ['\u{85}', '\u{2028}', '\u{2029}'];
        let bytes = text.as_bytes();
        let is_lone = |at: usize| bytes.get(at + 1) != Some(&b'\n');
        if memchr::memchr_iter(b'\r', bytes).any(is_lone) || (!text.is_ascii() && text.contains(breaks)) {
            return None;
        }
        let (before, rest) = split_at_entries(text)?;
        let indent = rest.lines().map(|line| line.trim_end_matches('\r')).find_map(|line| {
            let content = line.trim_start_matches(' ');
            (!content.is_empty() && !content.starts_with('#')).then_some(line.len() - content.len())
        })?;
        if indent == 0 {
            return None;
        }
        let mut at = 0;
        for line in lines(rest) {
            match kind(line, indent) {
                Line::Inside | Line::Chart => at += line.len(),
                Line::Top => break,
                Line::Doubtful => return None,
            }
        }
        let (body, after) = rest.split_at(at);
        let plain = |line: &str| !(line.starts_with("---") || line.starts_with("...") || line.starts_with('%'));
        after.lines().all(plain).then_some(Pieces { before, after, body, indent })
    }

    /// The charts' texts, in order. `None` for text that belongs to no chart.
    pub(super) fn charts(&self) -> impl Iterator<Item = Option<&'t str>> {
        let (mut rest, indent) = (self.body, self.indent);
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let mut at = 0;
            let mut keys = 0;
            for line in lines(rest) {
                if matches!(kind(line, indent), Line::Chart) {
                    keys += 1;
                }
                if keys == 2 {
                    break;
                }
                at += line.len();
            }
            let (piece, others) = rest.split_at(at);
            rest = others;
            // Comments before the first chart go with it.
            Some((keys > 0).then_some(piece))
        })
    }
}

/// What stands before and after the line `entries:`.
fn split_at_entries(text: &str) -> Option<(&str, &str)> {
    let (mut at, mut before_content) = (0, true);
    for (number, line) in lines(text).enumerate() {
        let content = line.trim_end();
        let next = at + line.len();
        if content == "entries:" {
            return Some((text.get(..at)?, text.get(next..)?));
        }
        let doubtful = content.starts_with(['%', '\u{feff}']) || content.starts_with("...");
        let marker = content.starts_with("---") && !(number == 0 && content == "---");
        let is_first_content = before_content && !content.is_empty() && !content.starts_with(['#', '-']);
        // An indented first line would make the rest another document.
        if doubtful || marker || line.starts_with("entries") || (is_first_content && line.starts_with(' ')) {
            return None;
        }
        before_content &= !is_first_content;
        at = next;
    }
    None
}

/// The lines with their ends.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1).chain([text.len()]);
    ends.filter_map(move |end| {
        let line = text.get(start..end)?;
        start = end;
        (!line.is_empty()).then_some(line)
    })
}

fn kind(line: &str, indent: usize) -> Line {
    let bytes = line.as_bytes();
    let spaces = bytes.iter().take_while(|b| **b == b' ').count();
    match bytes.get(spaces) {
        None | Some(b'\n' | b'#') => Line::Inside,
        Some(b'\r') if line.trim().is_empty() => Line::Inside,
        _ if spaces > indent => Line::Inside,
        Some(b'-') if spaces == indent => Line::Inside,
        Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'"' | b'\'' | b'_') => match spaces {
            0 => Line::Top,
            n if n == indent => Line::Chart,
            _ => Line::Doubtful,
        },
        _ => Line::Doubtful,
    }
}
