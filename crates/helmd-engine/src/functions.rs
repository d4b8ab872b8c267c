//! Helm's template functions, laid over sprig's.

use crate::engine::{Engine, Notes};
use crate::errors::mark;
use gotmpl::exec::Exec;
use gotmpl::value::{CallResult, types};
use gotmpl::{FuncError, FuncMap, Function, GoString, Map, Value};
use helmd_chart::HelmMajor;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// An `include` of a name that is already being included this often ends the render, as in Helm.
const MAX_INCLUDES: usize = 1000;

/// All functions of one render.
pub(crate) fn all(engine: &Engine, host: Rc<dyn sprig::Host>, notes: &Notes) -> FuncMap {
    let mut map = sprig::functions(host);
    map.remove("env");
    map.remove("expandenv");
    formats(&mut map);
    match engine.helm {
        HelmMajor::Helm4 => sprig::time::helm_durations(&mut map),
        HelmMajor::Helm3 => {
            map.remove("mustToYaml");
            map.remove("mustToToml");
        }
    }
    running(&mut map);
    failing(&mut map, engine.lint, notes);
    map.add(lookup(engine));
    if !engine.enable_dns {
        map.add(Function::new("getHostByName", &[types::STRING], types::STRING, |_, _| Ok(Value::str(""))));
    }
    map
}

fn arg(args: &[Value], n: usize) -> &Value {
    args.get(n).unwrap_or(&Value::Nil)
}

fn text(args: &[Value], n: usize) -> GoString {
    arg(args, n).as_str().cloned().unwrap_or_default()
}

/// What `toYaml` gives: YAML without the last newline, nothing when the value cannot be written.
pub(crate) fn yaml_text(value: &Value) -> Value {
    helmd_yaml::to_yaml(value).map_or_else(|_| Value::str(""), without_newline)
}

fn without_newline(mut text: Vec<u8>) -> Value {
    if text.last() == Some(&b'\n') {
        text.pop();
    }
    Value::str(text)
}

fn error_map(error: &dyn std::error::Error) -> Value {
    Value::map([("Error".into(), Value::str(helmd_chart::error_text(error)))])
}

fn error_list(error: &dyn std::error::Error) -> Value {
    Value::list(vec![Value::str(helmd_chart::error_text(error))])
}

/// `toYaml`, `fromJson` and their family.
fn formats(map: &mut FuncMap) {
    let mut to = |name, f: fn(&Value) -> CallResult| {
        map.add(Function::new(name, &[types::INTERFACE], types::STRING, move |_, args| f(arg(args, 0))));
    };
    to("toYaml", |v| Ok(yaml_text(v)));
    to("mustToYaml", |v| helmd_yaml::to_yaml(v).map(without_newline).map_err(|e| FuncError::Panic(e.to_string())));
    to("toYamlPretty", |v| Ok(helmd_yaml::to_yaml_pretty(v).map_or_else(|_| Value::str(""), without_newline)));
    to("toToml", |v| match helmd_yaml::toml::to_toml(v) {
        Ok(text) => Ok(Value::str(text)),
        Err(helmd_yaml::toml::TomlError::Panic(text)) => Err(FuncError::Panic(text.to_owned())),
        Err(e) => Ok(Value::str(e.to_string())),
    });
    to("mustToToml", |v| helmd_yaml::toml::to_toml(v).map(Value::str).map_err(|e| FuncError::Panic(e.to_string())));
    to("toJson", |v| Ok(Value::str(gotmpl::json::marshal(v).unwrap_or_default())));
    to("mustToJson", |v| gotmpl::json::marshal(v).map(Value::str).map_err(|e| FuncError::Panic(e.to_string())));

    let mut from = |name, result, f: fn(&[u8]) -> Value| {
        map.add(Function::new(name, &[types::STRING], result, move |_, args| Ok(f(&text(args, 0)))));
    };
    from("fromYaml", types::MAP_ANY, |t| helmd_yaml::parse_map(t).map_or_else(|e| error_map(&e), Value::Map));
    from("fromYamlArray", types::LIST_ANY, |t| helmd_yaml::parse_list(t).map_or_else(|e| error_list(&e), Value::List));
    from("fromJson", types::MAP_ANY, |t| {
        let (map, error) = gotmpl::json::unmarshal_map(t);
        if let Some(error) = error {
            // HELM: what was read before the error stays.
            let _always_a_map = map.insert("Error", Value::str(error.to_string()));
        }
        Value::Map(map)
    });
    from("fromJsonArray", types::LIST_ANY, |t| match gotmpl::json::unmarshal_list(t) {
        (list, None) => Value::List(list),
        (_, Some(error)) => error_list(&error),
    });
    from("fromToml", types::MAP_ANY, |t| match std::str::from_utf8(t) {
        Ok(t) => helmd_yaml::toml::from_toml(t).map_or_else(|e| error_map(&e), Value::Map),
        Err(e) => error_map(&e),
    });
}

