//! Quoted texts as Go's `time` package writes them: bytes in hexadecimal for all but printable ASCII.

/// The quoted text.
pub(super) fn quote(text: impl AsRef<[u8]>) -> String {
    let text = text.as_ref();
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text {
        match c {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(*c));
            }
            b' '..=0x7f => out.push(char::from(*c)),
            _ => out.push_str(&format!("\\x{c:02x}")),
        }
    }
    out.push('"');
    out
}
