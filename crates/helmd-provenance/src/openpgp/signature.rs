//! Signatures, and what they say of themselves.

use super::bytes::Bytes;
use super::error::OpenPgpError;
use super::hash::Hash;
use super::public_key::{DSA, ECDSA, ED25519, EDDSA, PublicKey, RSA, RSA_SIGN};

/// Of bytes.
pub const BINARY: u8 = 0;
/// Of lines of text.
pub const TEXT: u8 = 1;
/// A subkey says whose it is.
const PRIMARY_KEY_BINDING: u8 = 0x19;
/// May sign data.
const FLAG_SIGN: u8 = 2;

/// A signature.
#[derive(Clone, Debug)]
pub struct Signature {
    pub kind: u8,
    pub algorithm: u8,
    pub hash: Hash,
    /// What is hashed after the signed data.
    pub suffix: Vec<u8>,
    /// What the signature is made of, in the order of its kind.
    pub numbers: Vec<Vec<u8>>,
    pub said: Said,
}

/// What a signature says; only what is signed counts, but for who has made it.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Seconds since 1970.
    created: Option<u32>,
    /// Seconds.
    lifetime: Option<u32>,
    /// Of the key that is signed, in seconds.
    pub key_lifetime: Option<u32>,
    pub issuer: Option<u64>,
    issuer_fingerprint: Option<(u8, Vec<u8>)>,
    pub primary: bool,
    /// The first notation that must be understood; none is.
    pub critical_notation: Option<String>,
    flags: Option<u8>,
    /// Why a key was called back.
    pub revocation_reason: Option<u8>,
    pub embedded: Option<Box<Signature>>,
}

impl Signature {
    pub fn parse(body: &[u8]) -> Result<Signature, OpenPgpError> {
        let mut bytes = Bytes(body);
        let version = bytes.byte()?;
        if version != 4 {
            return Err(OpenPgpError::unsupported(format!("signature packet version {version}")));
        }
        let [kind, algorithm, hash_id] = bytes.array()?;
        if !matches!(algorithm, RSA | RSA_SIGN | DSA | ECDSA | EDDSA | ED25519) {
            return Err(OpenPgpError::unsupported(format!("public key algorithm {algorithm}")));
        }
        let hash = Hash::of_id(hash_id).ok_or_else(|| OpenPgpError::unsupported(format!("hash function {hash_id}")))?;
        let length = bytes.u16()?;
        let hashed = bytes.take(usize::from(length))?;
        let mut said = Said::default();
        said.read(hashed, kind, true)?;
        let length = usize::from(bytes.u16()?);
        said.read(bytes.take(length)?, kind, false)?;
        bytes.take(2)?;
        let numbers = numbers(algorithm, &mut bytes)?;
        let suffix = suffix([kind, algorithm, hash_id], hashed);
        Ok(Signature { kind, algorithm, hash, suffix, numbers, said })
    }

    /// Seconds since 1970.
    pub fn created(&self) -> i64 {
        i64::from(self.said.created.unwrap_or_default())
    }

    /// Whether it has come to its end, or is of the future.
    pub fn is_expired(&self, now: i64) -> bool {
        let over = |seconds: u32| seconds > 0 && now > self.created() + i64::from(seconds);
        self.created() > now || self.said.lifetime.is_some_and(over)
    }

    /// Whether it is said to be made by the key.
    pub fn is_by(&self, key: &PublicKey) -> bool {
        match &self.said.issuer_fingerprint {
            Some((version, fingerprint)) => *version == 4 && *fingerprint == key.fingerprint,
            None => self.said.issuer == Some(key.id),
        }
    }

    /// Whether the key that is signed may sign data.
    pub fn lets_sign(&self) -> bool {
        self.said.flags.is_some_and(|flags| flags & FLAG_SIGN != 0)
    }
}

/// What is hashed after the signed data.
pub fn suffix(kinds: [u8; 3], hashed: &[u8]) -> Vec<u8> {
    let length = u16::try_from(hashed.len()).unwrap_or(u16::MAX);
    let mut suffix = vec![4];
    suffix.extend(kinds);
    suffix.extend(length.to_be_bytes());
    suffix.extend_from_slice(hashed);
    let total = u32::from(length) + 6;
    suffix.extend([4, 0xff]);
    suffix.extend(total.to_be_bytes());
    suffix
}

fn numbers(algorithm: u8, bytes: &mut Bytes<'_>) -> Result<Vec<Vec<u8>>, OpenPgpError> {
    Ok(match algorithm {
        RSA | RSA_SIGN => vec![bytes.number()?.to_vec()],
        ED25519 => vec![bytes.take(32)?.to_vec(), bytes.take(32)?.to_vec()],
        _ => vec![bytes.number()?.to_vec(), bytes.number()?.to_vec()],
    })
}

fn sized<const N: usize>(content: &[u8], wrong: &'static str) -> Result<[u8; N], OpenPgpError> {
    content.try_into().map_err(|_| OpenPgpError::structural(wrong))
}

