//! The shapes of the built-in kinds, read once from `schema/types.txt` (see `schema/generate.py` for its form): names of
//! fields, protobuf numbers, and how server-side apply takes lists and maps.

use std::collections::BTreeMap;

use crate::{json::Json, kinds::Kind};

const TYPES: &str = include_str!("../schema/types.txt");

/// Kinds of which only the metadata is known.
const UNTYPED: &str = "untyped metadata=1:meta/v1.ObjectMeta";

/// How a list's items are told apart by server-side apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Items {
    /// The list is one value.
    Atomic,
    /// Each item stands for itself.
    Set,
    /// Items are known by these fields.
    Keys(Vec<String>),
}

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Bytes,
    Integer,
    Boolean,
    Float,
    List(Box<Type>, Items),
    Map(Box<Type>, /* atomic */ bool),
    Message(String, /* atomic */ bool),
}

/// One field of a message.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub name: String,
    pub number: u32,
    pub kind: Type,
    /// The message's own fields lie directly in the parent's JSON.
    pub inline: bool,
    pub default: Option<Json>,
    /// Left out of JSON when it is zero or empty; for messages: when it is not there, as it is a pointer.
    pub vanishes: bool,
}

/// One message: a JSON object with known fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    /// As protobuf has them.
    pub fields: Vec<Field>,
    /// As JSON has them: fields of inline messages stand among the others.
    pub json: BTreeMap<String, Field>,
    pub atomic: bool,
}

/// All messages by name, such as `core/v1.PodSpec`.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    messages: BTreeMap<String, Message>,
}

impl Schema {
    /// The schema of the built-in kinds.
    pub(crate) fn built_in() -> Self {
        let mut messages: BTreeMap<String, Message> = TYPES.lines().chain([UNTYPED]).filter_map(read_message).collect();
        let opened: Vec<(String, BTreeMap<String, Field>)> =
            messages.iter().map(|(name, message)| (name.clone(), open_inline(&messages, message, 4))).collect();
        for (name, json) in opened {
            if let Some(message) = messages.get_mut(&name) {
                message.json = json;
            }
        }
        Self { messages }
    }

    pub(crate) fn message(&self, name: &str) -> Option<&Message> {
        self.messages.get(name)
    }

    /// The message of a kind's objects; of custom kinds only the metadata is typed.
    pub(crate) fn root(&self, kind: &Kind) -> Type {
        Type::Message(kind.schema.clone().unwrap_or_else(|| "untyped".to_owned()), false)
    }
}

impl Message {
    /// The field called `name` in JSON, also one of an inline message.
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.json.get(name)
    }
}

/// All fields as they stand in JSON: inline messages are opened.
fn open_inline(messages: &BTreeMap<String, Message>, message: &Message, depth: usize) -> BTreeMap<String, Field> {
    let mut all = BTreeMap::new();
    for field in &message.fields {
        match &field.kind {
            Type::Message(inner, _) if field.inline && depth > 0 => {
                if let Some(inner) = messages.get(inner) {
                    all.extend(open_inline(messages, inner, depth - 1));
                }
            }
            _ => {
                all.insert(field.name.clone(), field.clone());
            }
        }
    }
    all
}

fn read_message(line: &str) -> Option<(String, Message)> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let mut message = Message::default();
    for word in words {
        match word {
            "!" => message.atomic = true,
            _ => message.fields.push(read_field(word)?),
        }
    }
    Some((name.to_owned(), message))
}

fn read_field(word: &str) -> Option<Field> {
    let (name, rest) = word.split_once('=')?;
    let (number, rest) = rest.split_once(':')?;
    let (rest, default) = match rest.split_once('%') {
        Some((rest, value)) => (rest, serde_json::from_str(value).ok()),
        None => (rest, None),
    };
    let (rest, vanishes) = rest.strip_suffix('~').map_or((rest, false), |r| (r, true));
    let (rest, inline) = rest.strip_suffix('^').map_or((rest, false), |r| (r, true));
    Some(Field {
        name: name.to_owned(),
        number: number.parse().ok()?,
        kind: read_type(rest)?,
        inline,
        default,
        vanishes,
    })
}

fn read_type(text: &str) -> Option<Type> {
    if let Some(rest) = text.strip_prefix('[') {
        let (inner, marks) = rest.rsplit_once(']')?;
        let items = match marks.strip_prefix('@') {
            None => Items::Atomic,
            Some("") => Items::Set,
            Some(keys) => Items::Keys(keys.split(',').map(str::to_owned).collect()),
        };
        return Some(Type::List(Box::new(read_type(inner)?), items));
    }
    if let Some(rest) = text.strip_prefix('{') {
        let (inner, marks) = rest.rsplit_once('}')?;
        return Some(Type::Map(Box::new(read_type(inner)?), marks == "!"));
    }
    let (text, atomic) = text.strip_suffix('!').map_or((text, false), |t| (t, true));
    Some(match text {
        "s" => Type::Text,
        "b" => Type::Bytes,
        "i" => Type::Integer,
        "o" => Type::Boolean,
        "f" => Type::Float,
        name => Type::Message(name.to_owned(), atomic),
    })
}

/// Messages that are not objects in JSON.
pub(crate) fn is_leaf(name: &str) -> bool {
    matches!(
        name,
        "meta/v1.Time"
            | "meta/v1.MicroTime"
            | "meta/v1.Duration"
            | "meta/v1.FieldsV1"
            | "resource.Quantity"
            | "intstr.IntOrString"
            | "runtime.RawExtension"
    ) || name.ends_with(".ExtraValue")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_line() {
        let schema = Schema::built_in();
        assert_eq!(schema.messages.len(), TYPES.lines().count() + 1);
        let spec = schema.message("core/v1.ServiceSpec").unwrap();
        let ports = spec.field("ports").unwrap();
        let Type::List(_, Items::Keys(keys)) = &ports.kind else { panic!("{ports:?}") };
        assert_eq!(keys, &["port", "protocol"]);
        assert!(schema.message("core/v1.Probe").unwrap().field("httpGet").is_some());
    }
}
