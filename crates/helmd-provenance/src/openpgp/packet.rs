//! Packets, of which keys and signatures are made.

use super::armor::Armored;
use super::bytes::Bytes;
use super::error::OpenPgpError;
use super::public_key::PublicKey;
use super::secret_key::SecretKey;
use super::signature::Signature;

const SIGNATURE: u8 = 2;
const SECRET_KEY: u8 = 5;
const PUBLIC_KEY: u8 = 6;
const SECRET_SUBKEY: u8 = 7;
const MARKER: u8 = 10;
const TRUST: u8 = 12;
const USER_ID: u8 = 13;
const PUBLIC_SUBKEY: u8 = 14;
/// Kinds of data that have nothing to do with keys.
const OTHER: [u8; 11] = [1, 3, 4, 8, 9, 11, 17, 18, 19, 20, 21];
/// Kinds from here on need not be understood.
const FIRST_NOT_CRITICAL: u8 = 40;

/// A packet.
#[derive(Clone, Debug)]
pub enum Packet {
    PublicKey(PublicKey),
    SecretKey(SecretKey),
    Signature(Box<Signature>),
    UserId(String),
    /// Something that is of no use here.
    Other,
}

/// Packets one after the other.
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    rest: Bytes<'a>,
    again: Option<Packet>,
    fault: Option<&'a OpenPgpError>,
}

impl<'a> Packets<'a> {
    pub fn new(bytes: &'a [u8]) -> Packets<'a> {
        Packets { rest: Bytes(bytes), again: None, fault: None }
    }

    /// Those in armor; what is wrong with it is told where it is met.
    pub fn of_armor(armored: &'a Armored) -> Packets<'a> {
        Packets { fault: armored.fault.as_ref(), ..Packets::new(&armored.bytes) }
    }

    /// Gives the packet once more.
    pub fn unread(&mut self, packet: Packet) {
        self.again = Some(packet);
    }

    /// The next packet that can be used; nothing at the end. A packet that is wrong is passed by.
    ///
    /// # Errors
    /// What comes next is no packet, or is wrong.
    pub fn next(&mut self) -> Result<Option<Packet>, OpenPgpError> {
        if let Some(packet) = self.again.take() {
            return Ok(Some(packet));
        }
        while !self.rest.0.is_empty() {
            let (kind, body) = self.body().map_err(|error| match (error, self.fault) {
                (OpenPgpError::UnexpectedEof, Some(fault)) => fault.clone(),
                (error, _) => error,
            })?;
            match parse(kind, &body) {
                Err(OpenPgpError::Unsupported(_)) | Ok(None) => {}
                other => return other,
            }
        }
        self.fault.map_or(Ok(None), |fault| Err(fault.clone()))
    }

    fn body(&mut self) -> Result<(u8, Vec<u8>), OpenPgpError> {
        let tag = self.rest.byte()?;
        if tag & 0x80 == 0 {
            return Err(OpenPgpError::structural("tag byte does not have MSB set"));
        }
        if tag & 0x40 == 0 {
            return Ok(((tag & 0x3f) >> 2, self.old_body(tag & 3)?));
        }
        let mut body = Vec::new();
        loop {
            let (length, more) = self.length()?;
            body.extend_from_slice(self.take(length)?);
            if !more {
                return Ok((tag & 0x3f, body));
            }
        }
    }

    fn old_body(&mut self, kind: u8) -> Result<Vec<u8>, OpenPgpError> {
        let length = match kind {
            0 => usize::from(self.rest.byte()?),
            1 => usize::from(self.rest.u16()?),
            2 => self.rest.u32()? as usize,
            _ => self.rest.0.len(),
        };
        Ok(self.take(length)?.to_vec())
    }

    /// What is cut off ends the packets.
    fn take(&mut self, length: usize) -> Result<&'a [u8], OpenPgpError> {
        let taken = self.rest.take(length);
        if taken.is_err() {
            self.rest = Bytes(&[]);
        }
        taken
    }

    /// A length, and whether more of the packet follows.
    fn length(&mut self) -> Result<(usize, bool), OpenPgpError> {
        let first = self.rest.byte()?;
        Ok(match first {
            0..192 => (usize::from(first), false),
            192..224 => (usize::from(first - 192) * 256 + usize::from(self.rest.byte()?) + 192, false),
            224..255 => (1 << (first & 0x1f), true),
            255 => (self.rest.u32()? as usize, false),
        })
    }
}

/// A packet; nothing for one that means nothing.
fn parse(kind: u8, body: &[u8]) -> Result<Option<Packet>, OpenPgpError> {
    Ok(Some(match kind {
        SIGNATURE => Packet::Signature(Box::new(Signature::parse(body)?)),
        SECRET_KEY | SECRET_SUBKEY => Packet::SecretKey(SecretKey::parse(body, kind == SECRET_SUBKEY)?),
        PUBLIC_KEY | PUBLIC_SUBKEY => {
            let mut body = Bytes(body);
            Packet::PublicKey(PublicKey::parse(&mut body, kind == PUBLIC_SUBKEY)?)
        }
        USER_ID => Packet::UserId(String::from_utf8_lossy(body).into_owned()),
        MARKER | TRUST => return Ok(None),
        _ if OTHER.contains(&kind) => Packet::Other,
        FIRST_NOT_CRITICAL.. => return Ok(None),
        _ => return Err(OpenPgpError::CriticalPacket(kind)),
    }))
}
