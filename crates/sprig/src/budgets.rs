//! What regular expressions and keys may cost. The budgets of texts and lists are in [`gotmpl::exec::Limits`].

use gotmpl::exec::{Exceeded, Stopped};
use std::cell::Cell;
use std::rc::Rc;

/// Budgets of the functions about regular expressions, keys and passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Bytes that one compiled regular expression may take. Go's own limits on expressions hold as well.
    pub regex_bytes: usize,
    /// Work of one search: bytes of the text times size of the expression, which is 1 for each 64 bytes of its program.
    pub regex_work: u64,
    /// Making keys and hashing passwords in one render, in about milliseconds of one processor.
    pub crypto_work: u64,
    /// Bits of an RSA key that a template brings along.
    pub key_bits: usize,
}

/// Names of these budgets.
pub mod names {
    /// [`Budgets::regex_bytes`](super::Budgets::regex_bytes)
    pub const REGEX_BYTES: &str = "regex-bytes";
    /// [`Budgets::regex_work`](super::Budgets::regex_work)
    pub const REGEX_WORK: &str = "regex-work";
    /// [`Budgets::crypto_work`](super::Budgets::crypto_work)
    pub const CRYPTO_WORK: &str = "crypto-work";
    /// [`Budgets::key_bits`](super::Budgets::key_bits)
    pub const KEY_BITS: &str = "key-bits";
}

impl Default for Budgets {
    /// Budgets that no real chart reaches.
    fn default() -> Self {
        Budgets { regex_bytes: 64 << 20, regex_work: 4_000_000_000, crypto_work: 300_000, key_bits: 16_384 }
    }
}

/// What keys and passwords have cost so far in one render.
#[derive(Clone)]
pub(crate) struct CryptoWork {
    done: Rc<Cell<u64>>,
    budgets: Budgets,
}

impl CryptoWork {
    pub(crate) fn new(budgets: &Budgets) -> CryptoWork {
        CryptoWork { done: Rc::default(), budgets: budgets.clone() }
    }

    /// Counts work before it is done.
    pub(crate) fn charge(&self, milliseconds: u64) -> Result<(), Stopped> {
        let done = self.done.get().saturating_add(milliseconds);
        self.done.set(done);
        let limit = self.budgets.crypto_work;
        if done > limit {
            let what = "milliseconds of making keys and hashing passwords";
            return Err(Exceeded::new(names::CRYPTO_WORK, limit, what).into());
        }
        Ok(())
    }

    /// Refuses a key of that many bits.
    pub(crate) fn key_bits(&self, bits: usize) -> Result<(), Stopped> {
        let limit = self.budgets.key_bits;
        if bits > limit {
            return Err(Exceeded::new(names::KEY_BITS, limit, "bits in an RSA key").into());
        }
        Ok(())
    }
}
