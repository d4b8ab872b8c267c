//! Records of YAML, versions and names.

use crate::check::{self, Record, Verdict};
use gotmpl::Value;
use helmd_chart::HelmMajor;
use helmd_semver::{Constraints, Version};
use serde_json::{Value as Json, json};

/// `yaml.json`
pub fn yaml(record: &Record, helm: HelmMajor) -> Verdict {
    if record.str("op") == "emit" { emit(record, helm) } else { parse(record, helm) }
}

fn parse(record: &Record, helm: HelmMajor) -> Verdict {
    let results = record.results(helm);
    let text = record.bytes("yaml");
    let plain = helmd_yaml::to_json_text(&text).map(String::into_bytes).map_err(|e| e.to_string());
    let mut verdicts = vec![check::text(results, plain)];
    let error = results.get("error").cloned();
    let mut variant = |key: &str, got: Result<(), String>| {
        let want = results.get(key).or(error.as_ref()).and_then(Json::as_str).map(str::to_owned);
        let got = got.err();
        if want != got {
            verdicts.push(Verdict::fail(format!("{key} {want:?}"), format!("{got:?}")));
        }
    };
    variant("strict_error", helmd_yaml::to_json_text_strict(&text).map(|_| ()).map_err(|e| e.to_string()));
    variant("map_error", helmd_yaml::parse_map(&text).map(|_| ()).map_err(|e| e.to_string()));
    check::all(verdicts)
}

fn emit(record: &Record, helm: HelmMajor) -> Verdict {
    let results = record.results(helm);
    let value = Value::from_json(&check::floats(record.get("json")));
    let trimmed = |out: Vec<u8>| out.strip_suffix(b"\n").map(<[u8]>::to_vec).unwrap_or(out);
    let got = helmd_yaml::to_yaml(&value).map(trimmed).unwrap_or_default();
    if let Some(lines) = results.get("lines").and_then(Json::as_array) {
        let got = String::from_utf8_lossy(&got).into_owned();
        let mut got: Vec<&str> = got.split('\n').collect();
        got.sort_unstable();
        let want: Vec<&str> = lines.iter().filter_map(Json::as_str).collect();
        return if got == want { Verdict::Pass } else { Verdict::fail(format!("{want:?}"), format!("{got:?}")) };
    }
    let pretty = helmd_yaml::to_yaml_pretty(&value).map(trimmed).unwrap_or_default();
    let want_pretty =
        check::text_bytes(results, "pretty").or_else(|| check::text_bytes(results, "out")).unwrap_or_default();
    check::all([
        check::text(results, Ok(got)),
        if pretty == want_pretty {
            Verdict::Pass
        } else {
            let show = |b: &[u8]| format!("pretty {:?}", String::from_utf8_lossy(b));
            Verdict::fail(show(&want_pretty), show(&pretty))
        },
    ])
}

fn version_json(parsed: Result<Version, impl std::error::Error>) -> Json {
    match parsed {
        Ok(v) => json!({"string": v.to_string(), "original": v.original(), "major": v.major, "minor": v.minor,
            "patch": v.patch, "prerelease": v.prerelease, "metadata": v.metadata}),
        Err(e) => json!({"error": check::helm_text(&e)}),
    }
}

/// `semver.json`
pub fn semver(record: &Record, helm: HelmMajor) -> Verdict {
    let results = record.results(helm);
    match record.str("op") {
        "parse" => {
            let text = record.str("version");
            let mut got =
                json!({"new": version_json(Version::parse(text)), "strict": version_json(Version::parse_strict(text))});
            if let (Some(_), Ok(v)) = (results.get("inc"), Version::parse(text)) {
                let next = |r: Result<Version, _>| r.map_or(Json::Null, |v: Version| json!(v.to_string()));
                got["inc"] =
                    json!({"patch": next(v.inc_patch()), "minor": next(v.inc_minor()), "major": next(v.inc_major())});
            }
            let mut want = json!({"new": results["new"], "strict": results["strict"]});
            if let Some(inc) = results.get("inc") {
                want["inc"] = inc.clone();
            }
            same(&want, &got)
        }
        "compare" => {
            let parsed = Version::parse(record.str("a")).and_then(|a| Ok((a, Version::parse(record.str("b"))?)));
            match parsed {
                Ok((a, b)) => {
                    let order = a.compare(&b) as i64;
                    same(
                        &json!({"out": results["out"], "equal": results["equal"]}),
                        &json!({"out": order, "equal": order == 0}),
                    )
                }
                Err(e) => Verdict::fail(results.to_string(), e.to_string()),
            }
        }
        "constraint" => match Constraints::parse(record.str("constraint")) {
            Ok(c) => same(&results["string"], &json!(c.to_string())),
            Err(e) => same(&results["error"], &json!(check::helm_text(&e))),
        },
        "check" => semver_check(record, results),
        "sort" => {
            let versions: Result<Vec<Version>, _> = record
                .get("versions")
                .as_array()
                .into_iter()
                .flatten()
                .map(|v| Version::parse(v.as_str().unwrap_or_default()))
                .collect();
            match versions {
                Ok(mut versions) => {
                    versions.sort_by(Version::compare);
                    same(&results["out"], &json!(versions.iter().map(|v| v.original()).collect::<Vec<_>>()))
                }
                Err(e) => Verdict::fail(results.to_string(), e.to_string()),
            }
        }
        other => Verdict::fail(other, "an unknown op"),
    }
}

