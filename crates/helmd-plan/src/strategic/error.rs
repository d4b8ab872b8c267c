//! Why a strategic merge patch could not be made or applied.

use crate::go_text::{go_text, go_text_of_string, go_type};
use serde_json::{Map, Value as Json};

/// Why a strategic merge patch could not be made or applied, in the words of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StrategicError {
    /// The kind is not built in.
    #[error("strategic merge patch format is not supported")]
    UnknownKind,
    /// A document is no object.
    #[error("invalid JSON document")]
    NotAnObject,
    /// Objects are nested more than [`MAX_DEPTH`](crate::MAX_DEPTH) deep.
    #[error("object is nested too deeply")]
    TooDeep,
    /// An object stands where the type has something else.
    #[error("merging an object in json but data type is not struct, instead is: {kind}")]
    NotStruct {
        /// Go's kind of the type.
        kind: &'static str,
    },
    /// A list stands where the type has something else.
    #[error("expected slice or array type, but got: {kind}")]
    NotList {
        /// Go's kind of the type.
        kind: &'static str,
    },
    /// The type has no such field.
    #[error("unable to find api field in struct {type_name} for the json field {field:?}")]
    UnknownField {
        /// The Go type.
        type_name: &'static str,
        /// The field.
        field: String,
    },
    /// The type is a list of lists.
    #[error("unexpected slice of slice")]
    ListTypeOfLists,
    /// A list of lists.
    #[error("lists of lists are not supported")]
    ListOfLists,
    /// A list holds several types.
    #[error("list element types are not identical: {0}")]
    MixedList(String),
    /// Only empty lists where elements are needed.
    #[error("no elements in any of the given slices")]
    NoElements,
    /// An element lacks the key by which it is known.
    #[error("map: {element} does not contain declared merge key: {key}")]
    NoMergeKey {
        /// The element.
        element: String,
        /// The key.
        key: String,
    },
    /// The key by which elements are known holds an object or a list.
    #[error("merge key {key} must hold a text, a number or a boolean, but holds a {actual}")]
    KeyNotScalar {
        /// The key.
        key: String,
        /// The Go type of its value.
        actual: &'static str,
    },
    /// An object or a list in a list that tells elements apart by their values.
    #[error("list must hold texts, numbers or booleans, but holds a {actual}")]
    NotScalar {
        /// The Go type of the element.
        actual: &'static str,
    },
    /// A value of another type.
    #[error("expected a {expected}, but received a {actual}")]
    WrongType {
        /// The Go type wanted.
        expected: &'static str,
        /// The Go type found.
        actual: &'static str,
    },
    /// An element of a list of objects is no object.
    #[error("value for key {0} is not a map")]
    ElementNotObject(usize),
    /// A list of objects whose type names no merge key.
    #[error("cannot merge lists without merge key for {kind}")]
    NoKeyInType {
        /// Go's kind of the type.
        kind: &'static str,
    },
    /// `$patch` holds something else than a text.
    #[error("invalid value for special key: $patch")]
    BadDirective,
    /// `$patch` holds an unknown word.
    #[error("unknown patch type: {word} in map: {map}")]
    UnknownDirective {
        /// The word.
        word: String,
        /// The object it stands in.
        map: String,
    },
    /// `$patch: merge` in a list.
    #[error("merging lists cannot yet be specified in the patch")]
    MergeDirective,
    /// A bad `$deleteFromPrimitiveList`.
    #[error("invalid patch format of primitive list")]
    BadDeletionList,
    /// A bad `$retainKeys`.
    #[error("invalid patch format of retainKeys")]
    BadRetainKeys,
    /// Two `$retainKeys` lists for one object.
    #[error("{0} and {1} are not deep equal: this may happen when calculating the 3-way diff patch")]
    DifferentRetainKeys(String, String),
    /// A bad `$setElementOrder`.
    #[error("invalid patch format of setElementOrder list")]
    BadElementOrder,
    /// A list in the patch has another order than its `$setElementOrder`.
    #[error("The order in patch list:\n{list}\n doesn't match $setElementOrder list:\n{order}\n")]
    OrderMismatch {
        /// The list.
        list: String,
        /// The order.
        order: String,
    },
}

impl StrategicError {
    pub(super) fn no_merge_key(element: &Map<String, Json>, key: &str) -> StrategicError {
        StrategicError::NoMergeKey { element: go_text(&Json::Object(element.clone())), key: key.to_owned() }
    }

    pub(super) fn not_a_map(actual: &Json) -> StrategicError {
        StrategicError::WrongType { expected: "map[string]interface {}", actual: go_type(actual) }
    }

    pub(super) fn not_a_list(actual: &Json) -> StrategicError {
        StrategicError::WrongType { expected: "[]interface {}", actual: go_type(actual) }
    }

    pub(super) fn unknown_directive(word: &Json, map: &Map<String, Json>) -> StrategicError {
        StrategicError::UnknownDirective { word: go_text_of_string(word), map: go_text(&Json::Object(map.clone())) }
    }
}
