//! `helm dependency list`: which of the wanted charts are there.

use helmd_chart::{Chart, Dependency};
use helmd_repo::local::{Disk, RepoError, glob};
use helmd_semver::{Constraints, Version};
use std::fmt;
use std::path::Path;

/// `helm dependency list`.
#[derive(Clone, Debug)]
pub struct DependencyList {
    /// The chart: a folder or an archive.
    pub chart: String,
}

/// What a chart wants, and what there is of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependencies {
    /// The wanted charts, in order; `None` when the chart does not speak of dependencies.
    pub wanted: Option<Vec<WantedChart>>,
    /// Where the charts are looked for.
    pub folder: String,
    /// What there is to say of charts there, one line each.
    pub warnings: Vec<String>,
}

/// One wanted chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedChart {
    /// Its name.
    pub name: String,
    /// Which versions will do.
    pub version: String,
    /// Where it comes from.
    pub repository: String,
    /// Whether it is there.
    pub status: DependencyStatus,
}

/// Whether a wanted chart is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DependencyStatus {
    /// As an archive.
    Ok,
    /// As a folder, or inside the archive that holds the chart.
    Unpacked,
    /// Not at all.
    Missing,
    /// In a version that will not do.
    WrongVersion,
    /// What is wanted or what is there is no version.
    InvalidVersion,
    /// In several archives.
    TooManyMatches,
    /// As an archive that holds no chart.
    Corrupt,
    /// As an archive that holds a chart of another name.
    Misnamed,
    /// The name cannot be looked for.
    BadPattern,
}

impl fmt::Display for DependencyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DependencyStatus::Ok => "ok",
            DependencyStatus::Unpacked => "unpacked",
            DependencyStatus::Missing => "missing",
            DependencyStatus::WrongVersion => "wrong version",
            DependencyStatus::InvalidVersion => "invalid version",
            DependencyStatus::TooManyMatches => "too many matches",
            DependencyStatus::Corrupt => "corrupt",
            DependencyStatus::Misnamed => "misnamed",
            DependencyStatus::BadPattern => "bad pattern",
        })
    }
}

impl DependencyList {
    /// Looks. What Helm would have written to its log goes to `log`.
    ///
    /// # Errors
    /// The chart cannot be loaded.
    pub fn run(&self, disk: &Disk<'_>, log: &mut Vec<String>) -> Result<Dependencies, RepoError> {
        let chart = disk.load(Path::new(&self.chart), log)?;
        let folder = helmd_chart::clean_path(&format!("{}/charts", self.chart));
        if chart.metadata.dependencies.is_nil() {
            return Ok(Dependencies { wanted: None, folder, warnings: Vec::new() });
        }
        let mut search = Search { disk, folder: &folder, log };
        let wanted = chart.metadata.dependencies.iter().map(|wanted| WantedChart {
            name: wanted.name.clone(),
            version: wanted.version.clone(),
            repository: wanted.repository.clone(),
            status: search.status(wanted, &chart),
        });
        let wanted = Some(wanted.collect());
        let warnings = search.strangers(&chart.metadata.dependencies);
        Ok(Dependencies { wanted, folder, warnings })
    }
}

struct Search<'s> {
    disk: &'s Disk<'s>,
    folder: &'s str,
    log: &'s mut Vec<String>,
}

impl Search<'_> {
    fn status(&mut self, wanted: &Dependency, parent: &Chart) -> DependencyStatus {
        let Ok(archives) = glob(&helmd_chart::clean_path(&format!("{}/{}-*.tgz", self.folder, wanted.name))) else {
            return DependencyStatus::BadPattern;
        };
        let archive = match archives.as_slice() {
            [] => None,
            [archive] => Some(archive),
            several => {
                // `name-*` also finds charts whose names only begin alike.
                let versioned: Vec<&String> = several.iter().filter(|path| has_version(path, &wanted.name)).collect();
                match versioned.as_slice() {
                    [] => None,
                    [archive] => Some(*archive),
                    _ => return DependencyStatus::TooManyMatches,
                }
            }
        };
        if let Some(archive) = archive.filter(|path| Path::new(path).exists()) {
            return match self.disk.load(Path::new(archive), self.log) {
                Err(_) => DependencyStatus::Corrupt,
                Ok(chart) if chart.name() != wanted.name => DependencyStatus::Misnamed,
                Ok(chart) => fits(wanted, &chart).unwrap_or(DependencyStatus::Ok),
            };
        }
        match parent.dependencies.iter().rfind(|chart| chart.name() == wanted.name) {
            None => DependencyStatus::Missing,
            Some(chart) => fits(wanted, chart).unwrap_or(DependencyStatus::Unpacked),
        }
    }

    /// Warnings about what lies in `charts/` and is not wanted, or no chart.
    fn strangers(&mut self, wanted: &[Dependency]) -> Vec<String> {
        let paths = match glob(&format!("{}/*", self.folder)) {
            Ok(paths) => paths,
            Err(bad) => return vec![bad.to_string()],
        };
        let mut warnings = Vec::new();
        for path in paths {
            let quoted = gotmpl::strconv::quote(path.as_bytes());
            let info = match std::fs::metadata(&path) {
                Ok(info) => info,
                // HELM: it then crashes.
                Err(_) => {
                    warnings.push(format!("Warning: stat {path}: no such file or directory"));
                    continue;
                }
            };
            if !info.is_dir() && !path.ends_with(".tgz") {
                continue;
            }
            match self.disk.load(Path::new(&path), self.log) {
                Err(_) => warnings.push(format!("WARNING: {quoted} is not a chart.")),
                Ok(chart) if wanted.iter().any(|wanted| wanted.name == chart.name()) => {}
                Ok(_) => warnings.push(format!("WARNING: {quoted} is not in Chart.yaml.")),
            }
        }
        warnings
    }
}

/// Whether the path is that of `name-version.tgz`.
fn has_version(path: &str, name: &str) -> bool {
    let base = path.rsplit('/').next().unwrap_or(path);
    let base = base.strip_suffix(".tgz").unwrap_or(base);
    let version = base.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')).unwrap_or(base);
    Version::parse_strict(version).is_ok()
}

/// Why the chart's version is not the wanted one; nothing when it is.
fn fits(wanted: &Dependency, chart: &Chart) -> Option<DependencyStatus> {
    if chart.metadata.version == wanted.version {
        return None;
    }
    match (Constraints::parse(&wanted.version), Version::parse(&chart.metadata.version)) {
        (Ok(constraint), Ok(version)) if constraint.check(&version) => None,
        (Ok(_), Ok(_)) => Some(DependencyStatus::WrongVersion),
        _ => Some(DependencyStatus::InvalidVersion),
    }
}
