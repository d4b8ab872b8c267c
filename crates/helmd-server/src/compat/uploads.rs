//! Uploads by their file names: `POST`, `GET` and `DELETE /api/charts/upload`.
//!
//! They are the archives of the chart store: the charts among them are in its index. Where the store is a folder an upload goes
//! straight to its file, piece by piece; for a bucket it is collected first.

use super::envelope;
use crate::App;
use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart};
use axum::http::Request;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use helmd_kube::helm_text;
use helmd_store::{Put, StoreError};
use std::io;
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt;

/// `POST /api/charts/upload`: stores the multipart field `chart` under its file name.
///
/// HELM-WRAPPER: whatever is called `.tgz` is taken, and a broken package is reported by the call that uses it; unless the settings
/// say that uploads are charts.
pub(crate) async fn upload(app: &App, request: Request<Body>) -> Response {
    let mut form = match Multipart::from_request(request, &()).await {
        Ok(form) => form,
        Err(_) => return envelope::fail("request Content-Type isn't multipart/form-data"),
    };
    loop {
        let mut field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => return envelope::fail("http: no such file"),
            Err(e) => return envelope::fail(&form_error(&e)),
        };
        let name = field.file_name().map(base_name);
        let (Some("chart"), Some(name)) = (field.name(), name) else { continue };
        if name.rsplit('.').next() != Some("tgz") {
            return envelope::fail("chart file suffix must .tgz");
        }
        let Some(target) = inside(&app.settings.upload_dir, &name) else {
            return envelope::fail("chart file name is not allowed");
        };
        let received = match app.store.folder() {
            Some(_) => into_folder(app, &mut field, &target).await,
            None => into_store(app, &mut field, &name).await,
        };
        app.store.changed().await;
        return match received {
            Ok(()) => envelope::done(),
            Err(error) => envelope::fail(&error),
        };
    }
}

/// The next piece of an upload, within the limit; `total` is what has come so far.
async fn piece(app: &App, field: &mut Field<'_>, total: &mut usize) -> Result<Option<Bytes>, String> {
    let limit = app.settings.limits.upload_bytes;
    let piece = field.chunk().await.map_err(|e| form_error(&e))?;
    *total += piece.as_ref().map_or(0, Bytes::len);
    if *total > limit {
        return Err(format!("chart is larger than the upload limit of {limit} bytes"));
    }
    Ok(piece)
}

async fn into_folder(app: &App, field: &mut Field<'_>, target: &Path) -> Result<(), String> {
    let mut store = Incoming::create(target).await.map_err(|e| go_io_error("open", target, &e))?;
    match receive(app, field, &mut store, target).await {
        Ok(()) => store.keep(target).await.map_err(|e| go_io_error("open", target, &e)),
        Err(error) => {
            store.discard().await;
            Err(error)
        }
    }
}

async fn receive(app: &App, field: &mut Field<'_>, store: &mut Incoming, target: &Path) -> Result<(), String> {
    let mut total = 0;
    while let Some(bytes) = piece(app, field, &mut total).await? {
        store.file.write_all(&bytes).await.map_err(|e| go_io_error("write", target, &e))?;
    }
    if app.settings.chart_store.only_charts {
        store.file.flush().await.map_err(|e| go_io_error("write", target, &e))?;
        let bytes = tokio::fs::read(&store.path).await.map_err(|e| go_io_error("read", target, &e))?;
        app.store.check(bytes.into()).await.map_err(|e| helm_text(&e))?;
    }
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match app.store.room(&name, Put::Replace).await {
        Err(error @ StoreError::Full) => Err(helm_text(&error)),
        // A folder that is not there is told by what comes next.
        _ => Ok(()),
    }
}

async fn into_store(app: &App, field: &mut Field<'_>, name: &str) -> Result<(), String> {
    let (mut bytes, mut total) = (BytesMut::new(), 0);
    while let Some(more) = piece(app, field, &mut total).await? {
        bytes.extend_from_slice(&more);
    }
    let bytes = bytes.freeze();
    if app.settings.chart_store.only_charts {
        app.store.check(bytes.clone()).await.map_err(|e| helm_text(&e))?;
    }
    app.store.put_file(name, bytes).await.map_err(|e| helm_text(&e))
}

/// `GET /api/charts/upload`: sorted names that end in `.tgz`.
pub(crate) async fn list(app: &App) -> Response {
    let Some(folder) = app.store.folder() else {
        return match app.store.files().await {
            Ok(names) => envelope::ok(&names),
            Err(error) => envelope::fail(&helm_text(&error)),
        };
    };
    let mut names = Vec::new();
    let mut entries = match tokio::fs::read_dir(folder).await {
        Ok(entries) => entries,
        Err(e) => return envelope::fail(&go_io_error("open", folder, &e)),
    };
    loop {
        match entries.next_entry().await {
            Ok(Some(entry)) => {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.rsplit('.').next() == Some("tgz") && !name.starts_with(PARTIAL) {
                    names.push(name);
                }
            }
            Ok(None) => break,
            Err(e) => return envelope::fail(&go_io_error("readdirent", folder, &e)),
        }
    }
    names.sort();
    envelope::ok(&names)
}

