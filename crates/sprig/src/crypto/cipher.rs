//! `encryptAES` and `decryptAES`: AES-256-CBC with the initialization vector in front, in base64.

use super::random::Random;
use crate::args::{Register, STR, text};
use crate::encoding::decode64;
use crate::host::Host;
use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::{NoPadding, Pkcs7};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use gotmpl::value::CallResult;
use gotmpl::{FuncError, FuncMap, Function, Value};
use std::rc::Rc;

const BLOCK: usize = 16;

/// Adds both functions.
pub(super) fn register(map: &mut FuncMap, host: &Rc<dyn Host>) {
    let random = Random::new(host);
    map.add(Function::new("encryptAES", &[STR, STR], STR, move |exec, args| {
        exec.limits().text(text(args, 1).len().checked_mul(2))?;
        encrypt(&random, text(args, 0), text(args, 1))
    }));
    map.plain("decryptAES", &[STR, STR], STR, |args| decrypt(text(args, 0), text(args, 1)));
}

/// The password's first 32 bytes, filled up with zeros.
fn key(password: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    for (k, p) in key.iter_mut().zip(password) {
        *k = *p;
    }
    key
}

fn encrypt(random: &Random, password: &[u8], plain: &[u8]) -> CallResult {
    if plain.is_empty() {
        return Ok(Value::str(""));
    }
    let vector: [u8; BLOCK] = random.bytes();
    let cipher = cbc::Encryptor::<Aes256>::new(&key(password).into(), &vector.into());
    let encrypted = cipher.encrypt_padded_vec::<Pkcs7>(plain);
    Ok(Value::str(STANDARD.encode([&vector[..], &encrypted].concat())))
}

fn decrypt(password: &[u8], encrypted: &[u8]) -> CallResult {
    if encrypted.is_empty() {
        return Ok(Value::str(""));
    }
    let bytes = decode_base64(encrypted).map_err(FuncError::Text)?;
    let panic = |text: String| Err(FuncError::Panic(format!("runtime error: {text}")));
    let Some((vector, blocks)) = bytes.split_first_chunk::<BLOCK>() else {
        return panic(format!("slice bounds out of range [:16] with capacity {}", encrypted.len() / 4 * 3));
    };
    if blocks.len() % BLOCK != 0 {
        return Err(FuncError::Panic("crypto/cipher: input not full blocks".to_owned()));
    }
    let cipher = cbc::Decryptor::<Aes256>::new(&key(password).into(), &(*vector).into());
    let plain = cipher.decrypt_padded_vec::<NoPadding>(blocks).unwrap_or_default();
    let Some(padding) = plain.last().map(|b| usize::from(*b)) else {
        return panic("index out of range [-1]".to_owned());
    };
    match plain.len().checked_sub(padding).and_then(|end| plain.get(..end)) {
        Some(text) => Ok(Value::str(text)),
        None => panic(format!("slice bounds out of range [:-{}]", padding - plain.len())),
    }
}

/// The bytes of a base64 text.
///
/// # Errors
/// Go's sentence with the place of the first wrong character.
pub(super) fn decode_base64(text: &[u8]) -> Result<Vec<u8>, String> {
    decode64(text).map_err(|at| format!("illegal base64 data at input byte {at}"))
}
