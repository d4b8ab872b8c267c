//! Slices and maps.

use super::{GoString, GoType, Value, equal_within, types};
use crate::exec::val::zero;
use crate::exec::{Comparing, Stopped};
use crate::func::Function;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A Go slice. Immutable, as every function that "changes" one makes a new one, but for [`List::sort_texts`].
#[derive(Clone)]
pub struct List(Repr);

#[derive(Clone)]
enum Repr {
    /// `None` is Go's nil slice (JSON `null`, length 0).
    Items(&'static GoType, Option<Rc<[Value]>>),
    /// A `[]string`, which can be sorted where it lies.
    Texts(Rc<Texts>),
    /// A `[]uint8`; its elements are made when they are looked at one by one.
    Bytes(Rc<Bytes>),
    /// What `slice` made of another one: from where to where, and beyond it what was behind.
    Window(Rc<Window>),
}

struct Texts {
    items: Box<[Value]>,
    sorted: OnceCell<Box<[Value]>>,
}

struct Window {
    ty: &'static GoType,
    /// All up to the capacity.
    items: Box<[Value]>,
    length: usize,
}

struct Bytes {
    bytes: GoString,
    items: OnceCell<Box<[Value]>>,
}

impl List {
    /// A slice of type `ty` (kind `Slice`).
    pub fn new(ty: &'static GoType, items: Vec<Value>) -> List {
        if std::ptr::eq(ty, types::LIST_STRING) {
            return List(Repr::Texts(Rc::new(Texts { items: items.into_boxed_slice(), sorted: OnceCell::new() })));
        }
        List(Repr::Items(ty, Some(Rc::from(items))))
    }
    /// Sorts a `[]string` where it lies: all who hold it see that, as in Go. Any other list stays as it is, and so does a
    /// slice of a slice, whose sorted copy is given back.
    #[must_use]
    pub fn sort_texts(&self) -> List {
        let sorted = |items: &[Value]| {
            let mut items = items.to_vec();
            items.sort_by(|a, b| match (a, b) {
                (Value::String(a), Value::String(b)) => a.as_bytes().cmp(b.as_bytes()),
                _ => std::cmp::Ordering::Equal,
            });
            items
        };
        match &self.0 {
            Repr::Texts(texts) => {
                texts.sorted.get_or_init(|| sorted(&texts.items).into_boxed_slice());
                self.clone()
            }
            Repr::Window(window) if std::ptr::eq(window.ty, types::LIST_STRING) => List::new(window.ty, sorted(self)),
            _ => self.clone(),
        }
    }
    /// Go's `s[from:to:end]`: elements behind the length lie within the capacity, as zero values where there are none.
    ///
    /// Bounds that are no bounds of this slice give an empty one.
    pub fn window(&self, from: usize, to: usize, end: usize) -> List {
        let ty = if std::ptr::eq(self.go_type(), types::LIST_DECODED) { types::LIST_ANY } else { self.go_type() };
        let behind = match &self.0 {
            Repr::Window(window) => window.items.get(window.length..).unwrap_or_default(),
            _ => &[],
        };
        let mut items: Vec<Value> = self.iter().chain(behind).take(end).skip(from).cloned().collect();
        items.resize(end.saturating_sub(from), ty.elem.map_or(Value::Nil, zero));
        let length = to.saturating_sub(from);
        if items.len() == length {
            return List::new(ty, items);
        }
        List(Repr::Window(Rc::new(Window { ty, items: items.into_boxed_slice(), length })))
    }
    /// The nil slice of type `ty`.
    pub fn nil(ty: &'static GoType) -> List {
        List(Repr::Items(ty, None))
    }
    /// A `[]uint8`.
    pub fn bytes(bytes: GoString) -> List {
        List(Repr::Bytes(Rc::new(Bytes { bytes, items: OnceCell::new() })))
    }
    /// Its Go type.
    pub fn go_type(&self) -> &'static GoType {
        match &self.0 {
            Repr::Items(ty, _) => ty,
            Repr::Texts(_) => types::LIST_STRING,
            Repr::Window(window) => window.ty,
            Repr::Bytes(_) => types::BYTES,
        }
    }
    /// Number of elements.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Items(_, items) => items.as_ref().map_or(0, |items| items.len()),
            Repr::Texts(texts) => texts.items.len(),
            Repr::Bytes(bytes) => bytes.bytes.len(),
            Repr::Window(window) => window.length.min(window.items.len()),
        }
    }
    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Go's `cap`: the length, or more for lists that Go's JSON decoder made by appending one element at a time.
    pub fn capacity(&self) -> usize {
        if let Repr::Window(window) = &self.0 {
            return window.items.len();
        }
        if !std::ptr::eq(self.go_type(), types::LIST_DECODED) {
            return self.len();
        }
        // Appending doubles up to this; beyond it Go's steps depend on its allocator and are not followed.
        const DOUBLED: usize = 512;
        match self.len() {
            0 => 0,
            n if n <= DOUBLED => n.next_power_of_two(),
            n => n,
        }
    }
    /// As [`Value::own_bytes`].
    pub(super) fn own_bytes(&self) -> u64 {
        match &self.0 {
            Repr::Items(_, Some(items)) if Rc::strong_count(items) == 1 => (items.len() * size_of::<Value>()) as u64,
            Repr::Texts(texts) if Rc::strong_count(texts) == 1 => {
                let times = if texts.sorted.get().is_some() { 2 } else { 1 };
                (texts.items.len() * size_of::<Value>() * times) as u64
            }
            Repr::Window(window) if Rc::strong_count(window) == 1 => (window.items.len() * size_of::<Value>()) as u64,
            // As if its elements had been looked at.
            Repr::Bytes(bytes) if Rc::strong_count(bytes) == 1 => (bytes.bytes.len() * size_of::<Value>()) as u64,
            _ => 0,
        }
    }
    /// Whether it is a nil slice.
    pub fn is_nil(&self) -> bool {
        matches!(&self.0, Repr::Items(_, None))
    }
}

