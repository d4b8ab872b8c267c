//! `helmd-bench -c chart.tgz`: what each stage of a render costs in this process, one JSON object a line. The stages are those of
//! Helm's own packages, so that a Go program that times these can be put beside it.
#![expect(clippy::print_stdout, reason = "a command that prints what it measures")]

use anyhow::{Context, Result};
use clap::Parser;
use helmd_chart::{Chart, HelmMajor, Loader, Values};
use helmd_engine::{Engine, Rendered, with_render_stack};
use helmd_release::{Order, sort_manifests};
use helmd_values::{
    Capabilities, KubeVersion, ReleaseOptions, RenderValues, SchemaCheck, coalesce_values, process_dependencies,
    to_render_values,
};
use rustix::time::{ClockId, clock_gettime};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

const HELM: HelmMajor = HelmMajor::Helm4;

/// As in helmd itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Times the stages of a render.
#[derive(Parser)]
struct Args {
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
    let args = Args::parse();
    let raw = std::fs::read(&args.chart).with_context(|| format!("reading {}", args.chart))?;
    with_render_stack(|| stages(&args, &raw)).map_err(anyhow::Error::from)?
}

struct Bench<'a> {
    args: &'a Args,
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
            let (start, cpu_start) = (Instant::now(), cpu_ms());
            drop(body(input)?);
            cpu += cpu_ms() - cpu_start;
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

fn cpu_ms() -> f64 {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    t.tv_sec as f64 * 1000.0 + t.tv_nsec as f64 / 1e6
}

fn stages(args: &Args, raw: &[u8]) -> Result<()> {
    let load = || -> Result<Chart> { Ok(Loader::new(HELM).archive(raw)?) };
    let none = Values::new();
    let bench = Bench { args, chart: load()?.metadata.name };
    let settled = || -> Result<Chart> {
        let mut chart = load()?;
        process_dependencies(&mut chart, &Values::new(), HELM)?;
        Ok(chart)
    };
    let mut capabilities = Capabilities::default_for(HELM);
    capabilities.kube_version = KubeVersion::parse("v1.36.3", HELM)?;
    let release = ReleaseOptions {
        name: "bench".to_owned(),
        namespace: "default".to_owned(),
        revision: 1,
        is_upgrade: false,
        is_install: true,
    };
    let render_values = |chart: &Chart| -> Result<RenderValues> {
        Ok(to_render_values(chart, &Values::new(), &release, &capabilities, SchemaCheck::Validate, HELM)?.0)
    };
    let prepared = || -> Result<(Chart, RenderValues)> {
        let chart = settled()?;
        let values = render_values(&chart)?;
        Ok((chart, values))
    };
    let render = |(chart, values): (Chart, RenderValues)| -> Result<(Rendered, Chart)> {
        Ok((Engine::new(HELM).render(&chart, values, Rc::new(sprig::FixedHost::default()))?, chart))
    };
    let texts = |rendered: Rendered| -> BTreeMap<String, String> {
        let files = rendered.files.into_iter().filter(|(name, _)| !name.ends_with("NOTES.txt"));
        files.map(|(name, text)| (name, text.to_text().into_owned())).collect()
    };
    let files = texts(render(prepared()?)?.0);
    let all: String = files.values().map(|text| format!("---\n{text}\n")).collect();
    let documents = helmd_release::split_manifests(&all, HELM);

    bench.stage("load", || Ok(()), |()| load())?;
    bench.stage("dependencies", load, |mut chart| Ok(process_dependencies(&mut chart, &none, HELM).map(|_| chart)?))?;
    bench.stage("coalesce", settled, |chart| Ok((coalesce_values(&chart, &none, HELM)?, chart)))?;
    bench.stage("coalesce+schema", settled, |chart| Ok((render_values(&chart)?, chart)))?;
    bench.stage("engine", prepared, render)?;
    let kept = load()?;
    let from_kept = || -> Result<(Chart, RenderValues)> {
        let mut chart = kept.clone();
        process_dependencies(&mut chart, &Values::new(), HELM)?;
        let values = render_values(&chart)?;
        Ok((chart, values))
    };
    bench.stage("engine-parsed", from_kept, render)?;
    bench.stage(
        "yaml-parse",
        || Ok(()),
        |()| {
            let parsed: Result<Vec<_>, _> =
                documents.iter().map(|d| helmd_yaml::parse(d.as_bytes(), helmd_yaml::Numbers::Float64)).collect();
            Ok(parsed?)
        },
    )?;
    bench.stage("sort-manifests", || Ok(()), |()| Ok(sort_manifests(&files, Order::Install, HELM)?))?;
    bench.stage(
        "all",
        || Ok(()),
        |()| {
            let (rendered, chart) = render(prepared()?)?;
            let files = texts(rendered);
            Ok((sort_manifests(&files, Order::Install, HELM)?, files, chart))
        },
    )?;
    // What a server does that has the chart already.
    bench.stage(
        "all-kept-chart",
        || Ok(()),
        |()| {
            let (rendered, chart) = render(from_kept()?)?;
            let files = texts(rendered);
            Ok((sort_manifests(&files, Order::Install, HELM)?, files, chart))
        },
    )
}
