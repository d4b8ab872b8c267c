//! The store as a Helm repository.

use crate::asking::{Answer, Server, chart};
use axum::body::Body;
use axum::http::Request;
use helmd_chart::HelmMajor;
use helmd_index::Index;

async fn conditional(server: &Server, path: &str, header: &str, value: &str) -> Answer {
    server.send(Request::get(path).header(header, value).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn an_index_and_archives_are_served() {
    let server = Server::new("chartStore: {}");
    let empty = Index::load(&server.get("/charts/index.yaml").await.body, HelmMajor::Helm4).unwrap();
    assert!(empty.index.entries.is_empty());
    let bytes = chart("web", "1.0.0+x", "");
    server.ask("POST", "/charts/api/charts", bytes.clone()).await;
    let index = server.get("/charts/index.yaml").await;
    assert!(index.text().ends_with("serverInfo:\n  contextPath: /charts\n"));
    let loaded = Index::load(&index.body, HelmMajor::Helm4).unwrap();
    let version = &loaded.index.entries["web"][0];
    assert_eq!(&*version.urls[0], "charts/web-1.0.0+x.tgz");
    for path in ["/charts/charts/web-1.0.0+x.tgz", "/charts/charts/web-1.0.0%2Bx.tgz"] {
        let got = server.get(path).await;
        assert_eq!(got.body.to_vec(), bytes);
        assert_eq!(
            (got.header("etag"), got.header("content-type")),
            (&*format!("\"{}\"", version.digest), "application/x-tar")
        );
    }
    for path in [
        "/charts/charts/web-2.0.0.tgz",
        "/charts/charts/web-1.0.0+x.tgz.prov",
        "/charts/charts/..%2f..%2frepositories.yaml",
        "/charts/charts/",
    ] {
        assert_eq!(server.get(path).await.line(), r#"404 {"error":"object not found"}"#, "{path}");
    }
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let server = Server::new("chartStore: {}");
    server.ask("POST", "/charts/api/charts", chart("web", "1.0.0", "")).await;
    for path in ["/charts/index.yaml", "/charts/charts/web-1.0.0.tgz"] {
        let first = server.get(path).await;
        let (etag, date) = (first.header("etag"), first.header("last-modified"));
        for (header, value, status) in [
            ("if-none-match", etag, 304),
            ("if-none-match", &format!("\"x\", W/{etag}"), 304),
            ("if-none-match", "*", 304),
            ("if-none-match", "\"x\"", 200),
            ("if-modified-since", date, 304),
            ("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT", 200),
            ("if-modified-since", "nonsense", 200),
        ] {
            let answer = conditional(&server, path, header, value).await;
            assert_eq!(answer.status, status, "{path} {header}: {value}");
            assert_eq!((answer.header("etag"), answer.body.is_empty()), (etag, status == 304));
        }
        let head = server.ask("HEAD", path, "").await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), first.body.len().to_string());
    }
    let before = server.get("/charts/index.yaml").await.header("etag").to_owned();
    server.ask("POST", "/charts/api/charts", chart("web", "1.1.0", "")).await;
    assert_eq!(conditional(&server, "/charts/index.yaml", "if-none-match", &before).await.status, 200);
}
