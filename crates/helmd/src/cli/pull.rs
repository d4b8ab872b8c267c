//! `helmd pull`: helm pull.

use super::chart_path::{self, Heard, MAX_FETCHED_BYTES, chart_options, repos, wait};
use super::command::{Call, Command, Count, debug_line};
use super::flags::{Flag, Kind};
use super::keyring;
use super::release_flags::yes;
use helmd_action::helm_text;
use helmd_chart::clean_path;
use helmd_repo::repositories::{Resolved, archive_name, expand};
use helmd_repo::{Repos, RepositoryError, content};
use std::path::{Path, PathBuf};

/// The command.
pub const COMMAND: Command = Command {
    name: "pull",
    words: "[chart URL | repo/chartname] [...]",
    count: Count::AtLeast(1),
    about: "Fetch charts from repositories into the working folder, and unpack them there if asked to.",
    flags: |_| {
        let mut flags = chart_path::flags();
        flags.extend([
            Flag::new("destination", Kind::Text, "the folder for the archive; the working folder unless set")
                .short('d'),
            yes("devel", "development versions, too"),
            yes("prov", "fetch the signature as well, and do not check it"),
            yes("untar", "unpack the chart"),
            Flag::new("untardir", Kind::Text, "the folder to unpack into, below the destination"),
        ]);
        flags
    },
    run: pull,
};

fn pull(call: &mut Call<'_>) -> Result<(), String> {
    let (helm, matches) = (call.helm, call.matches);
    if call.settings.debug && matches.text("version").is_empty() && matches.flag("devel") {
        let text = "setting version to >0.0.0-0";
        let _closed = writeln!(call.err, "{}", debug_line(helm, ("pull.go:65", text), (text, &[])));
    }
    chart_path::check_tls_files(matches, helm)?;
    let repos = repos(matches, helm);
    for reference in &matches.words {
        one(call, &repos, reference)?;
    }
    Ok(())
}

fn one(call: &mut Call<'_>, repos: &Repos, reference: &str) -> Result<(), String> {
    let matches = call.matches;
    let untar = matches.flag("untar");
    let scratch = untar.then(tempfile::tempdir).transpose().map_err(|e| format!("failed to untar: {e}"))?;
    let destination = matches.text_or("destination", ".");
    let folder = scratch.as_ref().map_or(Path::new(destination), |scratch| scratch.path());
    let options = chart_options(matches);
    let (mut lines, heard) = (Vec::new(), Heard::default());
    let repos = &heard.from(repos.clone());
    let fetched = wait(async {
        let chart = repos.resolve(reference, &options, &mut lines).await?;
        let bytes = repos.fetch(&chart, MAX_FETCHED_BYTES).await?;
        Ok::<_, RepositoryError>((chart, bytes))
    })?;
    call.log(&lines);
    call.tell(&heard.take())?;
    let (chart, bytes) = fetched.map_err(|e| helm_text(&e))?;
    let name = archive_name(&chart.url).map_err(|e| helm_text(&e))?;
    let archive = folder.join(&name);
    content::write_into(&archive, &bytes, 0o644)?;
    if matches.flag("prov") || matches.flag("verify") {
        let done = provenance(call, repos, (&chart, reference), &archive);
        call.tell(&heard.take())?;
        done?;
    }
    if !untar {
        return Ok(());
    }
    let into = place(destination, matches.text_or("untardir", "."), reference)?;
    expand(&into, &bytes, &call.loader()?).map_err(|e| helm_text(&e))
}

/// The signature beside the archive.
fn provenance(
    call: &mut Call<'_>,
    repos: &Repos,
    (chart, reference): (&Resolved, &str),
    archive: &Path,
) -> Result<(), String> {
    let verify = call.matches.flag("verify");
    // HELM: digests of charts that have a URL are not known.
    let has_url = reference.contains("://") || !call.matches.text("repo").is_empty();
    let reference = if call.matches.text("repo").is_empty() { reference } else { &chart.url };
    match wait(repos.provenance(chart, if has_url { "" } else { &chart.digest }))? {
        Err(_) if verify => {
            Err(format!("failed to fetch provenance {}", gotmpl::strconv::quote(format!("{}.prov", chart.url))))
        }
        Err(error) => {
            let error = helm_text(&error);
            call.print(format!("WARNING: Verification not found for {reference}: {error}\n").as_bytes())
        }
        Ok(signature) => {
            let mut path = archive.as_os_str().to_owned();
            path.push(".prov");
            content::write_into(Path::new(&path), &signature, 0o644)?;
            if verify {
                let verification = keyring::keys(call.matches, call.helm).verify_file(archive)?;
                call.print(verification.to_string().as_bytes())?;
            }
            Ok(())
        }
    }
}

/// HELM: the folder to unpack into, when nothing of the chart's name is there yet.
fn place(destination: &str, untardir: &str, reference: &str) -> Result<PathBuf, String> {
    let join = |a: &str, b: &str| clean_path(&format!("{a}/{b}"));
    let folder = if Path::new(untardir).is_absolute() { untardir.to_owned() } else { join(destination, untardir) };
    let name = reference.rsplit('/').next().unwrap_or_default();
    let checked = if folder == "." { name.to_owned() } else { join(&folder, name) };
    if Path::new(&checked).exists() {
        return Err(format!("failed to untar: a file or directory with the name {checked} already exists"));
    }
    let made = helmd_repo::local::create_folder(Path::new(&checked));
    made.map_err(|e| format!("failed to untar (mkdir): {e}"))?;
    Ok(folder.into())
}
