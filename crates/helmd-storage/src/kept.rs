//! Revisions that were read, kept from one question to the next: what lists and histories tell of them, and the whole of those
//! that were asked for last.
//!
//! Each question still asks the cluster which revisions there are, as the caller: that answer is small, and says which of them have
//! changed. Only those are fetched and decoded. What is kept belongs to one connection and one identity, and goes with it.

use crate::driver::RecordHead;
use helmd_chart::Chart;
use helmd_release::{Info, Release};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How much of briefs all connections of this process keep together: some 20,000 releases.
const BRIEF_BYTES: usize = 32 << 20;
/// How much of whole releases: those that were asked for last.
const WHOLE_BYTES: usize = 16 << 20;
/// No whole release that is kept is larger.
const LARGEST_BYTES: usize = 6 << 20;
/// What a release takes beside its texts.
const OVERHEAD_BYTES: usize = size_of::<Release>() + size_of::<Chart>() + 512;
/// A record's text is packed so many times at most, as a rule.
const PACKED_TIMES: usize = 6;

/// What is kept now, by all connections.
static BRIEF: AtomicUsize = AtomicUsize::new(0);
static WHOLE: AtomicUsize = AtomicUsize::new(0);

/// A release without all that is large: manifest, hooks, values, notes, and of the chart everything but its metadata.
pub(crate) fn brief(release: Release) -> Release {
    let chart = release.chart.map(|chart| Chart { metadata: chart.metadata, ..Chart::default() });
    let info = Info { notes: String::new(), ..release.info };
    Release {
        info,
        chart,
        name: release.name,
        version: release.version,
        namespace: release.namespace,
        labels: release.labels,
        apply_method: release.apply_method,
        ..Release::default()
    }
}

/// What is kept of the revisions in a place.
#[derive(Debug)]
pub struct Kept {
    pub(crate) briefs: Shelf,
    pub(crate) whole: Shelf,
}

impl Default for Kept {
    fn default() -> Self {
        Self { briefs: Shelf::new(&BRIEF, BRIEF_BYTES, false), whole: Shelf::new(&WHOLE, WHOLE_BYTES, true) }
    }
}

/// Releases by namespace and key of their records.
pub(crate) struct Shelf {
    items: Mutex<HashMap<(String, String), Item>>,
    /// What all shelves of this kind hold.
    bytes: &'static AtomicUsize,
    limit_bytes: usize,
    /// Whether what was not asked for makes room.
    evicts: bool,
    clock: AtomicUsize,
}

struct Item {
    uid: String,
    resource_version: String,
    release: Arc<Release>,
    size_bytes: usize,
    used: usize,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").finish_non_exhaustive()
    }
}

impl Shelf {
    fn new(bytes: &'static AtomicUsize, limit_bytes: usize, evicts: bool) -> Self {
        Self { items: Mutex::default(), bytes, limit_bytes, evicts, clock: AtomicUsize::new(0) }
    }

    fn items(&self) -> MutexGuard<'_, HashMap<(String, String), Item>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_out(&self, item: &Item) {
        self.bytes.fetch_sub(item.size_bytes, Ordering::Relaxed);
    }

    /// Whether nothing is kept yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.items().is_empty()
    }

    /// The revision that a record holds, if the record is still the one that it was.
    pub(crate) fn get(&self, head: &RecordHead) -> Option<Arc<Release>> {
        let mut items = self.items();
        let item = items.get_mut(&(head.namespace.clone(), head.key.clone()))?;
        let same = item.uid == head.uid && item.resource_version == head.resource_version;
        item.used = self.clock.fetch_add(1, Ordering::Relaxed);
        same.then(|| Arc::clone(&item.release))
    }

    /// Keeps a revision of about that size, unless there is no room.
    pub(crate) fn keep(&self, head: &RecordHead, release: &Arc<Release>, size_bytes: usize) {
        if head.uid.is_empty() || head.resource_version.is_empty() {
            return;
        }
        let mut items = self.items();
        let place = (head.namespace.clone(), head.key.clone());
        if let Some(former) = items.remove(&place) {
            self.count_out(&former);
        }
        let has_room = || self.bytes.load(Ordering::Relaxed).saturating_add(size_bytes) <= self.limit_bytes;
        while self.evicts && !has_room() {
            let oldest = items.iter().min_by_key(|(_, item)| item.used).map(|(place, _)| place.clone());
            let Some(oldest) = oldest.and_then(|place| items.remove(&place)) else { return };
            self.count_out(&oldest);
        }
        if !has_room() {
            return;
        }
        self.bytes.fetch_add(size_bytes, Ordering::Relaxed);
        let item = Item {
            uid: head.uid.clone(),
            resource_version: head.resource_version.clone(),
            release: Arc::clone(release),
            size_bytes,
            used: self.clock.fetch_add(1, Ordering::Relaxed),
        };
        items.insert(place, item);
    }

    /// Forgets the revisions of a namespace (of all, when it is empty) that are not there any more.
    pub(crate) fn retain(&self, namespace: &str, there: &[RecordHead]) {
        let mut items = self.items();
        if items.is_empty() {
            return;
        }
        let there: HashSet<(&str, &str)> = there.iter().map(|head| (&*head.namespace, &*head.key)).collect();
        items.retain(|(of, key), item| {
            let stays = !(namespace.is_empty() || of == namespace) || there.contains(&(of.as_str(), key.as_str()));
            if !stays {
                self.count_out(item);
            }
            stays
        });
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        self.items().values().for_each(|item| self.count_out(item));
    }
}

