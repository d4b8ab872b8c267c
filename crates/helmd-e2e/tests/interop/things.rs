//! What is made and used.

use crate::Pair;
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::{Command, Stdio};

/// Something that one makes and another uses.
pub struct Thing {
    /// What it is.
    pub title: &'static str,
    /// Who does what with it.
    pub about: &'static str,
    /// Whether helm cannot make it.
    pub only_helmd: bool,
    /// Makes and uses it.
    pub try_it: fn(&Pair<'_>) -> Result<()>,
}

/// All of them.
pub const THINGS: &[Thing] = &[
    Thing {
        title: "An index and its archives",
        about: "The one on the left runs `package` and `repo index`; the one above runs `repo add`, `search repo`, `pull` and `show values`.",
        only_helmd: false,
        try_it: index,
    },
    Thing {
        title: "Helm's files",
        about: "The one on the left runs `repo add`; the one above, with the same home, `repo list`, `repo update`, `search repo` and `repo remove`.",
        only_helmd: false,
        try_it: repositories,
    },
    Thing {
        title: "A lock of dependencies",
        about: "The one on the left runs `dependency update`; the one above `dependency build` and `template` with what the lock says.",
        only_helmd: false,
        try_it: lock,
    },
    Thing {
        title: "A signed archive",
        about: "The one on the left runs `package --sign`; the one above `verify`.",
        only_helmd: false,
        try_it: signature,
    },
    Thing {
        title: "A chart in a registry",
        about: "The one on the left runs `push` with a signature; the one above `pull --verify` by version, `pull` by digest, and `show chart`.",
        only_helmd: false,
        try_it: registry,
    },
    Thing {
        title: "A login of a registry",
        about: "The one on the left runs `registry login`; the one above, with the same home, `push`, `pull` and `registry logout`.",
        only_helmd: false,
        try_it: login,
    },
    Thing {
        title: "A dependency in a registry",
        about: "The one on the left runs `push`; the one above `dependency update` with a range of versions.",
        only_helmd: false,
        try_it: oci_dependency,
    },
    Thing {
        title: "helmd's chart store",
        about: "A chart is uploaded to helmd; the one above runs `repo add`, `search repo`, `pull`, `dependency update` and `template` with it.",
        only_helmd: true,
        try_it: store,
    },
];

const KEY: &str = "helmd-interop@example.com";

/// Keys in `pub.gpg` and `sec.gpg`, for `package --sign` and `verify`; whether there is a GnuPG.
pub fn make_keys(folder: &Path) -> bool {
    let home = tempfile::tempdir().unwrap();
    let gpg = |args: &[&str]| {
        let mut gpg = Command::new("gpg");
        gpg.arg("--homedir").arg(home.path()).args([
            "--batch",
            "--yes",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
        ]);
        gpg.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    let Ok(made) = gpg(&["--quick-generate-key", KEY, "rsa2048", "sign", "never"]) else { return false };
    let to = |name: &str| folder.join(name).display().to_string();
    let exported = gpg(&["--output", &to("pub.gpg"), "--export"]).is_ok_and(|done| done.success())
        && gpg(&["--output", &to("sec.gpg"), "--export-secret-keys"]).is_ok_and(|done| done.success());
    // The agent that it has started ends with it.
    let _agent = Command::new("gpgconf").arg("--homedir").arg(home.path()).args(["--kill", "all"]).status();
    assert!(made.success() && exported, "gpg has made no key");
    true
}

fn holds(text: &str, what: &str) -> Result<()> {
    ensure!(text.contains(what), "{what:?} is not in: {text}");
    Ok(())
}

fn same(pair: &Pair<'_>, one: &str, other: &Path) -> Result<()> {
    let read = |path: &Path| std::fs::read(path).with_context(|| path.display().to_string());
    ensure!(read(&pair.file(one))? == read(other)?, "{one} is not what was made");
    Ok(())
}

fn publish(pair: &Pair<'_>) -> Result<()> {
    let served = pair.served().display().to_string();
    pair.write(&format!("package demo -d {served}"))?;
    pair.write(&format!("package demo -d {served} --version 1.1.0+b.2"))?;
    pair.write(&format!("repo index {served} --url REPOSITORY"))?;
    Ok(())
}

fn index(pair: &Pair<'_>) -> Result<()> {
    publish(pair)?;
    pair.read("repo add own REPOSITORY")?;
    holds(&pair.read("search repo own/demo -l -o json")?, "\"version\":\"1.1.0+b.2\"")?;
    pair.read("pull own/demo --version 1.0.0")?;
    same(pair, "demo-1.0.0.tgz", &pair.served().join("demo-1.0.0.tgz"))?;
    holds(&pair.read("show chart own/demo")?, "version: 1.1.0+b.2")
}

fn repositories(pair: &Pair<'_>) -> Result<()> {
    publish(pair)?;
    pair.write("repo add own REPOSITORY")?;
    holds(&pair.read("repo list -o json")?, "\"name\":\"own\"")?;
    holds(&pair.read("search repo own/demo -o json")?, "\"version\":\"1.1.0+b.2\"")?;
    pair.read("repo update own")?;
    pair.read("repo remove own")?;
    ensure!(!pair.write("repo list -o json").unwrap_or_default().contains("own"), "it is still there");
    Ok(())
}

fn wants(pair: &Pair<'_>, repository: &str) -> Result<()> {
    let dependency =
        format!("dependencies:\n- {{name: demo, version: ^1.0.0, repository: \"{}\"}}\n", pair.fill(repository));
    let file = pair.file("par/Chart.yaml");
    let text = std::fs::read_to_string(&file)?;
    Ok(std::fs::write(file, text + &dependency)?)
}

fn lock(pair: &Pair<'_>) -> Result<()> {
    publish(pair)?;
    wants(pair, "REPOSITORY")?;
    pair.write("repo add own REPOSITORY")?;
    pair.write("dependency update par")?;
    std::fs::remove_dir_all(pair.file("par/charts"))?;
    pair.read("dependency build par")?;
    same(pair, "par/charts/demo-1.1.0+b.2.tgz", &pair.served().join("demo-1.1.0+b.2.tgz"))?;
    holds(&pair.read("template r par")?, "kind: ConfigMap")
}

fn sign(pair: &Pair<'_>) -> Result<()> {
    pair.write(&format!("package demo --sign --key {KEY} --keyring sec.gpg"))?;
    Ok(())
}

fn signature(pair: &Pair<'_>) -> Result<()> {
    sign(pair)?;
    holds(&pair.read("verify demo-1.0.0.tgz --keyring pub.gpg")?, KEY)
}

fn registry(pair: &Pair<'_>) -> Result<()> {
    sign(pair)?;
    let pushed = pair.write("push demo-1.0.0.tgz oci://OPEN --plain-http")?;
    let digest = pushed.split("Digest: ").nth(1).and_then(|rest| rest.lines().next()).context("a digest")?;
    pair.read("pull oci://OPEN/demo --version 1.0.0 --plain-http --verify --keyring pub.gpg -d home")?;
    same(pair, "home/demo-1.0.0.tgz", &pair.file("demo-1.0.0.tgz"))?;
    pair.read(&format!("pull oci://OPEN/demo@{digest} --plain-http -d home"))?;
    holds(&pair.read("show chart oci://OPEN/demo --plain-http")?, "version: 1.0.0")
}

fn login(pair: &Pair<'_>) -> Result<()> {
    pair.write("package demo")?;
    pair.write("registry login CLOSED -u me -p secret --plain-http")?;
    pair.read("push demo-1.0.0.tgz oci://CLOSED/c --plain-http")?;
    pair.read("pull oci://CLOSED/c/demo --plain-http -d home")?;
    pair.read("registry logout CLOSED")?;
    ensure!(pair.write("pull oci://CLOSED/c/demo --plain-http").is_err(), "it is still known");
    Ok(())
}

fn oci_dependency(pair: &Pair<'_>) -> Result<()> {
    pair.write("package demo")?;
    pair.write("push demo-1.0.0.tgz oci://OPEN --plain-http")?;
    wants(pair, "oci://OPEN")?;
    pair.read("dependency update par --plain-http")?;
    same(pair, "par/charts/demo-1.0.0.tgz", &pair.file("demo-1.0.0.tgz"))
}

fn store(pair: &Pair<'_>) -> Result<()> {
    pair.write("package demo")?;
    pair.world.store.api.upload(&pair.file("demo-1.0.0.tgz"))?;
    pair.read("repo add own STORE")?;
    holds(&pair.read("search repo own/demo -o json")?, "\"version\":\"1.0.0\"")?;
    pair.read("pull own/demo -d home")?;
    same(pair, "home/demo-1.0.0.tgz", &pair.file("demo-1.0.0.tgz"))?;
    wants(pair, "STORE")?;
    pair.read("dependency update par")?;
    holds(&pair.read("template r own/demo")?, "kind: ConfigMap")
}
