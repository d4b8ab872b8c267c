//! `genPrivateKey`, `genCA`, `genSelfSignedCert`, `genSignedCert`, `buildCustomCert` and their `WithKey` sisters.

use super::certificate::{self, Issuer, Template};
use super::cipher::decode_base64;
use super::key::PrivateKey;
use super::pem;
use super::random::Random;
use crate::args::{INT, LIST, STR, any, int, slice, text};
use crate::host::Host;
use crate::time::{Moment, Zone};
use gotmpl::fmt::format_v;
use gotmpl::value::{GoType, Kind, Object};
use gotmpl::{FuncError, FuncMap, Function, GoString, Value};
use std::any::Any;
use std::net::IpAddr;
use std::rc::Rc;

/// Bits of the RSA keys that certificates get when none is given.
const CERTIFICATE_KEY_BITS: usize = 2048;

const CERTIFICATE: &GoType = {
    static T: GoType = GoType { name: "sprig.certificate", kind: Kind::Struct, elem: None };
    &T
};

/// sprig's certificate: PEM texts of the certificate and its key.
struct Certificate {
    cert: GoString,
    key: GoString,
}

impl Object for Certificate {
    fn go_type(&self) -> &'static GoType {
        CERTIFICATE
    }
    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(Value::String(self.cert.clone())),
            "Key" => Some(Value::String(self.key.clone())),
            _ => None,
        }
    }
    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![("Cert", Value::String(self.cert.clone())), ("Key", Value::String(self.key.clone()))]
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Randomness and clock.
#[derive(Clone)]
struct Maker {
    random: Random,
    host: Rc<dyn Host>,
}

/// Adds the functions about keys and certificates.
pub(super) fn register(map: &mut FuncMap, host: &Rc<dyn Host>) {
    let maker = Maker { random: Random::new(host), host: host.clone() };
    let m = maker.clone();
    map.add(Function::new("genPrivateKey", &[STR], STR, move |_, args| Ok(Value::str(m.private_key(text(args, 0))))));
    map.add(Function::new("buildCustomCert", &[STR, STR], CERTIFICATE, |_, args| {
        custom(text(args, 0), text(args, 1)).map_err(FuncError::Text)
    }));
    let add = |map: &mut FuncMap, name, params, body: fn(&Maker, &[Value]) -> Result<Value, String>| {
        let m = maker.clone();
        map.add(Function::new(name, params, CERTIFICATE, move |_, args| body(&m, args).map_err(FuncError::Text)));
    };
    add(map, "genCA", &[STR, INT], |m, args| m.authority(args, m.new_key()?));
    add(map, "genCAWithKey", &[STR, INT, STR], |m, args| m.authority(args, given_key(args, 2)?));
    add(map, "genSelfSignedCert", &[STR, LIST, LIST, INT], |m, args| m.self_signed(args, m.new_key()?));
    add(map, "genSelfSignedCertWithKey", &[STR, LIST, LIST, INT, STR], |m, args| {
        m.self_signed(args, given_key(args, 4)?)
    });
    add(map, "genSignedCert", &[STR, LIST, LIST, INT, CERTIFICATE], |m, args| m.signed(args, m.new_key()?));
    add(map, "genSignedCertWithKey", &[STR, LIST, LIST, INT, CERTIFICATE, STR], |m, args| {
        m.signed(args, given_key(args, 5)?)
    });
}

fn given_key(args: &[Value], index: usize) -> Result<PrivateKey, String> {
    PrivateKey::from_pem(text(args, index)).map_err(|e| format!("parsing private key: {e}"))
}

impl Maker {
    fn private_key(&self, kind: &[u8]) -> Vec<u8> {
        match PrivateKey::generate(&self.random, kind) {
            Some(Ok(key)) => key.to_pem().into_bytes(),
            Some(Err(e)) => format!("failed to generate private key: {e}").into_bytes(),
            None => [b"Unknown type ", kind].concat(),
        }
    }

    fn new_key(&self) -> Result<PrivateKey, String> {
        PrivateKey::rsa(&self.random, CERTIFICATE_KEY_BITS).map_err(|e| format!("error generating rsa key: {e}"))
    }

