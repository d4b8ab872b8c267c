//! Running an action on the cluster: the connection, what is told meanwhile, the signals.

use super::command::Call;
use super::log;
use super::release_flags as shared;
use crate::environment;
use gotmpl::slog;
use gotmpl::strconv::quote;
use helmd_action::{ActionError, Budgets, Context, Event, Holder, Progress, helm_text};
use helmd_chart::HelmMajor;
use helmd_kube::progress::{Done, ObjectRef};
use helmd_kube::{Cluster, KubeError};
use helmd_storage::{DriverKind, Sql, Storage};
use std::io::{IsTerminal, Write};
use std::pin::pin;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

/// What SIGINT and SIGTERM do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signals<'a> {
    /// They end the process.
    End,
    /// They cancel the work, which then puts itself right.
    Cancel,
    /// As well, and Helm tells it of this release.
    CancelTold(&'a str),
}

/// Why there was no work.
pub struct NoCluster(KubeError);

impl NoCluster {
    /// Helm's sentence.
    pub fn text(&self, helm: HelmMajor) -> String {
        sentence(&self.0, helm)
    }
}

/// An error in the words of this Helm.
pub fn sentence(error: &dyn std::error::Error, helm: HelmMajor) -> String {
    let text = helm_text(error);
    match helm {
        HelmMajor::Helm3 => text,
        HelmMajor::Helm4 => text.replacen("Kubernetes cluster unreachable", "kubernetes cluster unreachable", 1),
    }
}

/// As [`sentence`], with what a person should know beside it: on a terminal, and with `--explain`.
pub fn explained(error: &ActionError, call: &Call<'_>) -> String {
    with_hint(error, call.helm, hints(call))
}

fn hints(call: &Call<'_>) -> bool {
    call.matches.flag("explain") || std::io::stderr().is_terminal()
}

fn with_hint(error: &ActionError, helm: HelmMajor, wanted: bool) -> String {
    let sentence = sentence(error, helm);
    if !wanted {
        return sentence;
    }
    match error.explanation() {
        // HELM: version 3's list of failures ends in empty lines.
        Some(explanation) => format!("{}\n{}", sentence.trim_end(), explanation.text()),
        None => sentence,
    }
}

struct Listener {
    events: UnboundedSender<Event>,
    shows: bool,
}

impl Progress for Listener {
    fn report(&self, event: Event) {
        // When nobody listens any more, the work is over.
        let _over = self.events.send(event);
    }

    fn listens(&self) -> bool {
        self.shows
    }
}

/// Runs an action of which the sentences are printed as they are.
///
/// # Errors
/// The action's.
pub fn run<T, F>(call: &mut Call<'_>, signals: Signals<'_>, work: impl FnOnce(Context) -> F) -> Result<T, String>
where
    F: Future<Output = Result<T, ActionError>>,
{
    let hints = hints(call);
    run_with(call, signals, hints, work)
}

/// As [`run`], for a command that Helm does not have: it also tells what a person should know beside the sentence.
///
/// # Errors
/// The action's.
pub fn run_hinting<T, F>(
    call: &mut Call<'_>,
    signals: Signals<'_>,
    work: impl FnOnce(Context) -> F,
) -> Result<T, String>
where
    F: Future<Output = Result<T, ActionError>>,
{
    run_with(call, signals, true, work)
}

fn run_with<T, F>(
    call: &mut Call<'_>,
    signals: Signals<'_>,
    hints: bool,
    work: impl FnOnce(Context) -> F,
) -> Result<T, String>
where
    F: Future<Output = Result<T, ActionError>>,
{
    let helm = call.helm;
    match on_cluster(call, signals, work)? {
        Ok(done) => done.map_err(|error| with_hint(&error, helm, hints)),
        Err(none) => Err(none.text(helm)),
    }
}

/// Runs work on the cluster; what happens meanwhile goes to standard error.
///
/// # Errors
/// Something on this machine.
pub fn on_cluster<T, F: Future<Output = T>>(
    call: &mut Call<'_>,
    signals: Signals<'_>,
    work: impl FnOnce(Context) -> F,
) -> Result<Result<T, NoCluster>, String> {
    let budgets = call.budgets()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let cluster = match Cluster::connect(&call.settings.cluster).await {
            Ok(cluster) => cluster,
            Err(error) => return Ok(Err(NoCluster(error))),
        };
        let (sender, events) = unbounded_channel();
        let cancel = CancellationToken::new();
        let cluster = cluster
            .with_namespace(&call.settings.namespace)
            .with_progress(Arc::new(Listener { events: sender, shows: std::io::stderr().is_terminal() }))
            .with_cancel(cancel.clone());
        let cx = context(call, cluster, budgets)?;
        attend(call, (signals, cancel), events, work(cx)).await.map(Ok)
    })
}

