//! The flags of `helm template`.

use crate::cli::flags::{Flag, FlagSet, Kind};
use crate::cli::{chart_path, settings, values};
use helmd_chart::HelmMajor;

/// All flags, as each version has them.
pub fn all(helm: HelmMajor) -> FlagSet {
    let mut set = FlagSet::default();
    set.add(settings::flags(helm));
    set.add(values::flags());
    set.add(chart_path::flags());
    set.add(install(helm));
    set.add(template());
    set.add(vec![crate::budgets::flag(), crate::cli::release_flags::post_render()]);
    set.add(match helm {
        HelmMajor::Helm3 => helm3(),
        HelmMajor::Helm4 => helm4(),
    });
    if helm == HelmMajor::Helm4 {
        set.exclusive(&["force-replace", "force-conflicts"]);
        set.exclusive(&["force", "force-conflicts"]);
        set.exclusive(&["validate", "dry-run"]);
    }
    set
}

/// The command's help.
pub fn help(set: &FlagSet) -> String {
    format!(
        "Render a chart's templates and print what they give, as helm template does.\n\n\
         Without --dry-run=server no cluster is asked: templates see no live objects, and nothing checks whether a\n\
         cluster would take the result. With one word it is the chart: a folder, a .tgz archive, or an archive's URL.\n\n\
         Usage:\n  helmd template [NAME] [CHART] [flags]\n\nFlags:\n{}",
        set.usages()
    )
}

fn yes(name: &'static str, usage: &'static str) -> Flag {
    Flag::new(name, Kind::Bool, usage)
}

fn text(name: &'static str, usage: &'static str) -> Flag {
    Flag::new(name, Kind::Text, usage)
}

const INSTALLS_NOTHING: &str = "accepted for the sake of helm install's flags; nothing is installed here";

/// The flags of `helm install`, which `helm template` has as well.
fn install(helm: HelmMajor) -> Vec<Flag> {
    let notes = |name| match helm {
        HelmMajor::Helm3 => yes(name, "accepted; helm template prints no notes"),
        HelmMajor::Helm4 => {
            yes(name, "").deprecated("this flag has no effect for 'helm template' and will be removed in Helm 5")
        }
    };
    vec![
        yes("create-namespace", INSTALLS_NOTHING),
        yes("dependency-update", "fetch missing dependencies first"),
        text("description", INSTALLS_NOTHING),
        yes("devel", "take development versions of the chart, too"),
        yes("disable-openapi-validation", "with a cluster: do not check that objects have apiVersion and kind"),
        yes("enable-dns", "let templates resolve host names"),
        yes("generate-name", "accepted; without a NAME the release is called release-name").short('g'),
        notes("hide-notes"),
        yes("include-crds", "print the chart's CRDs first"),
        Flag::new("labels", Kind::Pairs, "labels of the release's record: key=value,key=value").short('l'),
        text("name-template", "template for the release's name"),
        yes("no-hooks", "print no hooks"),
        Flag::new("post-renderer", Kind::PostRenderer, "refused: helmd starts no programs"),
        Flag::new("post-renderer-args", Kind::List, "arguments of the post-renderer"),
        notes("render-subchart-notes"),
        yes("replace", INSTALLS_NOTHING),
        yes("skip-crds", "with a cluster: do not warn of CRDs"),
        yes("skip-schema-validation", "do not check the values against the chart's schema"),
        yes("take-ownership", "with a cluster: take objects that belong to somebody else"),
        Flag::new("timeout", Kind::Duration, INSTALLS_NOTHING),
        yes("wait-for-jobs", INSTALLS_NOTHING),
    ]
}

fn template() -> Vec<Flag> {
    vec![
        Flag::new("api-versions", Kind::Csv, "API versions that the cluster has, too; may be repeated").short('a'),
        yes("helm3", "print what helm 3 prints where it differs from helm 4"),
        yes("help", "this text").short('h'),
        yes("is-upgrade", "set .Release.IsUpgrade in place of .Release.IsInstall"),
        text("kube-version", "Kubernetes version that templates see"),
        text("output-dir", "write files into this folder in place of standard output"),
        yes("release-name", "with --output-dir: into a folder of the release's name in it"),
        Flag::new("show-only", Kind::List, "print only what comes from this template; may be repeated").short('s'),
        yes("skip-tests", "print no test hooks"),
    ]
}

fn helm3() -> Vec<Flag> {
    vec![
        yes("atomic", INSTALLS_NOTHING),
        text("dry-run", "server lets templates see live objects").alone("client"),
        yes("force", INSTALLS_NOTHING),
        yes("validate", "hold the result against the cluster"),
        yes("wait", INSTALLS_NOTHING),
    ]
}

fn helm4() -> Vec<Flag> {
    vec![
        yes("atomic", "").deprecated("use --rollback-on-failure instead"),
        text("dry-run", "client, or server: hold the result against the cluster and let templates see its objects")
            .alone("unset"),
        yes("force", "").deprecated("use --force-replace instead"),
        yes("force-conflicts", INSTALLS_NOTHING),
        yes("force-replace", INSTALLS_NOTHING),
        yes("rollback-on-failure", INSTALLS_NOTHING),
        yes("server-side", INSTALLS_NOTHING),
        yes("validate", "").deprecated("use '--dry-run=server' instead"),
        Flag::new("wait", Kind::Wait, INSTALLS_NOTHING).alone("watcher"),
    ]
}
