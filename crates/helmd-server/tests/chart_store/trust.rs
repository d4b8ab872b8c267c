//! `chartPolicy`: which charts of the store are taken.

use crate::asking::{Server, chart};
use helmd_repo::{Keys, Signatory};

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../helmd-provenance/tests/keys");
const SHOW: &str = "/api/charts?info=values&chart=uploads/";

/// A chart with its signature by a key that may sign until 2034.
fn signed(name: &str) -> (Vec<u8>, Vec<u8>) {
    let keys = Keys { keyring: format!("{KEYS}/one.asc").into(), helm: helmd_chart::HelmMajor::Helm4, now: 0 };
    let archive = chart(name, "1.0.0", "");
    let file = format!("{name}-1.0.0.tgz");
    let metadata = format!("name: {name}\nversion: 1.0.0\n");
    let signatory = Signatory::find(&keys.load().unwrap(), "one@").unwrap();
    let signature = signatory.sign((&file, &archive), &metadata, (1_767_225_600, &[1; 32])).unwrap();
    (archive, signature)
}

#[tokio::test]
async fn only_signed_charts() {
    let server = Server::new(&format!("chartPolicy: signed\nkeyring: {KEYS}/public.gpg\n"));
    for name in ["web", "other"] {
        let (archive, signature) = signed(name);
        let fields: [(&str, &str, &[u8]); 2] = [("chart", "c.tgz", &archive), ("prov", "c.prov", &signature)];
        assert_eq!(server.form("/charts/api/charts", &fields).await.line(), r#"201 {"saved":true}"#);
    }
    server.ask("POST", "/charts/api/charts", chart("plain", "1.0.0", "")).await;
    assert!(server.get(&format!("{SHOW}web")).await.text().contains("# kept"));
    let plain = server.get(&format!("{SHOW}plain")).await.text().to_owned();
    assert!(plain.contains("could not load provenance file plain-1.0.0.tgz.prov"), "{plain}");
    // Another signature than this archive's.
    let file = |name: &str| server.folder.path().join("uploads").join(format!("{name}-1.0.0.tgz.prov"));
    std::fs::copy(file("other"), file("web")).unwrap();
    let swapped = server.get(&format!("{SHOW}web")).await.text().to_owned();
    assert!(swapped.contains("provenance does not contain a SHA") || swapped.contains("there is none"), "{swapped}");
}

#[tokio::test]
async fn only_charts_whose_digest_is_named() {
    let server = Server::new("chartPolicy: pinned\n");
    server.ask("POST", "/charts/api/charts", chart("web", "1.0.0", "")).await;
    let refused = server.get(&format!("{SHOW}web")).await.text().to_owned();
    assert!(refused.contains("only by their digest"), "{refused}");
}

#[test]
fn an_odd_policy_ends_the_start() {
    let error = helmd_server::ConfigFile::parse(b"chartPolicy: perhaps").unwrap_err();
    assert_eq!(error.to_string(), "config file: chartPolicy must be one of any, signed, pinned");
}
