//! One YAML text to its documents.

use helmd_chart::HelmMajor;

const MARK: &str = "---";

/// Gives the documents of a YAML stream in order. Blank documents are left out, comments alone are a document.
///
/// HELM: a line only has to begin with `---`; what follows belongs to the next document. Helm 4 keeps the white space at
/// a document's end, helm 3 drops it.
pub fn split_manifests(text: &str, helm: HelmMajor) -> Vec<String> {
    match helm {
        HelmMajor::Helm3 => split_helm3(text.trim()),
        HelmMajor::Helm4 => split_helm4(text.trim_start()),
    }
}

fn split_helm4(text: &str) -> Vec<String> {
    let mut documents = Vec::new();
    let mut push = |document: &str| {
        let document = document.trim_start();
        if !document.is_empty() {
            documents.push(document.to_owned());
        }
    };
    let mut rest = text;
    // A document begins where the last mark ended, so the first line of `rest` is a line start only at the very beginning.
    let mut at_line_start = true;
    loop {
        let found = if at_line_start && rest.starts_with(MARK) {
            Some(0)
        } else {
            rest.find("\n---").map(|newline| newline + 1)
        };
        let Some((document, tail)) = found.and_then(|at| rest.split_at_checked(at)) else { break };
        push(document);
        rest = tail.strip_prefix(MARK).unwrap_or(tail).trim_start_matches([' ', '\t']);
        at_line_start = false;
    }
    push(rest);
    documents
}

/// HELM: white space of ASCII only is part of a separator, and a separator right after another one is content.
fn split_helm3(text: &str) -> Vec<String> {
    const SPACE: [char; 5] = ['\t', '\n', '\u{c}', '\r', ' '];
    let mut documents = Vec::new();
    let mut push = |document: &str| {
        if !document.is_empty() {
            documents.push(document.trim().to_owned());
        }
    };
    let mut rest = text.strip_prefix(MARK).map_or(text, |tail| tail.trim_start_matches(SPACE));
    while let Some(newline) = rest.find("\n---") {
        let (document, tail) = rest.split_at_checked(newline).unwrap_or((rest, ""));
        push(document.trim_end_matches(SPACE));
        rest = tail.strip_prefix("\n---").unwrap_or(tail).trim_start_matches(SPACE);
    }
    push(rest);
    documents
}

#[cfg(test)]
mod tests {
    use super::{HelmMajor, split_manifests};

    #[test]
    fn a_mark_ends_at_its_three_dashes() {
        assert_eq!(split_manifests("---a: 1\n----\nb: 2\n", HelmMajor::Helm4), ["a: 1\n", "-\nb: 2\n"]);
        assert_eq!(split_manifests("---a: 1\n----\nb: 2\n", HelmMajor::Helm3), ["a: 1", "-\nb: 2"]);
    }

    #[test]
    fn blank_documents_go() {
        assert_eq!(split_manifests("\n---\n---\n \n---\nb: 1\n---", HelmMajor::Helm4), ["b: 1\n"]);
        assert!(split_manifests(" \n", HelmMajor::Helm3).is_empty());
    }
}
