//! `helmd search`: helm search.

use super::chart_path::repos;
use super::command::{Call, Command, Count, Group};
use super::flags::{Flag, Kind};
use super::output;
use super::release_flags::yes;
use gotmpl::slog;
use helmd_action::helm_text;
use helmd_chart::HelmMajor;
use helmd_index::search::{Format, NoResults, Query, elements, print, search};
use helmd_repo::RepositoryError;

/// The commands.
pub const GROUP: Group = Group {
    name: "search",
    about: "Search for charts.",
    commands: &[(&["repo"], "search the repositories that were added", &REPO)],
};

const REPO: Command = Command {
    name: "search repo",
    words: "[keyword]",
    count: Count::Any,
    about: "Search the repositories that were added for a word in the names, descriptions and keywords of their charts. No\n\
            repository is asked: what is searched is what `repo add` and `repo update` have fetched.",
    flags: |_| {
        vec![
            yes("devel", "development versions, too"),
            yes("fail-on-no-result", "fail when nothing is found"),
            Flag::new("max-col-width", Kind::Uint, "cut columns that are wider; 0 cuts none (50 unless set)"),
            output::flag(),
            yes("regexp", "the keyword is a regular expression").short('r'),
            Flag::new("version", Kind::Text, "a version, or a range of versions"),
            yes("versions", "all versions of each chart").short('l'),
        ]
    },
    run: repo,
};

fn repo(call: &mut Call<'_>) -> Result<(), String> {
    let matches = call.matches;
    let repos = repos(matches, call.helm);
    let file = match repos.list() {
        Err(RepositoryError::NoFile(_)) => return Err(helm_text(&RepositoryError::None)),
        // HELM: what can be read is searched.
        Err(_) => repos.read_what_can_be(),
        Ok(file) => file,
    };
    if file.list.is_empty() {
        return Err(helm_text(&RepositoryError::None));
    }
    let mut indexes = Vec::new();
    for repository in &file.list {
        match repos.index(&repository.name) {
            Ok(loaded) => {
                let path = repos.index_path(&repository.name).display().to_string();
                call.log(&loaded.logged(&path, call.helm));
                indexes.push((repository.name.as_str(), loaded));
            }
            Err(fault) => call.log(&missing(call.helm, &repository.name, &helm_text(&fault))),
        }
    }
    let indexes: Vec<_> = indexes.iter().map(|(name, loaded)| (*name, &loaded.index)).collect();
    let query = Query {
        term: (!matches.words.is_empty()).then(|| matches.words.join(" ")),
        regexp: matches.flag("regexp"),
        versions: matches.flag("versions"),
        devel: matches.flag("devel"),
        version: matches.text("version").to_owned(),
        prereleases: repos.prereleases,
        first_rules: false,
    };
    let hits = search(&indexes, &query).map_err(|e| helm_text(&e))?;
    if hits.is_empty() && matches.flag("fail-on-no-result") {
        return Err(NoResults.to_string());
    }
    let format = match output::Format::of(matches) {
        output::Format::Table => Format::Table,
        output::Format::Json => Format::Json,
        output::Format::Yaml => Format::Yaml,
    };
    let width = matches.text_or("max-col-width", "50").parse().unwrap_or(usize::MAX);
    let text = print(&elements(&hits), format, width).map_err(|e| helm_text(&e))?;
    call.print(text.as_bytes())
}

/// What Helm says of a repository whose index is not there.
fn missing(helm: HelmMajor, name: &str, error: &str) -> Vec<String> {
    match helm {
        HelmMajor::Helm4 => {
            vec![slog::record("WARN", "repo is corrupt or missing", &[("repo", name), ("error", error)])]
        }
        HelmMajor::Helm3 => vec![
            format!("WARNING: Repo {} is corrupt or missing. Try 'helm repo update'.", gotmpl::strconv::quote(name)),
            format!("WARNING: {error}"),
        ],
    }
}
