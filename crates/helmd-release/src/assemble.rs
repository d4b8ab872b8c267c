//! Rendered files to what a release records of them.

use crate::head::Head;
use crate::hook::{Hook, HookEvent};
use crate::order::Order;
use crate::sort::{Manifest, SortError, Sorted, sort_into};
use gotmpl::GoString;
use helmd_chart::{Chart, HelmMajor};
use std::collections::BTreeMap;
use std::fmt;

const NOTES: &str = "NOTES.txt";

/// How to assemble.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssembleOptions {
    /// Whose text is wanted.
    pub helm: HelmMajor,
    /// Take the subcharts' notes, too.
    pub sub_notes: bool,
    /// Put the chart's CRDs first.
    pub include_crds: bool,
    /// Write no Secret's content.
    pub hide_secret: bool,
}

/// A release's parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assembled {
    /// The hooks, by kind.
    pub hooks: Vec<Hook>,
    /// The manifest's text: each document behind `---` and its `# Source:`.
    pub manifest: String,
    /// The CRDs' files, as they are.
    pub crds: Vec<Manifest>,
    /// The documents of the text, without the CRDs.
    pub manifests: Vec<Manifest>,
    /// The notes.
    pub notes: String,
    /// The hook annotations that Helm does not know; their documents are left out.
    pub unknown_hooks: Vec<String>,
}

/// A rendered file is no YAML.
#[derive(Debug)]
pub struct AssembleError {
    /// The file, and why.
    pub error: SortError,
    /// All files as one text, to look for the fault in (`helm template --debug` prints it).
    pub files: String,
    /// What the documents before it gave, not yet in order.
    pub before: Box<Sorted>,
}

impl fmt::Display for AssembleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for AssembleError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.error)
    }
}

/// Gives hooks, manifest and notes of the rendered files (text by full template name).
///
/// HELM: helm joins the notes of several charts in random order; here they are in order of their names.
///
/// # Errors
/// A file is no YAML.
pub fn assemble(
    chart: &Chart,
    mut files: BTreeMap<String, GoString>,
    options: AssembleOptions,
) -> Result<Assembled, AssembleError> {
    let notes = take_notes(chart, &mut files, options.sub_notes);
    let mut texts = BTreeMap::new();
    let mut broken = None;
    for (path, text) in files {
        if text.as_utf8().is_none() && broken.is_none() {
            broken =
                Head::parse(text.as_bytes(), options.helm).err().map(|e| SortError { path: path.clone(), source: e });
        }
        texts.insert(path, text.to_text().into_owned());
    }
    let mut sorted = Sorted::default();
    let done = match broken {
        None => sort_into(&mut sorted, &texts, Order::Install, options.helm),
        Some(error) => {
            let before = texts.range(..error.path.clone());
            sort_into(&mut sorted, before, Order::Install, options.helm).and(Err(error))
        }
    };
    if let Err(error) = done {
        return Err(AssembleError { error, files: joined(&texts), before: Box::new(sorted) });
    }
    let Sorted { hooks, manifests, unknown_hooks } = sorted;
    // The documents have what is in them: a large release is not held once more while its text is made.
    drop(texts);
    let crds = match options.include_crds {
        true => chart.crd_objects().into_iter().map(crd_document).collect(),
        false => Vec::new(),
    };
    let manifest = document_text(&crds, &manifests, options.hide_secret);
    Ok(Assembled { hooks, manifest, crds, manifests, notes, unknown_hooks })
}

fn crd_document(crd: helmd_chart::Crd) -> Manifest {
    Manifest { path: crd.filename, content: crd.file.data.to_text().into_owned(), head: Head::default() }
}

/// The text of a manifest: CRDs first, each document behind `---` and its `# Source:`; Secrets without content if wanted.
pub fn document_text(crds: &[Manifest], manifests: &[Manifest], hide_secret: bool) -> String {
    let sizes = crds.iter().chain(manifests).map(|m| m.path.len() + m.content.len() + 16);
    let mut text = String::with_capacity(sizes.sum());
    for crd in crds {
        push_document(&mut text, &crd.path, &crd.content);
    }
    for m in manifests {
        if hide_secret && m.head.kind == "Secret" && m.head.api_version == "v1" {
            push_document(&mut text, &m.path, "# HIDDEN: The Secret output has been suppressed");
        } else {
            push_document(&mut text, &m.path, &m.content);
        }
    }
    text
}

