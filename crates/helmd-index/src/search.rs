//! Search over the indexes of repositories, ranked as Helm ranks.
//!
//! A version is found by its name (rank 0), its name with the repository's (1), its description (2) and its keywords (3).
//! What a search costs grows with the different texts and the hits, not with the number of versions: versions of a chart
//! that share their texts are looked at once.

mod output;
mod texts;

use crate::entry::{ChartVersion, Text};
use crate::index::{Index, Prereleases};
use helmd_semver::{Constraints, FirstConstraints, SemverError, Version};
use memchr::memmem::Finder;
use sprig::paths;
use sprig::regex::GoRegex;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

pub use output::{Element, Format, NoResults, elements, print};
pub use texts::Texts;

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The words, or a regular expression; `None` for everything.
    pub term: Option<String>,
    /// Whether the term is a regular expression (of Go). It minds the case of letters, words do not.
    pub regexp: bool,
    /// Whether to give all versions, and not only the newest of each chart.
    pub versions: bool,
    /// Whether prereleases count, where no constraint is given.
    pub devel: bool,
    /// A version or a constraint; may be empty.
    pub version: String,
    /// How the constraint takes prereleases.
    pub prereleases: Prereleases,
    /// Whether the constraint is read as the library's first version reads it, by which helm-wrapper searches.
    pub first_rules: bool,
}

enum Fits {
    Helm(Constraints),
    Wrapper(FirstConstraints),
}

impl Fits {
    fn parse(text: &str, query: &Query) -> Result<Fits, SemverError> {
        if query.first_rules {
            return FirstConstraints::parse(text).map(Fits::Wrapper);
        }
        let mut constraint = Constraints::parse(text)?;
        constraint.each_condition = query.prereleases == Prereleases::Condition;
        Ok(Fits::Helm(constraint))
    }

    fn admits(&self, version: &str) -> bool {
        match self {
            Fits::Helm(constraint) => constraint.admits(version),
            Fits::Wrapper(constraint) => constraint.admits(version),
        }
    }
}

/// Why there can be no search.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// The term is no regular expression; Go's words.
    #[error("{0}")]
    Regexp(String),
    /// The version is no constraint.
    #[error("an invalid version/constraint format")]
    Constraint {
        /// Why.
        source: SemverError,
    },
}

/// A version that was found.
#[derive(Clone, Debug)]
pub struct Hit<'i> {
    /// `repository/chart`.
    pub name: Arc<str>,
    /// The rank, 0 being the best.
    pub score: usize,
    /// The version.
    pub chart: &'i ChartVersion,
}

/// A repository to search in.
#[derive(Clone, Copy, Debug)]
pub struct Place<'i> {
    /// Its name.
    pub repository: &'i str,
    /// Its index, sorted.
    pub index: &'i Index,
    /// The texts of the index, where they are at hand: a search for words then looks at what can have hits only.
    pub texts: Option<&'i Texts>,
}

/// Searches repositories, given by name in the order of `repositories.yaml` with sorted indexes; as [`search_in`].
///
/// # Errors
/// As [`search_in`].
pub fn search<'i>(repositories: &[(&'i str, &'i Index)], query: &Query) -> Result<Vec<Hit<'i>>, SearchError> {
    let place = |&(repository, index): &(&'i str, &'i Index)| Place { repository, index, texts: None };
    search_in(&repositories.iter().map(place).collect::<Vec<_>>(), query)
}