impl Kept {
    /// Keeps what lists and histories tell of a revision, and gives it.
    pub(crate) fn keep_brief(&self, head: &RecordHead, release: Release) -> Arc<Release> {
        let release = Arc::new(brief(release));
        self.briefs.keep(head, &release, size(&release));
        release
    }

    /// Keeps a revision as it is, unless it is large.
    pub(crate) fn keep_whole(&self, head: &RecordHead, release: &Arc<Release>, packed_bytes: usize) {
        let size_bytes = size(release) + release.manifest.len() + packed_bytes.saturating_mul(PACKED_TIMES);
        if size_bytes <= LARGEST_BYTES {
            self.whole.keep(head, release, size_bytes);
        }
    }
}

/// About what a release takes but for its large parts.
fn size(release: &Release) -> usize {
    let labels: usize = release.labels.iter().map(|(name, value)| name.len() + value.len() + 64).sum();
    let unbounded = release
        .chart
        .as_ref()
        .map_or(0, |chart| serde_json::to_string(&chart.metadata).map_or(0, |text| text.len() * 2));
    OVERHEAD_BYTES
        + unbounded
        + labels
        + release.info.description.len()
        + 2 * (release.name.len() + release.namespace.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use helmd_release::Status;
    use std::collections::BTreeMap;

    fn head(key: &str, uid: &str, version: &str) -> RecordHead {
        RecordHead {
            uid: uid.to_owned(),
            ..RecordHead::from_labels(key.to_owned(), "n".to_owned(), BTreeMap::new(), version.to_owned())
        }
    }

    fn release(name: &str) -> Arc<Release> {
        Arc::new(Release { name: name.to_owned(), manifest: "m".to_owned(), ..Release::default() })
    }

    static TEST: AtomicUsize = AtomicUsize::new(0);

    #[test]
    fn what_was_not_asked_for_makes_room() {
        static BYTES: AtomicUsize = AtomicUsize::new(0);
        let shelf = Shelf::new(&BYTES, 100, true);
        let heads: Vec<RecordHead> = (0..3).map(|n| head(&format!("r{n}"), "1", "1")).collect();
        shelf.keep(&heads[0], &release("0"), 40);
        shelf.keep(&heads[1], &release("1"), 40);
        assert!(shelf.get(&heads[0]).is_some());
        shelf.keep(&heads[2], &release("2"), 40);
        let left: Vec<bool> = heads.iter().map(|head| shelf.get(head).is_some()).collect();
        assert_eq!(left, [true, false, true]);
        shelf.keep(&heads[1], &release("1"), 101);
        assert_eq!(BYTES.load(Ordering::Relaxed), 0, "what can never fit empties the shelf at most");
        drop(shelf);
        let full = Shelf::new(&BYTES, 100, false);
        heads.iter().for_each(|head| full.keep(head, &release("x"), 40));
        assert_eq!(full.items().len(), 2);
        drop(full);
        assert_eq!(BYTES.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn only_the_very_record_is_answered_with() {
        let briefs = Shelf::new(&TEST, 64 << 10, false);
        briefs.keep(&head("a", "1", "7"), &release("a"), 10);
        assert_eq!(briefs.get(&head("a", "1", "7")).unwrap().name, "a");
        for other in [head("a", "1", "8"), head("a", "2", "7"), head("b", "1", "7")] {
            assert!(briefs.get(&other).is_none());
        }
        // Where the place of records does not say what changed, nothing is kept.
        briefs.keep(&head("c", "", ""), &release("c"), 10);
        assert!(briefs.get(&head("c", "", "")).is_none());
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let briefs = Shelf::new(&TEST, 64 << 10, false);
        let heads: Vec<RecordHead> = (0..10).map(|n| head(&format!("r{n}"), "1", "1")).collect();
        heads.iter().for_each(|head| briefs.keep(head, &release(&head.key), 10));
        briefs.retain("other", &[]);
        assert_eq!(briefs.items().len(), 10);
        briefs.retain("n", &heads[..3]);
        assert_eq!(briefs.items().len(), 3);
        briefs.retain("", &heads[..1]);
        assert_eq!(briefs.items().len(), 1);
    }

    #[test]
    fn a_brief_has_no_large_parts() {
        let mut whole = Release { manifest: "m".repeat(1000), version: 3, ..Release::default() };
        whole.set_status(Status::Failed, "why");
        whole.info.notes = "n".repeat(1000);
        let brief = brief(whole);
        assert_eq!((brief.version, &*brief.info.description, &*brief.manifest, &*brief.info.notes), (3, "why", "", ""));
        assert!(size(&brief) < 4096);
    }
}