fn take_notes(chart: &Chart, files: &mut BTreeMap<String, GoString>, sub_notes: bool) -> String {
    let own = format!("{}/templates/{NOTES}", chart.name());
    let mut notes = String::new();
    files.retain(|path, text| {
        if !path.ends_with(NOTES) {
            return true;
        }
        if sub_notes || *path == own {
            if !notes.is_empty() {
                notes.push('\n');
            }
            notes.push_str(&text.to_text());
        }
        false
    });
    notes
}

fn joined(files: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (path, content) in files.iter().filter(|(_, content)| !content.trim().is_empty()) {
        push_document(&mut text, path, content);
    }
    text
}

fn push_document(text: &mut String, path: &str, content: &str) {
    text.extend(document_pieces(path, content));
}

fn document_pieces<'a>(path: &'a str, content: &'a str) -> [&'a str; 5] {
    ["---\n# Source: ", path, "\n", content, "\n"]
}

/// The text that `helm template` prints, piece by piece: the manifest, then the hooks, without the test hooks when
/// `skip_tests`.
pub fn template_pieces<'a>(manifest: &'a str, hooks: &'a [Hook], skip_tests: bool) -> impl Iterator<Item = &'a str> {
    let shown = hooks.iter().filter(move |h| !(skip_tests && h.has_event(&HookEvent::Test)));
    [manifest.trim(), "\n"].into_iter().chain(shown.flat_map(|hook| document_pieces(&hook.path, &hook.manifest)))
}

#[cfg(test)]
mod tests {
    use super::{AssembleOptions, assemble, template_pieces};
    use gotmpl::GoString;
    use helmd_chart::Chart;
    use std::collections::BTreeMap;

    #[test]
    fn an_error_comes_with_what_was_before_it() {
        let hook = |word: &str| format!("kind: Job\nmetadata: {{name: h, annotations: {{helm.sh/hook: {word}}}}}");
        let files = [
            ("c/templates/a.yaml", hook("crd-install").into()),
            ("c/templates/b.yaml", hook("test").into()),
            ("c/templates/c.yaml", "a: b: c".into()),
            ("c/templates/d.yaml", hook("late").into()),
            ("c/templates/e.yaml", GoString::from(b"a: \xff".to_vec())),
        ];
        let files = BTreeMap::from(files.map(|(path, text)| (path.to_owned(), text)));
        let fails = |files| assemble(&Chart::default(), files, AssembleOptions::default()).unwrap_err();
        let failed = fails(files.clone());
        assert_eq!(failed.error.path, "c/templates/c.yaml");
        assert_eq!((failed.before.hooks.len(), &*failed.before.unknown_hooks), (1, &["crd-install".to_owned()][..]));
        let failed = fails(files.into_iter().filter(|(path, _)| !path.ends_with("c.yaml")).collect());
        assert_eq!((failed.error.path.as_str(), failed.before.unknown_hooks.len()), ("c/templates/e.yaml", 2));
    }

    #[test]
    fn files_become_manifest_hooks_and_notes() {
        let mut chart = Chart::default();
        chart.metadata.name = "c".to_owned();
        let files = [
            ("c/templates/NOTES.txt", "hello"),
            ("c/charts/s/templates/NOTES.txt", "sub"),
            ("c/templates/_p.tpl", "kind: X"),
            ("c/templates/a.yaml", "kind: Service\n\n---\nkind: Secret\n"),
            ("c/templates/h.yaml", "kind: Job\nmetadata: {name: h, annotations: {helm.sh/hook: test}}"),
            ("c/templates/empty.yaml", " \n"),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.into()));
        let parts = assemble(&chart, BTreeMap::from(files), AssembleOptions::default()).unwrap();
        assert_eq!(parts.notes, "hello");
        assert_eq!(
            parts.manifest,
            "---\n# Source: c/templates/a.yaml\nkind: Secret\n\n---\n# Source: c/templates/a.yaml\nkind: Service\n\n\n"
        );
        let text: String = template_pieces(&parts.manifest, &parts.hooks, false).collect();
        assert!(text.ends_with("kind: Service\n---\n# Source: c/templates/h.yaml\nkind: Job\nmetadata: {name: h, annotations: {helm.sh/hook: test}}\n"));
        assert!(template_pieces(&parts.manifest, &parts.hooks, true).all(|piece| !piece.contains("Job")));
    }
}
