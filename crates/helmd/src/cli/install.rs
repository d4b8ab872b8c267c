//! `helmd install`: helm install.

use super::command::{Call, Command, Count};
use super::flags::{Flag, Kind, Matches};
use super::live::{self, Signals};
use super::output::{self, Format};
use super::release_chart::{self, Purpose};
use super::release_flags::{self as shared, text, yes};
use super::status_text::StatusText;
use super::{chart_path, values};
use gotmpl::slog;
use helmd_action::{
    DryRun, Install, Outside as _, RenderedRelease, Rendering, ServerSideApply, System, Template, template_name,
};
use helmd_chart::{Chart, HelmMajor, Values};
use helmd_release::{ApplyMethod, Info, Release, Status, Time};
use std::sync::Arc;

/// The command.
pub const COMMAND: Command = Command {
    name: "install",
    words: "[NAME] [CHART]",
    count: Count::AtLeast(1),
    about: "Install a chart as a new release, as helm install does.\n\n\
            CHART is a folder, a .tgz archive, or an archive's URL. With one word it is the chart, and the name is made:\n\
            --generate-name or --name-template.",
    flags,
    run: install,
};

fn flags(helm: HelmMajor) -> Vec<Flag> {
    let mut flags = of_installs(helm);
    flags.extend([
        yes("create-namespace", "create the release's namespace when it is missing"),
        yes("generate-name", "make a name of the chart's and the time").short('g'),
        text("name-template", "template for the release's name"),
        yes("no-hooks", "run no hooks"),
        yes("replace", "use the name of an uninstalled or failed release again"),
        yes("skip-crds", "leave the chart's CRDs alone"),
    ]);
    if helm == HelmMajor::Helm4 {
        flags.push(yes("server-side", "let the server compute what objects become (true)"));
    }
    flags
}

/// The flags that `upgrade` has as well.
pub fn of_installs(helm: HelmMajor) -> Vec<Flag> {
    let mut flags = values::flags();
    flags.extend(chart_path::flags());
    flags.extend(shared::apply(helm));
    flags.extend([shared::crds(), shared::post_render()]);
    flags.push(yes(
        "skip-files-in-record",
        "leave files of the chart that are no templates out of the release's record",
    ));
    flags.extend([
        yes("dependency-update", "fetch missing dependencies first"),
        text("description", "the description of the release's record"),
        yes("devel", "take development versions of the chart, too"),
        yes("disable-openapi-validation", "do not check objects before they are sent"),
        shared::dry_run(helm),
        yes("enable-dns", "let templates resolve host names"),
        yes("hide-notes", "do not print the notes"),
        yes("hide-secret", "with --dry-run: print no content of Secrets"),
        shared::labels(),
        output::flag(),
        Flag::new("post-renderer", Kind::PostRenderer, "refused: helmd starts no programs"),
        Flag::new("post-renderer-args", Kind::List, "arguments of the post-renderer"),
        yes("render-subchart-notes", "take the notes of subcharts, too"),
        yes("skip-schema-validation", "do not check the values against the chart's schema"),
        yes("take-ownership", "take over objects that belong to somebody else"),
        shared::timeout(),
        shared::wait(helm),
        yes("wait-for-jobs", "with --wait: also until jobs have completed"),
    ]);
    match helm {
        HelmMajor::Helm3 => flags.push(yes("atomic", "undo everything when it fails; waits")),
        HelmMajor::Helm4 => flags.extend([
            yes("atomic", "").deprecated("use --rollback-on-failure instead"),
            yes("rollback-on-failure", "undo everything when it fails; waits"),
        ]),
    }
    flags
}

/// Whether a failure is undone.
pub fn undoes(matches: &Matches) -> bool {
    match matches.is_set("rollback-on-failure") {
        true => matches.flag("rollback-on-failure"),
        false => matches.flag("atomic"),
    }
}

/// What `--dry-run` says; Helm 3 looks at it later.
pub fn dry_run(call: &mut Call<'_>) -> Result<DryRun, String> {
    match call.helm {
        HelmMajor::Helm3 => Ok(shared::dry_run3(call.matches).unwrap_or_default()),
        HelmMajor::Helm4 => {
            let err = &mut *call.err;
            shared::dry_run4(call.matches, &mut |line| {
                let _closed = writeln!(err, "{line}");
            })
        }
    }
}

fn install(call: &mut Call<'_>) -> Result<(), String> {
    shared::check_exclusive(call.matches, call.helm)?;
    chart_path::check_tls_files(call.matches, call.helm)?;
    let dry_run = dry_run(call)?;
    let release = run(call, dry_run, Plan::of(call)).map_err(|error| format!("INSTALLATION FAILED: {error}"))?;
    show(call, &release)
}

/// Prints the release.
pub fn show(call: &mut Call<'_>, release: &Release) -> Result<(), String> {
    let status = StatusText {
        debug: call.settings.debug,
        hide_notes: call.matches.flag("hide-notes"),
        ..StatusText::new(release, call)
    };
    let text = status.write(Format::of(call.matches))?;
    call.print(text.as_bytes())
}

/// What `install` and `upgrade --install` say each in their own way.
pub struct Plan {
    /// Who computes what objects become.
    pub server_side: ServerSideApply,
    /// Use the name again.
    pub replace: bool,
}

impl Plan {
    fn of(call: &Call<'_>) -> Plan {
        let by_server = call.helm == HelmMajor::Helm4 && call.matches.text_or("server-side", "true") == "true";
        let server_side = if by_server { ServerSideApply::True } else { ServerSideApply::False };
        Plan { server_side, replace: call.matches.flag("replace") }
    }
}

