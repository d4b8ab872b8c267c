//! sprig's `regex…` functions.

use super::{Bounds, Failure, GoRegex, quote_meta};
use crate::args;
use crate::budgets::{Budgets, names};
use gotmpl::exec::{Exceeded, Limits, Stopped};
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
#[derive(Clone)]
struct Cache {
    known: Rc<RefCell<BTreeMap<GoString, Rc<GoRegex>>>>,
    budgets: Budgets,
}

/// Why an expression is not there.
enum Missing {
    /// Go's text.
    Mistake(String),
    Stopped(Stopped),
}

impl Cache {
    fn get(&self, pattern: &[u8]) -> Result<Rc<GoRegex>, Missing> {
        if let Some(known) = self.known.borrow().get(pattern) {
            return Ok(known.clone());
        }
        let limit = self.budgets.regex_bytes;
        let regex = GoRegex::within(pattern, limit).map_err(|failure| match failure {
            Failure::Mistake(text) => Missing::Mistake(text),
            Failure::Large => {
                let what = "bytes for one compiled regular expression";
                Missing::Stopped(Exceeded::new(names::REGEX_BYTES, limit, what).into())
            }
        })?;
        let regex = Rc::new(regex);
        if regex.memory_bytes() > MAX_CACHED_BYTES {
            return Ok(regex);
        }
        let mut known = self.known.borrow_mut();
        if known.len() >= MAX_CACHED {
            known.clear();
        }
        known.insert(pattern.into(), regex.clone());
        Ok(regex)
    }

    fn bounds<'a>(&self, limits: &'a Limits) -> Bounds<'a> {
        Bounds::new(limits, self.budgets.regex_work)
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

fn failure(mistake: Mistake, pattern: &[u8], missing: Missing) -> FuncError {
    match (missing, mistake) {
        (Missing::Stopped(stopped), _) => stopped.into(),
        (Missing::Mistake(text), Mistake::Error) => FuncError::Text(text),
        (Missing::Mistake(text), Mistake::Panic) => {
            let shown = if can_backquote(pattern) {
                format!("`{}`", gotmpl::strconv::utf8::to_text(pattern))
            } else {
                quote(pattern)
            };
            FuncError::Panic(format!("regexp: Compile({shown}): {text}"))
        }
    }
}

/// Adds the `regex…` functions.
pub(crate) fn register(map: &mut FuncMap, budgets: &Budgets) {
    let cache = Cache { known: Rc::default(), budgets: budgets.clone() };
    add_matches(map, &cache);
    add_searches(map, &cache);
    add_replacements(map, &cache);
    map.add(Function::new("regexQuoteMeta", &[types::STRING], types::STRING, |_, args| {
        Ok(Value::str(quote_meta(args::text(args, 0))))
    }));
}

const TWO: &[&gotmpl::GoType] = &[types::STRING, types::STRING];

fn add_matches(map: &mut FuncMap, cache: &Cache) {
    let known = cache.clone();
    map.add(Function::new("regexMatch", TWO, types::BOOL, move |exec, args| {
        let text = args::text(args, 1);
        match known.get(args::text(args, 0)) {
            Ok(regex) => {
                regex.affords(text, known.bounds(exec.limits()))?;
                Ok(Value::Bool(regex.is_match(text)))
            }
            // HELM: a mistake is no match.
            Err(Missing::Mistake(_)) => Ok(Value::Bool(false)),
            Err(Missing::Stopped(stopped)) => Err(stopped.into()),
        }
    }));
    add(map, cache, ("mustRegexMatch", TWO, types::BOOL), Mistake::Error, |regex, args, bounds| {
        let text = args::text(args, 1);
        regex.affords(text, bounds)?;
        Ok(Value::Bool(regex.is_match(text)))
    });
}

fn add_searches(map: &mut FuncMap, cache: &Cache) {
    const THREE: &[&gotmpl::GoType] = &[types::STRING, types::STRING, types::INT];
    for (name, mistake) in [("regexFind", Mistake::Panic), ("mustRegexFind", Mistake::Error)] {
        add(map, cache, (name, TWO, types::STRING), mistake, |regex, args, bounds| {
            let text = args::text(args, 1);
            regex.affords(text, bounds)?;
            let found = regex.find(text).unwrap_or(0..0);
            Ok(Value::str(text.get(found).unwrap_or_default()))
        });
    }
    for (name, mistake) in [("regexFindAll", Mistake::Panic), ("mustRegexFindAll", Mistake::Error)] {
        add(map, cache, (name, THREE, types::LIST_STRING), mistake, |regex, args, bounds| {
            let text = args::text(args, 1);
            let found = regex.find_all(text, args::int(args, 2), bounds)?;
            Ok(list(text, Some(found).filter(|f| !f.is_empty())))
        });
    }
    for (name, mistake) in [("regexSplit", Mistake::Panic), ("mustRegexSplit", Mistake::Error)] {
        add(map, cache, (name, THREE, types::LIST_STRING), mistake, |regex, args, bounds| {
            let text = args::text(args, 1);
            Ok(list(text, regex.split(text, args::int(args, 2), bounds)?))
        });
    }
}

fn add_replacements(map: &mut FuncMap, cache: &Cache) {
    const PARAMS: &[&gotmpl::GoType] = &[types::STRING, types::STRING, types::STRING];
    for (name, mistake) in [("regexReplaceAll", Mistake::Panic), ("mustRegexReplaceAll", Mistake::Error)] {
        add(map, cache, (name, PARAMS, types::STRING), mistake, |regex, args, bounds| {
            Ok(Value::str(regex.replace_all(args::text(args, 1), args::text(args, 2), bounds)?))
        });
    }
    for (name, mistake) in [("regexReplaceAllLiteral", Mistake::Panic), ("mustRegexReplaceAllLiteral", Mistake::Error)]
    {
        add(map, cache, (name, PARAMS, types::STRING), mistake, |regex, args, bounds| {
            Ok(Value::str(regex.replace_all_literal(args::text(args, 1), args::text(args, 2), bounds)?))
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
    body: fn(&GoRegex, &[Value], Bounds<'_>) -> CallResult,
) {
    let known = cache.clone();
    map.add(Function::new(name, params, result, move |exec, args| {
        let pattern = args::text(args, 0);
        let regex = known.get(pattern).map_err(|missing| failure(mistake, pattern, missing))?;
        body(&regex, args, known.bounds(exec.limits()))
    }));
}

/// A `[]string` of parts of `text`; `None` is the nil slice.
fn list(text: &[u8], parts: Option<Vec<Range<usize>>>) -> Value {
    match parts {
        None => Value::List(List::nil(types::LIST_STRING)),
        Some(parts) => Value::string_list(parts.into_iter().map(|part| text.get(part).unwrap_or_default())),
    }
}
