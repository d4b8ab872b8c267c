//! The store as `helm repo add` wants it: an index, archives, signatures.

use super::Answered;
use super::answer::{Tag, content, failed, refused};
use crate::App;
use axum::http::StatusCode;
use helmd_store::StoreError;

/// ChartMuseum's types.
const INDEX: &str = "application/x-yaml";
const ARCHIVE: &str = "application/x-tar";
const SIGNATURE: &str = "application/pgp-signature";

/// `GET /charts/index.yaml`
pub(super) async fn index(app: &App) -> Answered {
    let view = app.store.view().await.map_err(|e| failed(&e))?;
    let work = move || view.rendered().map(|rendered| (rendered.clone(), view.index.generated.clone()));
    let written = tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Ended));
    let (rendered, modified) = written.map_err(|e| failed(&e))?;
    Ok(content(INDEX, rendered.yaml, Tag { digest: rendered.digest, modified }))
}

/// `GET /charts/charts/NAME-VERSION.tgz`, and `.tgz.prov`
pub(super) async fn file(app: &App, file: &str) -> Answered {
    let nothing = || refused(StatusCode::NOT_FOUND, "object not found");
    let found = match file.strip_suffix(".prov") {
        Some(archive) => {
            let signature = app.store.signature(archive).await.map_err(|e| failed(&e))?;
            signature.map(|bytes| {
                let tag = Tag { digest: helmd_repo::content::sha256(&bytes), modified: None };
                content(SIGNATURE, bytes, tag)
            })
        }
        None => {
            let archive = app.store.archive(file).await.map_err(|e| failed(&e))?;
            archive.map(|got| {
                let tag = Tag { digest: got.held.digest.to_string(), modified: got.held.modified };
                content(ARCHIVE, got.bytes, tag)
            })
        }
    };
    found.ok_or_else(nothing)
}
