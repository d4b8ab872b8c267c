//! Flags as Helm's own parser (pflag) reads them, with its error texts.
//!
//! A command declares its flags in a [`FlagSet`]; [`FlagSet::parse`] gives what was set and the words between.

mod csv;
mod help;
mod kind;

pub use kind::Kind;

use gotmpl::strconv::{quote, quote_rune};
use std::collections::BTreeMap;
use std::time::Duration;

/// One flag of a command.
#[derive(Clone, Debug)]
pub struct Flag {
    /// Its name, without dashes.
    pub name: &'static str,
    /// Its letter.
    pub short: Option<char>,
    /// What values it takes.
    pub kind: Kind,
    /// The value that the flag has when it stands alone (`--dry-run`); `None` wants one behind it.
    pub alone: Option<&'static str>,
    /// What to use instead; a set flag then says so.
    pub deprecated: Option<&'static str>,
    /// What it is for; without this it is not in the help.
    pub usage: &'static str,
}

impl Flag {
    /// A flag that takes values of this kind.
    pub fn new(name: &'static str, kind: Kind, usage: &'static str) -> Flag {
        let alone = (kind == Kind::Bool).then_some("true");
        Flag { name, short: None, kind, alone, deprecated: None, usage }
    }

    /// With a letter.
    pub fn short(self, letter: char) -> Flag {
        Flag { short: Some(letter), ..self }
    }

    /// With a value for when it stands alone.
    pub fn alone(self, value: &'static str) -> Flag {
        Flag { alone: Some(value), ..self }
    }

    /// With a hint at its successor; it is then left out of the help.
    pub fn deprecated(self, instead: &'static str) -> Flag {
        Flag { deprecated: Some(instead), usage: "", ..self }
    }
}

/// Why a command line was not understood, in pflag's and cobra's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// Nobody declared it.
    #[error("unknown flag: --{0}")]
    Unknown(String),
    /// Nobody declared the letter.
    #[error("unknown shorthand flag: {letter} in -{group}")]
    UnknownLetter {
        /// The letter, quoted.
        letter: String,
        /// All letters behind the dash.
        group: String,
    },
    /// No value follows.
    #[error("flag needs an argument: {0}")]
    NeedsValue(String),
    /// The value does not fit.
    #[error("invalid argument {value} for {flag} flag: {cause}")]
    Invalid {
        /// The value, quoted.
        value: String,
        /// The flag, quoted.
        flag: String,
        /// Why.
        cause: String,
    },
    /// `--=x` and the like.
    #[error("bad flag syntax: {0}")]
    Syntax(String),
    /// Flags that exclude each other.
    #[error("if any flags in the group [{group}] are set none of the others can be; [{set}] were all set")]
    Exclusive {
        /// All of them.
        group: String,
        /// Those that were set.
        set: String,
    },
    /// Help was asked for.
    #[error("help requested")]
    Help,
}

/// The flags of a command.
#[derive(Clone, Debug, Default)]
pub struct FlagSet {
    flags: Vec<Flag>,
    exclusive: Vec<Vec<&'static str>>,
}

/// What a command line says.
#[derive(Clone, Debug, Default)]
pub struct Matches {
    values: BTreeMap<&'static str, Vec<String>>,
    /// The words that are no flags.
    pub words: Vec<String>,
    /// What parsing had to say: deprecated flags, in order.
    pub notes: Vec<String>,
}

impl FlagSet {
    /// Adds flags.
    pub fn add(&mut self, flags: impl IntoIterator<Item = Flag>) {
        self.flags.extend(flags);
    }