/// Installs.
///
/// # Errors
/// In Helm's words.
pub fn run(call: &mut Call<'_>, dry_run: DryRun, plan: Plan) -> Result<Release, String> {
    let (helm, matches) = (call.helm, call.matches);
    let (name, reference) = name_and_chart(matches)?;
    let (chart, values) = release_chart::load(call, reference, Purpose::Install, || Ok(()))?;
    if helm == HelmMajor::Helm3 {
        shared::dry_run3(matches)?;
    }
    if helm == HelmMajor::Helm4 && dry_run == DryRun::Client {
        return without_cluster(call, name, (chart, values), plan.server_side);
    }
    let undoes = undoes(matches);
    let install = Install {
        dry_run,
        disable_hooks: matches.flag("no-hooks"),
        wait: shared::wait_of(matches, helm, undoes),
        wait_for_jobs: matches.flag("wait-for-jobs"),
        timeout: shared::timeout_of(matches),
        description: matches.text("description").to_owned(),
        atomic: undoes,
        skip_crds: matches.flag("skip-crds"),
        crds: shared::crds_of(matches)?,
        sub_notes: matches.flag("render-subchart-notes"),
        create_namespace: matches.flag("create-namespace"),
        force: shared::replaces(matches),
        take_ownership: matches.flag("take-ownership"),
        replace: plan.replace,
        labels: shared::labels_of(matches),
        disable_open_api_validation: matches.flag("disable-openapi-validation"),
        skip_schema_validation: matches.flag("skip-schema-validation"),
        hide_secret: matches.flag("hide-secret"),
        server_side_apply: plan.server_side,
        force_conflicts: matches.flag("force-conflicts"),
        ..Install::new(name, chart, values)
    };
    let signals = Signals::CancelTold(matches.words.first().map_or("", String::as_str));
    match live::on_cluster(call, signals, |cx| async move { install.run(&cx).await })? {
        Ok(done) => done.map_err(|error| live::explained(&error, call)),
        Err(none) => {
            let text = none.text(helm);
            if helm == HelmMajor::Helm3 {
                return Err(text);
            }
            let text = format!("cluster reachability check failed: {text}");
            call.log(&[slog::record("ERROR", &text, &[])]);
            Err(text)
        }
    }
}

fn name_and_chart(matches: &Matches) -> Result<(String, &str), String> {
    let template = matches.text("name-template");
    match matches.words.as_slice() {
        [_, _, more @ ..] if !more.is_empty() => {
            Err(format!("expected at most two arguments, unexpected arguments: {}", more.join(", ")))
        }
        [_, _, ..] if matches.flag("generate-name") => {
            Err("cannot set --generate-name and also specify a name".to_owned())
        }
        [_, _, ..] if !template.is_empty() => Err("cannot set --name-template and also specify a name".to_owned()),
        [name, chart, ..] => Ok((name.clone(), chart)),
        [chart] if !template.is_empty() => Ok((template_name(template, Arc::new(System))?, chart)),
        [chart] if matches.flag("generate-name") => Ok((made_name(chart), chart)),
        _ => Err("must either provide a name or specify --generate-name".to_owned()),
    }
}

/// The last part of the chart's path up to its first dot, and the time.
fn made_name(chart: &str) -> String {
    let base = chart.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let base = match base {
        "" | "." => "chart",
        base => base.split('.').next().unwrap_or_default(),
    };
    format!("{base}-{}", System.now().as_second())
}

/// HELM: version 4 asks no cluster for a dry run of the client.
fn without_cluster(
    call: &mut Call<'_>,
    name: String,
    (chart, values): (Chart, Values),
    server_side: ServerSideApply,
) -> Result<Release, String> {
    let matches = call.matches;
    let mut template = Template::new(&name, &call.settings.namespace, chart, values.clone());
    template.post_render = shared::post_render_of(call.matches)?;
    template.rendering = Rendering {
        sub_notes: matches.flag("render-subchart-notes"),
        hide_secret: matches.flag("hide-secret"),
        skip_schema_validation: matches.flag("skip-schema-validation"),
    };
    template.labels = shared::labels_of(matches);
    template.enable_dns = matches.flag("enable-dns");
    template.budgets = call.budgets()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let (warnings, done) = match runtime.block_on(template.run()) {
        Ok(rendered) => (rendered.warnings.clone(), Ok(rendered)),
        Err(failure) => (failure.warnings, Err(live::sentence(&*failure.error, call.helm))),
    };
    call.log(&warnings);
    let RenderedRelease { chart, manifest, hooks, notes, .. } = done?;
    let now = Some(Time::utc(System.now()));
    let mut release = Release {
        name,
        namespace: call.settings.namespace.clone(),
        info: Info { first_deployed: now, last_deployed: now, notes, ..Info::default() },
        chart: Some(chart),
        config: Some(values),
        manifest,
        hooks,
        version: 1,
        labels: shared::labels_of(matches),
        apply_method: match server_side {
            ServerSideApply::True => ApplyMethod::ServerSide,
            _ => ApplyMethod::ClientSide,
        },
        ..Release::default()
    };
    release.set_status(Status::PendingInstall, "Dry run complete");
    Ok(release)
}

#[cfg(test)]
mod tests {
    use super::made_name;

    #[test]
    fn names_are_made_of_the_charts_file() {
        let base = |chart: &str| made_name(chart).rsplit_once('-').map(|(base, _)| base.to_owned()).unwrap();
        assert_eq!(base("./charts/web-1.2.tgz"), "web-1");
        assert_eq!(base("charts/web/"), "web");
        assert_eq!(base("."), "chart");
    }
}
