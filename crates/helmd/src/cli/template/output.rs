//! What `helm template` prints and writes of a release.

use crate::cli::flags::Matches;
use helmd_action::RenderedRelease;
use helmd_chart::HelmMajor;
use helmd_release::{Hook, HookEvent};
use helmd_repo::local::go_text;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Why not all was written.
pub enum Error {
    /// A file, while the release was being rendered.
    Rendering(String),
    /// A file of a hook.
    Hook(String),
    /// No template is called so.
    NotFound(String),
}

/// How the release is shown.
pub struct Output<'a> {
    matches: &'a Matches,
    helm: HelmMajor,
}

impl<'a> Output<'a> {
    pub fn new(matches: &'a Matches, helm: HelmMajor) -> Output<'a> {
        Output { matches, helm }
    }

    /// Writes the release to `out` or to files.
    pub fn write(&self, name: &str, release: &RenderedRelease, broken: bool, out: &mut dyn Write) -> Result<(), Error> {
        let hooks: &[Hook] = if self.matches.flag("no-hooks") { &[] } else { &release.hooks };
        let skip_tests = self.matches.flag("skip-tests");
        let patterns = self.matches.list("show-only");
        let text = match self.matches.text("output-dir") {
            "" => {
                let mut pieces = helmd_release::template_pieces(&release.manifest, hooks, skip_tests);
                if patterns.is_empty() {
                    let mut out = BufWriter::new(out);
                    let _closed =
                        pieces.try_for_each(|piece| out.write_all(piece.as_bytes())).and_then(|()| out.flush());
                    return Ok(());
                }
                pieces.collect()
            }
            folder => {
                let inner = self.folder(folder, name);
                let mut files = Files { written: BTreeSet::new(), out: &mut *out };
                // HELM: a broken release's files are shown, not written.
                if !broken {
                    write_manifests(release, folder, &inner, &mut files)?;
                }
                let shown = hooks.iter().filter(|hook| !(skip_tests && hook.has_event(&HookEvent::Test)));
                write_hooks(shown, &inner, &mut files)?;
                format!("{}\n", if broken { release.manifest.trim() } else { "" })
            }
        };
        let text = match patterns {
            [] => text,
            patterns => self.only(&text, patterns)?,
        };
        let _closed = out.write_all(text.as_bytes());
        Ok(())
    }

    /// The folder of templates' files.
    fn folder(&self, folder: &str, name: &str) -> String {
        match self.matches.flag("release-name") {
            true => helmd_chart::clean_path(&format!("{folder}/{name}")),
            false => folder.to_owned(),
        }
    }

    /// The documents of the templates that `--show-only` names, in the order of the patterns.
    fn only(&self, text: &str, patterns: &[String]) -> Result<String, Error> {
        let documents = helmd_release::split_manifests(text, self.helm);
        let mut shown = String::new();
        for pattern in patterns {
            let before = shown.len();
            for document in &documents {
                let fits = |path| helmd_chart::glob::matches(pattern, path).unwrap_or(false);
                if source_path(document).is_some_and(fits) {
                    shown.push_str(&format!("---\n{document}\n"));
                }
            }
            if shown.len() == before {
                return Err(Error::NotFound(format!("could not find template {pattern} in chart")));
            }
        }
        Ok(shown)
    }
}

/// HELM: CRDs lie in the outer folder, with `--release-name` as well.
fn write_manifests(release: &RenderedRelease, outer: &str, inner: &str, files: &mut Files<'_>) -> Result<(), Error> {
    let crds = release.crds.iter().map(|crd| (outer, crd));
    for (folder, manifest) in crds.chain(release.manifests.iter().map(|manifest| (inner, manifest))) {
        let append = !files.written.insert(manifest.path.clone());
        files.write(folder, &manifest.path, &manifest.content, append).map_err(Error::Rendering)?;
    }
    Ok(())
}

/// HELM: a hook's file is continued whenever it is there, even from an earlier run.
fn write_hooks<'h>(hooks: impl Iterator<Item = &'h Hook>, folder: &str, files: &mut Files<'_>) -> Result<(), Error> {
    for hook in hooks {
        let append = Path::new(&helmd_chart::clean_path(&format!("{folder}/{}", hook.path))).exists();
        files.write(folder, &hook.path, &hook.manifest, append).map_err(Error::Hook)?;
    }
    Ok(())
}

/// Writes the files of `--output-dir` and tells of each.
struct Files<'a> {
    written: BTreeSet<String>,
    out: &'a mut dyn Write,
}

impl Files<'_> {
    fn write(&mut self, folder: &str, path: &str, content: &str, append: bool) -> Result<(), String> {
        // Chart names and file names are checked when a chart is loaded; this is the last gate before the disk.
        if path.split('/').any(|part| part == "..") {
            return Err(format!("template path {path} leaves the output folder"));
        }
        let file = format!("{folder}/{path}");
        let cleaned = helmd_chart::clean_path(&file);
        make_folder(Path::new(&cleaned).parent().unwrap_or(Path::new(".")))?;
        let mut options = fs::OpenOptions::new();
        match append {
            true => options.append(true),
            false => options.write(true).create(true).truncate(true),
        };
        let failed = |e: std::io::Error| format!("open {file}: {}", go_text(&e));
        let text = format!("---\n# Source: {path}\n{content}\n");
        options
            .open(&file)
            .map_err(failed)?
            .write_all(text.as_bytes())
            .map_err(|e| format!("write {file}: {}", go_text(&e)))?;
        let _closed = writeln!(self.out, "wrote {file}");
        Ok(())
    }
}

/// Makes a folder and those above it, with Go's errors.
fn make_folder(path: &Path) -> Result<(), String> {
    let (made, text) = (path.as_os_str().is_empty(), path.display());
    match fs::metadata(path) {
        _ if made => Ok(()),
        Ok(info) if info.is_dir() => Ok(()),
        Ok(_) => Err(format!("mkdir {text}: not a directory")),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            make_folder(path.parent().unwrap_or(Path::new("")))?;
            fs::create_dir(path).map_err(|e| format!("mkdir {text}: {}", go_text(&e)))
        }
        Err(e) => Err(format!("stat {text}: {}", go_text(&e))),
    }
}

/// The path in a document's `# Source:` line, without the chart's name.
fn source_path(document: &str) -> Option<&str> {
    const MARK: &str = "# Source: ";
    document.match_indices(MARK).find_map(|(at, _)| {
        let (chart, rest) = document.get(at + MARK.len()..)?.split_once('/')?;
        let path = rest.split('\n').next()?;
        (!chart.is_empty() && !path.is_empty()).then_some(path)
    })
}
