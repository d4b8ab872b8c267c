//! Reading an index in JSON as a stream: one version at a time.

use super::{Builder, Versions};
use crate::decode::{self, Language};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};
use std::fmt;

/// Reads the index; `None` when anything is unusual or wrong.
pub(super) fn read(bytes: &[u8], builder: &mut Builder) -> Option<()> {
    let mut source = serde_json::Deserializer::from_slice(bytes);
    let head = Top(builder).deserialize(&mut source).ok()?;
    source.end().ok()?;
    builder.head = decode::head(&Json::Object(head), Language::Json, builder.helm)?;
    Some(())
}

struct Top<'b>(&'b mut Builder);
struct Entries<'b>(&'b mut Builder);
struct List<'b>(&'b mut Builder, String);

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = Map<String, Json>;
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = Map<String, Json>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an index")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut head = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == "entries" {
                map.next_value_seed(Entries(self.0))?;
            } else if head.insert(key, map.next_value()?).is_some() {
                return Err(A::Error::custom("a key twice"));
            }
        }
        Ok(head)
    }
}

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("charts")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(chart) = map.next_key::<String>()? {
            map.next_value_seed(List(self.0, chart))?;
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("versions")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let List(builder, chart) = self;
        let mut versions = Versions::default();
        while let Some(json) = list.next_element::<Json>()? {
            versions.add(decode::version(&json, Language::Json, builder.helm).map_err(A::Error::custom)?);
        }
        builder.add(&chart, versions).ok_or_else(|| A::Error::custom("a chart twice"))
    }
}
