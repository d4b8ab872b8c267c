//! Helm's commands. Thin: each calls what the server calls.

mod chart_path;
mod command;
mod create;
mod dependency;
pub mod flags;
mod get;
mod history;
mod install;
mod keyring;
mod kube_table;
mod lint;
mod list;
mod live;
mod log;
mod output;
mod package;
mod prompt;
mod pull;
mod push;
mod registry;
mod release_chart;
mod release_flags;
mod release_test;
mod release_value;
mod repo;
mod rollback;
mod search;
mod settings;
mod show;
mod status;
mod status_text;
mod template;
mod uninstall;
mod unlock;
mod upgrade;
mod values;
mod verify;

use std::process::ExitCode;

/// Runs one of Helm's commands; nothing when the command line names none. Helm's global flags may stand before the name.
pub fn run(args: &[String]) -> Option<ExitCode> {
    let (name, rest) = command::take_word(args)?;
    Some(match name.as_str() {
        "create" => create::COMMAND.run(&rest),
        "dependency" | "dep" | "dependencies" => dependency::GROUP.run(&rest),
        "get" => get::GROUP.run(&rest),
        "history" | "hist" => history::COMMAND.run(&rest),
        "install" => install::COMMAND.run(&rest),
        "lint" => lint::COMMAND.run(&rest),
        "list" | "ls" => list::COMMAND.run(&rest),
        "package" => package::COMMAND.run(&rest),
        "pull" | "fetch" => pull::COMMAND.run(&rest),
        "push" => push::COMMAND.run(&rest),
        "registry" => registry::GROUP.run(&rest),
        "repo" => repo::GROUP.run(&rest),
        "rollback" => rollback::COMMAND.run(&rest),
        "search" => search::GROUP.run(&rest),
        "show" | "inspect" => show::GROUP.run(&rest),
        "status" => status::COMMAND.run(&rest),
        "template" => template::run(&rest),
        "test" => release_test::COMMAND.run(&rest),
        "uninstall" | "del" | "delete" | "un" => uninstall::COMMAND.run(&rest),
        "unlock" => unlock::COMMAND.run(&rest),
        "upgrade" => upgrade::COMMAND.run(&rest),
        "verify" => verify::COMMAND.run(&rest),
        _ => return None,
    })
}
