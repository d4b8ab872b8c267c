//! Names of months and days.

pub(super) use gotmpl::fmt::{MONTHS, WEEKDAYS};

/// The name at a 0-based place.
pub(super) fn name(names: &'static [&'static str], index: i64) -> &'static str {
    usize::try_from(index).ok().and_then(|i| names.get(i)).copied().unwrap_or_default()
}
