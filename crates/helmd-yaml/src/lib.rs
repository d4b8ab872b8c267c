//! YAML and TOML as Helm reads and writes them.

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
mod timestamp;

pub use emit::{json_to_yaml, to_yaml, to_yaml_pretty};
pub use error::YamlError;
pub use parse::{
    Numbers, ParseLimits, parse, parse_limited, parse_list, parse_map, parse_object, parse_strict, parse_value,
    to_json_text, to_json_text_strict,
};
