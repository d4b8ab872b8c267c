//! Formats where the original differs from the validator that we use, in what it takes or in its words.

use boon::{Compiler, Format};
use gotmpl::strconv::{atoi, quote};
use serde_json::Value as Json;
use std::error::Error;
use std::net::Ipv6Addr;

type Check = fn(&str) -> Result<(), String>;

/// Makes the compiler's formats the original's.
pub(crate) fn register(compiler: &mut Compiler) {
    macro_rules! format {
        ($name:literal, $check:expr) => {
            compiler.register_format(Format { name: $name, func: |value| checked(value, $check) });
        };
    }
    format!("idn-hostname", |_| Ok(()));
    format!("idn-email", |_| Ok(()));
    format!("semver", semver);
    format!("ipv4", ipv4);
    format!("ipv6", ipv6);
    format!("email", email);
    format!("hostname", hostname);
    format!("uuid", uuid);
    format!("json-pointer", json_pointer);
    format!("relative-json-pointer", relative_json_pointer);
    format!("uri", uri);
    format!("iri", uri);
    format!("uri-reference", uri_reference);
    format!("iri-reference", uri_reference);
}

fn checked(value: &Json, check: Check) -> Result<(), Box<dyn Error>> {
    match value {
        Json::String(text) => check(text).map_err(Into::into),
        _ => Ok(()),
    }
}

fn fail(text: &str) -> Result<(), String> {
    Err(text.to_owned())
}

/// Go's `%q` of a character.
fn quoted(c: char) -> String {
    gotmpl::strconv::quote_rune(u32::from(c))
}

fn ipv4(text: &str) -> Result<(), String> {
    if text.split('.').count() != 4 {
        return fail("expected four decimals");
    }
    for group in text.split('.') {
        if group.len() > 1 && group.starts_with('0') {
            return fail("leading zeros");
        }
        if !(0..=255).contains(&atoi(group).map_err(|e| e.to_string())?) {
            return fail("decimal must be between 0 and 255");
        }
    }
    Ok(())
}

fn ipv6(text: &str) -> Result<(), String> {
    if !text.contains(':') {
        return fail("missing colon");
    }
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    if address.parse::<Ipv6Addr>().is_err() {
        return Err(format!("ParseAddr({}): unable to parse IP", quote(text.as_bytes())));
    }
    if zone.is_some() { fail("zone id is not a part of ipv6 address") } else { Ok(()) }
}

fn hostname(text: &str) -> Result<(), String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.len() > 253 {
        return fail("more than 253 characters long");
    }
    for label in text.split('.') {
        if label.is_empty() || label.len() > 63 {
            return fail("label must be 1 to 63 characters long");
        }
        if label.starts_with('-') {
            return fail("label starts with hyphen");
        }
        if label.ends_with('-') {
            return fail("label ends with hyphen");
        }
        if let Some(c) = label.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '-')) {
            return Err(format!("invalid character {}", quoted(c)));
        }
    }
    Ok(())
}

fn email(text: &str) -> Result<(), String> {
    if text.len() > 254 {
        return fail("more than 255 characters long");
    }
    let Some((local, domain)) = text.rsplit_once('@') else { return fail("missing @") };
    if local.len() > 64 {
        return fail("local part more than 64 characters long");
    }
    let inner = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    if let Some(inner) = inner {
        if inner.contains(['\\', '"']) {
            return fail("backslash and quote are not allowed within quoted local part");
        }
    } else {
        unquoted_local(local)?;
    }
    match domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => match address.strip_prefix("IPv6:") {
            Some(address) => ipv6(address).map_err(|e| format!("invalid ipv6 address: {e}")),
            None => ipv4(address).map_err(|e| format!("invalid ipv4 address: {e}")),
        },
        None => hostname(domain).map_err(|e| format!("invalid domain: {e}")),
    }
}

fn unquoted_local(local: &str) -> Result<(), String> {
    if local.starts_with('.') {
        return fail("starts with dot");
    }
    if local.ends_with('.') {
        return fail("ends with dot");
    }
    if local.contains("..") {
        return fail("consecutive dots");
    }
    match local.chars().find(|c| !(c.is_ascii_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(*c))) {
        Some(c) => Err(format!("invalid character {}", quoted(c))),
        None => Ok(()),
    }
}

fn uuid(text: &str) -> Result<(), String> {
    let sizes = [8, 4, 4, 4, 12];
    if text.split('-').count() != sizes.len() {
        return fail("must have 5 elements");
    }
    for (i, (group, size)) in text.split('-').zip(sizes).enumerate() {
        if group.len() != size {
            return Err(format!("element {} must be {size} characters long", i + 1));
        }
        if let Some(c) = group.chars().find(|c| !c.is_ascii_hexdigit()) {
            return Err(format!("non-hex character {}", quoted(c)));
        }
    }
    Ok(())
}

fn json_pointer(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    if !text.starts_with('/') {
        return fail("not starting with /");
    }
    for token in text.split('/') {
        if token.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
            return fail("~ must be followed by 0 or 1");
        }
    }
    Ok(())
}

fn relative_json_pointer(text: &str) -> Result<(), String> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = text.len() - rest.len();
    if digits == 0 {
        return fail("must start with non-negative integer");
    }
    if digits > 1 && text.starts_with('0') {
        return fail("starts with zero");
    }
    if rest == "#" { Ok(()) } else { json_pointer(rest) }
}

