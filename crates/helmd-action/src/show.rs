//! `helm show`: what a chart tells about itself.

use helmd_chart::{Chart, Metadata};

/// Names under which a chart keeps its description, in any case.
const README_NAMES: [&str; 3] = ["readme.md", "readme.txt", "readme"];

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
    let named = |name: &str| README_NAMES.iter().any(|readme| name.eq_ignore_ascii_case(readme));
    chart.files.iter().find(|file| named(&file.name)).map(|file| file.data.to_text().into_owned())
}

/// The chart's and its subcharts' definitions, one YAML text; empty when there are none.
#[must_use]
pub fn crds(chart: &Chart) -> String {
    let mut text = String::new();
    for crd in chart.crd_objects() {
        let data = crd.file.data.to_text();
        if !data.starts_with("---") {
            text.push_str("---\n");
        }
        text.push_str(&data);
        text.push('\n');
    }
    text
}

/// Every file of the archive by name, in its order, subcharts' files included.
#[must_use]
pub fn files(chart: &Chart) -> Vec<(String, String)> {
    chart.raw.iter().map(|file| (file.name.clone(), file.data.to_text().into_owned())).collect()
}
