//! sprig's security functions: hashes, passwords, ciphers, keys, certificates, random texts.
//!
//! All randomness comes from the host. Nothing here is for protecting secrets within this process: the results are text
//! that a chart prints.

mod certificate;
mod cipher;
mod der;
mod digest;
mod functions;
mod key;
mod pem;
mod random;

use crate::budgets::{Budgets, CryptoWork};
use crate::host::Host;
use gotmpl::exec::Stopped;
use gotmpl::{FuncError, FuncMap};
use std::rc::Rc;

/// Why a key or certificate was not made.
#[derive(Debug)]
enum Failure {
    /// A sentence, which goes into the template's error.
    Text(String),
    /// A budget, or the cancellation.
    Stopped(Stopped),
}

impl Failure {
    /// The sentence after these words; a budget needs none.
    fn after(self, words: &str) -> Failure {
        match self {
            Failure::Text(text) => Failure::Text(format!("{words}: {text}")),
            stopped => stopped,
        }
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Failure::Text(text)
    }
}

impl From<&str> for Failure {
    fn from(text: &str) -> Self {
        Failure::Text(text.to_owned())
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        Failure::Stopped(stopped)
    }
}

impl From<Failure> for FuncError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Text(text) => FuncError::Text(text),
            Failure::Stopped(stopped) => FuncError::Stopped(stopped),
        }
    }
}

/// Adds the security functions.
pub(crate) fn register(map: &mut FuncMap, host: &Rc<dyn Host>, budgets: &Budgets) {
    let work = CryptoWork::new(budgets);
    digest::register(map, host, &work);
    cipher::register(map, host);
    random::register(map, host);
    functions::register(map, host, &work);
}

#[cfg(test)]
mod tests;
