//! Asks the real Helm and helmd the same random questions, and shows the smallest question that they answer differently.
//!
//! The real Helm is the program `oracle` in the folder that `HELMD_TOOLS` names: one question a line in, one answer a line
//! out. Questions come from grammars (`modes`); the same seed gives the same questions. What Go does at random (order of
//! maps, random functions, addresses, the time) the grammars leave out.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its findings")]

mod answer;
#[cfg(test)]
mod found;
mod modes;
mod oracle;
mod ours;
mod shrink;
#[cfg(test)]
mod smoke;

use answer::{Answer, Difference, Ours};
use anyhow::{Context, Result, bail};
use clap::Parser;
use helmd_chart::HelmMajor;
use helmd_fuzz::random::Random;
use modes::{MODES, Mode, Source};
use oracle::Oracle;
use serde_json::Value as Json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Compares helmd with the real Helm on random questions.
#[derive(Parser)]
struct Args {
    /// Ends after this time.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Where the random questions start.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The kinds of questions, all by default.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Compares with helm 3's answers in place of helm 4's.
    #[arg(long)]
    helm3: bool,
    /// Ends after so many differences.
    #[arg(long, default_value_t = 1)]
    finds: usize,
    /// Shows the questions as they are found, without making them smaller.
    #[arg(long)]
    raw: bool,
    /// Shows the questions that the real Helm did not survive.
    #[arg(long)]
    unanswered: bool,
    /// Adds what is found, with the real answers, to this file (`found.jsonl` beside the sources is a test).
    #[arg(long)]
    remember: Option<PathBuf>,
    /// Prints this many questions of each kind and ends.
    #[arg(long, default_value_t = 0)]
    show: u64,
}

/// Questions asked at once: enough to keep both sides busy.
const BATCH: u64 = 64;

/// Questions that making one smaller may cost.
const SHRINK_QUESTIONS: usize = 6000;

/// How often a question that is answered differently is asked again: some of Go's answers depend on the order of a map.
const ASK_AGAIN: usize = 100;

/// Answers of this many bytes are shown from shortly before where they differ.
const LONG: usize = 800;

/// An answer that takes longer is a find: the budgets end whatever the grammars make in seconds, on a busy machine too.
const SLOW: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    let args = Args::parse();
    match helmd_engine::with_render_stack(|| run(&args)) {
        Ok(Ok(0)) => ExitCode::SUCCESS,
        Ok(Ok(_)) => ExitCode::FAILURE,
        Ok(Err(e)) => {
            eprintln!("{e:#}");
            ExitCode::from(2)
        }
        Err(e) => {
            eprintln!("{e}");
            ExitCode::from(2)
        }
    }
}

/// The path of the program that knows the answers, if there is one.
fn program(source: Source) -> Option<PathBuf> {
    let path = match source {
        Source::Oracle => {
            #[expect(clippy::disallowed_methods, reason = "a development program; this is its configuration")]
            let tools = std::env::var("HELMD_TOOLS").ok()?;
            PathBuf::from(tools).join("oracle")
        }
        Source::More => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/tools/oracle-more")),
    };
    Some(path).filter(|path| path.exists())
}

