//! Host names.

use crate::Host;
use crate::args::{STR, panic, text};
use gotmpl::{FuncMap, Function, GoString, Value};
use std::rc::Rc;

pub(crate) fn add(map: &mut FuncMap, host: &Rc<dyn Host>) {
    let host = Rc::clone(host);
    map.add(Function::new("getHostByName", &[STR], STR, move |_, a| {
        match host.resolve_host(&GoString::from(text(a, 0)).to_text()) {
            Some(address) => Ok(Value::str(address)),
            // HELM: sprig picks one of no addresses.
            None => panic("invalid argument to Intn"),
        }
    }));
}
