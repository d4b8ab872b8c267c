//! Laying values over the defaults of a chart and its subcharts.
//!
//! *Coalescing* removes what the user sets to null; *merging* keeps the nulls, for steps before the last one.

use crate::error::ValuesError;
use crate::table::{Entry, MAX_DEPTH, Table};
use crate::warning::{Log, Warnings, go_text};
use gotmpl::strconv::quote;
use gotmpl::{GoString, Value};
use helmd_chart::{Chart, Defaults, HelmMajor, Values};
use std::fmt;
use std::sync::Arc;

const GLOBAL: &str = "global";

/// What happens to nulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// Coalescing: a null removes the key.
    Remove,
    /// Merging: nulls stay.
    Keep,
}

/// What coalescing needs to know of a chart.
pub(crate) trait ChartValues: Sized {
    fn name(&self) -> String;
    fn defaults(&self) -> Option<Arc<Defaults>>;
    fn subcharts(&self) -> Vec<Self>;
}

impl ChartValues for &Chart {
    fn name(&self) -> String {
        self.metadata.name.clone()
    }
    fn defaults(&self) -> Option<Arc<Defaults>> {
        self.values.clone()
    }
    fn subcharts(&self) -> Vec<Self> {
        self.dependencies.iter().collect()
    }
}

/// The user's values over the chart's defaults, those of its subcharts in tables of their names, globals handed down.
///
/// # Errors
/// Something else than a table stands where a subchart's values belong, or tables lie too deep.
pub fn coalesce_values(chart: &Chart, values: &Values, helm: HelmMajor) -> Result<(Values, Warnings), ValuesError> {
    let mut warnings = Warnings::new();
    let values = coalesce_logged(chart, values, helm, &mut warnings)?;
    Ok((values.to_values()?, warnings))
}

/// As [`coalesce_values`], as a table, with the warnings also when it fails.
pub(crate) fn coalesce_logged(
    chart: &Chart,
    values: &Values,
    helm: HelmMajor,
    warnings: &mut Warnings,
) -> Result<Table, ValuesError> {
    let mut log = Log::new(helm);
    let values = Table::from_values(values)?;
    let done = coalesce_into(&mut log, &chart, &values, Nulls::Remove);
    warnings.append(&mut log.warnings);
    done?;
    Ok(values)
}

/// `over` with what `base` has in addition; a null in `over` removes a key of `base`.
///
/// # Errors
/// Tables lie too deep.
pub fn coalesce_tables(over: &Values, base: &Values) -> Result<(Values, Warnings), ValuesError> {
    join_tables(over, base, Nulls::Remove)
}

/// `over` with what `base` has in addition; nulls stay.
///
/// # Errors
/// Tables lie too deep.
pub fn merge_tables(over: &Values, base: &Values) -> Result<(Values, Warnings), ValuesError> {
    join_tables(over, base, Nulls::Keep)
}

fn join_tables(over: &Values, base: &Values, nulls: Nulls) -> Result<(Values, Warnings), ValuesError> {
    let mut log = Log::new(HelmMajor::Helm4);
    let (over, base) = (Table::from_values(over)?, Table::from_values(base)?);
    join(&mut log, &over, &base, "", nulls)?;
    Ok((over.to_values()?, log.warnings))
}

/// As [`coalesce_values`], in place.
pub(crate) fn coalesce_into<C: ChartValues>(
    log: &mut Log,
    chart: &C,
    values: &Table,
    nulls: Nulls,
) -> Result<(), ValuesError> {
    Coalesce { log, nulls, levels: MAX_DEPTH }.chart(chart, values, None)
}

/// Lays `over` over `base` in place; `path` is for warnings.
pub(crate) fn join(log: &mut Log, over: &Table, base: &Table, path: &str, nulls: Nulls) -> Result<(), ValuesError> {
    Coalesce { log, nulls, levels: MAX_DEPTH }.tables(over, base, Path::top(path), nulls)
}

/// Where a table lies, for warnings.
#[derive(Clone, Copy)]
struct Path<'p> {
    above: Option<&'p Path<'p>>,
    name: &'p str,
}

impl<'p> Path<'p> {
    fn top(name: &'p str) -> Path<'p> {
        Path { above: None, name }
    }
    fn to<'q>(&'q self, name: &'q GoString) -> Path<'q> {
        Path { above: Some(self), name: name.as_utf8().unwrap_or_default() }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = vec![self.name];
        let mut next = self.above;
        while let Some(path) = next {
            names.push(path.name);
            next = path.above;
        }
        let mut first = true;
        for name in names.iter().rev().skip_while(|name| name.is_empty()) {
            write!(f, "{}{name}", if first { "" } else { "." })?;
            first = false;
        }
        Ok(())
    }
}

struct Coalesce<'l> {
    log: &'l mut Log,
    nulls: Nulls,
    /// How deep tables may still lie.
    levels: usize,
}

