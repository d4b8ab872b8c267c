//! The lines of the immunity checklist about input, one test for each: what a stranger's chart, values or archive may hold.
//! Each test names the class of holes it is about; the numbers are those of Helm and of systems with the same job.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use flate2::Compression;
use flate2::write::GzEncoder;
use helmd_action::{Budgets, Template, helm_text};
use helmd_chart::{Chart, File, HelmMajor, Loader, Values, error_text};
use std::io::Write as _;
use std::time::{Duration, Instant};
use tar::{Builder, EntryType, Header};

const CHART: &str = "apiVersion: v2\nname: c\nversion: 0.1.0\n";

// --- archives by hand -------------------------------------------------------------------------------------------------

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A header whose name is written as it is: the library itself refuses the names of attackers.
fn header(name: &str, kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    let field = &mut header.as_old_mut().name;
    field[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

fn add(tar: &mut Vec<u8>, name: &str, kind: EntryType, data: &[u8]) {
    tar.extend_from_slice(header(name, kind, data.len() as u64).as_bytes());
    tar.extend_from_slice(data);
    tar.resize(tar.len().next_multiple_of(512), 0);
}

/// The archive of a chart with one more entry.
fn archive_with(name: &str, kind: EntryType, data: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    add(&mut tar, "c/Chart.yaml", EntryType::Regular, CHART.as_bytes());
    add(&mut tar, name, kind, data);
    tar.resize(tar.len() + 1024, 0);
    gzip(&tar)
}

fn archive_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, data) in files {
        let mut header = Header::new_gnu();
        header.set_size(data.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("c/{name}"), *data).unwrap();
    }
    gzip(&tar.into_inner().unwrap())
}

fn load(archive: &[u8]) -> Result<Chart, String> {
    load_within(archive, &Budgets::default())
}

fn load_within(archive: &[u8], budgets: &Budgets) -> Result<Chart, String> {
    budgets.loader(HelmMajor::Helm4).archive(archive).map_err(|e| error_text(&e))
}

fn refused(archive: &[u8]) -> String {
    load(archive).map(|c| c.metadata.name).unwrap_err()
}

/// What loading a chart of these files says.
fn loaded(files: &[(&str, &str)]) -> Result<Chart, String> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(n, t)| (*n, t.as_bytes())).collect();
    load(&archive_of(&files))
}

async fn rendered(files: &[(&str, &str)], values: Values) -> Result<String, String> {
    let template = Template::new("r", "default", loaded(files)?, values);
    template.run().await.map(|r| r.manifest).map_err(|e| helm_text(&*e.error))
}

fn quickly<T>(work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    assert!(started.elapsed() < Duration::from_secs(20), "took {:?}", started.elapsed());
    result
}

// --- YAML -------------------------------------------------------------------------------------------------------------

/// CVE-2020-15185, CVE-2020-15187: a second key of the same name overrides what was checked. Index and plugin files and
/// lint read strictly. HELM: `Chart.yaml` and values take the last one, as Helm does, and always the same one.
#[test]
fn duplicate_keys_are_refused_by_strict_reading() {
    let twice = b"entries: {a: 1}\nentries: {b: 2}\n";
    let error = helmd_yaml::parse_strict(twice, helmd_yaml::Numbers::Json).unwrap_err().to_string();
    assert!(error.contains("key \"entries\" already set in map"), "{error}");
    let nested = b"a:\n  b: 1\n  b: 2\n";
    assert!(helmd_yaml::parse_strict(nested, helmd_yaml::Numbers::Json).is_err());
    let chart = format!("{CHART}name: other\n");
    assert_eq!(loaded(&[("Chart.yaml", &chart)]).unwrap().metadata.name, "other");
}

/// Billion laughs (CVE-2019-11253 in Kubernetes): a short text whose aliases stand for gigabytes.
#[test]
fn alias_bombs_are_refused() {
    let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for i in 1..12 {
        let before = vec![format!("*a{}", i - 1); 9].join(", ");
        laughs.push_str(&format!("a{i}: &a{i} [{before}]\n"));
    }
    let error = quickly(|| loaded(&[("Chart.yaml", CHART), ("values.yaml", &laughs)]).unwrap_err());
    assert!(error.contains("values.yaml") && error.contains("excessive aliasing"), "{error}");
    let chart = format!("{CHART}annotations:\n  x: y\nanchors:\n  {}", laughs.replace('\n', "\n  "));
    let error = quickly(|| loaded(&[("Chart.yaml", &chart)]).unwrap_err());
    assert!(error.contains("Chart.yaml") && error.contains("excessive aliasing"), "{error}");
    // Few aliases of a long text are not excessive to go-yaml, but long.
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 200].join(", "));
    let error = loaded(&[("Chart.yaml", CHART), ("values.yaml", &long)]).unwrap_err();
    assert!(
        error.contains("budget yaml-bytes exceeded (at most 104857600 bytes of YAML, aliases followed)"),
        "{error}"
    );
}

