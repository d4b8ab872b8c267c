//! The commands on registries beside the real programs: the same sequence by helm and by helmd, each in a folder of its own of the
//! same registries, gives the same output, exit codes and files; and what one has put there the others get.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod cases;

use helmd_e2e::sides::{self, Side};
use helmd_e2e::{Registry, Setup, files};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

const CHART: &str = "apiVersion: v2\nname: demo\nversion: 0.0.0\ndescription: a <small> chart\nhome: http://127.0.0.1\n\
    maintainers: [{name: A, email: a@example.com}, {name: B}]\nannotations: {a/b: c}\n";
const OBJECT: &str =
    "kind: ConfigMap\napiVersion: v1\nmetadata: {name: {{ .Release.Name }}}\ndata: {v: {{ .Chart.Version }}}\n";

/// The archives that are put into registries, with a time of their own.
fn archives(helm: &Path, folder: &Path) {
    let chart = folder.join("demo");
    std::fs::create_dir_all(chart.join("templates")).unwrap();
    std::fs::write(chart.join("Chart.yaml"), CHART).unwrap();
    std::fs::write(chart.join("templates/map.yaml"), OBJECT).unwrap();
    for version in ["1.0.0", "1.2.3+b1", "2.0.0-rc.1"] {
        let mut helm = Command::new(helm);
        helm.args(["package", "demo", "--version", version]).current_dir(folder).env("HOME", folder);
        assert!(helm.stdout(Stdio::null()).status().unwrap().success());
        let file = std::fs::File::options().append(true).open(folder.join(format!("demo-{version}.tgz"))).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1_750_000_000)).unwrap();
    }
    std::fs::write(folder.join("demo-1.0.0.tgz.prov"), "a signature").unwrap();
}

fn compare(helm: &str, flag: Option<&str>) {
    let Some(setup) = Setup::find(false) else { return };
    let (Some(open), Some(closed)) = (Registry::start(false).unwrap(), Registry::start(true).unwrap()) else {
        return Setup::missing("docker-registry");
    };
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    archives(&setup.tools.join("helm4"), &made);
    let side = |name: &str, program: &Path, flag| {
        let folder = folder.path().join(name);
        let work = folder.join("work");
        files::copy(&made, &work).unwrap();
        std::fs::create_dir_all(folder.join("home")).unwrap();
        std::fs::create_dir_all(work.join("par")).unwrap();
        let wanted = format!("{{name: demo, version: 1.x.x, repository: \"oci://{}/both\"}}", open.host);
        let parent = format!("apiVersion: v2\nname: par\nversion: 0.1.0\ndependencies: [{wanted}]\n");
        std::fs::write(work.join("par/Chart.yaml"), parent).unwrap();
        // The folder of the registry that is this side's.
        let own =
            ["/", "c:", "name:", "Name:"].iter().map(|before| (format!("{before}{name}/"), format!("{before}X/")));
        let hosts = [&open.host, &closed.host].map(|host| (format!("{host}/{name}"), format!("{host}/X")));
        // HELM: version 3 writes down when a chart was put there, not when it was made.
        let without_digests = helm == "helm3";
        let (program, own) = (program.to_owned(), own.chain(hosts).collect());
        Side { program, folder, flag, own, without_digests, variables: Vec::new() }
    };
    let theirs = side("t", &setup.tools.join(helm), None);
    let ours = side("o", &setup.helmd, flag);
    let gone = "127.0.0.1:1";
    let fill = |line: &str, number: usize| {
        let name = if number == 0 { "t" } else { "o" };
        let line =
            line.replace("BASE", &format!("{}/{name}", open.host)).replace("AUTH", &format!("{}/{name}", closed.host));
        line.replace("OPEN", &open.host).replace("CLOSED", &closed.host).replace("GONE", gone)
    };
    for archive in ["demo-1.0.0.tgz", "demo-1.2.3+b1.tgz"] {
        let pushed = theirs.run(&format!("push {archive} oci://{}/both --plain-http", open.host));
        assert_eq!(pushed.code, Some(0), "{}", pushed.err);
    }
    let four = |line: &&str| helm == "helm4" || !line.starts_with("4 ");
    let lines = cases::CASES.lines().filter(four).map(|line| line.strip_prefix("4 ").unwrap_or(line));
    let sequence: Vec<&str> = lines.collect();
    let (lines, different) = sides::compare((&theirs, &ours), &sequence.join("\n"), fill);
    println!("{helm}: {} of {lines} commands on registries the same", lines - different.len());
    assert!(different.is_empty(), "{helm}: {} of {lines} differ\n{}", different.len(), different.join("\n"));
}

#[test]
fn registries_of_helm_4() {
    compare("helm4", None);
}

#[test]
fn registries_of_helm_3() {
    compare("helm3", Some("--helm3"));
}
