//! Where log lines go, and which there are: helmd's own flags, and those of glog that helm-wrapper has.
//!
//! A severity of glog is a level here: INFO is info and what is below, WARNING is warn, ERROR is error; nothing is FATAL. A
//! level of its `V` logs is debug (1 to 3) or trace.

mod files;
mod places;

use crate::environment::variable;
use anyhow::{Context, Result};
use clap::Args;
use files::Files;
use places::{Lines, Modules};
use std::path::PathBuf;
use tracing_subscriber::filter::{EnvFilter, FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Filter, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

/// Flags of the log.
#[derive(Args, Debug, Default, Clone)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// log lines as text or json
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    pub log_format: String,
    /// log warnings and errors only
    #[arg(long)]
    pub quiet: bool,
    /// log level for V logs: 1 to 3 for debug, more for trace
    #[arg(short = 'v', long = "v", value_name = "LEVEL", allow_negative_numbers = true)]
    pub verbosity: Option<i32>,
    /// comma-separated list of pattern=N settings for file-filtered logging: the pattern is for names of modules or files
    /// (releases, helmd_kube), or with a slash for paths of files
    #[arg(long, value_name = "PATTERN=N,…")]
    pub vmodule: Option<Modules>,
    /// log to standard error instead of files [default: true, without --log_dir]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub logtostderr: Option<bool>,
    /// log to standard error as well as files
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub alsologtostderr: Option<bool>,
    /// when logs go to files: those at or above this severity go to standard error, too (0 to 3, or INFO, WARNING, ERROR, FATAL)
    #[arg(long, value_name = "SEVERITY", default_value = "2", value_parser = severity)]
    pub stderrthreshold: usize,
    /// write log files in this directory, one for each severity [default: the system's folder for temporary files]
    #[arg(long = "log_dir", alias = "log-dir", value_name = "DIR")]
    pub log_dir: Option<PathBuf>,
    /// add symbolic links in this directory to the log files
    #[arg(long = "log_link", alias = "log-link", value_name = "DIR")]
    pub log_link: Option<PathBuf>,
    /// when logging hits line file:N, emit a stack trace; may be repeated
    #[arg(long = "log_backtrace_at", alias = "log-backtrace-at", value_name = "FILE:N,…")]
    pub log_backtrace_at: Vec<Lines>,
    /// buffer log messages logged at this level or lower (accepted; lines are never held back)
    #[arg(long, value_name = "LEVEL", allow_negative_numbers = true)]
    pub logbuflevel: Option<i32>,
}

/// A severity of glog, by number or name.
fn severity(text: &str) -> Result<usize, String> {
    let names = ["INFO", "WARNING", "ERROR", "FATAL"];
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    named.or_else(|| text.parse().ok()).ok_or_else(|| format!("it must be 0 to 3, or one of {}", names.join(", ")))
}

type Wanted = Box<dyn Filter<Registry> + Send + Sync>;
type Written = Box<dyn Layer<Registry> + Send + Sync>;

impl LogArgs {
    /// Begins to log.
    ///
    /// # Errors
    /// `HELMD_LOG` is no filter, or there can be no log files.
    pub fn init(&self, debug: bool) -> Result<()> {
        let to_files = !self.logtostderr.unwrap_or(self.log_dir.is_none());
        // glog writes to standard error only what is severe when there are files.
        let also = match self.stderrthreshold {
            _ if !to_files || self.alsologtostderr == Some(true) => LevelFilter::TRACE,
            0 => LevelFilter::TRACE,
            1 => LevelFilter::WARN,
            2 => LevelFilter::ERROR,
            _ => LevelFilter::OFF,
        };
        let stderr = self.layer(std::io::stderr, self.wanted(debug)?.and(also));
        let files = match to_files {
            false => None,
            true => {
                let folder = self.log_dir.clone().unwrap_or_else(std::env::temp_dir);
                let files = Files::new(&folder, self.log_link.as_deref())
                    .with_context(|| format!("writing log files to {}", folder.display()))?;
                Some(self.layer(files, self.wanted(debug)?))
            }
        };
        let traces = places::Traces::new(&self.log_backtrace_at).map(|traces| traces.boxed());
        let layers: Vec<_> = [Some(stderr), files, traces].into_iter().flatten().collect();
        tracing_subscriber::registry().with(layers).init();
        Ok(())
    }

    fn layer<W>(&self, to: W, wanted: impl Filter<Registry> + Send + Sync + 'static) -> Written
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        let lines = tracing_subscriber::fmt::layer().with_writer(to);
        match self.log_format.as_str() {
            "json" => lines.json().with_filter(wanted).boxed(),
            _ => lines.with_ansi(false).with_filter(wanted).boxed(),
        }
    }

    /// Which lines are wanted: by module where `--vmodule` names one, else by level.
    fn wanted(&self, debug: bool) -> Result<Wanted> {
        let level = match (debug, self.verbosity.unwrap_or_default()) {
            (false, ..=0) if self.quiet => LevelFilter::WARN,
            (false, verbosity) => places::level(verbosity),
            (true, verbosity) => places::level(verbosity.max(1)),
        };
        let filter =
            variable("HELMD_LOG").unwrap_or_else(|| format!("{level},hyper=info,tower=info,kube=info,rustls=info"));
        let base = EnvFilter::try_new(&filter).with_context(|| format!("HELMD_LOG={filter:?} is no log filter"))?;
        let Some(modules) = self.vmodule.clone() else { return Ok(Box::new(base)) };
        let others = modules.clone();
        let named = filter_fn(move |line| modules.level(line).is_some_and(|level| *line.level() <= level));
        Ok(Box::new(named.or(base.and(filter_fn(move |line| others.level(line).is_none())))))
    }
}
