//! One file of a chart.

use crate::go_time::{self, GoTime};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gotmpl::GoString;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A file by its name inside the chart, `/` separated (`templates/service.yaml`). A clone shares the content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct File {
    /// The name relative to the chart's folder.
    pub name: String,
    /// The content: any bytes.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub data: GoString,
    /// When the file was changed last, where known.
    #[serde(rename = "modtime", skip_serializing_if = "Option::is_none", deserialize_with = "go_time::deserialize")]
    pub mod_time: Option<GoTime>,
}

impl File {
    /// A file without a time.
    pub fn new(name: impl Into<String>, data: impl Into<GoString>) -> File {
        File { name: name.into(), data: data.into(), mod_time: None }
    }
}

pub(crate) fn to_base64<S: Serializer>(data: &GoString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(data.as_bytes()))
}

pub(crate) fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<GoString, D::Error> {
    Ok(optional_base64::deserialize(deserializer)?.unwrap_or_default())
}

/// Serde of bytes that may be nil.
pub(crate) mod optional_base64 {
    use super::{Deserialize, Deserializer, GoString, STANDARD, Serializer, de};
    use base64::Engine as _;

    pub fn serialize<S: Serializer>(data: &Option<GoString>, serializer: S) -> Result<S::Ok, S::Error> {
        match data {
            Some(data) => super::to_base64(data, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<GoString>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        // Go's decoder skips line breaks.
        let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        STANDARD.decode(text).map(|data| Some(data.into())).map_err(de::Error::custom)
    }
}
