//! The helmd binary: flags, configuration, logging, wiring. `helmd [FLAGS]` serves; Helm's commands (`helmd template …`)
//! work on charts and on a cluster; `helmd demo` shows a release on the sandbox.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line")]

mod budgets;
mod cli;
mod command_line;
mod demo;
mod environment;
mod serve;

use clap::{Parser, Subcommand};
use command_line::Unread;
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

// Helm's commands read their command lines as Helm does; here they are listed.
#[derive(Subcommand)]
enum Command {
    /// Create a chart with all that a first chart needs (helm create)
    Create(HelmCommand),
    /// List the charts that a chart wants, and whether they are there (helm dependency)
    #[command(visible_aliases = ["dep", "dependencies"])]
    Dependency(HelmCommand),
    /// Print what the record of a release holds (helm get)
    Get(HelmCommand),
    /// List the revisions of a release (helm history)
    #[command(visible_alias = "hist")]
    History(HelmCommand),
    /// Install a chart (helm install)
    Install(HelmCommand),
    /// Examine charts for possible issues (helm lint)
    Lint(HelmCommand),
    /// List releases (helm list)
    #[command(visible_alias = "ls")]
    List(HelmCommand),
    /// Pack charts into archives (helm package)
    Package(HelmCommand),
    /// Fetch charts from repositories and registries (helm pull)
    #[command(visible_alias = "fetch")]
    Pull(HelmCommand),
    /// Put a chart into an OCI registry (helm push)
    Push(HelmCommand),
    /// Log in to OCI registries and out of them (helm registry)
    Registry(HelmCommand),
    /// Which chart repositories there are, and what is in them (helm repo)
    Repo(HelmCommand),
    /// Bring a release back to an earlier revision (helm rollback)
    Rollback(HelmCommand),
    /// Look for charts in the repositories (helm search repo)
    Search(HelmCommand),
    /// Print what a chart says of itself (helm show)
    #[command(visible_alias = "inspect")]
    Show(HelmCommand),
    /// Show a release (helm status)
    Status(HelmCommand),
    /// Render a chart's templates and print what they give (helm template)
    Template(HelmCommand),
    /// Run the tests of a release (helm test)
    Test(HelmCommand),
    /// Remove releases (helm uninstall)
    #[command(visible_aliases = ["del", "delete", "un"])]
    Uninstall(HelmCommand),
    /// Mend a release that an operation has left in the middle
    Unlock(HelmCommand),
    /// Bring a release to another chart or other values (helm upgrade)
    Upgrade(HelmCommand),
    /// Start a server on the embedded sandbox, install a sample chart, say where to look, and stay up
    Demo(demo::DemoArgs),
}

#[derive(clap::Args)]
#[command(disable_help_flag = true)]
struct HelmCommand {
    /// The words and flags of helm's command; --help lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
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
    let args: Vec<String> = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    if environment::program_name() == command_line::WRAPPER {
        return wrapper(&args);
    }
    if let Some(code) = cli::run(&args) {
        return code;
    }
    match command_line::read(&args) {
        Ok((serve, words)) if words.is_empty() => report(serve::run(&serve)),
        Err(Unread::Wrong(error)) if !asks_of_itself(&args) => {
            eprintln!("helmd: {error}; helmd --help lists the flags");
            ExitCode::from(2)
        }
        _ => match Args::parse() {
            Args { command: Some(Command::Demo(args)), .. } => report(demo::run(&args)),
            Args { command: None, serve } => report(serve::run(&serve)),
            // What `cli::run` leaves has no command's name in the place where Helm looks for it.
            Args { command: Some(_), .. } => {
                eprintln!("helmd: the flags before a command are Helm's global flags: helmd [FLAGS] COMMAND …");
                ExitCode::from(2)
            }
        },
    }
}

/// Whether the command line wants to know what this program is, or has a command of its own.
fn asks_of_itself(args: &[String]) -> bool {
    args.iter().any(|arg| matches!(arg.as_str(), "-V" | "--version" | "demo" | "help"))
}

/// The second name of the program: the Go program's command line, usage and exit codes, and the server only.
fn wrapper(args: &[String]) -> ExitCode {
    let usage = command_line::usage(command_line::WRAPPER);
    match command_line::read(args) {
        Ok((serve, _words)) => report(serve::run(&serve)),
        Err(Unread::Help) => {
            eprintln!("{usage}pflag: help requested");
            ExitCode::from(2)
        }
        Err(Unread::Wrong(error)) => {
            eprintln!("{error}\n{usage}{error}");
            ExitCode::from(2)
        }
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