/// `include` and `tpl`, which run further templates.
fn running(map: &mut FuncMap) {
    let depth: Rc<RefCell<HashMap<GoString, usize>>> = Rc::default();
    map.add(Function::new("include", &[types::STRING, types::INTERFACE], types::STRING, move |exec, args| {
        let name = text(args, 0);
        {
            let mut depth = depth.borrow_mut();
            let n = depth.entry(name.clone()).or_insert(0);
            if *n > MAX_INCLUDES {
                return Err(FuncError::Text(format!(
                    "rendering template has a nested reference name: {name}: unable to execute template"
                )));
            }
            *n += 1;
        }
        let out = exec.execute(&name.to_text(), arg(args, 1));
        if let Some(n) = depth.borrow_mut().get_mut(&name) {
            *n -= 1;
        }
        out.map(Value::String)
    }));
    map.add(Function::new("tpl", &[types::STRING, types::INTERFACE], types::STRING, |exec, args| {
        tpl(exec, &text(args, 0), arg(args, 1))
    }));
}

fn tpl(exec: &mut Exec<'_>, source: &GoString, data: &Value) -> CallResult {
    if memchr::memmem::find(source, b"{{").is_none() {
        return Ok(Value::String(without_no_value(source.clone())));
    }
    let quoted = || gotmpl::strconv::quote(source);
    let out = exec.execute_text("gotpl", source, data).map_err(|failure| match failure {
        gotmpl::exec::TextFailure::Parse(e) => FuncError::Text(format!("cannot parse template {}: {e}", quoted())),
        gotmpl::exec::TextFailure::Exec(e) => FuncError::Wrapped {
            text: format!("error during tpl function execution for {}: ", quoted()),
            source: Box::new(e),
        },
    })?;
    Ok(Value::String(without_no_value(out)))
}

/// Takes Go's `<no value>` out, as Helm does with every rendered text.
pub(crate) fn without_no_value(text: GoString) -> GoString {
    const NO_VALUE: &[u8] = b"<no value>";
    let find = |text: &[u8]| memchr::memmem::find(text, NO_VALUE);
    if find(&text).is_none() {
        return text;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest: &[u8] = &text;
    while let Some(at) = find(rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + NO_VALUE.len()..];
    }
    out.extend_from_slice(rest);
    out.into()
}

/// `required` and `fail`: marked, so that Helm's sentence holds only their message; lint goes on with a note.
fn failing(map: &mut FuncMap, lint: bool, notes: &Notes) {
    let log = notes.clone();
    map.add(Function::new("required", &[types::STRING, types::INTERFACE], types::INTERFACE, move |_, args| {
        let message = text(args, 0);
        let words = match arg(args, 1) {
            Value::Nil => "missing required value",
            Value::String(s) if s.is_empty() => "missing required values",
            present => return Ok(present.clone()),
        };
        if lint {
            log.warn(words, &message.to_text());
            return Ok(Value::str(""));
        }
        Err(FuncError::Text(mark(&message.to_text())))
    }));
    let log = notes.clone();
    map.add(Function::new("fail", &[types::STRING], types::STRING, move |_, args| {
        let message = text(args, 0);
        if lint {
            log.info("funcMap fail", &message.to_text());
            return Ok(Value::str(""));
        }
        Err(FuncError::Text(mark(&message.to_text())))
    }));
}

fn lookup(engine: &Engine) -> Function {
    let source = if engine.lint { None } else { engine.lookup.clone() };
    let params = &[types::STRING, types::STRING, types::STRING, types::STRING];
    Function::new("lookup", params, types::MAP_ANY, move |_, args| {
        let Some(source) = &source else { return Ok(Value::Map(Map::any())) };
        let part = |n| text(args, n).to_text().into_owned();
        match source.lookup(&part(0), &part(1), &part(2), &part(3)) {
            Ok(Some(object)) => Ok(Value::from_json(&object)),
            Ok(None) => Ok(Value::Map(Map::any())),
            Err(e) => Err(FuncError::Text(e.0)),
        }
    })
}
