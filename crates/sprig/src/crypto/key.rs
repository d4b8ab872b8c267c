//! Private keys: made, read from PEM, written, and signing.

use super::der::{self, OCTET_STRING, OID, Reader, SEQUENCE, context, integer, sequence};
use super::random::Random;
use super::{Failure, pem};
use crate::budgets::CryptoWork;
use crypto_primes::hazmat::{SetBits, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime, sieve_and_find};
use dsa::{Components, Generate, KeySize};
use ed25519_dalek::Signer;
use gotmpl::exec::{Cancel, Stopped};
use rand_core::{TryCryptoRng, TryRng};
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BoxedUint, RsaPrivateKey};
use sha2::{Digest, Sha256, Sha384};

// Object identifiers, as contents.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const SHA256_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ECDSA_WITH_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const NULL: &[u8] = &[0x05, 0x00];

/// The numbers of a DSA key, big-endian: p, q, g, y, x.
pub(super) struct DsaNumbers([Vec<u8>; 5]);

/// A private key of one of Go's kinds.
pub(super) enum PrivateKey {
    Rsa(Box<RsaPrivateKey>),
    Dsa(Box<DsaNumbers>),
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    Ed25519(ed25519_dalek::SigningKey),
}

/// A public key as certificates hold it.
pub(super) struct PublicKey {
    /// `AlgorithmIdentifier`
    pub algorithm: Vec<u8>,
    /// The content of the bit string.
    pub bits: Vec<u8>,
}

impl PrivateKey {
    /// A new RSA key of two primes.
    ///
    /// # Errors
    /// The generator's own text, or the cancellation.
    pub fn rsa(random: &Random, bits: u32, cancel: &Cancel) -> Result<PrivateKey, Failure> {
        const EXPONENT: u64 = 65_537;
        loop {
            let primes = vec![prime(random, bits / 2, cancel)?, prime(random, bits / 2, cancel)?];
            // Equal primes, or an exponent that divides one of them less one: both next to impossible.
            if let Ok(key) = RsaPrivateKey::from_primes(primes, BoxedUint::from(EXPONENT)) {
                return Ok(PrivateKey::Rsa(Box::new(key)));
            }
        }
    }

    /// What making a key of this kind costs, in about milliseconds; `None` for an unknown kind.
    pub fn milliseconds(kind: &[u8]) -> Option<u64> {
        match kind {
            b"" | b"rsa" => Some(2_500),
            b"dsa" => Some(500),
            b"ecdsa" | b"ed25519" => Some(1),
            _ => None,
        }
    }

    /// A new key of the kind that `genPrivateKey` names.
    ///
    /// # Errors
    /// The generator's own text, or the cancellation.
    pub fn generate(random: &Random, kind: &[u8], cancel: &Cancel) -> Result<PrivateKey, Failure> {
        match kind {
            b"dsa" => generate_dsa(random, cancel),
            b"ecdsa" => p256::SecretKey::try_generate_from_rng(&mut random.clone())
                .map(PrivateKey::P256)
                .map_err(|e| e.to_string().into()),
            b"ed25519" => Ok(PrivateKey::Ed25519(ed25519_dalek::SigningKey::from_bytes(&random.bytes()))),
            _ => PrivateKey::rsa(random, 4096, cancel),
        }
    }

    /// The key in a PEM text.
    ///
    /// # Errors
    /// sprig's sentences, or the budget of RSA keys.
    pub fn from_pem(text: &[u8], work: &CryptoWork) -> Result<PrivateKey, Failure> {
        let block = pem::decode(text).ok_or("no PEM data in input")?;
        let broken = |what: &str| Failure::Text(format!("{what}: asn1: structure error: malformed private key"));
        match block.label.as_str() {
            "PRIVATE KEY" => from_pkcs8(&block.bytes, work)?.ok_or_else(|| broken("decoding PEM as PKCS#8")),
            "RSA PRIVATE KEY" => {
                from_pkcs1(&block.bytes, work)?.ok_or_else(|| broken("parsing RSA private key from PEM"))
            }
            "EC PRIVATE KEY" => from_sec1(&block.bytes, None).ok_or_else(|| broken("parsing EC private key from PEM")),
            "DSA PRIVATE KEY" => from_dsa(&block.bytes).ok_or_else(|| broken("parsing DSA private key from PEM")),
            label if label.ends_with(" PRIVATE KEY") => Err(format!("invalid private key type {label}").into()),
            label => Err(format!("no private key data in PEM block of type {label}").into()),
        }
    }

