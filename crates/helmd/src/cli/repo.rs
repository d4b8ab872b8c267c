//! `helmd repo`: helm repo.

use super::chart_path::{repos, wait};
use super::command::{Call, Command, Count, Group};
use super::flags::{Flag, Kind};
use super::output::{self, Format};
use super::prompt;
use super::release_flags::yes;
use gotmpl::strconv::quote;
use helmd_action::{Outside as _, System, helm_text};
use helmd_chart::{GoTime, HelmMajor};
use helmd_index::repositories::Repository;
use helmd_repo::repositories::{AddOptions, Added, IndexFault, TIMEOUT, Updated, index_folder};
use std::path::Path;
use std::time::Duration;

/// The commands.
pub const GROUP: Group = Group {
    name: "repo",
    about: "Chart repositories: which there are, and what is in them. The files are Helm's: helm and helmd share them.",
    commands: &[
        (&["add"], "add a chart repository", &ADD),
        (&["index"], "write the index of a folder of archives", &INDEX),
        (&["list", "ls"], "which repositories there are", &LIST),
        (&["remove", "rm"], "remove repositories", &REMOVE),
        (&["update", "up"], "fetch the indexes of repositories anew", &UPDATE),
    ],
};

const ADD: Command = Command {
    name: "repo add",
    words: "[NAME] [URL]",
    count: Count::Exactly(2),
    about: "Add a chart repository. Its index is fetched; it is not added when that fails.",
    flags: add_flags,
    run: add,
};

const LIST: Command = Command {
    name: "repo list",
    words: "",
    count: Count::Exactly(0),
    about: "List the chart repositories.",
    flags: |helm| {
        let mut flags = vec![output::flag()];
        if helm == HelmMajor::Helm4 {
            flags.push(yes("no-headers", "a table without its head"));
        }
        flags
    },
    run: list,
};

const REMOVE: Command = Command {
    name: "repo remove",
    words: "[REPO1 [REPO2 ...]]",
    count: Count::AtLeast(1),
    about: "Remove chart repositories, and their indexes from the cache.",
    flags: |_| Vec::new(),
    run: remove,
};

const UPDATE: Command = Command {
    name: "repo update",
    words: "[REPO1 [REPO2 ...]]",
    count: Count::Any,
    about: "Fetch the indexes of all repositories, or of the named ones, at the same time. An index that has not changed is not sent\n\
            again by servers that can tell.",
    flags: |helm| {
        let mut flags = vec![timeout_flag()];
        if helm == HelmMajor::Helm3 {
            flags.push(yes("fail-on-repo-update-fail", "fail when a repository does"));
        }
        flags
    },
    run: update,
};

const INDEX: Command = Command {
    name: "repo index",
    words: "[DIR]",
    count: Count::Exactly(1),
    about: "Write index.yaml into a folder of archives, which so becomes a chart repository.",
    flags: |_| {
        vec![
            yes("json", "write JSON"),
            Flag::new("merge", Kind::Text, "an index into which this one is merged"),
            Flag::new("url", Kind::Text, "URL of the chart repository"),
        ]
    },
    run: index,
};

fn timeout_flag() -> Flag {
    Flag::new("timeout", Kind::Duration, "how long an index may take (2m0s)")
}

fn add_flags(helm: HelmMajor) -> Vec<Flag> {
    let text = |name, usage| Flag::new(name, Kind::Text, usage);
    let mut flags = vec![
        yes("allow-deprecated-repos", "add repositories that are gone for good, too"),
        text("ca-file", "CA bundle to check HTTPS servers with"),
        text("cert-file", "client certificate for HTTPS"),
        yes("force-update", "replace the repository of this name"),
        yes("insecure-skip-tls-verify", "do not check certificates"),
        text("key-file", "key of the client certificate"),
        yes("pass-credentials", "give the credentials to all hosts"),
        text("password", "password of the chart repository"),
        yes("password-stdin", "read the password from standard input"),
        timeout_flag(),
        text("username", "user of the chart repository"),
    ];
    if helm == HelmMajor::Helm3 {
        flags.push(yes("no-update", "ignored"));
    }
    flags
}

fn timeout(call: &Call<'_>) -> Duration {
    call.matches.duration("timeout", TIMEOUT)
}

fn add(call: &mut Call<'_>) -> Result<(), String> {
    let matches = call.matches;
    let [name, url] = matches.words.as_slice() else { return Ok(()) };
    let text = |flag| matches.text(flag).to_owned();
    let mut repository = Repository {
        name: name.clone(),
        url: url.clone(),
        username: text("username"),
        password: text("password"),
        cert_file: text("cert-file"),
        key_file: text("key-file"),
        ca_file: text("ca-file"),
        insecure_skip_tls_verify: matches.flag("insecure-skip-tls-verify"),
        pass_credentials_all: matches.flag("pass-credentials"),
    };
    let options = AddOptions {
        force_update: matches.flag("force-update"),
        allow_deprecated: matches.flag("allow-deprecated-repos"),
        timeout: timeout(call),
    };
    if !repository.username.is_empty() && repository.password.is_empty() {
        repository.password = password(call)?;
    }
    let repos = repos(matches, call.helm);
    let done = wait(repos.add(repository, options))?.map_err(|e| helm_text(&e))?;
    let name = quote(name);
    match done {
        Added::Same => call.print(format!("{name} already exists with the same configuration, skipping\n").as_bytes()),
        Added::Added(downloaded) => {
            call.log(&downloaded.loaded.logged(url, call.helm));
            call.print(format!("{name} has been added to your repositories\n").as_bytes())
        }
    }
}

