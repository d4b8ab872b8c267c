//! sprig's `regex…` functions.

use super::{GoRegex, quote_meta};
use crate::args;
use crate::host::Host;
use gotmpl::func::{FuncError, FuncMap, Function};
use gotmpl::strconv::{can_backquote, quote};
use gotmpl::value::{CallResult, List, types};
use gotmpl::{GoString, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// Compiled expressions that one function map keeps.
const MAX_CACHED: usize = 64;

/// Larger expressions are compiled each time, so that the kept ones cannot fill the memory.
const MAX_CACHED_BYTES: usize = 1 << 20;

/// Expressions that were compiled before; a render uses few, but often in loops.
#[derive(Clone, Default)]
struct Cache(Rc<RefCell<BTreeMap<GoString, Rc<GoRegex>>>>);

impl Cache {
    fn get(&self, pattern: &[u8]) -> Result<Rc<GoRegex>, String> {
        if let Some(known) = self.0.borrow().get(pattern) {
            return Ok(known.clone());
        }
        let regex = Rc::new(GoRegex::from_bytes(pattern)?);
        if regex.memory_bytes() > MAX_CACHED_BYTES {
            return Ok(regex);
        }
        let mut known = self.0.borrow_mut();
        if known.len() >= MAX_CACHED {
            known.clear();
        }
        known.insert(pattern.into(), regex.clone());
        Ok(regex)
    }
}

/// How a function of this pair treats an expression that does not parse.
#[derive(Clone, Copy)]
enum Mistake {
    /// `must…` returns it.
    Error,
    /// The others panic, as Go's `MustCompile` does.
    Panic,
}

fn failure(mistake: Mistake, pattern: &[u8], text: String) -> FuncError {
    match mistake {
        Mistake::Error => FuncError::Text(text),
        Mistake::Panic => {
            let shown =
                if can_backquote(pattern) { format!("`{}`", String::from_utf8_lossy(pattern)) } else { quote(pattern) };
            FuncError::Panic(format!("regexp: Compile({shown}): {text}"))
        }
    }
}

/// Adds the `regex…` functions.
pub(crate) fn register(map: &mut FuncMap, _host: &Rc<dyn Host>) {
    let cache = Cache::default();
    let known = cache.clone();
    map.add(Function::new("regexMatch", &[types::STRING, types::STRING], types::BOOL, move |_, args| {
        let text = args::text(args, 1);
        Ok(Value::Bool(known.get(args::text(args, 0)).is_ok_and(|r| r.is_match(text))))
    }));
    add_searches(map, &cache);
    add_replacements(map, &cache);
    map.add(Function::new("regexQuoteMeta", &[types::STRING], types::STRING, |_, args| {
        Ok(Value::str(quote_meta(args::text(args, 0))))
    }));
}

fn add_searches(map: &mut FuncMap, cache: &Cache) {
    let known = cache.clone();
    map.add(Function::new("mustRegexMatch", &[types::STRING, types::STRING], types::BOOL, move |_, args| {
        let regex = known.get(args::text(args, 0)).map_err(FuncError::Text)?;
        Ok(Value::Bool(regex.is_match(args::text(args, 1))))
    }));
    for (name, mistake) in [("regexFind", Mistake::Panic), ("mustRegexFind", Mistake::Error)] {
        add(map, cache, (name, &[types::STRING, types::STRING], types::STRING), mistake, |regex, args| {
            let text = args::text(args, 1);
            let found = regex.find(text).unwrap_or(0..0);
            Ok(Value::str(text.get(found).unwrap_or_default()))
        });
    }
    for (name, mistake) in [("regexFindAll", Mistake::Panic), ("mustRegexFindAll", Mistake::Error)] {
        let signature = (name, &[types::STRING, types::STRING, types::INT] as &'static [_], types::LIST_STRING);
        add(map, cache, signature, mistake, |regex, args| {
            let text = args::text(args, 1);
            let found = regex.find_all(text, args::int(args, 2));
            Ok(list(text, Some(found).filter(|f| !f.is_empty())))
        });
    }
    for (name, mistake) in [("regexSplit", Mistake::Panic), ("mustRegexSplit", Mistake::Error)] {
        let signature = (name, &[types::STRING, types::STRING, types::INT] as &'static [_], types::LIST_STRING);
        add(map, cache, signature, mistake, |regex, args| {
            let text = args::text(args, 1);
            Ok(list(text, regex.split(text, args::int(args, 2))))
        });
    }
}

fn add_replacements(map: &mut FuncMap, cache: &Cache) {
    const PARAMS: &[&gotmpl::GoType] = &[types::STRING, types::STRING, types::STRING];
    for (name, mistake) in [("regexReplaceAll", Mistake::Panic), ("mustRegexReplaceAll", Mistake::Error)] {
        add(map, cache, (name, PARAMS, types::STRING), mistake, |regex, args| {
            let out = regex.replace_all(args::text(args, 1), args::text(args, 2));
            out.map(Value::str).map_err(|e| FuncError::text(e.to_string()))
        });
    }
    for (name, mistake) in [("regexReplaceAllLiteral", Mistake::Panic), ("mustRegexReplaceAllLiteral", Mistake::Error)]
    {
        add(map, cache, (name, PARAMS, types::STRING), mistake, |regex, args| {
            let out = regex.replace_all_literal(args::text(args, 1), args::text(args, 2));
            out.map(Value::str).map_err(|e| FuncError::text(e.to_string()))
        });
    }
}

/// Name, parameters, result.
type Signature = (&'static str, &'static [&'static gotmpl::GoType], &'static gotmpl::GoType);

/// Adds a function whose first argument is an expression.
fn add(
    map: &mut FuncMap,
    cache: &Cache,
    (name, params, result): Signature,
    mistake: Mistake,
    body: impl Fn(&GoRegex, &[Value]) -> CallResult + 'static,
) {
    let known = cache.clone();
    map.add(Function::new(name, params, result, move |_, args| {
        let pattern = args::text(args, 0);
        let regex = known.get(pattern).map_err(|text| failure(mistake, pattern, text))?;
        body(&regex, args)
    }));
}

/// A `[]string` of parts of `text`; `None` is the nil slice.
fn list(text: &[u8], parts: Option<Vec<Range<usize>>>) -> Value {
    match parts {
        None => Value::List(List::nil(types::LIST_STRING)),
        Some(parts) => Value::string_list(parts.into_iter().map(|part| text.get(part).unwrap_or_default())),
    }
}
