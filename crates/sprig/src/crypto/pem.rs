//! PEM blocks as Go's `encoding/pem` writes and finds them.

use super::cipher::decode_base64;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A block: its label and its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub label: String,
    pub bytes: Vec<u8>,
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The text of a block, 64 characters a line.
pub(super) fn encode(label: &str, bytes: &[u8]) -> String {
    let body = STANDARD.encode(bytes);
    let mut out = format!("{BEGIN}{label}{DASHES}\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(64).unwrap_or((rest, ""));
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out.push_str(&format!("{END}{label}{DASHES}\n"));
    out
}

/// The first block of a text that reads; what stands before it and blocks that do not read are passed over.
pub(super) fn decode(text: &[u8]) -> Option<Block> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let label = line.strip_prefix(BEGIN).and_then(|l| l.trim_end().strip_suffix(DASHES));
        if let Some(block) = label.and_then(|label| body(label, lines.clone())) {
            return Some(block);
        }
    }
    None
}

fn body<'t>(label: &str, lines: impl Iterator<Item = &'t str>) -> Option<Block> {
    let end = format!("{END}{label}{DASHES}");
    let mut encoded = String::new();
    for line in lines {
        if line.trim_end() == end {
            let bytes = decode_base64(encoded.as_bytes()).ok()?;
            return Some(Block { label: label.to_owned(), bytes });
        }
        // Headers stand before the body.
        if !(encoded.is_empty() && line.contains(':')) {
            encoded.extend(line.chars().filter(|c| !matches!(c, ' ' | '\t')));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let text = encode("X KEY", &[7; 50]);
        assert_eq!(text.lines().count(), 4);
        let found = decode(format!("noise\n{text}more").as_bytes());
        assert_eq!(found, Some(Block { label: "X KEY".to_owned(), bytes: vec![7; 50] }));
        assert_eq!(decode(b"-----BEGIN X-----\n!\n-----END X-----\n"), None);
    }
}