    /// Of these flags at most one may be set.
    pub fn exclusive(&mut self, names: &[&'static str]) {
        self.exclusive.push(names.to_vec());
    }

    /// Reads a command line. Flags and words may be mixed; behind `--` there are words only.
    ///
    /// # Errors
    /// The first thing that does not fit; what was noted before it stays in `matches.notes`.
    pub fn parse(&self, args: &[String], matches: &mut Matches) -> Result<(), FlagError> {
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            if arg == "--" {
                matches.words.extend(rest.cloned());
                break;
            } else if let Some(long) = arg.strip_prefix("--") {
                self.long(arg, long, &mut rest, matches)?;
            } else if let Some(letters) = arg.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                self.letters(letters, &mut rest, matches)?;
            } else {
                matches.words.push(arg.clone());
            }
        }
        if matches.flag("help") { Err(FlagError::Help) } else { Ok(()) }
    }

    /// Checks the flags that exclude each other; cobra does so after it has counted the words.
    ///
    /// # Errors
    /// More than one flag of a group is set.
    pub fn check_exclusive(&self, matches: &Matches) -> Result<(), FlagError> {
        let mut groups: Vec<&Vec<&str>> = self.exclusive.iter().collect();
        groups.sort_by_key(|group| group.join(" "));
        for group in groups {
            let mut set: Vec<&str> = group.iter().copied().filter(|name| matches.is_set(name)).collect();
            set.sort_unstable();
            if set.len() > 1 {
                return Err(FlagError::Exclusive { group: group.join(" "), set: set.join(" ") });
            }
        }
        Ok(())
    }

    fn long(
        &self,
        arg: &str,
        long: &str,
        rest: &mut std::slice::Iter<'_, String>,
        matches: &mut Matches,
    ) -> Result<(), FlagError> {
        if long.starts_with(['-', '=']) {
            return Err(FlagError::Syntax(arg.to_owned()));
        }
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        let Some(flag) = self.flags.iter().find(|flag| flag.name == name) else {
            return Err(if name == "help" { FlagError::Help } else { FlagError::Unknown(name.to_owned()) });
        };
        let value = match (value, flag.alone) {
            (Some(value), _) => value,
            (None, Some(alone)) => alone,
            (None, None) => rest.next().ok_or_else(|| FlagError::NeedsValue(format!("--{name}")))?,
        };
        matches.set(flag, value)
    }

    /// `-abc`, `-fvalue`, `-f=value`, `-f value`.
    fn letters(
        &self,
        group: &str,
        rest: &mut std::slice::Iter<'_, String>,
        matches: &mut Matches,
    ) -> Result<(), FlagError> {
        let mut letters = group;
        while let Some(letter) = letters.chars().next() {
            let behind = letters.get(letter.len_utf8()..).unwrap_or_default();
            let Some(flag) = self.flags.iter().find(|flag| flag.short == Some(letter)) else {
                return Err(match letter {
                    'h' => FlagError::Help,
                    _ => FlagError::UnknownLetter { letter: first_byte(letters), group: letters.to_owned() },
                });
            };
            let value = match (behind.strip_prefix('=').filter(|value| !value.is_empty()), flag.alone) {
                (Some(value), _) => value,
                (None, Some(alone)) => {
                    matches.set(flag, alone)?;
                    letters = behind;
                    continue;
                }
                (None, None) if !behind.is_empty() => behind,
                (None, None) => rest
                    .next()
                    .ok_or_else(|| FlagError::NeedsValue(format!("{} in -{letters}", first_byte(letters))))?,
            };
            return matches.set(flag, value);
        }
        Ok(())
    }
}

/// HELM: the parser looks at bytes.
fn first_byte(letters: &str) -> String {
    quote_rune(u32::from(letters.bytes().next().unwrap_or_default()))
}

impl Matches {
    fn set(&mut self, flag: &Flag, value: &str) -> Result<(), FlagError> {
        let values = self.values.entry(flag.name).or_default();
        flag.kind.take(value, values, &mut self.notes).map_err(|cause| {
            let name = match flag.short {
                Some(letter) => format!("-{letter}, --{}", flag.name),
                None => format!("--{}", flag.name),
            };
            FlagError::Invalid { value: quote(value), flag: quote(name), cause }
        })?;
        if let Some(instead) = flag.deprecated {
            self.notes.push(format!("Flag --{} has been deprecated, {instead}", flag.name));
        }
        Ok(())
    }

    /// Whether the flag was set.
    pub fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The flag's last value; empty when it was not set.
    pub fn text(&self, name: &str) -> &str {
        self.values.get(name).and_then(|values| values.last()).map_or("", String::as_str)
    }

    /// The flag's value, or the fallback when it was not set.
    pub fn text_or<'a>(&'a self, name: &str, fallback: &'a str) -> &'a str {
        if self.is_set(name) { self.text(name) } else { fallback }
    }

    /// The values of a flag that takes several.
    pub fn list(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// The flag's whole number; the fallback when it was not set.
    pub fn int(&self, name: &str, fallback: i64) -> i64 {
        self.values.get(name).and_then(|values| values.last()?.parse().ok()).unwrap_or(fallback)
    }

    /// The flag's time span; the fallback when it was not set. A negative one is none.
    pub fn duration(&self, name: &str, fallback: Duration) -> Duration {
        match sprig::time::parse_duration(self.text(name).as_bytes()) {
            Ok(nanos) if self.is_set(name) => Duration::from_nanos(u64::try_from(nanos).unwrap_or_default()),
            _ => fallback,
        }
    }

    /// Whether a yes-or-no flag is set to yes.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name) == "true"
    }
}

