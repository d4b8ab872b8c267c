//! What changes from one manifest to the next.

use crate::object::{group, kind, name, namespace};
use serde_json::Value as Json;

/// Which objects come, stay and go; each in the order of its own list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference<'a> {
    /// New objects.
    pub create: Vec<&'a Json>,
    /// Objects of both, old then new.
    pub update: Vec<(&'a Json, &'a Json)>,
    /// Objects of the old manifest only.
    pub delete: Vec<&'a Json>,
}

/// True when the two are one object of the cluster: same group, kind, namespace and name. The version does not matter.
///
/// Namespaces are compared as they stand in the objects, so default ones are to be filled in before.
pub fn is_same_object(a: &Json, b: &Json) -> bool {
    key(a) == key(b)
}

fn key(object: &Json) -> (&str, &str, &str, &str) {
    (group(object), kind(object), namespace(object), name(object))
}

/// Compares the objects of two manifests.
pub fn diff_resources<'a>(old: &'a [Json], new: &'a [Json]) -> Difference<'a> {
    let find = |list: &'a [Json], wanted: &Json| list.iter().find(|o| is_same_object(o, wanted));
    let mut difference = Difference::default();
    for object in new {
        match find(old, object) {
            Some(before) => difference.update.push((before, object)),
            None => difference.create.push(object),
        }
    }
    difference.delete.extend(old.iter().filter(|object| find(new, object).is_none()));
    difference
}
