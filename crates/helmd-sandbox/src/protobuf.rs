//! Reads protobuf bodies (`k8s\0` and a runtime.Unknown) into JSON along the schema: clients send some kinds only so.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;

use crate::{
    json::{self, Json, Object},
    schema::{Message, Schema, Type},
};

const MAGIC: &[u8] = b"k8s\0";
/// Nesting of messages; Kubernetes' own kinds stay below 20 (JSON schemas aside).
const MAX_DEPTH: usize = 64;

/// Why a body could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProtobufError {
    #[error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    NoMagic,
    #[error("unexpected EOF")]
    Truncated,
    #[error("proto: illegal wireType {0}")]
    Wire(u64),
    #[error("no kind \"{kind}\" is registered for version \"{api_version}\" in the protobuf decoder")]
    UnknownKind { api_version: String, kind: String },
    #[error("proto: nested too deeply")]
    TooDeep,
}

enum Wire<'a> {
    Number(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn varint(&mut self) -> Result<u64, ProtobufError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (first, rest) = self.rest.split_first().ok_or(ProtobufError::Truncated)?;
            self.rest = rest;
            value |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ProtobufError::Truncated)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ProtobufError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(ProtobufError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn next(&mut self) -> Result<Option<(u32, Wire<'a>)>, ProtobufError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).unwrap_or(0);
        let wire = match tag & 7 {
            0 => Wire::Number(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().map_err(|_| ProtobufError::Truncated)?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| ProtobufError::Truncated)?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().map_err(|_| ProtobufError::Truncated)?)),
            other => return Err(ProtobufError::Wire(other)),
        };
        Ok(Some((number, wire)))
    }
}