    fn authority(&self, args: &[Value], key: PrivateKey) -> Result<Value, String> {
        let mut template = self.template(text(args, 0), (&Value::Nil, &Value::Nil), int(args, 1))?;
        template.is_ca = true;
        self.certificate(&template, None, &key, &key)
    }

    fn self_signed(&self, args: &[Value], key: PrivateKey) -> Result<Value, String> {
        let template = self.template(text(args, 0), (any(args, 1), any(args, 2)), int(args, 3))?;
        self.certificate(&template, None, &key, &key)
    }

    fn signed(&self, args: &[Value], key: PrivateKey) -> Result<Value, String> {
        let Value::Object(object) = any(args, 4) else {
            return Err("unable to decode certificate".to_owned());
        };
        let field = |name| object.field(name).and_then(|v| v.as_str().cloned()).unwrap_or_default();
        let signer = pem::decode(&field("Cert")).ok_or("unable to decode certificate")?;
        let issuer = certificate::read(&signer.bytes)
            .map_err(|e| format!("error parsing certificate: decodedSignerCert.Bytes: {e}"))?;
        let signer = PrivateKey::from_pem(&field("Key")).map_err(|e| format!("error parsing private key: {e}"))?;
        let template = self.template(text(args, 0), (any(args, 1), any(args, 2)), int(args, 3))?;
        self.certificate(&template, Some(&issuer), &key, &signer)
    }

    fn certificate(
        &self,
        template: &Template,
        issuer: Option<&Issuer>,
        key: &PrivateKey,
        signer: &PrivateKey,
    ) -> Result<Value, String> {
        let cert = certificate::create(template, issuer, (key, signer), &self.random)
            .map_err(|e| format!("error creating certificate: {e}"))?;
        Ok(Value::Object(Rc::new(Certificate { cert: cert.into(), key: key.to_pem().into() })))
    }

    fn template(&self, name: &[u8], (ips, dns): (&Value, &Value), days: i64) -> Result<Template, String> {
        const DAY: i64 = 86_400_000_000_000;
        let ips = ip_addresses(ips)?;
        let dns_names = dns_names(dns)?;
        let now = Moment::from_timestamp(self.host.now(), Zone::Utc);
        Ok(Template {
            common_name: name.to_vec(),
            ips,
            dns_names,
            not_after: now.add(DAY.wrapping_mul(days)),
            not_before: now,
            is_ca: false,
        })
    }
}

fn ip_addresses(list: &Value) -> Result<Vec<IpAddr>, String> {
    let parse = |item: &Value| match item {
        Value::String(s) => {
            s.as_utf8().and_then(|s| s.parse().ok()).ok_or_else(|| format!("error parsing ip: {}", s.to_text()))
        }
        other => Err(format!("error parsing ip: {} is not a string", shown(other))),
    };
    slice(list).map_or(Ok(Vec::new()), |list| list.iter().map(parse).collect())
}

fn dns_names(list: &Value) -> Result<Vec<Vec<u8>>, String> {
    let name = |item: &Value| match item {
        Value::String(s) => Ok(s.to_vec()),
        other => Err(format!("error processing alternate dns name: {} is not a string", shown(other))),
    };
    slice(list).map_or(Ok(Vec::new()), |list| list.iter().map(name).collect())
}

fn shown(value: &Value) -> String {
    String::from_utf8_lossy(&format_v(value)).into_owned()
}

fn custom(cert: &[u8], key: &[u8]) -> Result<Value, String> {
    let cert = decode_base64(cert).map_err(|_| "unable to decode base64 certificate")?;
    let key = decode_base64(key).map_err(|_| "unable to decode base64 private key")?;
    let block = pem::decode(&cert).ok_or("unable to decode certificate")?;
    certificate::read(&block.bytes).map_err(|e| format!("error parsing certificate: decodedCert.Bytes: {e}"))?;
    PrivateKey::from_pem(&key).map_err(|e| format!("error parsing private key: {e}"))?;
    Ok(Value::Object(Rc::new(Certificate { cert: cert.into(), key: key.into() })))
}
