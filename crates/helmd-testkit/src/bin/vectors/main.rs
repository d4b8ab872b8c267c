//! `vectors PATH…` runs recorded answers of the real Helm against this implementation.
//!
//! Reads files in the formats of `vectors/README.md` (by file name, or by what the records look like), prints each failing
//! id, and ends with `N passed, M failed`. Answers that differ as `vectors/deviations.toml` says are told apart from failures.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its findings")]

mod check;
mod deviations;
mod engine;
mod offline;
mod plan;
mod repo;
mod values;

use anyhow::{Context, bail};
use check::{Record, Verdict};
use clap::Parser;
use deviations::Deviations;
use helmd_chart::HelmMajor;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs recorded answers of the real Helm and counts what differs.
#[derive(Parser)]
struct Args {
    /// Vector files, or folders of them.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Print expected and got for each failure.
    #[arg(long, short)]
    verbose: bool,
    /// Check against Helm 3's answers where the two differ.
    #[arg(long)]
    helm3: bool,
    /// Only records whose id, function or group contains this.
    #[arg(long)]
    only: Option<String>,
}

/// What runs one kind of record.
type Runner = fn(&Record, HelmMajor) -> Verdict;

fn runner(path: &Path, first: &Json) -> Option<Runner> {
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
    Some(match stem.split(['-', '.']).next().unwrap_or_default() {
        "gotemplate" => engine::gotemplate,
        "sprig" => engine::sprig,
        "yaml" => offline::yaml,
        "semver" => offline::semver,
        "names" => offline::names,
        "repo" => repo::repo,
        "strvals" => values::strvals,
        "values" => values::values,
        "schema" => values::schema,
        "release" => plan::release,
        "patch" => plan::patch,
        "manifests" => plan::manifests,
        _ => return by_shape(first),
    })
}

fn by_shape(record: &Json) -> Option<Runner> {
    let has = |key: &str| record.get(key).is_some();
    let prefix = record.get("id")?.as_str()?.split('.').next()?;
    Some(match prefix {
        "gt" => engine::gotemplate,
        "sp" => engine::sprig,
        "yaml" => offline::yaml,
        "sem" => offline::semver,
        "nam" => offline::names,
        "rep" => repo::repo,
        "sv" => values::strvals,
        "val" => values::values,
        "sch" => values::schema,
        "rel" => plan::release,
        "pat" => plan::patch,
        "man" => plan::manifests,
        _ if has("fn") => engine::sprig,
        _ => return None,
    })
}

fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut inside: Vec<PathBuf> =
                std::fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
            inside.retain(|p| p.extension().is_some_and(|e| e == "json"));
            inside.sort();
            found.extend(inside);
        } else {
            found.push(path.clone());
        }
    }
    Ok(found)
}

/// How many answers were equal, how many not, and how many differ on purpose.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    deviating: usize,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.deviating > 0 {
            write!(f, ", {} different on purpose", self.deviating)?;
        }
        Ok(())
    }
}

fn run(args: &Args) -> anyhow::Result<Tally> {
    let helm = if args.helm3 { HelmMajor::Helm3 } else { HelmMajor::Helm4 };
    let deviations = Deviations::read()?;
    let mut all = Tally::default();
    for path in files(&args.paths)? {
        let text = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let records: Vec<Json> =
            serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))?;
        let Some(run) = records.first().and_then(|first| runner(&path, first)) else {
            if records.is_empty() {
                continue;
            }
            bail!("{}: no known vector format", path.display());
        };
        let mut tally = Tally::default();
        for record in records {
            let record = Record::new(record);
            if args.only.as_ref().is_some_and(|o| !record.mentions(o)) {
                continue;
            }
            let verdict = check::guarded(|| run(&record, helm));
            match verdict {
                Verdict::Pass => tally.passed += 1,
                Verdict::Fail { want, got } if deviations.explain(&want, &got) => {
                    tally.deviating += 1;
                    println!("DIFFERS {}", record.id());
                }
                Verdict::Fail { want, got } => {
                    tally.failed += 1;
                    report(&record, &want, &got, args.verbose);
                }
            }
        }
        println!("{}: {tally}", path.display());
        all.passed += tally.passed;
        all.failed += tally.failed;
        all.deviating += tally.deviating;
    }
    Ok(all)
}

fn report(record: &Record, want: &str, got: &str, verbose: bool) {
    println!("FAIL {}", record.id());
    if verbose {
        println!("  record {}", record.short());
        println!("  want   {want}");
        println!("  got    {got}");
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    // Rendering deep templates needs a deep stack.
    let worker = std::thread::Builder::new().stack_size(1 << 30).spawn(move || run(&args));
    let outcome = worker.map_err(anyhow::Error::from).and_then(|t| match t.join() {
        Ok(result) => result,
        Err(_) => bail!("the runner failed"),
    });
    match outcome {
        Ok(tally) => {
            println!("{tally}");
            if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(e) => {
            eprintln!("{e:#}");
            ExitCode::from(2)
        }
    }
}
