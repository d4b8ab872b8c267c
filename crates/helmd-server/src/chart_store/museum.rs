//! ChartMuseum's API, for `helm cm-push` and scripts: its paths, status codes and bodies.

use super::answer::{Answer, failed, json, plain, refused};
use super::{Answered, body, too_large};
use crate::App;
use crate::compat::Query;
use crate::settings::Overwrite;
use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart};
use axum::http::{Request, StatusCode, header};
use bytes::{Bytes, BytesMut};
use helmd_index::{ChartVersion, GetError};
use helmd_store::{Put, StoreError, archive_file};
use serde_json::json;
use std::collections::BTreeMap;

/// `GET /charts/api/charts`: all versions of all charts, or of `limit` charts from `offset` on.
pub(super) async fn charts(app: &App, query: &Query) -> Answered {
    let number = |name: &str, least: usize, words: &str| match query.first(name) {
        None => Ok(None),
        Some(text) => match text.parse::<usize>() {
            Ok(number) if number >= least => Ok(Some(number)),
            _ => Err(refused(StatusCode::BAD_REQUEST, &format!("{name} is not a valid {words} integer"))),
        },
    };
    let offset = number("offset", 0, "non-negative")?.unwrap_or_default();
    let limit = number("limit", 1, "positive")?.unwrap_or(usize::MAX);
    let view = app.store.view().await.map_err(|e| failed(&e))?;
    let work = move || {
        let part: BTreeMap<&String, &Vec<ChartVersion>> = view.index.entries.iter().skip(offset).take(limit).collect();
        json(StatusCode::OK, &part)
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| failed(&StoreError::Ended))
}

/// `GET /charts/api/charts/NAME`
pub(super) async fn chart(app: &App, name: &str) -> Answered {
    let view = app.store.view().await.map_err(|e| failed(&e))?;
    match view.index.entries.get(name) {
        Some(versions) => Ok(json(StatusCode::OK, versions)),
        None => Err(refused(StatusCode::NOT_FOUND, "chart not found")),
    }
}

fn not_found(error: &GetError) -> Answer {
    refused(StatusCode::NOT_FOUND, &error.to_string())
}

/// `GET /charts/api/charts/NAME/VERSION`
pub(super) async fn version(app: &App, name: &str, version: &str) -> Answered {
    let view = app.store.view().await.map_err(|e| failed(&e))?;
    let found = view.version(name, version).map_err(|e| not_found(&e))?;
    Ok(json(StatusCode::OK, found))
}

/// `GET /charts/api/charts/NAME/VERSION/values`: its values.yaml, comments and all.
pub(super) async fn values(app: &App, name: &str, version: &str) -> Answered {
    let view = app.store.view().await.map_err(|e| failed(&e))?;
    let found = view.version(name, version).map_err(|e| not_found(&e))?;
    let file = archive_file(&found.name, &found.version);
    let archive = app.store.archive(&file).await.map_err(|e| failed(&e))?;
    let archive = archive.ok_or_else(|| refused(StatusCode::NOT_FOUND, "object not found"))?;
    let loader = app.settings.budgets.loader(app.helm);
    let work = move || loader.archive(&archive.bytes).map_err(StoreError::NotAChart);
    let loaded = tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Ended));
    let chart = loaded.map_err(|e| failed(&e))?;
    let values = chart.raw.iter().find(|file| file.name == "values.yaml");
    let values = values.ok_or_else(|| refused(StatusCode::NOT_FOUND, "values.yaml not found"))?;
    Ok(plain("application/yaml", Bytes::copy_from_slice(&values.data)))
}

/// `DELETE /charts/api/charts/NAME/VERSION`
pub(super) async fn delete(app: &App, name: &str, version: &str) -> Answered {
    app.store.remove(name, version).await.map_err(|e| failed(&e))?;
    Ok(json(StatusCode::OK, &json!({"deleted": true})))
}

/// What becomes of a version that is there.
fn put(app: &App, query: &Query) -> Put {
    match app.settings.chart_store.overwrite {
        Overwrite::Always => Put::Replace,
        Overwrite::Forced if query.first("force").is_some() => Put::Replace,
        _ => Put::New,
    }
}

fn saved() -> Answer {
    json(StatusCode::CREATED, &json!({"saved": true}))
}

/// `POST /charts/api/charts`: an archive as the body, or a form with `chart` and `prov`.
pub(super) async fn push(app: &App, query: &Query, request: Request<Body>) -> Answered {
    let put = put(app, query);
    let limit = app.settings.limits.upload_bytes;
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("multipart/form-data") {
        let archive = body(request, limit).await?;
        app.store.add(archive, None, put).await.map_err(|e| failed(&e))?;
        return Ok(saved());
    }
    let Form { chart, signature } = Form::read(request, limit).await?;
    let done = match (chart, signature) {
        (None, None) => {
            let words = "no package or provenance file found in form fields chart and prov";
            return Err(refused(StatusCode::BAD_REQUEST, words));
        }
        (Some(chart), signature) => app.store.add(chart, signature, put).await.map(drop),
        (None, Some(signature)) => app.store.add_signature(signature, put).await,
    };
    match done {
        Ok(()) => Ok(saved()),
        // ChartMuseum has other words here.
        Err(StoreError::Exists) => Err(refused(StatusCode::CONFLICT, "chart already exists")),
        Err(error) => Err(failed(&error)),
    }
}

/// `POST /charts/api/prov`: a signature as the body.
pub(super) async fn push_signature(app: &App, query: &Query, request: Request<Body>) -> Answered {
    let put = put(app, query);
    let signature = body(request, app.settings.limits.body_bytes).await?;
    app.store.add_signature(signature, put).await.map_err(|e| failed(&e))?;
    Ok(saved())
}

/// What a form holds.
#[derive(Default)]
struct Form {
    chart: Option<Bytes>,
    signature: Option<Bytes>,
}

impl Form {
    async fn read(request: Request<Body>, limit_bytes: usize) -> Result<Form, Answer> {
        let broken = |_| refused(StatusCode::BAD_REQUEST, "the form cannot be read, or is too large");
        let mut parts = Multipart::from_request(request, &())
            .await
            .map_err(|_| refused(StatusCode::BAD_REQUEST, "request Content-Type isn't multipart/form-data"))?;
        let mut form = Form::default();
        let mut left = limit_bytes;
        while let Some(mut field) = parts.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or_default().to_owned();
            let bytes = read(&mut field, left).await?;
            left = left.saturating_sub(bytes.len());
            match name.as_str() {
                "chart" => form.chart = Some(bytes),
                "prov" => form.signature = Some(bytes),
                _ => {}
            }
        }
        Ok(form)
    }
}

async fn read(field: &mut Field<'_>, limit_bytes: usize) -> Result<Bytes, Answer> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = field.chunk().await.map_err(|_| too_large(limit_bytes))? {
        if bytes.len() + piece.len() > limit_bytes {
            return Err(too_large(limit_bytes));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}
