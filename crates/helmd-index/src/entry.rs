//! One version of a chart in an index.

use helmd_chart::{GoTime, Metadata, Slice};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A text that is stored once and shared by those that have it in common.
pub type Text = Arc<str>;

/// One version of a chart: what a search looks at and a download wants at hand, the rest of its metadata behind.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartVersion {
    /// The chart's name.
    pub name: Text,
    /// The chart's version.
    pub version: Text,
    /// The version of what the chart installs.
    pub app_version: Text,
    /// One sentence on the chart.
    pub description: Text,
    /// Words to find the chart by.
    pub keywords: Arc<[Text]>,
    /// Where the archive is, the best place first; relative ones next to the index. Nil where the index does not say.
    pub urls: Slice<Text>,
    /// The SHA-256 of the archive, in hexadecimal digits; may be empty.
    pub digest: Text,
    /// When the archive came into the index.
    pub created: Option<GoTime>,
    /// Whether the archive is gone.
    pub removed: bool,
    /// Whether the chart should no longer be used.
    pub deprecated: bool,
    /// The rest, packed: a [`Details`] in JSON, a fourth of what it takes unpacked.
    pub(crate) packed: Packed,
}

/// A text of its own, or a part of a file that was read as a whole.
#[derive(Clone, Debug)]
pub(crate) enum Packed {
    Own(Text),
    Part { file: Arc<Vec<u8>>, start: u32, length: u32 },
}

impl Packed {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Packed::Own(text) => text.as_bytes(),
            Packed::Part { file, start, length } => {
                let start = *start as usize;
                file.get(start..start + *length as usize).unwrap_or_default()
            }
        }
    }
}

impl PartialEq for Packed {
    fn eq(&self, other: &Packed) -> bool {
        self.bytes() == other.bytes()
    }
}

/// What is seldom asked for: the metadata without what stands in the version itself, and the fields of old indexes, which
/// are kept for whoever writes the index again.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Details(pub Metadata, pub Old);

/// Fields that charts of Helm 2 had.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Old {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub checksum: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub engine: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tiller_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// What an index says of a version beside the chart's metadata.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    pub urls: Slice<String>,
    pub created: Option<GoTime>,
    pub removed: bool,
    pub digest: String,
    pub old: Old,
}

/// As JSON; the room for it is what most take.
fn packed(details: &Details) -> String {
    const ROOM: usize = 2048;
    let mut json = Vec::with_capacity(ROOM);
    // What is made of texts, lists and numbers always has a JSON form.
    match serde_json::to_writer(&mut json, details) {
        Ok(()) => String::from_utf8(json).unwrap_or_default(),
        Err(_) => String::new(),
    }
}

impl ChartVersion {
    /// A version whose archive is at `url`.
    pub fn new(metadata: Metadata, url: &str, digest: &str, created: Option<GoTime>) -> ChartVersion {
        let urls = vec![url.to_owned()].into();
        let extras = Extras { urls, created, digest: digest.to_owned(), ..Extras::default() };
        ChartVersion::from_parts(metadata, extras)
    }

    pub(crate) fn from_parts(mut metadata: Metadata, extras: Extras) -> ChartVersion {
        let take = |text: &mut String| Text::from(std::mem::take(text));
        ChartVersion {
            name: take(&mut metadata.name),
            version: take(&mut metadata.version),
            app_version: take(&mut metadata.app_version),
            description: take(&mut metadata.description),
            keywords: std::mem::take(&mut metadata.keywords).into_iter().map(Text::from).collect(),
            urls: shared(extras.urls),
            digest: Text::from(extras.digest),
            created: extras.created,
            removed: extras.removed,
            deprecated: metadata.deprecated,
            packed: Packed::Own(packed(&Details(metadata, extras.old)).into()),
        }
    }

    /// The chart's metadata, whole.
    pub fn metadata(&self) -> Metadata {
        self.unpack().0
    }

    /// The metadata, whole, and what else is packed.
    pub(crate) fn unpack(&self) -> Details {
        let Details(rest, old) = serde_json::from_slice(self.packed.bytes()).unwrap_or_default();
        let metadata = Metadata {
            name: self.name.to_string(),
            version: self.version.to_string(),
            app_version: self.app_version.to_string(),
            description: self.description.to_string(),
            keywords: self.keywords.iter().map(Text::to_string).collect(),
            ..rest
        };
        Details(metadata, old)
    }

    /// Drops its copies of what `other` has, too.
    pub(crate) fn share_with(&mut self, other: &ChartVersion) {
        let texts = [
            (&mut self.name, &other.name),
            (&mut self.app_version, &other.app_version),
            (&mut self.description, &other.description),
        ];
        for (mine, theirs) in texts {
            share(mine, theirs);
        }
        share(&mut self.keywords, &other.keywords);
        if self.packed == other.packed {
            self.packed = other.packed.clone();
        }
    }
}

fn share<T: ?Sized + PartialEq>(mine: &mut Arc<T>, theirs: &Arc<T>) {
    if **mine == **theirs {
        *mine = Arc::clone(theirs);
    }
}

fn shared(texts: Slice<String>) -> Slice<Text> {
    if texts.is_nil() { Slice::nil() } else { texts.into_iter().map(Text::from).collect::<Vec<_>>().into() }
}