/// CVE-2022-23524, CVE-2025-32387: nesting that overflows the stack, which no handler can catch.
#[tokio::test]
async fn deep_nesting_is_refused() {
    let deep = "a: ".to_owned() + &"[".repeat(100_000);
    assert!(loaded(&[("Chart.yaml", CHART), ("values.yaml", &deep)]).unwrap_err().contains("exceeded max depth"));
    let deep = format!("a: {}{}", "[".repeat(2000), "]".repeat(2000));
    let error = loaded(&[("Chart.yaml", CHART), ("values.yaml", &deep)]).unwrap_err();
    assert!(error.contains("budget yaml-depth exceeded (at most 1000 levels of YAML)"), "{error}");
    let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    for schema in [deep.clone(), format!("{{\"allOf\":{}1{}}}", "[".repeat(900), "]".repeat(900))] {
        let error = rendered(&[("Chart.yaml", CHART), ("values.schema.json", &schema)], Values::new()).await;
        assert!(error.is_err_and(|e| e.contains("c:\n")), "{}", &schema[..20]);
    }
    let mut values = Values::new();
    let name = "a.".repeat(1000) + "b=1";
    let set = helmd_values::strvals::parse(HelmMajor::Helm4, helmd_values::strvals::Form::Typed, &name, &mut values);
    assert_eq!(
        set.unwrap_err().to_string(),
        "value name nested level is greater than maximum supported nested level of 30"
    );
    let lists = format!("a{}=1", "[0]".repeat(10_000));
    let set = helmd_values::strvals::parse(HelmMajor::Helm4, helmd_values::strvals::Form::Typed, &lists, &mut values);
    assert_eq!(set.unwrap_err().to_string(), "key has more than 300 parts");
}

/// CVE-2022-36055: a number in a short text that asks for any amount of memory.
#[test]
fn sizes_and_counts_are_capped() {
    use helmd_values::strvals::{Form, parse};
    let set = |text: &str| {
        let mut values = Values::new();
        parse(HelmMajor::Helm4, Form::Typed, text, &mut values).map(|()| values).map_err(|e| e.to_string())
    };
    let error = set("a[9999999999]=x").unwrap_err();
    assert!(error.contains("65536"), "{error}");
    let many = (0..40).map(|i| format!("a{i}[65000]=x")).collect::<Vec<_>>().join(",");
    assert!(quickly(|| set(&many)).is_err(), "all lists together are too long");
    let small = Budgets { yaml_nodes: 100, yaml_bytes: 1000, ..Budgets::default() };
    let values = |text: String| {
        load_within(&archive_of(&[("Chart.yaml", CHART.as_bytes()), ("values.yaml", text.as_bytes())]), &small)
    };
    let error = values("a: [".to_owned() + &"1,".repeat(100) + "]").unwrap_err();
    assert!(error.contains("budget yaml-nodes exceeded (at most 100 "), "{error}");
    assert!(error.contains("allow more with --budget yaml-nodes=N"), "{error}");
    let error = values("# ".to_owned() + &"x".repeat(1000)).unwrap_err();
    assert!(error.contains("budget yaml-bytes exceeded (at most 1000 "), "{error}");
}

// --- names ------------------------------------------------------------------------------------------------------------

