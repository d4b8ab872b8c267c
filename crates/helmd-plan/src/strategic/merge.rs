//! Patches over objects, and patches over patches.

use super::error::StrategicError;
use super::lists::{
    Elements, Orders, as_list, as_map, deduplicate, element_type, find, have_same_key, is_deletion, key_of,
    merge_orders, partition,
};
use super::schema::{PatchMeta, Schema};
use super::{DELETE_FROM_LIST, DIRECTIVE, RETAIN_KEYS, SET_ORDER};
use crate::MAX_DEPTH;
use crate::go_text::{go_text, go_type};
use serde_json::{Map, Value as Json};

type Result<T> = std::result::Result<T, StrategicError>;
type Object = Map<String, Json>;

/// What a merge is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A patch on an object: directives are carried out, `null` deletes.
    Apply,
    /// A patch on a patch: directives and `null` are kept.
    JoinPatches,
}

/// Merges the patch into the object.
pub(super) fn merge_map(
    mut object: Object,
    mut patch: Object,
    schema: Schema,
    purpose: Purpose,
    depth: usize,
) -> Result<Object> {
    if depth > MAX_DEPTH {
        return Err(StrategicError::TooDeep);
    }
    if let Some(directive) = patch.remove(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => Ok(patch),
            Some("delete") => Ok(Map::new()),
            _ => {
                patch.insert(DIRECTIVE.to_owned(), directive.clone());
                Err(StrategicError::unknown_directive(&directive, &patch))
            }
        };
    }
    retain_keys(&mut object, &mut patch, purpose)?;
    merge_ordered_lists(&mut object, &mut patch, schema, purpose, depth)?;
    for (key, value) in patch {
        if !key.starts_with(DELETE_FROM_LIST) {
            merge_field(&mut object, key, value, schema, (purpose, depth))?;
        } else if purpose == Purpose::JoinPatches {
            object.insert(key, value);
        } else {
            let list = key.strip_prefix(DELETE_FROM_LIST).and_then(|k| k.strip_prefix('/'));
            delete_from_list(&mut object, list.ok_or(StrategicError::BadDeletionList)?, &value, schema)?;
        }
    }
    Ok(object)
}

fn merge_field(
    object: &mut Object,
    key: String,
    mut value: Json,
    schema: Schema,
    (purpose, depth): (Purpose, usize),
) -> Result<()> {
    if value.is_null() {
        object.remove(&key);
        if purpose == Purpose::Apply {
            return Ok(());
        }
    }
    let merged = match (object.remove(&key), value) {
        (Some(Json::Object(old)), Json::Object(new)) => {
            let (schema, meta) = schema.field(&key)?;
            let whole = meta.strategy == "replace";
            let merged = if whole { new } else { merge_map(old, new, schema, purpose, depth + 1)? };
            Some(Json::Object(merged))
        }
        (Some(Json::Array(old)), Json::Array(new)) => {
            let (schema, meta) = schema.list_field(&key)?;
            let merge = meta.strategy == "merge";
            let merged = if merge { merge_list(old, new, schema, meta.key, (purpose, depth))?.list } else { new };
            Some(Json::Array(merged))
        }
        (old, new) => {
            value = new;
            let same_type = old.is_some_and(|old| go_type(&old) == go_type(&value));
            if !same_type && purpose == Purpose::Apply {
                discard_nulls(&mut value);
            }
            without_directives(value)
        }
    };
    if let Some(merged) = merged {
        object.insert(key, merged);
    }
    Ok(())
}

fn delete_from_list(object: &mut Object, key: &str, list: &Json, schema: Schema) -> Result<()> {
    if list.is_null() {
        object.remove(key);
        return Ok(());
    }
    let (Some(Json::Array(old)), Json::Array(delete)) = (object.get_mut(key), list) else { return Ok(()) };
    schema.list_field(key)?;
    if old.is_empty() && delete.is_empty() {
        return Ok(());
    }
    if element_type(&[old, delete])? == Elements::Scalars {
        old.retain(|v| !delete.contains(v));
        return Ok(());
    }
    // Objects are never deleted in this way.
    Err(StrategicError::BadDeletionList)
}

