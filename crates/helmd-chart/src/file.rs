//! One file of a chart.

use crate::go_time::{self, GoTime};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gotmpl::GoString;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A file by its name inside the chart, `/` separated (`templates/service.yaml`). A clone shares the content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "FileJson", into = "FileJson")]
pub struct File {
    /// The name relative to the chart's folder.
    pub name: String,
    /// The content: any bytes.
    pub data: GoString,
    /// When the file was changed last, where known.
    pub mod_time: Option<GoTime>,
    /// HELM: an empty file of an archive is stored as null, one of a folder as the empty text.
    pub nil: bool,
}

/// A file as Go writes it.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct FileJson {
    #[serde(deserialize_with = "crate::chart::null_as_default")]
    name: String,
    #[serde(with = "optional_base64")]
    data: Option<GoString>,
    #[serde(rename = "modtime", skip_serializing_if = "Option::is_none", deserialize_with = "go_time::deserialize")]
    mod_time: Option<GoTime>,
}

impl From<FileJson> for File {
    fn from(json: FileJson) -> File {
        File { name: json.name, nil: json.data.is_none(), data: json.data.unwrap_or_default(), mod_time: json.mod_time }
    }
}

impl From<File> for FileJson {
    fn from(file: File) -> FileJson {
        FileJson { name: file.name, data: (!file.nil).then_some(file.data), mod_time: file.mod_time }
    }
}

impl File {
    /// A file without a time.
    pub fn new(name: impl Into<String>, data: impl Into<GoString>) -> File {
        File { name: name.into(), data: data.into(), mod_time: None, nil: false }
    }
}

pub(crate) fn to_base64<S: Serializer>(data: &GoString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(data.as_bytes()))
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
