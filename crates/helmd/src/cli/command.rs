//! The frame of Helm's commands: which one is meant, its flags and words, its help, its failures.

use super::flags::{Flag, FlagError, FlagSet, Kind, Matches};
use super::log;
use super::settings::{self, Settings};
use crate::budgets;
use gotmpl::slog;
use helmd_action::Budgets;
use helmd_chart::{HelmMajor, Loader};
use helmd_repo::local::{Detection, Disk, Links};
use std::io::Write;
use std::process::ExitCode;

/// One of Helm's commands.
#[derive(Clone, Copy)]
pub struct Command {
    /// Its name and those of the commands above it, as in `show values`.
    pub name: &'static str,
    /// What the words are, as Helm's usage has them: `[CHART]`.
    pub words: &'static str,
    /// How many words it takes.
    pub count: Count,
    /// What it does, for its help.
    pub about: &'static str,
    /// Its flags, apart from those that every command has.
    pub flags: fn(HelmMajor) -> Vec<Flag>,
    /// What it does. The error is Helm's sentence.
    pub run: fn(&mut Call<'_>) -> Result<(), String>,
}

/// Commands under one name.
#[derive(Clone, Copy)]
pub struct Group {
    /// The name.
    pub name: &'static str,
    /// What they are for, for the help.
    pub about: &'static str,
    /// Names, a line for the help, and the command.
    pub commands: &'static [(&'static [&'static str], &'static str, &'static Command)],
}

/// How many words a command takes.
#[derive(Clone, Copy)]
pub enum Count {
    /// As many.
    Exactly(usize),
    /// As many or fewer.
    AtMost(usize),
    /// As many or more.
    AtLeast(usize),
    /// The command sees to it.
    Any,
}

/// One run of a command.
pub struct Call<'a> {
    /// Whose words.
    pub helm: HelmMajor,
    /// Flags and words.
    pub matches: &'a Matches,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
    /// What the global flags say.
    pub settings: &'a Settings,
}

impl Call<'_> {
    /// Writes text to standard output.
    ///
    /// # Errors
    /// Nobody reads it any more.
    pub fn print(&mut self, text: &[u8]) -> Result<(), String> {
        self.out.write_all(text).map_err(|e| e.to_string())
    }

    /// What Helm's registry client says. HELM: version 3 says it on standard error.
    ///
    /// # Errors
    /// As [`Call::print`].
    pub fn tell(&mut self, text: &str) -> Result<(), String> {
        match self.helm {
            HelmMajor::Helm4 => self.print(text.as_bytes()),
            HelmMajor::Helm3 => self.err.write_all(text.as_bytes()).map_err(|e| e.to_string()),
        }
    }

    /// The budgets of the environment and the flags.
    ///
    /// # Errors
    /// A budget that is none.
    pub fn budgets(&self) -> Result<Budgets, String> {
        budgets::over(Budgets::default(), self.matches.list("budget"))
    }

    /// How charts are read within the budgets.
    ///
    /// # Errors
    /// A budget that is none.
    pub fn loader(&self) -> Result<Loader, String> {
        Ok(self.budgets()?.loader(self.helm))
    }

    /// Tells what Helm's packages have logged.
    pub fn log(&mut self, lines: &[String]) {
        for line in lines {
            let _closed = writeln!(self.err, "{}", log::line(line, self.helm));
        }
    }
}

/// How charts of whoever runs the command are read.
pub fn disk(loader: &Loader, detection: Detection) -> Disk<'_> {
    Disk { loader, links: Links::Anywhere, detection }
}

/// Helm 3's way is asked for.
pub fn helm_major(args: &[String]) -> HelmMajor {
    match args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--helm3") {
        true => HelmMajor::Helm3,
        false => HelmMajor::Helm4,
    }
}

/// The flags of every command.
pub fn common_flags(helm: HelmMajor) -> Vec<Flag> {
    let mut flags = settings::flags(helm);
    flags.extend([
        Flag::new("helm3", Kind::Bool, "do and print what helm 3 does where it differs from helm 4"),
        Flag::new("help", Kind::Bool, "this text").short('h'),
    ]);
    flags
}

/// Takes the first word out of a command line; flags and their values are passed over. Nothing when there is no word.
pub fn take_word(args: &[String]) -> Option<(String, Vec<String>)> {
    let flags = common_flags(HelmMajor::Helm4);
    let stands_alone = |found: Option<&Flag>| found.is_some_and(|flag| flag.alone.is_some());
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        let takes_next = match (arg.strip_prefix("--"), arg.strip_prefix('-')) {
            (Some(""), _) => return None,
            (Some(name), _) => !name.contains('=') && !stands_alone(flags.iter().find(|flag| flag.name == name)),
            (None, Some(letters)) if !letters.is_empty() => {
                let mut letters = letters.chars();
                let letter = letters.next();
                letters.next().is_none() && !stands_alone(flags.iter().find(|flag| flag.short == letter))
            }
            _ => {
                let rest = args.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, arg)| arg.clone());
                return Some((arg.clone(), rest.collect()));
            }
        };
        at += if takes_next { 2 } else { 1 };
    }
    None
}

