//! Kubernetes APIs that are deprecated.

mod table;

use crate::object::Object;
use helmd_values::KubeVersion;
use table::{APIS, Api};

/// Checks that the object's API is not deprecated in this Kubernetes version. What is no API of Kubernetes passes.
pub(crate) fn check(object: &Object, kube_version: &KubeVersion) -> Result<(), String> {
    let Some(api) = find(&object.api_version, &object.kind) else { return Ok(()) };
    let (major, minor) = (number(&kube_version.major)?, number(&kube_version.minor)?);
    let known = (major, minor) != (0, 0);
    if known && (major < 1 || (major == 1 && minor < i64::from(api.deprecated))) {
        return Ok(());
    }
    Err(message(api))
}

fn find(version: &str, kind: &str) -> Option<&'static Api> {
    // The core group may be written as an empty one.
    let version = version.strip_prefix('/').filter(|rest| !rest.contains('/')).unwrap_or(version);
    let at = APIS.binary_search_by(|api| (api.version, api.kind).cmp(&(version, kind))).ok()?;
    APIS.get(at)
}

/// Go's `strconv.Atoi` of digits.
fn number(digits: &str) -> Result<i64, String> {
    digits.parse().map_err(|_| format!("strconv.Atoi: parsing {digits:?}: value out of range"))
}

fn message(api: &Api) -> String {
    let mut text = format!("{} {} is deprecated in v1.{}+", api.version, api.kind, api.deprecated);
    if api.removed > 0 {
        text.push_str(&format!(", unavailable in v1.{}+", api.removed));
    }
    if !api.replacement.is_empty() {
        text.push_str(&format!("; use {}", api.replacement));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{APIS, check};
    use crate::object::Object;
    use helmd_chart::HelmMajor;
    use helmd_values::KubeVersion;

    fn fault(version: &str, kind: &str, kube: &str) -> Option<String> {
        let kube = KubeVersion::parse(kube, HelmMajor::Helm4).unwrap();
        let object = Object { api_version: version.to_owned(), kind: kind.to_owned(), name: String::new() };
        check(&object, &kube).err()
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(APIS.is_sorted_by(|a, b| (a.version, a.kind) < (b.version, b.kind)));
    }

    #[test]
    fn deprecations_begin_with_their_version() {
        assert_eq!(
            fault("batch/v1beta1", "CronJob", "1.37").as_deref(),
            Some("batch/v1beta1 CronJob is deprecated in v1.21+, unavailable in v1.25+; use batch/v1 CronJob")
        );
        assert_eq!(fault("batch/v1beta1", "CronJob", "1.20"), None);
        assert_eq!(fault("batch/v1", "CronJob", "1.37"), None);
        assert_eq!(
            fault("v1", "ComponentStatus", "1.19").as_deref(),
            Some("v1 ComponentStatus is deprecated in v1.19+")
        );
        assert_eq!(
            fault("/v1", "ComponentStatus", "1.19").as_deref(),
            Some("v1 ComponentStatus is deprecated in v1.19+")
        );
        assert_eq!(fault("v1", "ComponentStatus", "0.99"), None);
        assert!(fault("v1", "ComponentStatus", "0.0").is_some());
        assert!(fault("v1", "ComponentStatus", "2.0").is_some());
    }
}
