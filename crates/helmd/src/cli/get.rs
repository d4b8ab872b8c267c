//! `helmd get`: helm get.

use super::command::{Call, Command, Count, Group};
use super::live::{self, Signals};
use super::output::{self, Format};
use super::release_flags::{self as shared, text, yes};
use super::release_value;
use super::status_text::StatusText;
use helmd_action::{GetHooks, GetManifest, GetMetadata, GetNotes, GetRelease, GetValues, Metadata};
use helmd_chart::HelmMajor;
use std::collections::BTreeMap;

/// The commands.
pub const GROUP: Group = Group {
    name: "get",
    about: "Print what the record of a release holds.",
    commands: &[
        (&["all"], "everything of the following", &ALL),
        (&["hooks"], "the hooks", &HOOKS),
        (&["manifest"], "the objects, as they were rendered", &MANIFEST),
        (&["metadata"], "what the release is", &METADATA),
        (&["notes"], "the chart's notes", &NOTES),
        (&["values"], "the values", &VALUES),
    ],
};

const ALL: Command = Command {
    name: "get all",
    words: "RELEASE_NAME",
    count: Count::Exactly(1),
    about: "Print state, values, hooks, objects and notes of a release.",
    flags: |_| vec![shared::revision(), text("template", "Go template for what is printed: {{.Release.Name}}")],
    run: all,
};

const HOOKS: Command = Command {
    name: "get hooks",
    about: "Print the hooks of a release.",
    flags: |_| vec![shared::revision()],
    run: hooks,
    ..ALL
};

const MANIFEST: Command = Command {
    name: "get manifest",
    about: "Print the objects of a release, as they were rendered.",
    run: manifest,
    ..HOOKS
};

const METADATA: Command = Command {
    name: "get metadata",
    about: "Print what a release is: its chart, its labels, its state.",
    flags: |_| vec![shared::revision(), output::flag()],
    run: metadata,
    ..ALL
};

const NOTES: Command =
    Command { name: "get notes", about: "Print the notes of a release's chart.", run: notes, ..HOOKS };

const VALUES: Command = Command {
    name: "get values",
    about: "Print the values of a release: those that its user gave.",
    flags: |_| vec![shared::revision(), output::flag(), yes("all", "with the chart's defaults under them").short('a')],
    run: values,
    ..ALL
};

fn asked(call: &Call<'_>) -> (String, i64) {
    (call.matches.words.first().cloned().unwrap_or_default(), call.matches.int("revision", 0))
}

fn all(call: &mut Call<'_>) -> Result<(), String> {
    let (name, revision) = asked(call);
    let get = GetRelease { name, revision };
    let release = live::run(call, Signals::End, |cx| async move { get.run(&cx).await })?;
    let text = match call.matches.text("template") {
        "" => StatusText { debug: true, metadata: true, ..StatusText::new(&release, call) }.table()?.into_bytes(),
        template => {
            let (text, done) = release_value::shown(template, &release, call.helm);
            call.print(&text)?;
            return done;
        }
    };
    call.print(&text)
}

fn hooks(call: &mut Call<'_>) -> Result<(), String> {
    let (name, revision) = asked(call);
    let get = GetHooks { name, revision };
    let hooks = live::run(call, Signals::End, |cx| async move { get.run(&cx).await })?;
    let texts = hooks.iter().map(|hook| format!("---\n# Source: {}\n{}\n", hook.path, hook.manifest));
    let text: String = texts.collect();
    call.print(text.as_bytes())
}

fn manifest(call: &mut Call<'_>) -> Result<(), String> {
    let (name, revision) = asked(call);
    let get = GetManifest { name, revision };
    let manifest = live::run(call, Signals::End, |cx| async move { get.run(&cx).await })?;
    call.print(format!("{manifest}\n").as_bytes())
}

fn notes(call: &mut Call<'_>) -> Result<(), String> {
    let (name, revision) = asked(call);
    let get = GetNotes { name, revision };
    let notes = live::run(call, Signals::End, |cx| async move { get.run(&cx).await })?;
    let text = if notes.is_empty() { String::new() } else { format!("NOTES:\n{notes}\n") };
    call.print(text.as_bytes())
}

fn values(call: &mut Call<'_>) -> Result<(), String> {
    let (name, revision) = asked(call);
    let all = call.matches.flag("all");
    let get = GetValues { name, revision, all };
    let values = live::run(call, Signals::End, |cx| async move { get.run(&cx).await })?;
    let text = output::write(Format::of(call.matches), &values, || {
        let head = if all { "COMPUTED VALUES:" } else { "USER-SUPPLIED VALUES:" };
        Ok(format!("{head}\n{}", output::yaml(&values)?))
    })?;
    call.print(text.as_bytes())
}

fn metadata(call: &mut Call<'_>) -> Result<(), String> {
    let (helm, (name, revision)) = (call.helm, asked(call));
    let get = GetMetadata { name, revision };
    let mut metadata = live::run(call, Signals::End, |cx| async move { get.run(&cx).await })?;
    if helm == HelmMajor::Helm3 {
        metadata.labels.clear();
        metadata.apply_method.clear();
    }
    let text = output::write(Format::of(call.matches), &metadata, || Ok(metadata_table(&metadata, helm)))?;
    call.print(text.as_bytes())
}

fn metadata_table(metadata: &Metadata, helm: HelmMajor) -> String {
    let Metadata { name, chart, version, app_version, annotations, labels, namespace, revision, status, .. } = metadata;
    let mut dependencies: Vec<&str> = metadata.dependencies.iter().map(|dependency| dependency.name.as_str()).collect();
    dependencies.sort_unstable();
    let mut lines = vec![
        format!("NAME: {name}"),
        format!("CHART: {chart}"),
        format!("VERSION: {version}"),
        format!("APP_VERSION: {app_version}"),
        format!("ANNOTATIONS: {}", pairs(annotations)),
        format!("LABELS: {}", pairs(labels)),
        format!("DEPENDENCIES: {}", dependencies.join(",")),
        format!("NAMESPACE: {namespace}"),
        format!("REVISION: {revision}"),
        format!("STATUS: {status}"),
        format!("DEPLOYED_AT: {}", metadata.deployed_at),
    ];
    match helm {
        HelmMajor::Helm3 => drop(lines.remove(5)),
        HelmMajor::Helm4 => lines.push(format!("APPLY_METHOD: {}", applied(&metadata.apply_method))),
    }
    format!("{}\n", lines.join("\n"))
}

fn applied(method: &str) -> String {
    match method {
        "" => "client-side apply (defaulted)".to_owned(),
        "csa" => "client-side apply".to_owned(),
        "ssa" => "server-side apply".to_owned(),
        other => format!("unknown ({})", gotmpl::strconv::quote(other)),
    }
}

fn pairs(pairs: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(",")
}
