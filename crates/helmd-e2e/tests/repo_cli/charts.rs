//! What the repositories hold.

use crate::server::Files;
use std::path::Path;
use std::process::Command;

const CHARTS: [(&str, &str, &str); 6] = [
    ("alpha", "0.1.0", "appVersion: \"1.0\"\ndescription: The first letter\nkeywords: [greek, letter]\n"),
    ("alpha", "0.2.0", "appVersion: \"1.1\"\ndescription: The first letter\nkeywords: [greek, letter]\n"),
    ("alpha", "0.3.0-beta.1", "appVersion: \"1.2\"\ndescription: The first letter, soon\n"),
    (
        "beta",
        "1.0.0+build.5",
        "description: The second letter of an alphabet that has quite a number of them\ndeprecated: true\n",
    ),
    ("beta", "0.9.0", "description: The second letter\n"),
    ("gamma", "2.0.0", "description: 'Third: a letter'\nicon: https://icons.example/g.png\n"),
];

/// Packs the charts and writes the files of all repositories; `base` is the server's URL, `other` another one's.
pub fn files(helm: &Path, folder: &Path, base: &str, other: &str) -> Files {
    let packed = folder.join("packed");
    std::fs::create_dir_all(packed.join("below")).unwrap();
    for (name, version, more) in CHARTS {
        let chart = folder.join(format!("{name}-{version}"));
        std::fs::create_dir_all(chart.join("templates")).unwrap();
        let yaml = format!("apiVersion: v2\nname: {name}\nversion: {version}\n{more}");
        std::fs::write(chart.join("Chart.yaml"), yaml).unwrap();
        std::fs::write(chart.join("values.yaml"), "word: hello\n").unwrap();
        let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata: {word: {{ .Values.word }}}\n";
        std::fs::write(chart.join("templates/c.yaml"), template).unwrap();
        run(helm, &["package", chart.to_str().unwrap(), "-d", packed.to_str().unwrap()]);
    }
    run(helm, &["repo", "index", packed.to_str().unwrap()]);
    let index = std::fs::read_to_string(packed.join("index.yaml")).unwrap();
    let mut files = Files::new();
    for entry in std::fs::read_dir(&packed).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let bytes = std::fs::read(&path).unwrap();
            for repository in ["charts", "private", "elsewhere"] {
                files.insert(format!("/{repository}/{name}"), bytes.clone());
            }
        }
    }
    files.insert("/charts/alpha-0.2.0.tgz.prov".into(), b"a signature".to_vec());
    let absolute = |at: &str| index.replace("    - alpha-", &format!("    - {at}/elsewhere/alpha-"));
    files.insert("/abs/index.yaml".into(), absolute(other).into_bytes());
    files.insert("/own/index.yaml".into(), absolute(base).into_bytes());
    files.insert(
        "/json/index.yaml".into(),
        br#"{"apiVersion":"v1","entries":{"j":[{"name":"j","version":"1.0.0","urls":["j-1.0.0.tgz"]}]}}"#.to_vec(),
    );
    files.insert("/broken/index.yaml".into(), b"a: [".to_vec());
    files.insert("/empty/index.yaml".into(), Vec::new());
    files.insert("/html/index.yaml".into(), b"<html><body>hello</body></html>".to_vec());
    files.insert("/noversion/index.yaml".into(), b"entries: {}\n".to_vec());
    files.insert("/odd/index.yaml".into(), ODD.as_bytes().to_vec());
    files
}

/// Entries that are skipped, and charts that cannot be got.
const ODD: &str = r#"apiVersion: v1
entries:
  nourl:
  - {apiVersion: v2, name: nourl, version: 1.0.0}
  badversion:
  - {apiVersion: v2, name: badversion, version: nope, urls: [x.tgz]}
  ok:
  - {apiVersion: v2, name: ok, version: 1.0.0, urls: [missing-1.0.0.tgz]}
  - ~
  ftp:
  - {apiVersion: v2, name: ftp, version: 1.0.0, urls: ["ftp://example.com/ftp-1.0.0.tgz"]}
  digest:
  - {apiVersion: v2, name: digest, version: 1.0.0, digest: "zz", urls: [x.tgz]}
  short:
  - {apiVersion: v2, name: short, version: 1.0.0, digest: "abcd", urls: [x.tgz]}
  "..":
  - {apiVersion: v2, name: "..", version: 1.0.0, urls: ["../x.tgz"]}