/// `DELETE /api/charts/upload/:chart`: a name that is not there is no error.
pub(crate) async fn delete(app: &App, chart: &str) -> Response {
    let Some(target) = inside(&app.settings.upload_dir, chart) else {
        // What the system tells the Go program of these names; here it is not asked.
        let folder = app.settings.upload_dir.display();
        return envelope::fail(&match chart {
            ".." => format!("remove {folder}/..: directory not empty"),
            "." => format!("remove {folder}/.: invalid argument"),
            _ => "chart file name is not allowed".to_owned(),
        });
    };
    let is_chart = chart.rsplit('.').next() == Some("tgz");
    if app.store.folder().is_none() {
        if !is_chart {
            return envelope::fail("chart file suffix must .tgz");
        }
        return match app.store.remove_file(chart).await {
            Ok(()) => envelope::done(),
            Err(error) => envelope::fail(&helm_text(&error)),
        };
    }
    let removed = match tokio::fs::symlink_metadata(&target).await {
        // The Go program deletes whatever lies there.
        Ok(_) if !is_chart => return envelope::fail("chart file suffix must .tgz"),
        Ok(meta) if meta.is_dir() => tokio::fs::remove_dir(&target).await,
        Ok(_) => tokio::fs::remove_file(&target).await,
        Err(e) => Err(e),
    };
    app.store.changed().await;
    match removed {
        Ok(()) => envelope::done(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => envelope::done(),
        Err(e) => envelope::fail(&go_io_error("remove", &target, &e)),
    }
}

/// The path of `name` within `folder`; `None` when the name is no single path element.
pub(crate) fn inside(folder: &Path, name: &str) -> Option<PathBuf> {
    let one_element =
        !name.is_empty() && name != "." && name != ".." && !name.contains('/') && !name.chars().any(char::is_control);
    one_element.then(|| folder.join(name))
}

/// The part after the last slash, as Go's multipart reader takes it.
fn base_name(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or_default();
    // Go takes a backslash before a mark of the header's grammar out; what reads the form here leaves it.
    let mut plain = String::with_capacity(name.len());
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        match letters.peek() {
            Some(next) if letter == '\\' && r#"()<>@,;:\"/[]?="#.contains(*next) => plain.extend(letters.next()),
            _ => plain.push(letter),
        }
    }
    plain
}

const PARTIAL: &str = ".upload-";

/// An upload that is being received beside its place and moved there when it is whole.
struct Incoming {
    file: tokio::fs::File,
    path: PathBuf,
}

impl Incoming {
    async fn create(target: &Path) -> io::Result<Incoming> {
        let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let path = target.with_file_name(format!("{PARTIAL}{}-{name}", uuid::Uuid::new_v4()));
        Ok(Incoming { file: tokio::fs::File::create_new(&path).await?, path })
    }
    async fn keep(mut self, target: &Path) -> io::Result<()> {
        self.file.flush().await?;
        drop(self.file);
        let moved = tokio::fs::rename(&self.path, target).await;
        if moved.is_err() {
            remove(&self.path).await;
        }
        moved
    }
    async fn discard(self) {
        drop(self.file);
        remove(&self.path).await;
    }
}

async fn remove(path: &Path) {
    if let Err(e) = tokio::fs::remove_file(path).await {
        tracing::warn!(path = %path.display(), error = %e, "an unfinished upload is left behind");
    }
}

fn form_error(e: &axum::extract::multipart::MultipartError) -> String {
    if e.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return "http: request body too large".to_owned();
    }
    "multipart: NextPart: unexpected EOF".to_owned()
}

/// A file error as Go prints it.
pub(crate) fn go_io_error(verb: &str, path: &Path, error: &io::Error) -> String {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        io::ErrorKind::DirectoryNotEmpty => "directory not empty".to_owned(),
        io::ErrorKind::AlreadyExists => "file exists".to_owned(),
        _ => error.to_string(),
    };
    format!("{verb} {}: {reason}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_go_reads_them() {
        assert_eq!(base_name(r"a/..\\b.tgz"), r"..\b.tgz");
        assert_eq!(base_name(r"a\b.tgz"), r"a\b.tgz");
    }

    #[test]
    fn names_never_leave_the_folder() {
        let folder = Path::new("/up");
        assert_eq!(inside(folder, "a.tgz"), Some(PathBuf::from("/up/a.tgz")));
        for bad in ["", ".", "..", "../a.tgz", "a/b.tgz", "a\n.tgz"] {
            assert_eq!(inside(folder, bad), None, "{bad:?}");
        }
    }
}
