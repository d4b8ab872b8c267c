//! Numbers: conversions by the rules of spf13/cast, integer and decimal arithmetic, rounding, sequences.

use crate::args::{ANY, FLOAT, INT, INT64, Register, STR, any, float, int, panic, tail, text};
use crate::decimal::Decimal;
use gotmpl::exec::Limits;
use gotmpl::strconv;
use gotmpl::value::{CallResult, types};
use gotmpl::{FuncError, FuncMap, GoType, List, Value};

pub(crate) fn add(map: &mut FuncMap) {
    conversions(map);
    integers(map);
    decimals(map);
    rounding(map);
    sequences(map);
}

fn is_named(ty: &GoType, names: &[&str]) -> bool {
    names.contains(&ty.name)
}

/// Go's `int64(f)` on amd64: what does not fit is the smallest integer.
pub(crate) fn truncate(f: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&f) { f as i64 } else { i64::MIN }
}

/// `cast.ToInt64`: 0 for what is no number.
pub(crate) fn to_int64(value: &Value) -> i64 {
    match value {
        // HELM: a `time.Duration` is none of the types that cast knows.
        Value::Int(ty, _) if is_named(ty, &["time.Duration"]) => 0,
        Value::Int(_, i) => *i,
        Value::Uint(_, u) => *u as i64,
        Value::Float(_, f) => truncate(*f),
        Value::Bool(b) => i64::from(*b),
        Value::String(s) => strconv::parse_int(without_zero_decimals(s), 0, 64).unwrap_or(0),
        _ => 0,
    }
}

/// `cast.ToFloat64`: 0 for what is no number.
pub(crate) fn to_float64(value: &Value) -> f64 {
    match value {
        Value::Int(ty, _) if is_named(ty, &["time.Duration"]) => 0.0,
        Value::Int(_, i) => *i as f64,
        Value::Uint(_, u) => *u as f64,
        Value::Float(_, f) => *f,
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::String(s) => strconv::parse_float(s, 64).unwrap_or(0.0),
        _ => 0.0,
    }
}

/// The text without `.0…` at its end.
fn without_zero_decimals(s: &[u8]) -> &[u8] {
    let zeros = s.iter().rev().take_while(|b| **b == b'0').count();
    let head = s.get(..s.len() - zeros).unwrap_or(s);
    match head.strip_suffix(b".") {
        Some(whole) if zeros > 0 => whole,
        _ => s,
    }
}

fn conversions(map: &mut FuncMap) {
    map.plain("int64", &[ANY], INT64, |a| Ok(Value::int64(to_int64(any(a, 0)))));
    map.plain("int", &[ANY], INT, |a| Ok(Value::int(to_int64(any(a, 0)))));
    map.plain("float64", &[ANY], FLOAT, |a| Ok(Value::float(to_float64(any(a, 0)))));
    // HELM: errors are dropped, so a number beyond the range gives the nearest one.
    map.plain("atoi", &[STR], INT, |a| Ok(Value::int(strconv::atoi_clamped(text(a, 0)).0)));
    map.plain("toDecimal", &[ANY], INT64, |a| {
        let printed = match any(a, 0) {
            // What prints as something else than digits gives 0.
            Value::Map(_) | Value::List(_) => return Ok(Value::int64(0)),
            value => gotmpl::fmt::sprint(std::slice::from_ref(value)),
        };
        Ok(Value::int64(strconv::parse_int(printed, 8, 64).unwrap_or(0)))
    });
}

fn fold(args: &[Value], f: fn(i64, i64) -> i64) -> CallResult {
    Ok(Value::int64(tail(args, 1).iter().map(to_int64).fold(to_int64(any(args, 0)), f)))
}

fn integers(map: &mut FuncMap) {
    map.plain("add1", &[ANY], INT64, |a| Ok(Value::int64(to_int64(any(a, 0)).wrapping_add(1))));
    map.rest("add", &[ANY], INT64, |a| Ok(Value::int64(a.iter().map(to_int64).fold(0, i64::wrapping_add))));
    map.plain("sub", &[ANY, ANY], INT64, |a| fold(a, i64::wrapping_sub));
    map.rest("mul", &[ANY, ANY], INT64, |a| fold(a, i64::wrapping_mul));
    map.plain("div", &[ANY, ANY], INT64, |a| divide(a, i64::wrapping_div));
    map.plain("mod", &[ANY, ANY], INT64, |a| divide(a, i64::wrapping_rem));
    map.rest("max", &[ANY, ANY], INT64, |a| fold(a, i64::max));
    map.rest("biggest", &[ANY, ANY], INT64, |a| fold(a, i64::max));
    map.rest("min", &[ANY, ANY], INT64, |a| fold(a, i64::min));
}