impl std::ops::Deref for List {
    type Target = [Value];
    fn deref(&self) -> &[Value] {
        match &self.0 {
            Repr::Items(_, items) => items.as_deref().unwrap_or_default(),
            Repr::Texts(texts) => texts.sorted.get().unwrap_or(&texts.items),
            Repr::Window(window) => window.items.get(..window.length).unwrap_or_default(),
            Repr::Bytes(bytes) => bytes
                .items
                .get_or_init(|| bytes.bytes.iter().map(|b| Value::Uint(types::UINT8, u64::from(*b))).collect()),
        }
    }
}

/// Finds a method of a named map type.
pub type MapMethods = fn(&Map, &str) -> Option<Rc<Function>>;

/// A Go map with string keys: a reference, so clones see each other's changes. Iteration is in key order, as templates print it.
#[derive(Clone)]
pub struct Map {
    ty: &'static GoType,
    /// What a named map type has beside its entries; methods win over entries of their name.
    methods: Option<MapMethods>,
    /// `None` is Go's nil map: it reads as empty and cannot be written.
    entries: Option<Rc<RefCell<BTreeMap<GoString, Value>>>>,
}

impl Map {
    /// An empty map of type `ty` (kind `Map`).
    pub fn new(ty: &'static GoType) -> Map {
        Map { ty, methods: None, entries: Some(Rc::default()) }
    }
    /// An empty `map[string]interface {}`.
    pub fn any() -> Map {
        Map::new(types::MAP_ANY)
    }
    /// The nil map of type `ty`.
    pub fn nil(ty: &'static GoType) -> Map {
        Map { ty, methods: None, entries: None }
    }
    /// A map of type `ty` with these entries; the last of equal keys wins.
    pub fn from_entries(ty: &'static GoType, entries: impl IntoIterator<Item = (GoString, Value)>) -> Map {
        Map { ty, methods: None, entries: Some(Rc::new(RefCell::new(entries.into_iter().collect()))) }
    }
    /// The same map with these methods.
    pub fn with_methods(mut self, methods: MapMethods) -> Map {
        self.methods = Some(methods);
        self
    }
    /// The method of that name, when the map's type has it.
    pub fn method(&self, name: &str) -> Option<Rc<Function>> {
        self.methods.and_then(|find| find(self, name))
    }
    /// Whether the map's type has a method of that name.
    #[inline]
    pub fn has_method(&self, name: &[u8]) -> bool {
        self.methods.is_some() && std::str::from_utf8(name).is_ok_and(|name| self.method(name).is_some())
    }
    /// The same entries (still shared) under another named map type, without its methods.
    pub fn with_type(&self, ty: &'static GoType) -> Map {
        Map { ty, methods: None, entries: self.entries.clone() }
    }
    /// Its Go type.
    pub fn go_type(&self) -> &'static GoType {
        self.ty
    }
    /// Whether it is a nil map.
    pub fn is_nil(&self) -> bool {
        self.entries.is_none()
    }
    /// As [`Value::own_bytes`].
    pub(super) fn own_bytes(&self) -> u64 {
        /// A key, a value and their share of the tree.
        const ENTRY: u64 = 96;
        match &self.entries {
            Some(entries) if Rc::strong_count(entries) == 1 => entries.borrow().len() as u64 * ENTRY,
            _ => 0,
        }
    }
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.as_ref().map_or(0, |e| e.borrow().len())
    }
    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The value at `key`.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<Value> {
        self.entries.as_ref()?.borrow().get(key.as_ref()).cloned()
    }
    /// What `f` makes of the value at `key`, without copying it; `f` must not change this map.
    pub fn with<R>(&self, key: impl AsRef<[u8]>, f: impl FnOnce(&Value) -> R) -> Option<R> {
        self.entries.as_ref()?.borrow().get(key.as_ref()).map(f)
    }
    /// Whether `key` is there, whatever its value.
    pub fn contains_key(&self, key: impl AsRef<[u8]>) -> bool {
        self.entries.as_ref().is_some_and(|e| e.borrow().contains_key(key.as_ref()))
    }
    /// Sets `key`; false when the map is nil (Go panics with "assignment to entry in nil map").
    #[must_use = "a nil map takes no entry"]
    pub fn insert(&self, key: impl Into<GoString>, value: Value) -> bool {
        match &self.entries {
            Some(e) => {
                e.borrow_mut().insert(key.into(), value);
                true
            }
            None => false,
        }
    }
    /// Takes `key` out.
    pub fn remove(&self, key: impl AsRef<[u8]>) -> Option<Value> {
        self.entries.as_ref()?.borrow_mut().remove(key.as_ref())
    }
    /// The keys in order.
    pub fn keys(&self) -> Vec<GoString> {
        self.entries.as_ref().map_or_else(Vec::new, |e| e.borrow().keys().cloned().collect())
    }
    /// The entries in key order, as they are now: later changes of the map are not seen.
    pub fn entries(&self) -> Vec<(GoString, Value)> {
        self.entries
            .as_ref()
            .map_or_else(Vec::new, |e| e.borrow().iter().map(|(k, v)| (k.clone(), v.clone())).collect())
    }
    /// Calls `f` for each entry in key order without copying; `f` must not change this map.
    pub fn for_each<E>(&self, mut f: impl FnMut(&GoString, &Value) -> Result<(), E>) -> Result<(), E> {
        if let Some(e) = &self.entries {
            for (k, v) in e.borrow().iter() {
                f(k, v)?;
            }
        }
        Ok(())
    }
    /// Whether both are the same map object (or both nil).
    pub fn same(&self, other: &Map) -> bool {
        match (&self.entries, &other.entries) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }
    pub(super) fn deep_equal(&self, other: &Map, depth: usize, comparing: &mut Comparing<'_>) -> Result<bool, Stopped> {
        if self.ty.name != other.ty.name || self.is_nil() != other.is_nil() || self.len() != other.len() {
            return Ok(false);
        }
        if self.same(other) {
            return Ok(true);
        }
        for (key, value) in self.entries() {
            match other.get(&key) {
                Some(second) if equal_within(&value, &second, depth, comparing)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }
}

impl Drop for List {
    fn drop(&mut self) {
        let mut work = Vec::new();
        take_nested_items(self, &mut work);
        dismantle(work);
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        let mut work = Vec::new();
        take_nested_entries(self, &mut work);
        dismantle(work);
    }
}

/// Drops nested collections without recursion: a template can nest them as often as it can loop.
fn dismantle(mut work: Vec<Value>) {
    while let Some(value) = work.pop() {
        match value {
            Value::List(mut list) => take_nested_items(&mut list, &mut work),
            Value::Map(mut map) => take_nested_entries(&mut map, &mut work),
            _ => {}
        }
    }
}

/// Moves the collections in a list that nobody else holds to `work`.
fn take_nested_items(list: &mut List, work: &mut Vec<Value>) {
    let items = match &mut list.0 {
        Repr::Items(_, Some(items)) => Rc::get_mut(items),
        Repr::Window(window) => Rc::get_mut(window).map(|window| &mut *window.items),
        _ => None,
    };
    if let Some(items) = items {
        take_nested(items.iter_mut(), work);
    }
}

fn take_nested_entries(map: &mut Map, work: &mut Vec<Value>) {
    if let Some(entries) = map.entries.as_mut().and_then(Rc::get_mut) {
        take_nested(entries.get_mut().values_mut(), work);
    }
}

fn take_nested<'a>(values: impl Iterator<Item = &'a mut Value>, work: &mut Vec<Value>) {
    for value in values {
        if matches!(value, Value::List(_) | Value::Map(_)) {
            work.push(std::mem::replace(value, Value::Nil));
        }
    }
}

impl AsRef<[u8]> for GoString {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}
