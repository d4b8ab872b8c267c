//! `/api/repositories`: the repositories of the config file.

use super::{Query, envelope};
use crate::App;
use axum::response::Response;
use serde::Serialize;

#[derive(Serialize)]
struct RepositoryElement<'a> {
    name: &'a str,
    url: &'a str,
}

const NOT_YET: &str = "chart repositories are not available on this server: upload charts instead";

/// `GET /api/repositories`
pub(crate) fn list(app: &App) -> Response {
    let elements: Vec<RepositoryElement<'_>> =
        app.settings.repositories.iter().map(|r| RepositoryElement { name: &r.name, url: &r.url }).collect();
    envelope::ok(&elements)
}

/// `PUT /api/repositories`
pub(crate) async fn update(app: &App) -> Response {
    if app.settings.repositories.is_empty() {
        return envelope::done();
    }
    envelope::fail(NOT_YET)
}

/// `POST /api/repositories`
pub(crate) async fn add(_app: &App, _body: &[u8]) -> Response {
    envelope::fail(NOT_YET)
}

/// `DELETE /api/repositories/:name`
pub(crate) async fn remove(_app: &App, name: &str) -> Response {
    envelope::fail(&format!("no repo named \"{name}\" found"))
}

/// `GET /api/repositories/charts`
pub(crate) async fn search(app: &App, _query: &Query) -> Response {
    if app.settings.repositories.is_empty() {
        return envelope::ok::<[u8; 0]>(&[]);
    }
    envelope::fail(NOT_YET)
}
