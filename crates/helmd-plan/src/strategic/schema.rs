//! The types of the built-in kinds, as far as patches need them.

use super::error::StrategicError;
use super::pack::{Kind, Text, Type, kinds, types};

/// The type of an object or of one of its parts.
#[derive(Clone, Copy)]
pub(super) struct Schema(&'static Type);

/// What the tags of a field say.
#[derive(Clone, Copy, Default)]
pub(super) struct PatchMeta {
    /// Fields that are not in the patch are cleared.
    pub retain_keys: bool,
    /// `merge`, `replace` or nothing.
    pub strategy: &'static str,
    /// The field that tells the elements of a list apart.
    pub key: &'static str,
}

/// The table names no type that it does not have.
static UNKNOWN: Type = Type::Plain(Text::EMPTY);

fn type_at(place: u16) -> &'static Type {
    types().get(usize::from(place)).unwrap_or(&UNKNOWN)
}

/// True when the kind is one of Kubernetes' own, so that a strategic merge patch can be made for it.
///
/// Custom resource definitions are none here: Helm patches them as it patches custom resources.
pub fn is_built_in(api_version: &str, kind: &str) -> bool {
    Schema::of(api_version, kind).is_some()
}

impl Schema {
    /// The type of a kind; `None` for a kind that is not built in.
    pub fn of(api_version: &str, kind: &str) -> Option<Schema> {
        let wanted = (api_version.as_bytes(), kind.as_bytes());
        let place = kinds().binary_search_by(|Kind(v, k, _)| (v.bytes(), k.bytes()).cmp(&wanted)).ok()?;
        kinds().get(place).map(|Kind(_, _, id)| Schema(type_at(*id)))
    }

    /// Go's word for the kind of type.
    pub fn kind(self) -> &'static str {
        match self.0 {
            Type::Struct(..) => "struct",
            Type::Pointer(_) => "ptr",
            Type::List(_) => "slice",
            Type::Plain(kind) => kind.get(),
        }
    }

    /// The type and tags of a field that holds an object.
    pub fn field(self, key: &str) -> Result<(Schema, PatchMeta), StrategicError> {
        let this = match self.0 {
            Type::Pointer(to) => Schema(type_at(*to)),
            _ => self,
        };
        let Type::Struct(name, fields) = this.0 else {
            return Err(StrategicError::NotStruct { kind: this.kind() });
        };
        let (fields, wanted) = (fields.get(), key.as_bytes());
        let exact = fields.iter().find(|f| f.name.bytes() == wanted);
        let Some(field) = exact.or_else(|| fields.iter().find(|f| f.name.bytes().eq_ignore_ascii_case(wanted))) else {
            return Err(StrategicError::UnknownField { type_name: name.get(), field: key.to_owned() });
        };
        let strategy = field.strategy.get();
        let (retain_keys, strategy) = match strategy.split_once(',') {
            None if strategy == RETAIN_KEYS => (true, ""),
            None => (false, strategy),
            Some((RETAIN_KEYS, other) | (other, RETAIN_KEYS)) => (true, other),
            Some((first, _)) => (false, first),
        };
        Ok((Schema(type_at(field.of)), PatchMeta { retain_keys, strategy, key: field.key.get() }))
    }

    /// The element type and tags of a field that holds a list.
    pub fn list_field(self, key: &str) -> Result<(Schema, PatchMeta), StrategicError> {
        let (of, meta) = self.field(key)?;
        let element = match of.0 {
            Type::List(element) if matches!(type_at(*element), Type::List(_)) => {
                return Err(StrategicError::ListTypeOfLists);
            }
            Type::List(element) => type_at(*element),
            Type::Pointer(to) => match type_at(*to) {
                Type::List(element) => type_at(*element),
                other => other,
            },
            // HELM: the error names the type around the field.
            _ => return Err(StrategicError::NotList { kind: self.kind() }),
        };
        Ok((Schema(element), meta))
    }
}

const RETAIN_KEYS: &str = "retainKeys";
