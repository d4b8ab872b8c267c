//! `helmd package`: helm package.

use super::chart_path;
use super::command::{Call, Command, Count, disk};
use super::dependency;
use super::flags::{Flag, Kind};
use super::keyring;
use crate::environment;
use helmd_action::{Outside as _, Package, System, helm_text, source_date_epoch};
use helmd_chart::{HelmMajor, Saving, metadata_yaml};
use helmd_repo::local::{Detection, absolute, clean, go_text};
use helmd_repo::{Signatory, content};
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
        text("key", "name of the key to sign with, or a part of it"),
        text("keyring", "file with secret keys (GnuPG's public ones unless set)"),
        text("passphrase-file", "file whose first line is the key's passphrase; - for a pipe to standard input"),
        Flag::new("sign", Kind::Bool, "sign the archive"),
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
    let package = Package {
        version: matches.text("version").to_owned(),
        app_version: matches.text("app-version").to_owned(),
        destination: match matches.text_or("destination", ".") {
            "." => environment::working_folder().to_string_lossy().into_owned(),
            folder => folder.to_owned(),
        },
        saving: Saving { helm, now: System.now().as_second(), stamp },
    };
    let mut passphrase = Passphrase::default();
    for path in &matches.words {
        one(call, &package, path, &mut passphrase)?;
    }
    Ok(())
}

fn one(call: &mut Call<'_>, package: &Package, path: &str, passphrase: &mut Passphrase) -> Result<(), String> {
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
    if call.matches.flag("sign") {
        sign(call, &archive, passphrase)?;
    }
    call.print(format!("Successfully packaged chart and saved it to: {}\n", archive.display()).as_bytes())
}

/// The passphrase that was read from standard input. HELM: version 4 takes it for all charts, version 3 finds nothing more there.
#[derive(Default)]
struct Passphrase(Option<Vec<u8>>);

impl Passphrase {
    /// What a file has in its first line, or what somebody types.
    fn read(&mut self, call: &mut Call<'_>, name: &str) -> Result<Vec<u8>, String> {
        match (call.matches.text("passphrase-file"), &self.0) {
            ("", _) => keyring::ask_passphrase(call, name),
            (_, Some(known)) if call.helm == HelmMajor::Helm4 => Ok(known.clone()),
            ("-", Some(_)) => Err("stat /dev/stdin: file already closed".to_owned()),
            (file, _) => {
                let read = keyring::passphrase_of(file)?;
                self.0 = Some(read.clone());
                Ok(read)
            }
        }
    }
}

/// Writes the signature of an archive beside it.
fn sign(call: &mut Call<'_>, archive: &Path, passphrase: &mut Passphrase) -> Result<(), String> {
    let keys = keyring::keys(call.matches, call.helm);
    let signatory = Signatory::find(&keys.load()?, call.matches.text("key"));
    // HELM: the file with the passphrase is read first, whether it is wanted or not.
    let early = match call.matches.text("passphrase-file") {
        "" => None,
        _ => Some(passphrase.read(call, "")?),
    };
    let signatory = signatory.map_err(|e| helm_text(&e))?;
    let signatory = match (signatory.wants_passphrase().map(str::to_owned), early) {
        (None, _) => signatory,
        (Some(_), Some(early)) => signatory.unlock(&early).map_err(|e| helm_text(&e))?,
        (Some(name), None) => signatory.unlock(&passphrase.read(call, &name)?).map_err(|e| helm_text(&e))?,
    };
    let chart = helmd_repo::local::load_file(archive, &call.loader()?);
    let failed = |e: String| match call.helm {
        HelmMajor::Helm3 => e,
        HelmMajor::Helm4 => format!("failed to load chart for signing: {e}"),
    };
    let chart = chart.map_err(|e| failed(helm_text(&e)))?;
    let metadata = metadata_yaml(&chart.metadata).map_err(|e| helm_text(&e))?;
    let bytes = std::fs::read(archive).map_err(|e| format!("open {}: {}", archive.display(), go_text(&e)))?;
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    let mut salt = [0; 32];
    System.random(&mut salt);
    let signed = signatory.sign((&name, &bytes), &metadata, (keys.now, &salt)).map_err(|e| helm_text(&e))?;
    content::write_into(Path::new(&format!("{}.prov", archive.display())), &signed, 0o644)
}

/// The absolute path, by the name of the working folder that the shell gives.
pub fn below_working_folder(path: &Path) -> PathBuf {
    if path.is_absolute() { absolute(path) } else { clean(&environment::working_folder().join(path)) }
}
