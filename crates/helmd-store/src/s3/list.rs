//! S3's answers, as far as they are read: lists of objects, and the code of an error. XML of one known form; what is not in it is
//! not there.

use crate::backend::Object;
use jiff::Timestamp;

/// One page of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) objects: Vec<Object>,
    /// Where the next page begins.
    pub(super) next: Option<String>,
}

impl Page {
    pub(super) fn read(xml: &str) -> Result<Page, String> {
        let whole = element(xml, "ListBucketResult").ok_or("the list of objects is none")?;
        let mut page = Page::default();
        let mut rest = whole;
        while let Some(contents) = element(rest, "Contents") {
            let field = |name: &str| element(contents, name).map(text);
            let name = field("Key").ok_or("an object of the list has no key")?;
            let stamp = stamp(&field("ETag").unwrap_or_default(), &field("Size").unwrap_or_default());
            let modified = field("LastModified").and_then(|time| time.parse::<Timestamp>().ok());
            let modified = modified.map(|t| (t.as_second(), u32::try_from(t.subsec_nanosecond()).unwrap_or_default()));
            page.objects.push(Object { name, stamp, modified });
            rest = rest.split_once("</Contents>").map_or("", |(_, rest)| rest);
        }
        if element(whole, "IsTruncated") == Some("true") {
            let next = element(whole, "NextContinuationToken").map(text).filter(|token| !token.is_empty());
            page.next = Some(next.ok_or("the list of objects goes on, but does not say where")?);
        }
        Ok(page)
    }
}

/// What changes with an object's content.
pub(super) fn stamp(etag: &str, size: &str) -> String {
    format!("{etag}-{size}")
}

/// The code of an error: one word.
pub(super) fn error_code(xml: &str) -> Option<String> {
    let code = element(element(xml, "Error")?, "Code")?;
    (code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric())).then(|| code.to_owned())
}

/// What stands in the first element of this name.
fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let mut rest = xml;
    loop {
        let (_, after) = rest.split_once(&format!("<{name}"))?;
        // The name of a longer one begins alike.
        if after.starts_with([' ', '>', '\n', '\t']) {
            let (attributes, inner) = after.split_once('>')?;
            if attributes.ends_with('/') {
                return Some("");
            }
            return Some(inner.split_once(&format!("</{name}>"))?.0);
        }
        rest = after;
    }
}

/// A text without XML's marks.
fn text(xml: &str) -> String {
    let mut plain = String::with_capacity(xml.len());
    let mut rest = xml;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let Some((mark, after)) = after.split_once(';') else {
            plain.push('&');
            rest = after;
            continue;
        };
        let letter = match mark {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            mark => mark.strip_prefix('#').and_then(|number| {
                let code = match number.strip_prefix('x') {
                    Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)
            }),
        };
        plain.extend(letter);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read() {
        let xml = "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>\
            <IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b=</NextContinuationToken>\
            <Contents><Key>c/a&#38;b-1.0.0.tgz</Key><LastModified>2024-01-02T03:04:05.500Z</LastModified>\
            <ETag>&quot;e1&quot;</ETag><Size>9</Size></Contents><Contents><Key>c/z.tgz</Key><ETag/></Contents>\
            <CommonPrefixes><Prefix>c/d/</Prefix></CommonPrefixes></ListBucketResult>";
        let page = Page::read(xml).unwrap();
        let first = Object {
            name: "c/a&b-1.0.0.tgz".to_owned(),
            stamp: "\"e1\"-9".to_owned(),
            modified: Some((1_704_164_645, 500_000_000)),
        };
        assert_eq!(page.objects[0], first);
        assert_eq!((page.objects.len(), page.objects[1].name.as_str()), (2, "c/z.tgz"));
        assert_eq!(page.next.as_deref(), Some("a&b="));
        let empty = Page::read("<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>").unwrap();
        assert_eq!(empty, Page::default());
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        for bad in [
            "",
            "<html>",
            "<ListBucketResult>",
            "<ListBucketResult><Contents></Contents></ListBucketResult>",
            "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        ] {
            assert!(Page::read(bad).is_err(), "{bad}");
        }
        assert_eq!(error_code("<Error><Code>NoSuchBucket</Code></Error>").as_deref(), Some("NoSuchBucket"));
        assert_eq!(error_code("<Error><Code>a b</Code></Error>"), None);
        assert_eq!(text("a&b;c&"), "ac&");
    }
}