fn run(args: &Args) -> Result<usize> {
    let modes: Vec<&Mode> =
        MODES.iter().filter(|m| args.only.is_empty() || args.only.iter().any(|o| o == m.name)).collect();
    // `oracle-more` knows Helm 4's packages only; most of its other questions have one answer in both.
    let modes: Vec<&Mode> =
        modes.into_iter().filter(|m| !(args.helm3 && ["manifests", "split"].contains(&m.name))).collect();
    if modes.is_empty() {
        bail!("no such mode; there are {}", MODES.iter().map(|m| m.name).collect::<Vec<_>>().join(", "));
    }
    if args.show > 0 {
        for mode in modes {
            for index in 0..args.show {
                println!("{}", (mode.question)(&mut Random::of_case(args.seed, mode.name, index)));
            }
        }
        return Ok(0);
    }
    let (modes, skipped): (Vec<&Mode>, Vec<&Mode>) = modes.into_iter().partition(|m| program(m.source).is_some());
    for mode in skipped {
        println!(
            "skipped: {}: no {}",
            mode.name,
            match mode.source {
                Source::Oracle => "oracle (HELMD_TOOLS must name the folder of the real programs)",
                Source::More => "oracle-more (fuzz/oracle/build makes it)",
            }
        );
    }
    if modes.is_empty() {
        return Ok(0);
    }
    std::panic::set_hook(Box::new(|_| {}));
    let mut session = Session::new(args.helm3);
    let end = Instant::now() + Duration::from_secs(args.seconds);
    let mut round = 0;
    let (mut asked, mut unanswered, mut found) = (0, 0, 0);
    while Instant::now() < end && found < args.finds {
        for mode in &modes {
            let indexes = (round * BATCH)..((round + 1) * BATCH);
            let questions: Vec<Json> =
                indexes.clone().map(|i| (mode.question)(&mut Random::of_case(args.seed, mode.name, i))).collect();
            session.use_source(mode.source)?;
            let differences = session.compare(&questions)?;
            asked += questions.len();
            for ((question, difference), index) in questions.iter().zip(differences).zip(indexes) {
                match difference {
                    Compared::Same => {}
                    Compared::Unanswered => {
                        unanswered += 1;
                        if args.unanswered {
                            println!(
                                "--- no answer of the real Helm: {} seed {} case {index}\n{question}",
                                mode.name, args.seed
                            );
                        }
                    }
                    Compared::Differs(difference) => {
                        found += 1;
                        let (question, difference) = if args.raw {
                            (question.clone(), difference)
                        } else {
                            session.shrink(question, difference)?
                        };
                        if let Some(path) = &args.remember {
                            session.remember(&question, path)?;
                        }
                        let place = format!("{} seed {} case {index}", mode.name, args.seed);
                        println!("{}", report(&question, &difference, &place));
                    }
                }
            }
        }
        round += 1;
    }
    let names = modes.iter().map(|m| m.name).collect::<Vec<_>>().join(",");
    println!("{names}: {asked} questions, {found} differences, {unanswered} without an answer (seed {})", args.seed);
    Ok(found)
}

/// A find as people read it.
fn report(question: &Json, difference: &Difference, place: &str) -> String {
    let want = match &difference.want {
        Answer::Out(out) => format!("out   {out}"),
        Answer::Error(error) => format!("error {error:?}"),
    };
    let got = match &difference.got {
        Ours::Text(out) => format!("out   {}", Json::from(String::from_utf8_lossy(out))),
        Ours::Value(out) => format!("out   {out}"),
        Ours::JsonText(out) => format!("out   {out}"),
        Ours::Error(error) => format!("error {error:?}"),
        Ours::Panic(text) => format!("PANIC {text}"),
    };
    if want.len().max(got.len()) < LONG {
        return format!("--- {place}\n{question}\n  want {want}\n  got  {got}");
    }
    let same = want.chars().zip(got.chars()).take_while(|(a, b)| a == b).count();
    let part = |text: &str| text.chars().skip(same.saturating_sub(LONG / 8)).take(LONG / 2).collect::<String>();
    format!("--- {place}\n{question}\n  want … {}\n  got  … {}", part(&want), part(&got))
}

/// How one question was answered.
enum Compared {
    Same,
    /// The oracle ended over it, or one of our budgets (Helm has none) has ended it on our side.
    Unanswered,
    Differs(Difference),
}

struct Session {
    /// The programs that were started.
    oracles: Vec<(Source, Oracle)>,
    /// The one that answers now.
    source: Source,
    helm: HelmMajor,
    /// The question that is being answered, and since when.
    current: Arc<Mutex<Option<(Instant, String)>>>,
}

impl Session {
    fn new(helm3: bool) -> Session {
        let helm = if helm3 { HelmMajor::Helm3 } else { HelmMajor::Helm4 };
        let current = Arc::new(Mutex::new(None));
        watch(Arc::clone(&current));
        Session { oracles: Vec::new(), source: Source::Oracle, helm, current }
    }

    /// Asks this program from now on.
    fn use_source(&mut self, source: Source) -> Result<()> {
        self.source = source;
        if self.oracles.iter().all(|(known, _)| *known != source) {
            let program = program(source).context("there is no such program")?;
            self.oracles.push((source, Oracle::start(&program)?));
        }
        Ok(())
    }

