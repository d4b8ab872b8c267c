//! The difference of two objects as a patch.

use super::error::StrategicError;
use super::lists::{
    Elements, as_map, deduplicate, element_type, have_same_key, key_of, sort_by_order, sort_objects, sort_scalars,
};
use super::schema::{PatchMeta, Schema};
use super::{DELETE_FROM_LIST, DIRECTIVE, RETAIN_KEYS, SET_ORDER};
use crate::MAX_DEPTH;
use crate::go_text::{go_text, go_type};
use serde_json::{Map, Value as Json, json};
use std::cmp::Ordering;

type Result<T> = std::result::Result<T, StrategicError>;

/// Which differences are wanted.
#[derive(Clone, Copy)]
pub(super) struct DiffOptions {
    changes: bool,
    deletions: bool,
    /// Write `$retainKeys` into the object at hand.
    retain_keys: bool,
    depth: usize,
}

impl DiffOptions {
    /// Changed and added fields.
    pub fn changes() -> DiffOptions {
        DiffOptions { changes: true, deletions: false, retain_keys: false, depth: 0 }
    }

    /// Deleted fields.
    pub fn deletions() -> DiffOptions {
        DiffOptions { changes: false, deletions: true, retain_keys: false, depth: 0 }
    }

    fn inside(self, retain_keys: bool) -> Result<DiffOptions> {
        if self.depth >= MAX_DEPTH {
            return Err(StrategicError::TooDeep);
        }
        Ok(DiffOptions { retain_keys, depth: self.depth + 1, ..self })
    }
}

type Object = Map<String, Json>;

/// The patch that makes `modified` of `original`.
pub(super) fn diff_maps(original: &Object, modified: &Object, schema: Schema, options: DiffOptions) -> Result<Object> {
    let mut patch = Map::new();
    for (key, new) in modified {
        let Some(old) = original.get(key) else {
            if options.changes {
                patch.insert(key.clone(), new.clone());
            }
            continue;
        };
        if key == DIRECTIVE {
            diff_directive(old, new, &mut patch)?;
            continue;
        }
        match (old, new) {
            (Json::Object(old), Json::Object(new)) => diff_object(key, (old, new), &mut patch, schema, options)?,
            (Json::Array(old), Json::Array(new)) => diff_array(key, (old, new), &mut patch, schema, options)?,
            _ if options.changes && (old != new || go_type(old) != go_type(new)) => {
                patch.insert(key.clone(), new.clone());
            }
            _ => {}
        }
    }
    if options.deletions {
        for key in original.keys().filter(|key| !modified.contains_key(*key)) {
            patch.insert(key.clone(), Json::Null);
        }
    }
    if options.retain_keys {
        let mut keys: Vec<Json> = modified.iter().filter(|(_, v)| !v.is_null()).map(|(k, _)| json!(k)).collect();
        let cleared = || original.iter().any(|(k, v)| !v.is_null() && !modified.contains_key(k));
        if !keys.is_empty() && (!patch.is_empty() || cleared()) {
            sort_scalars(&mut keys);
            patch.insert(RETAIN_KEYS.to_owned(), Json::Array(keys));
        }
    }
    Ok(patch)
}

fn diff_directive(old: &Json, new: &Json, patch: &mut Object) -> Result<()> {
    if !old.is_string() || !new.is_string() {
        return Err(StrategicError::BadDirective);
    }
    if old != new {
        patch.insert(DIRECTIVE.to_owned(), new.clone());
    }
    Ok(())
}

fn diff_object(
    key: &str,
    (old, new): (&Object, &Object),
    patch: &mut Object,
    schema: Schema,
    options: DiffOptions,
) -> Result<()> {
    let (schema, meta) = match schema.field(key) {
        // What is equal needs no type.
        Err(_) if old == new => return Ok(()),
        found => found?,
    };
    if meta.strategy == "replace" {
        if options.changes {
            patch.insert(key.to_owned(), Json::Object(new.clone()));
        }
        return Ok(());
    }
    let inner = diff_maps(old, new, schema, options.inside(meta.retain_keys)?)?;
    if !inner.is_empty() {
        patch.insert(key.to_owned(), Json::Object(inner));
    }
    Ok(())
}

fn diff_array(
    key: &str,
    (old, new): (&[Json], &[Json]),
    patch: &mut Object,
    schema: Schema,
    options: DiffOptions,
) -> Result<()> {
    let (schema, meta) = match schema.list_field(key) {
        Err(_) if old == new => return Ok(()),
        found => found?,
    };
    if meta.strategy != "merge" {
        if options.changes && old != new {
            patch.insert(key.to_owned(), Json::Array(new.to_vec()));
        }
        return Ok(());
    }
    let lists = diff_lists(old, new, schema, meta, options.inside(meta.retain_keys)?)?;
    let mut put = |key: String, list: Vec<Json>| {
        if !list.is_empty() {
            patch.insert(key, Json::Array(list));
        }
    };
    put(key.to_owned(), lists.patch);
    put(format!("{DELETE_FROM_LIST}/{key}"), lists.delete);
    put(format!("{SET_ORDER}/{key}"), lists.order);
    Ok(())
}

