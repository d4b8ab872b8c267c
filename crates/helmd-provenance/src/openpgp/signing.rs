//! Making signatures.

use super::error::OpenPgpError;
use super::hash::Hash;
use super::number::encode;
use super::public_key::{ED25519, cut, rsa_scheme};
use super::secret_key::{SecretKey, Signer};
use super::signature::{TEXT, suffix};

/// HELM: whatever the key is.
const HASH: (u8, Hash) = (10, Hash::Sha512);
/// HELM: a random part makes two signatures of one text different ones.
const SALT: &[u8] = b"salt@notations.openpgpjs.org";

fn failed<E: std::fmt::Display>(error: E) -> OpenPgpError {
    OpenPgpError::Signature(error.to_string())
}

fn said(out: &mut Vec<u8>, kind: u8, content: &[u8]) {
    out.push(u8::try_from(content.len() + 1).unwrap_or(u8::MAX));
    out.push(kind);
    out.extend_from_slice(content);
}

/// The packet of a signature over a text's bytes, made at `now` (seconds since 1970) with a random `salt`.
pub fn sign(text: &[u8], key: &SecretKey, now: i64, salt: &[u8; 32]) -> Result<Vec<u8>, OpenPgpError> {
    let public = &key.public;
    let signer = key.signer()?;
    let now = u32::try_from(now).map_err(|_| OpenPgpError::Argument("the time does not fit into a signature"))?;
    let mut hashed = Vec::new();
    said(&mut hashed, 2 | 0x80, &now.to_be_bytes());
    said(&mut hashed, 16, &public.id.to_be_bytes());
    said(&mut hashed, 20, &[&[0, 0, 0, 0, 0, 28, 0, 32], SALT, salt].concat());
    said(&mut hashed, 33, &[&[4], public.fingerprint.as_slice()].concat());
    let kinds = [TEXT, public.algorithm, HASH.0];
    let suffix = suffix(kinds, &hashed);
    let digest = HASH.1.digest(&[text, &suffix]);
    // What is said, without the lengths that only the hash wants; then nothing that is not hashed.
    let mut body = suffix.get(..suffix.len() - 6).unwrap_or_default().to_vec();
    body.extend([0, 0]);
    body.extend_from_slice(digest.get(..2).unwrap_or_default());
    body.extend(numbers(signer, public.algorithm, &digest)?);
    Ok(packet(&body))
}

fn packet(body: &[u8]) -> Vec<u8> {
    let mut out = vec![0xc0 | 2];
    match body.len() {
        length @ 0..192 => out.extend(u8::try_from(length)),
        length @ 192..8384 => {
            let [high, low] = u16::try_from(length - 192).unwrap_or_default().to_be_bytes();
            out.extend([high + 192, low]);
        }
        length => {
            out.push(255);
            out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
    out.extend_from_slice(body);
    out
}

fn numbers(signer: &Signer, algorithm: u8, digest: &[u8]) -> Result<Vec<u8>, OpenPgpError> {
    use p256::ecdsa::signature::Signer as _;
    use p256::ecdsa::signature::hazmat::PrehashSigner as _;
    Ok(match signer {
        Signer::Rsa(key) => encode(&key.sign(rsa_scheme(HASH.1), digest).map_err(failed)?),
        Signer::Dsa(key) => {
            let made: dsa::Signature = key.sign_prehash(cut(digest, key.verifying_key())).map_err(failed)?;
            [made.r(), made.s()].map(|number| encode(&number.to_be_bytes_trimmed_vartime())).concat()
        }
        Signer::P256(key) => {
            let made: p256::ecdsa::Signature = key.sign_prehash(digest).map_err(failed)?;
            let (r, s) = made.split_bytes();
            [encode(&r), encode(&s)].concat()
        }
        Signer::P384(key) => {
            let made: p384::ecdsa::Signature = key.sign_prehash(digest).map_err(failed)?;
            let (r, s) = made.split_bytes();
            [encode(&r), encode(&s)].concat()
        }
        Signer::Ed25519(key) => {
            let made = key.sign(digest);
            match algorithm {
                ED25519 => made.to_bytes().to_vec(),
                _ => [encode(made.r_bytes()), encode(made.s_bytes())].concat(),
            }
        }
    })
}