/// The password that somebody types, or pipes in.
fn password(call: &mut Call<'_>) -> Result<String, String> {
    if call.matches.flag("password-stdin") {
        return prompt::piped();
    }
    match prompt::secret(call, "Password: ") {
        // HELM: the line ends also where nothing can be typed.
        Err(error) => call.print(b"\n").and(Err(error)),
        typed => typed,
    }
}

fn list(call: &mut Call<'_>) -> Result<(), String> {
    let format = Format::of(call.matches);
    let file = repos(call.matches, call.helm).read_what_can_be();
    if file.list.is_empty() && format == Format::Table {
        if call.helm == HelmMajor::Helm3 {
            return Err("no repositories to show".to_owned());
        }
        let _closed = writeln!(call.err, "no repositories to show");
        return Ok(());
    }
    let headers = !call.matches.flag("no-headers");
    let text = output::write(format, &file.summary(), || Ok(file.table(headers)))?;
    call.print(text.as_bytes())
}

fn remove(call: &mut Call<'_>) -> Result<(), String> {
    let repos = repos(call.matches, call.helm);
    for name in &call.matches.words {
        repos.remove(name).map_err(|e| helm_text(&e))?;
        call.print(format!("{} has been removed from your repositories\n", quote(name)).as_bytes())?;
    }
    Ok(())
}

fn update(call: &mut Call<'_>) -> Result<(), String> {
    let repos = repos(call.matches, call.helm);
    let wanted = repos.to_update(&call.matches.words).map_err(|e| helm_text(&e))?;
    call.print("Hang tight while we grab the latest from your chart repositories...\n".as_bytes())?;
    let _flushed = call.out.flush();
    let (limit, helm) = (timeout(call), call.helm);
    let mut failed = Vec::new();
    let told = |updated: &Updated| {
        let Updated { repository, outcome } = updated;
        let name = quote(&repository.name);
        let line = match outcome {
            Ok(downloaded) => {
                call.log(&downloaded.loaded.logged(&repository.url, helm));
                format!("...Successfully got an update from the {name} chart repository\n")
            }
            Err(error) => {
                failed.push(repository.url.clone());
                let (url, error) = (&repository.url, helm_text(error));
                format!("...Unable to get an update from the {name} chart repository ({url}):\n\t{error}\n")
            }
        };
        // Who reads may have gone; the indexes are fetched all the same.
        let _closed = call.print(line.as_bytes());
        let _closed = call.out.flush();
    };
    wait(repos.update(wanted, limit, told))?;
    if !failed.is_empty() {
        let list = failed.join(" ");
        match call.helm {
            HelmMajor::Helm4 => return Err(format!("failed to update the following repositories: [{list}]")),
            HelmMajor::Helm3 if call.matches.flag("fail-on-repo-update-fail") => {
                return Err(format!("Failed to update the following repositories: [{list}]"));
            }
            HelmMajor::Helm3 => {}
        }
    }
    call.print("Update Complete. ⎈Happy Helming!⎈\n".as_bytes())
}

fn index(call: &mut Call<'_>) -> Result<(), String> {
    let matches = call.matches;
    let folder = matches.words.first().map_or("", String::as_str);
    let loader = call.loader()?;
    let made = index_folder(Path::new(folder), matches.text("url"), &loader, now());
    let (mut index, log) = made.map_err(|e| helm_text(&e))?;
    call.log(&log);
    let json = matches.flag("json");
    let merge = matches.text("merge");
    if !merge.is_empty() {
        let other = match repos(matches, call.helm).index_at(merge.into()) {
            Ok(loaded) => loaded.index.clone(),
            Err(IndexFault::NotThere(_)) => {
                let empty = helmd_index::Index::new(now());
                write(&empty, Path::new(merge), json)?;
                empty
            }
            Err(error) => return Err(format!("merge failed: {}", helm_text(&error))),
        };
        index.merge(other);
    }
    index.sort();
    write(&index, &Path::new(folder).join("index.yaml"), json)
}

fn write(index: &helmd_index::Index, path: &Path, json: bool) -> Result<(), String> {
    let text = if json { index.to_json() } else { index.to_yaml() }.map_err(|e| helm_text(&e))?;
    helmd_repo::content::write_into(path, text.as_bytes(), 0o644)
}

/// The time, as Go writes it.
pub fn now() -> Option<GoTime> {
    let now = System.now();
    GoTime::from_unix(now.as_second(), now.subsec_nanosecond().unsigned_abs())
}
