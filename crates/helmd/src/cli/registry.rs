//! `helmd registry`: helm registry.

use super::chart_path::{chart_options, repos, wait};
use super::command::{Call, Command, Count, Group};
use super::flags::{Flag, Kind};
use super::prompt;
use super::release_flags::yes;
use gotmpl::slog;
use helmd_action::helm_text;
use helmd_chart::HelmMajor;
use helmd_http::Tls;
use helmd_registry::{Insecure, Login, Registry, RegistryOptions};

/// The commands.
pub const GROUP: Group = Group {
    name: "registry",
    about: "Log in to OCI registries and out of them. The file is Helm's: helm and helmd share it.",
    commands: &[(&["login"], "log in to a registry", &LOGIN), (&["logout"], "forget a login", &LOGOUT)],
};

const LOGIN: Command = Command {
    name: "registry login",
    words: "[host]",
    count: Count::AtLeast(1),
    about: "Log in to a registry. Name and password are asked for on a terminal unless they are given; they are kept when the\n\
            registry takes them.",
    flags: |_| {
        let text = |name, usage| Flag::new(name, Kind::Text, usage);
        vec![
            text("ca-file", "CA bundle to check HTTPS servers with"),
            text("cert-file", "client certificate for HTTPS"),
            yes("insecure", "do not check certificates"),
            text("key-file", "key of the client certificate"),
            text("password", "password or identity token").short('p'),
            yes("password-stdin", "read password or identity token from standard input"),
            yes("plain-http", "without TLS"),
            text("username", "user").short('u'),
        ]
    },
    run: login,
};

const LOGOUT: Command = Command {
    name: "registry logout",
    words: "[host]",
    count: Count::AtLeast(1),
    about: "Forget the login of a registry.",
    flags: |_| Vec::new(),
    run: logout,
};

fn login(call: &mut Call<'_>) -> Result<(), String> {
    let given = call.matches.words.first().cloned().unwrap_or_default();
    let (username, password) = who(call)?;
    let host = match call.helm {
        HelmMajor::Helm3 => host_of(&given),
        HelmMajor::Helm4 => {
            if let Some((suggested, _)) = given.split_once('/') {
                let text = "registry login currently only supports registry hostname, not a repository path";
                let record = slog::record("WARN", text, &[("host", &given), ("suggested", suggested)]);
                let _closed = writeln!(call.err, "{record}");
            }
            given.as_str()
        }
    };
    let matches = call.matches;
    let repos = repos(matches, call.helm);
    let tls =
        Tls::of(matches.text("cert-file"), matches.text("key-file"), matches.text("ca-file"), matches.flag("insecure"));
    let known = repos.registry(&chart_options(matches));
    let insecure = match call.helm {
        HelmMajor::Helm3 => Insecure::Loopback,
        HelmMajor::Helm4 => Insecure::Never,
    };
    let options = RegistryOptions { tls, insecure, login: None, ..known.options().clone() };
    let registry = Registry::new(repos.http().clone(), options);
    let login = Login::basic(&username, &password);
    wait(registry.login(host, login))?.map_err(|e| helm_text(&e))?;
    call.tell("Login Succeeded\n")
}

/// HELM: version 3 takes URLs, too.
fn host_of(given: &str) -> &str {
    let schemes = ["oci://", "http://", "https://"];
    let rest = schemes.iter().find_map(|scheme| given.strip_prefix(scheme)).unwrap_or(given);
    rest.split('/').next().unwrap_or_default()
}

/// Name and password: of the flags, standard input, or whoever sits at the terminal.
fn who(call: &mut Call<'_>) -> Result<(String, String), String> {
    let matches = call.matches;
    let [mut username, mut password] = ["username", "password"].map(|flag| matches.text(flag).to_owned());
    if matches.flag("password-stdin") {
        password = prompt::piped()?;
    } else if password.is_empty() {
        if username.is_empty() {
            username = prompt::line(call, "Username: ")?.trim().to_owned();
        }
        let (ask, what) = if username.is_empty() { ("Token: ", "token") } else { ("Password: ", "password") };
        password = prompt::secret(call, ask)?;
        if password.is_empty() {
            return Err(format!("{what} required"));
        }
    } else {
        let text = match call.helm {
            HelmMajor::Helm3 => "WARNING: Using --password via the CLI is insecure. Use --password-stdin.".to_owned(),
            HelmMajor::Helm4 => {
                slog::record("WARN", "using --password via the CLI is insecure. Use --password-stdin", &[])
            }
        };
        let _closed = writeln!(call.err, "{text}");
    }
    Ok((username, password))
}

fn logout(call: &mut Call<'_>) -> Result<(), String> {
    let host = call.matches.words.first().cloned().unwrap_or_default();
    let logins = repos(call.matches, call.helm).logins();
    logins.remove(&host).map_err(|e| format!("failed to delete the credential for {host}: {}", helm_text(&e)))?;
    call.tell(&format!("Removing login credentials for {host}\n"))
}
