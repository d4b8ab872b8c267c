//! `genPrivateKey`, `genCA`, `genSelfSignedCert`, `genSignedCert`, `buildCustomCert` and their `WithKey` sisters.

use super::Failure;
use super::certificate::{self, Issuer, Template};
use super::cipher::decode_base64;
use super::key::PrivateKey;
use super::pem;
use super::random::Random;
use crate::args::{INT, LIST, Params, STR, any, int, slice, text};
use crate::budgets::CryptoWork;
use crate::host::Host;
use crate::time::{Moment, Zone};
use gotmpl::exec::Cancel;
use gotmpl::fmt::format_v_within;
use gotmpl::value::{GoType, Kind, Object};
use gotmpl::{FuncMap, Function, GoString, Value};
use std::any::Any;
use std::net::IpAddr;
use std::rc::Rc;

/// Bits of the RSA keys that certificates get when none is given.
const CERTIFICATE_KEY_BITS: u32 = 2048;
/// What making such a key costs, about.
const CERTIFICATE_KEY_MILLISECONDS: u64 = 250;

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

/// Randomness, clock and budget.
#[derive(Clone)]
struct Maker {
    random: Random,
    host: Rc<dyn Host>,
    work: CryptoWork,
}

/// One call: its maker, its arguments, and what ends it early.
struct Call<'a> {
    maker: &'a Maker,
    args: &'a [Value],
    cancel: &'a Cancel,
}

/// What a certificate costs beside its key, about: a signature and its check.
const CERTIFICATE_MILLISECONDS: u64 = 10;

/// Adds the functions about keys and certificates.
pub(super) fn register(map: &mut FuncMap, host: &Rc<dyn Host>, work: &CryptoWork) {
    let maker = Maker { random: Random::new(host), host: host.clone(), work: work.clone() };
    add(map, &maker, ("genPrivateKey", &[STR], STR), |call| call.private_key().map(Value::str));
    add(map, &maker, ("buildCustomCert", &[STR, STR], CERTIFICATE), |call| call.custom());
    add(map, &maker, ("genCA", &[STR, INT], CERTIFICATE), |call| call.authority(call.new_key()?));
    add(map, &maker, ("genCAWithKey", &[STR, INT, STR], CERTIFICATE), |call| call.authority(call.given_key(2)?));
    add(map, &maker, ("genSelfSignedCert", &[STR, LIST, LIST, INT], CERTIFICATE), |call| {
        call.self_signed(call.new_key()?)
    });
    add(map, &maker, ("genSelfSignedCertWithKey", &[STR, LIST, LIST, INT, STR], CERTIFICATE), |call| {
        call.self_signed(call.given_key(4)?)
    });
    add(map, &maker, ("genSignedCert", &[STR, LIST, LIST, INT, CERTIFICATE], CERTIFICATE), |call| {
        call.signed(call.new_key()?)
    });
    add(map, &maker, ("genSignedCertWithKey", &[STR, LIST, LIST, INT, CERTIFICATE, STR], CERTIFICATE), |call| {
        call.signed(call.given_key(5)?)
    });
}

/// Name, parameters, result.
type Signature = (&'static str, Params, &'static GoType);

