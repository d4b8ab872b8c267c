//! Releases in PostgreSQL: helmd and both helms go on with what the others have left there.
#![expect(clippy::unwrap_used, reason = "a walk that cannot begin is a failed test")]

use anyhow::{Result, ensure};
use helmd_e2e::{Postgres, Program, Server, Setup};
use serde_json::json;
use std::path::Path;

struct Walk {
    server: Server,
    helm3: Program,
    helm4: Program,
    kubectl: Program,
    postgres: Postgres,
    home: tempfile::TempDir,
}

fn begin() -> Option<Walk> {
    let setup = Setup::find(false)?;
    let Some(postgres) = Postgres::start().unwrap() else {
        Setup::missing("postgres, initdb or psql");
        return None;
    };
    let home = tempfile::tempdir().unwrap();
    let kubeconfig = home.path().join("sandbox.kubeconfig");
    let text = kubeconfig.display().to_string();
    let variables = [("HELM_DRIVER", "sql"), ("HELM_DRIVER_SQL_CONNECTION_STRING", &*postgres.connection)];
    let flags = ["--sandbox", "--sandbox-kubeconfig", &text, "--debug"];
    let server = Server::start_with(&setup.helmd, home.path(), &flags, &variables).unwrap();
    let program = |path: std::path::PathBuf| {
        let plain = Program::new(path, &kubeconfig, home.path());
        variables.iter().fold(plain, |program, (name, value)| program.with(name, value))
    };
    Some(Walk {
        helm3: program(setup.tools.join("helm3")),
        helm4: program(setup.tools.join("helm4")),
        kubectl: program("kubectl".into()),
        server,
        postgres,
        home,
    })
}

fn hello() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/hello").display().to_string()
}

#[test]
fn helmd_and_the_helms_share_a_database() {
    let Some(walk) = begin() else { return };
    let result = (|| -> Result<()> {
        let path = "/api/namespaces/shop/releases/web";
        let api = &walk.server.api;
        let folder = walk.home.path().display().to_string();
        walk.helm4.run(&["package", &hello(), "-d", &folder])?;
        api.upload(&walk.home.path().join("hello-0.1.0.tgz"))?;

        // helm 4 installs, with a label; helmd sees it and goes on.
        walk.helm4.run(&["install", "web", &hello(), "-n", "shop", "--create-namespace", "--labels", "team=x"])?;
        let seen = api.call("GET", "/api/namespaces/shop/releases", None)?;
        ensure!(seen[0]["name"] == "web" && seen[0]["revision"] == "1", "helmd sees {seen}");
        api.call("PUT", &format!("{path}?chart=hello-0.1.0.tgz"), Some(&json!({"set": ["replicaCount=2"]})))?;
        let replicas = || walk.kubectl.json(&["get", "deployment", "web-hello", "-n", "shop", "-o", "json"]);
        ensure!(replicas()?["spec"]["replicas"] == 2, "the upgrade has come");

        // helm 3 reads that, and goes back; helm 4 reads that, and what the labels say.
        let history = walk.helm3.json(&["history", "web", "-n", "shop", "-o", "json"])?;
        let states: Vec<_> = history.as_array().into_iter().flatten().map(|r| r["status"].as_str()).collect();
        ensure!(states == [Some("superseded"), Some("deployed")], "history {history}");
        walk.helm3.run(&["rollback", "web", "1", "-n", "shop"])?;
        ensure!(replicas()?["spec"]["replicas"] == 1, "the rollback has come");
        let status = api.call("GET", &format!("{path}/status"), None)?;
        ensure!(status["status"] == "deployed", "helmd sees {status}");
        let told = api.call("GET", &format!("{path}/histories"), None)?;
        ensure!(told.as_array().map(Vec::len) == Some(3), "helmd sees {told}");
        for (selector, found) in [("team=x", 1), ("team=y", 0), ("team=x,status=deployed", 1)] {
            let list = walk.helm4.json(&["list", "-n", "shop", "-l", selector, "-o", "json"])?;
            ensure!(list.as_array().map(Vec::len) == Some(found), "{selector}: {list}");
        }
        // helmd's own revision carries the label that helm 4 has set, as helm's would.
        let labels = walk.postgres.ask("SELECT string_agg(key || '=' || value, ',') FROM custom_labels_v1")?;
        ensure!(labels == "team=x,team=x,team=x", "labels {labels}");

        // helmd rolls on and takes it off; nothing was ever in the cluster.
        api.call("PUT", &format!("{path}/versions/2"), None)?;
        let status = walk.helm4.json(&["status", "web", "-n", "shop", "-o", "json"])?;
        ensure!(status["version"] == 4 && status["info"]["status"] == "deployed", "helm 4 sees {status}");
        let secrets =
            walk.kubectl.run(&["get", "secrets,configmaps", "-n", "shop", "-l", "owner=helm", "-o", "name"])?;
        ensure!(secrets.trim().is_empty(), "in the cluster: {secrets}");
        api.call("DELETE", path, None)?;
        let left =
            walk.postgres.ask("SELECT (SELECT count(*) FROM releases_v1) + (SELECT count(*) FROM custom_labels_v1)")?;
        ensure!(left == "0", "{left} rows are left");
        ensure!(api.error("GET", path, None)? == "release: not found", "it is gone");
        let log = std::fs::read_to_string(&walk.server.log)?;
        ensure!(!log.contains("e2e-secret"), "the password is in the log");
        Ok(())
    })();
    result.unwrap();
}

/// What a database looks like from within, names and order included.
const SCHEMA: &str = "
SELECT table_name || '.' || column_name || ' ' || ordinal_position || ' ' || data_type || ' ' || is_nullable || ' '
  || coalesce(character_maximum_length::text, '-') || ' ' || coalesce(column_default, '-')
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT relname || ' ' || relrowsecurity || ' ' || coalesce(relacl::text, '-') FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
UNION ALL SELECT 'migration ' || id FROM gorp_migrations
ORDER BY 1";

#[test]
fn helmds_tables_are_helms() {
    let (Some(mine), Some(theirs)) = (begin(), begin()) else { return };
    let result = (|| -> Result<()> {
        mine.server.api.call("GET", "/api/namespaces/a/releases", None)?;
        theirs.helm4.run(&["list"])?;
        let (a, b) = (mine.postgres.ask(SCHEMA)?, theirs.postgres.ask(SCHEMA)?);
        ensure!(a == b, "helmd's:\n{a}\nhelm's:\n{b}");
        // Either helm works with the tables that helmd has made.
        for (helm, name) in [(&mine.helm3, "three"), (&mine.helm4, "four")] {
            helm.run(&["install", name, &hello()])?;
            helm.run(&["uninstall", name])?;
        }
        Ok(())
    })();
    result.unwrap();
}
