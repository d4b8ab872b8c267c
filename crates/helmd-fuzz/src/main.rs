//! Runs the fuzz targets without libFuzzer: the kept inputs, then random changes of them for some seconds.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints what it finds")]

use anyhow::{Context, Result, bail};
use clap::Parser;
use helmd_fuzz::mutate::mutate;
use helmd_fuzz::random::Random;
use helmd_fuzz::{TARGETS, Target};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Replays the kept inputs of the fuzz targets and changes them at random.
#[derive(Parser)]
struct Args {
    /// How long each target runs on changed inputs.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Where the random changes start.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The targets, all by default.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The folder of the kept inputs, one folder for each target.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus"))]
    corpus: PathBuf,
    /// Where an input that fails is written.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/fuzz-findings"))]
    findings: PathBuf,
}

/// An input that takes longer is a fault: the targets have small budgets.
const SLOW: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let current: Current = Arc::default();
    watch(Arc::clone(&current), args.findings.clone());
    let mut total = 0;
    for target in TARGETS.iter().filter(|t| args.only.is_empty() || args.only.iter().any(|o| o == t.name)) {
        let kept = kept_inputs(&args.corpus.join(target.name))?;
        let runner = Runner { target, findings: &args.findings, current: &current };
        for input in &kept {
            runner.run(input)?;
        }
        let mut random = Random::new(args.seed);
        let end = Instant::now() + Duration::from_secs_f64(args.seconds);
        let mut changed = 0;
        while Instant::now() < end && !kept.is_empty() {
            let (input, other) = (&kept[random.below(kept.len())], &kept[random.below(kept.len())]);
            runner.run(&mutate(&mut random, input, other))?;
            changed += 1;
        }
        total += kept.len() + changed;
    }
    println!("{total} inputs, all answered");
    Ok(())
}

fn kept_inputs(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let files = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut files: Vec<PathBuf> = files.map(|f| f.map(|f| f.path())).collect::<Result<_, _>>()?;
    files.sort();
    files.iter().map(|f| std::fs::read(f).with_context(|| format!("reading {}", f.display()))).collect()
}

/// The input that is being run, its target, and since when.
type Current = Arc<Mutex<Option<(Instant, &'static str, Vec<u8>)>>>;

struct Runner<'a> {
    target: &'static Target,
    findings: &'a Path,
    current: &'a Current,
}

impl Runner<'_> {
    fn run(&self, input: &[u8]) -> Result<()> {
        note(self.current, Some((Instant::now(), self.target.name, input.to_vec())));
        let done = catch_unwind(AssertUnwindSafe(|| (self.target.run)(input)));
        note(self.current, None);
        if done.is_err() {
            bail!(
                "{} failed; its input is {}",
                self.target.name,
                keep(self.findings, self.target.name, input)?.display()
            );
        }
        Ok(())
    }
}

fn note(current: &Current, what: Option<(Instant, &'static str, Vec<u8>)>) {
    if let Ok(mut slot) = current.lock() {
        *slot = what;
    }
}

fn keep(findings: &Path, target: &str, input: &[u8]) -> Result<PathBuf> {
    let folder = findings.join(target);
    std::fs::create_dir_all(&folder)?;
    let hash = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3));
    let path = folder.join(format!("{hash:016x}"));
    std::fs::write(&path, input)?;
    Ok(path)
}

/// Ends the program when one input takes too long.
fn watch(current: Current, findings: PathBuf) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let slow = current.lock().ok().and_then(|c| c.clone()).filter(|(since, ..)| since.elapsed() > SLOW);
            if let Some((_, target, input)) = slow {
                let kept = keep(&findings, target, &input);
                eprintln!("{target}: no answer within {} s; its input is {kept:?}", SLOW.as_secs());
                std::process::exit(1);
            }
        }
    });
}
