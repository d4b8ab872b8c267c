//! `/api/namespaces/:namespace/releases…`

use super::body::{self, Fields};
use super::route::Target;
use super::{Query, envelope, options};
use crate::App;
use crate::charts::ChartRequest;
use axum::response::Response;
use helmd_action::{self as action, ActionError, Context, Explanation};
use helmd_kube::helm_text;
use helmd_release::{Hook, Release, Time};
use helmd_repo::repositories::ChartOptions;
use serde::Serialize;
use std::path::Path;

/// A release in a list or a status; `revision` is a text there, as in the Go program.
#[derive(Serialize)]
struct Element {
    name: String,
    namespace: String,
    revision: String,
    updated: String,
    status: String,
    chart: String,
    chart_version: String,
    app_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    notes: String,
    /// For those who ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
}

fn element(release: &Release, notes: bool) -> Element {
    let metadata = release.chart_metadata();
    let of = |f: fn(&helmd_chart::Metadata) -> &String| metadata.map(|m| f(m).clone()).unwrap_or_default();
    Element {
        name: release.name.clone(),
        namespace: release.namespace.clone(),
        revision: release.version.to_string(),
        updated: release.info.last_deployed.map_or_else(|| "-".to_owned(), |t| t.go_string(None)),
        status: release.info.status.to_string(),
        chart: of(|m| &m.name),
        chart_version: of(|m| &m.version),
        app_version: of(|m| &m.app_version),
        notes: if notes { release.info.notes.clone() } else { String::new() },
        explanation: None,
    }
}

#[derive(Serialize)]
struct HistoryElement {
    revision: i64,
    updated: String,
    status: String,
    chart: String,
    app_version: String,
    description: String,
    /// For those who ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
}

#[derive(Serialize)]
struct LastRun {
    started_at: String,
    completed_at: String,
    phase: String,
}

#[derive(Serialize)]
struct HookElement<'a> {
    name: &'a str,
    kind: &'a str,
    path: &'a str,
    manifest: &'a str,
    events: Vec<String>,
    last_run: LastRun,
    #[serde(skip_serializing_if = "is_zero")]
    weight: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    delete_policies: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(n: &i64) -> bool {
    *n == 0
}

fn rfc3339(time: Option<Time>) -> String {
    time.map(|t| t.rfc3339_nano()).unwrap_or_default()
}

fn hook_element(hook: &Hook) -> HookElement<'_> {
    HookElement {
        name: &hook.name,
        kind: &hook.kind,
        path: &hook.path,
        manifest: &hook.manifest,
        events: hook.events.iter().map(ToString::to_string).collect(),
        last_run: LastRun {
            started_at: rfc3339(hook.last_run.started_at),
            completed_at: rfc3339(hook.last_run.completed_at),
            phase: hook.last_run.phase.to_string(),
        },
        weight: hook.weight,
        delete_policies: hook.delete_policies.iter().map(ToString::to_string).collect(),
    }
}

/// Why a call failed.
struct Failure {
    text: String,
    explanation: Option<Box<Explanation>>,
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self { text, explanation: None }
    }
}

impl From<ActionError> for Failure {
    fn from(error: ActionError) -> Self {
        Self { text: helm_text(&error), explanation: error.explanation().map(Box::new) }
    }
}

/// The answer of a call: an error text becomes code 1. What was found out stands beside it for those who ask: the envelope of
/// the others is the Go program's, key for key.
fn answer<E: Into<Failure>>(query: &Query, result: Result<Response, E>) -> Response {
    result.unwrap_or_else(|error| {
        let Failure { text: error, explanation } = error.into();
        match &explanation {
            Some(explanation) => tracing::warn!(%error, explanation = %explanation.text(), "call failed"),
            None => tracing::warn!(%error, "call failed"),
        }
        envelope::explained(&error, explanation.as_deref().filter(|_| wants_explanation(query)))
    })
}

fn wants_explanation(query: &Query) -> bool {
    query.first("explain") == Some("true")
}

/// What is kept with a record about why it failed.
fn explanation(query: &Query, release: &Release) -> Option<Explanation> {
    if wants_explanation(query) { Explanation::of_kept(&release.explanation) } else { None }
}

fn text<E: std::error::Error>(error: E) -> String {
    helm_text(&error)
}

/// `GET …/releases`
pub(crate) async fn list(app: &App, namespace: &str, query: &Query, body: &[u8]) -> Response {
    answer(query, list_inner(app, namespace, query, body).await)
}

