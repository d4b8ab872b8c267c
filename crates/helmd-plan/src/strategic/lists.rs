//! Lists in patches: their element types, keys and orders.

use super::error::StrategicError;
use crate::go_text::{go_text, go_type};
use serde_json::{Map, Value as Json};

type Result<T> = std::result::Result<T, StrategicError>;

/// What the elements of a list are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Elements {
    Objects,
    Scalars,
}

pub(super) fn as_map(value: &Json) -> Result<&Map<String, Json>> {
    value.as_object().ok_or_else(|| StrategicError::not_a_map(value))
}

pub(super) fn as_list(value: &Json) -> Result<&Vec<Json>> {
    value.as_array().ok_or_else(|| StrategicError::not_a_list(value))
}

/// The value of an element's merge key.
pub(super) fn key_of<'a>(element: &'a Json, key: &str) -> Result<&'a Json> {
    let map = as_map(element)?;
    map.get(key).ok_or_else(|| StrategicError::no_merge_key(map, key))
}

/// What the elements of all the lists are.
pub(super) fn element_type(lists: &[&[Json]]) -> Result<Elements> {
    let mut all = lists.iter().copied().flatten();
    let Some(first) = all.next() else { return Err(StrategicError::NoElements) };
    if first.is_array() {
        return Err(StrategicError::ListOfLists);
    }
    if first.is_null() {
        // HELM: Kubernetes crashes here.
        return Err(StrategicError::NotScalar { actual: "null" });
    }
    if all.any(|v| go_type(v) != go_type(first)) {
        let text: Vec<String> = lists.iter().map(|l| go_text(&Json::Array(l.to_vec()))).collect();
        return Err(StrategicError::MixedList(format!("[{}]", text.join(" "))));
    }
    Ok(if first.is_object() { Elements::Objects } else { Elements::Scalars })
}

/// Whether two elements are known by the same key.
fn same_key(a: Option<&Json>, b: Option<&Json>, key: &str) -> Result<bool> {
    match (a, b) {
        // HELM: Kubernetes crashes where two of these are compared.
        (Some(Json::Object(_)), Some(actual @ Json::Object(_)))
        | (Some(Json::Array(_)), Some(actual @ Json::Array(_))) => {
            Err(StrategicError::KeyNotScalar { key: key.to_owned(), actual: go_type(actual) })
        }
        _ => Ok(a == b),
    }
}

/// Whether two objects have the same key.
pub(super) fn have_same_key(a: &Json, b: &Json, key: &str) -> Result<bool> {
    // HELM: that one of them is no object is told before that the other one lacks the key.
    as_map(a)?;
    as_map(b)?;
    same_key(Some(key_of(a, key)?), Some(key_of(b, key)?), key)
}

