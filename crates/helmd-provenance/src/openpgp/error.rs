//! What can be wrong with keys and signatures.

/// Why a key or a signature is not taken. The sentences are those of the library that Helm uses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenPgpError {
    /// The bytes are not what they should be.
    #[error("openpgp: invalid data: {0}")]
    Structural(String),
    /// The bytes may be right, but nobody here can use them.
    #[error("openpgp: unsupported feature: {0}")]
    Unsupported(String),
    /// Something does not fit together.
    #[error("openpgp: invalid argument: {0}")]
    Argument(&'static str),
    /// The signature is not by that key, or not of that text.
    #[error("openpgp: invalid signature: {0}")]
    Signature(String),
    /// It is no longer, or not yet, good.
    #[error("openpgp: signature expired")]
    SignatureExpired,
    /// The key is no longer, or not yet, good.
    #[error("openpgp: key expired")]
    KeyExpired,
    /// The key was called back.
    #[error("openpgp: signature made by revoked key")]
    KeyRevoked,
    /// No key of the keyring has made it.
    #[error("openpgp: signature made by unknown entity")]
    UnknownIssuer,
    /// A packet that must be understood.
    #[error("openpgp: unknown critical packet type: {0}")]
    CriticalPacket(u8),
    /// The secret part is elsewhere, on a card perhaps.
    #[error("openpgp: s2k GNU dummy key: dummy key found")]
    Dummy,
    /// The numbers of a secret key do not fit together.
    #[error("openpgp: invalid key: invalid key parameters")]
    InvalidKey,
    /// The bytes end too soon.
    #[error("unexpected EOF")]
    UnexpectedEof,
    /// There are no bytes.
    #[error("EOF")]
    Eof,
    /// The armor holds something else than base64.
    #[error("illegal base64 data at input byte {0}")]
    Base64(usize),
    /// Not a key, but the armor of something else.
    #[error("expected a public or private key block, got {0}")]
    NotAKey(String),
    /// An armored keyring without keys.
    #[error("no keys found")]
    NoKeys,
    /// What is wrong with a keybox.
    #[error("{0}")]
    Keybox(String),
}

impl OpenPgpError {
    pub(super) fn structural(text: impl Into<String>) -> OpenPgpError {
        OpenPgpError::Structural(text.into())
    }

    pub(super) fn unsupported(text: impl Into<String>) -> OpenPgpError {
        OpenPgpError::Unsupported(text.into())
    }
}
