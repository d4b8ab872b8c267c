//! From chart and values to manifest, hooks and notes: rooms 4 and 5 of the corridor, on a thread of
//! their own.

use gotmpl::slog;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use helmd_chart::{Chart, HelmMajor, Values};
use helmd_engine::{Budgets, Cancel, Engine, Exceeded, Lookup, RenderError, Stopped, budgets, on_render_stack};
use helmd_plan::post_render::PostRender;
use helmd_release::{AssembleError, AssembleOptions, Hook, Manifest, assemble, contains_system_labels};
use helmd_values::{
    Capabilities, ReleaseOptions, RenderValues, SchemaCheck, is_compatible_range, process_dependencies, render_values,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::context::{Context, Outside};
use crate::error::ActionError;
use crate::lookup::ClusterLookup;
use crate::options::Rendering;
use crate::post_render;

/// What a chart becomes.
#[derive(Debug, Clone, Default)]
pub struct RenderedRelease {
    /// The chart as rendered: its dependencies settled.
    pub chart: Chart,
    /// YAML documents with `# Source:` lines, without hooks.
    pub manifest: String,
    /// The CRDs' files, where they are in the manifest.
    pub crds: Vec<Manifest>,
    /// The manifest's documents, without the CRDs.
    pub manifests: Vec<Manifest>,
    /// The hooks.
    pub hooks: Vec<Hook>,
    /// The notes.
    pub notes: String,
    /// What Helm would have written to its log.
    pub warnings: Vec<String>,
}

/// Why nothing was rendered, and what there was until then.
#[derive(Debug)]
pub struct RenderFailure {
    /// Why.
    pub error: Box<ActionError>,
    /// What Helm would have written to its log before.
    pub warnings: Vec<String>,
    /// From the check of the Kubernetes version on there is a release, which `helm template --debug` prints: where a file
    /// is no YAML, its manifest is all files as one text and its hooks are those before that file; else it is empty.
    pub partial: Option<Box<RenderedRelease>>,
}

impl RenderFailure {
    pub(crate) fn early(error: impl Into<ActionError>, warnings: Vec<String>) -> RenderFailure {
        RenderFailure { error: Box::new(error.into()), warnings, partial: None }
    }

    pub(crate) fn late(error: impl Into<ActionError>, warnings: Vec<String>) -> RenderFailure {
        RenderFailure { partial: Some(Box::default()), ..RenderFailure::early(error, warnings) }
    }
}

/// The thread that looks at the clock for a render, as the render sees it: see [`with_clock`].
#[derive(Debug)]
pub struct Clock {
    begun: Sender<()>,
    late: Arc<AtomicBool>,
    cancel: Cancel,
}

impl Clock {
    /// From now on the time counts.
    pub(crate) fn begin(&self) {
        let _nobody_waits = self.begun.send(());
    }

    fn is_late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }
}

/// Runs `work` on a thread with a stack for these budgets. From the beginning of the render in it, the calling thread looks at
/// the clock and uses `cancel` when the budget of time is over.
///
/// # Errors
/// As [`on_render_stack`].
pub fn with_clock<T: Send>(
    budgets: &Budgets,
    cancel: Cancel,
    work: impl FnOnce(&Clock) -> T + Send,
) -> Result<T, RenderError> {
    let (begun, begins) = mpsc::channel();
    let late = Arc::new(AtomicBool::new(false));
    let clock = Clock { begun, late: Arc::clone(&late), cancel: cancel.clone() };
    if budgets.render_time.is_zero() {
        // A short render would be over before the other thread looks at the clock.
        late.store(true, Ordering::Relaxed);
        cancel.cancel();
    }
    let watch = |ended: &Receiver<Infallible>| {
        if begins.recv().is_ok() && ended.recv_timeout(budgets.render_time) == Err(RecvTimeoutError::Timeout) {
            late.store(true, Ordering::Relaxed);
            cancel.cancel();
        }
    };
    on_render_stack(budgets, watch, move || work(&clock))
}

/// What ended a render that took longer than it may.
pub(crate) fn out_of_time(patience: Duration) -> Stopped {
    Stopped::Budget(Exceeded::new(budgets::RENDER_TIME, patience.as_secs(), "seconds of rendering"))
}

