//! Fields of stored JSON objects that this version does not know: they are kept, and written again behind the known ones.
//!
//! Both in one pass: reading compares each key with the struct's own list of fields, and writing looks whether there is anything
//! to add.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, forward_to_deserialize_any};
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;

/// The fields that a newer Helm has written and this version does not know, in their order.
#[derive(Clone, Debug, Default)]
pub struct Unknown(Option<Box<[Field]>>);

type Field = (String, Box<RawValue>);

impl Unknown {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The fields and the JSON text of their values, as it was read.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flatten().map(|(name, value)| (name.as_str(), value.get()))
    }
}

impl PartialEq for Unknown {
    fn eq(&self, other: &Self) -> bool {
        self.fields().eq(other.fields())
    }
}

impl Eq for Unknown {}

impl Serialize for Unknown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.0.as_deref().unwrap_or_default();
        let mut map = serializer.serialize_map(Some(fields.len()))?;
        for (name, value) in fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A struct that keeps what is not known of its JSON.
pub trait KeepsUnknown {
    /// What is kept.
    fn unknown(&self) -> &Unknown;
    /// What is kept, to be set by [`Object`].
    fn unknown_mut(&mut self) -> &mut Unknown;
}

/// Implements [`KeepsUnknown`] for structs with a field `unknown`.
#[macro_export]
macro_rules! keeps_unknown {
    ($($name:ty),+) => {
        $(impl $crate::unknown::KeepsUnknown for $name {
            fn unknown(&self) -> &$crate::unknown::Unknown {
                &self.unknown
            }
            fn unknown_mut(&mut self) -> &mut $crate::unknown::Unknown {
                &mut self.unknown
            }
        })+
    };
}

/// A struct read from a JSON object, with what it does not know. serde's structs would take an array as well, which Go refuses.
#[derive(Debug, Default)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de> + KeepsUnknown> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData)).map(Object)
    }
}

struct Entries<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + KeepsUnknown> Visitor<'de> for Entries<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<T, A::Error> {
        let mut unknown = Vec::new();
        let mut read = T::deserialize(Struct { entries, unknown: &mut unknown })?;
        if !unknown.is_empty() {
            read.unknown_mut().0 = Some(unknown.into());
        }
        Ok(read)
    }
}

/// Deserializes a struct of which serde tells the fields.
struct Struct<'a, A> {
    entries: A,
    unknown: &'a mut Vec<Field>,
}

impl<'de, A: MapAccess<'de>> Deserializer<'de> for Struct<'_, A> {
    type Error = A::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        visitor.visit_map(Known { entries: self.entries, unknown: self.unknown, fields })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, A::Error> {
        Err(A::Error::custom("no struct is wanted"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Lets the struct see what it knows.
struct Known<'a, A> {
    entries: A,
    unknown: &'a mut Vec<Field>,
    fields: &'static [&'static str],
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Known<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.entries.next_key_seed(KeyOf(self.fields))? {
            match key {
                Key::Known(field) => return seed.deserialize(StrDeserializer::new(field)).map(Some),
                Key::Unknown(name) => self.unknown.push((name, self.entries.next_value()?)),
                Key::OtherCase => drop(self.entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.entries.next_value_seed(seed)
    }
}

enum Key {
    Known(&'static str),
    /// Go would read it as a field that is known: writing it would change that field.
    OtherCase,
    Unknown(String),
}

struct KeyOf(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for KeyOf {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyOf {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        if let Some(field) = self.0.iter().find(|field| **field == key) {
            return Ok(Key::Known(field));
        }
        let same = |field: &&str| match key.is_ascii() {
            true => field.eq_ignore_ascii_case(key),
            false => crate::decode::fold(field) == crate::decode::fold(key),
        };
        Ok(if self.0.iter().any(same) { Key::OtherCase } else { Key::Unknown(key.to_owned()) })
    }
}

/// Reads an object; `null` gives the default.
///
/// # Errors
/// Something else stands there, or a field has the wrong type.
pub fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + KeepsUnknown + Default,
{
    Ok(Option::<Object<T>>::deserialize(deserializer)?.unwrap_or_default().0)
}

/// Reads an object; `null` gives nothing.
///
/// # Errors
/// As [`or_default`].
pub fn or_none<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + KeepsUnknown,
{
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|object| object.0))
}

/// What is known of an object and what is not, written as one.
#[derive(Debug)]
pub struct Together<'a, T> {
    /// A struct.
    pub known: T,
    /// What is written behind its fields.
    pub unknown: &'a Unknown,
}

impl<'a, T: KeepsUnknown> Together<'a, &'a T> {
    /// A struct with what it keeps.
    pub fn of(whole: &'a T) -> Self {
        Together { known: whole, unknown: whole.unknown() }
    }
}

#[derive(Serialize)]
struct Flat<'a, T> {
    #[serde(flatten)]
    known: &'a T,
    #[serde(flatten)]
    unknown: &'a Unknown,
}

impl<T: Serialize> Serialize for Together<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.unknown.is_empty() {
            return self.known.serialize(serializer);
        }
        Flat { known: &self.known, unknown: self.unknown }.serialize(serializer)
    }
}

/// Writes a struct with what it keeps.
///
/// # Errors
/// The serializer's.
pub fn together<T: Serialize + KeepsUnknown, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    Together::of(value).serialize(serializer)
}

/// As [`together`], for a struct that may be absent.
///
/// # Errors
/// The serializer's.
pub fn option_together<T, S>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Serialize + KeepsUnknown,
    S: Serializer,
{
    value.as_ref().map(Together::of).serialize(serializer)
}

/// As [`together`], for a list of structs.
///
/// # Errors
/// The serializer's.
pub fn all_together<T: Serialize + KeepsUnknown, S: Serializer>(
    values: &[T],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(Together::of))
}
