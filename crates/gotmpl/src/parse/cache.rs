//! Parsed texts that are kept for the next render.

use super::{ParseError, Parsed};
use crate::value::GoString;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Parsed texts by name, for renders on any thread. All caches are equal.
#[derive(Default)]
pub struct ParseCache(Mutex<Kept>);

/// By the set of functions, then by name.
type Kept = BTreeMap<u8, HashMap<Box<str>, (GoString, Parsed)>>;

impl ParseCache {
    /// The text parsed as the template `name`. `functions` tells sets of functions apart: a text that uses one that is not
    /// known does not parse.
    ///
    /// # Errors
    /// As [`Parsed::new`]; failures are not kept.
    pub fn parse(
        &self,
        functions: u8,
        name: &str,
        text: &GoString,
        is_function: &dyn Fn(&str) -> bool,
    ) -> Result<Parsed, ParseError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((parsed_text, parsed)) = kept.get(&functions).and_then(|texts| texts.get(name))
            && parsed_text.is_same(text)
        {
            return Ok(parsed.clone());
        }
        drop(kept);
        let parsed = Parsed::new(name, text, is_function)?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entry(functions).or_default().insert(name.into(), (text.clone(), parsed.clone()));
        Ok(parsed)
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl fmt::Debug for ParseCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ParseCache")
    }
}

impl PartialEq for ParseCache {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::ParseCache;
    use crate::value::GoString;

    #[test]
    fn a_text_is_parsed_once() {
        let cache = ParseCache::default();
        let text = GoString::from("{{f 1}}");
        assert!(cache.parse(0, "t", &text, &|_| false).is_err());
        cache.parse(0, "t", &text, &|_| true).unwrap();
        // Known now, whatever is said of functions; another set of functions is another matter.
        cache.parse(0, "t", &text, &|_| false).unwrap();
        assert!(cache.parse(1, "t", &text, &|_| false).is_err());
        assert!(cache.parse(0, "t", &GoString::from("{{g 1}}"), &|_| false).is_err());
        cache.clear();
        assert!(cache.parse(0, "t", &text, &|_| false).is_err());
    }
}
