//! `helmd push`: helm push.

use super::chart_path::{self, chart_options, repos, wait};
use super::command::{Call, Command, Count};
use super::flags::Flag;
use gotmpl::strconv::quote;
use helmd_action::{Outside as _, System, helm_text};
use helmd_chart::HelmMajor;
use helmd_registry::Push;
use helmd_repo::local::go_text;
use sprig::url::Url;
use std::path::Path;

/// The command.
pub const COMMAND: Command = Command {
    name: "push",
    words: "[chart] [remote]",
    count: Count::AtLeast(2),
    about: "Put an archive into an OCI registry, with its signature if FILE.prov lies beside it. [remote] is\n\
            oci://REGISTRY/FOLDER; name and version of the chart are added.",
    flags: |_| {
        const SHARED: [&str; 7] =
            ["ca-file", "cert-file", "insecure-skip-tls-verify", "key-file", "password", "plain-http", "username"];
        let shared = |flag: &Flag| SHARED.contains(&flag.name);
        chart_path::flags().into_iter().filter(shared).collect()
    },
    run: push,
};

fn push(call: &mut Call<'_>) -> Result<(), String> {
    let (helm, matches) = (call.helm, call.matches);
    chart_path::check_tls_files(matches, helm)?;
    let [archive, remote, ..] = matches.words.as_slice() else { return Ok(()) };
    check_remote(remote)?;
    let push = read(call, Path::new(archive))?;
    let registry = repos(matches, helm).registry(&chart_options(matches));
    let pushed = wait(registry.push(remote, &push))?.map_err(|e| helm_text(&e))?;
    call.tell(&pushed.text())
}

fn check_remote(remote: &str) -> Result<(), String> {
    let url: Url = remote.parse().map_err(|_| format!("invalid chart URL format: {remote}"))?;
    match String::from_utf8_lossy(&url.scheme).as_ref() {
        "oci" => Ok(()),
        "" => Err("scheme prefix missing from remote (e.g. \"oci://\")".to_owned()),
        scheme => Err(format!("scheme {} not supported", quote(scheme))),
    }
}

/// The archive, and what is beside it.
fn read(call: &Call<'_>, path: &Path) -> Result<Push, String> {
    let shown = path.display();
    let meta = std::fs::metadata(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => format!("{shown}: no such file"),
        _ => format!("stat {shown}: {}", go_text(&e)),
    })?;
    if meta.is_dir() {
        return Err("cannot push directory, must provide chart archive (.tgz)".to_owned());
    }
    let chart = helmd_repo::local::load(path, &call.loader()?).map_err(|e| helm_text(&e))?;
    let bytes = |path: &Path| std::fs::read(path).map_err(|e| format!("open {}: {}", path.display(), go_text(&e)));
    let archive = bytes(path)?.into();
    let mut signature = path.as_os_str().to_owned();
    signature.push(".prov");
    let signature = Path::new(&signature);
    let provenance = if signature.exists() { Some(bytes(signature)?.into()) } else { None };
    // HELM: version 4 takes the archive's time, version 3 the clock's.
    let made = match call.helm {
        HelmMajor::Helm3 => None,
        HelmMajor::Helm4 => meta.modified().ok().and_then(|time| jiff::Timestamp::try_from(time).ok()),
    };
    let created = match made {
        Some(time) => {
            let text = time.to_zoned(System.local_zone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
            text.strip_suffix("+00:00").map_or(text.clone(), |utc| format!("{utc}Z"))
        }
        None => System.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    };
    Ok(Push { archive, metadata: chart.metadata, provenance, created })
}
