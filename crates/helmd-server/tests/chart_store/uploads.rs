//! Uploads of helm-wrapper's API, and searches that show them.

use crate::asking::{Server, chart};
use serde_json::{Value as Json, json};

const UPLOAD: &str = "/api/charts/upload";

async fn names(server: &Server, query: &str) -> Vec<String> {
    let found = server.get(&format!("/api/repositories/charts{query}")).await.json();
    assert_eq!(found["code"], 0, "{found}");
    let elements = found["data"].as_array().unwrap();
    elements.iter().map(|e| format!("{} {}", e["name"].as_str().unwrap(), e["version"].as_str().unwrap())).collect()
}

async fn upload(server: &Server, file: &str, content: &[u8]) -> Json {
    server.form(UPLOAD, &[("chart", file, content)]).await.json()
}

#[tokio::test]
async fn uploaded_charts_are_in_the_index_and_other_bytes_are_not() {
    let server = Server::new("");
    assert_eq!(upload(&server, "mine.tgz", &chart("web", "1.0.0", "")).await, json!({"code": 0}));
    assert_eq!(upload(&server, "junk.tgz", b"no archive").await, json!({"code": 0}));
    assert_eq!(server.get(UPLOAD).await.json()["data"], json!(["junk.tgz", "mine.tgz"]));
    assert_eq!(server.get("/charts/charts/web-1.0.0.tgz").await.status, 200);
    assert_eq!(server.get("/charts/api/charts").await.json().as_object().unwrap().len(), 1);
    let show = |chart: &'static str| {
        let server = &server;
        async move { server.get(&format!("/api/charts?info=chart&chart={chart}")).await.json() }
    };
    assert_eq!(show("mine.tgz").await["data"]["name"], "web");
    assert_eq!(show("uploads/web").await["data"]["version"], "1.0.0");
    let words = "chart \"none\" matching  not found in uploads index. (try 'helm repo update'): no chart name found";
    assert_eq!(show("uploads/none").await["error"], words);
    // Under the same name there is another chart now.
    upload(&server, "mine.tgz", &chart("db", "2.0.0", "")).await;
    assert_eq!(show("mine.tgz").await["data"]["name"], "db");
    assert_eq!(server.get("/charts/charts/web-1.0.0.tgz").await.status, 404);
    assert_eq!(server.ask("DELETE", "/api/charts/upload/mine.tgz", "").await.json(), json!({"code": 0}));
    assert_eq!(server.get("/charts/charts/db-2.0.0.tgz").await.status, 404);
}

#[tokio::test]
async fn a_store_of_charts_only_refuses_the_rest() {
    let server = Server::new("chartStore: {uploads: charts}");
    let refused = upload(&server, "junk.tgz", b"no archive").await;
    assert_eq!(refused["code"], 1);
    assert_eq!(refused["error"], "this is no chart archive that helm could use: gzip: invalid header");
    assert!(server.files().is_empty());
    assert_eq!(upload(&server, "web.tgz", &chart("web", "1.0.0", "")).await["code"], 0);
    let full = Server::new("chartStore: {maxFiles: 1}");
    upload(&full, "a.tgz", b"x").await;
    assert_eq!(upload(&full, "b.tgz", b"x").await["error"], "repo has reached storage limit");
    assert_eq!(upload(&full, "a.tgz", b"y").await["code"], 0);
    assert_eq!(full.files(), ["a.tgz"]);
}

#[tokio::test]
async fn searches_show_the_store_where_somebody_says_so() {
    let lines =
        "description: A Web server\nkeywords: [http]\ndeprecated: true\nannotations:\n  artifacthub.io/license: MIT\n";
    let charts = [chart("web", "1.0.0", lines), chart("web", "2.0.0-rc.1", lines), chart("db", "0.1.0", "")];
    for (section, by_default) in [("", false), ("chartStore: {}", true), ("chartStore: {search: false}", false)] {
        let server = Server::new(section);
        for bytes in &charts {
            server.ask("POST", "/charts/api/charts", bytes.clone()).await;
        }
        let all = ["uploads/db 0.1.0", "uploads/web 1.0.0"];
        let default = names(&server, "").await;
        assert_eq!(default, if by_default { &all[..] } else { &[] }, "{section}");
        assert_eq!(names(&server, "?uploads=true").await, all);
        assert!(names(&server, "?uploads=false").await.is_empty());
        let query = |query: &'static str| names(&server, query);
        assert_eq!(query("?uploads=true&keyword=HTTP").await, ["uploads/web 1.0.0"]);
        assert_eq!(query("?uploads=true&devel=true&keyword=web").await, ["uploads/web 2.0.0-rc.1"]);
        assert_eq!(query("?uploads=true&regexp=true&keyword=w.b").await, ["uploads/web 1.0.0"]);
        assert!(query("?uploads=true&keyword=w.b").await.is_empty());
        let both = ["uploads/web 2.0.0-rc.1", "uploads/web 1.0.0"];
        assert_eq!(query("?uploads=true&versions=true&version=%3E0.0.0-0&keyword=web").await, both);
        assert_eq!(query("?uploads=true&version=0.1.0").await, ["uploads/db 0.1.0"]);
    }
    let server = Server::new("chartStore: {name: own}");
    server.ask("POST", "/charts/api/charts", charts[0].clone()).await;
    let plain = server.get("/api/repositories/charts").await.json();
    let keys: Vec<&String> = plain["data"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["app_version", "description", "name", "version"]);
    let detailed = server.get("/api/repositories/charts?details=true").await.json()["data"][0].clone();
    assert_eq!((&detailed["name"], &detailed["deprecated"]), (&json!("own/web"), &json!(true)));
    assert_eq!(detailed["annotations"], json!({"artifacthub.io/license": "MIT"}));
    let bad = server.get("/api/repositories/charts?regexp=true&keyword=%28").await.json();
    assert_eq!(bad["error"], "error parsing regexp: missing closing ): `(`");
}
