//! `htpasswd`, `bcrypt`, `derivePassword`, `encryptAES`.

use crate::{helm4, helmd, pipe, program, render};
use serde_json::json;

#[test]
fn encrypted_texts_cross_over() {
    let Some(helm4) = helm4() else { return };
    for (password, text) in [("secretkey", "plain"), ("", ""), ("k", "sixteen bytes!!!"), ("é x", "ü\n\u{1f600}")] {
        for (first, second) in [(helmd(), helm4.clone()), (helm4.clone(), helmd())] {
            let values = json!({"password": password, "text": text});
            let secret = render(&first, "encryptAES .Values.password .Values.text", &values);
            let values = json!({"password": password, "text": secret});
            assert_eq!(render(&second, "decryptAES .Values.password .Values.text", &values), text);
        }
    }
}

#[test]
fn the_same_text_is_encrypted_anew() {
    let template = r#"eq (encryptAES "k" "x") (encryptAES "k" "x")"#;
    assert_eq!(render(&helmd(), template, &json!({})), "false");
}

#[test]
fn passwords_are_taken() {
    let values = json!({"password": "p:a ss é"});
    let line = render(&helmd(), r#"htpasswd "user" .Values.password"#, &values);
    assert!(line.starts_with("user:$2a$10$") && line.len() == "user:".len() + 60, "{line}");
    let hash = render(&helmd(), "bcrypt .Values.password", &values);
    assert!(hash.starts_with("$2a$10$") && hash.len() == 60, "{hash}");
    if let Some(htpasswd) = program("htpasswd") {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("users");
        for hash in [line.trim_start_matches("user:"), &hash] {
            std::fs::write(&file, format!("user:{hash}\n")).unwrap();
            let verdict = pipe(&htpasswd, &["-vb", file.to_str().unwrap(), "user", "p:a ss é"], "");
            assert!(verdict.is_ok(), "{verdict:?}");
            assert!(pipe(&htpasswd, &["-vb", file.to_str().unwrap(), "user", "other"], "").is_err());
        }
    }
}

/// openssl cannot check bcrypt, but glibc's crypt can.
#[test]
fn crypt_takes_bcrypt() {
    let Some(perl) = program("perl") else { return };
    let hash = render(&helmd(), r#"bcrypt "secret""#, &json!({}));
    let script = "chomp($h = <STDIN>); my $c = crypt('secret', $h); print defined $c && $c =~ /^\\$2/ ? ($c eq $h ? 'same' : 'other') : 'none'";
    match pipe(&perl, &["-e", script], &hash).unwrap().as_str() {
        "none" => println!("skipped: this machine's crypt does not know bcrypt"),
        verdict => assert_eq!(verdict, "same"),
    }
}

#[test]
fn derived_passwords_are_fixed() {
    let derived = |kind: &str| {
        render(&helmd(), "derivePassword 1 .Values.kind \"password\" \"user\" \"example.com\"", &json!({"kind": kind}))
    };
    for (kind, length) in [("maximum", 20), ("long", 14), ("medium", 8), ("short", 4), ("basic", 8), ("pin", 4)] {
        assert_eq!(derived(kind).len(), length, "{kind}");
    }
    if let Some(helm4) = helm4() {
        for kind in ["long", "basic", "nope"] {
            let template = "derivePassword 3 .Values.kind \"p é\" \"user\" \"example.com\"";
            let values = json!({"kind": kind});
            assert_eq!(render(&helmd(), template, &values), render(&helm4, template, &values), "{kind}");
        }
    }
}
