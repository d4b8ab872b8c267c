//! The objects of a text as Kubernetes' `YAMLOrJSONDecoder` gives them: JSON values one after the other, or YAML documents
//! between lines of `---`.

use crate::object::{Object, object};
use gotmpl::json::{Stream, StreamError};
use helmd_chart::{HelmMajor, error_text};
use helmd_yaml::Numbers;

/// How far the decoder looks for the brace that makes a text JSON, and the size of Go's read buffers.
const BUFFER_BYTES: usize = 4096;

/// Gives object after object, `None` for a null; ends after the first error, which is in Go's words.
pub(crate) struct Documents<'a> {
    text: &'a [u8],
    helm: HelmMajor,
    mode: Mode<'a>,
}

enum Mode<'a> {
    Json { stream: Stream<'a>, values: usize },
    Yaml(helmd_yaml::Documents<'a>),
    Done,
}

impl<'a> Documents<'a> {
    pub(crate) fn new(text: &'a [u8], helm: HelmMajor) -> Documents<'a> {
        let start = text.get(..BUFFER_BYTES).unwrap_or(text);
        let mode = if after_space(start).starts_with(b"{") {
            Mode::Json { stream: Stream::new(text), values: 0 }
        } else {
            Mode::Yaml(helmd_yaml::Documents::losing(text, is_lost))
        };
        Documents { text, helm, mode }
    }

    /// The next value as JSON. After the first fault of an undecided text the rest is read as YAML, but the fault is kept
    /// for when that fails, too.
    fn json(&mut self) -> Option<Result<Option<Object>, String>> {
        let Mode::Json { stream, values } = &mut self.mode else { return None };
        let consumed = stream.consumed();
        let fault = match stream.next_value()? {
            Ok(node) => match object(&node, self.helm) {
                Ok(object) => {
                    *values += 1;
                    return Some(Ok(object));
                }
                Err(text) => text,
            },
            Err(StreamError::Syntax { offset, error }) if *values <= 1 => format!("json: offset {offset}: {error}"),
            Err(error) => error.to_string(),
        };
        // HELM: two values make a text JSON for good.
        let rest = if *values > 1 { None } else { self.text.get(consumed..).and_then(after_first_line_break) };
        let Some(rest) = rest else { return Some(Err(fault)) };
        self.mode = Mode::Yaml(helmd_yaml::Documents::losing(rest, is_lost));
        Some(self.yaml()?.map_err(|_| fault))
    }

    fn yaml(&mut self) -> Option<Result<Option<Object>, String>> {
        let Mode::Yaml(documents) = &mut self.mode else { return None };
        let document = match documents.next()? {
            Ok(document) => document,
            Err(error) => return Some(Err(error.to_string())),
        };
        Some(match helmd_yaml::parse(&document, Numbers::Yaml) {
            Ok(json) => {
                object(&json, self.helm).map_err(|text| format!("error unmarshaling JSON: while decoding JSON: {text}"))
            }
            Err(e) => Err(error_text(&e)),
        })
    }
}

impl Iterator for Documents<'_> {
    type Item = Result<Option<Object>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = match self.mode {
            Mode::Json { .. } => self.json(),
            Mode::Yaml(_) => self.yaml(),
            Mode::Done => None,
        };
        if !matches!(next, Some(Ok(_))) {
            self.mode = Mode::Done;
        }
        next
    }
}

/// The text without white space in front.
fn after_space(mut text: &[u8]) -> &[u8] {
    while let Some((c, width)) = first_char(text) {
        if !c.is_whitespace() {
            break;
        }
        text = text.get(width..).unwrap_or_default();
    }
    text
}

/// The character that a text begins with, and how many bytes it takes; `None` when those are not UTF-8.
fn first_char(text: &[u8]) -> Option<(char, usize)> {
    let start = text.get(..4).unwrap_or(text);
    let valid = start.utf8_chunks().next()?.valid();
    let c = valid.chars().next()?;
    Some((c, c.len_utf8()))
}

/// The text without white space in front up to the first line break. HELM: `None` when fewer than four bytes are left to
/// look at, or a character is not UTF-8.
fn after_first_line_break(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        if text.len() < 4 {
            return None;
        }
        let (c, width) = first_char(text).filter(|(c, _)| *c != char::REPLACEMENT_CHARACTER)?;
        if !c.is_whitespace() {
            return Some(text);
        }
        text = text.get(width..)?;
        if c == '\n' {
            return Some(text);
        }
    }
}

/// HELM: `LineReader` loses a last line without a line break that ends where its buffer does.
fn is_lost(line: &[u8]) -> bool {
    if line.len() < BUFFER_BYTES || line.ends_with(b"\n") {
        return false;
    }
    let mut rest = line;
    while let Some((chunk, after)) = rest.split_at_checked(BUFFER_BYTES) {
        // A carriage return at the end goes back to the buffer, as a line feed may follow.
        rest = if chunk.ends_with(b"\r") { rest.get(BUFFER_BYTES - 1..).unwrap_or_default() } else { after };
    }
    rest.is_empty()
}
