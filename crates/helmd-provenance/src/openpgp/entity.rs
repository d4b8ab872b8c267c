//! Keys with their names, subkeys and what was said of them: as Helm's library reads them.

use super::error::OpenPgpError;
use super::packet::{Packet, Packets};
use super::public_key::{PublicKey, can_sign};
use super::secret_key::SecretKey;
use super::signature::Signature;

const KEY_REVOCATION: u8 = 0x20;
const SUBKEY_BINDING: u8 = 0x18;
const SUBKEY_REVOCATION: u8 = 0x28;
const NAME_REVOCATION: u8 = 0x30;
/// The key was stolen: nothing of it is good, not even what came before.
const COMPROMISED: u8 = 2;

/// Whose key it is.
#[derive(Clone, Debug)]
pub struct Entity {
    pub(super) key: PublicKey,
    /// The secret part of the key, where the keyring has it.
    pub(super) secret: Option<SecretKey>,
    pub(super) names: Vec<Name>,
    pub(super) subkeys: Vec<Subkey>,
    revocations: Vec<Signature>,
}

/// A name that the key's owner has signed.
#[derive(Clone, Debug)]
pub struct Name {
    pub text: String,
    pub signature: Option<Signature>,
    revocations: Vec<Signature>,
}

/// A further key.
#[derive(Clone, Debug)]
pub struct Subkey {
    pub key: PublicKey,
    pub binding: Signature,
    revocations: Vec<Signature>,
}

fn revoked(revocations: &[Signature], now: i64) -> bool {
    let counts = |made: &Signature| made.said.revocation_reason == Some(COMPROMISED) || !made.is_expired(now);
    revocations.iter().any(counts)
}

fn newer(signature: &Signature, than: Option<&Signature>) -> bool {
    than.is_none_or(|than| signature.created() > than.created())
}

impl Name {
    pub fn is_revoked(&self, now: i64) -> bool {
        revoked(&self.revocations, now)
    }

    /// Whether the other name is rather the one to look at.
    fn yields_to(&self, other: &Name) -> bool {
        if self.revocations.len() != other.revocations.len() {
            return self.revocations.len() > other.revocations.len();
        }
        let Some(mine) = &self.signature else { return true };
        let Some(theirs) = &other.signature else { return false };
        match (mine.said.primary, theirs.said.primary) {
            (true, false) => false,
            (false, true) => true,
            _ => newer(theirs, Some(mine)),
        }
    }
}

impl Subkey {
    pub fn is_revoked(&self, now: i64) -> bool {
        revoked(&self.revocations, now)
    }
}

