//! go-yaml's order of keys: letters by code, numbers in them by value, other characters before letters.

use super::Style;
use regex_syntax::hir::{Class, HirKind};
use std::sync::LazyLock;

/// Sorts by key. go-yaml's order is not transitive for some keys, so this is a merge sort that cannot mind.
pub(crate) fn sort<T>(items: &mut Vec<T>, style: Style, key: impl Fn(&T) -> &str + Copy) {
    let sorted = items.windows(2).all(|w| matches!(w, [a, b] if less(key(a), key(b), style)));
    if !sorted {
        let all = std::mem::take(items);
        *items = merge_sort(all, style, key);
    }
}

fn merge_sort<T>(mut left: Vec<T>, style: Style, key: impl Fn(&T) -> &str + Copy) -> Vec<T> {
    if left.len() < 2 {
        return left;
    }
    let right = left.split_off(left.len() / 2);
    let mut out = Vec::with_capacity(left.len() + right.len());
    let mut left = merge_sort(left, style, key).into_iter().peekable();
    let mut right = merge_sort(right, style, key).into_iter().peekable();
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if less(key(b), key(a), style) { right.next() } else { left.next() };
        out.extend(next);
    }
    out.extend(left);
    out.extend(right);
    out
}

fn less(a: &str, b: &str, style: Style) -> bool {
    let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    if let (Some(x), Some(y)) = (a.as_bytes().get(common), b.as_bytes().get(common))
        && x.is_ascii_alphabetic()
        && y.is_ascii_alphabetic()
    {
        return x < y;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(i) = a.iter().zip(&b).position(|(x, y)| x != y) else { return a.len() < b.len() };
    let (Some(&x), Some(&y)) = (a.get(i), b.get(i)) else { return a.len() < b.len() };
    let (x_letter, y_letter) = (is_letter(x), is_letter(y));
    if x_letter && y_letter {
        return x < y;
    }
    if x_letter || y_letter {
        let after_digit = style == Style::V3 && i > 0 && a.get(i - 1).is_some_and(|c| is_digit(*c));
        return if after_digit { x_letter } else { y_letter };
    }
    // A zero in the middle of a number is a digit like any other, at its start it is not.
    let in_number = (x == '0' || y == '0') && a.iter().take(i).rev().take_while(|c| is_digit(**c)).any(|c| *c != '0');
    let start = i64::from(in_number);
    let (x_number, x_end) = number(&a, i, start);
    let (y_number, y_end) = number(&b, i, start);
    if x_number != y_number {
        return x_number < y_number;
    }
    if x_end != y_end {
        return x_end < y_end;
    }
    x < y
}

/// The number at `from` and where it ends. HELM: digits of other scripts count by their distance from `0`.
fn number(chars: &[char], from: usize, start: i64) -> (i64, usize) {
    let digits = chars.iter().skip(from).take_while(|c| is_digit(**c));
    digits.fold((start, from), |(n, at), c| {
        (n.wrapping_mul(10).wrapping_add(i64::from(u32::from(*c)) - i64::from(b'0')), at + 1)
    })
}

/// Whether Unicode calls it a letter.
pub(crate) fn is_letter(c: char) -> bool {
    static LETTERS: LazyLock<Vec<(char, char)>> = LazyLock::new(|| ranges(r"\p{L}"));
    if c.is_ascii() { c.is_ascii_alphabetic() } else { contains(&LETTERS, c) }
}

fn is_digit(c: char) -> bool {
    static DIGITS: LazyLock<Vec<(char, char)>> = LazyLock::new(|| ranges(r"\p{Nd}"));
    if c.is_ascii() { c.is_ascii_digit() } else { contains(&DIGITS, c) }
}

fn contains(ranges: &[(char, char)], c: char) -> bool {
    ranges
        .binary_search_by(|(from, to)| {
            if *to < c {
                std::cmp::Ordering::Less
            } else if *from > c {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            }
        })
        .is_ok()
}

/// The characters of a Unicode category.
fn ranges(class: &str) -> Vec<(char, char)> {
    match regex_syntax::parse(class).map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(set))) => set.iter().map(|r| (r.start(), r.end())).collect(),
        _ => Vec::new(),
    }
}
