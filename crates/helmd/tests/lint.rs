//! `helmd lint` as a process: output, standard error and exit code.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::Command;

const CHART: &str = "apiVersion: v2\nname: c\nversion: 1.2.3\nicon: https://example.com/i.png\n";
const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n";

fn write(top: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = top.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// Exit code, standard output, standard error of `helmd lint ARGS` in this folder.
fn lint(top: &Path, args: &[&str]) -> (i32, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_helmd")).arg("lint").args(args).current_dir(top).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code().unwrap(), text(out.stdout), text(out.stderr))
}

fn good(top: &Path) {
    let files = [("Chart.yaml", CHART), ("values.yaml", "a: 1\n"), ("templates/a.yaml", CONFIG_MAP)];
    write(&top.join("c"), &files);
}

#[test]
fn a_good_chart_passes() {
    let dir = tempfile::tempdir().unwrap();
    good(dir.path());
    let passed = "==> Linting c\n\n1 chart(s) linted, 0 chart(s) failed\n";
    assert_eq!(lint(dir.path(), &["c"]), (0, passed.to_owned(), String::new()));
    assert_eq!(lint(dir.path(), &["c", "--quiet"]), (0, String::new(), String::new()));
    assert_eq!(lint(&dir.path().join("c"), &["--helm3"]).1, passed.replace("Linting c", "Linting ."));
    let (code, out, err) = lint(dir.path(), &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(err, "Error: \"helm lint\" requires at least 1 argument\n\nUsage:  helm lint PATH [flags]\n");
}

#[test]
fn warnings_fail_only_when_strict() {
    let dir = tempfile::tempdir().unwrap();
    good(dir.path());
    let job = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata:\n  name: x\n";
    write(&dir.path().join("c"), &[("templates/b.yaml", job)]);
    let found = "==> Linting c\n[WARNING] templates/b.yaml: batch/v1beta1 CronJob is deprecated in v1.21+, \
                 unavailable in v1.25+; use batch/v1 CronJob\n\n";
    let passed = "1 chart(s) linted, 0 chart(s) failed\n";
    assert_eq!(lint(dir.path(), &["c"]), (0, format!("{found}{passed}"), String::new()));
    assert_eq!(lint(dir.path(), &["c", "--quiet"]), (0, format!("{found}{passed}"), String::new()));
    let failed = "Error: 1 chart(s) linted, 1 chart(s) failed\n";
    assert_eq!(lint(dir.path(), &["c", "--strict"]), (1, found.to_owned(), failed.to_owned()));
    let old = lint(dir.path(), &["c", "--kube-version", "1.20"]);
    assert_eq!(old, (0, format!("==> Linting c\n\n{passed}"), String::new()));
    let bad = lint(dir.path(), &["c", "--kube-version", "x"]);
    assert_eq!(
        bad,
        (1, String::new(), "Error: invalid kube version 'x': could not parse \"x\" as version\n".to_owned())
    );
}

#[test]
fn several_charts_are_linted_with_the_same_values() {
    let dir = tempfile::tempdir().unwrap();
    good(dir.path());
    let template = "a: {{ .Values.image.tag | required \"no tag\" }}-{{ .Values.image.extra }}\n";
    let files = [
        ("c/values.yaml", "image: {extra: one}\n"),
        ("c/templates/a.yaml", CONFIG_MAP),
        ("d/Chart.yaml", CHART),
        ("d/values.yaml", "image: {}\n"),
        ("d/templates/a.yaml", "  {{ .Values.image | toJson }}\n"),
        ("e/Chart.yaml", CHART),
        ("e/templates/NOTES.txt", template),
    ];
    write(dir.path(), &files);
    let (code, out, err) = lint(dir.path(), &["c", "d", "e", "nowhere", "--set", "image.x=1"]);
    // HELM: the defaults of the first chart are among the values of the second.
    let indent = "document starts with an illegal indent: \"  {\\\"extra\\\":\\\"one\\\",\\\"x\\\":1}\"";
    assert!(out.contains(indent), "{out}");
    assert!(out.ends_with(
        "==> Linting e\n[INFO] values.yaml: file does not exist\n\n==> Linting nowhere\nError unable to check Chart.yaml \
         file in chart: stat nowhere/Chart.yaml: no such file or directory\n\n"
    ));
    let logged = "level=WARN msg=\"missing required value\" message=\"no tag\"\n";
    assert_eq!((code, err), (1, format!("{logged}Error: 4 chart(s) linted, 1 chart(s) failed\n")));
}

#[test]
fn subcharts_are_linted_when_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    good(dir.path());
    let files = [("c/charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: v1\n"), ("c/charts/x.tgz", "")];
    write(dir.path(), &files);
    let (code, out, _) = lint(dir.path(), &["c", "--with-subcharts", "--quiet"]);
    assert_eq!(code, 1);
    let part = "==> Linting c/charts/s\n[WARNING] Chart.yaml: version 'v1' is not a valid SemVerV2\n\
                [WARNING] templates/: directory does not exist\n\n==> Linting c/charts/x.tgz\n\
                Error unable to extract tarball: EOF\n\n";
    assert!(out.ends_with(part), "{out}");
}

#[test]
fn an_archive_is_linted_as_if_it_were_unpacked() {
    let dir = tempfile::tempdir().unwrap();
    let file = fs::File::create(dir.path().join("c.tgz")).unwrap();
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(file, flate2::Compression::fast()));
    let chart = format!("{CHART}dependencies: [{{name: q}}]\n");
    // What .helmignore names is in the archive and all the same left out.
    for (name, text) in [
        ("Chart.yaml", chart.as_str()),
        (".helmignore", "b.yaml\n"),
        ("templates/b.yaml", "a: [\n"),
        ("values.yaml", ""),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("c/{name}"), text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap();
    let (code, out, err) = lint(dir.path(), &["c.tgz"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let path = out.strip_prefix("==> Linting c.tgz\n[WARNING] ").unwrap_or_default();
    let (path, rest) = path.split_once(": ").unwrap_or_default();
    assert!(path.contains("/helm-lint") && path.ends_with("/c"), "{out}");
    let found = "chart directory is missing these dependencies: q\n\n1 chart(s) linted, 0 chart(s) failed\n";
    assert_eq!(rest, found);
    assert!(!Path::new(path).exists());
}

#[test]
fn helm_3_has_its_own_words() {
    let dir = tempfile::tempdir().unwrap();
    good(dir.path());
    let files = [
        ("c/templates/b.yml", "a: [\n"),
        ("c/templates/c.yaml", "x: {{ .Release.Time }}\n"),
        ("c/templates/NOTES.txt", "{{ required \"n\" \"\" }}"),
        ("c/requirements.yaml", "dependencies: []\n"),
    ];
    write(dir.path(), &files);
    let (code, out, err) = lint(dir.path(), &["c", "--helm3", "--quiet"]);
    assert!(out.contains("[ERROR] templates/c.yaml: .Release.Time has been removed in v3"), "{out}");
    assert!(!out.contains("b.yml"), "{out}");
    let warned = "load.go:120: Warning: Dependencies are handled in Chart.yaml since apiVersion \"v2\". We recommend \
                  migrating dependencies to Chart.yaml.\n";
    let noted = "engine.go:214: [INFO] Missing required value: n\n";
    let failed = "Error: 1 chart(s) linted, 1 chart(s) failed\n";
    assert_eq!((code, err), (1, format!("{warned}{noted}{warned}{failed}")));
}

#[test]
fn the_environment_is_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    good(dir.path());
    write(&dir.path().join("c"), &[("templates/b.yaml", "{{ fail .Release.Namespace }}")]);
    let context = "contexts: [{name: a, context: {cluster: c, namespace: team}}]\nclusters: [{name: c, cluster: {}}]\n";
    write(dir.path(), &[("config", &format!("apiVersion: v1\nkind: Config\ncurrent-context: a\n{context}"))]);
    let said = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_helmd"));
        command.arg("lint").args(args).current_dir(dir.path()).env_clear().envs(variables.iter().copied());
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    let noted = |namespace: &str| format!("level=INFO msg=\"funcMap fail\" message={namespace}\n");
    assert_eq!(said(&["c"], &[]), noted("default"));
    assert_eq!(said(&["c"], &[("HELM_NAMESPACE", "env")]), noted("env"));
    assert_eq!(said(&["c"], &[("KUBECONFIG", "config")]), noted("team"));
    assert_eq!(said(&["c", "-n", "x"], &[("KUBECONFIG", "config"), ("HELM_NAMESPACE", "env")]), noted("x"));
    let colour = "level=WARN msg=\"command failed\" error=\"invalid color mode \\\"x\\\": must be one of: never, auto, \
                  always\"\n";
    assert_eq!(said(&["c", "--color", "x"], &[]), colour);
}

#[test]
fn words_behind_two_dashes_are_paths() {
    let dir = tempfile::tempdir().unwrap();
    good(dir.path());
    let (code, out, _) = lint(dir.path(), &["--", "c", "--helm3"]);
    let missing = "==> Linting --helm3\nError unable to check Chart.yaml file in chart: stat --helm3/Chart.yaml: no such \
                   file or directory\n\n";
    assert_eq!((code, out), (1, format!("==> Linting c\n\n{missing}")));
}
