//! Helm's template functions, laid over sprig's.

use crate::budgets::INCLUDE_DEPTH;
use crate::engine::{EMPTY_VALUE, Engine, Notes};
use crate::errors::mark;
use gotmpl::exec::{Exceeded, Exec, Limits, Stopped};
use gotmpl::value::{CallResult, types};
use gotmpl::{FuncError, FuncMap, Function, GoString, Map, Value};
use helmd_chart::HelmMajor;
use helmd_yaml::{ParseLimits, YamlError};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// An `include` of a name that is already being included this often ends the render in Helm.
const HELM_INCLUDES: usize = 1000;

/// All functions of one render.
pub(crate) fn all(engine: &Engine, host: Rc<dyn sprig::Host>, notes: &Notes) -> FuncMap {
    let mut map = sprig::functions_within(host, &engine.budgets.sprig());
    map.remove("env");
    map.remove("expandenv");
    writing(&mut map);
    reading(&mut map, engine.budgets.yaml());
    match engine.helm {
        HelmMajor::Helm4 => sprig::time::helm_durations(&mut map),
        HelmMajor::Helm3 => {
            map.remove("mustToYaml");
            map.remove("mustToToml");
        }
    }
    running(&mut map, engine.budgets.include_depth);
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
///
/// # Errors
/// The text would be too long.
pub(crate) fn yaml_text(limits: &Limits, value: &Value) -> CallResult {
    match helmd_yaml::to_yaml_within(value, limits.text_bytes) {
        Ok(text) => Ok(without_newline(text)),
        Err(e) if e.is_too_long() => Err(limits.too_long().into()),
        Err(_) => Ok(Value::str("")),
    }
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

/// What a text that was not written becomes: the budget's error, or what the function makes of others.
fn unwritten<E>(limits: &Limits, error: E, too_long: bool, otherwise: fn(&E) -> CallResult) -> CallResult {
    if too_long { Err(limits.too_long().into()) } else { otherwise(&error) }
}

/// `toYaml`, `toJson` and their family.
fn writing(map: &mut FuncMap) {
    use gotmpl::json::{JsonError, marshal_within};
    use helmd_yaml::toml::{TomlError, to_toml_within};
    use helmd_yaml::{YamlError, to_yaml_pretty_within, to_yaml_within};
    let mut to = |name, f: fn(&Limits, &Value) -> CallResult| {
        map.add(Function::new(name, &[types::INTERFACE], types::STRING, move |exec, args| {
            f(exec.limits(), arg(args, 0))
        }));
    };
    fn nothing<E>(_: &E) -> CallResult {
        Ok(Value::str(""))
    }
    fn panics<E: std::fmt::Display>(error: &E) -> CallResult {
        Err(FuncError::Panic(error.to_string()))
    }
    to("toYaml", yaml_text);
    to("mustToYaml", |l, v| {
        to_yaml_within(v, l.text_bytes)
            .map(without_newline)
            .or_else(|e| unwritten(l, e.clone(), e.is_too_long(), panics))
    });
    to("toYamlPretty", |l, v| match to_yaml_pretty_within(v, l.text_bytes) {
        // HELM: go-yaml panics, which Helm does not catch here.
        Err(YamlError::CannotMarshal(name)) => Err(FuncError::Panic(YamlError::CannotMarshal(name).to_string())),
        written => written.map(without_newline).or_else(|e| unwritten(l, e.clone(), e.is_too_long(), nothing)),
    });
    to("toToml", |l, v| match to_toml_within(v, l.text_bytes) {
        Ok(text) => Ok(Value::str(text)),
        Err(TomlError::Panic(text)) => Err(FuncError::Panic(text.to_owned())),
        Err(TomlError::TooLong { .. }) => Err(l.too_long().into()),
        Err(e) => Ok(Value::str(e.to_string())),
    });
    to("mustToToml", |l, v| {
        to_toml_within(v, l.text_bytes)
            .map(Value::str)
            .or_else(|e| unwritten(l, e.clone(), matches!(e, TomlError::TooLong { .. }), panics))
    });
    to("toJson", |l, v| {
        marshal_within(v, l.text_bytes)
            .map(Value::str)
            .or_else(|e| unwritten(l, e.clone(), matches!(e, JsonError::TooLong { .. }), nothing))
    });
    to("mustToJson", |l, v| {
        marshal_within(v, l.text_bytes)
            .map(Value::str)
            .or_else(|e| unwritten(l, e.clone(), matches!(e, JsonError::TooLong { .. }), panics))
    });
}

/// How many bytes of values a byte of text is at most worth, about: `[[],[],…]`.
const READ_BYTES: u64 = 16;

/// `fromYaml`, `fromJson` and their family.
fn reading(map: &mut FuncMap, yaml: ParseLimits) {
    let mut from = |name, result, f: fn(&[u8], ParseLimits) -> CallResult| {
        map.add(Function::new(name, &[types::STRING], result, move |exec, args| {
            let text = text(args, 0);
            exec.charge((text.len() as u64).saturating_mul(READ_BYTES))?;
            f(&text, yaml)
        }));
    };
    /// A mistake in the text is a value; a budget is not.
    fn mistake(error: &YamlError, value: fn(&dyn std::error::Error) -> Value) -> CallResult {
        match error.exceeded() {
            Some(exceeded) => Err(Stopped::from(exceeded).into()),
            None => Ok(value(error)),
        }
    }
    from("fromYaml", types::MAP_ANY, |t, limits| {
        helmd_yaml::parse_map_limited(t, limits).map(Value::Map).or_else(|e| mistake(&e, error_map))
    });
    from("fromYamlArray", types::LIST_ANY, |t, limits| {
        helmd_yaml::parse_list_limited(t, limits).map(Value::List).or_else(|e| mistake(&e, error_list))
    });
    from("fromJson", types::MAP_ANY, |t, _| {
        let (map, error) = gotmpl::json::unmarshal_map(t);
        if let Some(error) = error {
            // HELM: what was read before the error stays.
            let _always_a_map = map.insert("Error", Value::str(error.to_string()));
        }
        Ok(Value::Map(map))
    });
    from("fromJsonArray", types::LIST_ANY, |t, _| {
        Ok(match gotmpl::json::unmarshal_list(t) {
            (list, None) => Value::List(list),
            (_, Some(error)) => error_list(&error),
        })
    });
    from("fromToml", types::MAP_ANY, |t, _| {
        Ok(helmd_yaml::toml::from_toml(t).map_or_else(|e| error_map(&e), Value::Map))
    });
}

/// `include` and `tpl`, which run further templates.
fn running(map: &mut FuncMap, most: usize) {
    let depth: Rc<RefCell<HashMap<GoString, usize>>> = Rc::default();
    map.add(Function::new("include", &[types::STRING, types::INTERFACE], types::STRING, move |exec, args| {
        let name = text(args, 0);
        {
            let mut depth = depth.borrow_mut();
            let n = depth.entry(name.clone()).or_insert(0);
            if *n > most {
                return Err(match most {
                    HELM_INCLUDES => FuncError::Text(format!(
                        "rendering template has a nested reference name: {name}: unable to execute template"
                    )),
                    _ => Stopped::from(Exceeded::new(INCLUDE_DEPTH, most, "levels of include of one name")).into(),
                });
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
            Value::String(s) if s.is_empty() => EMPTY_VALUE,
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
