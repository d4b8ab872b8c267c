//! Hashes, and passwords made of them.

use super::random::Random;
use crate::args::{Register, STR, text};
use crate::budgets::CryptoWork;
use crate::host::Host;
use gotmpl::value::types;
use gotmpl::{FuncMap, Function, Value};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use std::rc::Rc;

/// Go's `bcrypt.DefaultCost`.
const BCRYPT_COST: u32 = 10;

/// What one password costs, about.
const BCRYPT_MILLISECONDS: u64 = 60;
const SCRYPT_MILLISECONDS: u64 = 120;

/// bcrypt reads no more of a password.
const BCRYPT_MAX_BYTES: usize = 72;

/// Adds hashes and password functions.
pub(super) fn register(map: &mut FuncMap, host: &Rc<dyn Host>, work: &CryptoWork) {
    map.plain("sha1sum", &[STR], STR, |args| Ok(Value::str(hex(&Sha1::digest(text(args, 0))))));
    map.plain("sha256sum", &[STR], STR, |args| Ok(Value::str(hex(&Sha256::digest(text(args, 0))))));
    map.plain("sha512sum", &[STR], STR, |args| Ok(Value::str(hex(&Sha512::digest(text(args, 0))))));
    map.plain("adler32sum", &[STR], STR, |args| Ok(Value::str(adler32(text(args, 0)).to_string())));
    let (random, meter) = (Random::new(host), work.clone());
    map.add(Function::new("bcrypt", &[STR], STR, move |_, args| {
        meter.charge(BCRYPT_MILLISECONDS)?;
        Ok(Value::str(bcrypt(&random, text(args, 0))))
    }));
    let (random, meter) = (Random::new(host), work.clone());
    map.add(Function::new("htpasswd", &[STR, STR], STR, move |_, args| {
        meter.charge(BCRYPT_MILLISECONDS)?;
        let user = text(args, 0);
        let line = if user.contains(&b':') {
            [b"invalid username: ", user].concat()
        } else {
            [user, b":", bcrypt(&random, text(args, 1)).as_bytes()].concat()
        };
        Ok(Value::str(line))
    }));
    let meter = work.clone();
    map.add(Function::new("derivePassword", &[types::UINT32, STR, STR, STR, STR], STR, move |_, args| {
        meter.charge(SCRYPT_MILLISECONDS)?;
        let counter = match args.first() {
            Some(Value::Uint(_, n)) => u32::try_from(*n).unwrap_or(u32::MAX),
            _ => 0,
        };
        let master = Master { password: text(args, 2), user: text(args, 3) };
        Ok(Value::str(master.derive(counter, text(args, 1), text(args, 4))))
    }));
}

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The Adler-32 checksum.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in bytes {
        low = (low + u32::from(*byte)) % MODULUS;
        high = (high + low) % MODULUS;
    }
    high << 16 | low
}

/// The `$2a$` hash, or Go's sentence on what failed.
fn bcrypt(random: &Random, password: &[u8]) -> String {
    if password.len() > BCRYPT_MAX_BYTES {
        return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".to_owned();
    }
    match bcrypt::hash_with_salt(password, BCRYPT_COST, random.bytes()) {
        Ok(parts) => parts.format_for_version(bcrypt::Version::TwoA),
        Err(e) => format!("failed to encrypt string with bcrypt: {e}"),
    }
}

/// What a Master Password (the algorithm's name) belongs to.
struct Master<'a> {
    password: &'a [u8],
    user: &'a [u8],
}

const SEED: &[u8] = b"com.lyndir.masterpassword";

impl Master<'_> {
    /// The password of one site, or a sentence on what failed.
    fn derive(&self, counter: u32, kind: &[u8], site: &[u8]) -> String {
        let Some(templates) = templates(kind) else {
            return format!("cannot find password template {}", gotmpl::strconv::utf8::to_text(kind));
        };
        let length = |text: &[u8]| u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes();
        let salt = [SEED, &length(self.user), self.user].concat();
        let mut key = [0; 64];
        // N = 2^15, r = 8, p = 2: the algorithm's own cost, 32 MiB.
        let derived = scrypt::Params::new(15, 8, 2)
            .map_err(|e| e.to_string())
            .and_then(|params| scrypt::scrypt(self.password, &salt, &params, &mut key).map_err(|e| e.to_string()));
        if let Err(e) = derived {
            return format!("failed to derive password: {e}");
        }
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else {
            return "failed to derive password: bad key".to_owned();
        };
        mac.update(&[SEED, &length(site), site, &counter.to_be_bytes()].concat());
        let seed = mac.finalize().into_bytes();
        let pick = |from: usize, index: usize| seed.get(index).map_or(0, |b| usize::from(*b) % from.max(1));
        let template = templates.get(pick(templates.len(), 0)).copied().unwrap_or_default();
        let character = |(i, class): (usize, u8)| {
            let characters = characters(class);
            characters.get(pick(characters.len(), i + 1)).map(|c| char::from(*c))
        };
        template.bytes().enumerate().filter_map(character).collect()
    }
}

/// The shapes of a kind of password, one letter per character class.
fn templates(kind: &[u8]) -> Option<&'static [&'static str]> {
    Some(match kind {
        b"maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        b"long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        b"medium" => &["CvcnoCvc", "CvcCvcno"],
        b"short" => &["Cvcn"],
        b"basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        b"pin" => &["nnnn"],
        _ => return None,
    })
}

fn characters(class: u8) -> &'static [u8] {
    match class {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        b'x' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
        _ => b"",
    }
}