    /// The PEM text: PKCS#1, SEC 1, OpenSSL's DSA form, or PKCS#8 for Ed25519.
    pub fn to_pem(&self) -> String {
        match self {
            PrivateKey::Rsa(key) => pem::encode("RSA PRIVATE KEY", &pkcs1(key)),
            PrivateKey::Dsa(numbers) => {
                let mut parts = vec![integer(&[])];
                parts.extend(numbers.0.iter().map(|n| integer(n)));
                let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
                pem::encode("DSA PRIVATE KEY", &sequence(&parts))
            }
            PrivateKey::P256(key) => sec1(&key.to_bytes(), P256, &self.public_bits()),
            PrivateKey::P384(key) => sec1(&key.to_bytes(), P384, &self.public_bits()),
            PrivateKey::Ed25519(key) => {
                let seed = der::element(OCTET_STRING, &der::element(OCTET_STRING, key.as_bytes()));
                let algorithm = sequence(&[&der::element(OID, ED25519)]);
                pem::encode("PRIVATE KEY", &sequence(&[&integer(&[]), &algorithm, &seed]))
            }
        }
    }

    fn public_bits(&self) -> Vec<u8> {
        match self {
            PrivateKey::Rsa(key) => {
                let (n, e) = (bytes(key.n().as_ref()), bytes(key.e()));
                sequence(&[&integer(&n), &integer(&e)])
            }
            PrivateKey::Dsa(numbers) => numbers.0.get(3).map(|y| integer(y)).unwrap_or_default(),
            PrivateKey::P256(key) => key.public_key().to_sec1_bytes().into_vec(),
            PrivateKey::P384(key) => key.public_key().to_sec1_bytes().into_vec(),
            PrivateKey::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
        }
    }

    /// The public key for a certificate.
    ///
    /// # Errors
    /// Certificates do not take DSA keys.
    pub fn public(&self) -> Result<PublicKey, String> {
        let oid = |content: &[u8]| der::element(OID, content);
        let algorithm = match self {
            PrivateKey::Rsa(_) => sequence(&[&oid(RSA), NULL]),
            PrivateKey::P256(_) => sequence(&[&oid(EC_PUBLIC_KEY), &oid(P256)]),
            PrivateKey::P384(_) => sequence(&[&oid(EC_PUBLIC_KEY), &oid(P384)]),
            PrivateKey::Ed25519(_) => sequence(&[&oid(ED25519)]),
            PrivateKey::Dsa(_) => return Err("x509: unsupported public key type: *dsa.PublicKey".to_owned()),
        };
        Ok(PublicKey { algorithm, bits: self.public_bits() })
    }

    /// The `AlgorithmIdentifier` of this key's signatures.
    ///
    /// # Errors
    /// DSA keys do not sign certificates.
    pub fn signature_algorithm(&self) -> Result<Vec<u8>, String> {
        let oid = |content: &[u8]| der::element(OID, content);
        Ok(match self {
            PrivateKey::Rsa(_) => sequence(&[&oid(SHA256_WITH_RSA), NULL]),
            PrivateKey::P256(_) => sequence(&[&oid(ECDSA_WITH_SHA256)]),
            PrivateKey::P384(_) => sequence(&[&oid(ECDSA_WITH_SHA384)]),
            PrivateKey::Ed25519(_) => sequence(&[&oid(ED25519)]),
            PrivateKey::Dsa(_) => {
                return Err("x509: certificate private key does not implement crypto.Signer".to_owned());
            }
        })
    }

    /// The signature of `message`.
    ///
    /// # Errors
    /// The signer's own text.
    pub fn sign(&self, message: &[u8], random: &Random) -> Result<Vec<u8>, String> {
        match self {
            PrivateKey::Rsa(key) => key
                .sign_with_rng(&mut random.clone(), Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message))
                .map_err(|e| e.to_string()),
            PrivateKey::P256(key) => {
                let signature: p256::ecdsa::DerSignature = ecdsa_sign_256(key, message)?;
                Ok(signature.as_bytes().to_vec())
            }
            PrivateKey::P384(key) => {
                let signature: p384::ecdsa::DerSignature = ecdsa_sign_384(key, message)?;
                Ok(signature.as_bytes().to_vec())
            }
            PrivateKey::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
            PrivateKey::Dsa(_) => self.signature_algorithm(),
        }
    }
}

