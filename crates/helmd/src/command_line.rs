//! How the server's command line is read: as helm-wrapper's parser (pflag) reads it, whichever name the program has.
//!
//! The flags are those of [`ServeArgs`]; here they are only brought into one form, in which clap takes them.

use crate::cli::flags::{Flag, FlagError, FlagSet, Kind, Matches};
use crate::serve::ServeArgs;
use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Args, Command, FromArgMatches};

/// The name by which the Go program is known: with it, the program is only the server.
pub const WRAPPER: &str = "helm-wrapper";

/// Why there is nothing to serve.
#[derive(Debug)]
pub enum Unread {
    /// Help was asked for.
    Help,
    /// What is wrong.
    Wrong(String),
}

/// Reads the flags of the server. Words between them are left to whoever calls.
///
/// # Errors
/// In pflag's words, or in clap's for a value that does not fit.
pub fn read(args: &[String]) -> Result<(ServeArgs, Vec<String>), Unread> {
    let command = ServeArgs::augment_args(Command::new("helmd").no_binary_name(true));
    let set = flag_set(&command);
    let mut matches = Matches::default();
    let args: Vec<String> = args.iter().map(|arg| with_two_dashes(arg)).collect();
    set.parse(&args, &mut matches).map_err(|error| match error {
        FlagError::Help => Unread::Help,
        other => Unread::Wrong(other.to_string()),
    })?;
    let line: Vec<String> = command.get_arguments().flat_map(|arg| as_clap_takes(arg, &matches)).collect();
    let wrong = |error: clap::Error| {
        let text = error.to_string();
        let text = text.lines().next().unwrap_or_default();
        Unread::Wrong(text.strip_prefix("error: ").unwrap_or(text).to_owned())
    };
    let read = command.try_get_matches_from(line).map_err(wrong)?;
    Ok((ServeArgs::from_arg_matches(&read).map_err(wrong)?, matches.words))
}

/// The list of the flags, as pflag prints it.
pub fn usage(program: &str) -> String {
    let command = ServeArgs::augment_args(Command::new("helmd"));
    format!("Usage of {program}:\n{}", flag_set(&command).usages())
}

/// The flags of Go's own parser may have one dash there: `-logtostderr`, `-vmodule=a=1`.
fn with_two_dashes(arg: &str) -> String {
    let glog = ["logtostderr", "alsologtostderr", "stderrthreshold", "vmodule", "log_dir", "log_backtrace_at"];
    let name = arg.strip_prefix('-').map(|flag| flag.split('=').next().unwrap_or_default());
    match name {
        Some(name) if glog.contains(&name) || matches!(name, "log_link" | "logbuflevel") => format!("-{arg}"),
        _ => arg.to_owned(),
    }
}

fn flag_set(command: &Command) -> FlagSet {
    let mut set = FlagSet::default();
    set.add(command.get_arguments().filter_map(|arg| {
        // The flags are made once in a process: their texts may stay.
        let name: &'static str = arg.get_long()?.to_owned().leak();
        let usage = arg.get_help().map(ToString::to_string).unwrap_or_default().replace('\n', " ");
        let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let usage = match defaults.first() {
            Some(default) if kind(arg) != Kind::Bool => format!("{usage} (default {default})"),
            _ => usage,
        };
        let flag = Flag::new(name, kind(arg), usage.leak());
        Some(match arg.get_short() {
            Some(letter) => flag.short(letter),
            None => flag,
        })
    }));
    set
}

fn kind(arg: &Arg) -> Kind {
    match arg.get_action() {
        ArgAction::Append => Kind::List,
        _ if arg.get_value_parser().type_id() == ValueParser::bool().type_id() => Kind::Bool,
        _ => Kind::Text,
    }
}

