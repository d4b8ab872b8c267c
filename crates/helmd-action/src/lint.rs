//! `helm lint`: reads a chart's folder or archive, and lets the rules of `helmd-lint` run over it.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use helmd_chart::{ArchiveLimits, File, Loader, Values, read_archive};
use helmd_engine::Cancel;
use helmd_kube::helm_text;
use helmd_lint::{Cancelled, ChartFolder, Message, Options, Place, Report, Severity};
use helmd_repo::local::{self, Entry, Links, RepoError};
use helmd_repo::subcharts::is_archive;

use crate::context::{Outside, System};
use crate::error::ActionError;
use crate::render::{Host, out_of_time, with_clock};

/// Lints charts. Blocks: a server runs it away from its tasks.
#[derive(Clone)]
pub struct Lint {
    /// The rules' options.
    pub options: Options,
    /// `--strict`: warnings make a chart fail.
    pub strict: bool,
    /// Whose files these are: may symbolic links lead out of a chart's folder?
    pub links: Links,
    /// How large charts may be.
    pub limits: ArchiveLimits,
    /// The folder below which messages say that an archive was unpacked. HELM: Helm unpacks to a folder of its own there;
    /// here nothing is written.
    pub unpack_below: PathBuf,
    /// Time, randomness, names.
    pub outside: Arc<dyn Outside>,
}

/// What linting one chart gave.
#[derive(Debug, Clone, Default)]
pub struct Linted {
    /// The findings in Helm's order.
    pub messages: Vec<Message>,
    /// Why the rules could not run; there are no findings then.
    pub error: Option<String>,
    /// Whether the chart failed: an error, or a warning where these count.
    pub failed: bool,
    /// What Helm would have written to its log.
    pub log: Vec<String>,
}

impl Linted {
    /// Whether there is more than recommendations.
    #[must_use]
    pub fn has_warnings_or_errors(&self) -> bool {
        self.error.is_some() || self.messages.iter().any(|message| message.severity > Severity::Info)
    }
}

impl Lint {
    /// What `helm lint` does without flags, on the user's own files.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let limits = options.budgets.loader(options.helm).limits;
        Self {
            options,
            strict: false,
            links: Links::Anywhere,
            limits,
            unpack_below: PathBuf::from("/tmp"),
            outside: Arc::new(System),
        }
    }

    /// Lints the chart at a path: an archive when its name says so, else a folder. HELM: the user's values take up the
    /// chart's defaults, and the next chart sees them; see [`helmd_lint::lint`].
    ///
    /// # Errors
    /// The rules' thread broke down. A chart that cannot be read is no error but [`Linted::error`].
    pub fn path(&self, path: &Path, values: &mut Values) -> Result<Linted, ActionError> {
        let folder = if path.to_str().is_some_and(is_archive) { self.archive_file(path) } else { self.folder(path) };
        self.finish(folder, values)
    }

    /// Lints the chart in an archive's bytes, as [`Lint::path`].
    ///
    /// # Errors
    /// As [`Lint::path`].
    pub fn archive(&self, bytes: &[u8], values: &mut Values) -> Result<Linted, ActionError> {
        self.finish(self.unpacked(bytes), values)
    }

    fn finish(&self, folder: Result<ChartFolder, String>, values: &mut Values) -> Result<Linted, ActionError> {
        let folder = match folder {
            Ok(folder) => folder,
            Err(error) => return Ok(Linted { error: Some(error), failed: true, ..Linted::default() }),
        };
        let cancel = Cancel::new();
        let options = Options { cancel: cancel.clone(), ..self.options.clone() };
        let outside = &self.outside;
        let Report { mut messages, log, cancelled } = with_clock(&options.budgets, cancel, |clock| {
            clock.begin();
            helmd_lint::lint(&folder, values, &options, Rc::new(Host(Arc::clone(outside))))
        })?;
        if let Some(Cancelled { place }) = cancelled {
            let stopped = out_of_time(options.budgets.render_time);
            let text = helm_text(&ActionError::Stopped { stopped, place });
            messages.push(Message { severity: Severity::Error, path: "templates/".to_owned(), text });
        }
        let tolerated = if self.strict { Severity::Info } else { Severity::Warning };
        let failed = messages.iter().any(|message| message.severity > tolerated);
        Ok(Linted { messages, error: None, failed, log })
    }

    fn loader(&self) -> Loader {
        Loader { limits: self.limits.clone(), ..self.options.budgets.loader(self.options.helm) }
    }

    fn archive_file(&self, path: &Path) -> Result<ChartFolder, String> {
        // A compressed file is not larger than what comes out of it, but for some bytes around each part.
        let limit = self.limits.total_bytes.saturating_add(1 << 20);
        let bytes = local::read_file(path, limit).map_err(|error| {
            let step = if matches!(error, RepoError::Open(_)) { "open" } else { "extract" };
            format!("unable to {step} tarball: {error}")
        })?;
        self.unpacked(&bytes)
    }

    fn unpacked(&self, bytes: &[u8]) -> Result<ChartFolder, String> {
        let failed = |error: &dyn std::error::Error| format!("unable to extract tarball: {}", helm_text(error));
        let files: Vec<File> = read_archive(bytes, &self.limits, self.options.helm).map_err(|e| failed(&e))?;
        let mut number = [0; 4];
        self.outside.random(&mut number);
        let top = self.unpack_below.join(format!("helm-lint{}", u32::from_le_bytes(number)));
        ChartFolder::unpacked(&top.to_string_lossy(), files, &self.loader()).map_err(|e| failed(&e))
    }

    fn folder(&self, path: &Path) -> Result<ChartFolder, String> {
        let shown = local::clean(&path.join("Chart.yaml"));
        let shown = shown.to_string_lossy();
        let fault = match local::entry(&path.join("Chart.yaml"), &shown) {
            Entry::Folder | Entry::File => return Ok(self.read_folder(&local::absolute(path))),
            Entry::Missing => format!("stat {shown}: no such file or directory"),
            Entry::Unknown(text) => text,
        };
        Err(format!("unable to check Chart.yaml file in chart: {fault}"))
    }

    fn read_folder(&self, top: &Path) -> ChartFolder {
        let entry = |name: &str| {
            let path = top.join(name);
            local::entry(&path, &path.to_string_lossy())
        };
        let place = |name: &str| match entry(name) {
            Entry::Missing => Place::Missing,
            Entry::Folder => Place::Folder,
            Entry::File => Place::File,
            Entry::Unknown(text) => Place::Unknown(text),
        };
        let read = |name: &str| local::read_file(&top.join(name), self.limits.total_bytes).map_err(|e| e.to_string());
        let has_values = matches!(entry("values.yaml"), Entry::Folder | Entry::File);
        let (mut load_log, loader) = (Vec::new(), self.loader());
        let chart = local::folder_files(top, &loader, self.links, &mut load_log)
            .map_err(|e| helm_text(&e))
            .and_then(|files| loader.files_logging(files, &mut load_log).map_err(|e| helm_text(&e)));
        ChartFolder {
            path: top.to_string_lossy().into_owned(),
            chart_yaml_is_folder: entry("Chart.yaml") == Entry::Folder,
            chart_yaml: read("Chart.yaml"),
            values_yaml: has_values.then(|| read("values.yaml")),
            values_schema: read("values.schema.json").unwrap_or_default(),
            templates: place("templates"),
            crds: place("crds"),
            chart,
            load_log,
        }
    }
}