impl Entity {
    /// The names of the key's owner.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| name.text.as_str())
    }

    /// The key's fingerprint, in digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// The secret part of the key, where the keyring has it.
    #[must_use]
    pub fn secret(&self) -> Option<&SecretKey> {
        self.secret.as_ref()
    }

    pub(super) fn is_revoked(&self, now: i64) -> bool {
        revoked(&self.revocations, now)
    }

    /// The name that stands for the key.
    pub(super) fn primary_name(&self) -> Option<&Name> {
        self.names.iter().reduce(|best, name| if best.yields_to(name) { name } else { best })
    }

    /// The next one of the packets; nothing at the end.
    ///
    /// # Errors
    /// What comes next is none.
    pub(super) fn read(packets: &mut Packets<'_>) -> Result<Option<Entity>, OpenPgpError> {
        let (key, secret) = match packets.next()? {
            None => return Ok(None),
            Some(Packet::PublicKey(key)) => (key, None),
            Some(Packet::SecretKey(secret)) => (secret.public.clone(), Some(secret)),
            Some(other) => {
                packets.unread(other);
                return Err(OpenPgpError::structural("first packet was not a public/private key"));
            }
        };
        if !can_sign(key.algorithm) {
            return Err(OpenPgpError::structural("primary key cannot be used for signatures"));
        }
        let mut entity = Entity { key, secret, names: Vec::new(), subkeys: Vec::new(), revocations: Vec::new() };
        while let Some(packet) = packets.next()? {
            match packet {
                Packet::UserId(text) => entity.add_name(text, packets)?,
                Packet::Signature(made) if made.kind == KEY_REVOCATION => entity.revocations.push(*made),
                Packet::PublicKey(key) if key.subkey => entity.add_subkey(key, packets)?,
                Packet::SecretKey(secret) if secret.public.subkey => entity.add_subkey(secret.public, packets)?,
                key @ (Packet::PublicKey(_) | Packet::SecretKey(_)) => {
                    packets.unread(key);
                    break;
                }
                Packet::Signature(_) | Packet::Other => {}
            }
        }
        entity.checked().map(Some)
    }

    fn checked(self) -> Result<Entity, OpenPgpError> {
        if self.names.is_empty() {
            return Err(OpenPgpError::structural("v4 entity without any identities"));
        }
        for made in &self.revocations {
            if self.key.verify(&[&self.key.prefix(), &self.key.body], made).is_err() {
                return Err(OpenPgpError::structural("revocation signature signed by alternate key"));
            }
        }
        Ok(self)
    }

    /// A name counts when the key itself has signed it.
    fn add_name(&mut self, text: String, packets: &mut Packets<'_>) -> Result<(), OpenPgpError> {
        let mut name = Name { text, signature: None, revocations: Vec::new() };
        let mut signed = false;
        while let Some(packet) = packets.next()? {
            let Packet::Signature(made) = packet else {
                packets.unread(packet);
                break;
            };
            if !matches!(made.kind, 0x10..=0x13 | NAME_REVOCATION) {
                return Err(OpenPgpError::structural("user ID signature with wrong type"));
            }
            if !made.is_by(&self.key) {
                continue;
            }
            self.verify_name(&name.text, &made)?;
            signed = true;
            if made.kind == NAME_REVOCATION {
                name.revocations.push(*made);
            } else if newer(&made, name.signature.as_ref()) {
                name.signature = Some(*made);
            }
        }
        if signed {
            self.names.retain(|known| known.text != name.text);
            self.names.push(name);
        }
        Ok(())
    }

    fn verify_name(&self, name: &str, made: &Signature) -> Result<(), OpenPgpError> {
        let length = u32::try_from(name.len()).unwrap_or(u32::MAX).to_be_bytes();
        let parts = [&self.key.prefix()[..], &self.key.body, &[0xb4], &length, name.as_bytes()];
        let failed = |e| OpenPgpError::structural(format!("user ID self-signature invalid: {e}"));
        self.key.verify(&parts, made).map_err(failed)
    }

    fn add_subkey(&mut self, key: PublicKey, packets: &mut Packets<'_>) -> Result<(), OpenPgpError> {
        let invalid = |e: OpenPgpError| OpenPgpError::structural(format!("subkey signature invalid: {e}"));
        let (mut binding, mut revocations) = (None, Vec::new());
        while let Some(packet) = packets.next().map_err(invalid)? {
            let Packet::Signature(made) = packet else {
                packets.unread(packet);
                break;
            };
            if !matches!(made.kind, SUBKEY_BINDING | SUBKEY_REVOCATION) {
                return Err(OpenPgpError::structural("subkey signature with wrong type"));
            }
            self.verify_subkey(&key, &made).map_err(invalid)?;
            if made.kind == SUBKEY_REVOCATION {
                revocations.push(*made);
            } else if newer(&made, binding.as_ref()) {
                binding = Some(*made);
            }
        }
        let binding = binding.ok_or_else(|| OpenPgpError::structural("subkey packet not followed by signature"))?;
        self.subkeys.push(Subkey { key, binding, revocations });
        Ok(())
    }

    /// A subkey that signs must say as well whose it is.
    fn verify_subkey(&self, key: &PublicKey, made: &Signature) -> Result<(), OpenPgpError> {
        let (mine, theirs) = (self.key.prefix(), key.prefix());
        let parts = [&mine[..], &self.key.body, &theirs, &key.body];
        self.key.verify(&parts, made)?;
        if !made.lets_sign() {
            return Ok(());
        }
        let Some(cross) = &made.said.embedded else {
            return Err(OpenPgpError::structural("signing subkey is missing cross-signature"));
        };
        let failed = |e| OpenPgpError::structural(format!("error while verifying cross-signature: {e}"));
        key.verify(&parts, cross).map_err(failed)
    }
}
