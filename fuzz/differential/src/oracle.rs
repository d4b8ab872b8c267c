//! The real Helm: a program that answers one question a line.

use anyhow::{Context, Result};
use serde_json::Value as Json;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A question that takes the real Helm longer has no answer: a loop over billions, say.
const PATIENCE: Duration = Duration::from_secs(5);

/// The running program.
pub struct Oracle {
    program: PathBuf,
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Oracle {
    /// Starts `program`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(program: &Path) -> Result<Oracle> {
        let mut child = Command::new(program)
            .env("TZ", "UTC")
            .env("GOMEMLIMIT", "2GiB")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let input = child.stdin.take().context("no input")?;
        let output = BufReader::new(child.stdout.take().context("no output")?);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Oracle { program: program.to_owned(), child, input, lines })
    }

    /// Asks all questions while `meanwhile` runs and gives the lines of the answers. `None` is the answer to one that ended the program (Go cannot recover
    /// from a stack that is full) or took too long.
    ///
    /// # Errors
    /// The program cannot be started again.
    pub fn ask<T>(&mut self, questions: &[Json], meanwhile: impl FnOnce() -> T) -> Result<(Vec<Option<String>>, T)> {
        let (mut answers, ours) = self.ask_once(questions, meanwhile);
        while answers.len() < questions.len() {
            answers.push(None);
            *self = Oracle::start(&self.program)?;
            let (more, ()) = self.ask_once(&questions[answers.len()..], || ());
            answers.extend(more);
        }
        Ok((answers, ours))
    }

    /// The answers until the program ended.
    fn ask_once<T>(&mut self, questions: &[Json], meanwhile: impl FnOnce() -> T) -> (Vec<Option<String>>, T) {
        let Oracle { child, input, lines, .. } = self;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for question in questions {
                    if writeln!(input, "{question}").is_err() {
                        break;
                    }
                }
                let _ended = input.flush();
            });
            let ours = meanwhile();
            let mut answers = Vec::with_capacity(questions.len());
            for _ in questions {
                let Ok(line) = lines.recv_timeout(PATIENCE) else {
                    let _ended = child.kill();
                    break;
                };
                answers.push(Some(line));
            }
            (answers, ours)
        })
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
