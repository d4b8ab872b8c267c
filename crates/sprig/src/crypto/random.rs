//! Random texts and numbers, and the host's randomness as the key generators want it.

use crate::args::{INT, STR, int, text};
use crate::host::Host;
use gotmpl::exec::{Cancel, Limits, Stopped};
use gotmpl::strconv::utf8::{push_rune, runes};
use gotmpl::value::CallResult;
use gotmpl::{FuncError, FuncMap, Function, Value};
use rand_core::{TryCryptoRng, TryRng};
use std::convert::Infallible;
use std::rc::Rc;

/// The host's randomness.
#[derive(Clone)]
pub(super) struct Random(Rc<dyn Host>);

impl Random {
    pub fn new(host: &Rc<dyn Host>) -> Random {
        Random(host.clone())
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.random(&mut bytes);
        bytes
    }

    /// A number below `limit`, every one as likely; 0 when `limit` is 0.
    pub fn below(&self, limit: u64) -> u64 {
        // The top of the range that would favour small results is thrown away.
        let zone = u64::MAX - u64::MAX.checked_rem(limit).unwrap_or(0);
        loop {
            let n = u64::from_le_bytes(self.bytes());
            if n < zone || limit == 0 {
                return n.checked_rem(limit).unwrap_or(0);
            }
        }
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.bytes()))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.bytes()))
    }
    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        self.0.random(dst);
        Ok(())
    }
}

impl TryCryptoRng for Random {}

/// Adds the random functions.
pub(super) fn register(map: &mut FuncMap, host: &Rc<dyn Host>) {
    let letters = || (b'A'..=b'Z').chain(b'a'..=b'z');
    add_text(map, host, "randAlpha", letters().collect());
    add_text(map, host, "randAlphaNum", letters().chain(b'0'..=b'9').collect());
    add_text(map, host, "randNumeric", (b'0'..=b'9').collect());
    add_text(map, host, "randAscii", (b' '..=b'~').collect());
    let random = Random::new(host);
    map.add(Function::new("randInt", &[INT, INT], INT, move |_, args| rand_int(&random, int(args, 0), int(args, 1))));
    let random = Random::new(host);
    map.add(Function::new("randBytes", &[INT], STR, move |exec, args| {
        rand_bytes(exec.limits(), &random, int(args, 0))
    }));
    let random = Random::new(host);
    map.add(Function::new("shuffle", &[STR], STR, move |exec, args| {
        Ok(Value::str(shuffled(&exec.limits().cancel, &random, text(args, 0))?))
    }));
    let random = Random::new(host);
    map.add(Function::new("uuidv4", &[], STR, move |_, _| Ok(Value::str(uuid(random.bytes())))));
}

fn add_text(map: &mut FuncMap, host: &Rc<dyn Host>, name: &'static str, letters: Vec<u8>) {
    let random = Random::new(host);
    map.add(Function::new(name, &[INT], STR, move |exec, args| {
        let count = usize::try_from(int(args, 0)).unwrap_or(0);
        let limits = exec.limits();
        limits.text(count)?;
        let limit = u64::try_from(letters.len()).unwrap_or(0);
        let mut text = Vec::with_capacity(count);
        for n in 0..count {
            look(&limits.cancel, n)?;
            text.extend(usize::try_from(random.below(limit)).ok().and_then(|i| letters.get(i)));
        }
        Ok(Value::str(text))
    }));
}

/// Go's `rand.Intn(max-min) + min`.
fn rand_int(random: &Random, min: i64, max: i64) -> CallResult {
    let range = max.wrapping_sub(min);
    match u64::try_from(range) {
        Ok(range) if range > 0 => Ok(Value::int(min.wrapping_add_unsigned(random.below(range)))),
        _ => Err(FuncError::Panic("invalid argument to Intn".to_owned())),
    }
}

fn rand_bytes(limits: &Limits, random: &Random, count: i64) -> CallResult {
    use base64::Engine;
    let count = usize::try_from(count)
        .map_err(|_| FuncError::Panic("runtime error: makeslice: len out of range".to_owned()))?;
    limits.text(count.checked_mul(2))?;
    let mut bytes = vec![0; count];
    random.0.random(&mut bytes);
    Ok(Value::str(base64::engine::general_purpose::STANDARD.encode(bytes)))
}

/// Looks at the token now and then.
fn look(cancel: &Cancel, turn: usize) -> Result<(), Stopped> {
    const TURNS: usize = 4096;
    if turn.is_multiple_of(TURNS) { cancel.check() } else { Ok(()) }
}

/// The characters in another order.
fn shuffled(cancel: &Cancel, random: &Random, text: &[u8]) -> Result<Vec<u8>, Stopped> {
    let mut order: Vec<u32> = runes(text).map(|(_, rune)| rune).collect();
    for last in (1..order.len()).rev() {
        look(cancel, last)?;
        let other = u64::try_from(last + 1).map_or(0, |limit| random.below(limit));
        order.swap(last, usize::try_from(other).unwrap_or(0));
    }
    let mut out = Vec::with_capacity(text.len());
    for rune in order {
        push_rune(&mut out, rune);
    }
    Ok(out)
}

/// A version 4 UUID of these random bits.
fn uuid(bytes: [u8; 16]) -> String {
    let bits = u128::from_be_bytes(bytes) & !(0xf << 76 | 3 << 62) | 4 << 76 | 2 << 62;
    let hex = format!("{bits:032x}");
    let part = |range| hex.get::<std::ops::Range<usize>>(range).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_version_and_variant() {
        assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
    }
}
