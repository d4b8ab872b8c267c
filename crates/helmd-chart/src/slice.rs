//! Go's slices where nil and empty differ.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::{Deref, DerefMut};

/// A list that may be nil: nil is `null` in JSON, empty is `[]`, and Helm treats `dependencies:` and `dependencies: []`
/// differently. Otherwise it is used like a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice<T>(Option<Vec<T>>);

impl<T> Slice<T> {
    /// The nil slice.
    pub const fn nil() -> Self {
        Slice(None)
    }
    /// True for nil, false for an empty list.
    pub const fn is_nil(&self) -> bool {
        self.0.is_none()
    }
    /// Appends an element; a nil slice becomes a list.
    pub fn push(&mut self, item: T) {
        self.0.get_or_insert_with(Vec::new).push(item);
    }
    /// The elements; empty for nil.
    pub fn into_vec(self) -> Vec<T> {
        self.0.unwrap_or_default()
    }
}

impl<T> Default for Slice<T> {
    fn default() -> Self {
        Slice(None)
    }
}

impl<T> Deref for Slice<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<T> DerefMut for Slice<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.0.as_deref_mut().unwrap_or_default()
    }
}

impl<T> From<Vec<T>> for Slice<T> {
    fn from(items: Vec<T>) -> Self {
        Slice(Some(items))
    }
}

/// As appending to a nil slice: no element gives nil.
impl<T> FromIterator<T> for Slice<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let items: Vec<T> = items.into_iter().collect();
        Slice((!items.is_empty()).then_some(items))
    }
}

impl<T> IntoIterator for Slice<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;
    fn into_iter(self) -> Self::IntoIter {
        self.into_vec().into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Slice<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Slice<T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<T: Serialize> Serialize for Slice<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Slice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<Vec<T>>::deserialize(deserializer).map(Slice)
    }
}
