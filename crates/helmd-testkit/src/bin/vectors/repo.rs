//! Records of repository indexes: reading, picking, merging, searching, and where their charts are.

use crate::check::{self, Record, Verdict, helm_text};
use helmd_chart::HelmMajor;
use helmd_index::search::{self, Format, Query};
use helmd_index::{Index, IndexError, location};
use serde_json::{Value as Json, json};

/// `repo.json`
pub fn repo(record: &Record, helm: HelmMajor) -> Verdict {
    let results = record.results(helm);
    let index = |key: &str| Index::load(&record.bytes(key), helm).map(|loaded| loaded.index);
    let text = |got: Result<String, String>| check::text(results, got.map(String::into_bytes));
    match record.str("op") {
        "load" => check::value(results, index("index").map(|i| summary(&i)).map_err(in_file)),
        "merge" => {
            let merged = index("into").and_then(|mut into| {
                into.merge(index("from")?);
                Ok(into)
            });
            check::value(results, merged.map(|i| summary(&i)).map_err(in_file))
        }
        "get" => text(index("index").map_err(in_file).and_then(|index| {
            let selected = index.get(record.str("name"), record.str("version"));
            selected.map(|found| found.chart.version.to_string()).map_err(|e| helm_text(&e))
        })),
        "has" => check::value(
            results,
            index("index").map(|i| json!(i.has(record.str("name"), record.str("version")))).map_err(in_file),
        ),
        "resolve-url" => text(location::resolve(record.str("base"), record.str("ref")).map_err(|e| helm_text(&e))),
        "write" => text(index("index").map_err(in_file).and_then(|i| {
            let written = i.to_yaml().and_then(|yaml| Ok(yaml + &i.to_json()?));
            written.map_err(|e| helm_text(&e))
        })),
        "search" => text(search(record, helm).map_err(|e| format!("Error: {e}"))),
        other => Verdict::fail(other, "an unknown op"),
    }
}

fn in_file(error: IndexError) -> String {
    format!("error loading <FILE>: {}", helm_text(&error))
}

fn summary(index: &Index) -> Json {
    let versions = |v: &Vec<helmd_index::ChartVersion>| v.iter().map(|v| json!(&*v.version)).collect::<Vec<_>>();
    let entries: serde_json::Map<String, Json> =
        index.entries.iter().map(|(name, v)| (name.clone(), json!(versions(v)))).collect();
    json!({"apiVersion": index.api_version, "entries": entries})
}

fn search(record: &Record, helm: HelmMajor) -> Result<String, String> {
    let flags = Flags::parse(record.get("args"))?;
    let names = record.get("repos_in_order").as_array().cloned().unwrap_or_default();
    let mut indexes = Vec::new();
    for name in names.iter().filter_map(Json::as_str) {
        let text = record.get("repos").get(name).and_then(Json::as_str).unwrap_or_default();
        if let Ok(loaded) = Index::load(text.as_bytes(), helm) {
            indexes.push((name, loaded.index));
        }
    }
    if names.is_empty() {
        return Err("no repositories configured".to_owned());
    }
    let repositories: Vec<(&str, &Index)> = indexes.iter().map(|(name, index)| (*name, index)).collect();
    let hits = search::search(&repositories, &flags.query).map_err(|e| helm_text(&e))?;
    if hits.is_empty() && flags.fail_on_no_result {
        return Err(search::NoResults.to_string());
    }
    search::print(&search::elements(&hits), flags.format, flags.max_column_width).map_err(|e| helm_text(&e))
}

/// The flags of `helm search repo`.
struct Flags {
    query: Query,
    format: Format,
    max_column_width: usize,
    fail_on_no_result: bool,
}

impl Flags {
    fn parse(args: &Json) -> Result<Flags, String> {
        let mut flags =
            Flags { query: Query::default(), format: Format::Table, max_column_width: 50, fail_on_no_result: false };
        let mut words = Vec::new();
        let mut args = args.as_array().into_iter().flatten().filter_map(Json::as_str);
        while let Some(arg) = args.next() {
            let (flag, attached) = match arg.split_once('=') {
                Some((flag, value)) if flag.starts_with("--") => (flag, Some(value)),
                _ => (arg, None),
            };
            let mut value = || attached.or_else(|| args.next()).unwrap_or_default();
            let set = attached.is_none_or(|value| value == "true");
            match flag {
                "-r" | "--regexp" => flags.query.regexp = set,
                "-l" | "--versions" => flags.query.versions = set,
                "--devel" => flags.query.devel = set,
                "--fail-on-no-result" => flags.fail_on_no_result = set,
                "--version" => flags.query.version = value().to_owned(),
                "--max-col-width" => {
                    let text = value();
                    flags.max_column_width = text.parse().map_err(|_| {
                        format!("invalid argument {text:?} for \"--max-col-width\" flag: strconv.ParseUint: parsing {text:?}: invalid syntax")
                    })?;
                }
                "-o" | "--output" => {
                    let text = value();
                    flags.format = text
                        .parse()
                        .map_err(|e| format!("invalid argument {text:?} for \"-o, --output\" flag: {e}"))?;
                }
                "-rl" | "-lr" => (flags.query.regexp, flags.query.versions) = (true, true),
                word => words.push(word),
            }
        }
        flags.query.term = (!words.is_empty()).then(|| words.join(" "));
        Ok(flags)
    }
}
