//! Which subcharts take part, under which names, and what parents import from them.

use crate::coalesce::{self, Nulls};
use crate::error::ValuesError;
use crate::graph::{self, MAX_CHARTS, Node, Wanted};
use crate::lookup::{shared_table, shared_value};
use crate::merge::is_compatible_range;
use crate::table::{Entry, MAX_DEPTH, Table};
use crate::warning::{Log, Warnings, go_text};
use gotmpl::Value;
use helmd_chart::{Chart, HelmMajor, Values};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Settles the subcharts of `chart` in place: renames aliased ones, removes those that tags or conditions in the user's
/// values disable, and copies imported values into the parents' defaults. Charts must go through this once.
///
/// # Errors
/// Something else than a table stands where a subchart's values belong, or tables lie too deep. The chart is then lost.
pub fn process_dependencies(
    chart: &mut Chart,
    values: &Values,
    helm: HelmMajor,
    warnings: &mut Warnings,
) -> Result<(), ValuesError> {
    let user = Table::from_values(values)?;
    let root = graph::build(std::mem::take(chart));
    let mut process = Process { helm, log: Log::new(helm), charts_left: MAX_CHARTS };
    let enabled = process.enable(&root, &user, "");
    process.charts_left = MAX_CHARTS;
    let done = enabled.and_then(|()| process.import(&root));
    warnings.append(&mut process.log.warnings);
    if let Err(error) = done {
        graph::release(&root);
        return Err(error);
    }
    *chart = graph::finish(&root)?;
    Ok(())
}

struct Process {
    helm: HelmMajor,
    log: Log,
    charts_left: usize,
}

impl Process {
    /// Renames and removes the subcharts of a chart, then of those that stay. `path` leads to the chart's values and ends
    /// in a point.
    fn enable(&mut self, chart: &Node, values: &Table, path: &str) -> Result<(), ValuesError> {
        let Some(wanted) = graph::wanted(chart) else { return Ok(()) };
        let used = self.used(chart, &wanted);
        graph::take_charts(&mut self.charts_left, used.len())?;
        graph::set_subcharts(chart, used);
        for record in &wanted {
            record.borrow_mut().fields.enabled = true;
        }
        let values = values.deep_copy()?;
        coalesce::coalesce_into(&mut self.log, chart, &values, Nulls::Remove)?;
        self.tags(&wanted, &values);
        self.conditions(&wanted, &values, path);

        let off = wanted.iter().filter(|w| !w.borrow().fields.enabled).map(|w| w.borrow().fields.name.clone());
        let off: BTreeSet<String> = off.collect();
        let mut stay = chart.borrow().subcharts.clone();
        stay.retain(|subchart| !off.contains(&graph::name(subchart)));
        let mut records = wanted;
        records.retain(|record| !off.contains(&record.borrow().fields.name));
        for subchart in &stay {
            let path = format!("{path}{}.", graph::name(subchart));
            self.enable(subchart, &values, &path)?;
        }
        chart.borrow().meta.borrow_mut().wanted = (!records.is_empty()).then_some(records);
        graph::set_subcharts(chart, stay);
        Ok(())
    }

    /// The subcharts that nobody asked for, then one for each record, under its alias. Records take their alias as name.
    fn used(&self, chart: &Node, wanted: &[Wanted]) -> Vec<Node> {
        let present = chart.borrow().subcharts.clone();
        let fits = |subchart: &Node, record: &Wanted| {
            let fields = &record.borrow().fields;
            graph::name(subchart) == fields.name && is_compatible_range(&fields.version, &graph::version(subchart))
        };
        let unlisted = present.iter().filter(|subchart| !wanted.iter().any(|record| fits(subchart, record)));
        let mut used: Vec<Node> = unlisted.cloned().collect();
        for record in wanted {
            if let Some(subchart) = present.iter().find(|subchart| fits(subchart, record)) {
                used.push(graph::alias(subchart, &record.borrow().fields.alias, self.helm));
            }
            let fields = &mut record.borrow_mut().fields;
            if !fields.alias.is_empty() {
                fields.name.clone_from(&fields.alias);
            }
        }
        used
    }

    /// A record with tags is enabled when one of them is true in `tags`, or none is false.
    fn tags(&mut self, wanted: &[Wanted], values: &Table) {
        let Ok(table) = shared_table(values, "tags") else { return };
        for record in wanted {
            let fields = &mut record.borrow_mut().fields;
            let (mut any_true, mut any_false) = (false, false);
            for tag in &fields.tags {
                match table.get(tag) {
                    Some(entry) if entry.as_bool() == Some(true) => any_true = true,
                    Some(entry) if entry.as_bool() == Some(false) => any_false = true,
                    Some(_) => {
                        let name = &fields.name;
                        let three = || format!("Warning: Tag '{tag}' for chart {name} returned non-bool value");
                        self.log.record(three, "returned non-bool value", &[("tag", tag), ("chart", name)]);
                    }
                    None => {}
                }
            }
            fields.enabled = any_true || !any_false;
        }
    }