"#;

/// Charts that want others: name, API version, and what they want (name, version, repository).
const PARENTS: [(&str, &str, &[[&str; 3]]); 19] = [
    ("p-none", "v2", &[]),
    ("p-url", "v2", &[["alpha", "^0.1", "BASE/charts"], ["gamma", "*", "BASE/charts/"]]),
    ("p-alias", "v2", &[["alpha", ">=0.1", "@a"], ["gamma", "2.0.0", "alias:a"]]),
    ("p-private", "v2", &[["beta", "~1", "@p"]]),
    ("p-file", "v2", &[["p-none", "1.x", "file://../p-none"], ["p-url", "1.0.0", "file://../p-url"]]),
    ("p-missing", "v2", &[["alpha", "^9", "@a"], ["gamma", "^9", "@a"]]),
    ("p-nochart", "v2", &[["omega", "1", "@a"]]),
    ("p-badurl", "v2", &[["alpha", "1", "BASE/nothing"]]),
    ("p-word", "v2", &[["alpha", "1", "stable"], ["gamma", "1", "@nobody"]]),
    ("p-local", "v2", &[["inner", ">0", ""]]),
    ("p-localbad", "v2", &[["inner", ">5", ""]]),
    ("p-nofolder", "v2", &[["x", "1", "file://../nowhere"]]),
    ("p-twice", "v2", &[["alpha", "0.2.0", "@a"], ["alpha", "0.2.0", "@a"]]),
    ("p-constraint", "v2", &[["alpha", "what", "@a"]]),
    ("p-stale", "v2", &[["alpha", "0.2.0", "@a"]]),
    ("p-old", "v1", &[["alpha", "0.2.0", "@a"]]),
    ("p-late", "v2", &[["gamma", "2", "BASE/charts"]]),
    ("p-late2", "v2", &[["gamma", "2", "BASE/charts"]]),
    ("p-unused", "v2", &[]),
];

/// Writes them.
pub fn parents(work: &Path, base: &str) {
    for (name, api, wanted) in PARENTS {
        let chart = work.join(name);
        std::fs::create_dir_all(chart.join("charts")).unwrap();
        let alias = |place: usize| if name == "p-twice" && place == 1 { "  alias: other\n" } else { "" };
        let wants: String = wanted
            .iter()
            .enumerate()
            .map(|(place, [name, version, repository])| {
                let repository = repository.replace("BASE", base);
                format!("- name: {name}\n  version: {version:?}\n  repository: {repository:?}\n{}", alias(place))
            })
            .collect();
        let wants = if wants.is_empty() { wants } else { format!("dependencies:\n{wants}") };
        let head = format!("apiVersion: {api}\nname: {name}\nversion: 1.0.0\n");
        let (head, requirements) = if api == "v1" { (head, Some(wants)) } else { (head + &wants, None) };
        std::fs::write(chart.join("Chart.yaml"), head).unwrap();
        if let Some(requirements) = requirements {
            std::fs::write(chart.join("requirements.yaml"), requirements).unwrap();
        }
        if name.starts_with("p-local") {
            std::fs::create_dir_all(chart.join("charts/inner")).unwrap();
            std::fs::write(chart.join("charts/inner/Chart.yaml"), "apiVersion: v2\nname: inner\nversion: 1.2.3\n")
                .unwrap();
        }
        if name == "p-stale" {
            std::fs::write(
                chart.join("Chart.lock"),
                "dependencies:\n- name: alpha\n  repository: https://x.example\n  version: 0.1.0\ndigest: sha256:1\n",
            )
            .unwrap();
            std::fs::write(chart.join("charts/note.txt"), "not a chart\n").unwrap();
        }
    }
}

fn run(helm: &Path, words: &[&str]) {
    assert!(Command::new(helm).args(words).output().unwrap().status.success(), "{words:?}");
}
