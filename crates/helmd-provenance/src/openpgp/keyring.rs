//! Keyrings: many keys, in the forms in which they are kept.

use super::entity::Entity;
use super::error::OpenPgpError;
use super::packet::{Packet, Packets};
use super::{armor, keybox};

/// Which forms of keyrings are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Formats {
    /// HELM: version 3 reads packets only (GnuPG's `pubring.gpg`, what `gpg --export` gives).
    Packets,
    /// Packets, a keybox, or armor.
    All,
}

/// Many keys.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    /// In the order of the file.
    pub entities: Vec<Entity>,
}

impl Keyring {
    /// Reads a keyring. Keys that are wrong or of unknown kinds are passed by, as long as there is a good one.
    ///
    /// # Errors
    /// There is no good key.
    pub fn read(data: &[u8], formats: Formats) -> Result<Keyring, OpenPgpError> {
        let entities = match formats {
            Formats::All if keybox::is_keybox(data) => all(Packets::new(&keybox::packets(data)?))?,
            Formats::All if data.trim_ascii().starts_with(b"-----BEGIN PGP") => armored(data)?,
            _ => all(Packets::new(data))?,
        };
        Ok(Keyring { entities })
    }

    /// The key with that name, or the only one with a name that has that in it; nothing when there is none.
    ///
    /// # Errors
    /// There are several.
    pub fn find(&self, name: &str) -> Result<Option<&Entity>, String> {
        let exact = self.entities.iter().find(|entity| entity.names().any(|known| known == name));
        if exact.is_some() {
            return Ok(exact);
        }
        let holds = |entity: &'_ &Entity| entity.names().filter(|known| known.contains(name)).count();
        let found: Vec<(&Entity, usize)> =
            self.entities.iter().map(|entity| (entity, holds(&entity))).filter(|(_, count)| *count > 0).collect();
        match found.as_slice() {
            [] => Ok(None),
            [(entity, 1)] => Ok(Some(entity)),
            _ => Err(format!("more than one key contain the id {}", gotmpl::strconv::quote(name))),
        }
    }
}

fn armored(data: &[u8]) -> Result<Vec<Entity>, OpenPgpError> {
    let mut entities = Vec::new();
    let mut rest = data;
    while let Some((name, armored, behind)) = armor::decode(rest) {
        if name != "PGP PUBLIC KEY BLOCK" && name != "PGP PRIVATE KEY BLOCK" {
            return Err(OpenPgpError::NotAKey(gotmpl::strconv::quote(&name)));
        }
        entities.extend(all(Packets::of_armor(&armored))?);
        rest = behind;
    }
    if entities.is_empty() { Err(OpenPgpError::NoKeys) } else { Ok(entities) }
}

fn all(mut packets: Packets<'_>) -> Result<Vec<Entity>, OpenPgpError> {
    let mut entities = Vec::new();
    let mut passed_by = None;
    loop {
        match Entity::read(&mut packets) {
            Ok(Some(entity)) => entities.push(entity),
            Ok(None) => break,
            Err(fault @ (OpenPgpError::Structural(_) | OpenPgpError::Unsupported(_))) => {
                passed_by = Some(fault);
                to_next_key(&mut packets)?;
            }
            Err(other) => return Err(other),
        }
    }
    match passed_by {
        Some(fault) if entities.is_empty() => Err(fault),
        _ => Ok(entities),
    }
}

/// HELM: of secret keys none is found this way.
fn to_next_key(packets: &mut Packets<'_>) -> Result<(), OpenPgpError> {
    while let Some(packet) = packets.next()? {
        if matches!(&packet, Packet::PublicKey(key) if !key.subkey) {
            packets.unread(packet);
            break;
        }
    }
    Ok(())
}