    /// The first path in a record's condition that leads to a boolean decides.
    fn conditions(&mut self, wanted: &[Wanted], values: &Table, path: &str) {
        for record in wanted {
            let fields = &mut record.borrow_mut().fields;
            for condition in fields.condition.trim().split(',').filter(|c| !c.is_empty()) {
                match shared_value(values, &format!("{path}{condition}")) {
                    Some(Entry::Leaf(Value::Bool(enabled))) => {
                        fields.enabled = enabled;
                        break;
                    }
                    Some(_) => {
                        let name = &fields.name;
                        let three = || {
                            format!("Warning: Condition path '{condition}' for chart {name} returned non-bool value")
                        };
                        let record = [("path", condition), ("chart", name.as_str())];
                        self.log.record(three, "returned non-bool value", &record);
                    }
                    None => {}
                }
            }
        }
    }

    /// Imports values into a chart's defaults, subcharts first.
    fn import(&mut self, chart: &Node) -> Result<(), ValuesError> {
        graph::take_charts(&mut self.charts_left, 1)?;
        let subcharts = chart.borrow().subcharts.clone();
        for subchart in &subcharts {
            self.import(subchart)?;
        }
        let Some(wanted) = graph::wanted(chart) else { return Ok(()) };
        let all = Table::default();
        coalesce::coalesce_into(&mut self.log, chart, &all, Nulls::Keep)?;
        let imported = Table::default();
        let values = self.import_all(&wanted, &all, &imported).and_then(|()| {
            // What a chart says itself goes before what it imports.
            let own = all.deep_copy()?;
            coalesce::join(&mut self.log, &own, &imported, "", Nulls::Keep)?;
            own.to_frozen()
        });
        if values.is_err() {
            // Values imported into themselves hold each other.
            all.dismantle();
            imported.dismantle();
        }
        chart.borrow_mut().values = Some(Arc::new(values?.into()));
        Ok(())
    }

    fn import_all(&mut self, wanted: &[Wanted], all: &Table, imported: &Table) -> Result<(), ValuesError> {
        for record in wanted {
            let mut record = record.borrow_mut();
            let name = record.fields.name.clone();
            let imports = std::mem::take(&mut record.fields.import_values);
            if std::mem::replace(&mut record.imported, true) {
                continue;
            }
            for import in imports {
                match import {
                    Json::Object(table) => {
                        let side = |key: &str| go_text(&Value::from_json(table.get(key).unwrap_or(&Json::Null)));
                        let (child, parent) = (side("child"), side("parent"));
                        record.fields.import_values.push(graph::import_record(&child, &parent));
                        match shared_table(all, &format!("{name}.{child}")) {
                            Ok(table) => {
                                let table = at_path(&parent, or_new(table))?;
                                coalesce::join(&mut self.log, imported, &table, "", Nulls::Keep)?;
                            }
                            Err(error) => {
                                let error = error.to_string();
                                let three =
                                    || format!("Warning: ImportValues missing table from chart {name}: {error}");
                                let record = [("chart", name.as_str()), ("error", &error)];
                                self.log.record(three, "ImportValues missing table from chart", &record);
                            }
                        }
                    }
                    Json::String(export) => {
                        let child = format!("exports.{export}");
                        record.fields.import_values.push(graph::import_record(&child, "."));
                        match shared_table(all, &format!("{name}.{child}")) {
                            Ok(table) => coalesce::join(&mut self.log, imported, &or_new(table), "", Nulls::Keep)?,
                            Err(error) => {
                                let error = error.to_string();
                                let three = || format!("Warning: ImportValues missing table: {error}");
                                self.log.record(three, "ImportValues missing table", &[("error", &error)]);
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// HELM: an empty table is not imported by reference.
fn or_new(table: Table) -> Table {
    if table.is_empty() { Table::default() } else { table }
}

/// The table put under a path like `a.b`; `.` is the top.
fn at_path(path: &str, table: Table) -> Result<Table, ValuesError> {
    if path == "." {
        return Ok(table);
    }
    if path.split('.').count() > MAX_DEPTH {
        return Err(ValuesError::TooDeep { limit: MAX_DEPTH });
    }
    Ok(path.rsplit('.').fold(table, |inner, part| {
        let outer = Table::default();
        outer.insert(part, Entry::Table(inner));
        outer
    }))
}

#[cfg(test)]
mod tests {
    use super::{Warnings, process_dependencies};
    use helmd_chart::{Chart, Dependency, HelmMajor, Metadata, Values};
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn values_imported_into_themselves_are_an_error() {
        let import = |child: &str, parent: &str| json!({ "child": child, "parent": parent });
        let meta = |name: &str| Metadata { name: name.into(), version: "1.0.0".into(), ..Metadata::default() };
        let wanted = Dependency {
            name: "sub".into(),
            version: "1.0.0".into(),
            import_values: vec![import("a.data", "p"), import("a", "p.q"), import("a.data.q", "p.q.data")],
            ..Dependency::default()
        };
        let values = json!({ "a": { "data": { "x": 1.0 } } }).as_object().cloned().unwrap_or_default();
        let sub = Chart { metadata: meta("sub"), values: Some(Arc::new(values.into())), ..Chart::default() };
        let metadata = Metadata { dependencies: vec![wanted].into(), ..meta("root") };
        let mut root = Chart { metadata, dependencies: vec![sub], ..Chart::default() };
        // Whatever comes of it, it ends.
        let _ = process_dependencies(&mut root, &Values::new(), HelmMajor::Helm4, &mut Warnings::new());
    }
}