/// Reads a body into a JSON object with apiVersion and kind.
///
/// # Errors
/// [`ProtobufError`] for anything but a well-formed message of a kind that the schema knows.
pub(crate) fn decode(schema: &Schema, body: &[u8]) -> Result<Json, ProtobufError> {
    let mut unknown = Reader { rest: body.strip_prefix(MAGIC).ok_or(ProtobufError::NoMagic)? };
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    while let Some((number, wire)) = unknown.next()? {
        match (number, wire) {
            (1, Wire::Bytes(bytes)) => {
                let mut meta = Reader { rest: bytes };
                while let Some(field) = meta.next()? {
                    match field {
                        (1, Wire::Bytes(text)) => api_version = lossy(text),
                        (2, Wire::Bytes(text)) => kind = lossy(text),
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("core", &api_version));
    let package = group.split('.').next().unwrap_or("core");
    let name = match kind.as_str() {
        // These are sent in the version of the kind that they are about.
        "DeleteOptions" | "CreateOptions" | "UpdateOptions" | "PatchOptions" => "meta/v1.DeleteOptions".to_owned(),
        _ => format!("{package}/{version}.{kind}"),
    };
    let message = schema
        .message(&name)
        .ok_or_else(|| ProtobufError::UnknownKind { api_version: api_version.clone(), kind: kind.clone() })?;
    let mut object = read_message(schema, message, raw, MAX_DEPTH)?;
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    let mut object = Json::Object(object);
    for zero in ["generation", "resourceVersion", "uid"] {
        if matches!(json::at(&object, &["metadata", zero]).as_i64(), Some(0)) {
            json::remove(&mut object, &["metadata", zero]);
        }
    }
    Ok(object)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn read_message(schema: &Schema, message: &Message, bytes: &[u8], depth: usize) -> Result<Object, ProtobufError> {
    if depth == 0 {
        return Err(ProtobufError::TooDeep);
    }
    let mut object = Object::new();
    let mut reader = Reader { rest: bytes };
    while let Some((number, wire)) = reader.next()? {
        let Some(field) = message.fields.iter().find(|f| f.number == number) else { continue };
        match &field.kind {
            Type::List(inner, _) => {
                let item = read_value(schema, inner, &wire, depth)?.unwrap_or_else(|| zero(inner));
                if let Json::Array(items) = object.entry(field.name.clone()).or_insert_with(|| Json::Array(Vec::new()))
                {
                    items.push(item);
                }
            }
            Type::Map(inner, _) => {
                let Wire::Bytes(pair) = wire else { continue };
                let (key, value) = read_pair(schema, inner, pair, depth)?;
                json::force_object(object.entry(field.name.clone()).or_insert(Json::Null)).insert(key, value);
            }
            kind => {
                if let Some(value) = read_value(schema, kind, &wire, depth)? {
                    match value {
                        Json::Object(inner) if field.inline => object.extend(inner),
                        value => {
                            object.insert(field.name.clone(), value);
                        }
                    }
                }
            }
        }
    }
    Ok(object)
}

fn zero(kind: &Type) -> Json {
    match kind {
        Type::Text | Type::Bytes => "".into(),
        Type::Integer | Type::Float => 0.into(),
        Type::Boolean => false.into(),
        _ => json!({}),
    }
}

fn read_pair(schema: &Schema, inner: &Type, pair: &[u8], depth: usize) -> Result<(String, Json), ProtobufError> {
    let mut reader = Reader { rest: pair };
    let (mut key, mut value) = (String::new(), zero(inner));
    while let Some((number, wire)) = reader.next()? {
        match (number, wire) {
            (1, Wire::Bytes(text)) => key = lossy(text),
            (2, wire) => value = read_value(schema, inner, &wire, depth)?.unwrap_or_else(|| zero(inner)),
            _ => {}
        }
    }
    Ok((key, value))
}

/// The value of one field; none where Go would leave it out of JSON (empty strings, zero times).
fn read_value(schema: &Schema, kind: &Type, wire: &Wire<'_>, depth: usize) -> Result<Option<Json>, ProtobufError> {
    Ok(match (kind, wire) {
        (Type::Text, Wire::Bytes(text)) => Some(lossy(text)).filter(|t| !t.is_empty()).map(Json::from),
        (Type::Bytes, Wire::Bytes(bytes)) => Some(BASE64_STANDARD.encode(bytes).into()),
        (Type::Integer, Wire::Number(number)) => Some(number.cast_signed().into()),
        (Type::Boolean, Wire::Number(number)) => Some((*number != 0).into()),
        (Type::Float, Wire::Fixed64(bits)) => Some(f64::from_bits(*bits).into()),
        (Type::Float, Wire::Fixed32(bits)) => Some(f64::from(f32::from_bits(*bits)).into()),
        (Type::Message(name, _), Wire::Bytes(bytes)) => match schema.message(name) {
            Some(message) if !name.ends_with(".ExtraValue") => {
                Some(Json::Object(read_message(schema, message, bytes, depth - 1)?))
            }
            _ => read_leaf(name, bytes)?,
        },
        _ => None,
    })
}

fn read_leaf(name: &str, bytes: &[u8]) -> Result<Option<Json>, ProtobufError> {
    let (mut numbers, mut strings) = ([0i64; 3], Vec::new());
    if name == "meta/v1.FieldsV1" || name == "runtime.RawExtension" {
        let mut reader = Reader { rest: bytes };
        while let Some((_, wire)) = reader.next()? {
            if let Wire::Bytes(raw) = wire {
                return Ok(serde_json::from_slice(raw).ok());
            }
        }
        return Ok(None);
    }
    let mut reader = Reader { rest: bytes };
    while let Some((number, wire)) = reader.next()? {
        match wire {
            Wire::Number(value) => {
                if let Some(place) = numbers.get_mut(number as usize) {
                    *place = value.cast_signed();
                }
            }
            Wire::Bytes(text) => strings.push(lossy(text)),
            _ => {}
        }
    }
    let [_, first, second] = numbers;
    let text = strings.first().cloned().unwrap_or_default();
    Ok(match name {
        "meta/v1.Time" | "meta/v1.MicroTime" => {
            let form = if name.ends_with("MicroTime") { "%Y-%m-%dT%H:%M:%S.%6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
            let moment = jiff::Timestamp::new(first, i32::try_from(second).unwrap_or(0)).ok();
            moment.filter(|_| first > 0).map(|t| t.strftime(form).to_string().into())
        }
        "intstr.IntOrString" => Some(if first == 0 { second.into() } else { text.into() }),
        name if name.ends_with(".ExtraValue") => Some(strings.into()),
        _ => Some(text.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2, bytes.len() as u8];
        out.extend_from_slice(bytes);
        out
    }

    #[test]
    fn reads_a_secret() {
        let meta = [field(1, b"n"), field(11, &[field(1, b"k"), field(2, b"v")].concat())].concat();
        let secret =
            [field(1, &meta), field(2, &[field(1, b"release"), field(2, b"\xff\x00")].concat()), field(3, b"Opaque")]
                .concat();
        let kind = [field(1, b"v1"), field(2, b"Secret")].concat();
        let body = [MAGIC.to_vec(), field(1, &kind), field(2, &secret)].concat();
        let schema = Schema::built_in();
        assert_eq!(
            decode(&schema, &body).unwrap(),
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "n", "labels": {"k": "v"}},
                "data": {"release": "/wA="}, "type": "Opaque"})
        );
        for cut in 0..body.len() {
            let _ = decode(&schema, &body[..cut]);
        }
    }
}