impl Group {
    /// Runs the command that the line names, or shows which there are.
    pub fn run(&self, args: &[String]) -> ExitCode {
        if let Some((word, rest)) = take_word(args)
            && let Some((_, _, command)) = self.commands.iter().find(|(names, _, _)| names.contains(&word.as_str()))
        {
            return command.run(&rest);
        }
        let set = common_set(helm_major(args));
        let mut out = std::io::stdout().lock();
        match set.parse(args, &mut Matches::default()) {
            Ok(()) | Err(FlagError::Help) => {}
            Err(error) => return fail(&mut std::io::stderr().lock(), &error.to_string()),
        }
        let width = self.commands.iter().map(|(names, _, _)| names.join(", ").len()).max().unwrap_or_default();
        let lines = self.commands.iter().map(|(names, about, _)| format!("  {:width$}   {about}\n", names.join(", ")));
        let commands: String = lines.collect();
        let (name, about) = (self.name, self.about);
        let text = format!(
            "{about}\n\nUsage:\n  helmd {name} COMMAND\n\nCommands:\n{commands}\n\
             `helmd {name} COMMAND --help` lists a command's flags.\n"
        );
        code(out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok())
    }
}

/// Why a command did not do what it should.
enum Failed {
    /// A global flag is wrong.
    Setting(String),
    /// A line of Helm's log says it.
    Line(String),
    /// All else.
    Error(String),
}

fn common_set(helm: HelmMajor) -> FlagSet {
    let mut set = FlagSet::default();
    set.add(common_flags(helm));
    set
}

impl Command {
    /// Runs the command with the words and flags behind its name.
    pub fn run(&self, args: &[String]) -> ExitCode {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let mut err = std::io::stderr().lock();
        let done = self.execute(args, &mut out, &mut err);
        let written = out.flush().is_ok();
        match done {
            Ok(()) => code(written),
            Err(Failed::Error(error)) => fail(&mut err, &error),
            Err(Failed::Line(line)) => {
                let _closed = writeln!(err, "{line}");
                ExitCode::FAILURE
            }
            Err(Failed::Setting(error)) => {
                // HELM: what is wrong before there is a command is told as a record.
                let _closed = writeln!(err, "{}", slog::record("WARN", "command failed", &[("error", &error)]));
                ExitCode::FAILURE
            }
        }
    }

    fn execute(&self, args: &[String], out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failed> {
        let helm = helm_major(args);
        let mut set = common_set(helm);
        set.add([budgets::flag()]);
        set.add((self.flags)(helm));
        let mut matches = Matches::default();
        let parsed = set.parse(args, &mut matches);
        for note in &matches.notes {
            let _closed = writeln!(err, "{note}");
        }
        match parsed {
            Ok(()) => {}
            Err(FlagError::Help) => {
                return out.write_all(self.help(&set).as_bytes()).map_err(|e| Failed::Error(e.to_string()));
            }
            Err(error) => return Err(Failed::Error(error.to_string())),
        }
        let settings = &Settings::read(&matches).map_err(Failed::Setting)?;
        settings.check_driver(helm).map_err(Failed::Line)?;
        self.check_count(matches.words.len()).map_err(Failed::Error)?;
        (self.run)(&mut Call { helm, matches: &matches, out, err, settings }).map_err(Failed::Error)
    }

    fn help(&self, set: &FlagSet) -> String {
        let Command { name, words, about, .. } = self;
        let words = if words.is_empty() { String::new() } else { format!("{words} ") };
        format!("{about}\n\nUsage:\n  helmd {name} {words}[flags]\n\nFlags:\n{}", set.usages())
    }

    fn check_count(&self, given: usize) -> Result<(), String> {
        let arguments = |count: usize| if count == 1 { "argument" } else { "arguments" };
        let rule = match self.count {
            Count::Exactly(0) if given > 0 => "accepts no arguments".to_owned(),
            Count::Exactly(count) if given != count => format!("requires {count} {}", arguments(count)),
            Count::AtLeast(count) if given < count => format!("requires at least {count} {}", arguments(count)),
            Count::AtMost(count) if given > count => format!("accepts at most {count} {}", arguments(count)),
            _ => return Ok(()),
        };
        let (name, words) = (self.name, self.words);
        let words = if words.is_empty() { String::new() } else { format!("{words} ") };
        Err(format!("\"helm {name}\" {rule}\n\nUsage:  helm {name} {words}[flags]"))
    }
}

fn code(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn fail(err: &mut dyn Write, error: &str) -> ExitCode {
    let _closed = writeln!(err, "Error: {error}");
    ExitCode::FAILURE
}

/// A line that Helm writes with `--debug`: version 3 names the place in its source.
pub fn debug_line(helm: HelmMajor, (place, text): (&str, &str), (message, fields): (&str, &[(&str, &str)])) -> String {
    match helm {
        HelmMajor::Helm3 => format!("{place}: [debug] {text}"),
        HelmMajor::Helm4 => slog::record("DEBUG", message, fields),
    }
}

#[cfg(test)]
mod tests {
    use super::take_word;

    #[test]
    fn the_first_word_is_found_among_flags() {
        let taken = |line: &str| -> Option<(String, String)> {
            let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
            take_word(&args).map(|(word, rest)| (word, rest.join(" ")))
        };
        let found = |word: &str, rest: &str| Some((word.to_owned(), rest.to_owned()));
        assert_eq!(taken("show values x"), found("show", "values x"));
        assert_eq!(taken("--helm3 --debug -n a show -x y"), found("show", "--helm3 --debug -n a -x y"));
        assert_eq!(taken("--namespace=a show"), found("show", "--namespace=a"));
        assert_eq!(taken("--config a.yaml --addr b"), None);
        assert_eq!(taken("-- show"), None);
    }
}
