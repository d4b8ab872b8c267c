//! `htpasswd`, `bcrypt`, `derivePassword`, `encryptAES`.

use crate::{found, helm4, helmd, pipe, render, skip};
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
    for hash in [line.trim_start_matches("user:"), &hash] {
        let takes = |password: &str| htpasswd_takes(hash, password).or_else(|| crypt_takes(hash, password));
        let verdicts = [takes("p:a ss é"), takes("other")];
        match verdicts {
            [None, _] | [_, None] => skip("neither htpasswd nor a crypt that knows bcrypt"),
            verdicts => assert_eq!(verdicts, [Some(true), Some(false)], "{hash}"),
        }
    }
}

/// What Apache's program says, where it is.
fn htpasswd_takes(hash: &str, password: &str) -> Option<bool> {
    let htpasswd = found("htpasswd")?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users");
    std::fs::write(&file, format!("user:{hash}\n")).unwrap();
    Some(pipe(&htpasswd, &["-vb", file.to_str().unwrap(), "user", password], "").is_ok())
}

/// What the C library's `crypt` says, where it knows bcrypt.
fn crypt_takes(hash: &str, password: &str) -> Option<bool> {
    let script = "chomp($h = <STDIN>); my $c = crypt($ARGV[0], $h); print defined $c && $c =~ /^\\$2/ ? ($c eq $h ? 'same' : 'other') : 'none'";
    match pipe(&found("perl")?, &["-e", script, "--", password], hash).unwrap().as_str() {
        "none" => None,
        verdict => Some(verdict == "same"),
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
