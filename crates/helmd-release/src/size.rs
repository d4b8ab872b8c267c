//! What takes the room in a stored release, and what can be left out of it.

use crate::base64_text;
use crate::encoding::encode;
use crate::release::Release;
use flate2::Compression;
use flate2::write::GzEncoder;
use gotmpl::json::JsonError;
use helmd_chart::{Chart, HelmMajor};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::Write as _;

/// What one part of a release takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// `manifest`, `notes`, `values`, `hook PATH`, `chart values` or `chart file NAME`.
    pub name: String,
    /// Bytes as they are.
    pub bytes: usize,
    /// About how many of the bytes of the record it takes.
    pub stored: usize,
    /// Whether [`without_files`] leaves it out.
    pub can_be_left_out: bool,
}

/// How large a stored release is, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordSize {
    /// The bytes of the record.
    pub bytes: usize,
    /// The bytes that the place takes.
    pub limit: usize,
    /// The parts, the largest of the record first.
    pub parts: Vec<Part>,
}

/// Parts that are named in a text.
const NAMED: usize = 10;

impl RecordSize {
    /// About how many bytes are saved by [`without_files`].
    pub fn spare(&self) -> usize {
        self.parts.iter().filter(|part| part.can_be_left_out).map(|part| part.stored).sum()
    }

    /// Sentences for a person: sizes, the largest parts, and what helps.
    pub fn explanation(&self) -> String {
        let mut text = format!(
            "the record of the release takes {} bytes, {} more than the {} that Kubernetes keeps in one object; \
             nothing was applied. The largest parts, with about what they take of the record:",
            self.bytes,
            self.bytes.saturating_sub(self.limit),
            self.limit
        );
        for part in self.parts.iter().take(NAMED) {
            let Part { name, bytes, stored, .. } = part;
            // Writing to a text does not fail.
            let _ = write!(text, "\n  {stored:>9}  {name} ({bytes} bytes)");
        }
        if let Some(more) = self.parts.len().checked_sub(NAMED).filter(|more| *more > 0) {
            let _ = write!(text, "\n  and {more} more");
        }
        let (spare, rest) = (self.spare(), self.bytes.saturating_sub(self.spare()));
        let _ = match rest {
            _ if spare == 0 => write!(text, "\nA smaller chart or fewer values help."),
            rest if rest < self.limit => write!(
                text,
                "\n--skip-files-in-record leaves those files of the chart out of the record that are no templates (about {spare} \
                 bytes): about {rest} bytes remain. So does .helmignore in the chart."
            ),
            rest => write!(
                text,
                "\n--skip-files-in-record leaves those files of the chart out of the record that are no templates (about {spare} \
                 bytes), but about {rest} bytes remain: a smaller chart or fewer values are needed, too."
            ),
        };
        text
    }
}

/// Measures a stored release against the place that shall keep it. The parts' shares are estimated: each is compressed alone.
///
/// # Errors
/// As [`encode`].
pub fn measure(release: &Release, helm: HelmMajor, limit: usize) -> Result<RecordSize, JsonError> {
    let bytes = encode(release, helm)?.len();
    let mut parts = Parts(Vec::new());
    parts.add("manifest", release.manifest.as_bytes());
    parts.add("notes", release.info.notes.as_bytes());
    parts.add("values", json(&release.config)?.as_bytes());
    for hook in &release.hooks {
        parts.add(&format!("hook {}", hook.path), hook.manifest.as_bytes());
    }
    if let Some(chart) = &release.chart {
        parts.add("chart values", json(&chart.values)?.as_bytes());
        parts.add_file("values.schema.json", chart.schema.as_ref().map_or(&[], |schema| schema.as_bytes()), false);
        for template in chart.templates.iter() {
            parts.add_file(&template.name, template.data.as_bytes(), false);
        }
        for file in chart.files.iter() {
            parts.add_file(&file.name, file.data.as_bytes(), !is_needed(&file.name));
        }
    }
    Ok(RecordSize { bytes, limit, parts: parts.shares_of(bytes) })
}

struct Parts(Vec<Part>);

impl Parts {
    fn add(&mut self, name: &str, data: &[u8]) {
        if !data.is_empty() {
            let stored = packed(data);
            self.0.push(Part { name: name.to_owned(), bytes: data.len(), stored, can_be_left_out: false });
        }
    }