/// One flag as clap takes it.
fn as_clap_takes(arg: &Arg, matches: &Matches) -> Vec<String> {
    let Some(name) = arg.get_long().filter(|name| matches.is_set(name)) else { return Vec::new() };
    let values = matches.list(name).iter();
    match arg.get_action() {
        // No value, or nothing at all.
        ArgAction::SetTrue => values.filter(|value| *value == "true").map(|_| format!("--{name}")).collect(),
        _ => values.map(|value| format!("--{name}={value}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &[&str]) -> Result<(ServeArgs, Vec<String>), String> {
        let args: Vec<String> = line.iter().map(|arg| (*arg).to_owned()).collect();
        read(&args).map_err(|unread| match unread {
            Unread::Help => "help".to_owned(),
            Unread::Wrong(text) => text,
        })
    }

    #[test]
    fn the_go_programs_forms_are_taken() {
        let line = "--addr=::1 --port 81 --config c.yaml -nfoo -v 3 --logtostderr=false --alsologtostderr --debug=T \
                    --stderrthreshold=WARNING --vmodule a=1,b=2 --log_dir /l --log_link=/k --log_backtrace_at x.go:1 \
                    --logbuflevel -1 --kube-as-group a --kube-as-group b,c --burst-limit 5 --qps 1.5 word";
        let (args, words) = parse(&line.split_whitespace().collect::<Vec<_>>()).unwrap();
        assert_eq!((args.addr.as_deref(), args.port.as_str()), (Some("::1"), "81"));
        assert_eq!((args.cluster.namespace.as_deref(), args.logs.verbosity), (Some("foo"), Some(3)));
        assert_eq!((args.logs.logtostderr, args.logs.alsologtostderr), (Some(false), Some(true)));
        assert!(args.debug && args.logs.vmodule.is_some() && args.logs.stderrthreshold == 1);
        assert_eq!((args.logs.log_backtrace_at.len(), args.logs.logbuflevel), (1, Some(-1)));
        assert_eq!((args.cluster.kube_as_group.len(), args.cluster.burst_limit), (2, Some(5)));
        assert_eq!((args.cluster.qps, words), (Some(1.5), vec!["word".to_owned()]));
        let (args, _) = parse(&["-logtostderr", "-vmodule=a=1", "-v=2", "--compat-unsafe=false", "--quiet=1"]).unwrap();
        assert_eq!((args.logs.logtostderr, args.logs.verbosity), (Some(true), Some(2)));
        assert!(!args.compat_unsafe && args.logs.quiet);
        let (args, _) = parse(&[]).unwrap();
        assert_eq!((args.port.as_str(), args.logs.stderrthreshold, args.logs.log_format.as_str()), ("8080", 2, "text"));
    }

    #[test]
    fn errors_are_pflags() {
        let error = |line: &[&str]| parse(line).unwrap_err();
        assert_eq!(error(&["--bogus"]), "unknown flag: --bogus");
        assert_eq!(error(&["-x"]), "unknown shorthand flag: 'x' in -x");
        assert_eq!(error(&["-v"]), "flag needs an argument: 'v' in -v");
        assert_eq!(error(&["--port"]), "flag needs an argument: --port");
        assert!(error(&["--debug=no"]).starts_with("invalid argument \"no\" for \"--debug\" flag: strconv.ParseBool"));
        assert!(error(&["--vmodule=a"]).contains("expect comma-separated list of filename=N"));
        assert!(error(&["--v=x"]).contains("invalid value 'x'"));
        assert_eq!((error(&["-h"]), error(&["--help=false"])), ("help".to_owned(), "help".to_owned()));
    }

    #[test]
    fn the_usage_has_every_flag_of_the_go_program() {
        let usage = usage("helm-wrapper");
        for flag in [
            "addr string",
            "alsologtostderr ",
            "burst-limit ",
            "config string",
            "debug ",
            "kube-apiserver string",
            "kube-as-group stringArray",
            "kube-as-user string",
            "kube-ca-file string",
            "kube-context string",
            "kube-insecure-skip-tls-verify ",
            "kube-tls-server-name string",
            "kube-token string",
            "kubeconfig string",
            "log_backtrace_at ",
            "log_dir string",
            "log_link string",
            "logbuflevel ",
            "logtostderr ",
            "namespace string",
            "port string",
            "qps ",
            "registry-config string",
            "repository-cache string",
            "repository-config string",
            "stderrthreshold ",
            "v string",
            "vmodule string",
        ] {
            assert!(usage.contains(&format!("--{flag}")), "{flag}: {usage}");
        }
        assert!(usage.starts_with("Usage of helm-wrapper:\n  "));
    }
}