/// What a render starts from, its chart's dependencies settled.
#[derive(Clone)]
pub(crate) struct Render {
    pub(crate) chart: Chart,
    pub(crate) values: Values,
    pub(crate) release: ReleaseOptions,
    pub(crate) capabilities: Capabilities,
    pub(crate) helm: HelmMajor,
    pub(crate) rendering: Rendering,
    pub(crate) post_render: Option<Arc<PostRender>>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) include_crds: bool,
    pub(crate) enable_dns: bool,
    /// The chart is not rendered again: its parsed templates are dropped before the rest is made.
    pub(crate) once: bool,
    pub(crate) budgets: Budgets,
    pub(crate) cancel: Cancel,
    pub(crate) outside: Arc<dyn Outside>,
}

impl Render {
    /// Renders, on threads where waiting is allowed. Ends early when the future is dropped, when the token is cancelled, and
    /// when the budget of time is over.
    pub(crate) async fn run(self, lookup: Option<Arc<ClusterLookup>>) -> Result<RenderedRelease, RenderFailure> {
        let asked = lookup.clone().map(|lookup| lookup as Arc<dyn Lookup>);
        let guard = CancelOnDrop::new(self.cancel.clone());
        let mut done = match tokio::task::spawn_blocking(move || self.watched(asked)).await {
            Ok(result) => result,
            Err(err) => Err(RenderFailure::early(ended_early(&err), Vec::new())),
        };
        guard.disarm();
        let warnings = match &mut done {
            Ok(rendered) => &mut rendered.warnings,
            Err(failure) => &mut failure.warnings,
        };
        warnings.extend(lookup.into_iter().flat_map(|lookup| lookup.take_log()));
        done
    }

    /// Renders on a thread of its own while this one looks at the clock.
    pub(crate) fn watched(self, lookup: Option<Arc<dyn Lookup>>) -> Result<RenderedRelease, RenderFailure> {
        let (budgets, cancel) = (self.budgets.clone(), self.cancel.clone());
        let rendered = with_clock(&budgets, cancel, |clock| self.timed(clock, lookup));
        rendered.map_err(|error| RenderFailure::late(error, Vec::new()))?
    }

    /// Renders on this thread while another one looks at the clock.
    pub(crate) fn timed(
        mut self,
        clock: &Clock,
        lookup: Option<Arc<dyn Lookup>>,
    ) -> Result<RenderedRelease, RenderFailure> {
        let patience = self.budgets.render_time;
        self.cancel = clock.cancel.clone();
        clock.begin();
        self.work(lookup).map_err(|failure| {
            let RenderFailure { error, warnings, partial } = failure;
            let error = match *error {
                ActionError::Render(render) if render.stopped() == Some(Stopped::Cancelled) => {
                    let stopped = if clock.is_late() { out_of_time(patience) } else { Stopped::Cancelled };
                    ActionError::Stopped { stopped, place: render.place() }
                }
                error => error,
            };
            RenderFailure { error: Box::new(error), warnings, partial }
        })
    }

