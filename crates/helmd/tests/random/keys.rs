//! `genPrivateKey`.

use crate::{helm4, helmd, pipe, program, render};
use serde_json::json;
use std::path::Path;

/// Header of the PEM text, and what openssl says of the key.
const KINDS: &[(&str, &str, &str)] = &[
    ("rsa", "RSA PRIVATE KEY", "Private-Key: (4096 bit, 2 primes)"),
    ("dsa", "DSA PRIVATE KEY", "Private-Key: (2048 bit)"),
    ("ecdsa", "EC PRIVATE KEY", "Private-Key: (256 bit)"),
    ("ed25519", "PRIVATE KEY", "ED25519 Private-Key:"),
];

fn key(helm: &Path, kind: &str) -> String {
    render(helm, "genPrivateKey .Values.kind", &json!({"kind": kind}))
}

/// openssl's description without the numbers: parameters, names and lengths.
fn description(openssl: &Path, key: &str) -> String {
    let text = pipe(openssl, &["pkey", "-noout", "-text"], key).unwrap_or_else(|e| panic!("{e}\n{key}"));
    let hex = |line: &str| !line.trim().is_empty() && line.trim().chars().all(|c| c.is_ascii_hexdigit() || c == ':');
    text.lines().filter(|line| !hex(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn openssl_takes_every_key() {
    let Some(openssl) = program("openssl") else { return };
    for (kind, header, wanted) in KINDS {
        let key = key(&helmd(), kind);
        let (begin, end) = (format!("-----BEGIN {header}-----\n"), format!("\n-----END {header}-----\n"));
        assert!(key.starts_with(&begin) && key.ends_with(&end), "{kind}: {key}");
        let text = description(&openssl, &key);
        assert!(text.contains(wanted), "{kind}: {text}");
        if *kind != "dsa" {
            let checked = pipe(&openssl, &["pkey", "-noout", "-check"], &key);
            assert!(checked.is_ok(), "{kind}: {checked:?}");
        }
    }
}

#[test]
fn keys_are_described_as_the_real_ones() {
    let (Some(openssl), Some(helm4)) = (program("openssl"), helm4()) else { return };
    for (kind, ..) in KINDS {
        let (want, got) = (description(&openssl, &key(&helm4, kind)), description(&openssl, &key(&helmd(), kind)));
        assert_eq!(got, want, "{kind}");
    }
}

#[test]
fn keys_of_unknown_kinds_are_a_sentence() {
    assert_eq!(key(&helmd(), "rot13"), "Unknown type rot13");
}

#[test]
fn no_two_keys_are_equal() {
    assert_ne!(key(&helmd(), "ed25519"), key(&helmd(), "ed25519"));
}
