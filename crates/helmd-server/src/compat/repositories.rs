//! `/api/repositories`: helm repo, and helm search repo.

use super::body::{self, FieldKind, Schema};
use super::{Query, envelope};
use crate::App;
use axum::response::Response;
use helmd_index::repositories::Repository;
use helmd_index::search::{self, Query as Search};
use helmd_kube::helm_text;
use serde::Serialize;

#[derive(Serialize)]
struct RepositoryElement<'a> {
    name: &'a str,
    url: &'a str,
}

/// What the founding README sends, and `helm repo add`'s flags.
const REPOSITORY: Schema = Schema {
    name: "repositoryOptions",
    fields: &[
        ("name", FieldKind::Text),
        ("url", FieldKind::Text),
        ("username", FieldKind::Text),
        ("password", FieldKind::Text),
        ("cert_file", FieldKind::Text),
        ("key_file", FieldKind::Text),
        ("ca_file", FieldKind::Text),
        ("insecure_skip_verify", FieldKind::LooseBool),
        ("pass_credentials", FieldKind::Bool),
        ("force_update", FieldKind::Bool),
    ],
};

/// `GET /api/repositories`
pub(crate) fn list(app: &App) -> Response {
    let shown = app.catalogue.list();
    let elements: Vec<RepositoryElement<'_>> =
        shown.iter().map(|r| RepositoryElement { name: &r.name, url: &r.url }).collect();
    envelope::ok(&elements)
}

/// `PUT /api/repositories`
pub(crate) async fn update(app: &App) -> Response {
    answered(app.catalogue.update().await)
}

/// `POST /api/repositories`
pub(crate) async fn add(app: &App, body: &[u8]) -> Response {
    let fields = match body::read(&REPOSITORY, body) {
        Ok(fields) => fields,
        Err(error) => return envelope::fail(&error),
    };
    let text = |name| fields.text(name).to_owned();
    let [cert_file, key_file, ca_file] = ["cert_file", "key_file", "ca_file"].map(text);
    if let Err(error) = app.catalogue.check_files([&cert_file, &key_file, &ca_file]) {
        return envelope::fail(&error);
    }
    let insecure = fields.bool("insecure_skip_verify");
    if insecure && let Err(error) = app.catalogue.check_insecure(fields.text("url")) {
        return envelope::fail(&error);
    }
    let repository = Repository {
        name: text("name"),
        url: text("url"),
        username: text("username"),
        password: text("password"),
        cert_file,
        key_file,
        ca_file,
        insecure_skip_tls_verify: insecure,
        pass_credentials_all: fields.bool("pass_credentials"),
    };
    answered(app.catalogue.add(repository, fields.bool("force_update")).await)
}

/// `DELETE /api/repositories/:name`
pub(crate) async fn remove(app: &App, name: &str) -> Response {
    answered(app.catalogue.remove(name).await)
}

fn answered(done: Result<(), String>) -> Response {
    match done {
        Ok(()) => envelope::done(),
        Err(error) => envelope::fail(&error),
    }
}

/// `GET /api/repositories/charts`
pub(crate) async fn search(app: &App, query: &Query) -> Response {
    app.catalogue.ready().await;
    let wanted = Search {
        term: query.first("keyword").filter(|word| !word.is_empty()).map(str::to_owned),
        versions: query.first("versions") == Some("true"),
        version: query.first("version").unwrap_or_default().to_owned(),
        prereleases: app.catalogue.repos().prereleases,
        ..Search::default()
    };
    let app = app.clone();
    let found = tokio::task::spawn_blocking(move || {
        let repositories = app.catalogue.list();
        let mut indexes = Vec::new();
        for repository in &repositories {
            match app.catalogue.repos().index(&repository.name) {
                Ok(loaded) => indexes.push((repository.name.as_str(), loaded)),
                Err(fault) => {
                    tracing::warn!(repository = %repository.name, error = %helm_text(&fault), "repo is corrupt or missing");
                }
            }
        }
        let indexes: Vec<_> = indexes.iter().map(|(name, loaded)| (*name, &loaded.index)).collect();
        match search::search(&indexes, &wanted) {
            Ok(hits) => envelope::ok(&search::elements(&hits)),
            Err(error) => envelope::fail(&helm_text(&error)),
        }
    });
    found.await.unwrap_or_else(|_| envelope::fail("internal error: the search ended unexpectedly"))
}