    fn work(self, lookup: Option<Arc<dyn Lookup>>) -> Result<RenderedRelease, RenderFailure> {
        let skip = self.rendering.skip_schema_validation;
        let check = if skip { SchemaCheck::Skip } else { SchemaCheck::Within(self.budgets.schema()) };
        let mut warnings = Vec::new();
        let values = match render_values(&self.chart, &self.values, check, self.helm, &mut warnings) {
            Ok(values) => values,
            Err(error) => return Err(RenderFailure::early(error, warnings)),
        };
        if contains_system_labels(&self.labels) {
            return Err(RenderFailure::early(ActionError::SystemLabels, warnings));
        }
        if let Err(error) = check_kube_version(&self.chart, &self.capabilities, self.helm) {
            return Err(RenderFailure::late(error, warnings));
        }
        let values = RenderValues { values, release: self.release, capabilities: self.capabilities };
        let (budgets, cancel) = (self.budgets, self.cancel);
        let engine = Engine { enable_dns: self.enable_dns, lookup, budgets, cancel, ..Engine::new(self.helm) };
        let rendered = match engine.render(&self.chart, values, Rc::new(Host(Arc::clone(&self.outside)))) {
            Ok(rendered) => rendered,
            Err(error) => return Err(RenderFailure::late(error, warnings)),
        };
        if self.once {
            self.chart.parsed.clear();
        }
        warnings.extend(rendered.notes);
        let options = AssembleOptions {
            helm: self.helm,
            sub_notes: self.rendering.sub_notes,
            include_crds: self.include_crds,
            hide_secret: self.rendering.hide_secret,
        };
        let assembled = match assemble(&self.chart, rendered.files, options) {
            Ok(assembled) => assembled,
            Err(AssembleError { error, files, before }) => {
                warnings.extend(before.unknown_hooks.iter().map(|words| unknown_hook(words, self.helm)));
                let partial = RenderedRelease { manifest: files, hooks: before.hooks, ..RenderedRelease::default() };
                return Err(RenderFailure { partial: Some(partial.into()), ..RenderFailure::early(error, warnings) });
            }
        };
        warnings.extend(assembled.unknown_hooks.iter().map(|words| unknown_hook(words, self.helm)));
        let mut rendered = RenderedRelease {
            manifest: assembled.manifest,
            crds: assembled.crds,
            manifests: assembled.manifests,
            hooks: assembled.hooks,
            notes: assembled.notes,
            warnings,
            chart: self.chart,
        };
        if let Some(rules) = self.post_render.as_deref().filter(|rules| !rules.is_empty()) {
            match post_render::apply(rules, &mut rendered, (self.helm, self.rendering.hide_secret)) {
                Ok(told) => rendered.warnings.extend(told),
                Err(error) => return Err(RenderFailure::late(error, rendered.warnings)),
            }
        }
        Ok(rendered)
    }
}

fn unknown_hook(words: &str, helm: HelmMajor) -> String {
    match helm {
        HelmMajor::Helm3 => format!("info: skipping unknown hook: {}", gotmpl::strconv::quote(words)),
        HelmMajor::Helm4 => slog::record("INFO", "skipping unknown hooks", &[("hookTypes", words)]),
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
    let render = Render {
        chart,
        values,
        release,
        capabilities,
        helm: cx.helm,
        rendering,
        post_render: cx.post_render.clone(),
        labels: BTreeMap::new(),
        include_crds: false,
        enable_dns: cx.enable_dns,
        once: false,
        budgets: cx.budgets.clone(),
        cancel: cx.cancel_render.clone(),
        outside: Arc::clone(&cx.outside),
    };
    let rendered = render.run(looks_up.then(|| ClusterLookup::shared(&cx.cluster, cx.helm))).await;
    let warnings = match &rendered {
        Ok(rendered) => &rendered.warnings,
        Err(failure) => &failure.warnings,
    };
    for warning in warnings {
        cx.log(warning.clone());
    }
    rendered.map_err(|failure| *failure.error)
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
pub(crate) async fn settle(chart: &mut Chart, values: &Values, helm: HelmMajor) -> Result<Vec<String>, RenderFailure> {
    let (mut settled, values) = (std::mem::take(chart), values.clone());
    let work = move || settle_here(&mut settled, &values, helm).map(|warnings| (settled, warnings));
    let done = tokio::task::spawn_blocking(work).await;
    let (settled, warnings) = done.map_err(|err| RenderFailure::early(ended_early(&err), Vec::new()))??;
    *chart = settled;
    Ok(warnings)
}

/// As [`settle`], on the calling thread.
pub(crate) fn settle_here(chart: &mut Chart, values: &Values, helm: HelmMajor) -> Result<Vec<String>, RenderFailure> {
    let mut warnings = Vec::new();
    match process_dependencies(chart, values, helm, &mut warnings) {
        Ok(()) => Ok(warnings),
        Err(error) => Err(RenderFailure::early(error, warnings)),
    }
}

/// As [`settle`], told to the context's log.
pub(crate) async fn settle_for(cx: &Context, chart: &mut Chart, values: &Values) -> Result<(), ActionError> {
    let (warnings, done) = match settle(chart, values, cx.helm).await {
        Ok(warnings) => (warnings, Ok(())),
        Err(failure) => (failure.warnings, Err(*failure.error)),
    };
    for warning in warnings {
        cx.log(warning);
    }
    done
}

fn ended_early(err: &tokio::task::JoinError) -> ActionError {
    ActionError::Internal(format!("rendering ended early: {err}"))
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
pub(crate) struct Host(pub(crate) Arc<dyn Outside>);

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
