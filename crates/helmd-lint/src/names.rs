//! Kubernetes' rules for the names of objects.

use crate::object::Object;
use gotmpl::strconv::quote;

/// Longest subdomain and longest label in DNS, in bytes.
const MAX_SUBDOMAIN: usize = 253;
const MAX_LABEL: usize = 63;

const LABEL_FORM: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '";
const SERVICE: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/// Checks the name by the rules of the object's kind (in any case of letters).
pub(crate) fn check(object: &Object) -> Result<(), String> {
    let name = object.name.as_str();
    let faults = match object.kind.to_lowercase().as_str() {
        "service" => label(name, is_service_name(name), || SERVICE.to_owned()),
        "namespace" => label(name, is_label(name), || {
            if is_subdomain(name) { "must not contain dots".to_owned() } else { format!("{LABEL}{LABEL_FORM}')") }
        }),
        "certificatesigningrequest" => Vec::new(),
        "role" | "clusterrole" | "rolebinding" | "clusterrolebinding" => path_segment(name),
        _ => subdomain(name),
    };
    if faults.is_empty() {
        return Ok(());
    }
    let quoted = quote(name.as_bytes());
    let mut texts: Vec<String> =
        faults.into_iter().map(|fault| format!("metadata.name: Invalid value: {quoted}: {fault}")).collect();
    let faults = if texts.len() == 1 { texts.swap_remove(0) } else { format!("[{}]", texts.join(", ")) };
    Err(format!("object name does not conform to Kubernetes naming requirements: {quoted}: {faults}"))
}

fn is_end(c: u8) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.iter().all(|end| end.is_some_and(|c| is_end(*c))) && bytes.iter().all(|c| is_end(*c) || *c == b'-')
}

fn is_service_name(text: &str) -> bool {
    is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn too_long(name: &str, limit: usize) -> Option<String> {
    (name.len() > limit).then(|| format!("must be no more than {limit} characters"))
}

fn subdomain(name: &str) -> Vec<String> {
    let form = (!is_subdomain(name)).then(|| SUBDOMAIN.to_owned());
    too_long(name, MAX_SUBDOMAIN).into_iter().chain(form).collect()
}

fn label(name: &str, fits: bool, fault: impl FnOnce() -> String) -> Vec<String> {
    too_long(name, MAX_LABEL).into_iter().chain((!fits).then(fault)).collect()
}

fn path_segment(name: &str) -> Vec<String> {
    if matches!(name, "." | "..") {
        return vec![format!("may not be '{name}'")];
    }
    ["/", "%"].iter().filter(|part| name.contains(**part)).map(|part| format!("may not contain '{part}'")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Object, check};

    fn fault(kind: &str, name: &str) -> String {
        let object = Object { kind: kind.to_owned(), name: name.to_owned(), ..Object::default() };
        let text = check(&object).err().unwrap_or_default();
        text.split_once("requirements: ").map(|(_, rest)| rest.to_owned()).unwrap_or(text)
    }

    #[test]
    fn each_kind_has_its_rule() {
        for (kind, name) in [
            ("ConfigMap", "a.b-c.1"),
            ("Service", "a-1"),
            ("namespace", "1-a"),
            ("Role", "system:a_B"),
            ("CertificateSigningRequest", "/ %"),
            ("ClusterRole", ""),
        ] {
            assert_eq!(fault(kind, name), "");
        }
        assert!(fault("ConfigMap", "A").contains(": a lowercase RFC 1123 subdomain must consist"));
        assert!(fault("ConfigMap", "a..b").contains("subdomain"));
        assert!(fault("Service", "1a").contains("a DNS-1035 label must consist"));
        assert!(fault("Namespace", "a.b").ends_with(": must not contain dots"));
        assert!(fault("Namespace", "a_b").contains("(e.g. 'my-name',  or '123-abc', regex"));
        assert_eq!(fault("Role", ".."), "\"..\": metadata.name: Invalid value: \"..\": may not be '..'");
        assert_eq!(
            fault("Role", "/%"),
            "\"/%\": [metadata.name: Invalid value: \"/%\": may not contain '/', \
             metadata.name: Invalid value: \"/%\": may not contain '%']"
        );
        assert!(fault("Pod", &"a".repeat(254)).ends_with("must be no more than 253 characters"));
        assert!(fault("Service", &"a".repeat(64)).ends_with("must be no more than 63 characters"));
    }
}
