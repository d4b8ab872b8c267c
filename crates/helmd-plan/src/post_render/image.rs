//! Other images.

use serde::Deserialize;
use serde_json::Value as Json;

/// Lists of containers.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];
/// How deep lists of containers are looked for.
const DEEPEST: usize = 32;

/// Another name, tag or digest for an image.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Image {
    /// The image as charts name it, without tag and digest.
    pub name: String,
    /// The name in its place.
    pub new_name: Option<String>,
    /// The tag in its place.
    pub new_tag: Option<String>,
    /// The digest in place of any tag.
    pub digest: Option<String>,
}

impl Image {
    pub(super) fn replace_in(&self, object: &mut Json) {
        self.walk(object, 0);
    }

    fn walk(&self, value: &mut Json, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        match value {
            Json::Array(items) => items.iter_mut().for_each(|item| self.walk(item, depth + 1)),
            Json::Object(entries) => {
                for (key, value) in entries.iter_mut() {
                    if CONTAINERS.contains(&key.as_str()) {
                        value.as_array_mut().into_iter().flatten().for_each(|container| self.replace(container));
                    }
                    self.walk(value, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn replace(&self, container: &mut Json) {
        let Some(image) = container.get_mut("image") else { return };
        let Some((name, rest)) = image.as_str().map(split) else { return };
        if name != self.name {
            return;
        }
        let name = self.new_name.as_deref().unwrap_or(name);
        let changed = match (&self.digest, &self.new_tag) {
            (Some(digest), _) => format!("{name}@{digest}"),
            (None, Some(tag)) => format!("{name}:{tag}"),
            (None, None) => format!("{name}{rest}"),
        };
        *image = Json::String(changed);
    }
}

/// Name, and tag and digest with their signs. A colon before a slash is a port's.
fn split(image: &str) -> (&str, &str) {
    let end = image.find('@').unwrap_or(image.len());
    let named = image.get(..end).unwrap_or(image);
    let slash = named.rfind('/').map_or(0, |at| at + 1);
    let tag = named.get(slash..).and_then(|last| last.find(':')).map_or(end, |at| slash + at);
    image.split_at_checked(tag).unwrap_or((image, ""))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn names_end_at_tag_or_digest() {
        assert_eq!(split("a.example:5000/b/c:1.2"), ("a.example:5000/b/c", ":1.2"));
        assert_eq!(split("nginx"), ("nginx", ""));
        assert_eq!(split("nginx:1@sha256:0"), ("nginx", ":1@sha256:0"));
        assert_eq!(split("a:5000/b@sha256:0"), ("a:5000/b", "@sha256:0"));
    }
}
