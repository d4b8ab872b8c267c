//! Public keys, and whether they have made a signature.

use super::bytes::Bytes;
use super::error::OpenPgpError;
use super::hash::Hash;
use super::number::{fixed, padded};
use super::signature::Signature;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, RsaPublicKey};

pub const RSA: u8 = 1;
const RSA_ENCRYPT: u8 = 2;
pub const RSA_SIGN: u8 = 3;
const ELGAMAL: u8 = 16;
pub const DSA: u8 = 17;
const ECDH: u8 = 18;
pub const ECDSA: u8 = 19;
/// Ed25519 as GnuPG writes it.
pub const EDDSA: u8 = 22;
const X25519: u8 = 25;
pub const ED25519: u8 = 27;

/// The curves, by their object identifiers.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[0x2b, 0x81, 4, 0, 0x22];
const ED25519_CURVE: &[u8] = &[0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1];

/// What verifies.
#[derive(Clone, Debug)]
pub enum Verifier {
    Rsa(Box<RsaPublicKey>),
    Dsa(Box<dsa::VerifyingKey>),
    P256(Box<p256::ecdsa::VerifyingKey>),
    P384(Box<p384::ecdsa::VerifyingKey>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
    /// A key that only encrypts.
    None,
}

/// A public key.
#[derive(Clone, Debug)]
pub struct PublicKey {
    /// As it is hashed.
    pub body: Vec<u8>,
    /// Seconds since 1970.
    pub created: u32,
    pub algorithm: u8,
    pub subkey: bool,
    pub fingerprint: [u8; 20],
    pub id: u64,
    pub verifier: Verifier,
}

/// Whether keys of the kind can sign at all.
pub fn can_sign(algorithm: u8) -> bool {
    matches!(algorithm, RSA | RSA_SIGN | DSA | ECDSA | EDDSA | ED25519)
}

fn invalid<E>(_: E) -> OpenPgpError {
    OpenPgpError::structural("the numbers of the public key make no key")
}

impl PublicKey {
    /// A key; what follows is left.
    pub fn parse(bytes: &mut Bytes<'_>, subkey: bool) -> Result<PublicKey, OpenPgpError> {
        let all = bytes.0;
        let version = bytes.byte()?;
        if version != 4 {
            return Err(OpenPgpError::unsupported(format!("public key version {version}")));
        }
        let created = bytes.u32()?;
        let algorithm = bytes.byte()?;
        let verifier = verifier(algorithm, bytes)?;
        let body = all.get(..all.len() - bytes.0.len()).unwrap_or_default().to_vec();
        let mut key = PublicKey { body, created, algorithm, subkey, fingerprint: [0; 20], id: 0, verifier };
        let hash = Hash::Sha1.digest(&[&key.prefix(), &key.body]);
        key.fingerprint = fixed(&hash).unwrap_or_default();
        key.id = u64::from_be_bytes(*key.fingerprint.last_chunk().unwrap_or(&[0; 8]));
        Ok(key)
    }

    /// What is hashed before the body.
    pub fn prefix(&self) -> [u8; 3] {
        let [high, low] = u16::try_from(self.body.len()).unwrap_or(u16::MAX).to_be_bytes();
        [0x99, high, low]
    }

    /// Whether the key has come to its end, or is of the future.
    pub fn is_expired(&self, lifetime: Option<u32>, now: i64) -> bool {
        let created = i64::from(self.created);
        created > now || lifetime.is_some_and(|seconds| seconds > 0 && now > created + i64::from(seconds))
    }

    /// Whether the key has made the signature over the parts.
    ///
    /// # Errors
    /// It has not.
    pub fn verify(&self, parts: &[&[u8]], signature: &Signature) -> Result<(), OpenPgpError> {
        if !can_sign(self.algorithm) {
            return Err(OpenPgpError::Argument("public key cannot generate signatures"));
        }
        let mut hashed = parts.to_vec();
        hashed.push(&signature.suffix);
        let digest = signature.hash.digest(&hashed);
        if self.algorithm != signature.algorithm {
            return Err(OpenPgpError::Argument("public key and signature use different algorithms"));
        }
        let (name, good) = self.check(&digest, signature);
        match good {
            Some(()) => Ok(()),
            None => Err(OpenPgpError::Signature(format!("{name} verification failure"))),
        }
    }