/// CVE-2021-21303 (control characters in what a terminal shows), CVE-2026-35204 (a version with `/../`).
#[test]
fn versions_are_semver_and_texts_are_printable() {
    for version in ["1.0.0/../../x", "\"1.0.0\\e[31m\"", "1.0.0 x", "a", "''", "\"1.0.0\\n\"", "1.0.0-..", "../1.0.0"] {
        let chart = format!("apiVersion: v2\nname: c\nversion: {version}\n");
        let error = loaded(&[("Chart.yaml", &chart)]).map(|c| c.metadata.version).unwrap_err();
        assert!(error.contains("chart.metadata.version"), "{version}: {error}");
    }
    let chart =
        "apiVersion: v2\nname: c\nversion: 0.1.0\ndescription: \"a\\e[31mb\\nc\"\nmaintainers: [{name: \"x\\ay\"}]\n";
    let metadata = loaded(&[("Chart.yaml", chart)]).unwrap().metadata;
    assert_eq!((metadata.description.as_str(), metadata.maintainers[0].name.as_str()), ("a[31mb c", "xy"));
}

/// CVE-2024-25620, CVE-2026-35206: a chart whose name leads to another folder when it is unpacked or saved.
#[test]
fn names_are_one_element_of_a_path() {
    for name in [".", "..", "a/b", "../a", "/a", "''"] {
        let chart = format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n");
        let error = loaded(&[("Chart.yaml", &chart)]).map(|c| c.metadata.name).unwrap_err();
        assert!(error.contains("chart.metadata.name"), "{name}: {error}");
    }
    for name in ["../x", "x/y", ".", "X", "x..y", "x y", "x\u{1b}[31m"] {
        assert!(helmd_chart::names::validate_release_name(name).is_err(), "{name}");
    }
}

/// CVE-2020-15184: an alias becomes a folder and a key of the values.
#[test]
fn aliases_are_plain() {
    for alias in ["../x", "a/b", "a b", "a.b", "\"a\\nb\"", "ä"] {
        let chart = format!("{CHART}dependencies:\n- {{name: d, version: 1.0.0, alias: {alias}}}\n");
        let error = loaded(&[("Chart.yaml", &chart)]).map(|c| c.metadata.name).unwrap_err();
        assert!(error.contains("disallowed characters in the alias"), "{alias}: {error}");
    }
}

/// CVE-2025-55198, CVE-2024-26147, CVE-2022-23525, CVE-2022-23526: fields that are missing, null or of another type.
#[tokio::test]
async fn odd_metadata_is_an_error_or_nothing() {
    let extra = [
        "maintainers: [null]",
        "maintainers: 5",
        "dependencies: [null]",
        "dependencies: {a: b}",
        "sources: [null]",
        "annotations: [1]",
        "keywords: x",
        "dependencies: [{name: d, version: '', import-values: [null, 5, {}]}]",
        "dependencies: [{name: d, version: '*', condition: ',,', tags: [null]}]",
        "kubeVersion: '>='",
        "type: 7",
    ];
    for line in extra {
        let chart = format!("{CHART}{line}\n");
        // No matter which: it must come back.
        let _answer = rendered(&[("Chart.yaml", &chart), ("values.yaml", "d: 5\n")], Values::new()).await;
    }
    for chart in ["", "null", "[]", "5", "---", "\0", "apiVersion: v2", "apiVersion: [v2]\nname: {}\nversion: 1"] {
        assert!(loaded(&[("Chart.yaml", chart)]).is_err(), "{chart:?}");
    }
    for schema in ["", "null", "5", "[]", "{\"type\": 5}", "{\"$ref\": 5}", "{\"properties\": null}", "\u{feff}{}"] {
        let _answer = rendered(&[("Chart.yaml", CHART), ("values.schema.json", schema)], Values::new()).await;
    }
    for values in ["null", "5", "[1]", "- a", "a: !!binary x", "\u{1}", "---\n---\n"] {
        let _answer = loaded(&[("Chart.yaml", CHART), ("values.yaml", values)]);
    }
}

// --- archives ---------------------------------------------------------------------------------------------------------

/// CVE-2025-53547, CVE-2019-18658: a link that is read or written through. Devices, pipes.
#[test]
fn archives_hold_regular_files_only() {
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Char, EntryType::Block, EntryType::Fifo] {
        let error = refused(&archive_with("c/Chart.lock", kind, b""));
        assert!(error.contains("cannot load irregular file \"c/Chart.lock\""), "{kind:?}: {error}");
    }
}

