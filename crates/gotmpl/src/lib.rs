//! Go's `text/template`, natively: lexer, parser and executor, with Go's values, formatting and error texts.
//!
//! Owns: the template language, [`Value`] (Go's kinds with ints and floats apart), `fmt` verbs, `strconv`, `encoding/json`.
//! Does not own: any template function beyond Go's builtins, Helm, YAML, files, clocks, the network.
//!
//! Start at [`value`] for the data, then `parse` (text to tree), then `exec` (tree and data to output).
//! Parsed trees are `Send + Sync` and can be cached; values are reference counted within one thread, because Go's maps
//! are references that templates change in place (`set`), and one render runs on one thread.

mod builtins;
pub mod exec;
pub mod fmt;
pub mod func;
pub mod json;
pub mod parse;
pub mod slog;
pub mod strconv;
pub mod value;

pub use func::{FuncError, FuncMap, Function};
pub use value::{GoString, GoType, Kind, List, Map, Object, Value};
