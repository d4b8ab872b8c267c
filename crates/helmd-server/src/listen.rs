//! Connections: taken until the server stops, each with a limit for the heads of its requests.

use crate::App;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long nothing is accepted when the system has no room for another connection.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves connections until `stop` ends. What comes back waits for those that are still there.
pub(crate) async fn until(listener: &TcpListener, app: &App, stop: impl Future<Output = ()>) -> GracefulShutdown {
    let running = GracefulShutdown::new();
    let router = app.router();
    let mut builder = http1::Builder::new();
    // Without a limit whoever sends one byte a minute keeps a connection for ever.
    builder.timer(TokioTimer::new()).header_read_timeout(app.settings.limits.head_read);
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => return running,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                // One that has gone away again is no reason to wait; everything else is.
                if error.kind() != std::io::ErrorKind::ConnectionAborted {
                    tokio::time::sleep(PAUSE).await;
                }
                continue;
            }
        };
        // HELM-WRAPPER: Go's listener does so, too; small answers are not held back.
        let _without = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = running.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Auth, Limits, Settings};
    use helmd_action::{Budgets, Holder, Interrupted};
    use helmd_kube::{ClusterConfig, Secret};
    use std::collections::BTreeMap;
    use std::path::Path;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    fn settings(folder: &Path, limits: Limits) -> Settings {
        let places = helmd_repo::Places {
            repository_config: folder.join("repositories.yaml"),
            repository_cache: folder.join("cache"),
            content_cache: folder.join("content"),
            registry_config: folder.join("registry.json"),
            docker_config: folder.join("docker.json"),
        };
        Settings {
            upload_dir: folder.to_owned(),
            chart_store: crate::ChartStoreSettings::default(),
            repositories: Vec::new(),
            registries: crate::RegistrySettings::default(),
            places,
            allowed_hosts: Vec::new(),
            allowed_paths: Vec::new(),
            trust: crate::trust::Trust::default(),
            compat_unsafe: false,
            auth: Auth::None,
            metrics: false,
            kube: ClusterConfig::from_file("/nowhere"),
            driver: String::new(),
            sql_connection: Secret::default(),
            skip_files_in_record: false,
            helm_env: BTreeMap::new(),
            limits,
            budgets: Budgets::default(),
            holder: Holder::new("test"),
            recovery_namespaces: Vec::new(),
            interrupted: Interrupted::Finish,
        }
    }

    /// A head that never ends, a connection that lies idle, and one that asks.
    #[tokio::test]
    async fn slow_heads_end() {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits { head_read: Duration::from_millis(300), ..Limits::default() };
        let app = App::new(settings(folder.path(), limits)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(async move { until(&listener, &app, async { drop(stopped.await) }).await });
        let said = |text: &'static str| async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            let mut answer = String::new();
            let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_string(&mut answer)).await;
            assert!(read.is_ok(), "the connection was not closed: {text:?}");
            answer
        };
        let (slow, idle, good) =
            tokio::join!(said("GET / HTTP/1.1\r\nHost:"), said(""), said("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert!(
            !slow.contains("Welcome") && idle.is_empty() && good.ends_with("Welcome helm wrapper server"),
            "{good}"
        );
        stop.send(()).unwrap();
        server.await.unwrap().shutdown().await;
    }
}
