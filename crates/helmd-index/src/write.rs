//! Writing an index.

use crate::entry::{ChartVersion, Details, Old, Text};
use crate::error::IndexError;
use crate::index::Index;
use helmd_chart::{GoTime, Metadata};
use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

impl Index {
    /// The index as Helm writes it in YAML.
    ///
    /// # Errors
    /// When a text cannot be written.
    pub fn to_yaml(&self) -> Result<String, IndexError> {
        let json = serde_json::to_value(self).map_err(|e| IndexError::Write(e.to_string()))?;
        helmd_yaml::json_to_yaml(&json).map_err(|e| IndexError::Write(e.to_string()))
    }

    /// The index as Helm writes it in JSON, two blanks deep.
    ///
    /// # Errors
    /// When a text cannot be written.
    pub fn to_json(&self) -> Result<String, IndexError> {
        gotmpl::json::to_string_indent(self, "  ").map_err(|e| IndexError::Write(e.to_string()))
    }
}

fn time(time: Option<&GoTime>) -> &str {
    time.map_or(GoTime::ZERO, GoTime::as_str)
}

impl Serialize for Index {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("IndexFile", 5)?;
        fields.serialize_field("apiVersion", &self.api_version)?;
        fields.serialize_field("generated", time(self.generated.as_ref()))?;
        fields.serialize_field("entries", &self.entries)?;
        if !self.public_keys.is_empty() {
            fields.serialize_field("publicKeys", &self.public_keys)?;
        }
        if !self.annotations.is_empty() {
            fields.serialize_field("annotations", &self.annotations)?;
        }
        fields.end()
    }
}

/// A version as Go marshals it: the metadata's fields, then its own.
#[derive(Serialize)]
struct Written<'v> {
    #[serde(flatten)]
    metadata: Metadata,
    urls: Option<&'v [Text]>,
    created: &'v str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    removed: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    digest: &'v str,
    #[serde(flatten)]
    old: Old,
}

impl Serialize for ChartVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Details(metadata, old) = self.unpack();
        Written {
            metadata,
            urls: (!self.urls.is_nil()).then_some(&*self.urls),
            created: time(self.created.as_ref()),
            removed: self.removed,
            digest: &self.digest,
            old,
        }
        .serialize(serializer)
    }
}
