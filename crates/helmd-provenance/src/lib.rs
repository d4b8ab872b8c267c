//! Signatures of charts: what lies beside an archive as `.prov`, and the keys that it is checked with.
//!
//! Owns: the `.prov` text ([`Provenance`]), keyrings as GnuPG and others write them ([`Keyring`]), the part of OpenPGP that both
//! need. Does not own: files, time and randomness, which come from the caller; how a passphrase is asked for.
//!
//! What is in doubt is refused: a signature by a key that is unknown, revoked or expired, one that is expired itself or comes from
//! the future, kinds of keys that are not known here. Known are version 4 keys: RSA, DSA, ECDSA (P-256, P-384), Ed25519.

mod openpgp;
mod provenance;

pub use openpgp::{Entity, Formats, Keyring, OpenPgpError, SecretKey};
pub use provenance::{Provenance, ProvenanceError, Signatory, Verification};
