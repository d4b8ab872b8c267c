//! The sprig template functions (sprig 3.3.0) on [`gotmpl`] values, with Go's signatures, results and error texts.
//!
//! Owns: every name of sprig's text function map, one module per chapter of its documentation.
//! Does not own: Helm's own functions (`include`, `toYaml`, `lookup`, …) and Helm's removals (`env`), which the engine
//! lays over this map.
//!
//! Functions are pure but for what [`Host`] gives. Start at [`functions`].

pub mod budgets;
mod crypto;
pub mod host;
pub mod paths;
pub mod regex;
pub mod time;
pub mod url;

mod args;
mod decimal;
mod defaults;
mod dicts;
mod encoding;
mod find;
mod lists;
mod merge;
mod network;
mod numbers;
mod reflect;
mod strings;
mod unicode;
mod versions;
mod words;

pub use budgets::Budgets;
pub use host::{FixedHost, Host};
pub use unicode::lower;

use gotmpl::FuncMap;
use std::rc::Rc;

/// All functions of sprig's text function map, asking `host` for time, randomness and lookups.
pub fn functions(host: Rc<dyn Host>) -> FuncMap {
    functions_within(host, &Budgets::default())
}

/// As [`functions`], with other budgets. What keys have cost is counted over all uses of the map: make one for each render.
pub fn functions_within(host: Rc<dyn Host>, budgets: &Budgets) -> FuncMap {
    let mut map = FuncMap::default();
    strings::add(&mut map);
    words::add(&mut map);
    encoding::add(&mut map);
    numbers::add(&mut map);
    defaults::add(&mut map);
    lists::add(&mut map);
    dicts::add(&mut map);
    reflect::add(&mut map);
    paths::add(&mut map);
    url::add(&mut map);
    versions::add(&mut map);
    network::add(&mut map, &host);
    regex::register(&mut map, budgets);
    time::register(&mut map, &host);
    crypto::register(&mut map, &host, budgets);
    map
}
