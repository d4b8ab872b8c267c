//! Whether somebody of a keyring has signed something, and may have.

use super::armor::Armored;
use super::entity::{Entity, Subkey};
use super::error::OpenPgpError;
use super::keyring::Keyring;
use super::packet::{Packet, Packets};
use super::public_key::PublicKey;
use super::signature::{BINARY, Signature, TEXT};

/// A key of a keyring.
struct Key<'k> {
    entity: &'k Entity,
    subkey: Option<&'k Subkey>,
}

impl<'k> Key<'k> {
    fn key(&self) -> &'k PublicKey {
        self.subkey.map_or(&self.entity.key, |subkey| &subkey.key)
    }
}

/// Who of the keyring has signed the data, as of `now` (seconds since 1970).
///
/// # Errors
/// Nobody; whoever has may not, or no longer.
pub fn check<'k>(
    keyring: &'k Keyring,
    data: &[u8],
    signatures: &Armored,
    now: i64,
) -> Result<&'k Entity, OpenPgpError> {
    let mut packets = Packets::of_armor(signatures);
    while let Some(packet) = packets.next()? {
        let Packet::Signature(made) = packet else {
            return Err(OpenPgpError::structural("non signature packet found"));
        };
        let Some(issuer) = made.said.issuer else {
            return Err(OpenPgpError::structural("signature doesn't have an issuer"));
        };
        let keys = keys(keyring, issuer);
        if !keys.is_empty() {
            return check_by(&keys, data, &made, now);
        }
    }
    Err(OpenPgpError::UnknownIssuer)
}

/// The keys with an identifier that may sign.
fn keys(keyring: &Keyring, id: u64) -> Vec<Key<'_>> {
    let mut keys = Vec::new();
    for entity in &keyring.entities {
        let signs = || entity.primary_name().and_then(|name| name.signature.as_ref()).is_some_and(Signature::lets_sign);
        if entity.key.id == id && signs() {
            keys.push(Key { entity, subkey: None });
        }
        let subkeys = entity.subkeys.iter().filter(|subkey| subkey.key.id == id && subkey.binding.lets_sign());
        keys.extend(subkeys.map(|subkey| Key { entity, subkey: Some(subkey) }));
    }
    keys
}

fn check_by<'k>(keys: &[Key<'k>], data: &[u8], made: &Signature, now: i64) -> Result<&'k Entity, OpenPgpError> {
    let data = match made.kind {
        BINARY => data.to_vec(),
        TEXT => with_line_ends(data),
        kind => return Err(OpenPgpError::unsupported(format!("unsupported signature type: {kind}"))),
    };
    let mut fault = OpenPgpError::UnknownIssuer;
    for key in keys {
        match key.key().verify(&[&data], made) {
            Ok(()) => return good(key, made, now).map(|()| key.entity),
            Err(error) => fault = error,
        }
    }
    Err(fault)
}

/// Lines end with carriage return and line feed in what is hashed.
fn with_line_ends(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut after_return = false;
    for &byte in data {
        if byte == b'\n' && !after_return {
            out.push(b'\r');
        }
        after_return = byte == b'\r' && !after_return;
        out.push(byte);
    }
    out
}

/// Neither the signature nor the keys that it hangs on are expired or called back.
fn good(key: &Key<'_>, made: &Signature, now: i64) -> Result<(), OpenPgpError> {
    let name = key.entity.primary_name();
    let Some(own) = name.and_then(|name| name.signature.as_ref()) else { return Err(OpenPgpError::KeyRevoked) };
    let mut all = vec![made, own];
    if let Some(subkey) = key.subkey {
        all.push(&subkey.binding);
        all.extend(subkey.binding.said.embedded.as_deref());
    }
    if let Some(notation) = all.iter().find_map(|made| made.said.critical_notation.as_ref()) {
        return Err(OpenPgpError::Signature(format!("unknown critical notation: {notation}")));
    }
    let revoked = key.entity.is_revoked(now)
        || key.subkey.is_some_and(|subkey| subkey.is_revoked(now))
        || name.is_some_and(|name| name.is_revoked(now));
    if revoked {
        return Err(OpenPgpError::KeyRevoked);
    }
    let expired = key.entity.key.is_expired(own.said.key_lifetime, now)
        || key.subkey.is_some_and(|subkey| subkey.key.is_expired(subkey.binding.said.key_lifetime, now));
    if expired {
        return Err(OpenPgpError::KeyExpired);
    }
    if all.iter().any(|made| made.is_expired(now)) {
        return Err(OpenPgpError::SignatureExpired);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::with_line_ends;

    #[test]
    fn line_ends() {
        assert_eq!(with_line_ends(b"a\nb\r\nc\r\r\nd"), b"a\r\nb\r\nc\r\r\r\nd");
    }
}