fn ecdsa_sign_256(key: &p256::SecretKey, message: &[u8]) -> Result<p256::ecdsa::DerSignature, String> {
    use p256::ecdsa::signature::hazmat::PrehashSigner;
    let signer = p256::ecdsa::SigningKey::from(key);
    signer.sign_prehash(&Sha256::digest(message)).map_err(|e| e.to_string())
}

fn ecdsa_sign_384(key: &p384::SecretKey, message: &[u8]) -> Result<p384::ecdsa::DerSignature, String> {
    use p384::ecdsa::signature::hazmat::PrehashSigner;
    let signer = p384::ecdsa::SigningKey::from(key);
    signer.sign_prehash(&Sha384::digest(message)).map_err(|e| e.to_string())
}

fn bytes(number: &BoxedUint) -> Vec<u8> {
    number.to_be_bytes_trimmed_vartime().into_vec()
}

/// A prime whose two highest bits are set, so that the product of two has all its bits.
fn prime(random: &Random, bits: u32, cancel: &Cancel) -> Result<BoxedUint, Failure> {
    let sieve = SmallFactorsSieveFactory::new(Flavor::Any, bits, SetBits::TwoMsb).map_err(|e| e.to_string())?;
    let found = sieve_and_find(&mut random.clone(), sieve, |_, candidate| {
        cancel.is_cancelled() || is_prime(Flavor::Any, candidate)
    });
    cancel.check()?;
    match found {
        Ok(Some(prime)) => Ok(prime),
        Ok(None) => Err("no prime found".into()),
        Err(e) => Err(e.to_string().into()),
    }
}

/// Randomness that ends when the render is cancelled, where it is asked for much at once: for each candidate of a DSA
/// key's large prime. The search for the small one, which takes no time, does not bear it to fail.
struct Watched<'a>(Random, &'a Cancel);

const MUCH_BYTES: usize = 128;

impl TryRng for Watched<'_> {
    type Error = Stopped;

    fn try_next_u32(&mut self) -> Result<u32, Stopped> {
        Ok(u32::from_le_bytes(self.0.bytes()))
    }
    fn try_next_u64(&mut self) -> Result<u64, Stopped> {
        Ok(u64::from_le_bytes(self.0.bytes()))
    }
    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Stopped> {
        if dst.len() >= MUCH_BYTES {
            self.1.check()?;
        }
        let Ok(()) = self.0.try_fill_bytes(dst);
        Ok(())
    }
}

impl TryCryptoRng for Watched<'_> {}

fn generate_dsa(random: &Random, cancel: &Cancel) -> Result<PrivateKey, Failure> {
    let rng = &mut Watched(random.clone(), cancel);
    let components = Components::try_generate_from_rng_with_key_size(rng, KeySize::DSA_2048_256)?;
    let key = dsa::SigningKey::try_generate_from_rng_with_components(rng, components)?;
    let public = key.verifying_key();
    let parts = public.components();
    Ok(PrivateKey::Dsa(Box::new(DsaNumbers([
        bytes(parts.p().as_ref()),
        bytes(parts.q().as_ref()),
        bytes(parts.g().as_ref()),
        bytes(public.y().as_ref()),
        bytes(key.x().as_ref()),
    ]))))
}

/// PKCS#1's `RSAPrivateKey`.
fn pkcs1(key: &RsaPrivateKey) -> Vec<u8> {
    let prime = |i: usize| key.primes().get(i).map(|p| bytes(p.as_ref())).unwrap_or_default();
    let numbers = [
        Vec::new(),
        bytes(key.n().as_ref()),
        bytes(key.e()),
        bytes(key.d()),
        prime(0),
        prime(1),
        key.dp().map(bytes).unwrap_or_default(),
        key.dq().map(bytes).unwrap_or_default(),
        key.crt_coefficient().as_ref().map(bytes).unwrap_or_default(),
    ];
    let parts: Vec<Vec<u8>> = numbers.iter().map(|n| integer(n)).collect();
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    sequence(&parts)
}

/// SEC 1's `ECPrivateKey` with curve and public key, as Go writes it.
fn sec1(scalar: &[u8], curve: &[u8], public: &[u8]) -> String {
    let body = sequence(&[
        &integer(&[1]),
        &der::element(OCTET_STRING, scalar),
        &der::nested(context(0), &[&der::element(OID, curve)]),
        &der::nested(context(1), &[&der::bit_string(public)]),
    ]);
    pem::encode("EC PRIVATE KEY", &body)
}

