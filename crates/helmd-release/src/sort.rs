//! Rendered files to ordered manifests and hooks.

use crate::head::{Head, HeadError};
use crate::hook::{
    HOOK_ANNOTATION, HOOK_DELETE_ANNOTATION, HOOK_OUTPUT_LOG_ANNOTATION, HOOK_WEIGHT_ANNOTATION, Hook,
    HookDeletePolicy, HookEvent, HookOutputLogPolicy,
};
use crate::order::{Order, compare_kinds};
use crate::split::split_manifests;
use helmd_chart::HelmMajor;
use std::collections::BTreeMap;

/// One YAML document of a rendered file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The file's path (`chart/templates/service.yaml`).
    pub path: String,
    /// The document.
    pub content: String,
    /// What it says of itself.
    pub head: Head,
}

/// What [`sort_manifests`] gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// The hooks, by kind. [`Hook::in_run_order`] gives the order in which they run.
    pub hooks: Vec<Hook>,
    /// The resources, by kind.
    pub manifests: Vec<Manifest>,
    /// The hook annotations with a word that Helm does not know; their documents are in neither list.
    pub unknown_hooks: Vec<String>,
}

/// A document of a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("YAML parse error on {path}")]
pub struct SortError {
    /// The file.
    pub path: String,
    /// Why.
    pub source: HeadError,
}

/// Splits rendered files (text by path) into documents and sorts them into hooks and resources, each by kind.
///
/// Documents of equal kinds keep the order of paths, then of the documents in a file. Partials (`_x.tpl`) and blank
/// files are left out.
///
/// # Errors
/// The first document that is no YAML or no map. An unknown kind is not an error, nor is an unknown hook.
pub fn sort_manifests(files: &BTreeMap<String, String>, order: Order, helm: HelmMajor) -> Result<Sorted, SortError> {
    let mut sorted = Sorted::default();
    sort_into(&mut sorted, files, order, helm)?;
    Ok(sorted)
}

/// As [`sort_manifests`]; on an error, `sorted` has what came before it, in the order of the files.
pub(crate) fn sort_into<'f>(
    sorted: &mut Sorted,
    files: impl IntoIterator<Item = (&'f String, &'f String)>,
    order: Order,
    helm: HelmMajor,
) -> Result<(), SortError> {
    for (path, text) in files {
        let base = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if base.starts_with('_') || text.trim().is_empty() {
            continue;
        }
        for content in split_manifests(text, helm) {
            let head =
                Head::parse(content.as_bytes(), helm).map_err(|source| SortError { path: path.clone(), source })?;
            sorted.take(Manifest { path: path.clone(), content, head });
        }
    }
    sorted.hooks.sort_by(|a, b| compare_kinds(&a.kind, &b.kind, order, helm));
    sorted.manifests.sort_by(|a, b| compare_kinds(&a.head.kind, &b.head.kind, order, helm));
    Ok(())
}

impl Sorted {
    fn take(&mut self, manifest: Manifest) {
        let Some(events) = manifest.head.annotation(HOOK_ANNOTATION) else {
            self.manifests.push(manifest);
            return;
        };
        let Some(events) = words(events).map(|w| HookEvent::from_annotation(&w)).collect::<Option<Vec<_>>>() else {
            let unknown = events.to_owned();
            self.unknown_hooks.push(unknown);
            return;
        };
        let annotation = |key| manifest.head.annotation(key);
        let list = |key| annotation(key).into_iter().flat_map(words);
        let hook = Hook {
            name: manifest.head.name().to_owned(),
            kind: manifest.head.kind.clone(),
            events,
            weight: annotation(HOOK_WEIGHT_ANNOTATION).and_then(|w| w.parse().ok()).unwrap_or(0),
            delete_policies: list(HOOK_DELETE_ANNOTATION).map(|w| HookDeletePolicy::from(&*w)).collect(),
            output_log_policies: list(HOOK_OUTPUT_LOG_ANNOTATION).map(|w| HookOutputLogPolicy::from(&*w)).collect(),
            path: manifest.path,
            manifest: manifest.content,
            ..Hook::default()
        };
        self.hooks.push(hook);
    }
}

/// The words of an annotation's comma separated list.
fn words(list: &str) -> impl Iterator<Item = String> + '_ {
    list.split(',').map(|word| word.trim().to_lowercase())
}