/// CVE-2019-1000008, CVE-2020-4053: names that lead out of the folder.
#[test]
fn archive_names_stay_below_one_folder() {
    for (name, want) in [
        ("/etc/passwd", "names outside of the one folder are refused"),
        ("c//etc/passwd", "chart illegally contains absolute paths"),
        ("c/../../etc/passwd", "chart illegally references parent directory"),
        ("../c/x", "chart archive has more than one top directory"),
        ("c/a/../../../x", "chart illegally references parent directory"),
        ("c\\..\\..\\x", "chart illegally references parent directory"),
        ("c\\c:\\windows\\x", "chart contains illegally named files"),
        ("c/c:/windows/x", "chart contains illegally named files"),
        ("c/a\u{1b}[31mb", "chart contains a file name with control characters"),
        ("c/a\nb", "chart contains a file name with control characters"),
        ("d/x", "chart archive has more than one top directory"),
        ("x", "chart illegally contains content outside the base directory"),
    ] {
        let error = refused(&archive_with(name, EntryType::Regular, b"x"));
        assert!(want.starts_with("names") || error.contains(want), "{name:?}: {error}");
    }
    let mut tar = Vec::new();
    add(&mut tar, "Chart.yaml", EntryType::Regular, CHART.as_bytes());
    assert!(load(&gzip(&tar)).is_err(), "the files lie at the top");
}

/// CVE-2025-32386: an archive that unpacks to thousands of times its size; entries without content; headers that are
/// bombs themselves; archives in archives.
#[test]
fn archive_bombs_are_refused() {
    let zeros = vec![0; 101 << 20];
    let error = quickly(|| refused(&archive_with("c/zeros", EntryType::Regular, &zeros)));
    assert_eq!(error, "decompressed chart is larger than the maximum size 104857600");
    // A header that promises less or more than there is.
    let mut tar = Vec::new();
    tar.extend_from_slice(header("c/x", EntryType::Regular, 1 << 40).as_bytes());
    tar.extend_from_slice(&[0; 2048]);
    assert_eq!(refused(&gzip(&tar)), "decompressed chart is larger than the maximum size 104857600");
    // A name of gigabytes, in a header that is read before the entry.
    let small = Budgets { archive_bytes: 1 << 20, archive_entries: 100, ..Budgets::default() };
    for kind in [EntryType::GNULongName, EntryType::XHeader, EntryType::GNULongLink] {
        let archive = archive_with("c/x", kind, &vec![b'a'; 4 << 20]);
        let error = load_within(&archive, &small).unwrap_err();
        assert!(error.starts_with("budget archive-bytes exceeded (at most 1048576 bytes"), "{kind:?}: {error}");
    }
    let error = refused(&archive_with("c/x", EntryType::GNULongName, &vec![b'a'; 100_000]));
    assert!(!error.is_empty());
    // Entries.
    let mut tar = Vec::new();
    add(&mut tar, "c/Chart.yaml", EntryType::Regular, CHART.as_bytes());
    for _ in 0..20_001 {
        tar.extend_from_slice(header("c/d/", EntryType::Directory, 0).as_bytes());
    }
    let error = quickly(|| refused(&gzip(&tar)));
    assert!(error.starts_with("budget archive-entries exceeded (at most 20000 files and folders"), "{error}");
    // Charts in charts in charts.
    let mut inner = archive_of(&[("Chart.yaml", CHART.as_bytes())]);
    for _ in 0..40 {
        inner = archive_of(&[("Chart.yaml", CHART.as_bytes()), ("charts/c-0.1.0.tgz", &inner)]);
    }
    let error = quickly(|| refused(&inner));
    assert!(error.starts_with("budget subchart-depth exceeded (at most 32 levels"), "{error}");
    // The budget is one for the whole chart.
    let part = archive_of(&[("Chart.yaml", CHART.as_bytes()), ("x", &zeros[..300 << 10])]);
    let four: Vec<(String, &[u8])> = (0..4).map(|i| (format!("charts/c{i}-0.1.0.tgz"), &*part)).collect();
    let mut files: Vec<(&str, &[u8])> = four.iter().map(|(n, d)| (n.as_str(), *d)).collect();
    files.push(("Chart.yaml", CHART.as_bytes()));
    let error = load_within(&archive_of(&files), &small).unwrap_err();
    assert!(error.contains("budget archive-bytes exceeded (at most 1048576 bytes"), "{error}");
}

