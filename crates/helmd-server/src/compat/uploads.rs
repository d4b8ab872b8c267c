//! The upload folder: `POST`, `GET` and `DELETE /api/charts/upload`.

use super::envelope;
use crate::App;
use axum::body::Body;
use axum::extract::{FromRequest, Multipart};
use axum::http::Request;
use axum::response::Response;
use std::io;
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt;

/// `POST /api/charts/upload`: stores the multipart field `chart` under its file name. The content is not looked at, as in
/// the Go program: a broken package is reported by the call that uses it.
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
        let mut store = match Incoming::create(&target).await {
            Ok(store) => store,
            Err(e) => return envelope::fail(&go_io_error("open", &target, &e)),
        };
        let limit = app.settings.limits.upload_bytes;
        let mut total = 0;
        loop {
            match field.chunk().await {
                Ok(Some(chunk)) => {
                    total += chunk.len();
                    if total > limit {
                        store.discard().await;
                        return envelope::fail(&format!("chart is larger than the upload limit of {limit} bytes"));
                    }
                    if let Err(e) = store.file.write_all(&chunk).await {
                        store.discard().await;
                        return envelope::fail(&go_io_error("write", &target, &e));
                    }
                }
                Ok(None) => break,
                Err(e) => {
                    store.discard().await;
                    return envelope::fail(&form_error(&e));
                }
            }
        }
        return match store.keep(&target).await {
            Ok(()) => envelope::done(),
            Err(e) => envelope::fail(&go_io_error("open", &target, &e)),
        };
    }
}

/// `GET /api/charts/upload`: sorted names that end in `.tgz`.
pub(crate) async fn list(app: &App) -> Response {
    let folder = &app.settings.upload_dir;
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
        return envelope::fail("chart file name is not allowed");
    };
    let is_chart = chart.rsplit('.').next() == Some("tgz");
    let removed = match tokio::fs::symlink_metadata(&target).await {
        // The Go program deletes whatever lies there.
        Ok(_) if !is_chart => return envelope::fail("chart file suffix must .tgz"),
        Ok(meta) if meta.is_dir() => tokio::fs::remove_dir(&target).await,
        Ok(_) => tokio::fs::remove_file(&target).await,
        Err(e) => Err(e),
    };
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
