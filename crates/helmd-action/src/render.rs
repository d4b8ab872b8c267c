//! From chart and values to manifest, hooks and notes: rooms 4 and 5 of the corridor, on a thread of
//! their own.

use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};

use helmd_chart::{Chart, HelmMajor, Values};
use helmd_engine::{Budgets, Cancel, Engine, Exceeded, Lookup, Stopped, budgets, on_render_stack};
use helmd_release::{AssembleOptions, Hook, assemble};
use helmd_values::{
    Capabilities, ReleaseOptions, SchemaCheck, is_compatible_range, process_dependencies, to_render_values,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::context::{Context, Outside};
use crate::error::ActionError;
use crate::lookup::ClusterLookup;
use crate::options::Rendering;

/// What a chart becomes.
#[derive(Debug, Clone, Default)]
pub struct RenderedRelease {
    /// The chart as rendered: its dependencies settled.
    pub chart: Chart,
    /// YAML documents with `# Source:` lines, without hooks.
    pub manifest: String,
    /// The hooks.
    pub hooks: Vec<Hook>,
    /// The notes.
    pub notes: String,
    /// What Helm would have written to its log.
    pub warnings: Vec<String>,
}

/// Renders a chart without a cluster, as `helm template` does.
#[derive(Clone)]
pub struct Template {
    /// Chart.
    pub chart: Chart,
    /// The user's values.
    pub values: Values,
    /// `.Release`.
    pub release: ReleaseOptions,
    /// `.Capabilities`.
    pub capabilities: Capabilities,
    /// Whose rendering.
    pub helm: HelmMajor,
    /// How.
    pub rendering: Rendering,
    /// Put the chart's CRDs first (`--include-crds`).
    pub include_crds: bool,
    /// `--enable-dns`.
    pub enable_dns: bool,
    /// What the render may use up.
    pub budgets: Budgets,
    /// Ends the render from another thread.
    pub cancel: Cancel,
    /// Time, randomness, names.
    pub outside: Arc<dyn Outside>,
}

impl Template {
    /// The template with Helm's defaults.
    #[must_use]
    pub fn new(name: &str, namespace: &str, chart: Chart, values: Values) -> Self {
        Self {
            chart,
            values,
            release: ReleaseOptions {
                name: name.to_owned(),
                namespace: namespace.to_owned(),
                revision: 1,
                is_upgrade: false,
                is_install: true,
            },
            capabilities: Capabilities::default_for(HelmMajor::Helm4),
            helm: HelmMajor::Helm4,
            rendering: Rendering::default(),
            include_crds: false,
            enable_dns: false,
            budgets: Budgets::default(),
            cancel: Cancel::new(),
            outside: Arc::new(crate::context::System),
        }
    }

    /// Renders. Ends early when the future is dropped, when [`Template::cancel`] is set, and when the budget of time is over.
    ///
    /// # Errors
    /// Values that do not fit, templates that fail, files that are no manifests.
    pub async fn run(self) -> Result<RenderedRelease, ActionError> {
        let guard = CancelOnDrop::new(self.cancel.clone());
        let rendered = blocking(move || self.run_here()).await;
        guard.disarm();
        rendered
    }

    /// As [`Template::run`], without a runtime.
    ///
    /// # Errors
    /// As [`Template::run`].
    pub fn run_here(self) -> Result<RenderedRelease, ActionError> {
        self.watched(|mut template| {
            let mut warnings = process_dependencies(&mut template.chart, &template.values, template.helm)?;
            let mut rendered = template.work(None)?;
            warnings.append(&mut rendered.warnings);
            rendered.warnings = warnings;
            Ok(rendered)
        })
    }

    /// Renders a chart whose dependencies are settled.
    ///
    /// Ends early when the future is dropped, when [`Template::cancel`] is set, and when the budget of time is over.
    pub(crate) async fn render(self, lookup: Option<Arc<dyn Lookup>>) -> Result<RenderedRelease, ActionError> {
        let guard = CancelOnDrop::new(self.cancel.clone());
        let rendered = blocking(move || self.watched(|template| template.work(lookup))).await;
        guard.disarm();
        rendered
    }

    /// Does a job on a thread with a stack for renders while this one looks at the clock.
    fn watched(
        self,
        job: impl FnOnce(Self) -> Result<RenderedRelease, ActionError> + Send,
    ) -> Result<RenderedRelease, ActionError> {
        let (budgets, cancel, patience) = (self.budgets.clone(), self.cancel.clone(), self.budgets.render_time);
        let mut late = false;
        let watch = |ended: &Receiver<Infallible>| {
            late = ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout);
            if late {
                cancel.cancel();
            }
        };
        let rendered = on_render_stack(&budgets, watch, || job(self))?;
        rendered.map_err(|error| match error {
            ActionError::Render(render) if render.stopped() == Some(Stopped::Cancelled) => {
                let what = "seconds of rendering";
                let exceeded = Exceeded::new(budgets::RENDER_TIME, patience.as_secs(), what);
                let stopped = if late { Stopped::Budget(exceeded) } else { Stopped::Cancelled };
                ActionError::Stopped { stopped, place: render.place() }
            }
            error => error,
        })
    }

    /// Renders on a thread with a stack for it.
    fn work(self, lookup: Option<Arc<dyn Lookup>>) -> Result<RenderedRelease, ActionError> {
        let skip = self.rendering.skip_schema_validation;
        let check = if skip { SchemaCheck::Skip } else { SchemaCheck::Within(self.budgets.schema()) };
        let (values, mut warnings) =
            to_render_values(&self.chart, &self.values, &self.release, &self.capabilities, check, self.helm)?;
        check_kube_version(&self.chart, &self.capabilities, self.helm)?;
        let (budgets, cancel) = (self.budgets.clone(), self.cancel.clone());
        let engine = Engine { enable_dns: self.enable_dns, lookup, budgets, cancel, ..Engine::new(self.helm) };
        let rendered = engine.render(&self.chart, values, Rc::new(Host(Arc::clone(&self.outside))))?;
        warnings.extend(rendered.notes);
        let options = AssembleOptions {
            helm: self.helm,
            sub_notes: self.rendering.sub_notes,
            include_crds: self.include_crds,
            hide_secret: self.rendering.hide_secret,
        };
        let assembled =
            assemble(&self.chart, rendered.files, options).map_err(|err| ActionError::Manifest(err.error))?;
        for hook in &assembled.unknown_hooks {
            warnings.push(format!("unknown hooks: {hook:?}"));
        }
        Ok(RenderedRelease {
            manifest: assembled.manifest,
            hooks: assembled.hooks,
            notes: assembled.notes,
            warnings,
            chart: self.chart,
        })
    }
}

