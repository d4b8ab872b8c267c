//! `helmd-bench stages -c chart.tgz`: what each stage of a render costs in this process; the stages are those of Helm's own
//! packages, so that a Go program that times these can be put beside it. `helmd-bench process CMD …`: what a process costs.
//! Both print JSON, one object a line.
#![expect(clippy::print_stdout, reason = "a command that prints what it measures")]

use anyhow::{Context, Result};
use clap::Parser;
use helmd_bench::{settled, values_of};
use helmd_chart::{Chart, HelmMajor, Loader, Values};
use helmd_engine::{Engine, Rendered, with_render_stack};
use helmd_release::{Order, sort_manifests};
use helmd_values::{RenderValues, coalesce_values, process_dependencies};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::time::{ClockId, clock_gettime};
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Instant;

const HELM: HelmMajor = HelmMajor::Helm4;

/// As in helmd itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures renders.
#[derive(Parser)]
enum Args {
    /// Time the stages of a render in this process
    Stages(StageArgs),
    /// Run a command, its output thrown away, and print its CPU time, wall time and peak memory
    Process {
        /// The command
        #[arg(required = true, trailing_var_arg = true)]
        command: Vec<String>,
    },
}

#[derive(clap::Args)]
struct StageArgs {
    /// A packed chart
    #[arg(short, long)]
    chart: String,
    /// Repetitions
    #[arg(short, default_value_t = 50)]
    n: usize,
    /// Only these stages
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

fn main() -> Result<()> {
    match Args::parse() {
        Args::Stages(args) => {
            let raw = std::fs::read(&args.chart).with_context(|| format!("reading {}", args.chart))?;
            with_render_stack(|| stages(&args, &raw)).map_err(anyhow::Error::from)?
        }
        Args::Process { command } => process(&command),
    }
}

fn cpu_ms(usage: &Usage) -> f64 {
    let ms = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 * 1000.0 + t.tv_usec() as f64 / 1000.0;
    ms(usage.user_time()) + ms(usage.system_time())
}

/// What this thread has had of the processor; the clock counts finer than the usage does.
fn thread_ms() -> Result<f64> {
    let t = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?;
    Ok(t.tv_sec() as f64 * 1000.0 + t.tv_nsec() as f64 / 1e6)
}

fn process(command: &[String]) -> Result<()> {
    let (program, args) = command.split_first().context("no command")?;
    let start = Instant::now();
    let status = Command::new(program)
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("starting {program}"))?;
    let wall = start.elapsed().as_secs_f64() * 1000.0;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    println!(
        "{}",
        serde_json::json!({"cpu_ms": cpu_ms(&usage), "wall_ms": wall, "rss_mb": usage.max_rss() as f64 / 1024.0,
            "code": status.code()})
    );
    Ok(())
}

struct Bench<'a> {
    args: &'a StageArgs,
    chart: String,
}

impl Bench<'_> {
    /// Runs the body on what `prepare` gives, and prints what it cost. What the body gives back is dropped within the time.
    fn stage<I, O>(&self, name: &str, prepare: impl Fn() -> Result<I>, body: impl Fn(I) -> Result<O>) -> Result<()> {
        if !self.args.only.is_empty() && !self.args.only.iter().any(|s| s == name) {
            return Ok(());
        }
        drop(body(prepare()?)?);
        let (mut walls, mut cpu) = (Vec::new(), 0.0);
        for _ in 0..self.args.n {
            let input = prepare()?;
            let (start, cpu_start) = (Instant::now(), thread_ms()?);
            drop(body(input)?);
            cpu += thread_ms()? - cpu_start;
            walls.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        walls.sort_by(f64::total_cmp);
        let (middle, least) = (walls.get(walls.len() / 2).copied(), walls.first().copied());
        let mean = cpu / f64::from(u32::try_from(self.args.n.max(1))?);
        println!(
            "{}",
            serde_json::json!({"lib": "helmd", "stage": name, "chart": self.chart, "n": self.args.n,
                "wall_ms_p50": middle, "wall_ms_min": least, "cpu_ms_mean": mean})
        );
        Ok(())
    }
}

fn render((chart, values): (Chart, RenderValues)) -> Result<(Rendered, Chart)> {
    Ok((Engine::new(HELM).render(&chart, values, Rc::new(sprig::FixedHost::default()))?, chart))
}

/// The rendered files without notes, as text.
fn texts(rendered: Rendered) -> BTreeMap<String, String> {
    let files = rendered.files.into_iter().filter(|(name, _)| !name.ends_with("NOTES.txt"));
    files.map(|(name, text)| (name, text.to_text().into_owned())).collect()
}

fn stages(args: &StageArgs, raw: &[u8]) -> Result<()> {
    let load = || -> Result<Chart> { Ok(Loader::new(HELM).archive(raw)?) };
    let none = Values::new();
    let bench = Bench { args, chart: load()?.metadata.name };
    let ready = |chart: Chart| -> Result<(Chart, RenderValues)> {
        let chart = settled(chart)?;
        let values = values_of(&chart)?;
        Ok((chart, values))
    };
    let whole = |chart: Chart| -> Result<_> {
        let (rendered, chart) = render(ready(chart)?)?;
        let files = texts(rendered);
        Ok((sort_manifests(&files, Order::Install, HELM)?, files, chart))
    };
    let files = texts(render(ready(load()?)?)?.0);
    let all: String = files.values().map(|text| format!("---\n{text}\n")).collect();
    let documents = helmd_release::split_manifests(&all, HELM);
    let parse_all = || -> Result<Vec<_>> {
        let parse = |d: &String| Ok(helmd_yaml::parse(d.as_bytes(), helmd_yaml::Numbers::Float64)?);
        documents.iter().map(parse).collect()
    };
    let nothing = || Ok(());

    bench.stage("load", nothing, |()| load())?;
    bench.stage("dependencies", load, |mut chart| {
        Ok(process_dependencies(&mut chart, &none, HELM, &mut Vec::new()).map(|()| chart)?)
    })?;
    bench.stage("coalesce", || settled(load()?), |chart| Ok((coalesce_values(&chart, &none, HELM)?, chart)))?;
    bench.stage("coalesce+schema", || settled(load()?), |chart| Ok((values_of(&chart)?, chart)))?;
    bench.stage("engine", || ready(load()?), render)?;
    bench.stage("yaml-parse", nothing, |()| parse_all())?;
    bench.stage("sort-manifests", nothing, |()| Ok(sort_manifests(&files, Order::Install, HELM)?))?;
    bench.stage("all", nothing, |()| whole(load()?))?;
    // What a server does that has loaded and rendered the chart before.
    let kept = load()?;
    bench.stage("engine-kept-chart", || ready(kept.clone()), render)?;
    bench.stage("all-kept-chart", nothing, |()| whole(kept.clone()))
}
