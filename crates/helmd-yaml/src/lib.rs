//! YAML and TOML as Helm reads and writes them.
//!
//! Owns: YAML 1.1 as `sigs.k8s.io/yaml` 1.6 (go-yaml version 2, through JSON) reads and writes it, go-yaml version 3's
//! layout for `toYamlPretty`, and TOML as BurntSushi's library does ([`toml`]); their error texts to the letter.
//! Streams are cut into documents here ([`Documents`]); all that reads takes the first one.
//! Does not own: files, what values mean.
//!
//! Reading goes `reader` (bytes to checked text) → `scan` (tokens) → `events` (grammar) → `compose` (nodes, anchors) →
//! `decode` (plain data: tags, merges, aliases) → `convert` (JSON text, `serde_json`, template values). Writing is `emit`.
//! Nothing here panics, and what is too deep, too long or mostly aliases is refused.

mod base64;
mod compose;
mod convert;
mod decode;
mod duration;
mod emit;
mod error;
mod events;
mod go_syntax;
mod parse;
mod reader;
mod resolve;
mod scan;
mod stream;
mod timestamp;
pub mod toml;

pub use convert::number_text;
pub use emit::{json_to_yaml, to_yaml, to_yaml_pretty, to_yaml_pretty_within, to_yaml_within};
pub use error::YamlError;
pub use parse::{
    Numbers, ParseLimits, budgets, parse, parse_entries, parse_limited, parse_list, parse_list_limited, parse_map,
    parse_map_limited, parse_object, parse_strict, parse_strict_limited, parse_value, to_json_text,
    to_json_text_strict,
};
pub use stream::{BadSeparator, Documents};

#[cfg(test)]
mod tests;
