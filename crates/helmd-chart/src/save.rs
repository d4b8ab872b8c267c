//! From a chart to its archive: `name-version.tgz` with one folder in it.

use crate::HelmMajor;
use crate::chart::Chart;
use crate::error::SaveError;
use crate::go_time::GoTime;
use crate::metadata::{Lock, Metadata};
use crate::tar_writer::TarWriter;
use flate2::{Compression, GzBuilder};
use serde::Serialize;
use std::io::{self, Write};

/// How a chart is written.
#[derive(Clone, Copy, Debug)]
pub struct Saving {
    /// Whose words and rules: Helm 3 stamps every file with the present time.
    pub helm: HelmMajor,
    /// The present time in Unix seconds, for files that have none.
    pub now: i64,
    /// The time for all files (`SOURCE_DATE_EPOCH`), in Unix seconds; helm 4 only.
    pub stamp: Option<i64>,
}

impl Saving {
    /// Whole seconds, as a plain archive holds them; a half counts as a whole.
    fn seconds(&self, time: Option<&GoTime>) -> i64 {
        match (self.helm, self.stamp) {
            (HelmMajor::Helm3, _) => self.now,
            (HelmMajor::Helm4, Some(stamp)) => stamp,
            (HelmMajor::Helm4, None) => time.map_or(self.now, |time| {
                let (seconds, nanos) = time.unix();
                if nanos >= 500_000_000 { seconds.saturating_add(1) } else { seconds }
            }),
        }
    }
}

/// The name of the chart's archive.
pub fn archive_name(chart: &Chart) -> String {
    format!("{}-{}.tgz", chart.name(), chart.metadata.version)
}

/// The chart's archive: Chart.yaml, lock, values and schema, then templates, then the other files as they were loaded, then
/// the subcharts, unpacked, each alike. Files that helm ignores are no part of a chart.
///
/// The same chart and times give the same bytes.
///
/// # Errors
/// The metadata break a rule, a name is no file's name, the schema is no JSON.
pub fn write_archive(chart: &Chart, saving: &Saving) -> Result<Vec<u8>, SaveError> {
    chart.metadata.clone().validate().map_err(SaveError::Invalid)?;
    let gzip = GzBuilder::new().comment("Helm").operating_system(255).write(Vec::new(), Compression::default());
    let mut tar = TarWriter::new(gzip);
    write_chart(&mut tar, chart, "", saving)?;
    tar.finish().and_then(flate2::write::GzEncoder::finish).map_err(failed)
}

/// `Chart.yaml` as Helm writes it: known fields only, sorted. The dependencies of a `v1` chart are not in it.
///
/// # Errors
/// Go could not write it either.
pub fn chart_yaml(metadata: &Metadata) -> Result<String, SaveError> {
    if metadata.api_version != "v1" {
        return yaml(metadata);
    }
    yaml(&Metadata { dependencies: crate::Slice::nil(), ..metadata.clone() })
}

/// All metadata as Helm shows them: known fields only, sorted.
///
/// # Errors
/// Go could not write it either.
pub fn metadata_yaml(metadata: &Metadata) -> Result<String, SaveError> {
    yaml(metadata)
}

/// Any type as `sigs.k8s.io/yaml` writes its Go equal.
fn yaml<T: Serialize>(value: &T) -> Result<String, SaveError> {
    let json = serde_json::to_value(value).map_err(|e| SaveError::Yaml(e.to_string()))?;
    helmd_yaml::json_to_yaml(&json).map_err(|e| SaveError::Yaml(e.to_string()))
}

fn failed(error: io::Error) -> SaveError {
    SaveError::Yaml(error.to_string())
}

fn write_chart<W: Write>(tar: &mut TarWriter<W>, chart: &Chart, above: &str, saving: &Saving) -> Result<(), SaveError> {
    let name = chart.name();
    if name.is_empty() || name.contains('/') {
        return Err(SaveError::Name(name.to_owned()));
    }
    let base = format!("{above}{name}/");
    let mut put = |file: &str, data: &[u8], time: Option<&GoTime>| {
        tar.file(&format!("{base}{file}"), data, saving.seconds(time)).map_err(failed)
    };
    put("Chart.yaml", chart_yaml(&chart.metadata)?.as_bytes(), chart.mod_time.as_ref())?;
    if let (Some(lock), "v2") = (&chart.lock, chart.metadata.api_version.as_str()) {
        let lock = stamped(lock, saving)?;
        put("Chart.lock", yaml(&lock)?.as_bytes(), lock.generated.as_ref())?;
    }
    for file in chart.raw.iter().filter(|file| file.name == "values.yaml") {
        put(&file.name, &file.data, file.mod_time.as_ref())?;
    }
    if let Some(schema) = &chart.schema {
        if gotmpl::json::parse(schema).is_err() {
            return Err(SaveError::Schema(if saving.helm == HelmMajor::Helm3 { 'I' } else { 'i' }));
        }
        put("values.schema.json", schema, chart.schema_mod_time.as_ref())?;
    }
    for file in chart.templates.iter().chain(chart.files.iter()) {
        put(&file.name, &file.data, file.mod_time.as_ref())?;
    }
    for subchart in &chart.dependencies {
        write_chart(tar, subchart, &format!("{base}charts/"), saving)?;
    }
    Ok(())
}

