//! Go's `time`: layouts, durations, zones, `time.Time` in templates; sprig's date functions and Helm's duration functions.
//!
//! Zones come from the database that is built in (no file is read); the clock and the local zone come from the host.

mod civil;
mod duration;
mod format;
mod functions;
mod helm;
mod layout;
mod methods;
mod moment;
mod names;
mod parse;
mod quote;
mod zone;

pub use duration::{DurationError, duration_string, in_units, parse_duration, round, truncate};
pub(crate) use functions::register;
pub use helm::helm_durations;
pub use moment::{Moment, TIME};
pub use parse::{ParseError, parse_in};
pub use zone::Zone;

#[cfg(test)]
mod tests;
