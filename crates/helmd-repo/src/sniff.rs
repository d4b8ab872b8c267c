//! What a file's first bytes look like: Go's `http.DetectContentType`, for one message. A table.

/// How many bytes are looked at.
const LENGTH: usize = 512;

/// First bytes that tell the type.
const SIGNATURES: &[(&[u8], &str)] = &[
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"\xfe\xff", "text/plain; charset=utf-16be"),
    (b"\xff\xfe", "text/plain; charset=utf-16le"),
    (b"\xef\xbb\xbf", "text/plain; charset=utf-8"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"\x00\x00\x02\x00", "image/x-icon"),
    (b"BM", "image/bmp"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"ID3", "audio/mpeg"),
    (b"OggS\x00", "application/ogg"),
    (b"MThd\x00\x00\x00\x06", "audio/midi"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"\x00\x01\x00\x00", "font/ttf"),
    (b"OTTO", "font/otf"),
    (b"ttcf", "font/collection"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"\x1f\x8b\x08", "application/x-gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"Rar!\x1a\x07\x00", "application/x-rar-compressed"),
    (b"Rar!\x1a\x07\x01\x00", "application/x-rar-compressed"),
    (b"\x00asm", "application/wasm"),
];

/// Tags that begin an HTML text, in any case of letters, before a blank or `>`.
const HTML: &[&[u8]] = &[
    b"<!DOCTYPE HTML",
    b"<HTML",
    b"<HEAD",
    b"<SCRIPT",
    b"<IFRAME",
    b"<H1",
    b"<DIV",
    b"<FONT",
    b"<TABLE",
    b"<A",
    b"<STYLE",
    b"<TITLE",
    b"<B",
    b"<BODY",
    b"<BR",
    b"<P",
    b"<!--",
];

/// The MIME type.
///
/// HELM: the bytes are taken from a buffer that is filled up with zeros, so that short texts count as binary.
pub(crate) fn content_type(bytes: &[u8]) -> &'static str {
    let mut data = bytes.get(..LENGTH).unwrap_or(bytes).to_vec();
    data.resize(LENGTH, 0);
    let start = data.iter().position(|c| !matches!(c, b'\t' | b'\n' | 0x0c | b'\r' | b' ')).unwrap_or(LENGTH);
    let text = data.get(start..).unwrap_or_default();
    let is_html = HTML.iter().any(|tag| {
        text.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag))
            && matches!(text.get(tag.len()), Some(b' ' | b'>'))
    });
    if is_html {
        return "text/html; charset=utf-8";
    }
    if text.starts_with(b"<?xml") {
        return "text/xml; charset=utf-8";
    }
    if let Some((_, name)) = SIGNATURES.iter().find(|(signature, _)| data.starts_with(signature)) {
        return name;
    }
    let binary = |c: &u8| matches!(c, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    if text.iter().any(binary) { "application/octet-stream" } else { "text/plain; charset=utf-8" }
}

#[cfg(test)]
mod tests {
    use super::content_type;

    #[test]
    fn types_are_gos() {
        assert_eq!(content_type(b"short text"), "application/octet-stream");
        assert_eq!(content_type(&[b'x'; 600]), "text/plain; charset=utf-8");
        assert_eq!(content_type(b" <html>"), "text/html; charset=utf-8");
        assert_eq!(content_type(b""), "application/octet-stream");
    }
}
