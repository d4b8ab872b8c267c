//! What each template of a chart and its subcharts sees.

use crate::files::Files;
use crate::{chart_object, objects};
use gotmpl::value::types;
use gotmpl::{GoString, Map, Value};
use helmd_chart::{Chart, HelmMajor};
use helmd_values::RenderValues;
use std::collections::BTreeMap;
use std::rc::Rc;

/// One template file with the data that it is executed on.
pub(crate) struct Renderable<'a> {
    pub(crate) text: &'a GoString,
    /// Shared by all templates of a chart: what one sets, the next ones see.
    pub(crate) data: Map,
    pub(crate) base_path: String,
}

/// All templates of a chart and its subcharts by full name (`chart/charts/sub/templates/x.yaml`).
pub(crate) fn renderables<'a>(
    chart: &'a Chart,
    values: &RenderValues,
    helm: HelmMajor,
) -> BTreeMap<String, Renderable<'a>> {
    let release = &values.release;
    let release = Value::map([
        ("Name".into(), Value::str(&release.name)),
        ("Namespace".into(), Value::str(&release.namespace)),
        ("IsUpgrade".into(), Value::Bool(release.is_upgrade)),
        ("IsInstall".into(), Value::Bool(release.is_install)),
        ("Revision".into(), Value::int(release.revision)),
        ("Service".into(), Value::str("Helm")),
    ]);
    let root = values.values.with_type(objects::values_type(helm));
    let mut walk =
        Walk { helm, release, capabilities: objects::capabilities(&values.capabilities, helm), found: BTreeMap::new() };
    walk.chart(chart, root.with_methods(objects::values_methods), None);
    walk.found
}

struct Walk<'a> {
    helm: HelmMajor,
    release: Value,
    capabilities: Value,
    found: BTreeMap<String, Renderable<'a>>,
}

impl<'a> Walk<'a> {
    fn chart(&mut self, chart: &'a Chart, values: Map, parent: Option<&str>) -> Map {
        let path = chart.full_path(parent);
        let subcharts = Map::any();
        let files = Files::new(chart.files.iter().map(|f| (GoString::from(&f.name), f.data.clone())));
        let data = Map::from_entries(
            objects::values_type(self.helm),
            [
                ("Chart".into(), chart_object::chart(chart, parent.is_none(), self.helm)),
                ("Files".into(), Value::Object(Rc::new(files))),
                ("Release".into(), self.release.clone()),
                ("Capabilities".into(), self.capabilities.clone()),
                ("Values".into(), Value::Map(values.clone())),
                ("Subcharts".into(), Value::Map(subcharts.clone())),
            ],
        )
        .with_methods(objects::values_methods);
        for child in &chart.dependencies {
            let table = self.table(&values, child.name());
            let scope = self.chart(child, table, Some(&path));
            let _always_a_map = subcharts.insert(child.name(), Value::Map(scope.with_type(types::MAP_ANY)));
        }
        let library = chart.metadata.is_library();
        for file in &chart.templates {
            let base = file.name.rsplit('/').next().unwrap_or_default();
            if library && !base.starts_with('_') {
                continue;
            }
            let renderable =
                Renderable { text: &file.data, data: data.clone(), base_path: format!("{path}/templates") };
            self.found.insert(format!("{path}/{}", file.name), renderable);
        }
        data
    }

    /// The subchart's values: the table of its name. HELM: a name with a dot is read as a path.
    fn table(&self, values: &Map, name: &str) -> Map {
        let ty = objects::values_type(self.helm);
        let mut table = values.clone();
        for part in name.split('.') {
            match table.get(part) {
                Some(Value::Map(inner)) => table = inner,
                _ => return Map::new(ty).with_methods(objects::values_methods),
            }
        }
        table.with_type(ty).with_methods(objects::values_methods)
    }
}
