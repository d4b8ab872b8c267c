//! Lint: helmd and the real helm say the same of charts with faults.

use anyhow::{Result, ensure};
use helmd_e2e::Setup;
use std::fs;
use std::path::Path;
use std::process::Command;

const CHART: &str = "apiVersion: v2\nname: c\nversion: 1.2.3\nicon: https://example.com/i.png\n";
const SUBCHART: &str = "apiVersion: v2\nname: s\nversion: 1.2.3\n";
const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n";

/// A fault: one file of an otherwise good chart, its text, and flags.
type Fault = (&'static str, &'static str, &'static [&'static str]);

const FAULTS: &[Fault] = &[
    ("Chart.yaml", "", &[]),
    ("Chart.yaml", "name: [", &[]),
    ("Chart.yaml", "apiVersion: v3\nname: a/b\nversion: 1.2\n", &[]),
    ("Chart.yaml", "apiVersion: v1\nname: c\nversion: v1\ntype: library\ndependencies: [{name: a}]\n", &["--strict"]),
    ("Chart.yaml", "apiVersion: v2\nname: c\nname: d\nversion: 1.2.3\nfoo: bar\n", &["--strict", "--quiet"]),
    ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.2.3\nappVersion: 1000000.0\nicon: x\nsources: [y]\n", &[]),
    ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.2.3\nmaintainers: [{name: a, email: b}]\n", &[]),
    ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.2.3\nmaintainers: [{name: a, url: 'http://x y'}, null]\n", &[]),
    ("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.0.0-0\n", &[]),
    ("values.yaml", "- a\n", &[]),
    ("values.yaml", "---\na: 1\n  b: 2\n", &[]),
    ("values.yaml", "a: {b: 1}\n", &["--set", "a.b=null", "--set", "a.c=2"]),
    ("values.schema.json", "{\"required\": [\"z\"]}", &[]),
    ("values.schema.json", "{\"required\": [\"z\"]}", &["--skip-schema-validation"]),
    ("templates/b.yaml", "---\nkind: A\n  b: 1\n", &[]),
    ("templates/b.yaml", "kind: A\n\tb: 1\n", &[]),
    ("templates/b.yaml", "kind: [A]\n", &[]),
    ("templates/b.yaml", "metadata: {name: 1e7}\n", &[]),
    ("templates/b.yaml", "kind: A\n---\nkind: Service\nmetadata: {name: 1x}\n", &["--strict"]),
    ("templates/b.yaml", "kind: Role\nmetadata: {name: a/%}\n", &[]),
    ("templates/b.yaml", "kind: Namespace\nmetadata: {name: a.b}\n", &[]),
    ("templates/b.yaml", "kind: Deployment\napiVersion: apps/v1beta1\nmetadata: {name: x}\n", &[]),
    (
        "templates/b.yaml",
        "kind: CronJob\napiVersion: batch/v1beta1\nmetadata: {name: x}\n",
        &["--kube-version", "1.20"],
    ),
    ("templates/b.yaml", "kind: Endpoints\napiVersion: v1\nmetadata: {name: x}\n", &["--kube-version", "1.33.1"]),
    ("templates/b.yaml", "{\"kind\": 5}{\"kind\": \"y\"}", &[]),
    ("templates/b.yaml", "{\"a\": 1}{\"b\": 2}\n---\nx: [\n", &[]),
    ("templates/b.yaml", "{\"a\": tru}", &[]),
    (
        "templates/b.yaml",
        "kind: List\nmetadata: {name: x}\nitems: [{metadata: {annotations: {helm.sh/resource-policy: keep}}}]\n",
        &[],
    ),
    ("templates/b.yaml", "kind: List\nmetadata: {name: x}\nitems: [{metadata: 5}]\n", &[]),
    ("templates/b.yaml", "  a: {{ .Release.Revision }}-{{ .Release.IsInstall }}\n", &[]),
    ("templates/b.yaml", "a: {{ required \"é\" .Values.x }}{{ required \"e\" \"\" }}{{ fail \"f\" }}\n", &[]),
    ("templates/b.yaml", "{{ required \"a\" nil }}{{ .Values.x.y }}", &[]),
    ("templates/b.yaml", "{{ include \"nope\" . }}", &[]),
    ("templates/b.yaml", "{{ if }}", &[]),
    ("templates/b.yml", "kind: A\n", &[]),
    ("templates/b.json", "{}", &[]),
    ("templates/b.yaml", "\"helm.sh/hook\": crd-install\nx: {{ .Release.Time }}\n", &[]),
    ("charts/s/Chart.yaml", SUBCHART, &["--with-subcharts"]),
    ("charts/s/Chart.yaml", "name: s\n", &[]),
    ("charts/s/x", "", &[]),
    ("requirements.yaml", "dependencies: [{name: s}]\n", &[]),
    ("crds/a.yaml", "kind: A\n", &[]),
    ("crds/a.yaml", "kind: {{ .x }}\n", &[]),
    (".helmignore", "templates\n", &[]),
    (".helmignore", "**\n", &[]),
];

/// Exit code, standard output, standard error.
type Outcome = (Option<i32>, String, String);

fn run(program: &Path, args: &[&str], flags: &[&str], top: &Path) -> Result<Outcome> {
    let mut command = Command::new(program);
    command.args(args).arg("c").args(flags).current_dir(top).env("HOME", top).env("KUBECONFIG", "/dev/null");
    let out = command.env("TZ", "UTC").env_remove("HELM_NAMESPACE").output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((out.status.code(), text(&out.stdout), text(&out.stderr)))
}

#[test]
fn lint_says_what_helm_says() {
    let Some(setup) = Setup::find(false) else { return };
    let result = (|| -> Result<()> {
        for (file, text, flags) in FAULTS {
            let dir = tempfile::tempdir()?;
            let good = [("Chart.yaml", CHART), ("values.yaml", "a: 1\n"), ("templates/a.yaml", CONFIG_MAP)];
            for (name, text) in good.into_iter().chain([(*file, *text)]) {
                let path = dir.path().join("c").join(name);
                fs::create_dir_all(path.parent().unwrap())?;
                fs::write(path, text)?;
            }
            for (helm, ours) in [("helm4", &["lint"][..]), ("helm3", &["lint", "--helm3"][..])] {
                let want = run(&setup.tools.join(helm), &["lint"], flags, dir.path())?;
                let got = run(&setup.helmd, ours, flags, dir.path())?;
                ensure!(got == want, "{file} {text:?} {flags:?}\n{helm}: {want:?}\nhelmd: {got:?}");
            }
        }
        Ok(())
    })();
    result.unwrap();
}
