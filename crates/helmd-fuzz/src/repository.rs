//! Repositories: indexes, their list, references to charts.

use crate::parts;
use helmd_chart::HelmMajor;
use helmd_index::repositories::Repositories;
use helmd_index::search::{Format, Place, Query, Texts, elements, print, search, search_in};
use helmd_index::{Index, location, oci, reference};
use helmd_provenance::{Formats, Keyring, Provenance, Signatory};

/// An index, another one to merge, the name of a chart, a version or constraint, a term to search for.
pub(crate) fn index(data: &[u8]) {
    let [first, second, words] = parts(data);
    let [name, version, term] = parts(words).map(|part| String::from_utf8_lossy(part).into_owned());
    for helm in [HelmMajor::Helm3, HelmMajor::Helm4] {
        let Ok(loaded) = Index::load(first, helm) else { continue };
        let _warnings: Vec<String> = loaded.skipped.iter().map(|skipped| skipped.text("index.yaml", helm)).collect();
        let mut index = loaded.index;
        if let Ok(selected) = index.get(&name, &version) {
            assert!(index.entries.contains_key(&name), "a chart that was found is in the index");
            let _metadata = selected.chart.metadata();
        }
        let _found = index.has(&name, &version);
        for regexp in [false, true] {
            let query = Query { term: Some(term.clone()), regexp, version: version.clone(), ..Query::default() };
            if let Ok(hits) = search(&[("r", &index)], &query) {
                let texts = Texts::of(&index);
                let place = Place { repository: "r", index: &index, texts: Some(&texts) };
                let again = search_in(&[place], &query).unwrap_or_default();
                assert_eq!(elements(&again), elements(&hits), "gathered texts change no result");
                for format in [Format::Table, Format::Json, Format::Yaml] {
                    let _may_fail = print(&elements(&hits), format, 20);
                }
            }
        }
        if let Ok(other) = Index::load(second, helm) {
            index.merge(other.index);
        }
        let Ok(written) = index.to_yaml() else { continue };
        let again = Index::load(written.as_bytes(), helm);
        assert!(again.is_ok(), "an index that was written can be read");
    }
}

/// `repositories.yaml`, a reference to a chart, a version, URLs.
pub(crate) fn references(data: &[u8]) {
    let [list, texts] = parts(data);
    let [chart, version, url] = parts(texts).map(|part| String::from_utf8_lossy(part).into_owned());
    for helm in [HelmMajor::Helm3, HelmMajor::Helm4] {
        let (repositories, _done) = Repositories::parse(list, helm);
        let _may_fail = reference::locate(&chart, &repositories.list);
        let _table = repositories.table(true);
        if let Ok(written) = repositories.to_yaml() {
            assert!(Repositories::parse(written.as_bytes(), helm).1.is_ok(), "a list that was written can be read");
        }
    }
    let _may_fail = (location::resolve(&chart, &url), location::join(&chart, &url));
    let _equal = location::equal(&chart, &url);
    let _may_fail = (oci::Reference::parse(&chart).map(|r| r.to_string()), oci::choose(&chart, &version));
    let versions = oci::versions_of_tags(url.split(','));
    let _may_fail = oci::pick(&versions, &version);
    let _name = reference::archive_file(&url);
}

/// A signature, and a keyring.
pub(crate) fn provenance(data: &[u8]) {
    /// 2026-01-01
    const NOW: i64 = 1_767_225_600;
    const ARCHIVE: (&str, &[u8]) = ("demo-0.1.0.tgz", b"an archive");
    let [text, keys] = parts(data);
    let signed = Provenance::read(text);
    if let Ok(signed) = &signed {
        let _metadata = signed.metadata();
        let nobody = signed.verify(&Keyring::default(), ARCHIVE, NOW);
        assert!(nobody.is_err(), "what nobody has signed is not verified");
    }
    for formats in [Formats::Packets, Formats::All] {
        let Ok(keyring) = Keyring::read(keys, formats) else { continue };
        if let Ok(signed) = &signed {
            let _whatever = signed.verify(&keyring, ARCHIVE, NOW);
        }
        let Ok(signatory) = Signatory::find(&keyring, "") else { continue };
        let Ok(text) = signatory.sign(ARCHIVE, "name: demo\n", (NOW, &[7; 32])) else { continue };
        let again = Provenance::read(&text);
        assert!(again.is_ok(), "what was signed can be read");
    }
}
