//! `helm list`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use helmd_release::{Release, by_date};
use helmd_storage::{RecordHead, Undecodable};
use sprig::regex::GoRegex;

use crate::context::Context;
use crate::error::ActionError;
use crate::selector::Selector;

/// Which states are listed when none is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DefaultStates {
    /// Deployed and failed ones (Helm 3).
    #[default]
    Helm3,
    /// All (Helm 4).
    Helm4,
}

/// Lists releases. Fields carry the names of Helm's flags; all are off by default.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// Every state.
    pub all: bool,
    /// Every namespace.
    pub all_namespaces: bool,
    /// Newest first instead of by name.
    pub by_date: bool,
    /// The other way round.
    pub sort_reverse: bool,
    /// How many at most; 0: all.
    pub limit: i64,
    /// How many are left out at the start.
    pub offset: i64,
    /// A regular expression (Go's syntax) on the name.
    pub filter: String,
    /// Uninstalled ones whose history is kept.
    pub uninstalled: bool,
    /// Superseded revisions; alone it lists all of them, not only the newest of each release.
    pub superseded: bool,
    /// Ones that are being uninstalled.
    pub uninstalling: bool,
    /// Deployed ones.
    pub deployed: bool,
    /// Failed ones.
    pub failed: bool,
    /// Pending ones.
    pub pending: bool,
    /// A label selector on the record's labels.
    pub selector: String,
    /// What counts when no state is named.
    pub default_states: DefaultStates,
}

/// Releases in the order asked for, and records that could not be read. Of the releases all is there but what is large: manifest,
/// hooks, values, notes, and the chart beside its metadata.
#[derive(Debug, Default)]
pub struct Listed {
    /// The releases.
    pub releases: Vec<Release>,
    /// Records to look at by hand.
    pub undecodable: Vec<Undecodable>,
}

const PENDING: [&str; 3] = ["pending-install", "pending-upgrade", "pending-rollback"];

impl List {
    /// Lists.
    ///
    /// # Errors
    /// A filter or selector that cannot be read; the cluster cannot be reached.
    pub async fn run(self, cx: &Context) -> Result<Listed, ActionError> {
        cx.cluster.check_reachable().await?;
        let filter = match self.filter.as_str() {
            "" => None,
            filter => Some(GoRegex::new(filter).map_err(ActionError::Options)?),
        };
        // HELM: where there is nothing to choose from, nobody looks at the selector.
        let (selector, mut wrong) = match Selector::parse(&self.selector) {
            Ok(selector) => (selector, None),
            Err(error) => (Selector::default(), Some(error)),
        };
        let offset = usize::try_from(self.offset)
            .map_err(|_| ActionError::Options(format!("offset must not be negative, got {}", self.offset)))?;
        let storage = if self.all_namespaces { cx.storage.in_namespace("") } else { cx.storage.clone() };
        let page = |length: usize| {
            let limit = usize::try_from(self.limit).ok().filter(|limit| *limit > 0).unwrap_or(length);
            offset.min(length)..offset.saturating_add(limit).min(length)
        };
        let listing = storage
            .list(|mut heads| {
                heads.retain(|head| filter.as_ref().is_none_or(|filter| filter.is_match(head.name.as_bytes())));
                if heads.is_empty() {
                    wrong = None;
                }
                let mut heads = self.of_states(heads);
                heads.retain(|head| selector.matches(&head.labels));
                if !self.by_date {
                    heads.sort_by(|a, b| self.by_name(a, b));
                    heads.truncate(page(heads.len()).end);
                    heads.drain(..page(heads.len()).start);
                }
                heads
            })
            .await?;
        if let Some(error) = wrong {
            return Err(ActionError::Options(error));
        }
        let mut releases = listing.releases;
        if self.by_date {
            releases.sort_by(|a, b| if self.sort_reverse { by_date(b, a) } else { by_date(a, b) });
            releases = releases.drain(page(releases.len())).collect();
        } else {
            releases.sort_by(|a, b| {
                let names = a.name.cmp(&b.name);
                let names = if self.sort_reverse { names.reverse() } else { names };
                names.then_with(|| a.namespace.cmp(&b.namespace)).then_with(|| a.version.cmp(&b.version))
            });
        }
        Ok(Listed { releases, undecodable: listing.undecodable })
    }

    fn by_name(&self, a: &RecordHead, b: &RecordHead) -> Ordering {
        let names = a.name.cmp(&b.name);
        let names = if self.sort_reverse { names.reverse() } else { names };
        names.then_with(|| a.namespace.cmp(&b.namespace)).then_with(|| a.revision.cmp(&b.revision))
    }

    fn of_states(&self, heads: Vec<RecordHead>) -> Vec<RecordHead> {
        let states = self.states();
        let heads = if states == ["superseded"] { heads } else { newest(heads) };
        heads.into_iter().filter(|head| states.contains(&head.status.as_str())).collect()
    }

    fn states(&self) -> Vec<&'static str> {
        let mut states = Vec::new();
        let named = [
            (self.deployed, &["deployed"][..]),
            (self.uninstalled, &["uninstalled"]),
            (self.uninstalling, &["uninstalling"]),
            (self.pending, &PENDING),
            (self.failed, &["failed"]),
            (self.superseded, &["superseded"]),
        ];
        let all = self.all || (named.iter().all(|(wanted, _)| !wanted) && self.default_states == DefaultStates::Helm4);
        for (wanted, names) in named {
            if wanted || all {
                states.extend_from_slice(names);
            }
        }
        if states.is_empty() { vec!["deployed", "failed"] } else { states }
    }
}

/// The newest revision of each release.
fn newest(heads: Vec<RecordHead>) -> Vec<RecordHead> {
    let mut newest: BTreeMap<(String, String), RecordHead> = BTreeMap::new();
    for head in heads {
        let key = (head.namespace.clone(), head.name.clone());
        match newest.get(&key) {
            Some(known) if known.revision > head.revision => {}
            _ => drop(newest.insert(key, head)),
        }
    }
    newest.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(name: &str, revision: i64, status: &str) -> RecordHead {
        RecordHead {
            key: format!("{name}.v{revision}"),
            namespace: "n".into(),
            uid: String::new(),
            name: name.into(),
            revision,
            status: status.into(),
            labels: BTreeMap::new(),
            resource_version: String::new(),
        }
    }

    #[test]
    fn only_the_newest_revision_counts_unless_superseded_ones_are_wanted() {
        let heads = vec![
            head("a", 1, "superseded"),
            head("a", 2, "deployed"),
            head("b", 1, "deployed"),
            head("b", 2, "uninstalled"),
        ];
        let keys =
            |list: List| -> Vec<String> { list.of_states(heads.clone()).into_iter().map(|head| head.key).collect() };
        assert_eq!(keys(List::default()), ["a.v2"]);
        assert_eq!(keys(List { all: true, ..List::default() }), ["a.v2", "b.v2"]);
        assert_eq!(keys(List { superseded: true, ..List::default() }), ["a.v1"]);
        assert_eq!(keys(List { default_states: DefaultStates::Helm4, ..List::default() }), ["a.v2", "b.v2"]);
    }
}
