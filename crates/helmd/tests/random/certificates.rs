//! `genCA`, `genSelfSignedCert`, `genSignedCert` and their forms with a key.

use crate::{helm4, helmd, pipe, program, render, render_after};
use serde_json::{Value, json};
use std::path::Path;

/// Puts all kinds of certificates into `$out`.
const MAKE: &str = r#"
{{- $v := .Values }}{{ $out := dict }}
{{- $ca := genCA $v.ca (int $v.days) }}
{{- $_ := set $out "ca" (dict "cert" $ca.Cert "key" $ca.Key) }}
{{- $c := genSignedCert $v.cn $v.ips $v.dns (int $v.days) $ca }}
{{- $_ := set $out "signed" (dict "cert" $c.Cert "key" $c.Key) }}
{{- $c := genSelfSignedCert $v.cn $v.ips $v.dns (int $v.days) }}
{{- $_ := set $out "self" (dict "cert" $c.Cert "key" $c.Key) }}
{{- range $kind := $v.kinds }}
  {{- $key := genPrivateKey $kind }}
  {{- $ca := genCAWithKey $v.ca (int $v.days) $key }}
  {{- $c := genSignedCertWithKey $v.cn $v.ips $v.dns (int $v.days) $ca (genPrivateKey $kind) }}
  {{- $s := genSelfSignedCertWithKey $v.cn $v.ips $v.dns (int $v.days) $key }}
  {{- $_ := set $out (print "ca-" $kind) (dict "cert" $ca.Cert "key" $ca.Key) }}
  {{- $_ := set $out (print "signed-" $kind) (dict "cert" $c.Cert "key" $c.Key) }}
  {{- $_ := set $out (print "self-" $kind) (dict "cert" $s.Cert "key" $s.Key) }}
{{- end -}}
"#;

fn certificates(helm: &Path, values: &Value) -> Value {
    serde_json::from_str(&render_after(helm, MAKE, "toJson $out", values)).unwrap()
}

fn cases() -> Vec<Value> {
    vec![
        json!({"ca": "root", "cn": "a.example.com", "ips": ["10.0.0.1", "::1"], "dns": ["b.example.com", "*.c"], "days": 365, "kinds": ["rsa", "ecdsa", "ed25519"]}),
        json!({"ca": "Wurzel é", "cn": "", "ips": [], "dns": ["only.dns"], "days": 1, "kinds": ["ecdsa"]}),
        json!({"ca": "a_b*", "cn": "x", "ips": [], "dns": [], "days": 36500, "kinds": ["ed25519"]}),
        json!({"ca": "same", "cn": "same", "ips": [], "dns": [], "days": 10, "kinds": []}),
    ]
}

/// openssl's description, without what is random: serial numbers, keys, signatures, times of day, key identifiers.
fn description(openssl: &Path, cert: &str) -> String {
    let text = pipe(openssl, &["x509", "-noout", "-text"], cert).unwrap_or_else(|e| panic!("{e}\n{cert}"));
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let bare = line.trim();
        let hex = bare.len() > 2 && bare.contains(':') && bare.chars().all(|c| c.is_ascii_hexdigit() || c == ':');
        if hex {
            let masked = format!("{}HEX", &line[..line.len() - line.trim_start().len()]);
            if lines.last() != Some(&masked) {
                lines.push(masked);
            }
        } else if bare.starts_with("Not Before:") || bare.starts_with("Not After :") {
            lines.push(bare.split(':').next().unwrap_or_default().to_owned());
        } else {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n")
}

#[test]
fn certificates_are_described_as_the_real_ones() {
    let (Some(openssl), Some(helm4)) = (program("openssl"), helm4()) else { return };
    for values in cases() {
        let (want, got) = (certificates(&helm4, &values), certificates(&helmd(), &values));
        let names = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&got), names(&want));
        for name in names(&want) {
            let describe = |v: &Value| description(&openssl, v[&name]["cert"].as_str().unwrap());
            assert_eq!(describe(&got), describe(&want), "{name} of {values}");
        }
    }
}

#[test]
fn chains_hold_and_keys_fit() {
    let Some(openssl) = program("openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    for values in cases().iter().take(2) {
        let made = certificates(&helmd(), values);
        let kinds = values["kinds"].as_array().unwrap().iter().map(|kind| format!("-{}", kind.as_str().unwrap()));
        for suffix in kinds.chain([String::new()]) {
            let cert = |name: &str| made[format!("{name}{suffix}")]["cert"].as_str().unwrap();
            let authority = folder.path().join("ca.pem");
            std::fs::write(&authority, cert("ca")).unwrap();
            let file = authority.to_str().unwrap();
            for name in ["ca", "signed"] {
                let verdict = pipe(&openssl, &["verify", "-x509_strict", "-CAfile", file], cert(name));
                assert!(verdict.is_ok(), "{name}{suffix}: {verdict:?}");
            }
            std::fs::write(&authority, cert("self")).unwrap();
            let verdict = pipe(&openssl, &["verify", "-partial_chain", "-CAfile", file], cert("self"));
            assert!(verdict.is_ok(), "self{suffix}: {verdict:?}");
            for name in ["ca", "signed", "self"] {
                let key = made[format!("{name}{suffix}")]["key"].as_str().unwrap();
                let of_key = pipe(&openssl, &["pkey", "-pubout"], key).unwrap();
                let of_cert = pipe(&openssl, &["x509", "-noout", "-pubkey"], cert(name)).unwrap();
                assert_eq!(of_key, of_cert, "{name}{suffix}");
            }
        }
    }
}

#[test]
fn certificates_end_when_they_should() {
    let Some(openssl) = program("openssl") else { return };
    let values = json!({"ca": "c", "cn": "x", "ips": [], "dns": [], "days": 30, "kinds": []});
    let made = certificates(&helmd(), &values);
    for name in ["ca", "signed", "self"] {
        let cert = made[name]["cert"].as_str().unwrap();
        let valid_in =
            |seconds: u64| pipe(&openssl, &["x509", "-noout", "-checkend", &seconds.to_string()], cert).is_ok();
        const DAY: u64 = 24 * 3600;
        assert!(valid_in(30 * DAY - 3600) && !valid_in(30 * DAY + 60), "{name}");
        let serial = pipe(&openssl, &["x509", "-noout", "-serial"], cert).unwrap();
        let digits = serial.trim().strip_prefix("serial=").unwrap().len();
        assert!((20..=32).contains(&digits), "a serial number has up to 128 bits: {serial}");
    }
}

/// What one of the two signs, the other takes.
#[test]
fn authorities_cross_over() {
    let (Some(openssl), Some(helm4)) = (program("openssl"), helm4()) else { return };
    let values = json!({"ca": "root", "cn": "x", "ips": [], "dns": ["x"], "days": 30, "kinds": []});
    let folder = tempfile::tempdir().unwrap();
    for (first, second) in [(helm4.clone(), helmd()), (helmd(), helm4)] {
        let ca = certificates(&first, &values)["ca"].clone();
        let signed = render(
            &second,
            r#"(genSignedCert "y" nil (list "y") 5 (buildCustomCert (b64enc .Values.cert) (b64enc .Values.key))).Cert"#,
            &ca,
        );
        let authority = folder.path().join("ca.pem");
        std::fs::write(&authority, ca["cert"].as_str().unwrap()).unwrap();
        let verdict = pipe(&openssl, &["verify", "-CAfile", authority.to_str().unwrap()], &signed);
        assert!(verdict.is_ok(), "{verdict:?}");
    }
}
