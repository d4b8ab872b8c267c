//! Keys and signatures that GnuPG makes for the tests.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The archive that is signed.
pub const ARCHIVE: &str = "demo-0.1.0.tgz";
/// A passphrase.
pub const PASSPHRASE: &str = "correct horse";
/// Keys by the folders of what they have signed: name, kind, usage, expiry.
pub const KEYS: [(&str, &str, &str, &str, &str); 10] = [
    ("ed", "Ed One <ed@example.com>", "ed25519", "sign", "never"),
    ("rsa", "Rsa Plain (work) <rsa@example.com>", "rsa2048", "sign", "never"),
    ("pass", "Rsa Pass <pass@example.com>", "rsa3072", "sign", "never"),
    ("dsa", "Dsa Three <dsa@example.com>", "dsa2048", "sign", "never"),
    ("p256", "Nist Four <p256@example.com>", "nistp256", "sign", "never"),
    ("p384", "Nist Five <p384@example.com>", "nistp384", "sign", "never"),
    ("sub", "Sub Six <sub@example.com>", "rsa2048", "cert", "never"),
    ("expired", "Expired Seven <expired@example.com>", "ed25519", "sign", "1y"),
    ("old", "Old Nine <old@example.com>", "ed25519", "sign", "never"),
    ("revoked", "Revoked Eight <revoked@example.com>", "ed25519", "sign", "never"),
];

/// A home of GnuPG; its programs end with it.
pub struct Gpg {
    home: PathBuf,
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _none = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", &self.home).status();
    }
}

impl Gpg {
    /// An empty one; nothing when there is no GnuPG.
    pub fn new(home: &Path) -> Option<Gpg> {
        fs::create_dir_all(home).unwrap();
        fs::set_permissions(home, fs::Permissions::from_mode(0o700)).unwrap();
        Command::new("gpg").arg("--version").output().ok()?;
        Some(Gpg { home: home.to_owned() })
    }

    /// Runs it.
    pub fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new("gpg")
            .env("GNUPGHOME", &self.home)
            .args(["--batch", "--yes", "--quiet", "--no-tty", "--pinentry-mode", "loopback"])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "gpg {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Whether it finds a signature good. It complains of what has no last line break, as Helm's signatures have none.
    pub fn verifies(&self, file: &Path) -> bool {
        let mut gpg = Command::new("gpg");
        gpg.env("GNUPGHOME", &self.home).arg("--verify").arg(file).stdin(Stdio::null());
        String::from_utf8_lossy(&gpg.output().unwrap().stderr).contains("Good signature")
    }

