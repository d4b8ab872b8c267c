//! OpenPGP as far as clear-signed texts need it; the sentences are those of the library that Helm uses.

mod armor;
mod bytes;
mod clearsign;
mod detached;
mod entity;
mod error;
mod hash;
mod keybox;
mod keyring;
mod number;
mod packet;
mod public_key;
mod secret_key;
mod signature;
mod signing;

pub use clearsign::{SignedText, sign_text};
pub use detached::check;
pub use entity::Entity;
pub use error::OpenPgpError;
pub use keyring::{Formats, Keyring};
pub use secret_key::SecretKey;