fn semver(text: &str) -> Result<(), String> {
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    if let Some(build) = build {
        if build.is_empty() {
            return fail("build is empty");
        }
        identifiers(build, "build")?;
    }
    let (core, pre_release) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    if let Some(pre_release) = pre_release {
        identifiers(pre_release, "pre-release")?;
        if pre_release
            .split('.')
            .any(|id| id.len() > 1 && id.starts_with('0') && id.bytes().all(|c| c.is_ascii_digit()))
        {
            return fail("pre-release numeric identifier starts with zero");
        }
    }
    if core.split('.').count() != 3 {
        return fail("versionCore must have 3 numbers separated by dot");
    }
    for (number, name) in core.split('.').zip(["major", "minor", "patch"]) {
        if number.is_empty() {
            return Err(format!("{name} is empty"));
        }
        if number.len() > 1 && number.starts_with('0') {
            return Err(format!("{name} starts with zero"));
        }
        if !number.bytes().all(|c| c.is_ascii_digit()) {
            return Err(format!("{name} contains non-digit"));
        }
    }
    Ok(())
}

fn identifiers(text: &str, what: &str) -> Result<(), String> {
    for id in text.split('.') {
        if id.is_empty() {
            return Err(format!("{what} identifier is empty"));
        }
        if let Some(c) = id.chars().find(|c| !(c.is_ascii_alphanumeric() || *c == '-')) {
            return Err(format!("invalid character {} in {what} identifier", quoted(c)));
        }
    }
    Ok(())
}

fn uri(text: &str) -> Result<(), String> {
    if url(text)? { Ok(()) } else { fail("relative url") }
}

fn uri_reference(text: &str) -> Result<(), String> {
    if text.contains('\\') {
        return fail("contains \\");
    }
    url(text).map(|_| ())
}

/// Whether a URL has a scheme, or why Go cannot read it.
fn url(text: &str) -> Result<bool, String> {
    let (url, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (absolute, host) = parse(url).map_err(|e| format!("parse {}: {e}", quote(url.as_bytes())))?;
    escapes(fragment).map_err(|e| format!("parse {}: {e}", quote(text.as_bytes())))?;
    if let Some(host) = host.filter(|host| host.contains(':')) {
        ipv6(host).map_err(|e| format!("invalid ipv6 address: {e}"))?;
    }
    Ok(absolute)
}

/// Whether there is a scheme, and an address in brackets.
fn parse(url: &str) -> Result<(bool, Option<&str>), String> {
    let fail = |text: &str| Err(text.to_owned());
    if url.bytes().any(|c| c < b' ' || c == 0x7f) {
        return fail("net/url: invalid control character in URL");
    }
    let end = url.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c))).unwrap_or(url.len());
    let (scheme, rest) = match url.get(end..).and_then(|rest| rest.strip_prefix(':')) {
        Some(_) if end == 0 => return fail("missing protocol scheme"),
        Some(rest) if url.starts_with(|c: char| c.is_ascii_alphabetic()) => (url.get(..end), rest),
        _ => (None, url),
    };
    let rest = rest.split('?').next().unwrap_or_default();
    if !rest.starts_with('/') {
        if scheme.is_some() {
            return Ok((true, None));
        }
        if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return fail("first path segment in URL cannot contain colon");
        }
    }
    let authority = rest.strip_prefix("//").filter(|_| scheme.is_some() || !rest.starts_with("///"));
    let Some(authority) = authority else {
        escapes(rest)?;
        return Ok((scheme.is_some(), None));
    };
    let (authority, path) = authority.split_at(authority.find('/').unwrap_or(authority.len()));
    escapes(path)?;
    let host = authority.rsplit('@').next().unwrap_or_default();
    if let Some(inner) = host.strip_prefix('[') {
        let Some((address, port)) = inner.rsplit_once(']') else { return fail("missing ']' in host") };
        optional_port(port)?;
        return Ok((scheme.is_some(), Some(address)));
    }
    if let Some(colon) = host.find(':') {
        optional_port(host.get(colon..).unwrap_or_default())?;
    }
    escapes(host)?;
    let bad = |c: &char| c.is_ascii() && !(c.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"%".contains(*c));
    match host.chars().find(bad) {
        Some(c) => Err(format!("invalid character {} in host name", quote(c.to_string().as_bytes()))),
        None => Ok((scheme.is_some(), None)),
    }
}

fn optional_port(port: &str) -> Result<(), String> {
    let good =
        port.is_empty() || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|c| c.is_ascii_digit()));
    if good { Ok(()) } else { Err(format!("invalid port {} after host", quote(port.as_bytes()))) }
}

/// Refuses a `%` without two hexadecimal digits behind it.
fn escapes(text: &str) -> Result<(), String> {
    for (i, _) in text.match_indices('%') {
        let escape: String = text.get(i..).unwrap_or_default().chars().take(3).collect();
        if escape.len() < 3 || !escape.bytes().skip(1).all(|c| c.is_ascii_hexdigit()) {
            return Err(format!("invalid URL escape {}", quote(escape.as_bytes())));
        }
    }
    Ok(())
}
