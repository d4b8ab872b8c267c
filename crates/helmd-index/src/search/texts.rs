//! The texts that words are looked for in, in one piece: whoever searches an index again and again need not look at each version.

use super::{SEPARATOR, keywords, same_texts};
use crate::entry::ChartVersion;
use crate::index::Index;
use memchr::memmem::Finder;

/// The texts of an index in lower case, chart by chart. They tell in which charts a search can find something at all.
#[derive(Debug)]
pub struct Texts {
    text: String,
    charts: Vec<ChartTexts>,
}

#[derive(Debug)]
struct ChartTexts {
    /// Where its texts end; they begin where those of the chart before it end.
    end: usize,
    /// Its name, in lower case; none when its versions do not agree.
    name: Option<String>,
}

impl Texts {
    /// Gathers the texts of an index, which must not change afterwards. They take as much memory as the descriptions that differ.
    pub fn of(index: &Index) -> Texts {
        let mut texts = Texts { text: String::new(), charts: Vec::with_capacity(index.entries.len()) };
        for versions in index.entries.values() {
            let mut last: Option<&ChartVersion> = None;
            for version in versions {
                if !last.is_some_and(|last| same_texts(version, last)) {
                    texts.add(&version.description);
                    texts.add(&keywords(version));
                }
                last = Some(version);
            }
            let first = versions.first().map_or("", |version| &version.name);
            let name = versions.iter().all(|version| *version.name == *first).then(|| sprig::lower(first));
            texts.charts.push(ChartTexts { end: texts.text.len(), name });
        }
        texts.text.shrink_to_fit();
        texts
    }

    fn add(&mut self, text: &str) {
        self.text.push_str(&sprig::lower(text));
        self.text.push(SEPARATOR);
    }

    /// For each chart in order of the index, whether it can have hits under this name of the repository.
    pub(super) fn charts_with(&self, words: &Finder<'_>, repository: &str) -> Vec<bool> {
        let repository = sprig::lower(repository);
        let mut start = 0;
        // The next place where the words stand, as far as was looked.
        let mut next = words.find(self.text.as_bytes());
        let mut charts = Vec::with_capacity(self.charts.len());
        for ChartTexts { end, name } in &self.charts {
            if next.is_some_and(|at| at < start) {
                next = self.text.as_bytes().get(start..).and_then(|rest| words.find(rest)).map(|at| start + at);
            }
            let in_texts = next.is_some_and(|at| at < *end);
            let in_name =
                || name.as_ref().is_none_or(|name| words.find(format!("{repository}/{name}").as_bytes()).is_some());
            charts.push(in_texts || in_name());
            start = *end;
        }
        charts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{Place, Query, elements, search, search_in};
    use helmd_chart::HelmMajor;

    const INDEX: &str = r#"apiVersion: v1
entries:
  alpha:
  - {name: alpha, version: 2.0.0, apiVersion: v2, description: Serves Pages, keywords: [web, HTTP server]}
  - {name: alpha, version: 1.0.0, apiVersion: v2, description: Serves Pages, keywords: [web, HTTP server]}
  - {name: alpha, version: 0.1.0, apiVersion: v2, description: keeps mail}
  beta:
  - {name: beta, version: 1.0.0, apiVersion: v2, description: ÄRGER und MÜHE, keywords: [İstanbul, web]}
  delta:
  - {name: delta, version: 1.0.0, apiVersion: v2}
  empty: []
  gamma:
  - {name: gamma, version: 1.0.0, apiVersion: v2, description: Pages of mail}
  - {name: other, version: 0.9.0, apiVersion: v2, description: nothing}
"#;

    #[test]
    fn gathered_texts_change_no_result() {
        let load = |text: &str| Index::load(text.as_bytes(), HelmMajor::Helm4).unwrap();
        let (one, two) = (load(INDEX), load(&INDEX.replace("mail", "ships").replace("delta", "Web")));
        let words = [
            "",
            "a",
            "alpha",
            "one/al",
            "two/g",
            "ONE/",
            "pages",
            "mail",
            "ships",
            "web",
            "http server",
            "web http",
            "ärger",
            "MÜHE",
            "i\u{307}stanbul",
            "stanbul web",
            "other",
            "two/other",
            "nothing",
            "pages\u{b}web",
            "es\u{b}",
            "zeta",
        ];
        for word in words {
            for versions in [false, true] {
                let query = Query { term: Some(word.to_owned()), versions, ..Query::default() };
                // Two repositories of one name: their charts are mixed.
                for names in [["one", "two"], ["one", "one"]] {
                    let [a, b] = names;
                    let plain = search(&[(a, &one.index), (b, &two.index)], &query).unwrap();
                    let places = [(a, &one), (b, &two)];
                    let places = places.map(|(repository, loaded)| Place {
                        repository,
                        index: &loaded.index,
                        texts: Some(loaded.texts()),
                    });
                    let gathered = search_in(&places, &query).unwrap();
                    assert_eq!(elements(&gathered), elements(&plain), "{word:?} in {names:?}");
                }
            }
        }
    }

    #[test]
    fn only_charts_with_the_words_are_looked_at() {
        let index = Index::load(INDEX.as_bytes(), HelmMajor::Helm4).unwrap().index;
        let texts = Texts::of(&index);
        let among = |words: &str| {
            let found = texts.charts_with(&Finder::new(words), "one");
            let names = index.entries.keys().zip(found).filter(|(_, found)| *found);
            names.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
        };
        // Its versions have different names: that one is always looked at.
        assert_eq!(among("web"), ["alpha", "beta", "gamma"]);
        assert_eq!(among("one/delta"), ["delta", "gamma"]);
        assert_eq!(among("mail"), ["alpha", "gamma"]);
        assert_eq!(among("pages web"), ["gamma"]);
    }
}
