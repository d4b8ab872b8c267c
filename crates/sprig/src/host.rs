//! What template functions may ask of the outside: the clock, the zone, randomness, name lookups.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The outside world as templates see it. The engine's caller supplies it; nothing in this crate reads a clock,
/// an environment or a network by itself.
pub trait Host {
    /// The current time (`now`, `ago`, certificates).
    fn now(&self) -> Timestamp;
    /// The zone that `date` and friends use when a template names none.
    fn local_zone(&self) -> TimeZone;
    /// Fills `buf` with random bytes (`randAlpha`, keys, `uuidv4`).
    fn random(&self, buf: &mut [u8]);
    /// One address of a host name (`getHostByName`); `None` when lookups are off or the name has no address.
    fn resolve_host(&self, name: &str) -> Option<String>;
}

/// A host that always answers the same: for tests and reproducible renders.
#[derive(Clone, Debug)]
pub struct FixedHost {
    /// What [`Host::now`] gives.
    pub now: Timestamp,
    /// What [`Host::local_zone`] gives.
    pub zone: TimeZone,
    /// Where the pseudo-random sequence starts; each call of [`Host::random`] goes on with it.
    seed: std::cell::Cell<u64>,
}

impl FixedHost {
    /// A host at this time, in UTC.
    pub fn new(now: Timestamp) -> FixedHost {
        FixedHost { now, zone: TimeZone::UTC, seed: std::cell::Cell::new(0) }
    }
}

impl Default for FixedHost {
    fn default() -> FixedHost {
        FixedHost::new(Timestamp::UNIX_EPOCH)
    }
}

impl Host for FixedHost {
    fn now(&self) -> Timestamp {
        self.now
    }
    fn local_zone(&self) -> TimeZone {
        self.zone.clone()
    }
    fn random(&self, buf: &mut [u8]) {
        // SplitMix64: well spread, no state beyond a counter.
        for chunk in buf.chunks_mut(8) {
            let next = self.seed.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            self.seed.set(next);
            let mut z = next;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            for (b, r) in chunk.iter_mut().zip(z.to_le_bytes()) {
                *b = r;
            }
        }
    }
    fn resolve_host(&self, _name: &str) -> Option<String> {
        None
    }
}
