//! `helm create`: a new chart, from our starter or from one of the user's.

use helmd_chart::names::{NameError, validate_chart_name};
use helmd_chart::{Chart, DecodeError, HelmMajor, Metadata, SaveError, Saving, archive_name, chart_yaml, scaffold};
use helmd_repo::local::{Disk, RepoError, absolute, create_folder, write_archive, write_file};
use serde_json::Value as Json;
use std::fs;
use std::path::{Path, PathBuf};

/// Stands for the chart's name in starters.
const PLACEHOLDER: &str = "<CHARTNAME>";

/// `helm create`.
#[derive(Clone, Debug)]
pub struct Create {
    /// The chart's name, or a path that ends with it.
    pub name: String,
    /// The starter: a chart's folder or archive; nothing for ours.
    pub starter: Option<PathBuf>,
    /// For the archives of a starter's subcharts.
    pub saving: Saving,
}

/// Why no chart was created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A chart cannot have this name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A sentence of Helm's, or a file that cannot be written.
    #[error(transparent)]
    Disk(#[from] RepoError),
    /// Something is in the way, or not there.
    #[error("{0}")]
    Place(String),
    /// The starter cannot be read.
    #[error("could not load {starter}")]
    Starter {
        /// Its path.
        starter: String,
        /// Why.
        source: RepoError,
    },
    /// The starter's values are no YAML any more once the name is in them.
    #[error("transforming values file")]
    Values(#[source] DecodeError),
    /// The chart cannot be written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// A subchart of the starter cannot be written.
    #[error("saving {path}")]
    Subchart {
        /// The chart's full path.
        path: String,
        /// Why.
        source: Box<CreateError>,
    },
}

impl Create {
    /// Creates the chart. Files that are there are overwritten; `warn` is told of each, where Helm tells.
    ///
    /// # Errors
    /// The name or the place is not allowed, the starter cannot be used, a file cannot be written.
    pub fn run(&self, disk: &Disk<'_>, log: &mut Vec<String>, mut warn: impl FnMut(String)) -> Result<(), CreateError> {
        let (folder, name) = split(&self.name);
        match &self.starter {
            Some(starter) => self.start_from(starter, (&folder, &name), disk, log),
            None => ours(&folder, &name, &mut warn),
        }
    }

    fn start_from(
        &self,
        starter: &Path,
        (folder, name): (&str, &str),
        disk: &Disk<'_>,
        log: &mut Vec<String>,
    ) -> Result<(), CreateError> {
        let shown = starter.to_string_lossy().into_owned();
        let chart = disk.load(starter, log).map_err(|source| CreateError::Starter { starter: shown, source })?;
        check_values(&chart, name)?;
        let target = helmd_chart::clean_path(&format!("{folder}/{name}"));
        if fs::metadata(&target).is_ok_and(|info| !info.is_dir()) {
            return Err(occupied(&target));
        }
        let target = Path::new(&target);
        create_folder(target)?;
        let write = |file: &str, data: &[u8]| write_file(&target.join(file), data);
        write("Chart.yaml", chart_yaml(&metadata(name))?.as_bytes())?;
        for file in chart.raw.iter().filter(|file| file.name == "values.yaml") {
            write(&file.name, &named(&file.data, name))?;
        }
        if let Some(schema) = &chart.schema {
            write("values.schema.json", schema)?;
        }
        for file in &chart.templates {
            write(&file.name, &named(&file.data, name))?;
        }
        for file in &chart.files {
            write(&file.name, &file.data)?;
        }
        for subchart in &chart.dependencies {
            self.subchart(subchart, target).map_err(|source| CreateError::Subchart {
                path: format!("{name}/charts/{}", subchart.name()),
                source: Box::new(source),
            })?;
        }
        Ok(())
    }

    fn subchart(&self, chart: &Chart, target: &Path) -> Result<(), CreateError> {
        let archive = helmd_chart::write_archive(chart, &self.saving)?;
        write_archive(&target.join("charts").to_string_lossy(), &archive_name(chart), &archive)?;
        Ok(())
    }
}

fn ours(folder: &str, name: &str, warn: &mut impl FnMut(String)) -> Result<(), CreateError> {
    validate_chart_name(name)?;
    let folder = absolute(Path::new(folder));
    match fs::metadata(&folder) {
        Ok(info) if !info.is_dir() => {
            return Err(CreateError::Place(format!("no such directory {}", folder.display())));
        }
        Ok(_) => {}
        Err(_) => return Err(CreateError::Place(format!("stat {}: no such file or directory", folder.display()))),
    }
    let target = helmd_chart::clean_path(&folder.join(name).to_string_lossy());
    if fs::metadata(&target).is_ok_and(|info| !info.is_dir()) {
        return Err(occupied(&target));
    }
    for (file, text) in scaffold::FILES {
        let file = format!("{target}/{file}");
        if fs::metadata(&file).is_ok() {
            let quoted = gotmpl::strconv::quote(file.as_bytes());
            warn(format!("WARNING: File {quoted} already exists. Overwriting."));
        }
        write_file(Path::new(&file), &named(text.as_bytes(), name))?;
    }
    create_folder(&Path::new(&target).join("charts"))?;
    Ok(())
}

fn occupied(path: &str) -> CreateError {
    CreateError::Place(format!("file {path} already exists and is not a directory"))
}

/// The values must still be a table once the name is in them.
fn check_values(chart: &Chart, name: &str) -> Result<(), CreateError> {
    let text = helmd_yaml::json_to_yaml(&Json::Object(chart.default_values().clone())).unwrap_or_default();
    let text = text.replace(PLACEHOLDER, name);
    // Read as one document, whatever is in the name.
    helmd_chart::parse_values(text.as_bytes(), HelmMajor::Helm3).map(|_| ()).map_err(CreateError::Values)
}

fn metadata(name: &str) -> Metadata {
    let text = str::to_owned;
    Metadata {
        name: text(name),
        description: text("A Helm chart for Kubernetes"),
        chart_type: text("application"),
        version: text("0.1.0"),
        app_version: text("0.1.0"),
        api_version: text("v2"),
        ..Metadata::default()
    }
}

/// The bytes with the chart's name in the place of the placeholder.
fn named(data: &[u8], name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some(at) = rest.windows(PLACEHOLDER.len()).position(|part| part == PLACEHOLDER.as_bytes()) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        out.extend_from_slice(name.as_bytes());
        rest = rest.get(at + PLACEHOLDER.len()..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// Go's `filepath.Dir` and `filepath.Base`.
fn split(path: &str) -> (String, String) {
    let folder = path.rfind('/').map_or("", |at| path.get(..=at).unwrap_or_default());
    let trimmed = path.trim_end_matches('/');
    let base = match (trimmed.rsplit('/').next().unwrap_or_default(), path) {
        ("", "") => ".",
        ("", _) => "/",
        (base, _) => base,
    };
    (helmd_chart::clean_path(folder), base.to_owned())
}
