use super::*;
use gotmpl::Value;
use gotmpl::fmt::format_v;
use jiff::tz::TimeZone;

fn utc() -> Zone {
    Zone::Local(TimeZone::UTC)
}

fn shown(layout: &str, value: &str) -> String {
    match parse_in(layout.as_bytes(), value.as_bytes(), &utc()) {
        Ok(moment) => String::from_utf8(format_v(&moment.into_value())).unwrap(),
        Err(e) => e.to_string(),
    }
}

#[test]
fn parses_and_prints_as_go() {
    for (layout, value, want) in [
        ("2006-01-02", "2024-02-30", "parsing time \"2024-02-30\": day out of range"),
        ("2006-01-02", "2024-13-01", "parsing time \"2024-13-01\": month out of range"),
        ("2006-01-02", "2024-01-01x", "parsing time \"2024-01-01x\": extra text: \"x\""),
        ("2006-01-02", "", "parsing time \"\" as \"2006-01-02\": cannot parse \"\" as \"2006\""),
        ("Jan", "Foo", "parsing time \"Foo\" as \"Jan\": cannot parse \"Foo\" as \"Jan\""),
        ("", "", "0000-01-01 00:00:00 +0000 UTC"),
        ("2006-01-02T15:04:05Z07:00", "2024-01-02T03:04:05+02:00", "2024-01-02 03:04:05 +0200 +0200"),
        ("2006-01-02T15:04:05Z07:00", "2024-01-02T03:04:05.25Z", "2024-01-02 03:04:05.25 +0000 UTC"),
        ("2006 002", "2024 060", "2024-02-29 00:00:00 +0000 UTC"),
        ("Jan _2 3:04PM 2006", "feb  3 12:05AM 2024", "2024-02-03 00:05:00 +0000 UTC"),
        ("15:04 MST", "10:11 EST", "0000-01-01 10:11:00 +0000 EST"),
        ("15:04 MST", "10:11 GMT+3", "0000-01-01 13:11:00 +0300 GMT+3"),
    ] {
        assert_eq!(shown(layout, value), want, "{layout} {value}");
    }
}

#[test]
fn go_syntax_and_far_years_as_go() {
    let shown = |layout: &str, value: &str| {
        let moment = parse_in(layout.as_bytes(), value.as_bytes(), &utc()).unwrap();
        String::from_utf8(gotmpl::fmt::sprintf(b"%#v", &[moment.into_value()])).unwrap()
    };
    assert_eq!(shown("", ""), "time.Date(0, time.January, 1, 0, 0, 0, 0, time.Local)");
    assert_eq!(
        shown("2006-01-02T15:04:05Z07:00", "2024-12-31T01:02:03.5Z"),
        "time.Date(2024, time.December, 31, 1, 2, 3, 500000000, time.UTC)"
    );
    // Go's calendar has no room before the year -292277022399.
    assert_eq!(Moment::new(i64::MIN, 0, Zone::Utc).format(b"2006-01-02"), b"292277026596-12-04");
    assert_eq!(Moment::new(i64::MAX, 0, Zone::Utc).format(b"2006-01-02"), b"292277026596-12-04");
}

#[test]
fn zones_as_go() {
    let moment = Moment::new(1_720_000_000, 0, Zone::Utc);
    let zone = |name: &str| Zone::load(name.as_bytes(), &TimeZone::UTC);
    for (name, want) in [
        ("Europe/Paris", "11:46 CEST +0200"),
        ("Australia/Sydney", "19:46 AEST +1000"),
        ("", "09:46 UTC +0000"),
        ("America/Sao_Paulo", "06:46 -03 -0300"),
    ] {
        let text = moment.in_zone(zone(name).unwrap()).format(b"15:04 MST -0700");
        assert_eq!(String::from_utf8_lossy(&text), want);
    }
    assert!(zone("europe/paris").is_none());
    assert!(zone("Nope/Zone").is_none());
    let paris = zone("Europe/Paris").unwrap();
    let summer = parse_in(b"2006-01-02 15:04", b"2024-03-31 02:30", &paris).unwrap();
    assert_eq!(String::from_utf8_lossy(&summer.format(b"15:04 MST")), "03:30 CEST");
}

#[test]
fn now_shows_the_monotonic_clock() {
    let now = Moment::now(jiff::Timestamp::UNIX_EPOCH, utc(), 5);
    let text = format_v(&Value::Object(std::rc::Rc::new(now)));
    assert_eq!(String::from_utf8_lossy(&text), "1970-01-01 00:00:00 +0000 UTC m=+0.000000005");
}

#[test]
fn json_has_four_digits_for_years() {
    let json = |layout: &str, value: &str| {
        let moment = parse_in(layout.as_bytes(), value.as_bytes(), &utc()).unwrap().add(-1);
        gotmpl::json::marshal(&moment.into_value()).map_or_else(|e| e.to_string(), |b| String::from_utf8(b).unwrap())
    };
    let marshal = "json: error calling MarshalJSON for type time.Time: Time.MarshalJSON:";
    assert_eq!(json("2006", "0000"), format!("{marshal} year outside of range [0,9999]"));
    assert_eq!(json("2006", "0001"), "\"0000-12-31T23:59:59.999999999Z\"");
    assert_eq!(json("2006 -0700", "2024 +2400"), format!("{marshal} timezone hour outside of range [0,23]"));
}
