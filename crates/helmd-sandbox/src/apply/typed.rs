//! Walks objects along the schema: which fields a value holds, what differs between two values, merging an applied
//! configuration into the live object, and taking fields out again.

use std::collections::BTreeMap;

use super::fields::FieldSet;
use crate::{
    json::{Json, Object},
    schema::{Items, Message, Schema, Type, is_leaf},
};

/// How a value at some place is taken apart.
#[derive(Clone, Copy)]
enum Shape<'a> {
    /// One value, whatever is in it.
    Atomic,
    /// An object with known fields.
    Struct(&'a Message),
    /// An object with any keys.
    Map(&'a Type),
    /// A list whose items are known by keys.
    Keyed(&'a Type, &'a [String]),
    /// A list whose items stand for themselves.
    Set,
    /// No type known: objects are taken apart, lists are not.
    Any,
}

/// The walker: everything it does follows one schema.
#[derive(Clone, Copy)]
pub(crate) struct Typed<'a> {
    schema: &'a Schema,
}

/// Whether a map, list or struct itself counts as held, beside the fields in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Containers {
    /// It does.
    Own,
    /// It does not, but some below it do.
    Below,
    /// None does: an applied configuration holds only its leaves.
    NotOwn,
}

impl Containers {
    fn inside(self, counted: Self) -> Self {
        if self == Self::NotOwn { Self::NotOwn } else { counted }
    }
}

/// What changed between two values.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    /// Added and altered fields.
    pub changed: FieldSet,
    pub removed: FieldSet,
}

impl<'a> Typed<'a> {
    pub(crate) fn new(schema: &'a Schema) -> Self {
        Self { schema }
    }