/// The lock, generated at the time of the stamp.
fn stamped(lock: &Lock, saving: &Saving) -> Result<Lock, SaveError> {
    let Some(stamp) = saving.stamp.filter(|_| saving.helm == HelmMajor::Helm4) else { return Ok(lock.clone()) };
    let generated = GoTime::from_unix(stamp, 0).ok_or_else(|| {
        let rule =
            "json: error calling MarshalJSON for type time.Time: Time.MarshalJSON: year outside of range [0,9999]";
        SaveError::Yaml(format!("error marshaling into JSON: {rule}"))
    })?;
    Ok(Lock { generated: Some(generated), ..lock.clone() })
}

#[cfg(test)]
mod tests {
    use super::{Saving, write_archive};
    use crate::{ArchiveLimits, File, GoTime, HelmMajor, load_archive, load_files, read_archive};

    fn files() -> Vec<File> {
        let long = format!("files/{}/{}", "d".repeat(90), "f".repeat(90));
        let timed = |name: &str, text: &str| File {
            mod_time: GoTime::from_unix(1_700_000_000, 600_000_000),
            ..File::new(name, text.as_bytes())
        };
        vec![
            timed("z.txt", "z"),
            timed("Chart.yaml", "version: 0.1.0\nname: c # comment\nunknown: 1\napiVersion: v2\n"),
            timed("Chart.lock", "digest: d\ngenerated: \"2024-01-01T00:00:00+02:00\"\ndependencies: []\n"),
            timed("charts/s/Chart.yaml", "apiVersion: v1\nname: s\nversion: 1.0.0\ndependencies: [{name: x}]\n"),
            timed("charts/s/templates/a", ""),
            timed("templates/b.yaml", "b"),
            timed("values.yaml", "# kept\na: 1\n"),
            timed("ü.txt", "u"),
            timed(&long, "l"),
        ]
    }

    fn packed(helm: HelmMajor, stamp: Option<i64>) -> Vec<File> {
        let saving = Saving { helm, now: 5, stamp };
        let archive = write_archive(&load_files(files(), helm).unwrap(), &saving).unwrap();
        assert!(load_archive(&archive, &ArchiveLimits::default(), helm).is_ok());
        assert_eq!(archive, write_archive(&load_files(files(), helm).unwrap(), &saving).unwrap());
        read_archive(&archive, &ArchiveLimits::default(), helm).unwrap()
    }

    #[test]
    fn files_come_in_helms_order() {
        let files = packed(HelmMajor::Helm4, None);
        let names: Vec<&str> = files.iter().map(|f| f.name.as_str()).collect();
        let long = format!("files/{}/{}", "d".repeat(90), "f".repeat(90));
        assert_eq!(
            names,
            [
                "Chart.yaml",
                "Chart.lock",
                "values.yaml",
                "templates/b.yaml",
                "z.txt",
                "ü.txt",
                &long,
                "charts/s/Chart.yaml",
                "charts/s/templates/a"
            ]
        );
        let text = |name: &str| files.iter().find(|f| f.name == name).map(|f| f.data.to_text().into_owned());
        assert_eq!(text("Chart.yaml").as_deref(), Some("apiVersion: v2\nname: c\nversion: 0.1.0\n"));
        assert_eq!(text("charts/s/Chart.yaml").as_deref(), Some("apiVersion: v1\nname: s\nversion: 1.0.0\n"));
        assert_eq!(text("values.yaml").as_deref(), Some("# kept\na: 1\n"));
        assert_eq!(
            text("Chart.lock").as_deref(),
            Some("dependencies: []\ndigest: d\ngenerated: \"2024-01-01T00:00:00+02:00\"\n")
        );
    }

    #[test]
    fn times_are_the_files_or_the_stamp() {
        let times = |helm, stamp| -> Vec<String> {
            let files = packed(helm, stamp);
            files.iter().filter_map(|f| f.mod_time.as_ref().map(ToString::to_string)).collect()
        };
        let four = times(HelmMajor::Helm4, None);
        assert_eq!(four[..2], ["2023-11-14T22:13:21Z", "2023-12-31T22:00:00Z"]);
        assert!(times(HelmMajor::Helm4, Some(0)).iter().all(|t| t == "1970-01-01T00:00:00Z"));
        assert!(times(HelmMajor::Helm3, Some(0)).iter().all(|t| t == "1970-01-01T00:00:05Z"));
        assert!(times(HelmMajor::Helm4, Some(1 << 34)).iter().all(|t| t == "2514-05-30T01:53:04Z"));
    }

    #[test]
    fn what_is_no_chart_is_not_written() {
        let saving = Saving { helm: HelmMajor::Helm4, now: 0, stamp: None };
        let mut chart = load_files(files(), HelmMajor::Helm4).unwrap();
        chart.schema = Some("{".into());
        let text = |chart: &crate::Chart| write_archive(chart, &saving).map_err(|e| crate::error_text(&e)).err();
        assert_eq!(text(&chart).as_deref(), Some("invalid JSON in values.schema.json"));
        chart.metadata.version = "x".to_owned();
        let want = "chart validation: validation: chart.metadata.version \"x\" is invalid";
        assert_eq!(text(&chart).as_deref(), Some(want));
    }
}
