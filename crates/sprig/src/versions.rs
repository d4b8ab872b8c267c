//! `semver` and `semverCompare`: versions as Go's `*semver.Version`, with its methods.

use crate::args::{BOOL, INT, Params, Register, STR, any, text};
use gotmpl::value::{CallResult, FieldReader, Kind, Object};
use gotmpl::{FuncError, FuncMap, Function, GoString, GoType, Value, value::types};
use helmd_semver::{Constraints, SemverError, Version};
use std::any::Any;
use std::borrow::Cow;
use std::rc::Rc;

static STRUCT: GoType = GoType { name: "semver.Version", kind: Kind::Struct, elem: None };
static POINTER: GoType = GoType { name: "*semver.Version", kind: Kind::Ptr, elem: Some(&STRUCT) };

pub(crate) fn add(map: &mut FuncMap) {
    map.plain("semver", &[STR], &POINTER, |a| {
        let version = Version::parse(&lossy(a, 0)).map_err(failed)?;
        Ok(Value::Object(Rc::new(GoVersion { version, pointer: true })))
    });
    map.plain("semverCompare", &[STR, STR], BOOL, |a| {
        let constraints = constraints(text(a, 0))?;
        let version = Version::parse(&lossy(a, 1)).map_err(failed)?;
        Ok(Value::Bool(constraints.check(&version)))
    });
}

fn constraints(text: &[u8]) -> Result<Constraints, FuncError> {
    let groups = |text: &str| text.split("||").map(str::to_owned).collect::<Vec<_>>();
    let shown = gotmpl::strconv::utf8::to_text(text);
    Constraints::parse(&shown).map_err(|error| match &error {
        // The text is quoted as it was, with its bytes that are no UTF-8.
        SemverError::ImproperConstraint(group) if matches!(shown, std::borrow::Cow::Owned(_)) => {
            let at = groups(&shown).iter().position(|g| g == group).unwrap_or_default();
            let bytes = split_groups(text).nth(at).unwrap_or_default();
            FuncError::Text(format!("improper constraint: {}", gotmpl::strconv::quote(bytes)))
        }
        _ => failed(error),
    })
}

/// What lies between `||`.
fn split_groups(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let whole = rest?;
        let at = whole.windows(2).position(|w| w == b"||");
        rest = at.and_then(|at| whole.get(at + 2..));
        whole.get(..at.unwrap_or(whole.len()))
    })
}

