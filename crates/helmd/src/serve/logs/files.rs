//! Log files as glog keeps them.

use crate::environment::{host_name, program_name, variable};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// The severities, from the least on.
const SEVERITIES: [&str; 3] = ["INFO", "WARNING", "ERROR"];

/// One file for each severity, `PROGRAM.HOST.USER.log.SEVERITY.DATE-TIME.PID`, made with its first line; it holds the lines of
/// its severity and of those above. `PROGRAM.SEVERITY` is a link to the newest.
pub struct Files(Arc<Kept>);

struct Kept {
    folder: PathBuf,
    links: Vec<PathBuf>,
    open: Mutex<[Option<File>; SEVERITIES.len()]>,
}

impl Files {
    /// Files in this folder; links are there and in `more`, too.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub fn new(folder: &Path, more: Option<&Path>) -> io::Result<Files> {
        let links = [Some(folder), more].into_iter().flatten().map(Path::to_owned).collect();
        let kept = Kept { folder: folder.to_owned(), links, open: Mutex::default() };
        // Whether one can write there is seen now, not with the first line.
        let file = kept.create(0)?;
        *kept.open.lock().unwrap_or_else(PoisonError::into_inner) = [Some(file), None, None];
        Ok(Files(Arc::new(kept)))
    }
}

impl Kept {
    fn create(&self, severity: usize) -> io::Result<File> {
        let (program, severity) = (program_name(), SEVERITIES.get(severity).copied().unwrap_or_default());
        let user = variable("USER").unwrap_or_else(|| "unknownuser".to_owned());
        let time = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S");
        let name = format!("{program}.{}.{user}.log.{severity}.{time}.{}", host_name(), std::process::id());
        let name = name.replace('/', "-");
        let file = File::options().create(true).append(true).open(self.folder.join(&name))?;
        for folder in &self.links {
            let link = folder.join(format!("{program}.{severity}"));
            let target = if folder == &self.folder { PathBuf::from(&name) } else { self.folder.join(&name) };
            // HELM-WRAPPER: as in glog, a link that cannot be made hinders nothing.
            let _missing = fs::remove_file(&link);
            let _denied = symlink(target, link);
        }
        Ok(file)
    }

    fn write(&self, severity: usize, line: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, file) in open.iter_mut().enumerate().take(severity + 1) {
            if file.is_none() {
                *file = Some(self.create(at)?);
            }
            if let Some(file) = file {
                file.write_all(line)?;
            }
        }
        Ok(())
    }
}

/// Takes the lines of one severity.
pub struct Line {
    kept: Arc<Kept>,
    severity: usize,
}

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.kept.write(self.severity, line).map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Files {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { kept: Arc::clone(&self.0), severity: 0 }
    }

    fn make_writer_for(&'a self, line: &Metadata<'_>) -> Line {
        let severity = match *line.level() {
            Level::ERROR => 2,
            Level::WARN => 1,
            _ => 0,
        };
        Line { kept: Arc::clone(&self.0), severity }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_severity_has_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path(), None).unwrap();
        files.0.write(0, b"one\n").unwrap();
        files.0.write(1, b"two\n").unwrap();
        let read = |severity: &str| {
            fs::read_to_string(folder.path().join(format!("{}.{severity}", program_name()))).unwrap_or_default()
        };
        assert_eq!((read("INFO").as_str(), read("WARNING").as_str()), ("one\ntwo\n", "two\n"));
        assert_eq!(read("ERROR"), "");
        assert!(Files::new(Path::new("/nowhere/at/all"), None).is_err());
    }
}