/// `None` when it is no such key.
fn from_pkcs1(bytes: &[u8], work: &CryptoWork) -> Result<Option<PrivateKey>, Stopped> {
    let Some((version, [n, e, d, p, q])) = pkcs1_numbers(bytes) else { return Ok(None) };
    let bits = [n, d, p, q].iter().map(|number| number.len() * 8).max().unwrap_or_default();
    work.key_bits(bits)?;
    // Checking and using a key takes time with the cube of its length: 10 ms for 4096 bits.
    let milliseconds = 10.0 * (bits as f64 / 4096.0).powi(3);
    work.charge(milliseconds as u64)?;
    let [n, e, d, p, q] = [n, e, d, p, q].map(BoxedUint::from_be_slice_vartime);
    // Keys of more than two primes are as good as never seen.
    let key = RsaPrivateKey::from_components(n, e, d, vec![p, q]).ok().filter(|_| version.is_empty());
    Ok(key.map(|key| PrivateKey::Rsa(Box::new(key))))
}

/// Version, modulus, exponents and primes.
fn pkcs1_numbers(bytes: &[u8]) -> Option<(&[u8], [&[u8]; 5])> {
    let mut fields = Reader::new(bytes).enter(SEQUENCE)?;
    let version = fields.unsigned()?;
    let mut number = || fields.unsigned();
    Some((version, [number()?, number()?, number()?, number()?, number()?]))
}

fn from_sec1(bytes: &[u8], curve: Option<&[u8]>) -> Option<PrivateKey> {
    let mut fields = Reader::new(bytes).enter(SEQUENCE)?;
    fields.unsigned().filter(|version| *version == [1])?;
    let scalar = fields.expect(OCTET_STRING)?.content;
    let named = fields.enter(context(0)).and_then(|mut inner| inner.expect(OID)).map(|oid| oid.content);
    let key = match curve.or(named)? {
        P256 => PrivateKey::P256(p256::SecretKey::from_slice(&fixed::<32>(scalar)?).ok()?),
        P384 => PrivateKey::P384(p384::SecretKey::from_slice(&fixed::<48>(scalar)?).ok()?),
        _ => return None,
    };
    Some(key)
}

/// The number in exactly `N` bytes: leading zeros may be missing or too many.
fn fixed<const N: usize>(number: &[u8]) -> Option<[u8; N]> {
    let zeros = number.iter().take_while(|b| **b == 0).count();
    let digits = number.get(zeros..)?;
    let mut out = [0; N];
    out.get_mut(N.checked_sub(digits.len())?..)?.copy_from_slice(digits);
    Some(out)
}

fn from_dsa(bytes: &[u8]) -> Option<PrivateKey> {
    let mut fields = Reader::new(bytes).enter(SEQUENCE)?;
    fields.unsigned()?;
    let mut number = || fields.unsigned().map(<[u8]>::to_vec);
    Some(PrivateKey::Dsa(Box::new(DsaNumbers([number()?, number()?, number()?, number()?, number()?]))))
}

/// `None` when it is no such key.
fn from_pkcs8(bytes: &[u8], work: &CryptoWork) -> Result<Option<PrivateKey>, Stopped> {
    let parts = || {
        let mut fields = Reader::new(bytes).enter(SEQUENCE)?;
        fields.unsigned()?;
        let mut algorithm = fields.enter(SEQUENCE)?;
        let oid = algorithm.expect(OID)?.content;
        Some((oid, algorithm, fields.expect(OCTET_STRING)?.content))
    };
    match parts() {
        Some((RSA, _, key)) => from_pkcs1(key, work),
        Some((oid, algorithm, key)) => Ok(other_pkcs8(oid, algorithm, key)),
        None => Ok(None),
    }
}

fn other_pkcs8(oid: &[u8], mut algorithm: Reader<'_>, key: &[u8]) -> Option<PrivateKey> {
    match oid {
        EC_PUBLIC_KEY => from_sec1(key, algorithm.expect(OID).map(|curve| curve.content)),
        ED25519 => {
            let seed = Reader::new(key).expect(OCTET_STRING)?.content.try_into().ok()?;
            Some(PrivateKey::Ed25519(ed25519_dalek::SigningKey::from_bytes(&seed)))
        }
        _ => None,
    }
}
