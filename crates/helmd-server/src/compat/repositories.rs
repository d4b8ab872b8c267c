//! `/api/repositories`: helm repo, and helm search repo.

use super::body::{self, FieldKind, Schema};
use super::{Query, envelope};
use crate::App;
use axum::response::Response;
use helmd_chart::GoTime;
use helmd_index::repositories::Repository;
use helmd_index::search::{self, Element, Hit, Place, Query as Search};
use helmd_kube::helm_text;
use helmd_store::View;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

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
    embedded: ("", &[]),
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

/// A result with what helm does not show.
#[derive(Serialize)]
struct DetailedElement<'h> {
    #[serde(flatten)]
    element: Element<'h>,
    deprecated: bool,
    created: Option<&'h str>,
    digest: &'h str,
    keywords: Vec<&'h str>,
    home: String,
    icon: String,
    kube_version: String,
    #[serde(rename = "type")]
    kind: String,
    /// Artifact Hub's are among them.
    annotations: BTreeMap<String, String>,
}

impl<'h> DetailedElement<'h> {
    fn of(element: Element<'h>, hit: &'h Hit<'_>) -> DetailedElement<'h> {
        let metadata = hit.chart.metadata();
        DetailedElement {
            element,
            deprecated: hit.chart.deprecated,
            created: hit.chart.created.as_ref().map(GoTime::as_str),
            digest: &hit.chart.digest,
            keywords: hit.chart.keywords.iter().map(|word| &**word).collect(),
            home: metadata.home,
            icon: metadata.icon,
            kube_version: metadata.kube_version,
            kind: metadata.chart_type,
            annotations: metadata.annotations.into_iter().collect(),
        }
    }
}

/// `GET /api/repositories/charts`. helm-wrapper knows `keyword`, `version` and `versions` only.
pub(crate) async fn search(app: &App, query: &Query) -> Response {
    app.catalogue.ready().await;
    let yes = |name: &str| query.first(name) == Some("true");
    let wanted = Search {
        term: query.first("keyword").filter(|word| !word.is_empty()).map(str::to_owned),
        regexp: yes("regexp"),
        versions: yes("versions"),
        devel: yes("devel"),
        version: query.first("version").unwrap_or_default().to_owned(),
        prereleases: app.catalogue.repos().prereleases,
        first_rules: true,
    };
    let settings = &app.settings.chart_store;
    let with_own = query.first("uploads").map_or(settings.search, |uploads| uploads == "true");
    let own = if with_own { own(app).await } else { None };
    let (app, details) = (app.clone(), yes("details"));
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
        let mut places: Vec<Place<'_>> = indexes
            .iter()
            .map(|(repository, loaded)| Place { repository, index: &loaded.index, texts: Some(loaded.texts()) })
            .collect();
        let own = own.as_ref().map(|view| (app.settings.chart_store.name.as_str(), &view.index));
        places.extend(own.map(|(repository, index)| Place { repository, index, texts: None }));
        let hits = match search::search_in(&places, &wanted) {
            Ok(hits) => hits,
            Err(error) => return envelope::fail(&helm_text(&error)),
        };
        let elements = search::elements(&hits);
        if !details {
            return envelope::ok(&elements);
        }
        let detailed = elements.into_iter().zip(&hits).map(|(element, hit)| DetailedElement::of(element, hit));
        envelope::ok(&detailed.collect::<Vec<_>>())
    });
    found.await.unwrap_or_else(|_| envelope::fail("internal error: the search ended unexpectedly"))
}

/// The charts of the store, unless a repository has their name. A store that does not answer hinders no search.
async fn own(app: &App) -> Option<Arc<View>> {
    let name = &app.settings.chart_store.name;
    if app.catalogue.list().iter().any(|repository| repository.name == *name) {
        tracing::warn!(repository = %name, "the chart store is left out: a repository has its name (chartStore.name)");
        return None;
    }
    let view = app.store.view().await;
    view.inspect_err(|error| tracing::error!(error = %helm_text(error), "the search goes on without the chart store"))
        .ok()
}
