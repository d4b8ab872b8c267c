//! A chart's default values.

use crate::chart::Values;
use gotmpl::value::Frozen;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use std::ops::Deref;
use std::sync::OnceLock;

/// A chart's default values: read like [`Values`]; [`Defaults::frozen`] is what renders start from. Each of the two forms is
/// made when it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    json: OnceLock<Values>,
    frozen: OnceLock<Frozen>,
}

impl Defaults {
    /// The values in the form that becomes those of a render.
    pub fn frozen(&self) -> &Frozen {
        self.frozen.get_or_init(|| Frozen::table(self.json.get().unwrap_or(&Values::new())))
    }

    fn json(&self) -> &Values {
        self.json.get_or_init(|| match self.frozen.get().map(Frozen::to_json) {
            Some(Json::Object(values)) => values,
            _ => Values::new(),
        })
    }
}

impl Deref for Defaults {
    type Target = Values;
    fn deref(&self) -> &Values {
        self.json()
    }
}

impl From<Values> for Defaults {
    fn from(values: Values) -> Self {
        Defaults { json: values.into(), frozen: OnceLock::new() }
    }
}

impl From<Frozen> for Defaults {
    fn from(values: Frozen) -> Self {
        Defaults { json: OnceLock::new(), frozen: values.into() }
    }
}

impl PartialEq for Defaults {
    fn eq(&self, other: &Self) -> bool {
        self.json() == other.json()
    }
}

impl Serialize for Defaults {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}
