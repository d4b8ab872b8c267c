//! Network failures in Go's words, as Helm's users have learnt to read them.

use std::error::Error;
use std::io;
use std::net::ToSocketAddrs as _;

/// A network failure: Go's sentence, and whether it was a matter of time.
pub(crate) struct Failure {
    pub text: String,
    pub timed_out: bool,
}

/// Describes why no answer came from `host` (`name:port`).
pub(crate) fn describe(err: &(dyn Error + 'static), host: &str) -> Failure {
    let mut deepest = err.to_string();
    let mut cause: Option<&(dyn Error + 'static)> = Some(err);
    while let Some(inner) = cause {
        let text = inner.to_string();
        if let Some(io) = inner.downcast_ref::<io::Error>()
            && let Some(text) = io_text(io, host)
        {
            return Failure { timed_out: io.kind() == io::ErrorKind::TimedOut, text };
        }
        if let Some(text) = tls_text(&text) {
            return Failure { text, timed_out: false };
        }
        if text.contains("failed to lookup address") {
            return Failure { text: lookup_text(host), timed_out: false };
        }
        if text.contains("timed out") || text.contains("deadline has elapsed") {
            return Failure { text: format!("dial tcp {host}: i/o timeout"), timed_out: true };
        }
        deepest = text;
        cause = inner.source();
    }
    Failure { text: deepest, timed_out: false }
}

/// The address that Go names in place of this machine's own name; it costs no query.
fn dialled(host: &str) -> String {
    let local = host.strip_prefix("localhost:").and_then(|_| host.to_socket_addrs().ok()?.next());
    local.map_or_else(|| host.to_owned(), |address| address.to_string())
}

fn lookup_text(host: &str) -> String {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    format!("dial tcp: lookup {name}: no such host")
}

fn io_text(err: &io::Error, host: &str) -> Option<String> {
    let host = dialled(host);
    let text = match err.kind() {
        io::ErrorKind::ConnectionRefused => format!("dial tcp {host}: connect: connection refused"),
        io::ErrorKind::HostUnreachable => format!("dial tcp {host}: connect: no route to host"),
        io::ErrorKind::NetworkUnreachable => format!("dial tcp {host}: connect: network is unreachable"),
        io::ErrorKind::TimedOut => format!("dial tcp {host}: i/o timeout"),
        io::ErrorKind::ConnectionReset => format!("read tcp {host}: read: connection reset by peer"),
        io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        _ => return None,
    };
    Some(text)
}

fn tls_text(text: &str) -> Option<String> {
    let certificate = text.contains("invalid peer certificate");
    let reason = if text.contains("UnknownIssuer") {
        "certificate signed by unknown authority".to_owned()
    } else if text.contains("Expired") {
        "certificate has expired or is not yet valid".to_owned()
    } else if let Some((_, name)) = text.split_once("certificate not valid for name \"") {
        other_names(name.split('"').next().unwrap_or_default(), text)
    } else if certificate {
        text.trim_start_matches("invalid peer certificate: ").to_owned()
    } else {
        return None;
    };
    certificate.then(|| format!("tls: failed to verify certificate: x509: {reason}"))
}

/// Go's words for a certificate of other names.
fn other_names(name: &str, text: &str) -> String {
    let of = |mark: &str, end: char| -> Vec<String> {
        let after = text.split(mark).skip(1);
        after.filter_map(|rest| rest.split(end).next()).map(|found| found.trim_matches('"').to_owned()).collect()
    };
    let is_address = name.parse::<std::net::IpAddr>().is_ok();
    let names = if is_address { of("IpAddress(", ')') } else { of("DnsName(", ')') };
    match (names.is_empty(), is_address) {
        (false, _) => format!("certificate is valid for {}, not {name}", names.join(", ")),
        (true, true) => format!("cannot validate certificate for {name} because it doesn't contain any IP SANs"),
        (true, false) => format!("certificate is not valid for any names, but wanted to match {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_connection_reads_as_in_go() {
        let err = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(describe(&err, "127.0.0.1:1").text, "dial tcp 127.0.0.1:1: connect: connection refused");
    }
}
