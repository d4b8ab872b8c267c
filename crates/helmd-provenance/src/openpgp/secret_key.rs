//! Secret keys, locked by a passphrase or not.

use super::bytes::Bytes;
use super::error::OpenPgpError;
use super::hash::Hash;
use super::number::fixed;
use super::public_key::{DSA, ECDSA, ED25519, EDDSA, PublicKey, RSA, RSA_SIGN, Verifier};
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, RsaPrivateKey};

const BLOCK: usize = 16;
/// A passphrase is hashed in parts of about this size.
const PART_BYTES: usize = 1 << 16;

/// What signs.
#[derive(Clone)]
pub enum Signer {
    Rsa(Box<RsaPrivateKey>),
    Dsa(Box<dsa::SigningKey>),
    P256(Box<p256::ecdsa::SigningKey>),
    P384(Box<p384::ecdsa::SigningKey>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

/// A secret key, with its public part. Nothing of it is shown.
#[derive(Clone)]
pub struct SecretKey {
    pub(super) public: PublicKey,
    secret: Secret,
}

#[derive(Clone)]
enum Secret {
    Open(Signer),
    /// A key that only decrypts.
    NoSigner,
    /// The secret part is elsewhere.
    Dummy,
    Locked(Lock),
}

/// A secret part as it is stored.
#[derive(Clone)]
struct Lock {
    cipher: u8,
    passphrase: Passphrase,
    sum: Sum,
    vector: Vec<u8>,
    data: Vec<u8>,
}

/// How a passphrase becomes a key.
#[derive(Clone)]
struct Passphrase {
    hash: Hash,
    salt: Vec<u8>,
    /// How many bytes are hashed, at least.
    count: usize,
}

/// What tells a right passphrase from a wrong one.
#[derive(Clone, Copy)]
enum Sum {
    Sha1,
    Bytes,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretKey").field("id", &self.public.id).finish_non_exhaustive()
    }
}

impl SecretKey {
    pub(super) fn parse(body: &[u8], subkey: bool) -> Result<SecretKey, OpenPgpError> {
        let mut bytes = Bytes(body);
        let public = PublicKey::parse(&mut bytes, subkey)?;
        let secret = match bytes.byte()? {
            0 => open(&public, checked(bytes.0, Sum::Bytes)?)?,
            254 => locked(&mut bytes, Sum::Sha1)?,
            255 => locked(&mut bytes, Sum::Bytes)?,
            253 => return Err(OpenPgpError::unsupported("unsupported aead mode in private key")),
            _ => return Err(OpenPgpError::unsupported("deprecated s2k function in private key")),
        };
        Ok(SecretKey { public, secret })
    }

    /// Whether a passphrase is wanted.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self.secret, Secret::Locked(_))
    }

    /// The key without its lock.
    ///
    /// # Errors
    /// The passphrase is wrong; the lock is of a kind that is not known.
    pub fn unlock(&self, passphrase: &[u8]) -> Result<SecretKey, OpenPgpError> {
        let Secret::Locked(lock) = &self.secret else { return Ok(self.clone()) };
        let data = lock.open(passphrase)?;
        let secret = open(&self.public, checked(&data, lock.sum)?)?;
        Ok(SecretKey { public: self.public.clone(), secret })
    }

    pub(super) fn signer(&self) -> Result<&Signer, OpenPgpError> {
        match &self.secret {
            Secret::Open(signer) => Ok(signer),
            Secret::NoSigner => Err(OpenPgpError::Argument("public key cannot generate signatures")),
            Secret::Dummy => Err(OpenPgpError::Dummy),
            Secret::Locked(_) => Err(OpenPgpError::Argument("signing key is encrypted")),
        }
    }
}

/// The data without the sum behind them.
fn checked(data: &[u8], sum: Sum) -> Result<&[u8], OpenPgpError> {
    let size = if matches!(sum, Sum::Sha1) { 20 } else { 2 };
    let truncated = || OpenPgpError::structural("truncated private key data");
    let (data, stored) = data.len().checked_sub(size).map(|at| data.split_at(at)).ok_or_else(truncated)?;
    let good = match sum {
        Sum::Sha1 => Hash::Sha1.digest(&[data]) == stored,
        Sum::Bytes => data.iter().fold(0u16, |sum, byte| sum.wrapping_add(u16::from(*byte))).to_be_bytes() == stored,
    };
    if good { Ok(data) } else { Err(OpenPgpError::structural("private key checksum failure")) }
}

fn locked(bytes: &mut Bytes<'_>, sum: Sum) -> Result<Secret, OpenPgpError> {
    let cipher = bytes.byte()?;
    let mode = bytes.byte()?;
    let hash_id = bytes.byte()?;
    if mode == 101 {
        return match bytes.array()? {
            [b'G', b'N', b'U', 1] => Ok(Secret::Dummy),
            _ => Err(OpenPgpError::unsupported("GNU S2K extension")),
        };
    }
    let salt = match mode {
        0 => Vec::new(),
        1 | 3 => bytes.take(8)?.to_vec(),
        _ => return Err(OpenPgpError::unsupported("S2K function")),
    };
    let count = match mode {
        3 => {
            let code = bytes.byte()?;
            (16 + usize::from(code & 15)) << (u32::from(code >> 4) + 6)
        }
        _ => 0,
    };
    let unknown = || OpenPgpError::unsupported(format!("hash for S2K function: {hash_id}"));
    let hash = Hash::of_id(hash_id).ok_or_else(unknown)?;
    // Ciphers that are not known here (older ones) have shorter blocks; they are refused when the key is to be opened.
    let vector = bytes.take(if matches!(cipher, 1..=4) { 8 } else { BLOCK })?.to_vec();
    let passphrase = Passphrase { hash, salt, count };
    Ok(Secret::Locked(Lock { cipher, passphrase, sum, vector, data: bytes.0.to_vec() }))
}