/// The place in `list` of the element that is the same: has the same key, or is equal.
fn index(list: &[Json], element: &Json, key: &str, elements: Elements) -> Result<Option<usize>> {
    if elements == Elements::Scalars {
        return Ok(list.iter().position(|v| v == element));
    }
    let wanted = element.get(key);
    for (place, v) in list.iter().enumerate() {
        if same_key(v.get(key), wanted, key)? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// Sorts a list by the order of another one; elements to delete go last.
pub(super) fn sort_by_order(list: Vec<Json>, order: &[Json], key: &str, elements: Elements) -> Result<Vec<Json>> {
    let (mut keep, mut delete) = (list, Vec::new());
    if elements == Elements::Objects {
        keep.iter().chain(order).try_for_each(|v| key_of(v, key).map(drop))?;
        (delete, keep) = keep.into_iter().partition(is_deletion);
    }
    let mut placed = Vec::with_capacity(keep.len());
    for (i, element) in keep.into_iter().enumerate() {
        let place = if i == 0 { None } else { index(order, &element, key, elements)? };
        placed.push((place, element));
    }
    // HELM: Go looks for the first element only to compare it with another one that has a place.
    if placed.iter().any(|(place, _)| place.is_some())
        && let Some((place, first)) = placed.first_mut()
    {
        *place = index(order, first, key, elements)?;
    }
    if placed.iter().all(|(place, _)| place.is_some()) {
        placed.sort_by_key(|(place, _)| *place);
    } else {
        sort_partly_placed(&mut placed);
    }
    let mut sorted: Vec<Json> = placed.into_iter().map(|(_, v)| v).collect();
    sorted.append(&mut delete);
    Ok(sorted)
}

/// HELM: an element without a place counts as less than any other, both ways, so what Go's insertion sort makes of it
/// depends on the steps. (Lists of more than 20 elements, which Go sorts in blocks, may come out otherwise there.)
fn sort_partly_placed(list: &mut [(Option<usize>, Json)]) {
    for end in 1..list.len() {
        for at in (1..=end).rev() {
            let less = match (list.get(at), list.get(at - 1)) {
                (Some((Some(place), _)), Some((Some(before), _))) => place < before,
                _ => true,
            };
            if !less {
                break;
            }
            list.swap(at, at - 1);
        }
    }
}

/// True for an element that says `$patch: delete`.
pub(super) fn is_deletion(element: &Json) -> bool {
    element.get(super::DIRECTIVE).and_then(Json::as_str) == Some("delete")
}

/// The orders by which [`merge_orders`] goes.
pub(super) struct Orders<'a> {
    /// The order that the patch wants.
    pub patch: &'a [Json],
    /// The order in the live object.
    pub live: &'a [Json],
}

/// Merges the elements of the patch with those that only the live object has; both keep their own order, and a live
/// element stays before the patched one that it stood before.
pub(super) fn merge_orders(
    patched: Vec<Json>,
    live_only: Vec<Json>,
    orders: &Orders<'_>,
    key: &str,
    elements: Elements,
) -> Result<Vec<Json>> {
    let patched = sort_by_order(patched, orders.patch, key, elements)?;
    let live_only = sort_by_order(live_only, orders.live, key, elements)?;
    let place = |v: &Json| index(orders.live, v, key, elements);
    let before = |l: &Json, r: &Json| Ok(matches!((place(l)?, place(r)?), (Some(l), Some(r)) if l < r));
    let mut merged = Vec::with_capacity(patched.len() + live_only.len());
    let mut live_only = live_only.into_iter().peekable();
    for right in patched {
        while let Some(left) = live_only.peek() {
            if !before(left, &right)? {
                break;
            }
            merged.extend(live_only.next());
        }
        merged.push(right);
    }
    merged.extend(live_only);
    Ok(merged)
}

/// Parts the elements that are in `by` from the others.
pub(super) fn partition(list: Vec<Json>, by: &[Json], key: &str) -> Result<(Vec<Json>, Vec<Json>)> {
    if key.is_empty() {
        // HELM: Kubernetes crashes here.
        if let Some(other) = list.iter().chain(by).find(|v| v.is_object() || v.is_array()) {
            return Err(StrategicError::NotScalar { actual: go_type(other) });
        }
        return Ok(list.into_iter().partition(|v| by.contains(v)));
    }
    let (mut present, mut absent) = (Vec::new(), Vec::new());
    for element in list {
        let found = find(by, key, key_of(&element, key)?)?.is_some();
        if found { present.push(element) } else { absent.push(element) }
    }
    Ok((present, absent))
}

/// The place of the first object with this key.
pub(super) fn find(list: &[Json], key: &str, wanted: &Json) -> Result<Option<usize>> {
    for (place, element) in list.iter().enumerate() {
        let map = element.as_object().ok_or(StrategicError::ElementNotObject(place))?;
        if same_key(map.get(key), Some(wanted), key)? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// Takes repeated scalars out. HELM: the last element takes a repeated one's place, which changes the order.
pub(super) fn deduplicate(mut list: Vec<Json>) -> Vec<Json> {
    let mut i = 0;
    while i + 1 < list.len() {
        let mut j = i + 1;
        while j < list.len() {
            if list.get(i) == list.get(j) {
                list.swap_remove(j);
            } else {
                j += 1;
            }
        }
        i += 1;
    }
    list
}

/// Sorts scalars by their text.
pub(super) fn sort_scalars(list: &mut [Json]) {
    go_sort(list, go_text);
}

/// Sorts objects by the text of their key.
pub(super) fn sort_objects(list: &mut [&Json], key: &str) {
    go_sort(list, |v| go_text(v.get(key).unwrap_or(&Json::Null)));
}

/// Longest list that Go's sort handles by insertion, in elements.
const INSERTION_SORT: usize = 12;

/// HELM: Kubernetes sorts with "less or equal" in place of "less", so that Go's insertion sort turns runs of equal
/// elements around. Long lists, where Go does otherwise, keep the order of equal elements.
fn go_sort<T: Clone>(list: &mut [T], text: impl Fn(&T) -> String) {
    let mut keyed: Vec<(String, T)> = list.iter().map(|v| (text(v), v.clone())).collect();
    if keyed.len() <= INSERTION_SORT {
        keyed.reverse();
    }
    keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
    list.iter_mut().zip(keyed).for_each(|(slot, (_, v))| *slot = v);
}
