//! `helm lint`: what is wrong with a chart, in Helm's words.
//!
//! Owns: the rules for `Chart.yaml`, `values.yaml`, templates, dependencies and CRDs, their order, their severities and
//! their texts, for Helm 4 and Helm 3; the table of deprecated Kubernetes APIs. Does not own: the disk (whoever calls
//! fills a [`ChartFolder`]), loading, values, rendering, which findings make a chart fail (`helmd-action`).
//!
//! Start at [`lint`]. The modules stand for the rules in the order in which they run: `chart_yaml`, `values`, `templates`,
//! `dependencies`, `crds`. `documents` cuts rendered text into objects as Kubernetes' decoder does.

mod address;
mod chart_yaml;
mod crds;
mod dependencies;
mod deprecated;
mod documents;
mod folder;
mod message;
mod names;
mod object;
mod templates;
mod values;

pub use folder::{ChartFolder, FolderError, Place};
pub use message::{Cancelled, Message, Report, Severity};

use helmd_chart::{HelmMajor, Values};
use helmd_engine::{Budgets, Cancel};
use helmd_values::KubeVersion;
use message::Linter;
use std::rc::Rc;

/// How to lint.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose rules.
    pub helm: HelmMajor,
    /// The namespace that templates see.
    pub namespace: String,
    /// The Kubernetes version that templates see and deprecations are held against; `None` for Helm's default.
    pub kube_version: Option<KubeVersion>,
    /// Do not check values against schemas.
    pub skip_schema_validation: bool,
    /// What the render may use up.
    pub budgets: Budgets,
    /// Ends the render.
    pub cancel: Cancel,
}

impl Options {
    /// What `helm lint` does without flags.
    pub fn new(helm: HelmMajor) -> Options {
        Options {
            helm,
            namespace: "default".to_owned(),
            kube_version: None,
            skip_schema_validation: false,
            budgets: Budgets::default(),
            cancel: Cancel::new(),
        }
    }
}

/// Runs all rules over a chart with the user's values. What the chart has is found, never an error.
///
/// Renders on the calling thread: see [`helmd_engine::with_render_stack`].
///
/// HELM: the rule for `values.yaml` lays the chart's defaults into the tables of the user's values, which the templates
/// then see, and so does the chart that is linted next with the same values. That is why they are changed here.
pub fn lint(folder: &ChartFolder, values: &mut Values, options: &Options, host: Rc<dyn sprig::Host>) -> Report {
    let mut linter = Linter::new(folder, options);
    chart_yaml::lint(&mut linter);
    values::lint(&mut linter, values);
    templates::lint(&mut linter, values, host);
    dependencies::lint(&mut linter);
    if options.helm == HelmMajor::Helm4 {
        crds::lint(&mut linter);
    }
    linter.report
}
