//! `urlParse` and `urlJoin`, on a URL type that reads and writes as Go's `net/url`; and what others ask about URLs.

mod address;
mod escape;
mod parse;
mod reference;

pub use parse::{Url, UrlError, User};

use crate::args::{MAP, Register, STR, map, panic, text};
use gotmpl::value::Kind;
use gotmpl::{FuncError, FuncMap, Map, Value};

/// Whether Go's `url.ParseRequestURI` reads this text and finds a scheme.
pub fn is_request_url(text: &[u8]) -> bool {
    !text.is_empty() && parse::parse_before_fragment(text).is_ok_and(|url| !url.scheme.is_empty())
}

/// Host and path of a URL as Go's `url.Parse` reads it; `None` where that fails.
pub fn host_and_path(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    parse::parse(text).ok().map(|url| (url.host, url.path))
}

pub(crate) fn add(functions: &mut FuncMap) {
    functions.plain("urlParse", &[STR], MAP, |a| match parse::parse(text(a, 0)) {
        Ok(url) => Ok(dict(&url)),
        Err(error) => panic(format!("unable to parse url: {error}")),
    });
    functions.plain("urlJoin", &[MAP], STR, |a| join(&map(a, 0)).map(Value::str));
}

fn dict(url: &Url) -> Value {
    let userinfo = url.user.as_ref().map(User::text).unwrap_or_default();
    Value::map([
        ("scheme".into(), Value::str(url.scheme.clone())),
        ("host".into(), Value::str(url.host.clone())),
        ("hostname".into(), Value::str(url.hostname())),
        ("path".into(), Value::str(url.path.clone())),
        ("query".into(), Value::str(url.query.clone())),
        ("opaque".into(), Value::str(url.opaque.clone())),
        ("fragment".into(), Value::str(url.fragment.clone())),
        ("userinfo".into(), Value::str(userinfo)),
    ])
}

fn field(dict: &Map, key: &str) -> Result<Vec<u8>, FuncError> {
    match dict.get(key) {
        None => Ok(Vec::new()),
        Some(Value::String(s)) => Ok(s.to_vec()),
        Some(Value::Nil) => Err(crate::args::nil_pointer()),
        Some(other) => {
            let kind: Kind = other.kind();
            panic(format!("unable to parse {key} key, must be of type string, but {} found", kind.name()))
        }
    }
}

fn join(dict: &Map) -> Result<Vec<u8>, FuncError> {
    let mut url = Url {
        scheme: field(dict, "scheme")?,
        host: field(dict, "host")?,
        path: field(dict, "path")?,
        query: field(dict, "query")?,
        opaque: field(dict, "opaque")?,
        fragment: field(dict, "fragment")?,
        ..Url::default()
    };
    let userinfo = field(dict, "userinfo")?;
    if !userinfo.is_empty() {
        match parse::parse(&[b"proto://", userinfo.as_slice(), b"@host"].concat()) {
            Ok(parsed) => url.user = parsed.user,
            Err(error) => return panic(format!("unable to parse userinfo in dict: {error}")),
        }
    }
    Ok(url.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_written_as_read() {
        for text in
            ["http://u:p@h:80/a%20b?x=1#f", "mailto:a@b", "//h/p", "a/b?c", "http://[fe80::1%25en0]:80/", "x:/p"]
        {
            assert_eq!(String::from_utf8(parse::parse(text.as_bytes()).unwrap().text()).unwrap(), text);
        }
    }

    #[test]
    fn errors_quote_the_url() {
        let error = |text: &str| parse::parse(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error("http://a:port/"), "parse \"http://a:port/\": invalid port \":port\" after host");
        assert_eq!(error("1:a"), "parse \"1:a\": first path segment in URL cannot contain colon");
        assert_eq!(
            error("http://[1::2::3]/"),
            "parse \"http://[1::2::3]/\": invalid host: ParseAddr(\"1::2::3\"): multiple :: in address (at \":3\")"
        );
    }
}
