//! Charts that fail, each in its own way, on a real cluster: what helmd prints of each is in docs/failures.md.
//!
//! `HELMD_BLESS=1` writes that file in place of comparing with it.

mod charts;

use anyhow::{Context, Result, ensure};
use charts::{CHARTS, Failing};
use helmd_e2e::{Program, Setup, wait_until};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How many charts are tried at a time.
const PARALLEL: usize = 5;

const HEAD: &str = "# What failures look like

Charts that fail, each in its own way, and what `helmd install --wait --explain` prints of each. The sentence after `Error:` is Helm's; what
follows is helmd's, and is printed without `--explain` on a terminal as well. Written by `HELMD_BLESS=1 e2e/run failures`, which compares
otherwise; what differs from run to run is `…`. What was found out of a revision that was recorded is kept with it: `helmd status demo --explain`
shows it later.
";

struct World<'a> {
    setup: &'a Setup,
    kubeconfig: PathBuf,
    folder: &'a Path,
}

impl World<'_> {
    /// What helmd prints of a chart; its text in the file.
    fn section(&self, number: usize, failing: &Failing) -> Result<String> {
        let namespace = format!("failing-{}-{number}", std::process::id());
        let kubectl = Program::new("kubectl", &self.kubeconfig, self.folder);
        kubectl.run(&["create", "namespace", &namespace])?;
        let chart = self.write(number, failing)?;
        self.prepare(&kubectl, &namespace, failing)?;
        let printed = self.install(&namespace, &chart, failing);
        let kept = self.kept(&namespace, failing);
        kubectl.run(&["delete", "namespace", &namespace, "--wait=false"])?;
        let (printed, kept) = (printed?, kept?);
        ensure!(
            printed.contains(&kept),
            "{}: kept with the record is\n{kept}\nbut printed was\n{printed}",
            failing.title
        );
        let flags: String = failing.flags.iter().map(|flag| format!(" {flag}")).collect();
        let Failing { title, about, .. } = failing;
        Ok(format!(
            "\n## {title}\n\n{about}\n\n```\n$ helmd install demo ./chart --wait --timeout 5s --explain{flags}\n{printed}\n```\n"
        ))
    }

    fn write(&self, number: usize, failing: &Failing) -> Result<PathBuf> {
        let chart = self.folder.join(format!("chart-{number}"));
        std::fs::create_dir_all(chart.join("templates"))?;
        std::fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: chart\nversion: 0.1.0\n")?;
        std::fs::write(chart.join("templates/objects.yaml"), failing.template)?;
        if !failing.definition.is_empty() {
            std::fs::create_dir_all(chart.join("crds"))?;
            std::fs::write(chart.join("crds/definition.yaml"), failing.definition)?;
        }
        Ok(chart)
    }

    /// What there is before the install.
    fn prepare(&self, kubectl: &Program, namespace: &str, failing: &Failing) -> Result<()> {
        if failing.before.is_empty() {
            return Ok(());
        }
        let file = self.folder.join(format!("{namespace}.yaml"));
        std::fs::write(&file, failing.before.replace("NAMESPACE", namespace))?;
        let file = file.display().to_string();
        kubectl.run(&["apply", "--server-side", "--field-manager=hand", "-n", namespace, "-f", &file])?;
        if failing.before.contains("kind: Validating") {
            let probe = ["create", "configmap", "probe", "--dry-run=server", "-n", namespace];
            wait_until(Duration::from_secs(30), "the refusal", || Ok(kubectl.run(&probe).is_err()))?;
        }
        if failing.before.contains("kind: ResourceQuota") {
            let asked = ["get", "resourcequota", "small", "-n", namespace, "-o", "jsonpath={.status.hard}"];
            wait_until(Duration::from_secs(30), "the quota", || Ok(!kubectl.run(&asked)?.is_empty()))?;
        }
        Ok(())
    }

    fn helmd(&self, failing: &Failing) -> Command {
        let kubeconfig = match failing.user {
            "" => self.kubeconfig.clone(),
            user => self.kubeconfig.with_file_name(format!("{user}.kubeconfig")),
        };
        let mut helmd = Command::new(&self.setup.helmd);
        helmd.env_clear().env("HOME", self.folder).env("KUBECONFIG", kubeconfig).stdin(Stdio::null());
        helmd
    }

    /// What `helmd status --explain` tells of it afterwards; nothing where no revision was recorded.
    fn kept(&self, namespace: &str, failing: &Failing) -> Result<String> {
        let words = ["status", "demo", "--explain", "-n", namespace];
        let output = self.helmd(failing).args(words).output().context("running helmd")?;
        let text = String::from_utf8_lossy(&output.stdout);
        if failing.title == "Crash loop" {
            ensure!(text.contains("\nEXPLANATION:\nDeployment web: "), "nothing is kept of it: {text}");
        }
        let kept = text.split_once("\nEXPLANATION:\n").map(|(_, kept)| kept.trim_end()).unwrap_or_default();
        Ok(plain(&kept.replace(namespace, "demo")))
    }

    fn install(&self, namespace: &str, chart: &Path, failing: &Failing) -> Result<String> {
        let output = self
            .helmd(failing)
            .args(["install", "demo"])
            .arg(chart)
            .args(["--wait", "--timeout", "5s", "--explain", "-n", namespace])
            .args(failing.flags)
            .output()
            .context("running helmd")?;
        ensure!(!output.status.success(), "{}: it did not fail", failing.title);
        let text = String::from_utf8_lossy(&output.stderr);
        // Helm's log says the same once more.
        let told = text.lines().filter(|line| !line.starts_with("level=") && !line.contains(" warnings.go:"));
        Ok(plain(&told.collect::<Vec<_>>().join("\n").replace(namespace, "demo")))
    }
}