async fn list_inner(app: &App, namespace: &str, query: &Query, body: &[u8]) -> Result<Response, String> {
    let fields = body::read(&options::LIST, body)?.or_query(&options::LIST, query)?;
    let namespace = if fields.bool("all_namespaces") { "" } else { namespace };
    let cx = app.context(query, namespace).await?;
    let list = action::List {
        all: fields.bool("all"),
        all_namespaces: fields.bool("all_namespaces"),
        by_date: fields.bool("by_date"),
        sort_reverse: fields.bool("sort_reverse"),
        limit: fields.int("limit"),
        offset: fields.int("offset"),
        filter: fields.text("filter").to_owned(),
        uninstalled: fields.bool("uninstalled"),
        superseded: fields.bool("superseded"),
        uninstalling: fields.bool("uninstalling"),
        deployed: fields.bool("deployed"),
        failed: fields.bool("failed"),
        pending: fields.bool("pending"),
        selector: fields.text("selector").to_owned(),
        default_states: action::DefaultStates::Helm3,
    };
    if list.offset < 0 {
        return Err("offset must not be negative".to_owned());
    }
    let listed = list.run(&cx).await.map_err(text)?;
    for broken in &listed.undecodable {
        tracing::warn!(key = %broken.key, namespace = %broken.namespace, "a stored release cannot be read");
    }
    let elements: Vec<Element> = listed.releases.iter().map(|r| element(r, false)).collect();
    Ok(envelope::ok(&elements))
}

/// `GET …/releases/:release`
pub(crate) async fn get(app: &App, target: &Target, query: &Query) -> Response {
    answer(query, get_inner(app, target, query).await)
}

async fn get_inner(app: &App, target: &Target, query: &Query) -> Result<Response, String> {
    let info = query.first("info").filter(|i| !i.is_empty()).unwrap_or("values");
    if !matches!(info, "hooks" | "manifest" | "notes" | "values") {
        return Err(format!("bad info {info}, release info only support hooks/manifest/notes/values"));
    }
    let output = query.first("output").filter(|o| !o.is_empty()).unwrap_or("json");
    if info == "values" && !matches!(output, "json" | "yaml") {
        return Err(format!("invalid format type {output}, output only support json/yaml"));
    }
    let cx = app.context(query, &target.namespace).await?;
    let release = action::GetRelease::new(target.release.clone()).run(&cx).await.map_err(text)?;
    Ok(match info {
        "hooks" => envelope::ok(&release.hooks.iter().map(hook_element).collect::<Vec<_>>()),
        "manifest" => envelope::ok(&release.manifest),
        "notes" => envelope::ok(&release.info.notes),
        _ => {
            let given = release.config.filter(|c| !c.is_empty()).map(serde_json::Value::Object);
            let given = given.unwrap_or(serde_json::Value::Null);
            match output {
                "yaml" => envelope::ok(&helmd_yaml::json_to_yaml(&given).map_err(text)?),
                _ => envelope::ok(&given),
            }
        }
    })
}

/// `GET …/releases/:release/status`
pub(crate) async fn status(app: &App, target: &Target, query: &Query) -> Response {
    let run = async {
        let cx = app.context(query, &target.namespace).await?;
        let release = action::Status::new(target.release.clone()).run(&cx).await.map_err(text)?;
        let explanation = explanation(query, &release);
        Ok::<_, String>(envelope::ok(&Element { explanation, ..element(&release, true) }))
    };
    answer(query, run.await)
}

/// `GET …/releases/:release/histories`: newest first.
pub(crate) async fn history(app: &App, target: &Target, query: &Query) -> Response {
    let run = async {
        let cx = app.context(query, &target.namespace).await?;
        let releases = action::History::new(target.release.clone()).run(&cx).await.map_err(text)?;
        let elements: Vec<HistoryElement> = releases
            .iter()
            .rev()
            .map(|r| HistoryElement {
                revision: r.version,
                updated: rfc3339(r.info.last_deployed),
                status: r.info.status.to_string(),
                chart: r.chart_title(),
                app_version: r.app_version().to_owned(),
                description: r.info.description.clone(),
                explanation: explanation(query, r),
            })
            .collect();
        Ok::<_, String>(envelope::ok(&elements))
    };
    answer(query, run.await)
}

/// The chart that a body and query name.
fn chart_request(query: &Query, fields: &Fields) -> Result<ChartRequest, String> {
    let chart = query.first("chart").unwrap_or_default();
    if chart.is_empty() {
        return Err("chart name can not be empty".to_owned());
    }
    let text = |name| fields.text(name).to_owned();
    let options = ChartOptions {
        version: ChartOptions::version_or_devel(fields.text("version"), fields.bool("devel")),
        repo_url: text("repo"),
        username: text("username"),
        password: text("password"),
        cert_file: text("cert_file"),
        key_file: text("key_file"),
        ca_file: text("ca_file"),
        insecure_skip_tls_verify: fields.bool("insecure_skip_verify"),
        ..ChartOptions::default()
    };
    let verify = fields.bool("verify");
    Ok(ChartRequest { chart: chart.to_owned(), options, verify, keyring: text("keyring"), digest: text("digest") })
}

