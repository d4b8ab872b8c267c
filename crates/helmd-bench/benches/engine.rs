//! What the parts of the engine cost, by criterion: `cargo bench -p helmd-bench`. The charts are the project's sample and, where
//! `HELMD_CORPUS` names a folder of public charts, the heaviest of those.
#![expect(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use helmd_bench::{archives, settled, values_of};
use helmd_chart::{HelmMajor, Loader};
use helmd_engine::{Engine, with_render_stack};
use std::fs;
use std::rc::Rc;

const HELM: HelmMajor = HelmMajor::Helm4;

fn charts(c: &mut Criterion) {
    for (name, path) in archives() {
        let raw = fs::read(&path).unwrap();
        c.bench_function(&format!("load {name}"), |b| b.iter(|| Loader::new(HELM).archive(&raw).unwrap()));
        let chart = Loader::new(HELM).archive(&raw).unwrap();
        let mut render = |what: &str, keep: bool| {
            c.bench_function(&format!("{what} {name}"), |b| {
                let prepare = || {
                    let chart = if keep { chart.clone() } else { Loader::new(HELM).archive(&raw).unwrap() };
                    let chart = settled(chart).unwrap();
                    let values = values_of(&chart).unwrap();
                    (chart, values)
                };
                b.iter_batched(
                    prepare,
                    |(chart, values)| {
                        Engine::new(HELM).render(&chart, values, Rc::new(sprig::FixedHost::default())).unwrap()
                    },
                    BatchSize::PerIteration,
                );
            });
        };
        render("render", false);
        render("render, parsed before,", true);
    }
}

/// Values of the size of a large chart's.
fn large_values() -> String {
    let mut text = String::new();
    for i in 0..400 {
        text.push_str(&format!(
            "component{i}:\n  # What it runs\n  enabled: true\n  image: {{repository: example.org/app-{i}, tag: \"1.{i}\"}}\n  resources:\n    limits: {{cpu: {i}m, memory: 128Mi}}\n  args:\n    - --level=info\n    - '--name=it''s {i}'\n  text: |\n    line one of {i}\n    line two\n"
        ));
    }
    text
}

fn yaml(c: &mut Criterion) {
    let text = large_values();
    c.bench_function("parse YAML", |b| {
        b.iter(|| helmd_yaml::parse(text.as_bytes(), helmd_yaml::Numbers::Float64).unwrap());
    });
    let value = helmd_yaml::parse_value(text.as_bytes()).unwrap();
    c.bench_function("emit YAML", |b| b.iter(|| helmd_yaml::to_yaml(&value).unwrap()));
}

fn all(c: &mut Criterion) {
    c.bench_function("thread with a stack for a render", |b| b.iter(|| with_render_stack(|| ()).unwrap()));
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = charts, yaml, all
}
criterion_main!(benches);
