//! The kinds of questions.

mod charts;
mod data;
mod decode;
mod grammar;
mod manifests;
mod patches;
mod semver;
mod strvals;
mod templates;
mod yaml;

use helmd_fuzz::random::Random;
use serde_json::Value as Json;

/// Who knows the real answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `oracle` in the folder of the real programs.
    Oracle,
    /// `oracle-more`, which `fuzz/oracle/build` makes.
    More,
}

/// One kind of question.
pub struct Mode {
    pub name: &'static str,
    pub source: Source,
    /// Makes a question.
    pub question: fn(&mut Random) -> Json,
}

/// All of them.
pub const MODES: &[Mode] = &[
    Mode { name: "template", source: Source::Oracle, question: templates::plain },
    Mode { name: "render", source: Source::Oracle, question: templates::render },
    Mode { name: "functions", source: Source::Oracle, question: templates::functions },
    Mode { name: "printf", source: Source::Oracle, question: templates::printf },
    Mode { name: "numbers", source: Source::Oracle, question: templates::numbers },
    Mode { name: "regex", source: Source::Oracle, question: templates::regex },
    Mode { name: "dates", source: Source::Oracle, question: templates::dates },
    Mode { name: "emit", source: Source::Oracle, question: templates::emit },
    Mode { name: "decode", source: Source::Oracle, question: decode::question },
    Mode { name: "yaml", source: Source::Oracle, question: yaml::question },
    Mode { name: "set", source: Source::Oracle, question: strvals::question },
    Mode { name: "semver", source: Source::Oracle, question: semver::question },
    Mode { name: "chart", source: Source::Oracle, question: charts::question },
    Mode { name: "patch", source: Source::Oracle, question: patches::question },
    Mode { name: "apply", source: Source::More, question: patches::apply },
    Mode { name: "merge", source: Source::More, question: patches::merge },
    Mode { name: "forms", source: Source::More, question: yaml::forms },
    Mode { name: "versions", source: Source::More, question: semver::versions },
    Mode { name: "manifests", source: Source::More, question: manifests::question },
    Mode { name: "split", source: Source::More, question: manifests::split },
];
