//! E-mail addresses and URLs as the `govalidator` library takes them.

use sprig::regex::GoRegex;
use std::sync::LazyLock;

/// URLs of this many characters or more are refused, and of this many bytes or fewer.
const MAX_URL_CHARS: usize = 2083;
const MIN_URL_BYTES: usize = 3;

/// A letter or digit that may stand anywhere in an address; beyond ASCII many characters count.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || is_beyond(c)
}

fn is_beyond(c: char) -> bool {
    matches!(c, '\u{a0}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{ffef}')
}

/// Whether this is an e-mail address.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_local = if local.contains('"') { is_quoted_local(local) } else { local.split('.').all(is_atom) };
    is_local && is_email_domain(domain)
}

fn is_atom(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| is_word(c) || "!#$%&'*+-/=?^_`{|}~".contains(c))
}

fn begins_and_ends(text: &str, fits: impl Fn(char) -> bool) -> bool {
    [text.chars().next(), text.chars().next_back()].into_iter().all(|end| end.is_some_and(&fits))
}

/// `name.tld`, perhaps with a point behind. What stands before the last point may hold points in a row.
fn is_email_domain(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let Some((name, tld)) = text.rsplit_once('.') else { return false };
    let is_letter = |c: char| is_word(c) && !c.is_ascii_digit();
    begins_and_ends(name, is_word)
        && name.chars().all(|c| is_word(c) || "-._~".contains(c))
        && begins_and_ends(tld, is_letter)
        && tld.chars().all(|c| is_word(c) || "-_~".contains(c))
}

/// A local part in quotes. HELM: each character wants a quote before it, and an opening parenthesis escapes.
fn is_quoted_local(text: &str) -> bool {
    static QUOTED: LazyLock<Option<GoRegex>> = LazyLock::new(|| {
        const SPACE: &str = r"(([ \t]*\r\n)?[ \t]+)?";
        const PLAIN: &str =
            r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f!\x23-\x5b\x5d-\x7e\x{a0}-\x{d7ff}\x{f900}-\x{fdcf}\x{fdf0}-\x{ffef}]";
        const ESCAPED: &str = r"\([\x01-\x09\x0b-\x7f]";
        GoRegex::new(&format!("^(\"{SPACE}({PLAIN}|{ESCAPED}))*{SPACE}\"$")).ok()
    });
    QUOTED.as_ref().is_some_and(|quoted| quoted.is_match(text.as_bytes()))
}

/// Whether this is a URL; the scheme may be missing.
pub(crate) fn is_url(text: &str) -> bool {
    if text.len() <= MIN_URL_BYTES || text.starts_with('.') || text.chars().count() >= MAX_URL_CHARS {
        return false;
    }
    if is_plain_url(text) {
        return true;
    }
    let with_scheme = text.contains(':') && !text.contains("://");
    let parsed = if with_scheme { format!("http://{text}") } else { text.to_owned() };
    let Some((host, path)) = sprig::url::host_and_path(parsed.as_bytes()) else { return false };
    if host.starts_with(b".") || (host.is_empty() && !path.is_empty() && !path.contains(&b'.')) {
        return false;
    }
    URL.as_ref().is_some_and(|url| url.is_match(text.as_bytes()))
}

/// The form that nearly all URLs have: it is told without compiling the whole expression.
fn is_plain_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let labels = || host.split(['.', '-']);
    labels().all(|label| !label.is_empty() && label.bytes().all(|c| c.is_ascii_alphanumeric()))
        && [labels().next(), labels().next_back()].iter().all(|label| label.is_some_and(|label| label.len() > 1))
        && path.bytes().all(|c| c.is_ascii_alphanumeric() || b"/._~-".contains(&c))
}

/// Scheme, user, host (an IPv4 address, an IPv6 address in brackets, or a name), port, path.
static URL: LazyLock<Option<GoRegex>> = LazyLock::new(|| {
    const USER: &str = r"(\S+(:\S*)?@)";
    const PATH: &str = r"([/?#]\S*)";
    let host = format!("({}|\\[({})\\]|{})", ipv4_host(), ipv6_host(), host_name());
    GoRegex::new(&format!("^((ftp|tcp|udp|wss?|https?)://)?{USER}?{host}\\.?(:\\d{{1,5}})?{PATH}?$")).ok()
});