impl Passphrase {
    /// A key of so many bytes: hashes of the passphrase over and over, each with more zeros in front.
    fn key(&self, text: &[u8], size: usize) -> Vec<u8> {
        let once = [&self.salt, text].concat();
        let mut left = self.count.max(once.len());
        // Many times at once, so that few parts are hashed.
        let block = once.repeat(PART_BYTES / once.len().max(1) + 1);
        let mut parts: Vec<&[u8]> = vec![&[]];
        while left > 0 && !block.is_empty() {
            let part = block.get(..left).unwrap_or(&block);
            parts.push(part);
            left -= part.len();
        }
        let mut key = Vec::new();
        // Two hashes are enough for the longest key; the second has a zero in front.
        for front in [&[][..], &[0][..]] {
            parts.splice(..1, [front]);
            key.extend(self.hash.digest(&parts));
        }
        key.truncate(size);
        key
    }
}

impl Lock {
    fn open(&self, passphrase: &[u8]) -> Result<Vec<u8>, OpenPgpError> {
        let size = match self.cipher {
            7 => 16,
            8 => 24,
            9 => 32,
            other => {
                let text = format!("cipher {other} of the private key: give it a passphrase anew with gpg --passwd");
                return Err(OpenPgpError::unsupported(text));
            }
        };
        let key = self.passphrase.key(passphrase, size);
        let mut vector: [u8; BLOCK] = fixed(&self.vector).unwrap_or_default();
        let mut data = self.data.clone();
        for chunk in data.chunks_mut(BLOCK) {
            let mask = encrypt(&key, vector).ok_or(OpenPgpError::InvalidKey)?;
            for ((byte, mask), before) in chunk.iter_mut().zip(mask).zip(&mut vector) {
                *before = *byte;
                *byte ^= mask;
            }
        }
        Ok(data)
    }
}

fn encrypt(key: &[u8], block: [u8; BLOCK]) -> Option<[u8; BLOCK]> {
    let mut block = block.into();
    match key.len() {
        16 => aes::Aes128::new_from_slice(key).ok()?.encrypt_block(&mut block),
        24 => aes::Aes192::new_from_slice(key).ok()?.encrypt_block(&mut block),
        _ => aes::Aes256::new_from_slice(key).ok()?.encrypt_block(&mut block),
    }
    Some(block.into())
}

fn open(public: &PublicKey, data: &[u8]) -> Result<Secret, OpenPgpError> {
    let mut bytes = Bytes(data);
    let signer = match (public.algorithm, &public.verifier) {
        (RSA | RSA_SIGN, Verifier::Rsa(key)) => {
            let numbers = [bytes.number()?, bytes.number()?, bytes.number()?];
            let [d, p, q] = numbers.map(BoxedUint::from_be_slice_vartime);
            let key = RsaPrivateKey::from_components(key.n().as_ref().clone(), key.e().clone(), d, vec![p, q]);
            key.ok().map(|key| Signer::Rsa(Box::new(key)))
        }
        (DSA, Verifier::Dsa(key)) => {
            let x = BoxedUint::from_be_slice_vartime(bytes.number()?);
            dsa::SigningKey::from_components((**key).clone(), x).ok().map(|key| Signer::Dsa(Box::new(key)))
        }
        (ECDSA, Verifier::P256(key)) => {
            let scalar = fixed::<32>(bytes.number()?).ok_or(OpenPgpError::InvalidKey)?;
            let made = p256::ecdsa::SigningKey::from_slice(&scalar).ok();
            made.filter(|made| made.verifying_key() == &**key).map(|key| Signer::P256(Box::new(key)))
        }
        (ECDSA, Verifier::P384(key)) => {
            let scalar = fixed::<48>(bytes.number()?).ok_or(OpenPgpError::InvalidKey)?;
            let made = p384::ecdsa::SigningKey::from_slice(&scalar).ok();
            made.filter(|made| made.verifying_key() == &**key).map(|key| Signer::P384(Box::new(key)))
        }
        (EDDSA | ED25519, Verifier::Ed25519(key)) => {
            let seed = if public.algorithm == EDDSA { bytes.number()? } else { bytes.take(32)? };
            let made = fixed(seed).map(|seed| ed25519_dalek::SigningKey::from_bytes(&seed));
            made.filter(|made| made.verifying_key() == **key).map(|key| Signer::Ed25519(Box::new(key)))
        }
        _ => return Ok(Secret::NoSigner),
    };
    signer.map(Secret::Open).ok_or(OpenPgpError::InvalidKey)
}
