//! Signing and verifying without files: round trips, times, and data that was changed anywhere. The keys are for these tests only.

#![expect(clippy::unwrap_used, reason = "tests")]

use helmd_provenance::{Formats, Keyring, OpenPgpError, Provenance, ProvenanceError, Signatory};

const ONE: &[u8] = include_bytes!("keys/one.asc");
const TWO: &[u8] = include_bytes!("keys/two.asc");
const THREE: &[u8] = include_bytes!("keys/three.asc");
const PUBLIC: &[u8] = include_bytes!("keys/public.gpg");
/// 2026-01-01; the keys are a year older, and the first one lives ten.
const NOW: i64 = 1_767_225_600;
const YEAR: i64 = 366 * 86_400;
const ARCHIVE: (&str, &[u8]) = ("demo-0.1.0.tgz", b"an archive");

fn keyring(data: &[u8]) -> Keyring {
    Keyring::read(data, Formats::All).unwrap()
}

fn signatory(data: &[u8]) -> Signatory {
    Signatory::find(&keyring(data), "example.com").unwrap()
}

fn signed() -> Vec<u8> {
    signatory(ONE).sign(ARCHIVE, "name: demo\n- a list\n", (NOW, &[7; 32])).unwrap()
}

fn verify(data: &[u8], archive: (&str, &[u8]), now: i64) -> Result<String, String> {
    let provenance = Provenance::read(data).map_err(|e| e.to_string())?;
    let verified = provenance.verify(&keyring(PUBLIC), archive, now);
    verified.map(|found| found.to_string()).map_err(|e| e.to_string())
}

#[test]
fn what_is_signed_is_verified() {
    let two = signatory(TWO);
    assert_eq!(two.wants_passphrase(), Some("Test Two <two@example.com>"));
    assert!(matches!(
        two.clone().unlock(b"wrong"),
        Err(ProvenanceError::OpenPgp(OpenPgpError::Structural(text))) if text == "private key checksum failure"
    ));
    let signatories = [signatory(ONE), two.unlock(b"open sesame").unwrap(), signatory(THREE)];
    for (signatory, name) in signatories.iter().zip(["One <one", "Two <two", "Three <three"]) {
        let data = signatory.sign(ARCHIVE, "name: demo\n- a list\n", (NOW, &[7; 32])).unwrap();
        let found = verify(&data, ARCHIVE, NOW).unwrap();
        assert!(found.starts_with(&format!("Signed by: Test {name}@example.com>\nUsing Key With")), "{found}");
        let text = String::from_utf8(data).unwrap();
        assert!(text.starts_with(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nname: demo\n- - a list\n\n...\nfiles:\n"
        ));
    }
}

#[test]
fn a_locked_key_does_not_sign() {
    let error = signatory(TWO).sign(ARCHIVE, "", (NOW, &[0; 32])).unwrap_err();
    assert!(error.to_string().ends_with("signing key is encrypted"));
}

#[test]
fn only_in_its_time_by_a_known_key_of_this_archive() {
    let data = signed();
    assert_eq!(verify(&data, ARCHIVE, NOW - 1), Err("openpgp: signature expired".to_owned()));
    assert_eq!(verify(&data, ARCHIVE, NOW + 10 * YEAR), Err("openpgp: key expired".to_owned()));
    let other = verify(&data, (ARCHIVE.0, b"another"), NOW).unwrap_err();
    assert!(other.starts_with("sha256 sum does not match for demo-0.1.0.tgz: \"sha256:"), "{other}");
    let name = verify(&data, ("other-0.1.0.tgz", ARCHIVE.1), NOW).unwrap_err();
    assert_eq!(name, "provenance does not contain a SHA for a file named \"other-0.1.0.tgz\"");
    let stranger = Provenance::read(&data).unwrap().verify(&keyring(THREE), ARCHIVE, NOW).unwrap_err();
    assert_eq!(stranger.to_string(), "openpgp: signature made by unknown entity");
}

/// Whatever byte is changed: the signature is refused, or what was signed is still the same.
#[test]
fn no_change_goes_unseen() {
    let data = signed();
    let good = Provenance::read(&data).unwrap();
    let keyring = keyring(ONE);
    for at in 0..data.len() {
        let mut changed = data.clone();
        changed[at] ^= [1, 0x20, 0x80][at % 3];
        if let Ok(read) = Provenance::read(&changed)
            && read.verify(&keyring, ARCHIVE, NOW).is_ok()
        {
            assert_eq!(read.metadata().unwrap(), good.metadata().unwrap(), "{at}");
        }
        let cut = Provenance::read(&data[..at]).and_then(|read| read.verify(&keyring, ARCHIVE, NOW));
        assert!(cut.is_err(), "{at}: {cut:?}");
    }
}

/// Keyrings that are cut or changed anywhere are read to the end, whatever comes out.
#[test]
fn keyrings_of_strangers_end() {
    let whole = keyring(PUBLIC).entities.len();
    for at in (0..PUBLIC.len()).step_by(23) {
        let mut changed = PUBLIC.to_vec();
        changed[at] ^= 0xff;
        for data in [&PUBLIC[..at], &changed] {
            if let Ok(read) = Keyring::read(data, Formats::All) {
                assert!(read.entities.len() <= whole);
            }
        }
    }
    for at in (0..TWO.len()).step_by(17) {
        let mut changed = TWO.to_vec();
        changed[at] ^= 0x11;
        let _whatever = Keyring::read(&changed, Formats::All);
    }
}

#[test]
fn names_of_keys() {
    let all = keyring(&[ONE, TWO, THREE].concat());
    let found = |name| Signatory::find(&all, name).map(|found| format!("{found:?}")).map_err(|e| e.to_string());
    assert!(found("Test Two <two@example.com>").unwrap().contains("two@"));
    assert!(found("three@").unwrap().contains("Three"));
    assert_eq!(found("example"), Err("more than one key contain the id \"example\"".to_owned()));
    assert_eq!(found("four"), Err("private key not found".to_owned()));
    let public = Signatory::find(&keyring(PUBLIC), "one@").unwrap_err();
    assert_eq!(public.to_string(), "provided key is not a private key. Try providing a keyring with secret keys");
    assert!(!format!("{all:?}").contains("Locked"));
}
