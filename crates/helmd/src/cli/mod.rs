//! The offline commands. Thin: each calls what the server calls.

mod chart_path;
pub mod flags;
pub mod lint;
mod log;
mod settings;
pub mod template;
mod values;
