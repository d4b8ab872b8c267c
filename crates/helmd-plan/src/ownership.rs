//! Which release an object belongs to.

use crate::object::{annotation, object_at, texts};
use gotmpl::strconv::quote;
use serde_json::{Map, Value as Json};
use std::fmt;

/// The label that says who manages an object.
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";
/// What it says.
pub const MANAGED_BY_HELM: &str = "Helm";
/// The annotation with the release's name.
pub const RELEASE_NAME_ANNOTATION: &str = "meta.helm.sh/release-name";
/// The annotation with the release's namespace.
pub const RELEASE_NAMESPACE_ANNOTATION: &str = "meta.helm.sh/release-namespace";
/// The annotation of the resource policy.
pub const RESOURCE_POLICY_ANNOTATION: &str = "helm.sh/resource-policy";

/// Why an object does not belong to the release, in Helm's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnershipError {
    /// What is wrong with the label and the annotations, in this order.
    pub faults: Vec<Fault>,
}

/// A label or annotation that does not have the value it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The label's or annotation's key.
    pub key: &'static str,
    /// The value it must have.
    pub wanted: String,
    /// The value it has.
    pub actual: Option<String>,
}

impl fmt::Display for OwnershipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid ownership metadata")?;
        self.faults.iter().try_for_each(|fault| write!(f, "; {fault}"))
    }
}

impl std::error::Error for OwnershipError {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.key == MANAGED_BY_LABEL { "label" } else { "annotation" };
        let (key, wanted) = (quote(self.key.as_bytes()), quote(self.wanted.as_bytes()));
        match &self.actual {
            None => write!(f, "{place} validation error: missing key {key}: must be set to {wanted}"),
            Some(actual) => {
                let actual = quote(actual.as_bytes());
                write!(f, "{place} validation error: key {key} must equal {wanted}: current value is {actual}")
            }
        }
    }
}

/// Checks that the live object belongs to the release.
///
/// # Errors
/// It does not: all that is wrong.
pub fn check(object: &Json, release: &str, namespace: &str) -> Result<(), OwnershipError> {
    let wanted = [
        ("labels", MANAGED_BY_LABEL, MANAGED_BY_HELM),
        ("annotations", RELEASE_NAME_ANNOTATION, release),
        ("annotations", RELEASE_NAMESPACE_ANNOTATION, namespace),
    ];
    let faults: Vec<Fault> = wanted
        .into_iter()
        .filter_map(|(field, key, wanted)| {
            let actual = texts(object, field).into_iter().find(|(k, _)| *k == key).map(|(_, value)| value.to_owned());
            (actual.as_deref() != Some(wanted)).then(|| Fault { key, wanted: wanted.to_owned(), actual })
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(OwnershipError { faults }) }
}

/// Marks the object as the release's.
pub fn set(object: &mut Json, release: &str, namespace: &str) {
    put(object, "labels", &[(MANAGED_BY_LABEL, MANAGED_BY_HELM)]);
    put(object, "annotations", &[(RELEASE_NAME_ANNOTATION, release), (RELEASE_NAMESPACE_ANNOTATION, namespace)]);
}

fn put(object: &mut Json, field: &str, entries: &[(&str, &str)]) {
    let all: Map<String, Json> = texts(object, field)
        .iter()
        .chain(entries)
        .map(|(key, value)| ((*key).to_owned(), Json::String((*value).to_owned())))
        .collect();
    if let Some(metadata) = object_at(object, "metadata") {
        metadata.insert(field.to_owned(), Json::Object(all));
    }
}

/// True when the live object says that an upgrade must not delete it.
///
/// HELM: an uninstall reads the annotation of the stored manifest instead, and more kindly (case, white space); see
/// `helmd_release::partition_keep`.
pub fn is_kept(object: &Json) -> bool {
    annotation(object, RESOURCE_POLICY_ANNOTATION) == Some("keep")
}

#[cfg(test)]
mod tests {
    use super::{check, set};
    use serde_json::json;

    #[test]
    fn all_faults_are_told() {
        let live = json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": "x"}}});
        let text = check(&live, "r", "n").unwrap_err().to_string();
        assert_eq!(
            text,
            "invalid ownership metadata; label validation error: key \"app.kubernetes.io/managed-by\" must equal \
             \"Helm\": current value is \"x\"; annotation validation error: missing key \
             \"meta.helm.sh/release-name\": must be set to \"r\"; annotation validation error: missing key \
             \"meta.helm.sh/release-namespace\": must be set to \"n\""
        );
    }

    #[test]
    fn marked_objects_pass() {
        let mut object = json!({"metadata": {"labels": {"a": "b"}, "annotations": null}});
        set(&mut object, "r", "n");
        assert_eq!(check(&object, "r", "n"), Ok(()));
        assert_eq!(object["metadata"]["labels"]["a"], "b");
    }
}