fn host_name() -> String {
    const WORD: &str = r"[a-zA-Z\x{a1}-\x{ffff}0-9]+";
    const NAME: &str = r"([a-zA-Z0-9]([a-zA-Z0-9-_]+)?[a-zA-Z0-9]([-.][a-zA-Z0-9]+)*)";
    const SUBDOMAIN: &str = r"(www\.|[a-zA-Z0-9]+([-_.]?[a-zA-Z0-9])*[a-zA-Z0-9]\.[a-zA-Z0-9]+)";
    const TLD: &str = r"(\.[a-zA-Z\x{a1}-\x{ffff}]+)";
    format!("({NAME}|{SUBDOMAIN})?({WORD}-?-?)*{WORD}{TLD}?")
}

/// An address that names one machine: none of 0.x and 224.x to 239.x.
fn ipv4_host() -> String {
    const FIRST: &str = r"([1-9]\d?|1\d\d|2[01]\d|22[0-3]|24\d|25[0-5])";
    const MIDDLE: &str = r"(\d{1,2}|1\d\d|2[0-4]\d|25[0-5])";
    format!(r"{FIRST}(\.{MIDDLE}){{3}}")
}

fn ipv6_host() -> String {
    const GROUP: &str = "[0-9a-fA-F]{1,4}";
    const NUMBER: &str = "(25[0-5]|(2[0-4]|1?[0-9])?[0-9])";
    let ipv4 = format!(r"({NUMBER}\.){{3}}{NUMBER}");
    let mut forms = vec![
        format!("({GROUP}:){{7}}{GROUP}"),
        format!("({GROUP}:){{1,7}}:"),
        format!(":((:{GROUP}){{1,7}}|:)"),
        "fe80:(:[0-9a-fA-F]{0,4}){0,4}%[0-9a-zA-Z]+".to_owned(),
        format!("::(ffff(:0{{1,4}})?:)?{ipv4}"),
        format!("({GROUP}:){{1,4}}:{ipv4}"),
    ];
    forms.extend((1..=6).map(|after| format!("({GROUP}:){{1,{}}}(:{GROUP}){{1,{after}}}", 7 - after)));
    forms.join("|")
}

#[cfg(test)]
mod tests {
    use super::{is_email, is_plain_url, is_url};

    #[test]
    fn addresses_are_told_as_govalidator_does() {
        for good in [
            "a@b.co",
            "a.b+c@x-y.example.com",
            "ä@ö.de",
            "a@b..c.com",
            "a@b.com.",
            "\"a\"b\"@c.de",
            "\"(\"\"@c.de",
            "\"@c.de",
            "a!#$%&'*+-/=?^_`{|}~@b.c",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@b",
            "a@b.c1",
            "a@@b.co",
            ".a@b.co",
            "a.@b.co",
            "a b@c.de",
            "a@-b.co",
            "a@b_.co",
            "\"a@b.co",
            "@b.co",
            "\"a b\"@c.de",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn urls_are_told_as_govalidator_does() {
        for good in [
            "https://example.com",
            "http://a-b.example.com/x/y.z",
            "example.com",
            "http://localhost",
            "http://127.0.0.1:80/",
            "http://[::1]:80",
            "ftp://user:pw@host.com",
            "host:8080",
            "https://x.com?q=1",
            "https://x.com/ä",
            "wss://a.b",
            "mailto:a@b",
            "https://e_x.com",
        ] {
            assert!(is_url(good), "{good}");
        }
        for bad in
            ["", "abc", "localhost", ".com", "https://", "http://a b.com", "https://.com", "gopher://x.y", "/a/b"]
        {
            assert!(!is_url(bad), "{bad}");
        }
    }

    #[test]
    fn plain_urls_need_no_expression() {
        assert!(is_plain_url("https://github.com/a/b-c.d"));
        for odd in ["https://a.example.com", "https://x.com:80", "https://x.com/%41", "https://a..b", "ftp://x.com"] {
            assert!(!is_plain_url(odd), "{odd}");
        }
    }
}
