//! `helm package`: from a chart's folder to its archive.

use crate::precheck::{MissingDependencies, check_dependencies};
use helmd_chart::{Chart, HelmMajor, SaveError, Saving, archive_name};
use helmd_repo::local::{Disk, RepoError, write_archive};
use helmd_semver::{SemverError, Version};
use std::path::{Path, PathBuf};

/// `helm package`.
#[derive(Clone, Debug)]
pub struct Package {
    /// The version to give the chart; empty to leave it as it is.
    pub version: String,
    /// The version to give the application; empty to leave it as it is.
    pub app_version: String,
    /// Where the archive goes.
    pub destination: String,
    /// Times of the files, and whose words.
    pub saving: Saving,
}

/// Why a chart was not packaged.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The chart cannot be read.
    #[error(transparent)]
    Load(#[from] RepoError),
    /// The version is none.
    #[error(transparent)]
    Version(#[from] SemverError),
    /// Charts that are wanted are not there.
    #[error(transparent)]
    Missing(#[from] MissingDependencies),
    /// The chart cannot be an archive.
    #[error("failed to save")]
    Save(#[source] SaveError),
    /// The archive cannot be written.
    #[error("failed to save")]
    Write(#[source] RepoError),
}

impl Package {
    /// Packages the chart in the folder; gives the archive's path. What Helm would have written to its log goes to `log`.
    ///
    /// # Errors
    /// The chart cannot be read, lacks dependencies or is not valid, or the archive cannot be written.
    pub fn run(&self, folder: &Path, disk: &Disk<'_>, log: &mut Vec<String>) -> Result<PathBuf, PackageError> {
        let (name, archive) = self.archive(disk.load_dir(folder, log)?)?;
        write_archive(&self.destination, &name, &archive).map_err(PackageError::Write)
    }

    /// The archive of a chart and its file name.
    ///
    /// # Errors
    /// The chart lacks dependencies or is not valid.
    pub fn archive(&self, mut chart: Chart) -> Result<(String, Vec<u8>), PackageError> {
        if !self.version.is_empty() {
            chart.metadata.version.clone_from(&self.version);
        }
        Version::parse(&chart.metadata.version)?;
        if !self.app_version.is_empty() {
            chart.metadata.app_version.clone_from(&self.app_version);
        }
        check_dependencies(&chart)?;
        // What is checked is also made clean: blanks for white space.
        chart.metadata.validate().map_err(|e| PackageError::Save(SaveError::Invalid(e)))?;
        let archive = helmd_chart::write_archive(&chart, &self.saving).map_err(PackageError::Save)?;
        Ok((archive_name(&chart), archive))
    }
}

/// The time in `SOURCE_DATE_EPOCH`, in Unix seconds; nothing when it is not set or empty. Helm 3 does not look at it.
///
/// # Errors
/// It is no number, or less than 0.
pub fn source_date_epoch(variable: Option<&str>, helm: HelmMajor) -> Result<Option<i64>, String> {
    let Some(text) = variable.filter(|text| !text.is_empty() && helm == HelmMajor::Helm4) else { return Ok(None) };
    match gotmpl::strconv::parse_int(text, 10, 64) {
        Err(error) => Err(format!("invalid SOURCE_DATE_EPOCH: {error}")),
        Ok(epoch) if epoch < 0 => Err("invalid SOURCE_DATE_EPOCH: must not be negative".to_owned()),
        Ok(epoch) => Ok(Some(epoch)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Package, source_date_epoch};
    use helmd_chart::{ArchiveLimits, Chart, File, HelmMajor, Saving, error_text, load_archive, load_files};

    fn chart(extra: &str) -> Chart {
        let text = format!("apiVersion: v2\nname: c\nversion: 0.1.0\n{extra}");
        load_files(vec![File::new("Chart.yaml", text.as_bytes())], HelmMajor::Helm4).unwrap()
    }

    fn package(version: &str, app_version: &str) -> Package {
        Package {
            version: version.to_owned(),
            app_version: app_version.to_owned(),
            destination: ".".to_owned(),
            saving: Saving { helm: HelmMajor::Helm4, now: 0, stamp: None },
        }
    }

    #[test]
    fn versions_are_overridden() {
        let (name, archive) = package("2.0.0-rc.1+b", "x y").archive(chart("appVersion: 1\n")).unwrap();
        assert_eq!(name, "c-2.0.0-rc.1+b.tgz");
        let chart = load_archive(&archive, &ArchiveLimits::default(), HelmMajor::Helm4).unwrap();
        assert_eq!((chart.metadata.version.as_str(), chart.metadata.app_version.as_str()), ("2.0.0-rc.1+b", "x y"));
    }

    #[test]
    fn what_cannot_be_packaged_is_told() {
        let text = |package: Package, extra| package.archive(chart(extra)).map_err(|e| error_text(&e)).err();
        assert_eq!(text(package("x", ""), "").as_deref(), Some("invalid semantic version"));
        let missing = "found in Chart.yaml, but missing in charts/ directory: a, b";
        let wanted = "dependencies: [{name: a}, {name: b}]\n";
        assert_eq!(text(package("", ""), wanted).as_deref(), Some(missing));
    }

    #[test]
    fn the_epoch_is_read() {
        let four = |text| source_date_epoch(Some(text), HelmMajor::Helm4);
        assert_eq!(four("7"), Ok(Some(7)));
        assert_eq!(four(""), Ok(None));
        assert_eq!(four("-1"), Err("invalid SOURCE_DATE_EPOCH: must not be negative".to_owned()));
        let syntax = "invalid SOURCE_DATE_EPOCH: strconv.ParseInt: parsing \"x\": invalid syntax";
        assert_eq!(four("x"), Err(syntax.to_owned()));
        assert_eq!(source_date_epoch(Some("x"), HelmMajor::Helm3), Ok(None));
    }
}
