//! `helmd verify`: helm verify.

use super::command::{Call, Command, Count};
use super::flags::{Flag, Kind};
use super::keyring;
use std::path::Path;

/// The command.
pub const COMMAND: Command = Command {
    name: "verify",
    words: "PATH",
    count: Count::Exactly(1),
    about: "Check that an archive is signed: that PATH.prov beside it is good, by a key of the keyring, and of this archive.\n\
            Nothing is good that is in doubt: keys that are unknown, revoked or expired, other archives, other names.",
    flags: |_| vec![Flag::new("keyring", Kind::Text, "public keys to verify with (GnuPG's unless set)")],
    run: verify,
};

fn verify(call: &mut Call<'_>) -> Result<(), String> {
    let path = call.matches.words.first().map_or("", String::as_str);
    let verification = keyring::keys(call.matches, call.helm).verify_file(Path::new(path))?;
    call.print(verification.to_string().as_bytes())
}
