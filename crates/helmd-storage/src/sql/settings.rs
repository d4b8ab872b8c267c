//! The connection string, as Helm's PostgreSQL library reads it: a URL or `key=value` pairs.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use url::Url;

use super::error::SqlError;

/// How the server's certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verify {
    /// Not at all.
    Nothing,
    /// Somebody trusted has signed it (`verify-ca`).
    Authority,
    /// And it names the host (`verify-full`).
    Host,
}

/// What TLS needs to know.
#[derive(Debug, Clone)]
pub(super) struct TlsSettings {
    pub(super) verify: Verify,
    /// Who is trusted; the system's authorities without it.
    pub(super) root: Option<PathBuf>,
    /// Certificate and key of the client.
    pub(super) client: Option<(PathBuf, PathBuf)>,
}

/// Where the database is.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) config: Config,
    /// Nothing for `sslmode=disable`.
    pub(super) tls: Option<TlsSettings>,
    /// For people: user, hosts and database.
    pub(super) place: String,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.place)
    }
}

/// What `tokio_postgres` understands; other pairs are the server's settings (`search_path`), as in Helm's library.
const CLIENTS: [&str; 17] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];

impl Target {
    /// Reads a connection string. Errors tell no part of it, because it holds a password.
    pub(super) fn parse(text: &str) -> Result<Self, SqlError> {
        if text.trim().is_empty() {
            return Err(SqlError::Settings("HELM_DRIVER_SQL_CONNECTION_STRING is not set".to_owned()));
        }
        let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
        let pairs = if is_url { url_pairs(text)? } else { word_pairs(text)? };
        let mut words = String::new();
        let mut options = String::new();
        let (mut mode, mut root, mut cert, mut key) = ("require".to_owned(), None, None, None);
        for (name, value) in pairs {
            match name.as_str() {
                "sslmode" => mode = value,
                "sslrootcert" => root = Some(PathBuf::from(value)),
                "sslcert" => cert = Some(PathBuf::from(value)),
                "sslkey" => key = Some(PathBuf::from(value)),
                "sslsni" | "sslinline" | "sslpassword" | "sslnegotiation" | "binary_parameters" => {}
                "fallback_application_name" => words.push_str(&format!("application_name={} ", quoted(&value))),
                "options" => options.push_str(&format!("{value} ")),
                name if CLIENTS.contains(&name) => words.push_str(&format!("{name}={} ", quoted(&value))),
                name => options.push_str(&format!("-c {name}={} ", escaped(&value))),
            }
        }
        let wrong = |_| SqlError::Settings("HELM_DRIVER_SQL_CONNECTION_STRING: a value is not allowed".to_owned());
        let mut config: Config = words.parse().map_err(wrong)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            config.host("localhost");
        }
        if !options.is_empty() {
            config.options(options.trim_end());
        }
        let verify = match (mode.as_str(), &root) {
            ("disable", _) => None,
            // As in PostgreSQL's own library: whoever names an authority wants it to be asked.
            ("require", Some(_)) | ("verify-ca", _) => Some(Verify::Authority),
            ("allow" | "prefer" | "require", _) => Some(Verify::Nothing),
            ("verify-full", _) => Some(Verify::Host),
            _ => {
                let known = "sslmode is one of disable, allow, prefer, require, verify-ca, verify-full";
                return Err(SqlError::Settings(format!("HELM_DRIVER_SQL_CONNECTION_STRING: {known}")));
            }
        };
        config.ssl_mode(match mode.as_str() {
            "disable" => SslMode::Disable,
            "allow" | "prefer" => SslMode::Prefer,
            _ => SslMode::Require,
        });
        let tls = verify.map(|verify| TlsSettings { verify, root, client: cert.zip(key) });
        Ok(Self { place: place(&config), config, tls })
    }
}

fn place(config: &Config) -> String {
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        })
        .chain(config.get_hostaddrs().iter().map(ToString::to_string))
        .collect();
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let user = config.get_user().unwrap_or_default();
    format!("{user}@{}:{port}/{}", hosts.join(","), config.get_dbname().unwrap_or(user))
}