/// Clears what `$retainKeys` does not name, or hands the directive on.
fn retain_keys(object: &mut Object, patch: &mut Object, purpose: Purpose) -> Result<()> {
    let Some(in_patch) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    if purpose == Purpose::JoinPatches {
        return match object.get(RETAIN_KEYS) {
            Some(own) if *own != in_patch => Err(StrategicError::DifferentRetainKeys(go_text(own), go_text(&in_patch))),
            Some(_) => Ok(()),
            None => {
                object.insert(RETAIN_KEYS.to_owned(), in_patch);
                Ok(())
            }
        };
    }
    let Json::Array(keys) = in_patch else { return Err(StrategicError::BadRetainKeys) };
    let named = |key: &String| keys.iter().any(|k| k.as_str() == Some(key));
    // HELM: Kubernetes crashes here.
    if keys.iter().any(|key| key.is_object() || key.is_array()) {
        return Err(StrategicError::BadRetainKeys);
    }
    let directive = |key: &String| key.starts_with(DELETE_FROM_LIST) || key.starts_with(SET_ORDER);
    if patch.iter().any(|(key, value)| !value.is_null() && !directive(key) && !named(key)) {
        return Err(StrategicError::BadRetainKeys);
    }
    object.retain(|key, _| named(key));
    Ok(())
}

/// Carries out each `$setElementOrder` together with the list it belongs to; both leave the patch.
fn merge_ordered_lists(
    object: &mut Object,
    patch: &mut Object,
    schema: Schema,
    purpose: Purpose,
    depth: usize,
) -> Result<()> {
    let directives: Vec<String> = patch.keys().filter(|key| key.starts_with(SET_ORDER)).cloned().collect();
    for directive in directives {
        let Some(order) = patch.remove(&directive) else { continue };
        if purpose == Purpose::JoinPatches {
            match object.get(&directive) {
                Some(own) if *own != order => return Err(StrategicError::BadElementOrder),
                Some(_) => {}
                None => {
                    object.insert(directive.clone(), order.clone());
                }
            }
        }
        let order = as_list(&order)?;
        let key = directive.strip_prefix(SET_ORDER).and_then(|k| k.strip_prefix('/'));
        let key = key.ok_or(StrategicError::BadElementOrder)?;
        let lists = (object.get(key).map(as_list).transpose()?, patch.get(key).map(as_list).transpose()?);
        let (element_schema, meta) = schema.list_field(key)?;
        let merged = merge_ordered_list(lists, order, element_schema, meta, (purpose, depth))?;
        if let Some(merged) = merged {
            object.insert(key.to_owned(), Json::Array(merged));
            patch.remove(key);
        }
    }
    Ok(())
}

fn merge_ordered_list(
    (live, patched): (Option<&Vec<Json>>, Option<&Vec<Json>>),
    order: &[Json],
    schema: Schema,
    meta: PatchMeta,
    context: (Purpose, usize),
) -> Result<Option<Vec<Json>>> {
    check_order(patched.map_or(&[], Vec::as_slice), order, meta.key)?;
    let old = live.map_or(&[][..], Vec::as_slice);
    let new = patched.map_or(&[][..], Vec::as_slice);
    let (merged, live) = match (live, patched) {
        (None, None) => return Ok(None),
        (Some(live), None) => (live.clone(), live.clone()),
        (None, Some(patched)) => (patched.iter().cloned().filter_map(without_directives).collect(), Vec::new()),
        (Some(live), Some(patched)) if meta.strategy == "merge" => {
            let merged = merge_list(live.clone(), patched.clone(), schema, meta.key, context)?;
            (merged.list, merged.live)
        }
        (Some(live), Some(patched)) => (patched.clone(), live.clone()),
    };
    let (in_order, live_only) = partition(merged, order, meta.key)?;
    let elements = element_type(&[old, new])?;
    merge_orders(in_order, live_only, &Orders { patch: order, live: &live }, meta.key, elements).map(Some)
}

/// The elements of the patch must be named by the order, in this order.
fn check_order(patched: &[Json], order: &[Json], key: &str) -> Result<()> {
    if patched.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut left = Vec::with_capacity(patched.len());
    for element in patched {
        if key.is_empty() || !is_deletion_of(element)? {
            left.push(element);
        }
    }
    let (mut place, mut order_place) = (0, 0);
    while let (Some(element), Some(wanted)) = (left.get(place), order.get(order_place)) {
        if element.get(DIRECTIVE).is_some() {
            place += 1;
            continue;
        }
        let same = if key.is_empty() { *element == wanted } else { have_same_key(element, wanted, key)? };
        place += usize::from(same);
        order_place += 1;
    }
    if place >= left.len() {
        return Ok(());
    }
    let text = |list: &[Json]| go_text(&Json::Array(list.to_vec()));
    Err(StrategicError::OrderMismatch { list: text(patched), order: text(order) })
}