/// Runs a change that begins with a render. While it renders, nothing has been touched: when the client goes away, the
/// render ends and the change with it. Later it goes on without the client.
async fn rendering<T: Send + 'static>(
    cx: &Context,
    work: impl Future<Output = Result<T, ActionError>> + Send + 'static,
) -> Result<T, Failure> {
    let guard = action::CancelOnDrop::new(cx.cancel_render.clone());
    let result = detached(work).await;
    guard.disarm();
    result
}

/// Runs a change so that it goes on when the client goes away.
async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, ActionError>> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::spawn(work).await {
        Ok(result) => Ok(result?),
        Err(e) => {
            tracing::error!(error = %e, "an operation ended by an internal fault");
            Err("internal error: the operation ended unexpectedly, see the server's log".to_owned().into())
        }
    }
}

/// `POST …/releases/:release`
pub(crate) async fn install(app: &App, target: Target, query: &Query, body: &[u8]) -> Response {
    answer(query, install_inner(app, target, query, body).await)
}

async fn install_inner(app: &App, target: Target, query: &Query, body: &[u8]) -> Result<Response, Failure> {
    let change = Change::prepare(app, target, query, body).await?;
    action::check_installable(&change.subject.chart).map_err(text)?;
    change.check_dependencies()?;
    let install = options::install(&change.fields, change.subject)?;
    let cx = change.cx;
    rendering(&cx.clone(), async move { install.run(&cx).await }).await?;
    Ok(envelope::done())
}

/// What install and upgrade have in common: body, values, cluster and chart, looked at in the Go program's order.
struct Change {
    fields: Fields,
    cx: Context,
    subject: options::Subject,
    /// The chart is a folder.
    unpacked: bool,
}

impl Change {
    /// The charts that the chart wants are in it. A request changes no chart: they are not fetched.
    fn check_dependencies(&self) -> Result<(), String> {
        let missing = action::check_dependencies(&self.subject.chart).map_err(text);
        match self.fields.bool("dependency_update") && !self.unpacked {
            true => missing.map_err(|_| "only unpacked charts can be updated".to_owned()),
            false => missing,
        }
    }

    async fn prepare(app: &App, target: Target, query: &Query, body: &[u8]) -> Result<Change, String> {
        if query.first("chart").unwrap_or_default().is_empty() {
            return Err("chart name can not be empty".to_owned());
        }
        let fields = body::read(&options::RELEASE, body)?;
        let request = chart_request(query, &fields)?;
        let values = options::values(&fields, &app.charts, app.helm).await?;
        let mut cx = app.context(query, &target.namespace).await?;
        options::timeout(&fields)?;
        cx.interrupted = options::interrupted(&fields)?.unwrap_or(cx.interrupted);
        cx.post_render = options::post_render(&fields)?;
        let chart = app.charts.load(&request).await?;
        let unpacked = Path::new(&request.chart).is_dir();
        Ok(Change { unpacked, fields, cx, subject: options::Subject { name: target.release, chart, values } })
    }
}

/// `PUT …/releases/:release`
pub(crate) async fn upgrade(app: &App, target: Target, query: &Query, body: &[u8]) -> Response {
    answer(query, upgrade_inner(app, target, query, body).await)
}

async fn upgrade_inner(app: &App, target: Target, query: &Query, body: &[u8]) -> Result<Response, Failure> {
    let change = Change::prepare(app, target, query, body).await?;
    action::check_dependencies(&change.subject.chart).map_err(text)?;
    let upgrade = options::upgrade(&change.fields, change.subject)?;
    let cx = change.cx;
    rendering(&cx.clone(), async move { upgrade.run(&cx).await }).await?;
    Ok(envelope::done())
}

/// `PUT …/releases/:release/versions/:reversion`
pub(crate) async fn rollback(app: &App, target: Target, revision: &str, query: &Query, body: &[u8]) -> Response {
    let run = async {
        let revision = super::go_atoi(revision)?;
        let fields = body::read(&options::RELEASE, body)?;
        let mut cx = app.context(query, &target.namespace).await?;
        let rollback = options::rollback(&fields, target.release.clone(), revision)?;
        cx.interrupted = options::interrupted(&fields)?.unwrap_or(cx.interrupted);
        detached(async move { rollback.run(&cx).await }).await?;
        Ok::<_, Failure>(envelope::done())
    };
    answer(query, run.await)
}

/// `DELETE …/releases/:release`
pub(crate) async fn uninstall(app: &App, target: Target, query: &Query, body: &[u8]) -> Response {
    let run = async {
        let fields = body::read(&options::UNINSTALL, body)?;
        let mut cx: Context = app.context(query, &target.namespace).await?;
        let uninstall = options::uninstall(&fields, target.release.clone())?;
        cx.interrupted = options::interrupted(&fields)?.unwrap_or(cx.interrupted);
        detached(async move { uninstall.run(&cx).await }).await?;
        Ok::<_, Failure>(envelope::done())
    };
    answer(query, run.await)
}