fn url_pairs(text: &str) -> Result<Vec<(String, String)>, SqlError> {
    let wrong = || SqlError::Settings("HELM_DRIVER_SQL_CONNECTION_STRING is no URL of PostgreSQL".to_owned());
    let url = Url::parse(text).map_err(|_| wrong())?;
    let decoded =
        |text: &str| percent_decode_str(text).decode_utf8().map(|text| text.into_owned()).map_err(|_| wrong());
    let mut pairs = Vec::new();
    let mut add = |name: &str, value: &str| -> Result<(), SqlError> {
        if !value.is_empty() {
            pairs.push((name.to_owned(), decoded(value)?));
        }
        Ok(())
    };
    add("user", url.username())?;
    add("password", url.password().unwrap_or_default())?;
    add("host", url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']'))?;
    add("port", &url.port().map(|port| port.to_string()).unwrap_or_default())?;
    add("dbname", url.path().trim_start_matches('/'))?;
    pairs.extend(url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())));
    Ok(pairs)
}

/// `host=a password='b c'`: a backslash takes the next character as it is.
fn word_pairs(text: &str) -> Result<Vec<(String, String)>, SqlError> {
    let wrong =
        || SqlError::Settings("HELM_DRIVER_SQL_CONNECTION_STRING is neither a URL nor key=value pairs".to_owned());
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or_else(wrong)?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(wrong());
        }
        let after = after.trim_start();
        let (quote, body) = match after.strip_prefix('\'') {
            Some(body) => (true, body),
            None => (false, after),
        };
        let (value, left) = word(body, quote).ok_or_else(wrong)?;
        pairs.push((name.to_owned(), value));
        rest = left.trim_start();
    }
    Ok(pairs)
}

/// A value and what comes after it; nothing when its quote does not end.
fn word(text: &str, quoted: bool) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.push(chars.next()?.1),
            '\'' if quoted => return Some((value, text.get(at + 1..).unwrap_or_default())),
            c if !quoted && c.is_whitespace() => return Some((value, text.get(at..).unwrap_or_default())),
            c => value.push(c),
        }
    }
    (!quoted).then_some((value, ""))
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// In `options` a backslash takes a space as it is.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace(' ', "\\ ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let url = Target::parse("postgresql://helm:a%20b'\\c@db:7799/releases?sslmode=disable&search_path=x").unwrap();
        let words = Target::parse(
            "host=db port = 7799 user=helm password='a b\\'\\\\c' dbname=releases sslmode=disable search_path=x",
        )
        .unwrap();
        for target in [url, words] {
            assert_eq!(target.config.get_password(), Some(&b"a b'\\c"[..]));
            assert_eq!(format!("{target:?}"), "helm@db:7799/releases");
            assert_eq!(target.config.get_options(), Some("-c search_path=x"));
            assert!(target.tls.is_none());
        }
        let socket = Target::parse("postgres:///releases?host=/run/pg&user=u&sslmode=disable").unwrap();
        assert_eq!(socket.place, "u@/run/pg:5432/releases");
    }

    #[test]
    fn tls_is_wanted_unless_it_is_refused() {
        let tls = |text: &str| Target::parse(text).unwrap().tls.unwrap();
        assert_eq!(tls("host=a").verify, Verify::Nothing);
        assert_eq!(tls("host=a sslrootcert=/ca.pem").verify, Verify::Authority);
        let full = tls("postgres://a/b?sslmode=verify-full&sslcert=/c&sslkey=/k");
        assert_eq!(full.verify, Verify::Host);
        assert_eq!(full.client, Some((PathBuf::from("/c"), PathBuf::from("/k"))));
    }

    #[test]
    fn errors_keep_the_password() {
        for text in [
            "",
            "secret",
            "host=a password=sec ret",
            "host=a password='secret",
            "postgres://u:secret@h:notaport/x",
            "host=a password=secret port=x",
            "host=a password=secret sslmode=secret",
            "host=a password=secret target_session_attrs=secret",
        ] {
            let error = Target::parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with("unable to instantiate SQL driver: HELM_DRIVER_SQL_CONNECTION_STRING"),
                "{error}"
            );
            assert!(!error.contains("sec") && !error.contains("ret"), "{error}");
        }
    }
}
