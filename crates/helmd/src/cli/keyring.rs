//! Which keys a command verifies or signs with.

use super::command::Call;
use super::flags::Matches;
use super::prompt;
use crate::environment::variable;
use gotmpl::strconv::quote;
use helmd_action::{Outside as _, System};
use helmd_chart::HelmMajor;
use helmd_repo::Keys;
use helmd_repo::local::go_text;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

/// Longest passphrase that is read.
const PASSPHRASE_BYTES: u64 = 4096;

/// The keyring of the flags, else GnuPG's.
pub fn keys(matches: &Matches, helm: HelmMajor) -> Keys {
    let keyring = if matches.is_set("keyring") { matches.text("keyring").into() } else { gnupg(helm) };
    Keys { keyring, helm, now: System.now().as_second() }
}

/// GnuPG's keyring: the old file where there is one, else, for version 4, the keybox.
fn gnupg(helm: HelmMajor) -> PathBuf {
    let home = || Path::new(&variable("HOME").unwrap_or_default()).join(".gnupg");
    let folder = variable("GNUPGHOME").map_or_else(home, PathBuf::from);
    let (old, keybox) = (folder.join("pubring.gpg"), folder.join("pubring.kbx"));
    let missing =
        |path: &Path| std::fs::metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    if helm == HelmMajor::Helm4 && missing(&old) && !missing(&keybox) { keybox } else { old }
}

/// The first line of a file; of a pipe to standard input for `-`.
///
/// # Errors
/// In Helm's words.
pub fn passphrase_of(file: &str) -> Result<Vec<u8>, String> {
    if file != "-" {
        return first_line(std::fs::File::open(file).map_err(|e| format!("open {file}: {}", go_text(&e)))?);
    }
    if !is_pipe() {
        return Err("specified reading passphrase from stdin, without input on stdin".to_owned());
    }
    first_line(std::io::stdin().lock())
}

#[cfg(unix)]
fn is_pipe() -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    std::fs::metadata("/dev/stdin").is_ok_and(|stdin| stdin.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe() -> bool {
    !std::io::IsTerminal::is_terminal(&std::io::stdin())
}

fn first_line(from: impl Read) -> Result<Vec<u8>, String> {
    let mut line = Vec::new();
    let read = BufReader::new(from.take(PASSPHRASE_BYTES)).read_until(b'\n', &mut line).map_err(|e| go_text(&e))?;
    if read == 0 {
        return Err("EOF".to_owned());
    }
    if line.ends_with(b"\n") {
        line.pop();
        if line.ends_with(b"\r") {
            line.pop();
        }
    }
    Ok(line)
}

/// Asks for the passphrase of a key.
///
/// # Errors
/// Nobody is there to ask.
pub fn ask_passphrase(call: &mut Call<'_>, name: &str) -> Result<Vec<u8>, String> {
    let typed = prompt::secret(call, &format!("Password for key {} >  ", quote(name)));
    if typed.is_err() {
        call.print(b"\n")?;
    }
    typed.map(String::into_bytes)
}