impl Said {
    fn read(&mut self, packets: &[u8], kind: u8, hashed: bool) -> Result<(), OpenPgpError> {
        let truncated = |_| OpenPgpError::structural("signature subpacket truncated");
        let mut rest = Bytes(packets);
        while !rest.0.is_empty() {
            let length = match rest.byte().map_err(truncated)? {
                first @ 0..192 => usize::from(first),
                first @ 192..255 => usize::from(first - 192) * 256 + usize::from(rest.byte().map_err(truncated)?) + 192,
                255 => rest.u32().map_err(truncated)? as usize,
            };
            let packet = rest.take(length).map_err(truncated)?;
            let Some((name, content)) = packet.split_first() else {
                return Err(OpenPgpError::structural("zero length signature subpacket"));
            };
            self.take((name & 0x7f, name & 0x80 != 0), content, (kind, hashed))?;
        }
        match self.created {
            Some(_) => Ok(()),
            None => Err(OpenPgpError::structural("no creation time in signature")),
        }
    }

    fn take(&mut self, (name, critical): (u8, bool), content: &[u8], at: (u8, bool)) -> Result<(), OpenPgpError> {
        let (kind, hashed) = at;
        // Anybody may have added what is not hashed.
        if !hashed && !matches!(name, 16 | 32 | 33) {
            return Ok(());
        }
        let number = |wrong| Ok::<_, OpenPgpError>(u32::from_be_bytes(sized(content, wrong)?));
        match name {
            2 => self.created = Some(number("signature creation time not four bytes")?),
            3 => self.lifetime = Some(number("expiration subpacket with bad length")?),
            4 if content.is_empty() => {
                return Err(OpenPgpError::structural("exportable certification subpacket with a bad length"));
            }
            4 if content.first() == Some(&0) => {
                return Err(OpenPgpError::unsupported("signature with non-exportable certification"));
            }
            9 => self.key_lifetime = Some(number("key expiration subpacket with bad length")?),
            16 => {
                self.issuer = Some(u64::from_be_bytes(sized(content, "issuer subpacket with bad length")?));
            }
            20 => self.notation(content, critical)?,
            25 => self.primary = sized::<1>(content, "primary user id subpacket with bad length")? != [0],
            27 => self.flags = Some(content.first().copied().unwrap_or_default()),
            29 => {
                let reason = content.first().copied();
                let empty = || OpenPgpError::structural("empty revocation reason subpacket");
                self.revocation_reason = Some(reason.ok_or_else(empty)?);
            }
            32 => self.embed(content, kind)?,
            33 => self.fingerprint(content)?,
            // Preferences, policies and the like: nothing hangs on them.
            4 | 5 | 6 | 11 | 21..=24 | 26 | 28 | 30 | 35 | 39 => {}
            _ if critical => {
                return Err(OpenPgpError::unsupported(format!("unknown critical signature subpacket type {name}")));
            }
            _ => {}
        }
        Ok(())
    }

    fn notation(&mut self, content: &[u8], critical: bool) -> Result<(), OpenPgpError> {
        let wrong = |_| OpenPgpError::structural("notation data subpacket with bad length");
        let mut bytes = Bytes(content);
        bytes.take(4).map_err(wrong)?;
        let (name, value) = (bytes.u16().map_err(wrong)?, bytes.u16().map_err(wrong)?);
        let name = bytes.take(usize::from(name)).map_err(wrong)?;
        if bytes.0.len() != usize::from(value) {
            return Err(wrong(OpenPgpError::Eof));
        }
        if critical && self.critical_notation.is_none() {
            self.critical_notation = Some(String::from_utf8_lossy(name).into_owned());
        }
        Ok(())
    }

    fn embed(&mut self, content: &[u8], kind: u8) -> Result<(), OpenPgpError> {
        if self.embedded.is_some() {
            return Err(OpenPgpError::structural("Cannot have multiple embedded signatures"));
        }
        // One in one would have no end.
        if kind == PRIMARY_KEY_BINDING {
            let text = "embedded signature within a primary key binding signature";
            return Err(OpenPgpError::structural(text));
        }
        // Its kind is looked at first, so that this goes no deeper than once.
        if let Some(&kind) = content.get(1)
            && kind != PRIMARY_KEY_BINDING
        {
            return Err(OpenPgpError::structural(format!("cross-signature has unexpected type {kind}")));
        }
        self.embedded = Some(Box::new(Signature::parse(content)?));
        Ok(())
    }

    fn fingerprint(&mut self, content: &[u8]) -> Result<(), OpenPgpError> {
        let Some((&version, fingerprint)) = content.split_first() else {
            return Err(OpenPgpError::structural("empty issuer fingerprint subpacket"));
        };
        if fingerprint.len() != if version >= 5 { 32 } else { 20 } {
            return Err(OpenPgpError::structural("bad fingerprint length"));
        }
        let id = if version >= 5 { fingerprint.first_chunk() } else { fingerprint.last_chunk() };
        self.issuer = id.map(|id| u64::from_be_bytes(*id));
        self.issuer_fingerprint = Some((version, fingerprint.to_vec()));
        Ok(())
    }
}
