//! ChartMuseum's API: what its clients send, and what they read of the answers.

use crate::asking::{Server, chart, signature};
use axum::body::{Body, Bytes};
use axum::http::Request;
use std::time::Duration;

#[tokio::test]
async fn charts_are_pushed_listed_and_deleted() {
    let server = Server::new("chartStore: {}");
    let (one, two) = (chart("web", "1.0.0", ""), chart("web", "1.1.0", "description: newer\n"));
    assert_eq!(server.ask("POST", "/charts/api/charts", one.clone()).await.line(), r#"201 {"saved":true}"#);
    let fields: [(&str, &str, &[u8]); 2] =
        [("chart", "any name.tgz", &two), ("prov", "x.prov", &signature("web", "1.1.0"))];
    assert_eq!(server.form("/charts/api/charts", &fields).await.line(), r#"201 {"saved":true}"#);
    assert_eq!(server.files(), ["web-1.0.0.tgz", "web-1.1.0.tgz", "web-1.1.0.tgz.prov"]);
    let all = server.get("/charts/api/charts").await;
    assert_eq!(all.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(all.json()["web"][0]["version"], "1.1.0");
    assert_eq!(server.get("/charts/api/charts/web").await.json()[1]["urls"][0], "charts/web-1.0.0.tgz");
    assert_eq!(server.get("/charts/api/charts/web/latest").await.json()["description"], "newer");
    assert_eq!(server.get("/charts/api/charts/web/1.0.0").await.json()["name"], "web");
    assert_eq!(server.get("/charts/api/charts/web/1.0.0/values").await.text(), "# kept\na: 1\n");
    for (path, status) in [
        ("/charts/api/charts/web", 200),
        ("/charts/api/charts/web/1.0.0", 200),
        ("/charts/api/charts/none", 404),
        ("/charts/api/charts/web/2.0.0", 404),
    ] {
        let head = server.ask("HEAD", path, "").await;
        assert_eq!((head.status.as_u16(), head.body.len()), (status, 0), "{path}");
    }
    let deleted = server.ask("DELETE", "/charts/api/charts/web/1.1.0", "").await;
    assert_eq!(deleted.line(), r#"200 {"deleted":true}"#);
    let again = server.ask("DELETE", "/charts/api/charts/web/1.1.0", "").await;
    assert_eq!(again.line(), r#"404 {"error":"no chart version found for web-1.1.0"}"#);
    assert_eq!(server.files(), ["web-1.0.0.tgz"]);
}

#[tokio::test]
async fn a_version_that_is_there_stays_unless_it_is_forced() {
    for (setting, plain, forced) in [("never", 409, 409), ("forced", 409, 201), ("always", 201, 201)] {
        let server = Server::new(&format!("chartStore: {{overwrite: {setting}}}"));
        let push = |query: &'static str, note: &'static str| {
            let (server, bytes) = (&server, chart("web", "1.0.0", note));
            async move { server.ask("POST", &format!("/charts/api/charts{query}"), bytes).await }
        };
        assert_eq!(push("", "description: a\n").await.status, 201);
        assert_eq!(push("", "description: b\n").await.status, plain, "{setting}");
        assert_eq!(push("?force", "description: c\n").await.status, forced, "{setting}");
        let kept = server.get("/charts/api/charts/web/1.0.0").await.json()["description"].clone();
        assert_eq!(kept, if forced == 201 { "c" } else { "a" });
    }
    let server = Server::new("chartStore: {}");
    let bytes = chart("web", "1.0.0", "");
    server.ask("POST", "/charts/api/charts", bytes.clone()).await;
    let raw = server.ask("POST", "/charts/api/charts", bytes.clone()).await;
    assert_eq!(raw.line(), r#"409 {"error":"file already exists"}"#);
    let form = server.form("/charts/api/charts", &[("chart", "x", &bytes)]).await;
    assert_eq!(form.line(), r#"409 {"error":"chart already exists"}"#);
}

#[tokio::test]
async fn what_is_none_is_refused_and_leaves_nothing() {
    let server = Server::new("chartStore: {}");
    let post = |path: &'static str, body: Vec<u8>| {
        let server = &server;
        async move { server.ask("POST", path, body).await.line() }
    };
    assert!(post("/charts/api/charts", b"no archive".to_vec()).await.starts_with(r#"400 {"error":"this is no chart"#));
    assert!(post("/charts/api/charts", Vec::new()).await.starts_with("400 "));
    assert!(post("/charts/api/charts", chart("a b", "1.0.0", "")).await.starts_with("400 "));
    assert!(post("/charts/api/charts", vec![0; 65 * 1024]).await.starts_with("413 "));
    assert!(post("/charts/api/prov", b"no signature".to_vec()).await.starts_with("400 "));
    let words = r#"400 {"error":"no package or provenance file found in form fields chart and prov"}"#;
    assert_eq!(server.form("/charts/api/charts", &[("other", "x", b"y")]).await.line(), words);
    let (archive, other) = (chart("web", "1.0.0", ""), signature("db", "1.0.0"));
    let mixed = server.form("/charts/api/charts", &[("chart", "x", &archive), ("prov", "y", &other)]).await;
    assert_eq!(mixed.status, 400);
    let large = server.form("/charts/api/charts", &[("chart", "x", &archive), ("prov", "y", &[0; 65 * 1024])]).await;
    assert_eq!(large.status, 413);
    assert!(server.files().is_empty());
    assert_eq!(server.get("/charts/nothing").await.line(), r#"404 {"error":"not found"}"#);
    assert_eq!(server.ask("PUT", "/charts/api/charts", "").await.status, 404);
    assert_eq!(server.get("/charts/%zz").await.status, 404);
    assert_eq!(server.get("/charts/health").await.line(), r#"200 {"healthy":true}"#);
}

#[tokio::test]
async fn a_body_that_does_not_come_ends_the_request() {
    let server = Server::new("chartStore: {}");
    let drops = futures::stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b"x")), ()))
    });
    let request = Request::post("/charts/api/charts").body(Body::from_stream(drops)).unwrap();
    assert_eq!(server.send(request).await.status, 408);
    assert!(server.files().is_empty());
}

#[tokio::test]
async fn signatures_come_alone_too() {
    let server = Server::new("chartStore: {}");
    let signed = signature("web", "1.0.0");
    assert_eq!(server.ask("POST", "/charts/api/prov", signed.clone()).await.line(), r#"201 {"saved":true}"#);
    assert_eq!(server.ask("POST", "/charts/api/prov", signed.clone()).await.status, 409);
    assert_eq!(server.ask("POST", "/charts/api/prov?force", signed.clone()).await.status, 201);
    // The archive may follow its signature.
    assert_eq!(server.ask("POST", "/charts/api/charts", chart("web", "1.0.0", "")).await.status, 201);
    let got = server.get("/charts/charts/web-1.0.0.tgz.prov").await;
    assert_eq!((got.header("content-type"), got.body.to_vec()), ("application/pgp-signature", signed));
}

#[tokio::test]
async fn lists_come_in_parts() {
    let server = Server::new("chartStore: {}");
    for name in ["a", "b", "c"] {
        server.ask("POST", "/charts/api/charts", chart(name, "1.0.0", "")).await;
    }
    let names = |query: &'static str| {
        let server = &server;
        async move {
            let json = server.get(&format!("/charts/api/charts{query}")).await.json();
            json.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
        }
    };
    assert_eq!(names("?offset=1&limit=1").await, "b");
    assert_eq!(names("?offset=2").await, "c");
    assert_eq!(names("?offset=9&limit=5").await, "");
    let bad = server.get("/charts/api/charts?limit=0").await;
    assert_eq!(bad.line(), r#"400 {"error":"limit is not a valid positive integer"}"#);
    let bad = server.get("/charts/api/charts?offset=-1").await;
    assert_eq!(bad.line(), r#"400 {"error":"offset is not a valid non-negative integer"}"#);
}

#[tokio::test]
async fn a_full_store_says_so() {
    let server = Server::new("chartStore: {maxFiles: 1}");
    assert_eq!(server.ask("POST", "/charts/api/charts", chart("a", "1.0.0", "")).await.status, 201);
    let full = server.ask("POST", "/charts/api/charts", chart("b", "1.0.0", "")).await;
    assert_eq!(full.line(), r#"507 {"error":"repo has reached storage limit"}"#);
}

#[tokio::test]
async fn charts_go_on_to_allowed_registries_only() {
    let server = Server::new("chartStore: {}");
    server.ask("POST", "/charts/api/charts", chart("web", "1.0.0", "")).await;
    let push = |version: &'static str, body: &'static str| {
        let server = &server;
        async move { server.ask("POST", &format!("/charts/api/charts/web/{version}/push"), body).await }
    };
    for bad in [
        "",
        "{}",
        "{\"to\": 5}",
        "{\"to\": \"http://127.0.0.1/x\"}",
        "{\"to\": \"oci://h/x\", \"passwort\": \"hidden\"}",
    ] {
        let answer = push("1.0.0", bad).await;
        assert_eq!(answer.status, 400, "{bad}");
        assert!(!answer.text().contains("hidden"));
    }
    let elsewhere = push("1.0.0", "{\"to\": \"oci://169.254.169.254/x\"}").await;
    assert_eq!(elsewhere.status, 403);
    assert!(elsewhere.text().contains("--allow-host 169.254.169.254"), "{}", elsewhere.text());
    assert_eq!(push("2.0.0", "{\"to\": \"oci://allowed.invalid/x\"}").await.status, 404);
    let nobody = push("1.0.0", "{\"to\": \"oci://127.0.0.1:1/x\", \"plain_http\": true}").await;
    assert_eq!(nobody.status, 502);
    assert!(nobody.text().contains("connection refused"), "{}", nobody.text());
}