    /// Makes the keys and their keyrings in `folder`.
    pub fn make(&self, folder: &Path) {
        for (key, name, kind, usage, expiry) in KEYS {
            let passphrase = if key == "pass" { PASSPHRASE } else { "" };
            let mut arguments = vec!["--passphrase", passphrase];
            if matches!(key, "expired" | "old") {
                arguments.extend(["--faked-system-time", "20200101T000000"]);
            }
            arguments.extend(["--quick-gen-key", name, kind, usage, expiry]);
            self.run(&arguments);
        }
        let listed = String::from_utf8(self.run(&["--with-colons", "--list-keys", "sub@example.com"])).unwrap();
        let sub = listed.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap().trim_end_matches(':');
        self.run(&["--passphrase", "", "--quick-add-key", sub, "ed25519", "sign", "never"]);
        let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
        let public = self.run(&["--export"]);
        write("pub.gpg", &public);
        write("sec.gpg", &self.run(&["--passphrase", PASSPHRASE, "--export-secret-keys"]));
        let [one, two] = ["ed@", "rsa@"].map(|name| self.run(&["--armor", "--export", name]));
        write("pub.asc", &[one.as_slice(), b"and another\n", &two].concat());
        write("rsa.gpg", &self.run(&["--export", "rsa@"]));
        write("dsa-ed.gpg", &[self.run(&["--export", "dsa@"]), self.run(&["--export", "ed@"])].concat());
        write("cut.gpg", public.get(..public.len() / 2).unwrap());
        write("empty.gpg", b"");
        write("text.gpg", b"no keyring at all");
        write("cut.asc", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA!\n");
        write("message.asc", b"-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n");
        fs::copy(self.home.join("pubring.kbx"), folder.join("pub.kbx")).unwrap();
    }

    /// Calls a key back; later keyrings say so.
    pub fn revoke(&self, folder: &Path) {
        let listed = String::from_utf8(self.run(&["--with-colons", "--list-keys", "revoked@example.com"])).unwrap();
        let key = listed.lines().find_map(|line| line.strip_prefix("fpr:::::::::")).unwrap().trim_end_matches(':');
        let text = fs::read_to_string(self.home.join(format!("openpgp-revocs.d/{key}.rev"))).unwrap();
        let file = folder.join("revocation.asc");
        fs::write(&file, text.replace(":-----BEGIN", "-----BEGIN")).unwrap();
        self.run(&["--import", file.to_str().unwrap()]);
        fs::write(folder.join("revoked.gpg"), self.run(&["--export"])).unwrap();
    }

    /// A text signed by a key.
    pub fn sign(&self, key: &str, text: &[u8], more: &[&str]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("text");
        fs::write(&file, text).unwrap();
        let name = format!("{key}@example.com");
        let mut arguments = vec!["--passphrase", PASSPHRASE, "--local-user", &name, "--output", "-"];
        if key == "expired" {
            arguments.extend(["--faked-system-time", "20200601T000000"]);
        }
        arguments.extend(more);
        arguments.extend(["--clearsign", file.to_str().unwrap()]);
        self.run(&arguments)
    }
}

/// Archives with their signatures, good and bad ones, each in a folder of its own.
pub fn archives(gpg: &Gpg, folder: &Path, archive: &[u8]) {
    let digest = String::from_utf8(sha256(archive)).unwrap();
    let body = |files: &str| format!("apiVersion: v2\nname: demo\nversion: 0.1.0\n\n...\n{files}\n").into_bytes();
    let good = body(&format!("files:\n  {ARCHIVE}: sha256:{digest}"));
    let put = |name: &str, archive: &[u8], signature: &[u8]| {
        let folder = folder.join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(ARCHIVE), archive).unwrap();
        fs::write(folder.join(format!("{ARCHIVE}.prov")), signature).unwrap();
    };
    for (key, ..) in KEYS {
        put(key, archive, &gpg.sign(key, &good, &[]));
    }
    let signed = gpg.sign("ed", &good, &[]);
    let text = String::from_utf8(signed.clone()).unwrap();
    let mut changed = archive.to_vec();
    changed.push(0);
    put("changed", &changed, &signed);
    let odd = |name: &str, signature: &[u8]| put(name, archive, signature);
    odd("changed-text", text.replace("0.1.0\n\n...", "0.2.0\n\n...").as_bytes());
    odd("line-ends", text.replace('\n', "\r\n").as_bytes());
    odd("blanks", text.replace("name: demo", "name: demo  \t").as_bytes());
    odd("before", format!("something before\n{text}something behind\n").as_bytes());
    odd("header", text.replace("Hash: SHA512", "Comment: hello").as_bytes());
    odd("hash-header", text.replace("Hash: SHA512", "Hash: MD4").as_bytes());
    odd("no-signature", b"apiVersion: v2\n...\nfiles: {}\n");
    odd("cut", text.get(..text.len() - 40).unwrap().as_bytes());
    odd("empty", b"");
    let start = text.find("-----BEGIN PGP SIGNATURE").unwrap();
    let armored = |armor: &str| format!("{}{armor}", text.get(..start).unwrap());
    odd("no-armor", armored("-----BEGIN PGP SIGNATURE-----\n\n!!!!\n-----END PGP SIGNATURE-----\n").as_bytes());
    odd("no-packet", armored("-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n").as_bytes());
    odd("other-packet", armored("-----BEGIN PGP SIGNATURE-----\n\ntAFh\n-----END PGP SIGNATURE-----\n").as_bytes());
    odd("no-packets", armored("-----BEGIN PGP SIGNATURE-----\n\n\n-----END PGP SIGNATURE-----\n").as_bytes());
    odd("other-name", &gpg.sign("ed", &body(&format!("files:\n  other-0.1.0.tgz: sha256:{digest}")), &[]));
    odd("other-digest", &gpg.sign("ed", &body(&format!("files:\n  {ARCHIVE}: sha256:00")), &[]));
    odd(
        "more-files",
        &gpg.sign("ed", &body(&format!("files:\n  a: b\n  {ARCHIVE}: sha256:{digest}\nimages: {{}}")), &[]),
    );
    odd("no-parts", &gpg.sign("ed", b"apiVersion: v2\n", &[]));
    odd("no-files", &gpg.sign("ed", &body("images: {}"), &[]));
    odd("three-parts", &gpg.sign("ed", &[good.as_slice(), b"\n...\nmore: true\n"].concat(), &[]));
    odd("dashes", &gpg.sign("ed", &[b"- a\n--- b\n".as_slice(), &good].concat(), &[]));
    odd("sha1", &gpg.sign("rsa", &good, &["--digest-algo", "SHA1"]));
    odd("sha256", &gpg.sign("rsa", &good, &["--digest-algo", "SHA256"]));
    odd("sha224", &gpg.sign("rsa", &good, &["--digest-algo", "SHA224"]));
    odd("ripemd", &gpg.sign("rsa", &good, &["--digest-algo", "RIPEMD160"]));
    odd("future", &gpg.sign("ed", &good, &["--faked-system-time", "20400101T000000"]));
    odd("limited", &gpg.sign("old", &good, &["--default-sig-expire", "1d", "--faked-system-time", "20201201T000000"]));
    odd("notation", &gpg.sign("rsa", &good, &["--sig-notation", "a@example.com=b"]));
    odd("critical", &gpg.sign("rsa", &good, &["--sig-notation", "!a@example.com=b"]));
    odd("two", &gpg.sign("rsa", &good, &["--local-user", "ed@example.com"]));
    fs::remove_file(folder.join("empty").join(format!("{ARCHIVE}.prov"))).unwrap();
    fs::create_dir(folder.join("empty").join(format!("{ARCHIVE}.prov"))).unwrap();
    let renamed = folder.join("renamed");
    fs::create_dir(&renamed).unwrap();
    fs::write(renamed.join("demo.tgz"), archive).unwrap();
    fs::write(renamed.join("demo.tgz.prov"), &signed).unwrap();
    fs::write(renamed.join("demo.tar.gz"), archive).unwrap();
    fs::write(renamed.join("alone.tgz"), archive).unwrap();
    fs::write(renamed.join("UPPER.TGZ"), archive).unwrap();
}

/// A digest, in digits.
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut sum = Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    sum.stdin.take().unwrap().write_all(bytes).unwrap();
    sum.wait_with_output().unwrap().stdout.get(..64).unwrap().to_vec()
}
