//! Decimal numbers of any length, with the few operations (and the 16 digits of division) of shopspring/decimal.

use std::cmp::Ordering;

/// Digits after the point of a quotient.
const DIVISION_PRECISION: i64 = 16;

/// One digit of [`Big`] in decimal digits.
const LIMB_DIGITS: u32 = 9;
const LIMB: u64 = 1_000_000_000;

/// A natural number, least digit (base 10⁹) first, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Big(Vec<u32>);

impl Big {
    fn from_u64(mut n: u64) -> Big {
        let mut limbs = Vec::new();
        while n > 0 {
            limbs.push((n % LIMB) as u32);
            n /= LIMB;
        }
        Big(limbs)
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn trimmed(mut self) -> Big {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }

    fn limb(&self, n: usize) -> u64 {
        self.0.get(n).copied().map_or(0, u64::from)
    }

    fn cmp(&self, other: &Big) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    fn plus(&self, other: &Big) -> Big {
        let mut carry = 0;
        let mut limbs = Vec::new();
        for n in 0..=self.0.len().max(other.0.len()) {
            let sum = self.limb(n) + other.limb(n) + carry;
            limbs.push((sum % LIMB) as u32);
            carry = sum / LIMB;
        }
        Big(limbs).trimmed()
    }

    /// The difference; `other` is not greater.
    fn minus(&self, other: &Big) -> Big {
        let mut borrow = 0;
        let mut limbs = Vec::new();
        for n in 0..self.0.len() {
            let (have, need) = (self.limb(n), other.limb(n) + borrow);
            borrow = u64::from(have < need);
            limbs.push((have + borrow * LIMB - need) as u32);
        }
        Big(limbs).trimmed()
    }

    fn times(&self, other: &Big) -> Big {
        let mut limbs = vec![0u32; self.0.len() + other.0.len() + 1];
        for (i, a) in self.0.iter().enumerate() {
            let mut carry = 0;
            for j in 0..=other.0.len() {
                if let Some(limb) = limbs.get_mut(i + j) {
                    let sum = u64::from(*limb) + u64::from(*a) * other.limb(j) + carry;
                    *limb = (sum % LIMB) as u32;
                    carry = sum / LIMB;
                }
            }
        }
        Big(limbs).trimmed()
    }

    fn times_small(&self, factor: u64) -> Big {
        self.times(&Big::from_u64(factor))
    }

    fn times_power_of_ten(&self, exponent: u32) -> Big {
        if self.is_zero() {
            return self.clone();
        }
        let mut limbs = vec![0; (exponent / LIMB_DIGITS) as usize];
        limbs.extend_from_slice(&self.0);
        Big(limbs).times_small(10u64.pow(exponent % LIMB_DIGITS))
    }

    /// Quotient and remainder; the divisor is not zero.
    fn divided_by(&self, divisor: &Big) -> (Big, Big) {
        let mut quotient = vec![0u32; self.0.len()];
        let mut rest = Big::default();
        for (at, limb) in self.0.iter().enumerate().rev() {
            rest.0.insert(0, *limb);
            rest = rest.trimmed();
            // The largest digit whose product fits, found by halving: 30 steps.
            let (mut low, mut high) = (0u64, LIMB);
            while high - low > 1 {
                let middle = low.midpoint(high);
                if divisor.times_small(middle).cmp(&rest) == Ordering::Greater {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            rest = rest.minus(&divisor.times_small(low));
            if let Some(digit) = quotient.get_mut(at) {
                *digit = low as u32;
            }
        }
        (Big(quotient).trimmed(), rest)
    }

    fn digits(&self) -> String {
        let mut limbs = self.0.iter().rev();
        let mut text = limbs.next().map_or_else(|| "0".to_owned(), u32::to_string);
        for limb in limbs {
            text.push_str(&format!("{limb:09}"));
        }
        text
    }
}

/// `±value × 10^exponent`
#[derive(Clone, Debug)]
pub(crate) struct Decimal {
    negative: bool,
    value: Big,
    exponent: i64,
}

impl Decimal {
    /// The shortest decimal that reads as this float; `None` for NaN and infinities.
    pub(crate) fn from_float(f: f64) -> Option<Decimal> {
        if !f.is_finite() {
            return None;
        }
        let text = gotmpl::strconv::format_float(f.abs(), b'e', -1, 64);
        let (mantissa, exponent) = text.split_once('e')?;
        let decimals = mantissa.split_once('.').map_or(0, |(_, d)| d.len());
        let digits: u64 = mantissa.replace('.', "").parse().ok()?;
        let exponent = exponent.parse::<i64>().ok()? - i64::try_from(decimals).ok()?;
        let exponent = if digits == 0 { 0 } else { exponent };
        Some(Decimal { negative: f < 0.0, value: Big::from_u64(digits), exponent })
    }

    /// How long the number is, in pieces of nine digits.
    pub(crate) fn length(&self) -> usize {
        self.value.0.len()
    }

    /// The nearest float.
    pub(crate) fn to_float(&self) -> f64 {
        let sign = if self.negative { "-" } else { "" };
        let f: f64 = format!("{sign}{}e{}", self.value.digits(), self.exponent).parse().unwrap_or(f64::NAN);
        if f == 0.0 && self.value.is_zero() { 0.0 } else { f }
    }

    /// The value with a smaller or equal exponent.
    fn scaled_to(&self, exponent: i64) -> Big {
        self.value.times_power_of_ten(u32::try_from(self.exponent - exponent).unwrap_or(0))
    }

    pub(crate) fn plus(&self, other: &Decimal) -> Decimal {
        let exponent = self.exponent.min(other.exponent);
        let (a, b) = (self.scaled_to(exponent), other.scaled_to(exponent));
        let (negative, value) = if self.negative == other.negative {
            (self.negative, a.plus(&b))
        } else if a.cmp(&b) == Ordering::Less {
            (other.negative, b.minus(&a))
        } else {
            (self.negative, a.minus(&b))
        };
        Decimal { negative: negative && !value.is_zero(), value, exponent }
    }

    pub(crate) fn minus(&self, other: &Decimal) -> Decimal {
        self.plus(&Decimal { negative: !other.negative, ..other.clone() })
    }

    pub(crate) fn times(&self, other: &Decimal) -> Decimal {
        let value = self.value.times(&other.value);
        let negative = self.negative != other.negative && !value.is_zero();
        Decimal { negative, value, exponent: self.exponent + other.exponent }
    }

    /// The quotient to 16 digits after the point, half away from zero; `None` for a division by zero.
    pub(crate) fn divided_by(&self, other: &Decimal) -> Option<Decimal> {
        if other.value.is_zero() {
            return None;
        }
        let shift = self.exponent - other.exponent + DIVISION_PRECISION;
        let power = u32::try_from(shift.unsigned_abs()).unwrap_or(u32::MAX);
        let (a, b) = if shift < 0 {
            (self.value.clone(), other.value.times_power_of_ten(power))
        } else {
            (self.value.times_power_of_ten(power), other.value.clone())
        };
        let (mut value, rest) = a.divided_by(&b);
        if rest.times_small(2).cmp(&b) != Ordering::Less {
            value = value.plus(&Big::from_u64(1));
        }
        let negative = self.negative != other.negative && !value.is_zero();
        Some(Decimal { negative, value, exponent: -DIVISION_PRECISION })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(f: f64) -> Decimal {
        Decimal::from_float(f).unwrap()
    }

    #[test]
    fn arithmetic_is_decimal() {
        assert_eq!(d(0.1).plus(&d(0.2)).to_float(), 0.3);
        assert_eq!(d(1.5).minus(&d(3.0)).to_float(), -1.5);
        assert_eq!(d(1.1).times(&d(-1.1)).to_float(), -1.21);
        assert_eq!(d(10.0).divided_by(&d(3.0)).unwrap().to_float(), 3.3333333333333333);
        assert_eq!(d(1e-320).divided_by(&d(1e300)).unwrap().to_float(), 0.0);
        assert_eq!(d(1e300).divided_by(&d(1e-300)).unwrap().to_float(), f64::INFINITY);
        assert!(d(1.0).divided_by(&d(0.0)).is_none());
    }
}