fn semver_check(record: &Record, results: &Json) -> Verdict {
    let constraint = Constraints::parse(record.str("constraint"));
    let version = Version::parse(record.str("version"));
    match (constraint, version) {
        (Ok(c), Ok(v)) => {
            let (valid, reasons) = c.validate(&v);
            let ok = c.check(&v);
            let mut got = json!({"out": ok});
            if !valid {
                got["reasons"] = json!(reasons);
            }
            let mut want = json!({"out": results["out"]});
            if let Some(reasons) = results.get("reasons") {
                want["reasons"] = reasons.clone();
            }
            same(&want, &got)
        }
        (Err(e), _) => same(&results["error"], &json!(check::helm_text(&e))),
        (_, Err(e)) => same(&results["error"], &json!(check::helm_text(&e))),
    }
}

fn same(want: &Json, got: &Json) -> Verdict {
    if check::same(want, got) { Verdict::Pass } else { Verdict::fail(want.to_string(), got.to_string()) }
}

/// `names.json`
pub fn names(record: &Record, helm: HelmMajor) -> Verdict {
    use helmd_chart::names;
    let ok = |r: Result<(), String>| check::text(record.results(helm), r.map(|()| b"ok".to_vec()));
    match record.str("op") {
        "release-name" => ok(names::validate_release_name(record.str("name")).map_err(|e| check::helm_text(&e))),
        "metadata-name" => ok(names::validate_metadata_name(record.str("name")).map_err(|e| check::helm_text(&e))),
        "create-chart-name" => ok(names::validate_chart_name(record.str("name")).map_err(|e| check::helm_text(&e))),
        "load-chart-yaml" => {
            let file = helmd_chart::File::new("Chart.yaml", record.bytes("text"));
            let loaded = helmd_chart::load_files(vec![file], helm);
            ok(loaded.and_then(|mut c| Ok(c.validate()?)).map_err(|e| check::helm_text(&e)))
        }
        "metadata-validate" => {
            let draft = helmd_chart::Metadata::parse(&record.bytes("text"), helm);
            let checked =
                draft.map_err(|e| check::helm_text(&e)).and_then(|d| d.validate().map_err(|e| check::helm_text(&e)));
            ok(checked.map(|_| ()))
        }
        _ => lint(record, helm),
    }
}

/// The findings on a chart in the folder `<DIR>`.
fn lint(record: &Record, helm: HelmMajor) -> Verdict {
    use helmd_lint::{ChartFolder, Options};
    let files = check::object(record.get("files"));
    let files = files
        .iter()
        .map(|(name, text)| helmd_chart::File::new(name, text.as_str().unwrap_or_default().as_bytes().to_vec()));
    let folder = ChartFolder::of_files("<DIR>", files.collect(), &helmd_chart::Loader::new(helm));
    let values = helmd_yaml::parse(&record.bytes("values"), helmd_yaml::Numbers::Float64);
    let mut values = check::object(&values.unwrap_or_default());
    let options = Options { namespace: record.str("namespace").to_owned(), ..Options::new(helm) };
    let report = helmd_lint::lint(&folder, &mut values, &options, std::rc::Rc::new(sprig::FixedHost::default()));
    let messages =
        report.messages.iter().map(|m| json!({"severity": m.severity.number(), "path": m.path, "message": m.text}));
    check::value(record.results(helm), Ok(messages.collect()))
}
