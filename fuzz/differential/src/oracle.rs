//! The real Helm: a program that answers one question a line.

use crate::answer::Answer;
use anyhow::{Context, Result};
use serde_json::Value as Json;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The running program.
pub struct Oracle {
    program: PathBuf,
    helm3: bool,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Oracle {
    /// Starts `program`; answers are those of helm 3 or helm 4.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(program: &Path, helm3: bool) -> Result<Oracle> {
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
        Ok(Oracle { program: program.to_owned(), helm3, child, input, output })
    }

    /// Asks all questions while `meanwhile` runs; `None` is the answer to one that ended the program (Go cannot recover
    /// from a stack that is full).
    ///
    /// # Errors
    /// The program cannot be started again.
    pub fn ask<T>(&mut self, questions: &[Json], meanwhile: impl FnOnce() -> T) -> Result<(Vec<Option<Answer>>, T)> {
        let mut answers = self.ask_beside(questions, Some(meanwhile))?;
        let ours = answers.1.take().context("nothing was done meanwhile")?;
        let mut answers = answers.0;
        while answers.len() < questions.len() {
            answers.push(None);
            *self = Oracle::start(&self.program, self.helm3)?;
            let (more, _) = self.ask_beside(&questions[answers.len()..], None::<fn()>)?;
            answers.extend(more);
        }
        Ok((answers, ours))
    }

    /// The answers until the program ended.
    fn ask_beside<T>(
        &mut self,
        questions: &[Json],
        meanwhile: Option<impl FnOnce() -> T>,
    ) -> Result<(Vec<Option<Answer>>, Option<T>)> {
        let (input, output, helm3) = (&mut self.input, &mut self.output, self.helm3);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for question in questions {
                    if writeln!(input, "{question}").is_err() {
                        break;
                    }
                }
                let _ended = input.flush();
            });
            let reader = scope.spawn(move || {
                let mut answers = Vec::with_capacity(questions.len());
                for line in output.lines().take(questions.len()) {
                    let Ok(line) = line else { break };
                    answers.push(Some(Answer::parse(&line, helm3).with_context(|| format!("reading {line}"))?));
                }
                anyhow::Ok(answers)
            });
            let done = meanwhile.map(|work| work());
            let answers = reader.join().map_err(|_| anyhow::anyhow!("the reader of answers failed"))??;
            Ok((answers, done))
        })
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
