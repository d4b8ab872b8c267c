//! `GET /api/charts`: helm show.

use super::{Query, envelope};
use crate::App;
use crate::charts::ChartRequest;
use axum::response::Response;
use gotmpl::strconv::quote;
use helmd_action::show;
use helmd_index::oci;
use helmd_repo::repositories::ChartOptions;
use serde::Serialize;

#[derive(Serialize)]
struct FileElement {
    name: String,
    data: String,
}

/// Metadata, values, readme or all files of a chart.
pub(crate) async fn show(app: &App, query: &Query) -> Response {
    let chart = query.first("chart").unwrap_or_default();
    if chart.is_empty() {
        return envelope::fail("chart name can not be empty");
    }
    let info = query.first("info").filter(|i| !i.is_empty()).unwrap_or("all");
    if !matches!(info, "all" | "readme" | "values" | "chart") {
        return envelope::fail(&format!("bad info {info}, chart info only support readme/values/chart"));
    }
    // HELM-WRAPPER: it knows no registries here, and says so; what is no reference gets its words.
    if oci::is_oci(chart) && oci::ChartReference::parse(chart).is_err() {
        return envelope::fail(&format!("unable to lookup chart {}, missing registry client", quote(chart)));
    }
    let version = query.first("version").unwrap_or_default().to_owned();
    let options = ChartOptions { version, ..ChartOptions::default() };
    let request = ChartRequest { chart: chart.to_owned(), options, ..ChartRequest::default() };
    let chart = match app.charts.load(&request).await {
        Ok(chart) => chart,
        Err(error) => return envelope::fail(&error),
    };
    match info {
        "chart" => envelope::ok(&chart.metadata),
        "values" => envelope::ok(&show::values(&chart)),
        "readme" => match show::readme(&chart) {
            Some(text) => envelope::ok(&text),
            None => envelope::fail("the chart has no readme"),
        },
        _ => {
            let files: Vec<FileElement> =
                show::files(&chart).into_iter().map(|(name, data)| FileElement { name, data }).collect();
            envelope::ok(&files)
        }
    }
}