    fn shape(self, kind: Option<&'a Type>) -> Shape<'a> {
        match kind {
            None => Shape::Any,
            Some(Type::Message(_, true) | Type::Map(_, true) | Type::List(_, Items::Atomic)) => Shape::Atomic,
            Some(Type::Message(name, false)) => match self.schema.message(name) {
                Some(message) if !message.atomic => Shape::Struct(message),
                None if !is_leaf(name) => Shape::Any,
                _ => Shape::Atomic,
            },
            Some(Type::Map(inner, false)) => Shape::Map(inner),
            Some(Type::List(inner, Items::Keys(keys))) => Shape::Keyed(inner, keys),
            Some(Type::List(_, Items::Set)) => Shape::Set,
            Some(Type::Text | Type::Bytes | Type::Integer | Type::Boolean | Type::Float) => Shape::Atomic,
        }
    }

    fn field(shape: Shape<'a>, name: &str) -> Option<&'a Type> {
        match shape {
            Shape::Struct(message) => message.field(name).map(|f| &f.kind),
            Shape::Map(inner) => Some(inner),
            _ => None,
        }
    }

    /// The stored path element of a keyed list's item.
    fn item_element(self, item: &Json, inner: &'a Type, keys: &[String]) -> String {
        let message = match inner {
            Type::Message(name, _) => self.schema.message(name),
            _ => None,
        };
        let mut found = Object::new();
        for key in keys {
            let value = item.get(key).filter(|v| !v.is_null()).cloned();
            let value = value.or_else(|| message.and_then(|m| m.field(key)).and_then(|f| f.default.clone()));
            if let Some(value) = value {
                found.insert(key.clone(), value);
            }
        }
        format!("k:{}", Json::Object(found))
    }

    /// The items of a list by path element, in order; a repeated element stands once, with its first item.
    fn elements<'v>(self, shape: Shape<'a>, items: &'v [Json]) -> Vec<(String, &'v Json)> {
        let mut all: Vec<(String, &Json)> = Vec::new();
        let mut known = BTreeMap::new();
        for item in items {
            let element = match shape {
                Shape::Keyed(inner, keys) => self.item_element(item, inner, keys),
                _ => format!("v:{item}"),
            };
            if known.insert(element.clone(), ()).is_none() {
                all.push((element, item));
            }
        }
        all
    }

    fn item_type(shape: Shape<'a>) -> Option<&'a Type> {
        match shape {
            Shape::Keyed(inner, _) => Some(inner),
            _ => None,
        }
    }

    /// The fields that an applied configuration speaks of.
    pub(crate) fn applied(self, kind: &'a Type, value: &Json) -> FieldSet {
        self.held(Some(kind), value, Containers::NotOwn)
    }

    /// How a field's container counts when an update adds it: Go writes structs and some lists even where they are empty, so
    /// these were there before.
    fn counted(shape: Shape<'a>, name: &str) -> Containers {
        let field = match shape {
            Shape::Struct(message) => message.field(name),
            _ => None,
        };
        if field.is_none_or(|f| f.vanishes) { Containers::Own } else { Containers::Below }
    }

    fn held(self, kind: Option<&'a Type>, value: &Json, containers: Containers) -> FieldSet {
        let shape = self.shape(kind);
        let mut set = FieldSet::default();
        match (shape, value) {
            (Shape::Struct(_) | Shape::Map(_) | Shape::Any, Json::Object(map)) if !map.is_empty() => {
                set.member = containers == Containers::Own;
                for (key, below) in map {
                    let inside = containers.inside(Self::counted(shape, key));
                    set.insert(format!("f:{key}"), self.held(Self::field(shape, key), below, inside));
                }
            }
            (Shape::Keyed(..), Json::Array(items)) if !items.is_empty() => {
                set.member = containers == Containers::Own;
                for (element, item) in self.elements(shape, items) {
                    let inside = containers.inside(Containers::Own);
                    let mut child = self.held(Self::item_type(shape), item, inside);
                    child.member = true;
                    set.insert(element, child);
                }
            }
            (Shape::Set, Json::Array(items)) if !items.is_empty() => {
                set.member = containers == Containers::Own;
                for (element, _) in self.elements(shape, items) {
                    set.insert(element, FieldSet::leaf());
                }
            }
            _ => set.member = true,
        }
        set
    }

    /// What differs from `old` to `new`.
    pub(crate) fn compare(self, kind: &'a Type, old: &Json, new: &Json) -> Difference {
        let (changed, removed) = self.differ(Some(kind), Some(old), Some(new), Containers::Below);
        Difference { changed, removed }
    }

    fn differ(
        self,
        kind: Option<&'a Type>,
        old: Option<&Json>,
        new: Option<&Json>,
        own: Containers,
    ) -> (FieldSet, FieldSet) {
        let none = FieldSet::default();
        let shape = self.shape(kind);
        match (old, new) {
            (old, new) if old == new => (none.clone(), none),
            (None, Some(new)) => (self.held(kind, new, own), none),
            (Some(old), None) => {
                let mut all = self.held(kind, old, Containers::Own);
                all.member = true;
                (none, all)
            }
            (Some(Json::Object(old)), Some(Json::Object(new)))
                if matches!(shape, Shape::Struct(_) | Shape::Map(_) | Shape::Any) =>
            {
                let keys: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                let sides = keys.into_iter().map(|key| {
                    let own = Self::counted(shape, key);
                    let below = self.differ(Self::field(shape, key), old.get(key), new.get(key), own);
                    (format!("f:{key}"), below)
                });
                gather(sides)
            }
            (Some(Json::Array(old)), Some(Json::Array(new))) if matches!(shape, Shape::Keyed(..) | Shape::Set) => {
                let mut pairs: BTreeMap<String, (Option<&Json>, Option<&Json>)> = BTreeMap::new();
                for (element, item) in self.elements(shape, old) {
                    pairs.entry(element).or_default().0 = Some(item);
                }
                for (element, item) in self.elements(shape, new) {
                    pairs.entry(element).or_default().1 = Some(item);
                }
                let sides = pairs.into_iter().map(|(element, (old, new))| {
                    let mut below = self.differ(Self::item_type(shape), old, new, Containers::Own);
                    below.0.member |= old.is_none();
                    (element, below)
                });
                gather(sides)
            }
            _ => (FieldSet::leaf(), none),
        }
    }

    /// Lays an applied configuration over the live object.
    pub(crate) fn merge(self, kind: &'a Type, live: &Json, config: &Json) -> Json {
        self.merged(Some(kind), Some(live), config)
    }

    fn merged(self, kind: Option<&'a Type>, live: Option<&Json>, config: &Json) -> Json {
        let shape = self.shape(kind);
        match (shape, live, config) {
            (Shape::Struct(_) | Shape::Map(_) | Shape::Any, live, Json::Object(config)) => {
                let mut all = live.and_then(Json::as_object).cloned().unwrap_or_default();
                for (key, below) in config {
                    let value = self.merged(Self::field(shape, key), all.get(key), below);
                    all.insert(key.clone(), value);
                }
                Json::Object(all)
            }
            (Shape::Keyed(..) | Shape::Set, Some(Json::Array(live)), Json::Array(config)) => {
                let (live, config) = (self.elements(shape, live), self.elements(shape, config));
                self.merged_lists(Self::item_type(shape), &live, &config)
            }
            _ => config.clone(),
        }
    }

    /// Items of both lists in one order: that of the configuration, with what only the live list has before the items that it
    /// stood before.
    fn merged_lists(self, item: Option<&'a Type>, live: &[(String, &Json)], config: &[(String, &Json)]) -> Json {
        let in_config = |element: &str| config.iter().any(|(e, _)| e == element);
        let in_live = |element: &str| live.iter().find(|(e, _)| e == element).map(|(_, value)| *value);
        let mut all = Vec::new();
        let mut left = live.iter().peekable();
        let mut done: Vec<&str> = Vec::new();
        let mut take_live_only = |all: &mut Vec<Json>, done: &[&str], next: &str| {
            while let Some((element, kept)) = left.next_if(|(e, _)| !in_config(e) || done.contains(&e.as_str())) {
                if !in_config(element) {
                    all.push(Json::clone(kept));
                }
            }
            left.next_if(|(e, _)| e == next);
        };
        for (element, value) in config {
            take_live_only(&mut all, &done, element);
            all.push(self.merged(item, in_live(element), value));
            done.push(element);
        }
        take_live_only(&mut all, &done, "");
        Json::Array(all)
    }

    /// Takes the fields of `gone` out of `value`, but nothing that `kept` holds. Containers that become empty go too.
    pub(crate) fn prune(self, kind: &'a Type, value: &mut Json, gone: &FieldSet, kept: &FieldSet) {
        self.pruned(Some(kind), value, gone, kept);
    }

    /// Whether the value itself should go.
    fn pruned(self, kind: Option<&'a Type>, value: &mut Json, gone: &FieldSet, kept: &FieldSet) -> bool {
        if gone.member && kept.is_empty() {
            return true;
        }
        let shape = self.shape(kind);
        let none = FieldSet::default();
        match (shape, value) {
            (Shape::Struct(_) | Shape::Map(_) | Shape::Any, Json::Object(map)) => {
                let before = map.len();
                map.retain(|key, below| {
                    let element = format!("f:{key}");
                    let Some(gone) = gone.children.get(&element) else { return true };
                    let kept = kept.children.get(&element).unwrap_or(&none);
                    !self.pruned(Self::field(shape, key), below, gone, kept)
                });
                map.is_empty() && before > 0 && !kept.member
            }
            (Shape::Keyed(..) | Shape::Set, Json::Array(items)) => {
                let before = items.len();
                items.retain_mut(|item| {
                    let element = match self.elements(shape, std::slice::from_ref(item)).pop() {
                        Some((element, _)) => element,
                        None => return true,
                    };
                    let Some(gone) = gone.children.get(&element) else { return true };
                    let kept = kept.children.get(&element).unwrap_or(&none);
                    !self.pruned(Self::item_type(shape), item, gone, kept)
                });
                items.is_empty() && before > 0 && !kept.member
            }
            _ => false,
        }
    }
}

fn gather(sides: impl Iterator<Item = (String, (FieldSet, FieldSet))>) -> (FieldSet, FieldSet) {
    let (mut changed, mut removed) = (FieldSet::default(), FieldSet::default());
    for (element, (below_changed, below_removed)) in sides {
        changed.insert(element.clone(), below_changed);
        removed.insert(element, below_removed);
    }
    (changed, removed)
}
