//! `helm show`: what a chart tells about itself. [`Show`] gives it as Helm prints it, the functions give its parts.

use helmd_chart::{Chart, File, HelmMajor, Metadata, SaveError, metadata_yaml};
use helmd_values::jsonpath::{JsonPath, JsonPathError};
use serde_json::Value as Json;

/// Names under which a chart keeps its description, in any case.
const README_NAMES: [&str; 3] = ["readme.md", "readme.txt", "readme"];

/// What to show of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything.
    All,
    /// The metadata.
    Chart,
    /// The default values.
    Values,
    /// The description.
    Readme,
    /// The custom resource definitions.
    Crds,
}

/// `helm show`.
#[derive(Clone, Debug)]
pub struct Show {
    /// What to show.
    pub part: Part,
    /// `--jsonpath`: what to show of the values; empty for their text.
    pub json_path: String,
    /// Whose form.
    pub helm: HelmMajor,
}

/// Why a chart could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// The metadata cannot be written.
    #[error(transparent)]
    Metadata(#[from] SaveError),
    /// The expression is none.
    #[error("error parsing jsonpath {expression}")]
    JsonPath {
        /// As given.
        expression: String,
        /// What is wrong with it.
        source: JsonPathError,
    },
}

impl Show {
    /// The text, in the bytes of the chart's files.
    ///
    /// An expression that finds nothing, or does not fit the values, gives no text and no error, as in Helm.
    ///
    /// # Errors
    /// The expression cannot be parsed.
    pub fn run(&self, chart: &Chart) -> Result<Vec<u8>, ShowError> {
        let mut out = Vec::new();
        let shows = |part: Part| self.part == part || self.part == Part::All;
        if shows(Part::Chart) {
            line(&mut out, metadata_yaml(&chart.metadata)?.as_bytes());
        }
        if shows(Part::Values) && chart.values.is_some() {
            self.separate(&mut out);
            self.values(chart, &mut out)?;
        }
        if shows(Part::Readme)
            && let Some(file) = readme_file(chart)
        {
            self.separate(&mut out);
            line(&mut out, &file.data);
        }
        if shows(Part::Crds) {
            self.crds(chart, &mut out);
        }
        Ok(out)
    }

    fn separate(&self, out: &mut Vec<u8>) {
        if self.part == Part::All {
            line(out, b"---");
        }
    }

    fn values(&self, chart: &Chart, out: &mut Vec<u8>) -> Result<(), ShowError> {
        if self.json_path.is_empty() {
            chart.raw.iter().filter(|file| file.name == "values.yaml").for_each(|file| line(out, &file.data));
            return Ok(());
        }
        let path = JsonPath::parse(&self.json_path)
            .map_err(|source| ShowError::JsonPath { expression: self.json_path.clone(), source })?;
        // HELM: what goes wrong from here on is not told.
        out.extend(path.execute(&Json::Object(chart.default_values().clone())).unwrap_or_default());
        Ok(())
    }

    fn crds(&self, chart: &Chart, out: &mut Vec<u8>) {
        for (i, crd) in chart.crd_objects().iter().enumerate() {
            // HELM: 3 leaves it to the files to separate their documents.
            let separates = self.helm == HelmMajor::Helm4 || (i == 0 && self.part == Part::All);
            if separates && !crd.file.data.starts_with(b"---") {
                line(out, b"---");
            }
            line(out, &crd.file.data);
        }
    }
}

fn line(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(text);
    out.push(b'\n');
}

fn readme_file(chart: &Chart) -> Option<&File> {
    let named = |name: &str| README_NAMES.iter().any(|readme| name.eq_ignore_ascii_case(readme));
    chart.files.iter().find(|file| named(&file.name))
}

/// The chart's metadata, as in `Chart.yaml`.
#[must_use]
pub fn chart(chart: &Chart) -> &Metadata {
    &chart.metadata
}

/// The text of `values.yaml` with its comments; empty when there is none.
#[must_use]
pub fn values(chart: &Chart) -> String {
    chart
        .raw
        .iter()
        .find(|file| file.name == "values.yaml")
        .map(|file| file.data.to_text().into_owned())
        .unwrap_or_default()
}

/// The text of the readme; nothing when there is none.
#[must_use]
pub fn readme(chart: &Chart) -> Option<String> {
    readme_file(chart).map(|file| file.data.to_text().into_owned())
}

/// Every file of the archive by name, in its order, subcharts' files included.
#[must_use]
pub fn files(chart: &Chart) -> Vec<(String, String)> {
    chart.raw.iter().map(|file| (file.name.clone(), file.data.to_text().into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::{Part, Show};
    use helmd_chart::{Chart, File, HelmMajor, error_text, load_files};

    fn chart(helm: HelmMajor) -> Chart {
        let files = [
            ("Chart.yaml", "version: 0.1.0 # first\nname: c\napiVersion: v2\nextra: gone\n"),
            ("README", "second choice"),
            ("ReadMe.md", "# c"),
            ("values.yaml", "# kept\na: [1, x]"),
            ("crds/a.yaml", "kind: A\n"),
            ("crds/b.yaml", "---\nkind: B\n"),
            ("charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 0.1.0\n"),
            ("charts/s/crds/c.json", "{}"),
        ];
        load_files(files.iter().map(|(name, text)| File::new(*name, text.as_bytes())).collect(), helm).unwrap()
    }

    fn show(part: Part, json_path: &str, helm: HelmMajor) -> Result<String, String> {
        let show = Show { part, json_path: json_path.to_owned(), helm };
        show.run(&chart(helm)).map(|text| String::from_utf8(text).unwrap()).map_err(|e| error_text(&e))
    }

    #[test]
    fn all_is_the_parts_with_separators() {
        let head = "apiVersion: v2\nname: c\nversion: 0.1.0\n\n---\n# kept\na: [1, x]\n---\nsecond choice\n";
        let four = format!("{head}---\nkind: A\n\n---\nkind: B\n\n---\n{{}}\n");
        assert_eq!(show(Part::All, "", HelmMajor::Helm4).as_deref(), Ok(four.as_str()));
        let three = format!("{head}---\nkind: A\n\n---\nkind: B\n\n{{}}\n");
        assert_eq!(show(Part::All, "", HelmMajor::Helm3).as_deref(), Ok(three.as_str()));
        assert_eq!(show(Part::Crds, "", HelmMajor::Helm3).as_deref(), Ok("kind: A\n\n---\nkind: B\n\n{}\n"));
        assert_eq!(show(Part::Readme, "", HelmMajor::Helm4).as_deref(), Ok("second choice\n"));
    }

    #[test]
    fn values_can_be_asked() {
        assert_eq!(show(Part::Values, "{.a[0]}-{.a}", HelmMajor::Helm4).as_deref(), Ok("1-[1,\"x\"]"));
        assert_eq!(show(Part::Values, "{.b}", HelmMajor::Helm4).as_deref(), Ok(""));
        let unclosed = Err("error parsing jsonpath {.a: unclosed action".to_owned());
        assert_eq!(show(Part::Values, "{.a", HelmMajor::Helm4), unclosed);
    }
}