fn lossy(args: &[Value], n: usize) -> String {
    gotmpl::strconv::utf8::to_text(text(args, n)).into_owned()
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function for map_err")]
fn failed(error: SemverError) -> FuncError {
    FuncError::Text(error.text())
}

/// A version in a template: what `semver` gives (a pointer), or what an `Inc…` method gives (the struct, which has
/// fewer methods).
#[derive(Clone)]
struct GoVersion {
    version: Version,
    pointer: bool,
}

type Method = (&'static str, Params, &'static GoType, fn(&Version, &[Value]) -> CallResult);

const NUMBER: &GoType = types::UINT64;

/// The methods of the struct.
const METHODS: &[Method] = &[
    ("Major", &[], NUMBER, |v, _| Ok(Value::Uint(NUMBER, v.major))),
    ("Minor", &[], NUMBER, |v, _| Ok(Value::Uint(NUMBER, v.minor))),
    ("Patch", &[], NUMBER, |v, _| Ok(Value::Uint(NUMBER, v.patch))),
    ("Prerelease", &[], STR, |v, _| Ok(Value::str(&v.prerelease))),
    ("Metadata", &[], STR, |v, _| Ok(Value::str(&v.metadata))),
    ("String", &[], STR, |v, _| Ok(Value::str(v.to_string()))),
    ("IncMajor", &[], &STRUCT, |v, _| next(v.inc_major())),
    ("IncMinor", &[], &STRUCT, |v, _| next(v.inc_minor())),
    ("IncPatch", &[], &STRUCT, |v, _| next(v.inc_patch())),
    ("SetPrerelease", &[STR], &STRUCT, |v, a| v.with_prerelease(&lossy(a, 0)).map(structure).map_err(failed)),
    ("SetMetadata", &[STR], &STRUCT, |v, a| v.with_metadata(&lossy(a, 0)).map(structure).map_err(failed)),
    ("MarshalText", &[], types::BYTES, |v, _| Ok(bytes(v.to_string().as_bytes()))),
    ("MarshalJSON", &[], types::BYTES, |v, _| Ok(bytes(format!("\"{v}\"").as_bytes()))),
    ("Value", &[], types::INTERFACE, |v, _| Ok(Value::str(v.to_string()))),
];

/// The methods that only the pointer has.
const POINTER_METHODS: &[Method] = &[
    ("Original", &[], STR, |v, _| Ok(Value::str(v.original()))),
    ("Compare", &[&POINTER], INT, |v, a| Ok(Value::int(v.compare(&other(a)?) as i64))),
    ("Equal", &[&POINTER], BOOL, |v, a| Ok(Value::Bool(other(a).is_ok_and(|o| v.compare(&o).is_eq())))),
    ("GreaterThan", &[&POINTER], BOOL, |v, a| Ok(Value::Bool(v.compare(&other(a)?).is_gt()))),
    ("GreaterThanEqual", &[&POINTER], BOOL, |v, a| Ok(Value::Bool(v.compare(&other(a)?).is_ge()))),
    ("LessThan", &[&POINTER], BOOL, |v, a| Ok(Value::Bool(v.compare(&other(a)?).is_lt()))),
    ("LessThanEqual", &[&POINTER], BOOL, |v, a| Ok(Value::Bool(v.compare(&other(a)?).is_le()))),
];

fn structure(version: Version) -> Value {
    Value::Object(Rc::new(GoVersion { version, pointer: false }))
}

fn next(version: Result<Version, SemverError>) -> CallResult {
    version.map(structure).map_err(|e| FuncError::Panic(e.text()))
}

fn bytes(text: &[u8]) -> Value {
    Value::List(gotmpl::List::bytes(text.into()))
}

/// The version that a comparison got; nil is looked into, as in Go.
fn other(args: &[Value]) -> Result<Version, FuncError> {
    if let Value::Object(object) = any(args, 0)
        && let Some(version) = object.as_any().downcast_ref::<GoVersion>()
    {
        return Ok(version.version.clone());
    }
    Err(crate::args::nil_pointer())
}

impl Object for GoVersion {
    fn go_type(&self) -> &'static GoType {
        if self.pointer { &POINTER } else { &STRUCT }
    }

    fn method(&self, name: &str) -> Option<Rc<Function>> {
        let pointer_methods = if self.pointer { POINTER_METHODS } else { &[] };
        let (name, params, result, body) = *METHODS.iter().chain(pointer_methods).find(|m| m.0 == name)?;
        let version = self.version.clone();
        Some(Rc::new(Function::new(name, params, result, move |_, args| body(&version, args))))
    }

    fn string(&self) -> Option<GoString> {
        Some(self.version.to_string().into())
    }

    /// HELM: the copying library sets exported fields only, and a version has none.
    fn deep_copy(&self, _addressed: bool) -> Option<Value> {
        Some(Value::Object(Rc::new(GoVersion { version: Version::default(), pointer: self.pointer })))
    }

    fn fields_for(&self, reader: FieldReader) -> Vec<(Cow<'static, str>, Value)> {
        // No field is exported: only `fmt` sees them.
        if reader != FieldReader::Fmt {
            return Vec::new();
        }
        let v = &self.version;
        vec![
            ("major".into(), Value::Uint(NUMBER, v.major)),
            ("minor".into(), Value::Uint(NUMBER, v.minor)),
            ("patch".into(), Value::Uint(NUMBER, v.patch)),
            ("pre".into(), Value::str(&v.prerelease)),
            ("metadata".into(), Value::str(&v.metadata)),
            ("original".into(), Value::str(v.original())),
        ]
    }

    fn json(&self) -> Option<Value> {
        Some(Value::str(self.version.to_string()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
