//! The helmd binary: flags, configuration, logging, wiring. `helmd [FLAGS]` serves; `helmd template …` works offline;
//! `helmd demo` shows a release on the sandbox.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line")]

mod budgets;
mod cli;
mod demo;
mod environment;
mod serve;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// All of Helm as an HTTP service.
///
/// Without a command, helmd serves the helm-wrapper API: helmd --config config.yaml --kubeconfig ~/.kube/config
#[derive(Parser)]
#[command(name = "helmd", version, args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::ServeArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Render chart templates locally and print them (helm template)
    #[command(disable_help_flag = true)]
    Template {
        /// helm template's words and flags: `helmd template --help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Start a server on the embedded sandbox, install a sample chart, say where to look, and stay up
    Demo(demo::DemoArgs),
}

/// A render is many small pieces, made and dropped: this allocator takes less time and memory for them than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // One TLS provider for the whole process; a second choice would be a fault of ours.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("helmd: a TLS provider was chosen twice");
        return ExitCode::FAILURE;
    }
    // The commands of Helm read their flags as Helm does, `--` included.
    let mut args = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
    if args.next().as_deref() == Some("template") {
        return cli::template::run(&args.collect::<Vec<_>>());
    }
    match Args::parse() {
        Args { command: Some(Command::Template { args }), .. } => cli::template::run(&args),
        Args { command: Some(Command::Demo(args)), .. } => report(demo::run(&args)),
        Args { command: None, serve } => report(serve::run(&serve)),
    }
}

fn report(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("helmd: {e:#}");
            ExitCode::from(2)
        }
    }
}