/// Searches repositories in the order of `repositories.yaml`.
///
/// The hits are in order of rank, then of name, then the newest version first. Without [`Query::versions`] each chart is
/// there once, in its newest version that fits the constraint.
///
/// # Errors
/// A bad regular expression or constraint, in Helm's words.
pub fn search_in<'i>(places: &[Place<'i>], query: &Query) -> Result<Vec<Hit<'i>>, SearchError> {
    let mut matcher = match &query.term {
        None => Matcher::All,
        Some(term) if query.regexp => Matcher::Regexp(Box::new(GoRegex::new(term).map_err(SearchError::Regexp)?)),
        Some(term) => Matcher::words(term),
    };
    let constraint = match (query.version.as_str(), query.devel) {
        ("", true) => ">0.0.0-0",
        ("", false) => ">0.0.0",
        (version, _) => version,
    };
    let constraint = Fits::parse(constraint, query).map_err(|source| SearchError::Constraint { source })?;
    let mut hits = Vec::new();
    for (path, parts) in charts(places, &matcher) {
        if parts.iter().all(|part| !part.may_hit) {
            continue;
        }
        let versions = in_order(&parts);
        let first = hits.len();
        let name: Arc<str> = path.split("$$").next().unwrap_or_default().into();
        let mut last: Option<(&ChartVersion, &str, Option<usize>)> = None;
        for (repository, chart) in &versions {
            let known = last.filter(|(other, r, _)| r == repository && same_texts(chart, other));
            let score = known.map_or_else(|| matcher.score(repository, chart), |(_, _, score)| score);
            last = Some((chart, repository, score));
            hits.extend(score.map(|score| Hit { name: Arc::clone(&name), score, chart }));
        }
        drop_repeated(&mut hits, first, &versions);
        if !query.versions {
            keep_best(&mut hits, first, &constraint);
        }
    }
    // The charts are in order of their paths already, and their versions too; both stay so.
    hits.sort_by_key(|hit| hit.score);
    if !hits.is_sorted_by(|a, b| a.score < b.score || a.name <= b.name) {
        // HELM: a name ends before `$$`, so that it can come before another one whose path it does not.
        hits.sort_by(|a, b| a.score.cmp(&b.score).then_with(|| a.name.cmp(&b.name)));
    }
    let mut found: HashSet<Arc<str>> = HashSet::new();
    hits.retain(|hit| {
        if !query.versions && found.contains(&hit.name) {
            return false;
        }
        let fits = constraint.admits(&hit.chart.version);
        if fits {
            found.insert(Arc::clone(&hit.name));
        }
        fits
    });
    Ok(hits)
}

/// The versions of a chart in one repository.
struct Part<'i> {
    repository: &'i str,
    versions: &'i [ChartVersion],
    may_hit: bool,
}

/// Where each chart is, by `repository/chart`.
fn charts<'i>(places: &[Place<'i>], matcher: &Matcher) -> BTreeMap<String, Vec<Part<'i>>> {
    let mut charts = BTreeMap::<String, Vec<Part<'_>>>::new();
    for Place { repository, index, texts } in places {
        let may_hit = match (matcher, texts) {
            (Matcher::Words(words), Some(texts)) => texts.charts_with(&words.finder, repository),
            _ => Vec::new(),
        };
        for (at, (chart, versions)) in index.entries.iter().enumerate() {
            let path = paths::join(&[repository.as_bytes(), chart.as_bytes()]);
            let path = String::from_utf8_lossy(&path).into_owned();
            let may_hit = may_hit.get(at).is_none_or(|may| *may);
            charts.entry(path).or_default().push(Part { repository, versions, may_hit });
        }
    }
    charts
}

/// The versions of a chart with their repositories' names.
fn in_order<'i>(parts: &[Part<'i>]) -> Vec<(&'i str, &'i ChartVersion)> {
    let mut list: Vec<(&str, &ChartVersion)> = Vec::new();
    for part in parts {
        let is_mixed = !list.is_empty();
        list.extend(part.versions.iter().map(|version| (part.repository, version)));
        if is_mixed {
            let parsed = |v: &ChartVersion| Version::parse(&v.version).ok();
            list.sort_by(|(_, a), (_, b)| match (parsed(a), parsed(b)) {
                (Some(a), Some(b)) => b.compare(&a),
                (a, b) => b.is_some().cmp(&a.is_some()),
            });
        }
    }
    list
}

/// Of a chart's hits only the one stays that is to be shown: the newest one of the best rank that fits.
fn keep_best(hits: &mut Vec<Hit<'_>>, first: usize, fits: &Fits) {
    let mut own = hits.split_off(first);
    own.sort_by_key(|hit| hit.score);
    hits.extend(own.into_iter().find(|hit| fits.admits(&hit.chart.version)));
}

/// HELM: of versions of a chart that are written alike only the last one is looked at.
fn drop_repeated(hits: &mut Vec<Hit<'_>>, first: usize, versions: &[(&str, &ChartVersion)]) {
    if hits.len() == first {
        return;
    }
    let mut seen = HashSet::with_capacity(versions.len());
    let mut repeated = versions.iter().rev().filter(|(_, version)| !seen.insert(&*version.version)).peekable();
    if repeated.peek().is_none() {
        return;
    }
    let repeated: Vec<*const ChartVersion> = repeated.map(|(_, version)| std::ptr::from_ref(*version)).collect();
    let mut at = 0;
    hits.retain(|hit| {
        at += 1;
        at <= first || !repeated.contains(&std::ptr::from_ref(hit.chart))
    });
}

