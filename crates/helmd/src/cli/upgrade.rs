//! `helmd upgrade`: helm upgrade.

use super::chart_path;
use super::command::{Call, Command, Count};
use super::flags::Flag;
use super::install::{self, Plan};
use super::live::{self, Signals};
use super::output::Format;
use super::release_chart::{self, Purpose};
use super::release_flags::{self as shared, yes};
use gotmpl::strconv::quote;
use helmd_action::{DryRun, History, ServerSideApply, Upgrade};
use helmd_chart::{Chart, HelmMajor, Values};
use helmd_release::{Release, Status};

/// The command.
pub const COMMAND: Command = Command {
    name: "upgrade",
    words: "[RELEASE] [CHART]",
    count: Count::Exactly(2),
    about: "Bring a release to another chart or other values, as helm upgrade does.\n\n\
            CHART is a folder, a .tgz archive, or an archive's URL. Without values and value flags those of the former\n\
            revision stay.",
    flags,
    run: upgrade,
};

fn flags(helm: HelmMajor) -> Vec<Flag> {
    let mut flags = install::of_installs(helm);
    flags.extend([
        yes("cleanup-on-fail", "delete what was created when it fails"),
        yes("create-namespace", "with --install: create the release's namespace when it is missing"),
        shared::history_max(),
        yes("install", "install when there is no release of that name").short('i'),
        yes("no-hooks", "run no hooks"),
        yes("reset-then-reuse-values", "the former values over the new chart's, the given ones over them"),
        yes("reset-values", "the given values only"),
        yes("reuse-values", "the former values over the former chart's, the given ones over them"),
        yes("skip-crds", "with --install: leave the chart's CRDs alone"),
    ]);
    match helm {
        HelmMajor::Helm3 => flags.push(yes("recreate-pods", "").deprecated(
            "functionality will no longer be updated. Consult the documentation for other methods to recreate pods",
        )),
        HelmMajor::Helm4 => flags.push(shared::server_side()),
    }
    flags
}

fn upgrade(call: &mut Call<'_>) -> Result<(), String> {
    let (helm, matches) = (call.helm, call.matches);
    shared::check_exclusive(matches, helm)?;
    chart_path::check_tls_files(matches, helm)?;
    let dry_run = install::dry_run(call)?;
    let (name, reference) = match matches.words.as_slice() {
        [name, reference] => (name.as_str(), reference.as_str()),
        _ => ("", ""),
    };
    let table = Format::of(matches) == Format::Table;
    if matches.flag("install")
        && let Some(replace) = is_gone(call, name)?
    {
        if table {
            call.print(format!("Release {} does not exist. Installing it now.\n", quote(name)).as_bytes())?;
        }
        let by_server = helm == HelmMajor::Helm4 && matches.text("server-side") != "false";
        let server_side = if by_server { ServerSideApply::True } else { ServerSideApply::False };
        let release = install::run(call, dry_run, Plan { server_side, replace })?;
        return install::show(call, &release);
    }
    // HELM: version 3 looks at the word here.
    let check = || if helm == HelmMajor::Helm3 { shared::dry_run3(matches).map(drop) } else { Ok(()) };
    let loaded = release_chart::load(call, reference, Purpose::Upgrade, check)?;
    let release = run(call, name, dry_run, loaded).map_err(|error| format!("UPGRADE FAILED: {error}"))?;
    if table {
        call.print(format!("Release {} has been upgraded. Happy Helming!\n", quote(name)).as_bytes())?;
    }
    install::show(call, &release)
}

/// Whether there is no release of that name; `Some(true)` when there is one whose history only is left.
fn is_gone(call: &mut Call<'_>, name: &str) -> Result<Option<bool>, String> {
    let history = History::new(name);
    live::run(call, Signals::End, |cx| async move {
        match history.run(&cx).await {
            Ok(history) => {
                // HELM: the last one in the order of the records' names, in which the ninth comes after the tenth.
                let last = history.iter().max_by_key(|release| release.storage_key());
                let last = last.map(|release| &release.info.status);
                Ok((last == Some(&Status::Uninstalled)).then_some(true))
            }
            Err(error) if error.is_release_not_found() => Ok(Some(false)),
            Err(error) => Err(error),
        }
    })
}

fn run(call: &mut Call<'_>, name: &str, dry_run: DryRun, (chart, values): (Chart, Values)) -> Result<Release, String> {
    let (helm, matches) = (call.helm, call.matches);
    let undoes = install::undoes(matches);
    let upgrade = Upgrade {
        dry_run,
        disable_hooks: matches.flag("no-hooks"),
        wait: shared::wait_of(matches, helm, undoes),
        wait_for_jobs: matches.flag("wait-for-jobs"),
        timeout: shared::timeout_of(matches),
        description: matches.text("description").to_owned(),
        atomic: undoes,
        crds: shared::crds_of(matches)?,
        sub_notes: matches.flag("render-subchart-notes"),
        force: shared::replaces(matches),
        recreate: matches.flag("recreate-pods"),
        cleanup_on_fail: matches.flag("cleanup-on-fail"),
        history_max: shared::count(matches.int("history-max", call.settings.max_history)),
        reuse_values: matches.flag("reuse-values"),
        reset_values: matches.flag("reset-values"),
        reset_then_reuse_values: matches.flag("reset-then-reuse-values"),
        take_ownership: matches.flag("take-ownership"),
        labels: shared::labels_of(matches),
        disable_open_api_validation: matches.flag("disable-openapi-validation"),
        skip_schema_validation: matches.flag("skip-schema-validation"),
        hide_secret: matches.flag("hide-secret"),
        server_side_apply: match helm {
            HelmMajor::Helm3 => ServerSideApply::False,
            HelmMajor::Helm4 => shared::server_side_of(matches)?,
        },
        force_conflicts: matches.flag("force-conflicts"),
        ..Upgrade::new(name, chart, values)
    };
    live::run(call, Signals::CancelTold(name), |cx| async move { upgrade.run(&cx).await })
}
