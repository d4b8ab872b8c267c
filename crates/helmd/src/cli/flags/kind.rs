//! What values a flag takes.

use super::csv;
use gotmpl::strconv::{parse_bool, parse_float, parse_int, parse_uint, quote};

/// What values a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no.
    Bool,
    /// A text; the last one counts.
    Text,
    /// Texts, one for each time that the flag is set.
    List,
    /// Texts, separated by commas.
    Csv,
    /// `key=value` pairs, separated by commas.
    Pairs,
    /// A time span.
    Duration,
    /// A whole number.
    Int,
    /// A whole number of at least 0.
    Uint,
    /// A number.
    Float32,
    /// The form of what is printed.
    Format,
    /// How Helm 4 waits: a strategy, or yes or no as in Helm 3.
    Wait,
    /// A program or plugin; Helm looks for it while it reads the flag, and this program starts none.
    PostRenderer,
}

impl Kind {
    /// Puts a value to those that the flag has; `notes` gets what is to be said of it.
    pub(super) fn take(self, value: &str, values: &mut Vec<String>, notes: &mut Vec<String>) -> Result<(), String> {
        let last = match self {
            Kind::Bool => parse_bool(value).map_err(|e| e.to_string())?.to_string(),
            Kind::Duration => {
                sprig::time::parse_duration(value.as_bytes()).map_err(|e| e.to_string())?;
                value.to_owned()
            }
            Kind::Int => parse_int(value, 0, 64).map_err(|e| e.to_string())?.to_string(),
            Kind::Uint => parse_uint(value, 0, 64).map_err(|e| e.to_string())?.to_string(),
            Kind::Float32 => parse_float(value, 32).map_err(|e| e.to_string())?.to_string(),
            Kind::Format if matches!(value, "table" | "json" | "yaml") => value.to_owned(),
            Kind::Format => return Err("invalid format type".to_owned()),
            Kind::Wait => wait(value, notes)?.to_owned(),
            Kind::PostRenderer if value.is_empty() => return Ok(()),
            Kind::PostRenderer => {
                return Err(format!("helmd starts no programs: post-renderer {} was not run", quote(value)));
            }
            Kind::Text => value.to_owned(),
            Kind::List => {
                values.push(value.to_owned());
                return Ok(());
            }
            Kind::Csv => {
                if !value.is_empty() {
                    values.extend(csv::record(value)?);
                }
                return Ok(());
            }
            Kind::Pairs => {
                values.extend(pairs(value)?);
                return Ok(());
            }
        };
        *values = vec![last];
        Ok(())
    }

    /// How the help names the values.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Kind::Bool => "",
            Kind::Text => "string",
            Kind::List => "stringArray",
            Kind::Csv => "strings",
            Kind::Pairs => "stringToString",
            Kind::Duration => "duration",
            Kind::Int => "int",
            Kind::Uint => "uint",
            Kind::Float32 => "float32",
            Kind::Format => "format",
            Kind::Wait => "WaitStrategy",
            Kind::PostRenderer => "postRendererString",
        }
    }
}

fn pairs(value: &str) -> Result<Vec<String>, String> {
    let wrong = |pair: &str| format!("{pair} must be formatted as key=value");
    let pairs = match value.matches('=').count() {
        0 => return Err(wrong(value)),
        1 => vec![value.trim_matches('"').to_owned()],
        _ => csv::record(value)?,
    };
    match pairs.iter().find(|pair| !pair.contains('=')) {
        Some(pair) => Err(wrong(pair)),
        None => Ok(pairs),
    }
}

fn wait<'a>(value: &'a str, notes: &mut Vec<String>) -> Result<&'a str, String> {
    let mut old = |instead: &str| {
        notes.push(format!(
            "level=WARN msg=\"--wait={value} is deprecated (boolean value) and can be replaced with --wait={instead}\""
        ));
    };
    match value {
        "watcher" | "legacy" | "hookOnly" => Ok(value),
        "true" => {
            old("watcher");
            Ok("watcher")
        }
        "false" => {
            old("hookOnly");
            Ok("hookOnly")
        }
        _ => Err(format!("invalid wait input {}. Valid inputs are watcher, hookOnly, and legacy", quote(value))),
    }
}
