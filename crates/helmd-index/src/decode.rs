//! An index as Go's decoder reads it, from values that are already parsed.

use crate::entry::Extras;
use helmd_chart::{DecodeError, Decoder, GoTime, HelmMajor, MetadataDraft, Slice, Texts};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Which language the index is written in; the two are decoded differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// Fields that nobody knows are errors, numbers become text.
    Yaml,
    /// Neither.
    Json,
}

/// The index but for its entries.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub api_version: String,
    pub generated: Option<GoTime>,
    pub public_keys: Vec<String>,
    pub annotations: BTreeMap<String, String>,
}

/// One version as written; null metadata is empty metadata.
#[derive(Debug, Default)]
pub(crate) struct VersionDraft {
    pub metadata: MetadataDraft,
    pub extras: Extras,
}

/// All entries as written.
pub(crate) type Drafts = BTreeMap<String, Slice<Option<VersionDraft>>>;

impl Language {
    pub(crate) fn decoder(self, helm: HelmMajor) -> Decoder {
        let mut decoder = Decoder::new(helm);
        decoder.strict = self == Language::Yaml;
        decoder.texts = if self == Language::Yaml { Texts::Coerced } else { Texts::AsWritten };
        decoder
    }
}

/// Reads a whole index.
pub(crate) fn index(json: &Json, language: Language, helm: HelmMajor) -> Result<(Head, Drafts), DecodeError> {
    let mut decoder = language.decoder(helm);
    let (mut head, mut drafts) = (Head::default(), Drafts::new());
    match json {
        Json::Null => {}
        Json::Object(fields) => read_fields(&mut decoder, fields, &mut head, &mut drafts),
        other => decoder.wrong(other, "repo.IndexFile"),
    }
    decoder.finish()?;
    Ok((head, drafts))
}

/// Reads an index that holds no entries, or gives `None` when it does, or when it cannot be read.
pub(crate) fn head(json: &Json, language: Language, helm: HelmMajor) -> Option<Head> {
    let (head, drafts) = index(json, language, helm).ok()?;
    let holds_entries = json.as_object()?.keys().any(|key| key.eq_ignore_ascii_case("entries"));
    (!holds_entries && drafts.is_empty()).then_some(head)
}

/// Reads one version; `None` when it is null.
pub(crate) fn version(json: &Json, language: Language, helm: HelmMajor) -> Result<Option<VersionDraft>, DecodeError> {
    let mut decoder = language.decoder(helm);
    let mut draft = None;
    decoder.pointer(json, &mut draft, "repo.ChartVersion", version_fields);
    decoder.finish()?;
    Ok(draft)
}

fn read_fields(d: &mut Decoder, fields: &Map<String, Json>, head: &mut Head, drafts: &mut Drafts) {
    let names = ["serverInfo", "apiVersion", "generated", "entries", "publicKeys", "annotations"];
    d.each_field("IndexFile", &names, fields, |d, field, value| match field {
        "serverInfo" if !matches!(value, Json::Null | Json::Object(_)) => d.wrong(value, "map[string]interface {}"),
        "serverInfo" => {}
        "apiVersion" => d.text(value, &mut head.api_version),
        "generated" => d.time(value, &mut head.generated),
        "entries" => read_entries(d, value, drafts),
        "publicKeys" => d.texts(value, &mut head.public_keys),
        _ => d.text_map(value, &mut head.annotations),
    });
}

fn read_entries(d: &mut Decoder, value: &Json, drafts: &mut Drafts) {
    match value {
        Json::Null => drafts.clear(),
        Json::Object(charts) => {
            for (name, versions) in charts {
                let mut list = Slice::nil();
                d.list(versions, "repo.ChartVersions", &mut list, |d, version, slot| {
                    d.pointer(version, slot, "repo.ChartVersion", version_fields);
                });
                drafts.insert(name.clone(), list);
            }
        }
        other => d.wrong(other, "map[string]repo.ChartVersions"),
    }
}

const EXTRAS: [&str; 8] = ["urls", "created", "removed", "digest", "checksum", "engine", "tillerVersion", "url"];

fn version_fields(d: &mut Decoder, fields: &Map<String, Json>, into: &mut VersionDraft) {
    const NAMES: [&str; 25] = {
        let mut names = [""; 25];
        let mut n = 0;
        while n < 25 {
            names[n] = if n < 17 { MetadataDraft::FIELDS[n] } else { EXTRAS[n - 17] };
            n += 1;
        }
        names
    };
    let extras = &mut into.extras;
    d.each_field("ChartVersion", &NAMES, fields, |d, field, value| match field {
        "urls" => d.list(value, "[]string", &mut extras.urls, Decoder::text),
        "created" => d.time(value, &mut extras.created),
        "removed" => d.boolean(value, &mut extras.removed),
        "digest" => d.text(value, &mut extras.digest),
        "checksum" => d.text(value, &mut extras.old.checksum),
        "engine" => d.text(value, &mut extras.old.engine),
        "tillerVersion" => d.text(value, &mut extras.old.tiller_version),
        "url" => d.text(value, &mut extras.old.url),
        _ => d.embedded("Metadata", field, |d| {
            let texts = d.texts;
            if texts == Texts::Coerced {
                d.texts = Texts::ByKey;
            }
            into.metadata.field(d, field, value);
            d.texts = texts;
        }),
    });
}
