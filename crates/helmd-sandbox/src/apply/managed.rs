//! `metadata.managedFields`: who owns which fields, and what an update or an apply does to that.

use serde_json::json;

use super::{fields::FieldSet, typed::Typed};
use crate::{
    error::ApiError,
    json::{self, Json},
    kinds::Kind,
    schema::Schema,
};

/// Entries by update managers beyond this number are folded into one.
const MOST_UPDATE_ENTRIES: usize = 10;

/// One manager's share.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub manager: String,
    /// Apply rather than Update.
    pub applies: bool,
    pub api_version: String,
    pub subresource: String,
    pub time: String,
    pub fields: FieldSet,
}

impl Entry {
    fn same_manager(&self, other: &Writer<'_>, api_version: &str) -> bool {
        self.manager == other.manager
            && self.applies == other.applies
            && self.subresource == other.subresource
            && (self.applies || self.api_version == api_version)
    }

    fn text(&self) -> String {
        let mut text = Json::from(self.manager.as_str()).to_string();
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource {}", Json::from(self.subresource.as_str())));
        }
        if !self.applies {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }
}

/// Who writes now, and when.
#[derive(Debug, Clone)]
pub(crate) struct Writer<'a> {
    pub manager: &'a str,
    pub applies: bool,
    pub subresource: &'a str,
    pub now: &'a str,
}

/// Reads the entries of an object.
pub(crate) fn entries(object: &Json) -> Vec<Entry> {
    let read = |value: &Json| {
        let text = |key| json::text(value, &[key]).to_owned();
        Entry {
            manager: text("manager"),
            applies: text("operation") == "Apply",
            api_version: text("apiVersion"),
            subresource: text("subresource"),
            time: text("time"),
            fields: FieldSet::from_json(json::at(value, &["fieldsV1"])),
        }
    };
    let all = json::list(object, &["metadata", "managedFields"]);
    all.iter().filter(|v| v.as_object().is_some_and(|m| !m.is_empty())).map(read).collect()
}

/// Writes the entries into an object: Apply before Update, then by time and name.
pub(crate) fn set_entries(object: &mut Json, mut all: Vec<Entry>) {
    all.retain(|e| !e.fields.is_empty());
    all.sort_by(|a, b| (!a.applies, &a.time, &a.manager).cmp(&(!b.applies, &b.time, &b.manager)));
    fold_old_updates(&mut all);
    if all.is_empty() {
        json::remove(object, &["metadata", "managedFields"]);
        return;
    }
    let write = |entry: &Entry| {
        let mut value = json!({
            "manager": entry.manager, "operation": if entry.applies { "Apply" } else { "Update" },
            "apiVersion": entry.api_version, "time": entry.time, "fieldsType": "FieldsV1", "fieldsV1": entry.fields.to_json(),
        });
        if !entry.subresource.is_empty() {
            json::set(&mut value, &["subresource"], entry.subresource.clone());
        }
        value
    };
    json::set(object, &["metadata", "managedFields"], all.iter().map(write).collect::<Vec<_>>());
}

fn fold_old_updates(all: &mut Vec<Entry>) {
    while all.iter().filter(|e| !e.applies).count() > MOST_UPDATE_ENTRIES {
        let Some(first) = all.iter().position(|e| !e.applies) else { return };
        let old = all.remove(first);
        match all.iter_mut().find(|e| !e.applies && e.manager == "ancient-changes") {
            Some(ancient) => ancient.fields.union(&old.fields),
            None => all.insert(first, Entry { manager: "ancient-changes".to_owned(), ..old }),
        }
    }
}

/// The object without what nobody owns: its identity, and what the server keeps itself.
fn ownable(object: &Json) -> Json {
    let mut object = object.clone();
    for key in ["apiVersion", "kind"] {
        json::remove(&mut object, &[key]);
    }
    for key in [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "selfLink",
        "managedFields",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        json::remove(&mut object, &["metadata", key]);
    }
    if json::object(&object, &["metadata"]).is_some_and(|m| m.is_empty()) {
        json::remove(&mut object, &["metadata"]);
    }
    object
}

