//! `helmd package`: helm package.

use super::chart_path;
use super::command::{Call, Command, Count, disk};
use super::dependency;
use super::flags::{Flag, Kind};
use crate::environment;
use helmd_action::{Outside as _, Package, System, helm_text, source_date_epoch};
use helmd_chart::Saving;
use helmd_repo::local::{Detection, absolute, clean};
use std::path::{Path, PathBuf};

/// The command.
pub const COMMAND: Command = Command {
    name: "package",
    words: "[CHART_PATH] [...]",
    count: Count::Any,
    about: "Pack the charts in folders into archives (NAME-VERSION.tgz).\n\n\
            The same files give the same archive: the times in it are those of the files, or all the time that the\n\
            environment's SOURCE_DATE_EPOCH says (seconds since 1970). Files that .helmignore names are left out.",
    flags: |_| flags(),
    run: package,
};

fn flags() -> Vec<Flag> {
    let text = |name, usage| Flag::new(name, Kind::Text, usage);
    const SHARED: [&str; 7] =
        ["ca-file", "cert-file", "insecure-skip-tls-verify", "key-file", "password", "plain-http", "username"];
    let mut flags: Vec<Flag> = chart_path::flags().into_iter().filter(|flag| SHARED.contains(&flag.name)).collect();
    flags.extend([
        text("app-version", "the appVersion to give the chart"),
        Flag::new("dependency-update", Kind::Bool, "fetch the dependencies first").short('u'),
        text("destination", "the folder for the archives; the working folder unless set").short('d'),
        text("key", "name of the key to sign with (not there yet)"),
        text("keyring", "file with the keys to sign with (not there yet)"),
        text("passphrase-file", "file with the passphrase of the key (not there yet)"),
        Flag::new("sign", Kind::Bool, "sign the archive (not there yet)"),
        text("version", "the version to give the chart"),
    ]);
    flags
}

fn package(call: &mut Call<'_>) -> Result<(), String> {
    let (helm, matches) = (call.helm, call.matches);
    if matches.words.is_empty() {
        return Err("need at least one argument, the path to the chart".to_owned());
    }
    let stamp = source_date_epoch(environment::variable("SOURCE_DATE_EPOCH").as_deref(), helm)?;
    if matches.flag("sign") {
        if matches.text("key").is_empty() {
            return Err("--key is required for signing a package".to_owned());
        }
        if matches.is_set("keyring") && matches.text("keyring").is_empty() {
            return Err("--keyring is required for signing a package".to_owned());
        }
    }
    chart_path::check_tls_files(matches, helm)?;
    if matches.flag("sign") {
        return Err("signing is not there yet: package without --sign".to_owned());
    }
    let package = Package {
        version: matches.text("version").to_owned(),
        app_version: matches.text("app-version").to_owned(),
        destination: match matches.text_or("destination", ".") {
            "." => environment::working_folder().to_string_lossy().into_owned(),
            folder => folder.to_owned(),
        },
        saving: Saving { helm, now: System.now().as_second(), stamp },
    };
    for path in &matches.words {
        one(call, &package, path)?;
    }
    Ok(())
}

fn one(call: &mut Call<'_>, package: &Package, path: &str) -> Result<(), String> {
    if let Err(error) = std::fs::metadata(path) {
        return Err(format!("stat {path}: {}", helmd_repo::local::go_text(&error)));
    }
    let folder = below_working_folder(Path::new(path));
    let loader = call.loader()?;
    if call.matches.flag("dependency-update") {
        // HELM: nothing is told of it but what comes from registries.
        let mut texts = dependency::Texts::default();
        let done = dependency::update_telling((call.matches, call.helm), (&folder, &loader), &mut texts);
        call.tell(&texts.registries)?;
        done?;
    }
    let mut log = Vec::new();
    let done = package.run(&folder, &disk(&loader, Detection::First), &mut log);
    call.log(&log);
    let archive = done.map_err(|e| helm_text(&e))?;
    call.print(format!("Successfully packaged chart and saved it to: {}\n", archive.display()).as_bytes())
}

/// The absolute path, by the name of the working folder that the shell gives.
pub fn below_working_folder(path: &Path) -> PathBuf {
    if path.is_absolute() { absolute(path) } else { clean(&environment::working_folder().join(path)) }
}