    /// Files lie in the JSON as base64, which gzip then does not pack as well as their text.
    fn add_file(&mut self, name: &str, data: &[u8], can_be_left_out: bool) {
        if !data.is_empty() {
            let stored = packed(base64_text::encode(data).as_bytes());
            self.0.push(Part { name: format!("chart file {name}"), bytes: data.len(), stored, can_be_left_out });
        }
    }

    /// What was packed alone, as shares of the whole; the largest first.
    fn shares_of(self, bytes: usize) -> Vec<Part> {
        let mut parts = self.0;
        let sum: u128 = parts.iter().map(|part| part.stored as u128).sum();
        for part in &mut parts {
            part.stored = usize::try_from(part.stored as u128 * bytes as u128 / sum.max(1)).unwrap_or(bytes);
        }
        parts.sort_by(|a, b| b.stored.cmp(&a.stored).then_with(|| a.name.cmp(&b.name)));
        parts
    }
}

fn json<T: Serialize>(value: &Option<T>) -> Result<String, JsonError> {
    value.as_ref().map_or(Ok(String::new()), gotmpl::json::to_string)
}

fn packed(data: &[u8]) -> usize {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail; if it did, the part would count as it is.
    match gzip.write_all(data).and_then(|()| gzip.finish()) {
        Ok(packed) => packed.len(),
        Err(_) => data.len(),
    }
}

/// Whether Helm may look at this file of a stored chart again. Templates, values and metadata lie elsewhere.
fn is_needed(name: &str) -> bool {
    name.starts_with("crds/") || matches!(name, "requirements.yaml" | "requirements.lock" | "Chart.lock")
}

/// Takes away the files of a chart and its subcharts that are no templates, values, schema, metadata, lock or CRDs: what
/// rollbacks, `get`, and upgrades that reuse values need of a stored chart stays.
pub fn without_files(chart: &mut Chart) {
    if chart.files.iter().any(|file| !is_needed(&file.name)) {
        let files = std::mem::take(&mut chart.files).into_vec();
        chart.files = files.into_iter().filter(|file| is_needed(&file.name)).collect::<Vec<_>>().into();
    }
    chart.dependencies.iter_mut().for_each(without_files);
}

#[cfg(test)]
mod tests {
    use super::*;
    use helmd_chart::File;

    fn release() -> Release {
        let noise: Vec<u8> = (0..40_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let files =
            vec![File::new("crds/a.yaml", "kind: A"), File::new("dist/app.js", noise), File::new("LICENSE", "x")];
        let chart = Chart {
            files: files.into(),
            templates: vec![File::new("templates/a.yaml", "a: {{ .Values.a }}")].into(),
            ..Chart::default()
        };
        Release { name: "r".to_owned(), manifest: "a: 1\n".repeat(500), chart: Some(chart), ..Release::default() }
    }

    #[test]
    fn the_largest_parts_are_named_with_what_helps() {
        let size = measure(&release(), HelmMajor::Helm4, 1000).unwrap();
        assert_eq!(size.parts[0].name, "chart file dist/app.js");
        assert_eq!(size.parts[0].bytes, 40_000);
        assert!(size.spare() > size.bytes * 9 / 10 && size.spare() <= size.bytes, "{size:?}");
        let text = size.explanation();
        for words in [
            &*size.bytes.to_string(),
            "the 1000 that",
            "chart file dist/app.js (40000 bytes)",
            "--skip-files-in-record",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let none = RecordSize { parts: Vec::new(), ..size };
        assert!(none.explanation().ends_with("A smaller chart or fewer values help."));
    }

    #[test]
    fn what_stays_in_a_record_is_enough_to_go_on() {
        let mut release = release();
        let chart = release.chart.as_mut().unwrap();
        chart.dependencies = vec![chart.clone()];
        without_files(chart);
        for chart in [&*chart, &chart.dependencies[0]] {
            let names: Vec<&str> = chart.files.iter().map(|file| file.name.as_str()).collect();
            assert_eq!(names, ["crds/a.yaml"]);
            assert_eq!(chart.templates.len(), 1);
        }
        let mut nil = Chart::default();
        without_files(&mut nil);
        assert!(nil.files.is_nil());
    }
}