    /// The real answers, and what was done meanwhile.
    fn ask<T>(&mut self, questions: &[Json], meanwhile: impl FnOnce() -> T) -> Result<(Vec<Option<String>>, T)> {
        let oracle = self.oracles.iter_mut().find(|(source, _)| *source == self.source);
        oracle.context("no program was started")?.1.ask(questions, meanwhile)
    }

    fn compare(&mut self, questions: &[Json]) -> Result<Vec<Compared>> {
        let (helm, current) = (self.helm, Arc::clone(&self.current));
        let ours = || {
            let answers: Vec<Ours> = questions
                .iter()
                .map(|question| {
                    note(&current, Some((Instant::now(), question.to_string())));
                    ours::answer(question, helm)
                })
                .collect();
            note(&current, None);
            answers
        };
        let (theirs, ours) = self.ask(questions, ours)?;
        let mut compared = Vec::with_capacity(questions.len());
        for ((want, got), question) in theirs.into_iter().zip(ours).zip(questions) {
            if matches!(&got, Ours::Error(error) if ended_by_budget(error)) {
                compared.push(Compared::Unanswered);
                continue;
            }
            let want = want.map(|line| Answer::parse(&line, helm == HelmMajor::Helm3)).transpose()?;
            compared.push(match want.map(|want| Difference::between(want, got)) {
                None => Compared::Unanswered,
                Some(Some(difference)) if self.is_certain(question, &difference)? => Compared::Differs(difference),
                Some(_) => Compared::Same,
            });
        }
        Ok(compared)
    }

    /// Whether the real Helm says the same each time, and we still something else (the clock has gone on).
    fn is_certain(&mut self, question: &Json, difference: &Difference) -> Result<bool> {
        let (answers, ()) = self.ask(&vec![question.clone(); ASK_AGAIN], || ())?;
        let again = Difference::between(difference.want.clone(), ours::answer(question, self.helm));
        let read = |line: &Option<String>| {
            line.as_ref().and_then(|line| Answer::parse(line, self.helm == HelmMajor::Helm3).ok())
        };
        Ok(again.is_some() && answers.iter().all(|line| read(line).as_ref() == Some(&difference.want)))
    }

    fn remember(&mut self, question: &Json, path: &Path) -> Result<()> {
        let (answers, ()) = self.ask(std::slice::from_ref(question), || ())?;
        if let Some(Some(answer)) = answers.first() {
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
            writeln!(file, "{{\"question\":{question},\"answer\":{answer}}}")?;
        }
        Ok(())
    }

    /// The smallest question found that still ends alike and differs.
    fn shrink(&mut self, question: &Json, difference: Difference) -> Result<(Json, Difference)> {
        let (mut best, mut best_difference) = (question.clone(), difference);
        let mut left = SHRINK_QUESTIONS;
        'smaller: loop {
            for forms in shrink::smaller(&best).chunks(32) {
                if left < forms.len() {
                    break 'smaller;
                }
                left -= forms.len();
                for (form, compared) in forms.iter().zip(self.compare(forms)?) {
                    if let Compared::Differs(other) = compared
                        && other.endings() == best_difference.endings()
                    {
                        (best, best_difference) = (form.clone(), other);
                        continue 'smaller;
                    }
                }
            }
            break;
        }
        Ok((best, best_difference))
    }
}

/// Whether one of the budgets has ended a render: `budget regex-bytes exceeded (at most …)`.
fn ended_by_budget(error: &str) -> bool {
    error.match_indices("budget ").any(|(at, word)| {
        let rest = error.get(at + word.len()..).unwrap_or_default();
        let name = rest.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '-');
        name.len() < rest.len() && name.starts_with(" exceeded (at most ")
    })
}

fn note(current: &Mutex<Option<(Instant, String)>>, what: Option<(Instant, String)>) {
    if let Ok(mut slot) = current.lock() {
        *slot = what;
    }
}

/// Ends the program with the question that takes too long.
fn watch(current: Arc<Mutex<Option<(Instant, String)>>>) {
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let slow = current.lock().ok().and_then(|c| c.clone()).filter(|(since, _)| since.elapsed() > SLOW);
            if let Some((_, question)) = slow {
                println!("--- no answer of ours within {} s\n{question}", SLOW.as_secs());
                std::process::exit(1);
            }
        }
    });
}
