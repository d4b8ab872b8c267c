//! Comparisons in filters: Go's, where only values of one kind can be compared.

use super::item::Item;
use super::parse::Operator;
use serde_json::Value as Json;
use std::cmp::Ordering;

/// A value that can be compared.
#[derive(PartialEq)]
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(&'a [u8]),
}

/// Whether the comparison holds.
///
/// # Errors
/// Values that Go does not compare.
pub(super) fn holds(operator: &Operator, left: Item<'_>, right: Item<'_>) -> Result<bool, &'static str> {
    let (left, right) = (basic(left)?, basic(right)?);
    Ok(match operator {
        Operator::Equal => equal(&left, &right)?,
        Operator::NotEqual => !equal(&left, &right)?,
        Operator::Less => less(&left, &right)?,
        Operator::LessOrEqual => less(&left, &right)? || equal(&left, &right)?,
        Operator::Greater => !(less(&left, &right)? || equal(&left, &right)?),
        Operator::GreaterOrEqual => !less(&left, &right)?,
        Operator::Exists | Operator::Unknown(_) => true,
    })
}

fn basic(item: Item<'_>) -> Result<Basic<'_>, &'static str> {
    Ok(match item {
        Item::Json(Json::Bool(truth)) => Basic::Bool(*truth),
        Item::Json(Json::Number(n)) => match (n.as_i64(), n.as_u64()) {
            (Some(int), _) => Basic::Int(int),
            (None, Some(int)) => Basic::Uint(int),
            (None, None) => Basic::Float(n.as_f64().unwrap_or_default()),
        },
        Item::Json(Json::String(text)) => Basic::Text(text.as_bytes()),
        Item::Text(text) => Basic::Text(text),
        Item::Int(int) => Basic::Int(int),
        Item::Float(float) => Basic::Float(float),
        Item::Bool(truth) => Basic::Bool(truth),
        Item::Byte(byte) => Basic::Uint(u64::from(byte)),
        Item::Json(_) | Item::Nothing => return Err("invalid type for comparison"),
    })
}

const INCOMPATIBLE: &str = "incompatible types for comparison";

fn equal(left: &Basic<'_>, right: &Basic<'_>) -> Result<bool, &'static str> {
    match (left, right) {
        (Basic::Int(int), Basic::Uint(uint)) | (Basic::Uint(uint), Basic::Int(int)) => {
            Ok(u64::try_from(*int) == Ok(*uint))
        }
        _ if std::mem::discriminant(left) == std::mem::discriminant(right) => Ok(left == right),
        _ => Err(INCOMPATIBLE),
    }
}

fn less(left: &Basic<'_>, right: &Basic<'_>) -> Result<bool, &'static str> {
    let order = match (left, right) {
        (Basic::Bool(_), Basic::Bool(_)) => return Err("invalid type for comparison"),
        (Basic::Int(a), Basic::Int(b)) => Some(a.cmp(b)),
        (Basic::Uint(a), Basic::Uint(b)) => Some(a.cmp(b)),
        (Basic::Int(a), Basic::Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Basic::Uint(a), Basic::Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Basic::Float(a), Basic::Float(b)) => a.partial_cmp(b),
        (Basic::Text(a), Basic::Text(b)) => Some(a.cmp(b)),
        _ => return Err(INCOMPATIBLE),
    };
    Ok(order == Some(Ordering::Less))
}
