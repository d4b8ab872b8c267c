//! The order of a render: parse every template, execute every template that is no partial.

use crate::budgets::Budgets;
use crate::errors::{RenderError, exec_error, parse_error};
use crate::functions;
use crate::scope::{Renderable, renderables};
use gotmpl::exec::{Cancel, Exec, MissingKey};
use gotmpl::parse::TemplateSet;
use gotmpl::{GoString, Value, slog};
use helmd_chart::{Chart, HelmMajor};
use helmd_values::RenderValues;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

/// Why a `lookup` failed, as the cluster says it.
#[derive(Debug, Clone)]
pub struct LookupError(pub String);

/// Answers the `lookup` function. Read-only, and as the caller: what the caller may not read is an error.
pub trait Lookup: Send + Sync {
    /// The object, or the list when `name` is empty; `None` when there is no such object.
    ///
    /// # Errors
    /// What the cluster refused, in its words.
    fn lookup(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<serde_json::Value>, LookupError>;
}

/// How to render.
#[derive(Clone)]
pub struct Engine {
    /// A missing value fails (`missingkey=error`).
    pub strict: bool,
    /// `required` and `fail` only leave a note.
    pub lint: bool,
    /// `getHostByName` asks the host.
    pub enable_dns: bool,
    /// Whose behaviour where the two differ.
    pub helm: HelmMajor,
    /// Live objects for `lookup`; without it `lookup` finds nothing.
    pub lookup: Option<Arc<dyn Lookup>>,
    /// What the render may use up.
    pub budgets: Budgets,
    /// Ends the render from another thread.
    pub cancel: Cancel,
}

/// What a render gave.
#[derive(Debug, Default)]
pub struct Rendered {
    /// Text by full template name, partials left out. Bytes that are not UTF-8 stay as the template wrote them.
    pub files: BTreeMap<String, GoString>,
    /// Notes of `required` and `fail` in lint mode, in order.
    pub notes: Vec<String>,
}

impl Engine {
    /// The settings of `helm template`.
    pub fn new(helm: HelmMajor) -> Engine {
        Engine {
            strict: false,
            lint: false,
            enable_dns: false,
            helm,
            lookup: None,
            budgets: Budgets::default(),
            cancel: Cancel::new(),
        }
    }

    /// Renders all templates of `chart` and its subcharts. What it parses is kept in [`Chart::parsed`] of `chart`.
    ///
    /// Runs on the calling thread and needs a deep stack for deep includes: see [`with_render_stack`].
    ///
    /// # Errors
    /// The first template that does not parse or fails; nothing is rendered then.
    ///
    /// # Helm
    /// Vectors `sprig` and `gotemplate`, the corpus. `<no value>` is taken out of every text.
    pub fn render(
        &self,
        chart: &Chart,
        values: RenderValues,
        host: Rc<dyn sprig::Host>,
    ) -> Result<Rendered, RenderError> {
        let mut notes = Vec::new();
        let files = self.render_noting(chart, values, host, &mut notes)?;
        Ok(Rendered { files, notes })
    }

    /// As [`Engine::render`], but the notes are there also when a template fails.
    ///
    /// # Errors
    /// As [`Engine::render`].
    pub fn render_noting(
        &self,
        chart: &Chart,
        values: RenderValues,
        host: Rc<dyn sprig::Host>,
        log: &mut Vec<String>,
    ) -> Result<BTreeMap<String, GoString>, RenderError> {
        let notes = Notes::new(self.helm);
        let rendered = self.files(chart, &values, host, &notes);
        log.append(&mut notes.take());
        rendered
    }

    fn files(
        &self,
        chart: &Chart,
        values: &RenderValues,
        host: Rc<dyn sprig::Host>,
        notes: &Notes,
    ) -> Result<BTreeMap<String, GoString>, RenderError> {
        let templates = renderables(chart, values, self.helm);
        let order = sorted(&templates);
        let functions = functions::all(self, host, notes);
        let mut set = TemplateSet::default();
        for name in &order {
            self.cancel.check().map_err(|_| RenderError::Cancelled)?;
            let text = templates[*name].text;
            let parsed = chart.parsed.parse(self.helm as u8, name, text, &|f| functions.get(f).is_some());
            set.add(&parsed.map_err(|e| parse_error(name, e))?);
        }
        let missing = if self.strict { MissingKey::Error } else { MissingKey::Zero };
        let mut exec = Exec::new(&set, &functions, missing, self.budgets.limits(&self.cancel));
        let mut files = BTreeMap::new();
        for name in order {
            if name.rsplit('/').next().is_some_and(|base| base.starts_with('_')) {
                continue;
            }
            let text = self.one(&mut exec, name, &templates[name])?;
            files.insert(name.clone(), text);
        }
        Ok(files)
    }