impl Coalesce<'_> {
    fn chart<C: ChartValues>(
        &mut self,
        chart: &C,
        values: &Table,
        above: Option<&Path<'_>>,
    ) -> Result<(), ValuesError> {
        let name = chart.name();
        let path = Path { above, name: &name };
        let subcharts = chart.subcharts();
        if let Some(defaults) = chart.defaults() {
            self.defaults(&Table::from_defaults(&defaults)?, &subcharts, values, path)?;
        }
        for subchart in &subcharts {
            let name = subchart.name();
            let inner = match values.get(&name) {
                None => {
                    let inner = Table::default();
                    values.insert(&name, Entry::Table(inner.clone()));
                    inner
                }
                Some(Entry::Table(inner)) => inner,
                Some(Entry::Leaf(other)) => return Err(ValuesError::type_mismatch(&name, &other)),
            };
            self.globals(&inner, values, path)?;
            self.chart(subchart, &inner, Some(&path))?;
        }
        Ok(())
    }

    /// Lays `values` over the chart's own defaults.
    fn defaults<C: ChartValues>(
        &mut self,
        defaults: &Table,
        subcharts: &[C],
        values: &Table,
        path: Path<'_>,
    ) -> Result<(), ValuesError> {
        // Helm 3 hands a default null on; helm 4 drops it, so that it hides nothing.
        let drop_nulls = self.nulls == Nulls::Remove && self.log.helm == HelmMajor::Helm4;
        for (key, default) in defaults.entries() {
            match (values.get(&key), default) {
                (None, default) if drop_nulls => {
                    if default.is_null() {
                        continue;
                    }
                    if let Some(table) = default.as_table() {
                        remove_nulls(table);
                    }
                    values.insert(&key, default);
                }
                (None, default) => values.insert(&key, default),
                (Some(value), _) if value.is_null() && self.nulls == Nulls::Remove => values.remove(&key),
                (Some(Entry::Table(value)), Entry::Table(default)) => {
                    let is_subchart = subcharts.iter().any(|s| s.name().as_bytes() == key.as_bytes());
                    let nulls = if is_subchart { Nulls::Keep } else { self.nulls };
                    if nulls == Nulls::Remove && drop_nulls {
                        remove_nulls(&default);
                    }
                    self.tables(&value, &default, path.to(&key), nulls)?;
                }
                (Some(Entry::Table(_)), Entry::Leaf(default)) if !matches!(default, Value::Nil) => {
                    self.log.line(format!("warning: skipped value for {path}.{key}: Not a table."));
                }
                (Some(_), _) => {}
            }
        }
        Ok(())
    }

    /// Hands the globals of `values` down to the subchart's values `inner`.
    fn globals(&mut self, inner: &Table, values: &Table, path: Path<'_>) -> Result<(), ValuesError> {
        let mut global_of = |table: &Table, which: &str| match table.get(GLOBAL) {
            None => Some(Table::default()),
            Some(Entry::Table(global)) => Some(global),
            Some(Entry::Leaf(_)) => {
                self.log.line(format!("warning: skipping globals because {which} {GLOBAL} is not a table."));
                None
            }
        };
        let Some(below) = global_of(inner, "destination") else { return Ok(()) };
        let Some(above) = global_of(values, "source") else { return Ok(()) };
        for (key, value) in above.entries() {
            match (value, below.get(&key)) {
                // HELM: the copy is shallow, so tables in it are shared by the charts, and so is what is merged into them.
                (Entry::Table(value), None) => below.insert(&key, Entry::Table(value.shallow_copy())),
                (Entry::Table(value), Some(Entry::Table(own))) => {
                    let copy = value.shallow_copy();
                    self.tables(&copy, &own, path.to(&key), Nulls::Keep)?;
                    below.insert(&key, Entry::Table(copy));
                }
                (Entry::Table(_), Some(Entry::Leaf(_))) => {
                    let key = quote(key.as_bytes());
                    self.log.line(format!("Conflict: cannot merge map onto non-map for {key}. Skipping."));
                }
                (Entry::Leaf(_), Some(Entry::Table(_))) => self.log.line(format!("key {key} is table. Skipping")),
                (leaf, _) => below.insert(&key, leaf),
            }
        }
        inner.insert(GLOBAL, Entry::Table(below));
        Ok(())
    }

    /// Lays `over` over `base` in place.
    fn tables(&mut self, over: &Table, base: &Table, path: Path<'_>, nulls: Nulls) -> Result<(), ValuesError> {
        self.levels = self.levels.checked_sub(1).ok_or(ValuesError::TooDeep { limit: MAX_DEPTH })?;
        // What a null of `over` hides, in order; `base` gets the null, too.
        let mut hidden = Vec::new();
        for key in over.null_keys() {
            if base.get(&key).is_some_and(|entry| !entry.is_null()) {
                hidden.push(key.clone());
            }
            base.insert(&key, Entry::null());
        }
        for (key, base) in base.entries() {
            match (over.get(&key), base) {
                (Some(_), _) if nulls == Nulls::Remove && hidden.binary_search(&key).is_ok() => over.remove(&key),
                (None, base) => over.insert(&key, base),
                (Some(Entry::Table(value)), Entry::Table(base)) => self.tables(&value, &base, path.to(&key), nulls)?,
                (Some(Entry::Leaf(_)), base @ Entry::Table(_)) => {
                    let (name, text) = (path.to(&key), go_text(&base.into_value()));
                    self.log.line(format!("warning: cannot overwrite table with non table for {name} ({text})"));
                }
                (Some(Entry::Table(_)), Entry::Leaf(base)) if !matches!(base, Value::Nil) => {
                    let (name, text) = (path.to(&key), go_text(&base));
                    let what = "Ignoring non-table value";
                    self.log.line(format!("warning: destination for {name} is a table. {what} ({text})"));
                }
                (Some(_), Entry::Leaf(_)) => {}
            }
        }
        self.levels += 1;
        Ok(())
    }
}

/// Removes nulls from a table and the tables in it.
fn remove_nulls(table: &Table) {
    for key in table.null_keys() {
        table.remove(&key);
    }
    for inner in table.tables() {
        remove_nulls(&inner);
    }
}