fn divide(args: &[Value], f: fn(i64, i64) -> i64) -> CallResult {
    if to_int64(any(args, 1)) == 0 {
        return panic("runtime error: integer divide by zero");
    }
    fold(args, f)
}

type DecimalOp = fn(&Decimal, &Decimal) -> Option<Decimal>;

/// Applies `f` from left to right on the decimal values of floats.
fn fold_decimals(limits: &Limits, first: f64, rest: &[Value], f: DecimalOp) -> CallResult {
    let decimal = |value: f64| {
        Decimal::from_float(value).ok_or_else(|| {
            let printed = gotmpl::fmt::format_v(&Value::float(value));
            FuncError::Panic(format!("Cannot create a Decimal from {}", gotmpl::strconv::utf8::to_text(&printed)))
        })
    };
    let mut result = decimal(first)?;
    let mut comparing = limits.comparing();
    for value in rest {
        // The numbers grow with every factor, and division takes time with the square of their length.
        comparing.add(result.length().saturating_mul(result.length()))?;
        match f(&result, &decimal(to_float64(value))?) {
            Some(next) => result = next,
            None => return panic("decimal division by 0"),
        }
    }
    Ok(Value::float(result.to_float()))
}

fn decimals(map: &mut FuncMap) {
    const SUM: DecimalOp = |x, y| Some(x.plus(y));
    fn fold(limits: &Limits, args: &[Value], f: DecimalOp) -> CallResult {
        fold_decimals(limits, to_float64(any(args, 0)), tail(args, 1), f)
    }
    map.bounded("add1f", &[ANY], FLOAT, |l, a| fold_decimals(l, to_float64(any(a, 0)), &[Value::int(1)], SUM));
    map.bounded_rest("addf", &[ANY], FLOAT, |l, a| fold_decimals(l, 0.0, a, SUM));
    map.bounded_rest("subf", &[ANY, ANY], FLOAT, |l, a| fold(l, a, |x, y| Some(x.minus(y))));
    map.bounded_rest("mulf", &[ANY, ANY], FLOAT, |l, a| fold(l, a, |x, y| Some(x.times(y))));
    map.bounded_rest("divf", &[ANY, ANY], FLOAT, |l, a| fold(l, a, Decimal::divided_by));
}

/// Go's `math.Max` (`pick` 1) and `math.Min` (`pick` -1): NaN wins but for the infinity in question, 0 is above -0.
fn extreme(x: f64, y: f64, pick: f64) -> f64 {
    let limit = f64::INFINITY * pick;
    if x == limit || y == limit {
        limit
    } else if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x == 0.0 && y == 0.0 {
        if x.is_sign_negative() == (pick < 0.0) { x } else { y }
    } else if (x > y) == (pick > 0.0) {
        x
    } else {
        y
    }
}

fn rounding(map: &mut FuncMap) {
    map.rest("maxf", &[ANY, ANY], FLOAT, |a| {
        Ok(Value::float(tail(a, 1).iter().map(to_float64).fold(to_float64(any(a, 0)), |x, y| extreme(x, y, 1.0))))
    });
    map.rest("minf", &[ANY, ANY], FLOAT, |a| {
        Ok(Value::float(tail(a, 1).iter().map(to_float64).fold(to_float64(any(a, 0)), |x, y| extreme(x, y, -1.0))))
    });
    map.plain("floor", &[ANY], FLOAT, |a| Ok(Value::float(to_float64(any(a, 0)).floor())));
    map.plain("ceil", &[ANY], FLOAT, |a| Ok(Value::float(to_float64(any(a, 0)).ceil())));
    map.rest("round", &[ANY, INT, FLOAT], FLOAT, |a| {
        let up_from = if a.len() > 2 { float(a, 2) } else { 0.5 };
        let power = power_of_ten(int(a, 1));
        let digits = power * to_float64(any(a, 0));
        let rounded = if digits - digits.trunc() >= up_from { digits.ceil() } else { digits.floor() };
        Ok(Value::float(rounded / power))
    });
}

