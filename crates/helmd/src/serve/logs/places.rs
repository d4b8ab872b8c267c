//! Places in the source that `--vmodule` and `--log_backtrace_at` name.

use std::backtrace::Backtrace;
use std::io::Write;
use std::str::FromStr;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::Context;

/// What a level of glog's `V` logs lets through.
pub fn level(verbosity: i32) -> LevelFilter {
    match verbosity {
        ..=0 => LevelFilter::INFO,
        1..=3 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

/// `--vmodule`: patterns and levels; the first pattern that fits a module counts.
#[derive(Clone, Debug)]
pub struct Modules(Vec<(String, i32)>);

impl FromStr for Modules {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Modules, Self::Err> {
        let wrong = "syntax error: expect comma-separated list of filename=N";
        let one = |item: &str| {
            let (pattern, level) = item.split_once('=').ok_or(wrong)?;
            let fine = !pattern.is_empty() && helmd_chart::glob::matches(pattern, "").is_ok();
            let level: i32 = level.parse().map_err(|_| wrong)?;
            if fine { Ok((pattern.to_owned(), level)) } else { Err(wrong) }
        };
        text.split(',').filter(|item| !item.is_empty()).map(one).collect::<Result<_, _>>().map(Modules)
    }
}

impl Modules {
    /// What is said of the module of a line, when something is.
    pub fn level(&self, line: &Metadata<'_>) -> Option<LevelFilter> {
        self.of(line.target(), line.file().unwrap_or_default())
    }

    fn of(&self, module: &str, file: &str) -> Option<LevelFilter> {
        let path = file.strip_suffix(".rs").unwrap_or(file);
        let fits = |pattern: &str| {
            let is = |name: &str| helmd_chart::glob::matches(pattern, name) == Ok(true);
            match pattern.contains('/') {
                // As glog: a pattern with a slash is for the whole path, here from any folder on.
                true => is(path) || path.match_indices('/').any(|(at, _)| path.get(at + 1..).is_some_and(is)),
                false => module.split("::").any(is) || path.rsplit('/').next().is_some_and(is),
            }
        };
        self.0.iter().find(|(pattern, _)| fits(pattern)).map(|(_, verbosity)| level(*verbosity))
    }
}

/// `--log_backtrace_at`: lines of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines(Vec<(String, u32)>);

impl FromStr for Lines {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Lines, Self::Err> {
        let wrong = "syntax error: expect file.go:234";
        let one = |item: &str| {
            let (file, line) = item.rsplit_once(':').ok_or(wrong)?;
            // glog's default, which names nothing.
            if file.is_empty() && line == "0" {
                return Ok(None);
            }
            let line: u32 = line.parse().ok().filter(|line| *line > 0).ok_or(wrong)?;
            if file.is_empty() { Err(wrong) } else { Ok(Some((file.to_owned(), line))) }
        };
        let found: Result<Vec<_>, _> = text.split(',').filter(|item| !item.is_empty()).map(one).collect();
        Ok(Lines(found?.into_iter().flatten().collect()))
    }
}

/// Writes a stack trace to standard error when a line of the log comes from one of the places.
pub struct Traces(Vec<(String, u32)>);

impl Traces {
    /// Nothing when no place is named.
    pub fn new(places: &[Lines]) -> Option<Traces> {
        let places: Vec<_> = places.iter().flat_map(|lines| lines.0.iter().cloned()).collect();
        (!places.is_empty()).then_some(Traces(places))
    }

    fn names(&self, file: &str, line: u32) -> bool {
        self.0.iter().any(|(known, at)| *at == line && file.rsplit('/').next() == Some(known.as_str()))
    }
}

impl<S: Subscriber> Layer<S> for Traces {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if self.names(metadata.file().unwrap_or_default(), metadata.line().unwrap_or_default()) {
            let _closed = writeln!(std::io::stderr(), "{}", Backtrace::force_capture());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_named_by_patterns() {
        let modules: Modules = "releases=4,helmd_k*=1,server/src/c*=0".parse().unwrap();
        let of = |module: &str, file: &str| modules.of(module, file);
        let file = "crates/helmd-server/src/compat/releases.rs";
        assert_eq!(of("helmd_server::compat::releases", file), Some(LevelFilter::TRACE));
        assert_eq!(of("helmd_kube::wait", "crates/helmd-kube/src/wait.rs"), Some(LevelFilter::DEBUG));
        assert_eq!(of("x", "a/server/src/charts.rs"), Some(LevelFilter::INFO));
        assert_eq!(of("x", "a/server/src/c/charts.rs"), None);
        for bad in ["a", "a=b", "=1", "[=1"] {
            assert!(bad.parse::<Modules>().is_err(), "{bad}");
        }
    }

    #[test]
    fn lines_are_named_by_file_and_number() {
        let traces = Traces::new(&["lib.rs:7,x.rs:9".parse().unwrap()]).unwrap();
        assert!(traces.names("crates/helmd-server/src/lib.rs", 7) && traces.names("x.rs", 9));
        assert!(!traces.names("crates/helmd-server/src/lib.rs", 8) && !traces.names("mylib.rs", 7));
        assert!(Traces::new(&[":0".parse().unwrap()]).is_none());
        for bad in ["x", "x.go", "x.go:0", "x.go:a", ":5"] {
            assert!(bad.parse::<Lines>().is_err(), "{bad}");
        }
    }
}
