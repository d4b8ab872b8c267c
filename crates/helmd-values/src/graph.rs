//! Charts while their dependencies are settled: nodes that several holders share and change in place.
//!
//! HELM: Go's charts are pointers. When one chart is used under several aliases, helm 3 lets the uses share subcharts and
//! dependency records, helm 4 the metadata of unlisted subcharts; what one use changes, the next one sees.

use crate::coalesce::ChartValues;
use crate::error::ValuesError;
use helmd_chart::{Chart, Defaults, Dependency, HelmMajor, Metadata, Slice};
use serde_json::Value as Json;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// A chart by reference.
pub(crate) type Node = Rc<RefCell<NodeData>>;
/// A `Chart.yaml` by reference.
pub(crate) type Meta = Rc<RefCell<MetaData>>;
/// A dependency record by reference.
pub(crate) type Wanted = Rc<RefCell<WantedData>>;

pub(crate) struct NodeData {
    /// The chart's files; its metadata, values and subcharts are here instead.
    body: Rc<Chart>,
    pub(crate) meta: Meta,
    pub(crate) values: Option<Arc<Defaults>>,
    pub(crate) subcharts: Vec<Node>,
    parent: Option<Node>,
}

pub(crate) struct MetaData {
    fields: Rc<Metadata>,
    pub(crate) name: String,
    pub(crate) wanted: Option<Vec<Wanted>>,
}

pub(crate) struct WantedData {
    pub(crate) fields: Dependency,
    /// Imported values are put into another form, which Helm does not read a second time.
    pub(crate) imported: bool,
}

pub(crate) fn build(chart: Chart) -> Node {
    let Chart { metadata, values, dependencies, .. } = &chart;
    let wanted = (!metadata.dependencies.is_nil()).then(|| {
        let wanted = metadata.dependencies.iter();
        wanted.map(|d| Rc::new(RefCell::new(WantedData { fields: d.clone(), imported: false }))).collect()
    });
    let meta = MetaData { name: metadata.name.clone(), fields: Rc::new(metadata.clone()), wanted };
    let subcharts: Vec<Node> = dependencies.iter().cloned().map(build).collect();
    let values = values.clone();
    let body = Rc::new(Chart { metadata: Metadata::default(), values: None, dependencies: Vec::new(), ..chart });
    let data = NodeData { body, meta: Rc::new(RefCell::new(meta)), values, subcharts: Vec::new(), parent: None };
    let node = Rc::new(RefCell::new(data));
    set_subcharts(&node, subcharts);
    node
}

/// Replaces the subcharts, and tells them their parent.
pub(crate) fn set_subcharts(node: &Node, subcharts: Vec<Node>) {
    for subchart in &subcharts {
        subchart.borrow_mut().parent = Some(Rc::clone(node));
    }
    node.borrow_mut().subcharts = subcharts;
}

pub(crate) fn name(node: &Node) -> String {
    node.borrow().meta.borrow().name.clone()
}

pub(crate) fn version(node: &Node) -> String {
    node.borrow().meta.borrow().fields.version.clone()
}

/// The records of wanted charts; `None` where `Chart.yaml` has none.
pub(crate) fn wanted(node: &Node) -> Option<Vec<Wanted>> {
    node.borrow().meta.borrow().wanted.clone()
}

/// A copy of the chart for use under a name of its own, as this major's Helm makes it.
pub(crate) fn alias(node: &Node, alias: &str, helm: HelmMajor) -> Node {
    let original = node.borrow();
    let mut meta = copy_meta(&original.meta.borrow(), helm);
    if !alias.is_empty() {
        meta.name = alias.to_owned();
    }
    let copy = Rc::new(RefCell::new(NodeData { meta: Rc::new(RefCell::new(meta)), ..copy_node(&original) }));
    if helm == HelmMajor::Helm4 {
        let subcharts = original.subcharts.iter().map(|s| Rc::new(RefCell::new(copy_node(&s.borrow()))));
        set_subcharts(&copy, subcharts.collect());
    }
    copy
}

/// A copy of the struct: what it points to is shared.
fn copy_node(node: &NodeData) -> NodeData {
    NodeData {
        body: Rc::clone(&node.body),
        meta: Rc::clone(&node.meta),
        values: node.values.clone(),
        subcharts: node.subcharts.clone(),
        parent: node.parent.clone(),
    }
}

fn copy_meta(meta: &MetaData, helm: HelmMajor) -> MetaData {
    let wanted = match helm {
        HelmMajor::Helm3 => meta.wanted.clone(),
        HelmMajor::Helm4 => meta.wanted.as_ref().map(|wanted| {
            let copy = |w: &Wanted| {
                let w = w.borrow();
                Rc::new(RefCell::new(WantedData { fields: w.fields.clone(), imported: w.imported }))
            };
            wanted.iter().map(copy).collect()
        }),
    };
    MetaData { fields: Rc::clone(&meta.fields), name: meta.name.clone(), wanted }
}

/// How many charts there may be: aliases of charts that alias others multiply them.
pub(crate) const MAX_CHARTS: usize = 5_000;

/// Takes some charts from those that are left.
pub(crate) fn take_charts(left: &mut usize, count: usize) -> Result<(), ValuesError> {
    *left = left.checked_sub(count).ok_or(ValuesError::TooManyCharts { limit: MAX_CHARTS })?;
    Ok(())
}

/// The charts as a tree again. A node that is used twice becomes two charts.
pub(crate) fn finish(root: &Node) -> Result<Chart, ValuesError> {
    let chart = to_chart(root, None, &mut { MAX_CHARTS });
    release(root);
    chart
}

/// Lets go of all nodes under a root.
pub(crate) fn release(root: &Node) {
    // Parents and subcharts hold each other; let them go.
    let mut rest = vec![Rc::clone(root)];
    while let Some(node) = rest.pop() {
        let mut node = node.borrow_mut();
        rest.append(&mut node.subcharts);
        rest.extend(node.parent.take());
    }
}

fn to_chart(node: &Node, parent: Option<&str>, left: &mut usize) -> Result<Chart, ValuesError> {
    take_charts(left, 1)?;
    let data = node.borrow();
    let meta = data.meta.borrow();
    let mut metadata = Metadata::clone(&meta.fields);
    metadata.name.clone_from(&meta.name);
    metadata.dependencies = match &meta.wanted {
        Some(wanted) => wanted.iter().map(|w| w.borrow().fields.clone()).collect::<Vec<_>>().into(),
        None => Slice::nil(),
    };
    let mut chart = Chart { metadata, values: data.values.clone(), ..Chart::clone(&data.body) };
    let path = full_path(node);
    if chart.full_path(parent) != path {
        chart.path_override = Some(path.clone());
    }
    chart.dependencies = data.subcharts.iter().map(|s| to_chart(s, Some(&path), left)).collect::<Result<_, _>>()?;
    Ok(chart)
}

fn full_path(node: &Node) -> String {
    let mut path = name(node);
    let mut next = node.borrow().parent.clone();
    while let Some(parent) = next {
        path = format!("{}/charts/{path}", name(&parent));
        next = parent.borrow().parent.clone();
    }
    path
}

impl ChartValues for Node {
    fn name(&self) -> String {
        name(self)
    }
    fn defaults(&self) -> Option<Arc<Defaults>> {
        self.borrow().values.clone()
    }
    fn subcharts(&self) -> Vec<Self> {
        self.borrow().subcharts.clone()
    }
}

/// The form that imported values are left in.
pub(crate) fn import_record(child: &str, parent: &str) -> Json {
    serde_json::json!({ "child": child, "parent": parent })
}