#[cfg(test)]
mod tests {
    use super::{Flag, FlagSet, Kind, Matches};

    fn set() -> FlagSet {
        let mut set = FlagSet::default();
        set.add([
            Flag::new("values", Kind::Csv, "u").short('f'),
            Flag::new("set", Kind::List, "u"),
            Flag::new("generate-name", Kind::Bool, "u").short('g'),
            Flag::new("namespace", Kind::Text, "u").short('n'),
            Flag::new("dry-run", Kind::Text, "u").alone("unset"),
            Flag::new("timeout", Kind::Duration, "u"),
            Flag::new("qps", Kind::Float32, "u"),
            Flag::new("burst-limit", Kind::Int, "u"),
            Flag::new("labels", Kind::Pairs, "u").short('l'),
            Flag::new("force", Kind::Bool, "u").deprecated("use --force-replace instead"),
        ]);
        set.exclusive(&["dry-run", "force"]);
        set
    }

    fn parse(line: &[&str]) -> Result<Matches, String> {
        let args: Vec<String> = line.iter().map(|a| (*a).to_owned()).collect();
        let mut matches = Matches::default();
        let set = set();
        set.parse(&args, &mut matches).map_err(|e| e.to_string())?;
        set.check_exclusive(&matches).map_err(|e| e.to_string())?;
        Ok(matches)
    }

    #[test]
    fn values_come_in_all_forms() {
        let m = parse(&["a", "-gfx", "-f=y,z", "--values", "\"q,r\",s", "-n", "-", "--set", "a=1,b", "-", "--", "-x"]);
        let m = m.unwrap();
        assert_eq!(m.list("values"), ["x", "y", "z", "q,r", "s"]);
        assert_eq!(
            (m.list("set"), m.text("namespace"), m.flag("generate-name")),
            (&["a=1,b".to_owned()][..], "-", true)
        );
        assert_eq!(m.words, ["a", "-", "-x"]);
        let m = parse(&["--dry-run", "b", "--generate-name=F", "--labels", "a=b,c=d", "-l", "e=f"]).unwrap();
        assert_eq!(
            (m.text("dry-run"), m.flag("generate-name"), m.words.as_slice()),
            ("unset", false, &["b".to_owned()][..])
        );
        assert_eq!(m.list("labels"), ["a=b", "c=d", "e=f"]);
        assert_eq!(
            parse(&["--force"]).unwrap().notes,
            ["Flag --force has been deprecated, use --force-replace instead"]
        );
    }

    #[test]
    fn errors_are_pflags() {
        for (line, want) in [
            (&["--x=1"][..], "unknown flag: --x"),
            (&["-gz"], "unknown shorthand flag: 'z' in -z"),
            (&["--set"], "flag needs an argument: --set"),
            (&["-gn"], "flag needs an argument: 'n' in -n"),
            (&["---x"], "bad flag syntax: ---x"),
            (&["--=x"], "bad flag syntax: --=x"),
            (
                &["-g=x"],
                r#"invalid argument "x" for "-g, --generate-name" flag: strconv.ParseBool: parsing "x": invalid syntax"#,
            ),
            (&["--timeout", "5"], r#"invalid argument "5" for "--timeout" flag: time: missing unit in duration "5""#),
            (
                &["--burst-limit=a"],
                r#"invalid argument "a" for "--burst-limit" flag: strconv.ParseInt: parsing "a": invalid syntax"#,
            ),
            (&["--qps=a"], r#"invalid argument "a" for "--qps" flag: strconv.ParseFloat: parsing "a": invalid syntax"#),
            (&["-l", "a"], r#"invalid argument "a" for "-l, --labels" flag: a must be formatted as key=value"#),
            (
                &["-f", "a\"b"],
                r#"invalid argument "a\"b" for "-f, --values" flag: parse error on line 1, column 2: bare " in non-quoted-field"#,
            ),
            (
                &["--dry-run=client", "--force"],
                "if any flags in the group [dry-run force] are set none of the others can be; [dry-run force] were all set",
            ),
            (&["--help"], "help requested"),
        ] {
            assert_eq!(parse(line).unwrap_err(), want);
        }
    }
}
