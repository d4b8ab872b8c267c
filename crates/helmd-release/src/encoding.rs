//! The stored form of a release: base64 of gzip of JSON.

use crate::base64_text;
use crate::explain::type_fault;
use crate::release::Release;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use gotmpl::json::JsonError;
use helmd_chart::HelmMajor;
use helmd_chart::unknown::Object;
use serde_json::Value as Json;
use std::io::{self, ErrorKind, Read, Write};

/// The largest JSON of a release that is read, in bytes: far above what a Secret holds, low enough to stop a gzip bomb.
pub const MAX_RELEASE_BYTES: u64 = 256 << 20;

const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];

/// Why a stored release could not be read, in Go's words.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// It is no base64.
    #[error("illegal base64 data at input byte {0}")]
    Base64(usize),
    /// It is no gzip.
    #[error("{0}")]
    Gzip(&'static str),
    /// The gzip data cannot be read.
    #[error("flate: corrupt input")]
    Flate(#[source] io::Error),
    /// It is larger than [`MAX_RELEASE_BYTES`].
    #[error("release is larger than {MAX_RELEASE_BYTES} bytes")]
    TooLarge,
    /// It is no JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A field has the wrong type.
    #[error("{0}")]
    Type(String),
}

/// The release as this Helm's JSON, byte for byte.
///
/// # Errors
/// A value that JSON cannot hold.
pub fn to_json(release: &Release, helm: HelmMajor) -> Result<String, JsonError> {
    gotmpl::json::to_string(&release.json_view(helm))
}

/// The release as the value of `data.release` (a Secret's own base64 comes on top).
///
/// # Errors
/// As [`to_json`].
pub fn encode(release: &Release, helm: HelmMajor) -> Result<String, JsonError> {
    let json = to_json(release, helm)?;
    let failed = |e: io::Error| JsonError::Serialize(e.to_string());
    let mut gzip = GzEncoder::new(Vec::with_capacity(json.len() / 4), Compression::best());
    gzip.write_all(json.as_bytes()).map_err(failed)?;
    Ok(base64_text::encode(&gzip.finish().map_err(failed)?))
}

/// Reads the value of `data.release`. JSON that is not compressed is read as well. The labels stay empty.
///
/// # Errors
/// The value is no base64, its gzip is damaged, or it is no release.
pub fn decode(data: &str) -> Result<Release, DecodeError> {
    let bytes = base64_text::decode(data).map_err(DecodeError::Base64)?;
    if bytes.len() > 3 && bytes.starts_with(&GZIP_MAGIC) { decode_json(&unzip(&bytes)?) } else { decode_json(&bytes) }
}

/// Reads a release from its JSON; fields that this version does not know are kept.
///
/// # Errors
/// The text is no JSON, or a field has the wrong type; in Go's words.
pub fn decode_json(json: &[u8]) -> Result<Release, DecodeError> {
    match serde_json::from_slice::<Option<Object<Release>>>(json) {
        Ok(release) => Ok(release.unwrap_or_default().0),
        Err(first) => decode_slowly(json, &first),
    }
}

/// HELM: what serde refuses, Go may still read (a key twice, deep values); else this finds Go's words.
fn decode_slowly(json: &[u8], first: &serde_json::Error) -> Result<Release, DecodeError> {
    let mut value = gotmpl::json::parse(json)?;
    if let Some(fault) = type_fault(&value) {
        return Err(DecodeError::Type(fault));
    }
    whole_numbers(&mut value);
    serde_json::from_value::<Option<Object<Release>>>(value)
        .map(|release| release.unwrap_or_default().0)
        .map_err(|_| DecodeError::Type(first.to_string()))
}

/// Fields that this version does not know may be integers to others. The depth is bounded by the JSON reader's.
fn whole_numbers(value: &mut Json) {
    match value {
        Json::Number(number) => {
            let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15);
            if let Some(float) = float {
                *number = (float as i64).into();
            }
        }
        Json::Array(items) => items.iter_mut().for_each(whole_numbers),
        Json::Object(entries) => entries.values_mut().for_each(whole_numbers),
        _ => {}
    }
}

fn unzip(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut json = Vec::with_capacity(bytes.len() * 4);
    let mut gzip = MultiGzDecoder::new(bytes).take(MAX_RELEASE_BYTES + 1);
    gzip.read_to_end(&mut json).map_err(|e| match (e.kind(), e.to_string()) {
        (ErrorKind::UnexpectedEof, _) => DecodeError::Gzip("unexpected EOF"),
        (_, text) if text.contains("checksum") => DecodeError::Gzip("gzip: invalid checksum"),
        (_, text) if text.contains("header") => DecodeError::Gzip("gzip: invalid header"),
        _ => DecodeError::Flate(e),
    })?;
    if json.len() as u64 > MAX_RELEASE_BYTES { Err(DecodeError::TooLarge) } else { Ok(json) }
}