/// Takes out what differs from run to run: made names, ports, times.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((at, word)) = ["web-", "migrate-"].iter().filter_map(|w| Some((rest.find(w)?, *w))).min() {
        let (before, from) = rest.split_at(at + word.len());
        let end = from.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(from.len());
        let made = from.split_at(end).0;
        let is_made = made.split('-').next_back().is_some_and(|part| part.len() == 5) || made.is_empty();
        plain.push_str(before);
        plain.push_str(if is_made { "…" } else { made });
        rest = from.split_at(end).1;
    }
    plain.push_str(rest);
    plain
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whether the file is to be written")]
fn failures_tell_what_to_do() {
    let Some(setup) = Setup::find(true) else { return };
    let folder = tempfile::tempdir().unwrap();
    let world = World { kubeconfig: setup.kubeconfig.clone().unwrap(), setup: &setup, folder: folder.path() };
    let next = AtomicUsize::new(0);
    let sections: Mutex<Vec<(usize, Result<String>)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..PARALLEL {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(failing) = CHARTS.get(number) else { return };
                    let section = world.section(number, failing);
                    sections.lock().unwrap().push((number, section));
                }
            });
        }
    });
    let kubectl = Program::new("kubectl", &world.kubeconfig, world.folder);
    let leftovers = "validatingwebhookconfiguration/gone,validatingadmissionpolicy/owner-required,\
                     validatingadmissionpolicybinding/owner-required,crd/caches.failures.example.com";
    for left in leftovers.split(',') {
        // What was not made is no matter.
        let _ = kubectl.run(&["delete", left, "--wait=false"]);
    }
    let mut sections = sections.into_inner().unwrap();
    sections.sort_by_key(|(number, _)| *number);
    let text = sections.into_iter().map(|(_, section)| section.unwrap_or_else(|err| format!("\n## {err}\n")));
    let text: String = text.collect();
    let text = format!("{HEAD}{text}");
    let hintless: Vec<&str> = text.split("\n## ").skip(1).filter(|section| !section.contains("\nhint: ")).collect();
    if std::env::var("HELMD_BLESS").is_err() {
        assert!(hintless.is_empty(), "without hint:\n{}", hintless.join("\n"));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/failures.md");
    if std::env::var("HELMD_BLESS").is_ok() {
        std::fs::write(&file, text).unwrap();
        return;
    }
    let known = std::fs::read_to_string(&file).unwrap();
    let sections = |text: &str| text.split("\n## ").map(str::to_owned).collect::<Vec<_>>();
    let (known, told) = (sections(&known), sections(&text));
    let different: Vec<&String> = told.iter().filter(|section| !known.contains(section)).collect();
    println!("{} of {} failures as in docs/failures.md", CHARTS.len().saturating_sub(different.len()), CHARTS.len());
    for section in &different {
        println!("--- {section}");
    }
    assert!(different.is_empty() && known.len() == told.len(), "docs/failures.md differs: HELMD_BLESS=1 writes it");
}