fn is_deletion_of(element: &Json) -> Result<bool> {
    as_map(element).map(|_| is_deletion(element))
}

/// A merged list.
struct Merged {
    list: Vec<Json>,
    /// The live list as it is found afterwards by who still holds it.
    ///
    /// HELM: Kubernetes deletes elements in place, so that added ones come to stand where the live list ended, and the
    /// order of the live list then speaks of them, too.
    live: Vec<Json>,
}

fn merge_list(old: Vec<Json>, new: Vec<Json>, schema: Schema, key: &str, context: (Purpose, usize)) -> Result<Merged> {
    if old.is_empty() && new.is_empty() {
        return Ok(Merged { list: Vec::new(), live: old });
    }
    let elements = element_type(&[&old, &new])?;
    let (merged, order, live, live_after) = if elements == Elements::Scalars {
        let both = old.iter().chain(&new).cloned().collect();
        (deduplicate(both), new, old.clone(), old)
    } else {
        if key.is_empty() {
            return Err(StrategicError::NoKeyInType { kind: schema.kind() });
        }
        let length = old.len();
        let (old, new) = carry_out_directives(old, new, key)?;
        let merged = merge_objects(old.clone(), new.clone(), schema, key, context)?;
        let live_after = merged.iter().take(length).cloned().collect();
        (merged, new, old, live_after)
    };
    let (in_order, live_only) = partition(merged, &order, key)?;
    let list = merge_orders(in_order, live_only, &Orders { patch: &order, live: &live }, key, elements)?;
    Ok(Merged { list, live: live_after })
}

/// Gives the list without what the patch deletes, and the patch without its directives.
fn carry_out_directives(mut old: Vec<Json>, new: Vec<Json>, key: &str) -> Result<(Vec<Json>, Vec<Json>)> {
    let mut plain = Vec::with_capacity(new.len());
    let mut replace = false;
    for element in new {
        let map = as_map(&element)?;
        let Some(directive) = map.get(DIRECTIVE) else {
            plain.push(element);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let wanted = key_of(&element, key)?;
                while let Some(place) = find(&old, key, wanted)? {
                    old.remove(place);
                }
            }
            Some("replace") => replace = true,
            Some("merge") => return Err(StrategicError::MergeDirective),
            _ => return Err(StrategicError::unknown_directive(directive, map)),
        }
    }
    Ok(if replace { (plain, Vec::new()) } else { (old, plain) })
}

fn merge_objects(
    mut old: Vec<Json>,
    new: Vec<Json>,
    schema: Schema,
    key: &str,
    (purpose, depth): (Purpose, usize),
) -> Result<Vec<Json>> {
    for element in new {
        let place = find(&old, key, key_of(&element, key)?)?;
        match (place.and_then(|place| old.get_mut(place)), element) {
            (Some(slot), Json::Object(new)) => {
                let Json::Object(live) = slot.take() else { continue };
                *slot = Json::Object(merge_map(live, new, schema, purpose, depth + 1)?);
            }
            (_, element) => old.push(element),
        }
    }
    Ok(old)
}

/// Takes `null` out of objects, at any depth.
fn discard_nulls(value: &mut Json) {
    match value {
        Json::Object(entries) => {
            entries.retain(|_, v| !v.is_null());
            entries.values_mut().for_each(discard_nulls);
        }
        Json::Array(items) => items.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}

/// The value without objects that hold a directive; `None` when it is one itself.
fn without_directives(value: Json) -> Option<Json> {
    match value {
        Json::Object(entries) if entries.contains_key(DIRECTIVE) => None,
        Json::Object(entries) => {
            let kept = entries.into_iter().filter_map(|(k, v)| without_directives(v).map(|v| (k, v)));
            Some(Json::Object(kept.collect()))
        }
        Json::Array(items) => Some(Json::Array(items.into_iter().filter_map(without_directives).collect())),
        other => Some(other),
    }
}
