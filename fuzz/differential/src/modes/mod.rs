//! The kinds of questions.

mod charts;
mod data;
mod decode;
mod grammar;
mod patches;
mod semver;
mod strvals;
mod templates;
mod yaml;

use crate::random::Random;
use serde_json::Value as Json;

/// One kind of question.
pub struct Mode {
    pub name: &'static str,
    /// Makes a question.
    pub question: fn(&mut Random) -> Json,
}

/// All of them.
pub const MODES: &[Mode] = &[
    Mode { name: "template", question: templates::plain },
    Mode { name: "render", question: templates::render },
    Mode { name: "functions", question: templates::functions },
    Mode { name: "printf", question: templates::printf },
    Mode { name: "numbers", question: templates::numbers },
    Mode { name: "regex", question: templates::regex },
    Mode { name: "dates", question: templates::dates },
    Mode { name: "emit", question: templates::emit },
    Mode { name: "decode", question: decode::question },
    Mode { name: "yaml", question: yaml::question },
    Mode { name: "set", question: strvals::question },
    Mode { name: "semver", question: semver::question },
    Mode { name: "chart", question: charts::question },
    Mode { name: "patch", question: patches::question },
];
