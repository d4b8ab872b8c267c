//! Reads an index and says what that took: `cargo run --release -p helmd-index --example index -- index.yaml [words]`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its findings")]

use helmd_chart::HelmMajor;
use helmd_index::Index;
use helmd_index::search::{Query, search};
use std::time::Instant;

fn main() {
    let mut args = std::env::args().skip(1);
    let Some(path) = args.next() else { return eprintln!("which index?") };
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => return eprintln!("{path}: {error}"),
    };
    let start = Instant::now();
    let loaded = match Index::load(&bytes, HelmMajor::Helm4) {
        Ok(loaded) => loaded,
        Err(error) => return eprintln!("{path}: {error}"),
    };
    let size = bytes.len();
    drop(bytes);
    let versions: usize = loaded.index.entries.values().map(Vec::len).sum();
    println!("{size} bytes, {versions} versions in {:?}; {}", start.elapsed(), memory());
    let query = Query { term: args.next(), ..Query::default() };
    for _ in 0..3 {
        let start = Instant::now();
        let found = search(&[("r", &loaded.index)], &query).map_or(0, |hits| hits.len());
        println!("{found} found in {:?}", start.elapsed());
    }
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status.lines().filter(|l| l.starts_with("VmHWM") || l.starts_with("VmRSS"));
    lines.collect::<Vec<_>>().join(" ")
}