/// A sparse file: ten gigabytes for whoever unpacks it, a header in the archive.
#[test]
fn sparse_files_take_no_memory() {
    const TEN_GIGABYTES: u64 = 10 << 30;
    let number = |field: &mut [u8; 12], number: u64| {
        *field = [0; 12];
        field[0] = 0x80;
        field[4..].copy_from_slice(&number.to_be_bytes());
    };
    let mut header = header("c/big", EntryType::GNUSparse, 0);
    let gnu = header.as_gnu_mut().unwrap();
    number(&mut gnu.sparse[0].offset, TEN_GIGABYTES);
    number(&mut gnu.sparse[0].numbytes, 0);
    number(&mut gnu.realsize, TEN_GIGABYTES);
    header.set_cksum();
    let mut tar = Vec::new();
    add(&mut tar, "c/Chart.yaml", EntryType::Regular, CHART.as_bytes());
    tar.extend_from_slice(header.as_bytes());
    tar.extend_from_slice(&[0; 1024]);
    let error = quickly(|| refused(&gzip(&tar)));
    assert_eq!(error, "decompressed chart is larger than the maximum size 104857600");
}

/// The same budgets as settings, with errors that name them.
#[test]
fn archive_budgets_are_settings() {
    let small = Budgets {
        archive_bytes: 10_000,
        archive_file_bytes: Some(1000),
        archive_entries: 3,
        subchart_depth: 0,
        ..Budgets::default()
    };
    let of = |files: &[(&str, &[u8])]| load_within(&archive_of(files), &small).unwrap_err();
    let chart = ("Chart.yaml", CHART.as_bytes());
    let error = of(&[chart, ("x", &[b'x'; 1001])]);
    assert!(error.starts_with("budget archive-file-bytes exceeded (at most 1000 bytes in one"), "{error}");
    let bytes = Budgets { archive_file_bytes: Some(50_000), ..small.clone() };
    let error = load_within(&archive_of(&[chart, ("x", &[b'x'; 10_001])]), &bytes).unwrap_err();
    assert!(error.starts_with("budget archive-bytes exceeded (at most 10000 bytes"), "{error}");
    let error = of(&[chart, ("a", b""), ("b", b""), ("d", b"")]);
    assert!(error.starts_with("budget archive-entries exceeded (at most 3 files"), "{error}");
    let error = of(&[chart, ("charts/d/Chart.yaml", CHART.as_bytes())]);
    assert!(error.starts_with("budget subchart-depth exceeded (at most 0 levels"), "{error}");
}

/// Damaged streams: no panic, no hang, a sentence.
#[test]
fn broken_archives_are_told() {
    let whole = archive_of(&[("Chart.yaml", CHART.as_bytes()), ("templates/x.yaml", b"a: 1\n")]);
    for end in 0..whole.len() {
        // What is cut off at the end of an archive may be nothing but its end.
        assert!(load(&whole[..end]).is_err() || end > whole.len() / 2, "{end}");
    }
    for at in (0..whole.len()).step_by(7) {
        let mut broken = whole.clone();
        broken[at] ^= 0x55;
        let _answer = load(&broken);
    }
}

/// CVE-2019-18658: a chart folder with a link to a secret, or to a device that never ends.
#[cfg(unix)]
#[test]
fn folders_have_no_links_out_and_no_devices() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("c");
    std::fs::create_dir_all(folder.join("templates")).unwrap();
    std::fs::write(folder.join("Chart.yaml"), CHART).unwrap();
    std::fs::write(outer.path().join("secret"), "s3cret").unwrap();
    let load = || {
        let chart = helmd_repo::local::load(&folder, &Loader::new(HelmMajor::Helm4));
        chart.map(|c| c.raw.len()).map_err(|e| error_text(&e))
    };
    assert_eq!(load(), Ok(1));
    let link = folder.join("templates/x");
    for (target, want) in [
        ("../../secret", "leads out of the chart"),
        ("/dev/zero", "leads out of the chart"),
        ("/proc/self/environ", "leads out of the chart"),
        ("..", "leads to a folder above it"),
        ("nowhere", "error evaluating symlink"),
    ] {
        std::os::unix::fs::symlink(target, &link).unwrap();
        let error = quickly(load).unwrap_err();
        assert!(error.contains(want) && !error.contains("s3cret"), "{target}: {error}");
        std::fs::remove_file(&link).unwrap();
    }
    // The rules of what to leave out are not read from there either.
    for target in ["/dev/zero", "../secret", "/proc/self/environ"] {
        std::os::unix::fs::symlink(target, folder.join(".helmignore")).unwrap();
        let answer = quickly(load);
        assert!(answer.as_ref().is_err_and(|e| !e.contains("s3cret")), "{target}: {answer:?}");
        std::fs::remove_file(folder.join(".helmignore")).unwrap();
    }
    assert!(std::process::Command::new("mkfifo").arg(&link).status().unwrap().success());
    assert!(quickly(load).unwrap_err().contains("irregular file"));
    assert_eq!(std::fs::read_to_string(outer.path().join("secret")).unwrap(), "s3cret");
}