fn context(call: &Call<'_>, cluster: Cluster, budgets: Budgets) -> Result<Context, String> {
    let kind = DriverKind::from_env_name(&call.settings.driver).map_err(|e| helm_text(&e))?;
    let storage = match kind {
        DriverKind::Sql => {
            let connection = environment::variable("HELM_DRIVER_SQL_CONNECTION_STRING").unwrap_or_default();
            Storage::sql(&Sql::new(&connection, call.helm), cluster.namespace())
        }
        kind => Storage::for_cluster(kind, &cluster, call.helm),
    };
    let mut cx = Context::new(cluster, storage);
    cx.helm = call.helm;
    cx.budgets = budgets;
    cx.enable_dns = call.matches.flag("enable-dns");
    cx.holder = Arc::new(Holder::new(&environment::host_name()));
    cx.skip_files_in_record = call.matches.flag("skip-files-in-record");
    cx.interrupted = shared::interrupted_of(call.matches)?;
    cx.post_render = shared::post_render_of(call.matches)?;
    Ok(cx)
}

async fn attend<T>(
    call: &mut Call<'_>,
    (signals, cancel): (Signals<'_>, CancellationToken),
    mut events: UnboundedReceiver<Event>,
    work: impl Future<Output = T>,
) -> Result<T, String> {
    let mut teller = Teller { helm: call.helm, debug: call.settings.debug, shows: std::io::stderr().is_terminal() };
    let mut work = pin!(work);
    let mut stop = pin!(stopped(signals));
    let mut listening = true;
    loop {
        tokio::select! {
            biased;
            Some(event) = events.recv() => teller.tell(call.err, &event),
            () = &mut stop, if listening => {
                listening = false;
                if let Signals::CancelTold(name) = signals {
                    call.print(format!("Release {name} has been cancelled.\n").as_bytes())?;
                }
                cancel.cancel();
            }
            done = &mut work => {
                while let Ok(event) = events.try_recv() {
                    teller.tell(call.err, &event);
                }
                return Ok(done);
            }
        }
    }
}

/// Ends with the first signal; never where signals end the process.
async fn stopped(signals: Signals<'_>) {
    if signals != Signals::End
        && let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    } else {
        std::future::pending::<()>().await;
    }
}

/// Writes what happens to standard error: what Helm writes there, and on a terminal how the work goes on.
struct Teller {
    helm: HelmMajor,
    debug: bool,
    shows: bool,
}

impl Teller {
    fn tell(&mut self, err: &mut dyn Write, event: &Event) {
        let line = match event {
            Event::HelmLog { line } => Some(log::line(line, self.helm)),
            Event::ServerWarning { message } => Some(klog(message)),
            Event::Warning { message } => self.debug.then(|| self.remark(message)),
            Event::Log { text, .. } => return self.hook_log(err, text),
            other => self.shows.then(|| progress(other)).flatten(),
        };
        if let Some(line) = line {
            let _closed = writeln!(err, "{line}");
        }
    }

    fn remark(&self, message: &str) -> String {
        match self.helm {
            HelmMajor::Helm3 => format!("[debug] {message}"),
            HelmMajor::Helm4 => slog::record("DEBUG", message, &[]),
        }
    }

    /// HELM: version 4's output of hooks goes through its log.
    fn hook_log(&self, err: &mut dyn Write, text: &str) {
        let _closed = match self.helm {
            HelmMajor::Helm3 => write!(err, "{text}"),
            HelmMajor::Helm4 => {
                let text = text.strip_suffix('\n').unwrap_or(text);
                writeln!(err, "{}", slog::record("INFO", text, &[]))
            }
        };
    }
}

/// The API server's warning as Kubernetes' log writes it.
fn klog(message: &str) -> String {
    let time = helmd_action::Outside::now(&helmd_action::System).strftime("%m%d %H:%M:%S.%6f").to_string();
    let text = quote(format!("Warning: {message}"));
    format!("I{time} {:>7} warnings.go:107] {text}", std::process::id())
}

/// A short line on how the work goes on.
fn progress(event: &Event) -> Option<String> {
    let named = |object: &ObjectRef| format!("{} {}", object.kind, object.name);
    Some(match event {
        Event::Step { message, .. } => format!("· {message}"),
        Event::Object { done, object, .. } => {
            let done = match done {
                Done::Created => "created",
                Done::Updated => "updated",
                Done::Unchanged => return None,
                Done::Replaced => "replaced",
                Done::Deleted => "deleted",
                Done::Kept => "kept",
            };
            format!("  {done} {}", named(object))
        }
        Event::Waiting { object, message, .. } => format!("  waiting for {}: {message}", named(object)),
        Event::Ready { object, .. } => format!("  ready: {}", named(object)),
        Event::HookStarted { path, event, .. } => format!("· {event} hook {path}"),
        Event::HookFinished { path, phase, .. } => format!("  {}: {path}", phase.to_lowercase()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::klog;

    #[test]
    fn warnings_have_kubernetes_form() {
        let line = klog("a \"b\"");
        assert!(line.starts_with('I') && line.ends_with(" warnings.go:107] \"Warning: a \\\"b\\\"\""), "{line}");
        assert_eq!(line.find(' '), Some(5));
    }
}
