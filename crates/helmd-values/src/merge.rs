//! Putting the user's sources of values together, and version checks.

use helmd_chart::Values;
use helmd_semver::{Constraints, Version};
use serde_json::Value as Json;

/// `over` laid onto `base`: tables that are in both are merged, everything else comes from `over` (null included).
pub fn merge_maps(base: &Values, over: &Values) -> Values {
    let mut merged = base.clone();
    lay_over(&mut merged, over);
    merged
}

fn lay_over(base: &mut Values, over: &Values) {
    for (key, value) in over {
        match (base.get_mut(key), value) {
            (Some(Json::Object(inner)), Json::Object(value)) => lay_over(inner, value),
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Whether `version` meets `constraint`; false also when either cannot be read.
pub fn is_compatible_range(constraint: &str, version: &str) -> bool {
    match (Version::parse(version), Constraints::parse(constraint)) {
        (Ok(version), Ok(constraint)) => constraint.check(&version),
        _ => false,
    }
}
