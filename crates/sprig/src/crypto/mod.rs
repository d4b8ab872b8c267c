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

use crate::host::Host;
use gotmpl::FuncMap;
use std::rc::Rc;

/// Adds the security functions.
pub(crate) fn register(map: &mut FuncMap, host: &Rc<dyn Host>) {
    digest::register(map, host);
    cipher::register(map, host);
    random::register(map, host);
    functions::register(map, host);
}

#[cfg(test)]
mod tests;
