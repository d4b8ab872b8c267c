//! Go's types as far as templates can see them.

/// Go's `reflect.Kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// nil
    Invalid,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `int8`
    Int8,
    /// `int16`
    Int16,
    /// `int32`
    Int32,
    /// `int64`
    Int64,
    /// `uint`
    Uint,
    /// `uint8`
    Uint8,
    /// `uint16`
    Uint16,
    /// `uint32`
    Uint32,
    /// `uint64`
    Uint64,
    /// `float32`
    Float32,
    /// `float64`
    Float64,
    /// `complex128`
    Complex128,
    /// `func`
    Func,
    /// `interface`, only as a declared parameter or element type
    Interface,
    /// `map`
    Map,
    /// `ptr`
    Ptr,
    /// `slice`
    Slice,
    /// `string`
    String,
    /// `struct`
    Struct,
}

impl Kind {
    /// As `reflect.Kind.String` prints it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Invalid => "invalid",
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Int8 => "int8",
            Kind::Int16 => "int16",
            Kind::Int32 => "int32",
            Kind::Int64 => "int64",
            Kind::Uint => "uint",
            Kind::Uint8 => "uint8",
            Kind::Uint16 => "uint16",
            Kind::Uint32 => "uint32",
            Kind::Uint64 => "uint64",
            Kind::Float32 => "float32",
            Kind::Float64 => "float64",
            Kind::Complex128 => "complex128",
            Kind::Func => "func",
            Kind::Interface => "interface",
            Kind::Map => "map",
            Kind::Ptr => "ptr",
            Kind::Slice => "slice",
            Kind::String => "string",
            Kind::Struct => "struct",
        }
    }
}

/// One Go type. Types are statics and are compared by name.
#[derive(Debug, PartialEq, Eq)]
pub struct GoType {
    /// As `%T` and `reflect.Type.String` print it.
    pub name: &'static str,
    /// The kind of its values.
    pub kind: Kind,
    /// Element type of slices and maps, pointed-to type of pointers.
    pub elem: Option<&'static GoType>,
}

/// The types that Go and the template functions use.
///
/// `LIST_DECODED` is the same type as `LIST_ANY`. It marks lists that Go's JSON decoder made: these have room for more
/// elements than they hold, which `slice` can see.
pub mod types {
    use super::{GoType, Kind};

    macro_rules! go_types {
        ($($id:ident = $name:literal, $kind:ident $(, $elem:ident)?;)*) => {
            $(
                #[doc = concat!("`", $name, "`")]
                pub const $id: &GoType = {
                    static T: GoType = GoType {
                        name: $name,
                        kind: Kind::$kind,
                        elem: go_types!(@elem $($elem)?),
                    };
                    &T
                };
            )*
        };
        (@elem) => { None };
        (@elem $elem:ident) => { Some($elem) };
    }

    go_types! {
        INTERFACE = "interface {}", Interface;
        BOOL = "bool", Bool;
        INT = "int", Int;
        INT8 = "int8", Int8;
        INT16 = "int16", Int16;
        INT32 = "int32", Int32;
        INT64 = "int64", Int64;
        UINT = "uint", Uint;
        UINT8 = "uint8", Uint8;
        UINT16 = "uint16", Uint16;
        UINT32 = "uint32", Uint32;
        UINT64 = "uint64", Uint64;
        FLOAT32 = "float32", Float32;
        FLOAT64 = "float64", Float64;
        COMPLEX128 = "complex128", Complex128;
        STRING = "string", String;
        ERROR = "error", Interface;
        DURATION = "time.Duration", Int64;
        MONTH = "time.Month", Int;
        WEEKDAY = "time.Weekday", Int;
        BYTES = "[]uint8", Slice, UINT8;
        LIST_ANY = "[]interface {}", Slice, INTERFACE;
        LIST_DECODED = "[]interface {}", Slice, INTERFACE;
        LIST_STRING = "[]string", Slice, STRING;
        LIST_INT = "[]int", Slice, INT;
        MAP_ANY = "map[string]interface {}", Map, INTERFACE;
        LIST_MAP_ANY = "[]map[string]interface {}", Slice, MAP_ANY;
        MAP_STRING = "map[string]string", Map, STRING;
        LIST_LIST_ANY = "[][]interface {}", Slice, LIST_ANY;
    }
}