fn add(
    map: &mut FuncMap,
    maker: &Maker,
    (name, params, result): Signature,
    body: fn(&Call<'_>) -> Result<Value, Failure>,
) {
    let maker = maker.clone();
    map.add(Function::new(name, params, result, move |exec, args| {
        Ok(body(&Call { maker: &maker, args, cancel: &exec.limits().cancel })?)
    }));
}

impl Call<'_> {
    fn private_key(&self) -> Result<Vec<u8>, Failure> {
        let kind = text(self.args, 0);
        let Some(milliseconds) = PrivateKey::milliseconds(kind) else {
            return Ok([b"Unknown type ", kind].concat());
        };
        self.maker.work.charge(milliseconds)?;
        match PrivateKey::generate(&self.maker.random, kind, self.cancel) {
            Ok(key) => Ok(key.to_pem().into_bytes()),
            Err(Failure::Text(e)) => Ok(format!("failed to generate private key: {e}").into_bytes()),
            Err(stopped) => Err(stopped),
        }
    }

    fn new_key(&self) -> Result<PrivateKey, Failure> {
        self.maker.work.charge(CERTIFICATE_KEY_MILLISECONDS)?;
        PrivateKey::rsa(&self.maker.random, CERTIFICATE_KEY_BITS, self.cancel)
            .map_err(|e| e.after("error generating rsa key"))
    }

    fn given_key(&self, index: usize) -> Result<PrivateKey, Failure> {
        self.read_key(text(self.args, index)).map_err(|e| e.after("parsing private key"))
    }

    /// Reads a key and counts what it costs to check and use it.
    fn read_key(&self, pem: &[u8]) -> Result<PrivateKey, Failure> {
        PrivateKey::from_pem(pem, &self.maker.work)
    }

    fn authority(&self, key: PrivateKey) -> Result<Value, Failure> {
        let args = self.args;
        let mut template = self.template(text(args, 0), (&Value::Nil, &Value::Nil), int(args, 1))?;
        template.is_ca = true;
        self.certificate(&template, None, &key, &key)
    }

    fn self_signed(&self, key: PrivateKey) -> Result<Value, Failure> {
        let args = self.args;
        let template = self.template(text(args, 0), (any(args, 1), any(args, 2)), int(args, 3))?;
        self.certificate(&template, None, &key, &key)
    }

    fn signed(&self, key: PrivateKey) -> Result<Value, Failure> {
        let args = self.args;
        let Value::Object(object) = any(args, 4) else {
            return Err("unable to decode certificate".into());
        };
        let field = |name| object.field(name).and_then(|v| v.as_str().cloned()).unwrap_or_default();
        let signer = pem::decode(&field("Cert")).ok_or("unable to decode certificate")?;
        let issuer = certificate::read(&signer.bytes)
            .map_err(|e| format!("error parsing certificate: decodedSignerCert.Bytes: {e}"))?;
        let signer = self.read_key(&field("Key")).map_err(|e| e.after("error parsing private key"))?;
        let template = self.template(text(args, 0), (any(args, 1), any(args, 2)), int(args, 3))?;
        self.certificate(&template, Some(&issuer), &key, &signer)
    }

    fn certificate(
        &self,
        template: &Template,
        issuer: Option<&Issuer>,
        key: &PrivateKey,
        signer: &PrivateKey,
    ) -> Result<Value, Failure> {
        self.cancel.check()?;
        self.maker.work.charge(CERTIFICATE_MILLISECONDS)?;
        let cert = certificate::create(template, issuer, (key, signer), &self.maker.random)
            .map_err(|e| format!("error creating certificate: {e}"))?;
        Ok(Value::Object(Rc::new(Certificate { cert: cert.into(), key: key.to_pem().into() })))
    }

    fn template(&self, name: &[u8], (ips, dns): (&Value, &Value), days: i64) -> Result<Template, String> {
        const DAY: i64 = 86_400_000_000_000;
        let ips = ip_addresses(ips)?;
        let dns_names = dns_names(dns)?;
        let now = Moment::from_timestamp(self.maker.host.now(), Zone::Utc);
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

impl Call<'_> {
    /// `buildCustomCert`
    fn custom(&self) -> Result<Value, Failure> {
        let decoded =
            |n, what: &str| decode_base64(text(self.args, n)).map_err(|_| format!("unable to decode base64 {what}"));
        let (cert, key) = (decoded(0, "certificate")?, decoded(1, "private key")?);
        let block = pem::decode(&cert).ok_or("unable to decode certificate")?;
        certificate::read(&block.bytes).map_err(|e| format!("error parsing certificate: decodedCert.Bytes: {e}"))?;
        self.read_key(&key).map_err(|e| e.after("error parsing private key"))?;
        Ok(Value::Object(Rc::new(Certificate { cert: cert.into(), key: key.into() })))
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
    const MOST: usize = 1 << 16;
    let text = format_v_within(value, MOST).unwrap_or_else(|_| b"value".to_vec());
    String::from_utf8_lossy(&text).into_owned()
}