/// Go's `math.Pow(10, n)`, whose last bits differ from the C library's.
fn power_of_ten(n: i64) -> f64 {
    // 10 as a fraction in [0.5, 1) and a power of two.
    let (mut square, mut square_exp) = (0.625f64, 4i64);
    let (mut result, mut exp) = (1.0f64, 0i64);
    let mut left = n.unsigned_abs();
    while left != 0 {
        if !(-(1 << 12)..=1 << 12).contains(&square_exp) {
            exp += square_exp;
            break;
        }
        if left & 1 == 1 {
            result *= square;
            exp += square_exp;
        }
        square *= square;
        square_exp <<= 1;
        if square < 0.5 {
            square += square;
            square_exp -= 1;
        }
        left >>= 1;
    }
    if n < 0 {
        result = 1.0 / result;
        exp = -exp;
    }
    scaled(result, exp)
}

/// `f` times two to the `exp`, rounded once.
fn scaled(mut f: f64, exp: i64) -> f64 {
    let two = |n: i64| f64::from_bits(((n + 1023) as u64) << 52);
    let mut exp = exp.clamp(-2200, 2200);
    while exp > 1000 {
        f *= two(1000);
        exp -= 1000;
    }
    if exp < -1000 {
        // Down to the edge of the normal numbers without loss, then one rounding step.
        while exp < -1900 {
            f *= two(-900);
            exp += 900;
        }
        f *= two(-900);
        exp += 900;
    }
    f * two(exp)
}

fn sequences(map: &mut FuncMap) {
    map.bounded("until", &[INT], types::LIST_INT, |limits, a| {
        let count = int(a, 0);
        steps(limits, 0, count, if count < 0 { -1 } else { 1 }).map(ints)
    });
    map.bounded("untilStep", &[INT, INT, INT], types::LIST_INT, |limits, a| {
        steps(limits, int(a, 0), int(a, 1), int(a, 2)).map(ints)
    });
    map.bounded_rest("seq", &[INT], STR, |limits, a| {
        let numbers = sequence(limits, a)?;
        Ok(Value::str(numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")))
    });
}

fn ints(numbers: Vec<i64>) -> Value {
    Value::List(List::new(types::LIST_INT, numbers.into_iter().map(Value::int).collect()))
}

/// From `start` up or down to before `stop`; nothing when `step` leads away.
fn steps(limits: &Limits, start: i64, stop: i64, step: i64) -> Result<Vec<i64>, FuncError> {
    let mut numbers = Vec::new();
    let mut next = start;
    while if stop < start { step < 0 && next > stop } else { step > 0 && next < stop } {
        limits.items(numbers.len() + 1)?;
        numbers.push(next);
        match next.checked_add(step) {
            Some(n) => next = n,
            None => break,
        }
    }
    Ok(numbers)
}

/// The numbers of `seq [first [step]] last`.
fn sequence(limits: &Limits, args: &[Value]) -> Result<Vec<i64>, FuncError> {
    let (start, step, end) = match args.len() {
        1 => (1, None, int(args, 0)),
        2 => (int(args, 0), None, int(args, 1)),
        3 => (int(args, 0), Some(int(args, 1)), int(args, 2)),
        _ => return Ok(Vec::new()),
    };
    let unit = if end < start { -1 } else { 1 };
    if end < start && step.is_some_and(|step| step > 0) {
        return Ok(Vec::new());
    }
    steps(limits, start, end.wrapping_add(unit), step.unwrap_or(unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_cast() {
        assert_eq!(to_int64(&"12.00".into()), 12);
        assert_eq!(to_int64(&"0x10".into()), 16);
        assert_eq!(to_int64(&"1.5".into()), 0);
        assert_eq!(to_int64(&Value::float(1e300)), i64::MIN);
    }

    #[test]
    fn powers_of_ten() {
        for n in [-320i64, -300, -5, 0, 1, 5, 22, 100, 308, 400] {
            let exact: f64 = format!("1e{n}").parse().unwrap();
            let got = power_of_ten(n);
            assert!(
                got == exact || ((got - exact) / exact).abs() < 1e-14 || exact == 0.0 || got < 1e-300,
                "{n}: {got}"
            );
        }
        assert_eq!(power_of_ten(i64::MAX), f64::INFINITY);
        assert_eq!(power_of_ten(i64::MIN), 0.0);
    }

    #[test]
    fn sequences_are_bounded() {
        let limits = Limits { items: 10, ..Limits::default() };
        assert!(steps(&limits, 0, i64::MAX, 1).is_err());
        assert_eq!(steps(&limits, 0, 10, 1).unwrap().len(), 10);
        assert_eq!(steps(&limits, 0, -3, -2).unwrap(), [0, -2]);
    }
}
