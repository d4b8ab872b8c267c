//! The offline commands. Thin: each calls what the server calls.

mod chart_path;
mod command;
mod create;
mod dependency;
pub mod flags;
mod lint;
mod log;
mod package;
mod settings;
mod show;
mod template;
mod values;

use std::process::ExitCode;

/// Runs one of Helm's commands; nothing when the command line names none. Helm's global flags may stand before the name.
pub fn run(args: &[String]) -> Option<ExitCode> {
    let (name, rest) = command::take_word(args)?;
    Some(match name.as_str() {
        "create" => create::COMMAND.run(&rest),
        "dependency" | "dep" | "dependencies" => dependency::GROUP.run(&rest),
        "lint" => lint::COMMAND.run(&rest),
        "package" => package::COMMAND.run(&rest),
        "show" | "inspect" => show::GROUP.run(&rest),
        "template" => template::run(&rest),
        _ => return None,
    })
}