    fn one(&self, exec: &mut Exec<'_>, name: &str, template: &Renderable<'_>) -> Result<GoString, RenderError> {
        let about = gotmpl::Map::from_entries(
            crate::objects::values_type(self.helm),
            [("Name".into(), Value::str(name)), ("BasePath".into(), Value::str(&template.base_path))],
        );
        let about = Value::Map(about.with_methods(crate::objects::values_methods));
        let _always_a_map = template.data.insert("Template", about);
        let out = exec
            .run(name, &Value::Map(template.data.clone()))
            .map_err(|(error, _partial)| exec_error(name, error, self.helm))?;
        Ok(functions::without_no_value(GoString::from(out)))
    }
}

/// Helm's order of parsing: deeper paths first, then names from the end of the alphabet, so that a parent's `define` wins.
fn sorted<'a>(templates: &'a BTreeMap<String, Renderable<'_>>) -> Vec<&'a String> {
    let mut names: Vec<&String> = templates.keys().collect();
    names.sort_by_key(|name| Reverse((name.matches('/').count(), *name)));
    names
}

/// Runs `work` on a thread with a stack deep enough for any template that the default budgets allow, and gives its result.
///
/// # Errors
/// As [`on_render_stack`].
pub fn with_render_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, RenderError> {
    on_render_stack(&Budgets::default(), |_| {}, work)
}

/// Runs `work` on a thread with a stack deep enough for these budgets, and gives its result. Meanwhile `watch` runs on the
/// calling thread; what it gets disconnects when the work ends, so that it can wait for that with a time limit.
///
/// # Errors
/// [`RenderError::Stopped`] when the thread cannot be started or ends by a panic.
pub fn on_render_stack<T: Send>(
    budgets: &Budgets,
    watch: impl FnOnce(&Receiver<Infallible>),
    work: impl FnOnce() -> T + Send,
) -> Result<T, RenderError> {
    std::thread::scope(|scope| {
        let (ended, end) = mpsc::sync_channel::<Infallible>(0);
        let thread = std::thread::Builder::new()
            .name("render".to_owned())
            .stack_size(budgets.thread_stack())
            .spawn_scoped(scope, move || {
                // Dropped also when the work panics.
                let _ended = ended;
                work()
            })
            .map_err(|e| RenderError::Stopped(format!("no thread: {e}")))?;
        watch(&end);
        thread.join().map_err(|_| RenderError::Stopped("an internal fault in the template engine".to_owned()))
    })
}

/// What Helm 4 says of a required value that is the empty text.
pub(crate) const EMPTY_VALUE: &str = "missing required values";

/// Collects what Helm would log while rendering.
#[derive(Clone)]
pub(crate) struct Notes {
    lines: Rc<RefCell<Vec<String>>>,
    helm: HelmMajor,
}

impl Notes {
    fn new(helm: HelmMajor) -> Notes {
        Notes { lines: Rc::default(), helm }
    }
    pub(crate) fn warn(&self, words: &str, message: &str) {
        self.add(match self.helm {
            // HELM: the two lines differ in their place only; where a line is printed the other place is known.
            HelmMajor::Helm3 if words == EMPTY_VALUE => {
                format!("engine.go:214: [INFO] Missing required value: {message}")
            }
            HelmMajor::Helm3 => format!("[INFO] Missing required value: {message}"),
            HelmMajor::Helm4 => slog::record("WARN", words, &[("message", message)]),
        });
    }
    pub(crate) fn info(&self, words: &str, message: &str) {
        self.add(match self.helm {
            HelmMajor::Helm3 => format!("[INFO] Fail: {message}"),
            HelmMajor::Helm4 => slog::record("INFO", words, &[("message", message)]),
        });
    }
    fn add(&self, line: String) {
        self.lines.borrow_mut().push(line);
    }
    fn take(self) -> Vec<String> {
        self.lines.take()
    }
}
