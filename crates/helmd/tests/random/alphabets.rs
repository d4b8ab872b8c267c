//! `randAlpha` and its family: which characters come, and how often.

use crate::{helm4, helmd, render, render_after};
use base64::Engine as _;
use serde_json::json;
use std::collections::BTreeMap;

const COUNT: usize = 40_000;

const FAMILY: &[(&str, &str)] = &[
    ("randAlpha", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    ("randAlphaNum", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    ("randNumeric", "0123456789"),
    ("randAscii", " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"),
];

/// Whether all kinds come equally often: chi squared stays within six deviations of its mean.
fn is_even<K: Ord>(counts: &BTreeMap<K, usize>, kinds: usize) -> bool {
    let total: usize = counts.values().sum();
    let expected = total as f64 / kinds as f64;
    let missing = (kinds - counts.len()) as f64 * expected;
    let chi: f64 = counts.values().map(|n| (*n as f64 - expected).powi(2) / expected).sum::<f64>() + missing;
    let freedom = (kinds - 1) as f64;
    chi < freedom + 6.0 * (2.0 * freedom).sqrt()
}

fn counts<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_insert(0) += 1;
    }
    counts
}

#[test]
fn letters_come_equally_often() {
    let programs = [Some(helmd()), helm4()];
    for program in programs.iter().flatten() {
        for (function, alphabet) in FAMILY {
            let text = render(program, &format!("{function} {COUNT}"), &json!({}));
            assert_eq!(text.chars().count(), COUNT, "{function}");
            let counts = counts(text.chars());
            assert_eq!(counts.keys().collect::<String>(), *alphabet, "{function}");
            assert!(is_even(&counts, alphabet.len()), "{function} of {}: {counts:?}", program.display());
        }
    }
}

#[test]
fn bytes_come_equally_often() {
    let text = render(&helmd(), &format!("randBytes {COUNT}"), &json!({}));
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    assert_eq!(bytes.len(), COUNT);
    assert!(is_even(&counts(bytes), 256));
}

#[test]
fn numbers_stay_in_their_range() {
    let before = "{{- $n := list }}{{ range until 3000 }}{{ $n = append $n (randInt 5 15) }}{{ end -}}\n";
    let list = render_after(&helmd(), before, "join \",\" $n", &json!({}));
    let numbers: Vec<u32> = list.split(',').filter_map(|n| n.parse().ok()).collect();
    assert_eq!(numbers.len(), 3000);
    let counts = counts(numbers);
    assert_eq!((counts.keys().min(), counts.keys().max()), (Some(&5), Some(&14)));
    assert!(is_even(&counts, 10), "{counts:?}");
}

#[test]
fn identifiers_are_version_4() {
    let text = render(&helmd(), "uuidv4", &json!({}));
    let parts: Vec<&str> = text.split('-').collect();
    assert_eq!(parts.iter().map(|p| p.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    assert!(text.chars().all(|c| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c)), "{text}");
    assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']), "{text}");
}

#[test]
fn now_is_now() {
    let seconds: i64 = render(&helmd(), "now.Unix", &json!({})).parse().unwrap();
    let apart = jiff::Timestamp::now().as_second() - seconds;
    assert!((0..60).contains(&apart), "{apart}");
    let text = render(&helmd(), "now", &json!({}));
    assert!(text.contains(" +0000 UTC m=+0."), "{text}");
    let text = render(&helmd(), "now | date \"2006-01-02T15:04:05Z07:00\"", &json!({}));
    assert!(text.parse::<jiff::Timestamp>().is_ok(), "{text}");
}