// --- schemas ----------------------------------------------------------------------------------------------------------

/// CVE-2025-55199 and what is open in Helm: a schema that makes the host read files, devices or URLs.
#[tokio::test]
async fn schemas_load_nothing() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for target in [
        format!("http://127.0.0.1:{port}/x.json"),
        format!("https://127.0.0.1:{port}/x.json"),
        "file:///etc/passwd".to_owned(),
        "file:///dev/zero".to_owned(),
        "x.json".to_owned(),
        "../../../etc/passwd".to_owned(),
    ] {
        for keyword in ["$ref", "$schema", "$dynamicRef"] {
            let schema = format!("{{\"{keyword}\": \"{target}\"}}");
            let files = [("Chart.yaml", CHART), ("values.schema.json", schema.as_str())];
            let error = rendered(&files, Values::new()).await.unwrap_err();
            let refused = error.contains("schemas from outside of the chart are not loaded");
            assert!(refused || error.contains("relative URL without a base"), "{schema}: {error}");
            assert!(!error.contains("root:"), "{error}");
        }
    }
    assert!(listener.accept().is_err(), "somebody asked");
}

/// CVE-2025-32387: chains of references; and branches that multiply, which no depth bounds.
#[tokio::test]
async fn schemas_take_bounded_work() {
    let chain = |branches: usize, length: usize| {
        let mut definitions = Vec::new();
        for i in 0..length {
            let next = vec![format!("{{\"$ref\":\"#/definitions/d{}\"}}", i + 1); branches].join(",");
            definitions.push(format!("\"d{i}\":{{\"anyOf\":[{next}]}}"));
        }
        definitions.push(format!("\"d{length}\":false"));
        format!("{{\"$ref\":\"#/definitions/d0\",\"definitions\":{{{}}}}}", definitions.join(","))
    };
    let of = async |schema: &str| {
        let started = Instant::now();
        let files = [("Chart.yaml", CHART), ("values.schema.json", schema)];
        let error = rendered(&files, Values::new()).await.unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(20), "took {:?}", started.elapsed());
        error
    };
    assert!(of(&chain(1, 50_000)).await.contains("validation may need more than 4000 nested steps"));
    let error = of(&chain(2, 60)).await;
    assert!(error.contains("budget schema-steps exceeded (at most 5000000 steps"), "{error}");
    let patterns: Vec<String> = (0..5000).map(|i| format!("\"(a{i}{{1,500}}){{2}}\":{{}}")).collect();
    let error = of(&format!("{{\"patternProperties\":{{{}}}}}", patterns.join(","))).await;
    assert!(error.contains("budget schema-steps exceeded"), "{error}");
    let name = "x".repeat(8000);
    // The values do not fit, so that the schema has to be looked at.
    let (open, close) = (format!("{{\"type\":\"string\",\"{name}\":").repeat(400), "}".repeat(400));
    let error =
        of(&format!("{open}{{{}\"z\":{{}}}}{close}", (0..500).map(|i| format!("\"y{i}\":{{}},")).collect::<String>()))
            .await;
    assert!(error.contains("budget schema-bytes exceeded (at most 268435456 bytes"), "{error}");
    let files = [("Chart.yaml", CHART), ("values.schema.json", "{\"type\":\"object\"}")];
    assert!(rendered(&files, Values::new()).await.is_ok());
}

/// A chart of files made elsewhere goes through the same checks.
#[test]
fn files_need_a_chart() {
    let load = |files: Vec<File>| helmd_chart::load_files(files, HelmMajor::Helm4).map_err(|e| error_text(&e));
    assert_eq!(load(Vec::new()).unwrap_err(), "Chart.yaml file is missing");
    assert!(load(vec![File::new("templates/x".to_owned(), Vec::new())]).is_err());
}