/// Renders for a release, with live objects if wanted.
pub(crate) async fn for_release(
    cx: &Context,
    chart: Chart,
    values: Values,
    release: ReleaseOptions,
    (capabilities, rendering, looks_up): (Capabilities, Rendering, bool),
) -> Result<RenderedRelease, ActionError> {
    cx.cluster.step("rendering", format!("rendering {}-{}", chart.metadata.name, chart.metadata.version));
    let lookup: Option<Arc<dyn Lookup>> = looks_up.then(|| {
        let runtime = tokio::runtime::Handle::current();
        Arc::new(ClusterLookup { cluster: cx.cluster.clone(), runtime }) as Arc<dyn Lookup>
    });
    let template = Template {
        chart,
        values,
        release,
        capabilities,
        helm: cx.helm,
        rendering,
        include_crds: false,
        enable_dns: cx.enable_dns,
        budgets: cx.budgets.clone(),
        cancel: cx.cancel_render.clone(),
        outside: Arc::clone(&cx.outside),
    };
    let rendered = template.render(lookup).await?;
    for warning in &rendered.warnings {
        cx.warn(warning.clone());
    }
    Ok(rendered)
}

/// Cancels a render when it is dropped before it was disarmed: when whoever wanted the render has gone away.
#[derive(Debug)]
#[must_use = "a guard that is not kept cancels at once"]
pub struct CancelOnDrop(Option<Cancel>);

impl CancelOnDrop {
    /// A guard of that token.
    pub fn new(cancel: Cancel) -> CancelOnDrop {
        CancelOnDrop(Some(cancel))
    }

    /// Lets go without cancelling.
    pub fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(cancel) = &self.0 {
            cancel.cancel();
        }
    }
}

/// Settles which dependencies take part; gives what Helm would have warned of.
pub(crate) async fn settle(chart: &mut Chart, values: &Values, helm: HelmMajor) -> Result<Vec<String>, ActionError> {
    let (mut settled, values) = (std::mem::take(chart), values.clone());
    let (settled, warnings) = blocking(move || {
        let warnings = process_dependencies(&mut settled, &values, helm)?;
        Ok((settled, warnings))
    })
    .await?;
    *chart = settled;
    Ok(warnings)
}

/// Runs work that keeps a processor busy away from the tasks that wait for the network.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ActionError> + Send + 'static,
) -> Result<T, ActionError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(err) => Err(ActionError::Internal(format!("rendering ended early: {err}"))),
    }
}

fn check_kube_version(chart: &Chart, capabilities: &Capabilities, helm: HelmMajor) -> Result<(), ActionError> {
    let wanted = &chart.metadata.kube_version;
    let version = capabilities.kube_version.to_string();
    if wanted.is_empty() || is_compatible_range(wanted, &version) {
        return Ok(());
    }
    // HELM: 4 names the version as the cluster gives it, 3 without its suffixes.
    let version = if helm == HelmMajor::Helm4 { capabilities.kube_version.version.clone() } else { version };
    Err(ActionError::KubeVersion { wanted: wanted.clone(), version })
}

/// What templates may ask of the machine.
struct Host(Arc<dyn Outside>);

impl sprig::Host for Host {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn local_zone(&self) -> TimeZone {
        self.0.local_zone()
    }

    fn random(&self, buf: &mut [u8]) {
        self.0.random(buf);
    }

    fn resolve_host(&self, name: &str) -> Option<String> {
        self.0.resolve_host(name)
    }
}
