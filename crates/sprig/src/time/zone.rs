//! Go's `*time.Location`s.

use gotmpl::GoString;
use gotmpl::value::{GoType, Kind, Object};
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::any::Any;
use std::rc::Rc;

/// Where a time is shown.
#[derive(Clone, Debug)]
pub enum Zone {
    /// `time.UTC`
    Utc,
    /// `time.Local`
    Local(TimeZone),
    /// A zone of the database, by its name.
    Named(Rc<str>, TimeZone),
    /// `time.FixedZone`: a name (may be empty) and seconds east of UTC.
    Fixed(Rc<str>, i64),
}

/// How many changes of a zone's clocks are looked at in each direction; no zone has had more.
const MAX_TRANSITIONS: usize = 300;

impl Zone {
    /// The zone that `time.LoadLocation` finds; `None` when there is none of that name.
    pub fn load(name: &[u8], local: &TimeZone) -> Option<Zone> {
        match std::str::from_utf8(name).ok()? {
            "" | "UTC" => Some(Zone::Utc),
            "Local" => Some(Zone::Local(local.clone())),
            other => {
                let zone = TimeZoneDatabase::bundled().get(other).ok()?;
                // Go looks a file up, so letter case matters to it.
                let known = zone.iana_name().is_some_and(|n| n == other);
                known.then(|| Zone::Named(Rc::from(other), zone))
            }
        }
    }

    /// Seconds east of UTC and abbreviation at a Unix time.
    pub fn at(&self, unix: i64) -> (i64, String) {
        let zone = match self {
            Zone::Utc => return (0, "UTC".to_owned()),
            Zone::Fixed(name, offset) => return (*offset, name.to_string()),
            Zone::Local(zone) | Zone::Named(_, zone) => zone,
        };
        let info = zone.to_offset_info(clamped(unix));
        (i64::from(info.offset().seconds()), info.abbreviation().to_owned())
    }

    /// Whether daylight saving time is on at a Unix time.
    pub fn is_dst(&self, unix: i64) -> bool {
        match self {
            Zone::Utc | Zone::Fixed(..) => false,
            Zone::Local(zone) | Zone::Named(_, zone) => zone.to_offset_info(clamped(unix)).dst().is_dst(),
        }
    }

    /// The Unix time at which this zone's clocks show `shown` (seconds since 1970 of that clock).
    pub fn unix_of(&self, shown: i64) -> i64 {
        let guess = shown.saturating_sub(self.at(shown).0);
        shown.saturating_sub(self.at(guess).0)
    }

    /// The offset that an abbreviation stands for near the Unix time that the zone's clocks show as `shown`.
    pub fn offset_of_name(&self, name: &str, shown: i64) -> Option<i64> {
        let (Zone::Local(zone) | Zone::Named(_, zone)) = self else {
            return None;
        };
        let around = clamped(shown);
        // From the oldest on, as the zone files list them.
        let mut periods: Vec<_> = zone.preceding(around).take(MAX_TRANSITIONS).collect();
        periods.reverse();
        periods.extend(zone.following(around).take(MAX_TRANSITIONS));
        let named = periods.iter().filter(|p| p.abbreviation() == name).map(|p| i64::from(p.offset().seconds()));
        let (first, first_name) = self.at(i64::MIN);
        let known: Vec<i64> = (first_name == name).then_some(first).into_iter().chain(named).collect();
        // Any zone of that name leads to the time; the offset is the one that is in effect then.
        let in_effect = known.iter().map(|offset| self.at(shown - offset)).find(|(_, here)| here == name);
        in_effect.map(|(offset, _)| offset).or(known.first().copied())
    }

    /// `Location.String`
    pub fn name(&self) -> &str {
        match self {
            Zone::Utc => "UTC",
            Zone::Local(_) => "Local",
            Zone::Named(name, _) | Zone::Fixed(name, _) => name,
        }
    }
}

/// The time by which a zone's rules are looked up. The calendar repeats every 400 years, and so do the rules of the far
/// future, which the zone database does not reach itself; the far past has only one rule.
fn clamped(unix: i64) -> Timestamp {
    const PERIOD: i64 = 146_097 * 86_400;
    let unix = if unix > 10 * PERIOD { unix % PERIOD + PERIOD } else { unix };
    Timestamp::from_second(unix).unwrap_or(Timestamp::MIN)
}

static LOCATION_STRUCT: GoType = GoType { name: "time.Location", kind: Kind::Struct, elem: None };

/// `*time.Location`
pub(super) static LOCATION: GoType = GoType { name: "*time.Location", kind: Kind::Ptr, elem: Some(&LOCATION_STRUCT) };

/// A location as a template value.
pub(super) struct Location(pub Zone);

impl Object for Location {
    fn go_type(&self) -> &'static GoType {
        &LOCATION
    }
    fn string(&self) -> Option<GoString> {
        Some(self.0.name().into())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
