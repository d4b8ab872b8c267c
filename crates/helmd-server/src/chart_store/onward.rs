//! Charts of the store put into a registry.

use super::answer::{failed, json, refused};
use super::{Answered, body};
use crate::App;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use helmd_kube::helm_text;
use helmd_registry::Push;
use helmd_repo::repositories::ChartOptions;
use helmd_store::{StoreError, archive_file};
use serde::Deserialize;
use serde_json::json;

/// Larger questions are none.
const LIMIT_BYTES: usize = 64 * 1024;

/// Where a chart is to go. The password is in no error.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Onward {
    /// `oci://HOST/FOLDER`, to which name and version are added.
    to: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    plain_http: bool,
    #[serde(default)]
    insecure_skip_verify: bool,
}

/// `POST /charts/api/charts/NAME/VERSION/push`: as `helm push`, with the signature if there is one. The registry must be an allowed host.
pub(super) async fn push(app: &App, name: &str, version: &str, request: Request<Body>) -> Answered {
    let body = body(request, LIMIT_BYTES).await?;
    // What serde says of a text may hold it.
    let form = || {
        let words = "the body must be {\"to\": \"oci://HOST/FOLDER\"}, with username, password, plain_http and insecure_skip_verify if need be";
        refused(StatusCode::BAD_REQUEST, words)
    };
    let onward: Onward = serde_json::from_slice(&body).map_err(|_| form())?;
    if !onward.to.starts_with("oci://") {
        return Err(form());
    }
    app.catalogue.check_parameter(&onward.to).map_err(|why| refused(StatusCode::FORBIDDEN, &why))?;
    let push = push_of(app, name, version).await?;
    let options = app.catalogue.registries().options(&onward.to, &onward.options());
    let registry = app.catalogue.repos().registry(&options);
    match registry.push(onward.to.trim_end_matches('/'), &push).await {
        Ok(pushed) => {
            tracing::info!(reference = %pushed.reference, digest = %pushed.digest, "pushed");
            Ok(json(StatusCode::CREATED, &json!({"pushed": pushed.reference, "digest": pushed.digest})))
        }
        Err(error) => Err(refused(StatusCode::BAD_GATEWAY, &helm_text(&error))),
    }
}

impl Onward {
    fn options(&self) -> ChartOptions {
        ChartOptions {
            username: self.username.clone(),
            password: self.password.clone(),
            plain_http: self.plain_http,
            insecure_skip_tls_verify: self.insecure_skip_verify,
            ..ChartOptions::default()
        }
    }
}

/// A version of the store, as a registry takes it.
async fn push_of(app: &App, name: &str, version: &str) -> Result<Push, super::Answer> {
    let view = app.store.view().await.map_err(|e| failed(&e))?;
    let chart = view.version(name, version).map_err(|e| refused(StatusCode::NOT_FOUND, &e.to_string()))?;
    let file = archive_file(&chart.name, &chart.version);
    let archive = app.store.archive(&file).await.map_err(|e| failed(&e))?;
    let gone = || StoreError::NotFound { name: name.to_owned(), version: version.to_owned() };
    let archive = archive.ok_or_else(|| failed(&gone()))?;
    let provenance = app.store.signature(&file).await.map_err(|e| failed(&e))?;
    // As Helm 4: the archive's time, to the second.
    let made = archive.held.modified.as_ref().map(|time| time.unix().0).unwrap_or_default();
    let created = helmd_chart::GoTime::from_unix(made, 0).map(|time| time.to_string()).unwrap_or_default();
    Ok(Push { archive: archive.bytes, metadata: chart.metadata(), provenance, created })
}
