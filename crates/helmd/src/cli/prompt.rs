//! Asking whoever sits at the terminal.

use super::command::Call;
use helmd_repo::local::go_text;
use std::io::Read as _;

/// What Go says of a file that is no terminal.
const NO_TERMINAL: &str = "inappropriate ioctl for device";

/// Standard input to its end, without the last line break: for `--password-stdin`.
///
/// # Errors
/// The system's words.
pub fn piped() -> Result<String, String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|e| go_text(&e))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

/// A line that is typed.
///
/// # Errors
/// `EOF` when there is none.
pub fn line(call: &mut Call<'_>, prompt: &str) -> Result<String, String> {
    ask(call, prompt)?;
    read_line()
}

/// A line that is typed and not shown.
///
/// # Errors
/// Standard input is no terminal; `EOF`.
pub fn secret(call: &mut Call<'_>, prompt: &str) -> Result<String, String> {
    use rustix::termios::{LocalModes, OptionalActions, isatty, tcgetattr, tcsetattr};
    ask(call, prompt)?;
    let stdin = std::io::stdin();
    if !isatty(&stdin) {
        return Err(NO_TERMINAL.to_owned());
    }
    let failed = |e: rustix::io::Errno| go_text(&std::io::Error::from(e));
    let shown = tcgetattr(&stdin).map_err(failed)?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    hidden.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
    tcsetattr(&stdin, OptionalActions::Now, &hidden).map_err(failed)?;
    let typed = read_line();
    tcsetattr(&stdin, OptionalActions::Now, &shown).map_err(failed)?;
    let typed = typed?;
    call.print(b"\n")?;
    Ok(typed)
}

fn ask(call: &mut Call<'_>, prompt: &str) -> Result<(), String> {
    call.print(prompt.as_bytes())?;
    call.out.flush().map_err(|e| go_text(&e))
}

fn read_line() -> Result<String, String> {
    let mut text = String::new();
    match std::io::stdin().read_line(&mut text) {
        Ok(0) => Err("EOF".to_owned()),
        Ok(_) => Ok(text.trim_end_matches(['\n', '\r']).to_owned()),
        Err(error) => Err(go_text(&error)),
    }
}