/// The parallel lists of a patched list.
#[derive(Default)]
struct PatchLists {
    patch: Vec<Json>,
    delete: Vec<Json>,
    order: Vec<Json>,
}

fn diff_lists(old: &[Json], new: &[Json], schema: Schema, meta: PatchMeta, options: DiffOptions) -> Result<PatchLists> {
    if old.is_empty() {
        let patch = if options.changes { new.to_vec() } else { Vec::new() };
        return Ok(PatchLists { patch, ..PatchLists::default() });
    }
    match element_type(&[old, new])? {
        Elements::Objects => {
            let (patch, mut deletions) = diff_objects(old, new, schema, meta.key, options)?;
            let mut patch = sort_by_order(patch, new, meta.key, Elements::Objects)?;
            let same_order = is_same_order(old, new, meta.key)?;
            patch.append(&mut deletions);
            let ordered = !patch.is_empty() || (options.changes && !same_order);
            let mut order = Vec::new();
            if ordered {
                for element in new {
                    order.push(json!({meta.key: key_of(element, meta.key)?}));
                }
            }
            Ok(PatchLists { patch, delete: Vec::new(), order })
        }
        Elements::Scalars => {
            let mut sorted = old.to_vec();
            sort_scalars(&mut sorted);
            let (patch, delete) = diff_scalars(&sorted, new, options);
            let patch = sort_by_order(patch, new, meta.key, Elements::Scalars)?;
            // HELM: the old list has been sorted by now, so an unsorted one always counts as changed.
            let ordered = (options.deletions && !delete.is_empty()) || (options.changes && sorted != new);
            Ok(PatchLists { patch, delete, order: if ordered { new.to_vec() } else { Vec::new() } })
        }
    }
}

fn is_same_order(old: &[Json], new: &[Json], key: &str) -> Result<bool> {
    if old.len() != new.len() {
        return Ok(false);
    }
    for (old, new) in old.iter().zip(new) {
        if !have_same_key(old, new, key)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Walks two sorted lists side by side: `Less` for an element that only the old list has, `Greater` for a new one.
fn walk<'a, T>(
    old: &'a [T],
    new: &'a [T],
    text: impl Fn(&T) -> String,
    mut visit: impl FnMut(Ordering, Option<&'a T>, Option<&'a T>) -> Result<()>,
) -> Result<()> {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return Ok(()),
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => text(a).cmp(&text(b)),
        };
        let old = if order == Ordering::Greater { None } else { old.next() };
        let new = if order == Ordering::Less { None } else { new.next() };
        visit(order, old, new)?;
    }
}

/// The scalars to add and those to delete.
fn diff_scalars(old: &[Json], new: &[Json], options: DiffOptions) -> (Vec<Json>, Vec<Json>) {
    let mut new = new.to_vec();
    sort_scalars(&mut new);
    let (mut add, mut delete) = (Vec::new(), Vec::new());
    let walked = walk(old, &new, go_text, |order, old, new| {
        match order {
            Ordering::Less if options.deletions => delete.extend(old.cloned()),
            Ordering::Greater if options.changes => add.extend(new.cloned()),
            _ => {}
        }
        Ok(())
    });
    debug_assert!(walked.is_ok());
    (add, deduplicate(delete))
}

/// The objects to add or change and the directives that delete others.
fn diff_objects(
    old: &[Json],
    new: &[Json],
    schema: Schema,
    key: &str,
    options: DiffOptions,
) -> Result<(Vec<Json>, Vec<Json>)> {
    let (mut old, mut new): (Vec<&Json>, Vec<&Json>) = (old.iter().collect(), new.iter().collect());
    sort_objects(&mut old, key);
    sort_objects(&mut new, key);
    for element in old.iter().chain(&new) {
        key_of(element, key)?;
    }
    let (mut patch, mut delete) = (Vec::new(), Vec::new());
    walk(
        &old,
        &new,
        |v| go_text(v.get(key).unwrap_or(&Json::Null)),
        |_, old, new| {
            match (old, new) {
                (Some(old), Some(new)) => {
                    let mut inner = diff_maps(as_map(old)?, as_map(new)?, schema, options)?;
                    if !inner.is_empty() {
                        inner.insert(key.to_owned(), key_of(new, key)?.clone());
                        patch.push(Json::Object(inner));
                    }
                }
                (None, Some(new)) if options.changes => patch.push((*new).clone()),
                (Some(old), None) if options.deletions => {
                    delete.push(json!({key: key_of(old, key)?, DIRECTIVE: "delete"}))
                }
                _ => {}
            }
            Ok(())
        },
    )?;
    Ok((patch, delete))
}
