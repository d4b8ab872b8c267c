//! The proleptic Gregorian calendar over any year that 64-bit seconds reach.

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// Unix seconds of January 1, year 1, 00:00:00 UTC: Go's zero time.
pub(super) const ZERO_TIME: i64 = -62_135_596_800;

/// Unix seconds of the first second that Go's calendar reaches.
const FIRST_SECOND: i128 = -9_223_372_028_741_760_000;

/// Days before each month of a common year, and of the year's end.
pub(super) const DAYS_BEFORE: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/// A date and time of day as clocks show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Civil {
    pub year: i64,
    /// 1 to 12
    pub month: i64,
    /// 1 to 31
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    /// 1 to 366
    pub year_day: i64,
    /// 0 is Sunday.
    pub weekday: i64,
}

/// Whether the year has a February 29.
pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The number of days of a month (1 to 12).
pub(super) fn days_in(month: i64, year: i64) -> i64 {
    let before = |m: i64| usize::try_from(m).ok().and_then(|m| DAYS_BEFORE.get(m)).copied().unwrap_or(0);
    before(month) - before(month - 1) + i64::from(month == 2 && is_leap(year))
}

/// Days from 1970-01-01; months and days out of their range carry over.
pub(super) fn days_from(year: i64, month: i64, day: i64) -> i64 {
    let year = year.saturating_add((month - 1).div_euclid(12));
    // Years begin in March, so that the leap day is the last one.
    let month = (month - 1).rem_euclid(12);
    let year = i128::from(if month < 2 { year - 1 } else { year });
    let shifted = i128::from((month + 10) % 12);
    let of_year = (153 * shifted + 2) / 5;
    let days =
        year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year + i128::from(day - 1)
            - 719_468;
    i64::try_from(days).unwrap_or(if days < 0 { i64::MIN / DAY } else { i64::MAX / DAY })
}

/// The clock's reading at a number of seconds since 1970-01-01 00:00:00 of the same clock.
///
/// HELM: Go counts from the year -292277022399 in 64 bits without sign; what lies before it shows as the far future.
pub(super) fn civil(seconds: i128) -> Civil {
    let seconds = if seconds < FIRST_SECOND { seconds + (1 << 64) } else { seconds };
    let days = seconds.div_euclid(i128::from(DAY));
    let of_day = i64::try_from(seconds.rem_euclid(i128::from(DAY))).unwrap_or(0);
    let from_march = days + 719_468;
    let era = from_march.div_euclid(146_097);
    let of_era = i64::try_from(from_march.rem_euclid(146_097)).unwrap_or(0);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let march_day = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * march_day + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = i64::try_from(era * 400).unwrap_or(0) + year_of_era + i64::from(month <= 2);
    let day = march_day - (153 * shifted + 2) / 5 + 1;
    let before = usize::try_from(month - 1).ok().and_then(|m| DAYS_BEFORE.get(m)).copied().unwrap_or(0);
    Civil {
        year,
        month,
        day,
        hour: of_day / 3600,
        minute: of_day / 60 % 60,
        second: of_day % 60,
        year_day: before + day + i64::from(month > 2 && is_leap(year)),
        weekday: i64::try_from((days + 4).rem_euclid(7)).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (days, year, month, day, year_day) in
            [(0, 1970, 1, 1, 1), (-1, 1969, 12, 31, 365), (19_782, 2024, 2, 29, 60), (-719_162, 1, 1, 1, 1)]
        {
            let c = civil(i128::from(days * DAY + 3661));
            assert_eq!(
                (c.year, c.month, c.day, c.year_day, c.hour, c.minute, c.second),
                (year, month, day, year_day, 1, 1, 1)
            );
            assert_eq!(days_from(year, month, day), days);
        }
        assert_eq!(days_from(2023, 14, 31), days_from(2024, 3, 2));
        assert_eq!(civil(0).weekday, 4);
        assert_eq!(days_in(2, 2024), 29);
    }
}
