//! Amazon's Signature Version 4 in headers.

use crate::view::sha256;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Who we are to a bucket's server. Not shown by `Debug`.
#[derive(Clone, Default)]
pub struct Keys {
    /// The access key's id.
    pub id: String,
    /// The secret access key.
    pub secret: String,
    /// The token of keys that end; may be empty.
    pub token: String,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(***)")
    }
}

/// A request as it is signed.
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    /// Encoded.
    pub(super) path: &'a str,
    /// Encoded, in order.
    pub(super) query: &'a str,
    /// Names in lower case.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: &'a [u8],
}

impl Keys {
    /// Adds the headers that are signed, and gives the value of `Authorization`.
    pub(super) fn sign(&self, asked: &mut Asked<'_>, region: &str, now: Timestamp) -> String {
        let moment = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = moment.get(..8).unwrap_or_default();
        let content = sha256(asked.body);
        asked.headers.push(("x-amz-content-sha256", content.clone()));
        asked.headers.push(("x-amz-date", moment.clone()));
        if !self.token.is_empty() {
            asked.headers.push(("x-amz-security-token", self.token.clone()));
        }
        asked.headers.sort();
        let names: Vec<&str> = asked.headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let headers: String = asked.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let Asked { method, path, query, .. } = asked;
        let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{content}");
        let scope = format!("{day}/{region}/s3/aws4_request");
        let text = format!("{ALGORITHM}\n{moment}\n{scope}\n{}", sha256(canonical.as_bytes()));
        let key = [day, region, "s3", "aws4_request"]
            .iter()
            .fold(format!("AWS4{}", self.secret).into_bytes(), |key, part| hmac(&key, part));
        let signature: String = hmac(&key, &text).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", self.id)
    }
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    // Keys of any length will do; without one nothing is signed, and the server says so.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A query in the order and form in which it is signed.
pub(super) fn query(pairs: &[(&'static str, String)]) -> String {
    let mut pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encode(name, false), encode(value, false))).collect();
    pairs.sort();
    pairs.join("&")
}

/// RFC 3986's encoding; in a path slashes stay.
pub(super) fn encode(text: &str, is_path: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            b'/' if is_path => encoded.push('/'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned();
        Keys { id: "AKIAIOSFODNN7EXAMPLE".to_owned(), secret, token: String::new() }
    }

    fn signature(path: &str, query: &str, header: Option<(&'static str, &str)>) -> String {
        let mut headers = vec![("host", "examplebucket.s3.amazonaws.com".to_owned())];
        headers.extend(header.map(|(name, value)| (name, value.to_owned())));
        let mut asked = Asked { method: "GET", path, query, headers, body: b"" };
        let now: Timestamp = "2013-05-24T00:00:00Z".parse().unwrap();
        let signed = keys().sign(&mut asked, "us-east-1", now);
        signed.rsplit('=').next().unwrap().to_owned()
    }

    #[test]
    fn signatures_are_those_of_amazons_examples() {
        let object = signature("/test.txt", "", Some(("range", "bytes=0-9")));
        assert_eq!(object, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
        let list = signature("/", &query(&[("prefix", "J".to_owned()), ("max-keys", "2".to_owned())]), None);
        assert_eq!(list, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    }

    #[test]
    fn keys_are_not_shown() {
        assert_eq!(format!("{:?}", keys()), "Keys(***)");
        assert_eq!(encode("a b/汉+~", true), "a%20b/%E6%B1%89%2B~");
        assert_eq!(encode("a/b", false), "a%2Fb");
    }
}