/// Writes into `new` who owns its fields after an update of `old` (null for a creation).
pub(crate) fn after_update(schema: &Schema, kind: &Kind, writer: &Writer<'_>, old: &Json, new: &mut Json) {
    let sent = json::at(new, &["metadata", "managedFields"]);
    let mut all = if sent.is_null() { entries(old) } else { entries(new) };
    let root = schema.root(kind);
    let empty = json!({});
    let before = if old.is_null() { empty } else { ownable(old) };
    let difference = Typed::new(schema).compare(&root, &before, &ownable(new));
    let mut touched = difference.changed.clone();
    touched.union(&difference.removed);
    let version = kind.api_version();
    for entry in all.iter_mut().filter(|e| !e.same_manager(writer, &version)) {
        entry.fields = entry.fields.minus(&touched);
    }
    let own = match all.iter_mut().find(|e| e.same_manager(writer, &version)) {
        Some(entry) => entry,
        None => {
            all.push(Entry {
                manager: writer.manager.to_owned(),
                applies: false,
                api_version: version,
                subresource: writer.subresource.to_owned(),
                time: writer.now.to_owned(),
                fields: FieldSet::default(),
            });
            let Some(last) = all.last_mut() else { return };
            last
        }
    };
    let mut fields = own.fields.minus(&difference.removed);
    fields.union(&difference.changed);
    if fields != own.fields {
        own.fields = fields;
        own.time = writer.now.to_owned();
    }
    set_entries(new, all);
}

/// Merges an applied configuration into `live` (null for a creation) and settles who owns what.
///
/// # Errors
/// The fields that others own and that would change, unless `force` is set.
pub(crate) fn apply(
    schema: &Schema,
    kind: &Kind,
    writer: &Writer<'_>,
    (live, config): (&Json, &Json),
    force: bool,
) -> Result<Json, ApiError> {
    let typed = Typed::new(schema);
    let root = schema.root(kind);
    let mut all = entries(live);
    let version = kind.api_version();
    let applied = typed.applied(&root, &ownable(config));
    let base = if live.is_null() { json!({}) } else { live.clone() };
    let mut merged = typed.merge(&root, &base, config);
    json::drop_nulls(&mut merged);
    let mut others = FieldSet::default();
    for entry in all.iter().filter(|e| !e.same_manager(writer, &version)) {
        others.union(&entry.fields);
    }
    let changed = typed.compare(&root, &ownable(&base), &ownable(&merged)).changed;
    let mut conflicts = Vec::new();
    for entry in all.iter_mut().filter(|e| !e.same_manager(writer, &version)) {
        let taken = entry.fields.both(&changed);
        if taken.is_empty() {
            continue;
        }
        conflicts.extend(taken.paths().into_iter().map(|path| (entry.text(), path)));
        entry.fields = entry.fields.minus(&taken);
    }
    if !conflicts.is_empty() && !force {
        conflicts.sort();
        return Err(ApiError::apply_conflicts(&conflicts));
    }
    let last = all.iter().find(|e| e.same_manager(writer, &version)).map(|e| e.fields.clone()).unwrap_or_default();
    let gone = last.minus(&applied).minus(&others);
    let mut kept = others;
    kept.union(&applied);
    typed.prune(&root, &mut merged, &gone, &kept);
    match all.iter_mut().find(|e| e.same_manager(writer, &version)) {
        Some(own) if own.fields == applied && own.api_version == version => {}
        Some(own) => {
            own.fields = applied;
            own.api_version = version;
            own.time = writer.now.to_owned();
        }
        None => all.push(Entry {
            manager: writer.manager.to_owned(),
            applies: true,
            api_version: version,
            subresource: writer.subresource.to_owned(),
            time: writer.now.to_owned(),
            fields: applied,
        }),
    }
    set_entries(&mut merged, all);
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Registry;

    fn apply_as(live: &Json, manager: &str, config: &Json, force: bool) -> Result<Json, ApiError> {
        let schema = Schema::built_in();
        let registry = Registry::new(&schema);
        let kind = registry.by_kind("v1", "Service").unwrap();
        let writer = Writer { manager, applies: true, subresource: "", now: "2026-01-01T00:00:00Z" };
        apply(&schema, &kind, &writer, (live, config), force)
    }

    #[test]
    fn lists_by_key_conflicts_and_pruning() {
        let one =
            json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80, "name": "a"}], "type": "ClusterIP"}});
        let live = apply_as(&Json::Null, "one", &one, false).unwrap();
        let two = json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 81, "name": "b"}]}});
        let live = apply_as(&live, "two", &two, false).unwrap();
        assert_eq!(json::list(&live, &["spec", "ports"]).len(), 2);
        let clash = json!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80, "name": "z"}]}});
        let error = apply_as(&live, "two", &clash, false).unwrap_err();
        assert_eq!(
            error.message,
            "Apply failed with 1 conflict: conflict with \"one\": .spec.ports[port=80,protocol=\"TCP\"].name"
        );
        let live = apply_as(&live, "two", &clash, true).unwrap();
        assert_eq!(json::at(&live, &["spec", "ports"]), &json!([{"port": 80, "name": "z"}]));
        let live = apply_as(&live, "one", &json!({"metadata": {"name": "s"}, "spec": {}}), false).unwrap();
        assert_eq!(json::at(&live, &["spec"]), &json!({"ports": [{"port": 80, "name": "z"}]}));
    }
}
