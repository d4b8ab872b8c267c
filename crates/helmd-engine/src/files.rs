//! `.Files`: the chart's files that are no templates.

use crate::glob::Glob;
use gotmpl::exec::{Exec, Limits};
use gotmpl::value::{CallResult, types};
use gotmpl::{FuncError, Function, GoString, GoType, Kind, List, Map, Object, Value};
use std::any::Any;
use std::collections::BTreeMap;
use std::rc::Rc;

static FILES: GoType = GoType { name: "engine.files", kind: Kind::Map, elem: Some(types::BYTES) };

/// File contents by name; the bytes are shared by every `Glob` of it.
#[derive(Clone)]
pub(crate) struct Files(Rc<BTreeMap<GoString, GoString>>);

impl Files {
    pub(crate) fn new(entries: impl IntoIterator<Item = (GoString, GoString)>) -> Files {
        Files(Rc::new(entries.into_iter().collect()))
    }

    fn get(&self, name: &Value) -> GoString {
        name.as_str().and_then(|n| self.0.get(n)).cloned().unwrap_or_default()
    }

    fn glob(&self, limits: &Limits, pattern: &Value) -> Result<Files, FuncError> {
        let text = pattern.as_str().map(|p| p.to_text().into_owned()).unwrap_or_default();
        let glob = Glob::new(&text).unwrap_or_else(Glob::all);
        let mut comparing = limits.comparing();
        let mut found = Vec::new();
        for (name, data) in self.0.iter() {
            if glob.matches(&name.to_text(), &mut comparing)? {
                found.push((name.clone(), data.clone()));
            }
        }
        Ok(Files::new(found))
    }

    /// A YAML map from each file's base name to its content as `encode` gives it.
    fn flat_yaml(&self, limits: &Limits, encode: impl Fn(&GoString) -> GoString) -> CallResult {
        let map = Map::from_entries(
            types::MAP_STRING,
            self.0.iter().map(|(name, data)| (base_name(name), Value::String(encode(data)))),
        );
        crate::functions::yaml_text(limits, &Value::Map(map))
    }

    fn lines(&self, limits: &Limits, name: &Value) -> CallResult {
        let data = self.get(name);
        if data.is_empty() {
            return Ok(Value::string_list(Vec::<GoString>::new()));
        }
        let text = data.strip_suffix(b"\n").unwrap_or(&data);
        limits.items(1 + text.iter().filter(|b| **b == b'\n').count())?;
        Ok(Value::string_list(text.split(|b| *b == b'\n').map(GoString::from)))
    }
}

/// Go's `path.Base`.
fn base_name(path: &GoString) -> GoString {
    let end = path.iter().rposition(|b| *b != b'/').map_or(0, |i| i + 1);
    if end == 0 {
        return if path.is_empty() { ".".into() } else { "/".into() };
    }
    let start = path[..end].iter().rposition(|b| *b == b'/').map_or(0, |i| i + 1);
    GoString::from(&path[start..end])
}

/// A `[]uint8` of these bytes.
fn bytes(data: GoString) -> Value {
    Value::List(List::bytes(data))
}

impl Object for Files {
    fn go_type(&self) -> &'static GoType {
        &FILES
    }

    fn method(&self, name: &str) -> Option<Rc<Function>> {
        let files = self.clone();
        let one = |name, result, f: fn(&Files, &mut Exec<'_>, &Value) -> CallResult| {
            let body = move |exec: &mut Exec<'_>, args: &[Value]| f(&files, exec, args.first().unwrap_or(&Value::Nil));
            Some(Rc::new(Function::new(name, &[types::STRING], result, body)))
        };
        match name {
            "Get" => one("Get", types::STRING, |f, _, n| Ok(Value::String(f.get(n)))),
            "GetBytes" => one("GetBytes", types::BYTES, |f, _, n| Ok(bytes(f.get(n)))),
            "Glob" => one("Glob", &FILES, |f, exec, p| Ok(Value::Object(Rc::new(f.glob(exec.limits(), p)?)))),
            "Lines" => one("Lines", types::LIST_STRING, |f, exec, n| f.lines(exec.limits(), n)),
            "AsConfig" => {
                let files = self.clone();
                Some(Rc::new(Function::new("AsConfig", &[], types::STRING, move |exec, _| {
                    files.flat_yaml(exec.limits(), GoString::clone)
                })))
            }
            "AsSecrets" => {
                let files = self.clone();
                Some(Rc::new(Function::new("AsSecrets", &[], types::STRING, move |exec, _| {
                    files.flat_yaml(exec.limits(), |d| base64(d).into())
                })))
            }
            _ => None,
        }
    }

    fn truth(&self) -> bool {
        !self.0.is_empty()
    }

    fn as_map(&self) -> Option<Map> {
        Some(Map::from_entries(&FILES, self.0.iter().map(|(n, d)| (n.clone(), bytes(d.clone())))))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn base64(data: &[u8]) -> String {
    use ::base64::Engine as _;
    ::base64::engine::general_purpose::STANDARD.encode(data)
}

#[cfg(test)]
mod tests {
    use super::base_name;

    #[test]
    fn base_names_are_gos() {
        for (path, want) in [("a/b.txt", "b.txt"), ("a", "a"), ("", "."), ("/", "/"), ("a/b/", "b")] {
            assert_eq!(base_name(&path.into()), want.into(), "{path}");
        }
    }
}
