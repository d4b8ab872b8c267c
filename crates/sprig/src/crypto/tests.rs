use super::*;
use crate::FixedHost;
use gotmpl::Value;
use gotmpl::exec::{Exec, MissingKey};
use gotmpl::parse::TemplateSet;

/// What a function gives for string arguments.
fn call(name: &str, args: &[Value]) -> Result<Value, String> {
    let host: Rc<dyn Host> = Rc::new(FixedHost::default());
    let mut map = FuncMap::default();
    register(&mut map, &host, &Budgets::default());
    let function = map.get(name).unwrap().clone();
    let set = TemplateSet::default();
    let mut exec = Exec::new(&set, &map, MissingKey::default(), Default::default());
    (function.body)(&mut exec, args).map_err(|e| e.to_string())
}

fn string(name: &str, args: &[Value]) -> String {
    call(name, args).unwrap().as_str().unwrap().to_string()
}

fn field(value: &Value, name: &str) -> Value {
    match value {
        Value::Object(o) => o.field(name).unwrap(),
        _ => Value::Nil,
    }
}

#[test]
fn hashes_and_passwords() {
    assert_eq!(string("sha1sum", &["a".into()]), "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8");
    assert_eq!(string("adler32sum", &["Wikipedia".into()]), "300286872");
    let five = [
        Value::Uint(gotmpl::value::types::UINT32, 1),
        "long".into(),
        "password".into(),
        "user".into(),
        "example.com".into(),
    ];
    assert_eq!(string("derivePassword", &five), "ZedaFaxcZaso9*");
    assert!(string("bcrypt", &["pw".into()]).starts_with("$2a$10$"));
}

#[test]
fn ciphers_there_and_back() {
    let encrypted = call("encryptAES", &["key".into(), "text".into()]).unwrap();
    assert_eq!(string("decryptAES", &["key".into(), encrypted]), "text");
    assert_eq!(
        call("decryptAES", &["key".into(), "AAAA".into()]).err().as_deref(),
        Some("runtime error: slice bounds out of range [:16] with capacity 3")
    );
}

#[test]
fn certificates_of_every_kind_of_key() {
    for kind in ["ecdsa", "ed25519"] {
        let key = call("genPrivateKey", &[kind.into()]).unwrap();
        let ca = call("genCAWithKey", &["ca".into(), Value::int(365), key.clone()]).unwrap();
        assert_eq!(field(&ca, "Key").as_str(), key.as_str(), "{kind}");
        let ips = Value::list(vec!["10.0.0.1".into(), "::1".into()]);
        let args = ["foo".into(), ips, Value::Nil, Value::int(30), ca, key];
        let cert = call("genSignedCertWithKey", &args).unwrap();
        assert!(field(&cert, "Cert").as_str().unwrap().to_text().starts_with("-----BEGIN CERTIFICATE-----\n"));
    }
    assert_eq!(
        call("genCAWithKey", &["ca".into(), Value::int(1), "".into()]).err().as_deref(),
        Some("parsing private key: no PEM data in input")
    );
    assert_eq!(string("genPrivateKey", &["x".into()]), "Unknown type x");
}