/// Whether the two versions are found by the same texts, seen from their addresses.
fn same_texts(a: &ChartVersion, b: &ChartVersion) -> bool {
    Arc::ptr_eq(&a.name, &b.name)
        && Arc::ptr_eq(&a.description, &b.description)
        && Arc::ptr_eq(&a.keywords, &b.keywords)
}

enum Matcher {
    All,
    Words(Box<Words>),
    /// Words that go from one text to the next.
    Across(String),
    Regexp(Box<GoRegex>),
}

/// What stands between the texts of a version. HELM: a term may hold it, and then matches across texts.
const SEPARATOR: char = '\u{b}';

/// Ranks from here on are no hits.
const MAX_SCORE: usize = 25;

impl Matcher {
    fn words(term: &str) -> Matcher {
        let term = sprig::lower(term);
        if term.contains(SEPARATOR) {
            return Matcher::Across(term);
        }
        Matcher::Words(Box::new(Words::new(&term)))
    }

    /// The rank of a version; `None` when it is not found.
    fn score(&mut self, repository: &str, chart: &ChartVersion) -> Option<usize> {
        let (line, at) = match self {
            Matcher::All => return Some(0),
            Matcher::Words(words) => return words.rank(repository, chart),
            Matcher::Across(words) => {
                let line = sprig::lower(&line(repository, chart));
                let at = line.find(words.as_str())?;
                (line, at)
            }
            Matcher::Regexp(regexp) => {
                let line = line(repository, chart);
                let at = regexp.find(line.as_bytes())?.start;
                (line, at)
            }
        };
        let score = line.match_indices(SEPARATOR).take_while(|(separator, _)| *separator < at).count();
        (score < MAX_SCORE).then_some(score)
    }
}

/// Words to look for, in lower case.
struct Words {
    finder: Finder<'static>,
    /// Room for texts in lower case.
    buffer: Vec<u8>,
    /// What was found in the names of repository and chart: they are the same for all versions.
    names: Option<(String, Text, Option<usize>)>,
}

impl Words {
    fn new(words: &str) -> Words {
        Words { finder: Finder::new(words.as_bytes()).into_owned(), buffer: Vec::new(), names: None }
    }

    fn found<'t>(&mut self, texts: impl Iterator<Item = &'t str> + Clone) -> bool {
        if !texts.clone().all(str::is_ascii) {
            let text: String = texts.collect();
            return self.finder.find(sprig::lower(&text).as_bytes()).is_some();
        }
        self.buffer.clear();
        texts.for_each(|text| self.buffer.extend_from_slice(text.as_bytes()));
        self.buffer.make_ascii_lowercase();
        self.finder.find(&self.buffer).is_some()
    }

    /// The first of the texts that holds the words. None of them holds a separator: they are sanitised when the index is read.
    fn rank(&mut self, repository: &str, chart: &ChartVersion) -> Option<usize> {
        let in_names = match &self.names {
            Some((of, name, rank)) if Arc::ptr_eq(name, &chart.name) && of == repository => *rank,
            _ => {
                let name = &*chart.name;
                let rank = if self.found([name].into_iter()) {
                    Some(0)
                } else {
                    self.found([repository, "/", name].into_iter()).then_some(1)
                };
                self.names = Some((repository.to_owned(), Text::clone(&chart.name), rank));
                rank
            }
        };
        if in_names.is_some() {
            return in_names;
        }
        if self.found([&*chart.description].into_iter()) {
            return Some(2);
        }
        let blank = |n| if n == 0 { "" } else { " " };
        let keywords = chart.keywords.iter().enumerate().flat_map(|(n, word)| [blank(n), &**word]);
        self.found(keywords).then_some(3)
    }
}

fn keywords(chart: &ChartVersion) -> String {
    chart.keywords.iter().map(Text::as_ref).collect::<Vec<_>>().join(" ")
}

fn line(repository: &str, chart: &ChartVersion) -> String {
    let ChartVersion { name, description, .. } = chart;
    format!("{name}{SEPARATOR}{repository}/{name}{SEPARATOR}{description}{SEPARATOR}{}", keywords(chart))
}
