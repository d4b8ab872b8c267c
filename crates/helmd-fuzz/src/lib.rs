//! What the fuzzers call: one function for each kind of outside data, which must come back from any bytes.
//!
//! [`TARGETS`] are run by libFuzzer (`fuzz/`, `make fuzz-targets`), and by the program of this crate, which replays the kept
//! inputs of `fuzz/corpus` and changes them at random for some seconds (`make check`). A target panics on a fault: a panic
//! of the code under test, or a law that does not hold (what was written reads as the same).

mod data;
pub mod mutate;
pub mod random;
mod repository;
mod text;
mod tree;

/// A function that must come back from any bytes.
#[derive(Clone, Copy)]
pub struct Target {
    /// The name of its folder in `fuzz/corpus`, and of its program for libFuzzer.
    pub name: &'static str,
    /// What it does with the bytes.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "template", run: text::template },
    Target { name: "render", run: text::render },
    Target { name: "regex", run: text::regex },
    Target { name: "printf", run: text::printf },
    Target { name: "dates", run: text::dates },
    Target { name: "json", run: tree::json },
    Target { name: "yaml", run: tree::yaml },
    Target { name: "toml", run: tree::toml },
    Target { name: "schema", run: tree::schema },
    Target { name: "patch", run: tree::patch },
    Target { name: "strvals", run: data::strvals },
    Target { name: "semver", run: data::semver },
    Target { name: "archive", run: data::archive },
    Target { name: "chart", run: data::chart },
    Target { name: "release", run: data::release },
    Target { name: "manifests", run: data::manifests },
    Target { name: "names", run: data::names },
    Target { name: "index", run: repository::index },
    Target { name: "references", run: repository::references },
    Target { name: "provenance", run: repository::provenance },
];

/// Runs the target of this name.
///
/// # Panics
/// There is no such target, or it found a fault.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    assert!(target.is_some(), "no target {name}");
    if let Some(target) = target {
        (target.run)(data);
    }
}

/// The parts of an input that a line of `\0` would separate; missing ones are empty.
fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut pieces = data.splitn(N, |b| *b == 0);
    std::array::from_fn(|_| pieces.next().unwrap_or_default())
}