    fn check(&self, digest: &[u8], signature: &Signature) -> (&'static str, Option<()>) {
        use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
        let [r, s] = [0, 1].map(|at| signature.numbers.get(at).map_or(&[][..], Vec::as_slice));
        match &self.verifier {
            Verifier::Rsa(key) => {
                let verify = || {
                    let made = padded(r, key.size())?;
                    key.verify(rsa_scheme(signature.hash), digest, &made).ok()
                };
                ("RSA", verify())
            }
            Verifier::Dsa(key) => {
                let verify = || {
                    let numbers = [r, s].map(BoxedUint::from_be_slice_vartime);
                    let [r, s] = numbers;
                    key.verify_prehash(cut(digest, key), &dsa::Signature::from_components(r, s)?).ok()
                };
                ("DSA", verify())
            }
            Verifier::P256(key) => {
                let verify = || {
                    let made = p256::ecdsa::Signature::from_scalars(fixed::<32>(r)?, fixed::<32>(s)?).ok()?;
                    key.verify_prehash(digest, &made).ok()
                };
                ("ECDSA", verify())
            }
            Verifier::P384(key) => {
                let verify = || {
                    let made = p384::ecdsa::Signature::from_scalars(fixed::<48>(r)?, fixed::<48>(s)?).ok()?;
                    key.verify_prehash(digest, &made).ok()
                };
                ("ECDSA", verify())
            }
            Verifier::Ed25519(key) => {
                let name = if self.algorithm == EDDSA { "EdDSA" } else { "Ed25519" };
                let verify = || {
                    let made = ed25519_dalek::Signature::from_components(fixed(r)?, fixed(s)?);
                    key.verify_strict(digest, &made).ok()
                };
                (name, verify())
            }
            Verifier::None => ("", None),
        }
    }
}

/// How RSA signs a hash.
pub fn rsa_scheme(hash: Hash) -> Pkcs1v15Sign {
    match hash {
        Hash::Sha1 => Pkcs1v15Sign::new::<sha1::Sha1>(),
        Hash::Sha224 => Pkcs1v15Sign::new::<sha2::Sha224>(),
        Hash::Sha256 => Pkcs1v15Sign::new::<sha2::Sha256>(),
        Hash::Sha384 => Pkcs1v15Sign::new::<sha2::Sha384>(),
        Hash::Sha512 => Pkcs1v15Sign::new::<sha2::Sha512>(),
    }
}

/// DSA takes as much of a hash as its group is large.
pub fn cut<'d>(digest: &'d [u8], key: &dsa::VerifyingKey) -> &'d [u8] {
    let size = key.components().q().bits_vartime().div_ceil(8) as usize;
    digest.get(..size).unwrap_or(digest)
}

fn verifier(algorithm: u8, bytes: &mut Bytes<'_>) -> Result<Verifier, OpenPgpError> {
    Ok(match algorithm {
        RSA | RSA_SIGN => {
            let (n, e) = (bytes.number()?, bytes.number()?);
            if e.len() > 3 {
                return Err(OpenPgpError::unsupported("large public exponent"));
            }
            let [n, e] = [n, e].map(BoxedUint::from_be_slice_vartime);
            Verifier::Rsa(Box::new(RsaPublicKey::new(n, e).map_err(invalid)?))
        }
        RSA_ENCRYPT | ELGAMAL => {
            for _ in 0..if algorithm == ELGAMAL { 3 } else { 2 } {
                bytes.number()?;
            }
            Verifier::None
        }
        DSA => dsa_verifier(bytes)?,
        ECDSA => {
            let (curve, point) = (bytes.counted()?, bytes.number()?);
            match curve {
                P256 => Verifier::P256(Box::new(p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(invalid)?)),
                P384 => Verifier::P384(Box::new(p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(invalid)?)),
                _ => return Err(unknown_curve(curve)),
            }
        }
        ECDH => {
            bytes.counted()?;
            bytes.number()?;
            bytes.counted()?;
            Verifier::None
        }
        EDDSA => {
            let (curve, point) = (bytes.counted()?, bytes.number()?);
            if curve != ED25519_CURVE {
                return Err(unknown_curve(curve));
            }
            ed25519(point.strip_prefix(&[0x40]).unwrap_or_default())?
        }
        X25519 => {
            bytes.take(32)?;
            Verifier::None
        }
        ED25519 => ed25519(bytes.take(32)?)?,
        other => return Err(OpenPgpError::unsupported(format!("public key type: {other}"))),
    })
}

/// Only keys of the usual sizes.
fn dsa_verifier(bytes: &mut Bytes<'_>) -> Result<Verifier, OpenPgpError> {
    let [p, q, g, y] = [bytes.number()?, bytes.number()?, bytes.number()?, bytes.number()?];
    let [p, q] = [p, q].map(BoxedUint::from_be_slice_vartime);
    let as_wide = |number| BoxedUint::from_be_slice(number, p.bits_precision()).map_err(invalid);
    let (g, y) = (as_wide(g)?, as_wide(y)?);
    let components = dsa::Components::from_components(p, q, g).map_err(invalid)?;
    Ok(Verifier::Dsa(Box::new(dsa::VerifyingKey::from_components(components, y).map_err(invalid)?)))
}

fn ed25519(point: &[u8]) -> Result<Verifier, OpenPgpError> {
    let point: [u8; 32] = point.try_into().map_err(invalid)?;
    Ok(Verifier::Ed25519(Box::new(ed25519_dalek::VerifyingKey::from_bytes(&point).map_err(invalid)?)))
}

fn unknown_curve(curve: &[u8]) -> OpenPgpError {
    let digits: String = curve.iter().map(|byte| format!("{byte:02x}")).collect();
    OpenPgpError::unsupported(format!("unknown oid: {digits}"))
}
