//! The same command lines by the real program and by ours, each in a folder of its own: what they print and leave behind.

#![expect(clippy::unwrap_used, reason = "a side that cannot be run ends the test")]

use crate::lines::{difference, words};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a command line gave.
pub struct Given {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it complained of.
    pub err: String,
    /// The files that there are then, with their texts.
    pub files: BTreeMap<String, String>,
}

/// A program with its folder; `home` and `work` are in it.
pub struct Side<'a> {
    /// The program.
    pub program: PathBuf,
    /// Its folder.
    pub folder: PathBuf,
    /// A flag that it gets always.
    pub flag: Option<&'a str>,
    /// What is different for each side, and what stands for it.
    pub own: Vec<(String, String)>,
    /// Digests do not count: they are of what has a time in it.
    pub without_digests: bool,
    /// Variables of the environment beside the usual ones.
    pub variables: Vec<(String, String)>,
}

impl Side<'_> {
    /// Runs a command line.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn run(&self, line: &str) -> Given {
        let output = Command::new(&self.program)
            .args(words(line))
            .args(self.flag)
            .current_dir(self.folder.join("work"))
            .env_clear()
            .env("HOME", self.folder.join("home"))
            .env("TZ", "UTC")
            .env("KUBECONFIG", "/dev/null")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| self.plain(&String::from_utf8_lossy(bytes));
        let mut files = BTreeMap::new();
        self.files(&self.folder, &mut files);
        let (out, err) = (Self::in_order(text(&output.stdout), line), Self::in_order(text(&output.stderr), line));
        Given { code: output.status.code(), out, err, files }
    }

    /// Texts without what differs from side to side and from time to time.
    fn plain(&self, text: &str) -> String {
        let text = text.replace(self.folder.to_str().unwrap(), "DIR");
        let text = self.own.iter().fold(text, |text, (own, plain)| text.replace(own, plain));
        let text = if self.without_digests { without_digests(&text) } else { text };
        // Helm's log has times, and its debug flags places.
        let timeless = |line: &str| match line.split_once(" level=") {
            Some((head, rest)) if head.starts_with("time=") => format!("level={rest}"),
            _ => line.to_owned(),
        };
        let without_clock = |line: String| {
            let looks = line
                .get(..20)
                .is_some_and(|head| head.as_bytes().get(4) == Some(&b'/') && head.as_bytes().get(13) == Some(&b':'));
            if looks { line.get(20..).unwrap_or_default().to_owned() } else { line }
        };
        text.lines().map(timeless).map(without_clock).map(|line| line + "\n").collect()
    }

    /// HELM: what comes out of Go's maps, or of several at the same time, is in no order.
    fn in_order(text: String, line: &str) -> String {
        let mut lines: Vec<&str> = text.lines().collect();
        if line.starts_with("repo up")
            || text.contains("an update from the")
            || text.contains("skipping loading invalid entry")
        {
            lines.sort_unstable();
        }
        lines.join("\n")
    }

    fn files(&self, folder: &Path, into: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&self.folder).unwrap().display().to_string();
            // Notes of ours; archives that helm 3 keeps elsewhere.
            if name.ends_with(".helmd.json")
                || name.contains("/.cache/helm/content/")
                || name.contains("/repository/") && name.ends_with(".tgz")
            {
                continue;
            }
            if path.is_dir() {
                // Folders without files do not matter.
                self.files(&path, into);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let text = match String::from_utf8(bytes) {
                Ok(text) => {
                    let mut lines: Vec<&str> = text
                        .lines()
                        .filter(|line| {
                            !line.trim_start().trim_start_matches('-').trim().starts_with("created:")
                                && !line.starts_with("generated:")
                                && !line.contains("\"created\"")
                                && !line.contains("\"generated\"")
                        })
                        .collect();
                    if name.ends_with("-charts.txt") {
                        lines.sort_unstable();
                    }
                    lines.join("\n")
                }
                // What each packs itself is compressed in another way.
                Err(_) if name.contains("/p-file/") || name.contains("p-late2-") => "an archive".to_owned(),
                Err(error) => format!("{} bytes", error.as_bytes().len()),
            };
            into.insert(name, self.plain(&text));
        }
    }
}

/// `sha256:…` in place of each digest.
fn without_digests(text: &str) -> String {
    let mut parts = text.split("sha256:");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        plain.push_str("sha256:…");
        plain.push_str(part.get(digits..).unwrap_or_default());
    }
    plain
}

/// The files that differ, with their texts.
#[must_use]
pub fn unlike(want: &BTreeMap<String, String>, got: &BTreeMap<String, String>) -> BTreeMap<String, (String, String)> {
    let text =
        |files: &BTreeMap<String, String>, name| files.get(name).cloned().unwrap_or_else(|| "no such file".to_owned());
    let names = want.keys().chain(got.keys());
    let both = names.map(|name| (name.clone(), (text(want, name), text(got, name))));
    both.filter(|(_, (want, got))| want != got).collect()
}

/// Runs the lines on both sides and tells where they differ. A line that begins with `~ ` is compared by its exit code only;
/// `fill` puts in what is different for each run.
#[must_use]
pub fn compare(
    sides: (&Side<'_>, &Side<'_>),
    sequence: &str,
    fill: impl Fn(&str, usize) -> String,
) -> (usize, Vec<String>) {
    let (theirs, ours) = sides;
    let (mut different, mut lines) = (Vec::new(), 0);
    let mut known: BTreeMap<String, (String, String)> = BTreeMap::new();
    for line in sequence.lines().filter(|line| !line.is_empty()) {
        lines += 1;
        let (codes_only, line) = line.strip_prefix("~ ").map_or((false, line), |line| (true, line));
        let want = theirs.run(&fill(line, 0));
        let got = ours.run(&fill(line, 1));
        // What an earlier line has left different is told there.
        let unlike = unlike(&want.files, &got.files);
        let new: Vec<&String> =
            unlike.iter().filter(|(name, texts)| known.get(*name) != Some(*texts)).map(|(name, _)| name).collect();
        let same = want.out == got.out && want.err == got.err && new.is_empty();
        if want.code != got.code || (!codes_only && !same) {
            let codes = format!("  exit codes {:?} and {:?}\n", want.code, got.code);
            let mut texts = difference("out", &want.out, &got.out) + &difference("err", &want.err, &got.err);
            for name in new {
                if let Some((want, got)) = unlike.get(name) {
                    texts += &difference(name, want, got);
                }
            }
            different.push(format!("{line}\n{codes}{texts}"));
        }
        known = unlike;
    }
    (lines, different)
}
