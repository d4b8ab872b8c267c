//! The offline commands. Thin: each calls what the server calls.

pub mod template;
mod values;