#[cfg(test)]
mod tests {
    use super::{HelmMajor, Release, base64_text, decode, decode_json, encode, to_json};
    use crate::Status;

    fn fault(data: &str) -> String {
        decode(data).unwrap_err().to_string()
    }

    #[test]
    fn both_majors_write_their_own_json() {
        let release =
            decode_json(br#"{"name":"r","info":{"status":"deployed","rollback_revision":2},"version":3}"#).unwrap();
        let helm3 = r#"{"name":"r","info":{"first_deployed":"","last_deployed":"","deleted":"","status":"deployed"},"version":3}"#;
        assert_eq!(to_json(&release, HelmMajor::Helm3).unwrap(), helm3);
        let helm4 = r#"{"name":"r","info":{"status":"deployed","rollback_revision":2},"version":3}"#;
        assert_eq!(to_json(&release, HelmMajor::Helm4).unwrap(), helm4);
        assert_eq!(decode(&encode(&release, HelmMajor::Helm4).unwrap()).unwrap(), release);
    }

    #[test]
    fn what_a_newer_helm_has_recorded_stays() {
        let json = r#"{"name":"r","info":{"status":"deployed","health":{"b":1,"a":12345678901234567890123}},"chart":{"metadata":{"name":"c","licence":"x"},"lock":null,"templates":null,"values":null,"schema":null,"schemamodtime":"0001-01-01T00:00:00Z","files":null,"origin":["o"]},"hooks":[{"name":"h","last_run":{"phase":"","log":"l"},"retries":3}],"version":3,"signed_by":null}"#;
        let mut release = decode_json(json.as_bytes()).unwrap();
        assert_eq!(to_json(&release, HelmMajor::Helm4).unwrap(), json);
        assert_eq!(decode(&encode(&release, HelmMajor::Helm3).unwrap()).unwrap(), release);
        release.set_status(Status::Superseded, "s");
        let changed = to_json(&release, HelmMajor::Helm4).unwrap();
        assert!(changed.contains(r#""status":"superseded","health":{"b":1,"#), "{changed}");
        let fields: Vec<_> = release.unknown.fields().collect();
        assert_eq!(fields, [("signed_by", "null")]);
    }

    #[test]
    fn hostile_unknown_fields_do_no_harm() {
        // What serde refuses is read slowly, and is kept there, too.
        let twice = decode_json(br#"{"name":"a","name":"b","x":{"y":[1]}}"#).unwrap();
        assert_eq!(to_json(&twice, HelmMajor::Helm4).unwrap(), r#"{"name":"b","x":{"y":[1]}}"#);
        // Go would read this as a change of the name.
        let other_case = decode_json(br#"{"name":"a","NAME":"b"}"#).unwrap();
        assert_eq!(to_json(&other_case, HelmMajor::Helm4).unwrap(), r#"{"name":"a"}"#);
        let deep = format!(r#"{{"name":"a","x":{}1{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
        let many: Vec<String> = (0..20_000).map(|i| format!(r#""x{i}":1e999"#)).collect();
        for json in [deep, format!("{{{}}}", many.join(","))] {
            let release = decode_json(json.as_bytes()).unwrap();
            assert_eq!(to_json(&release, HelmMajor::Helm4).unwrap(), json);
        }
        for json in [r#"{"x":"#, r#"{"x":[}"#, r#"{"x":1,}"#, r#"{"x":"\u12"}"#] {
            assert!(decode_json(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn go_reads_what_serde_refuses() {
        assert_eq!(decode_json(br#"{"name":"a","name":"b","version":1}"#).unwrap().name, "b");
        assert_eq!(decode_json(b"null").unwrap(), Release::default());
    }

    #[test]
    fn damage_is_told_in_gos_words() {
        assert_eq!(fault(""), "unexpected end of JSON input");
        assert_eq!(fault("!"), "illegal base64 data at input byte 0");
        let plain = |json: &str| fault(&base64_text::encode(json.as_bytes()));
        assert_eq!(plain("[]"), "json: cannot unmarshal array into Go value of type v1.Release");
        assert_eq!(
            plain(r#"{"info":{"status":1}}"#),
            "json: cannot unmarshal number into Go struct field Release.info.status of type common.Status"
        );
        assert_eq!(
            plain(r#"{"hooks":[{"name":[]}]}"#),
            "json: cannot unmarshal array into Go struct field Hook.hooks.name of type string"
        );
        let packed = encode(&Release { name: "r".to_owned(), ..Release::default() }, HelmMajor::Helm4).unwrap();
        let bytes = base64_text::decode(&packed).unwrap();
        for end in [5, 12, bytes.len() - 3] {
            assert_eq!(fault(&base64_text::encode(&bytes[..end])), "unexpected EOF", "{end}");
        }
    }
}
