//! Ends the operations of helmd processes that have ended in the middle of them: of this one before it was started again, and
//! of others that look after the same cluster.

use crate::App;
use crate::compat::Query;
use helmd_action::{Abandoned, ActionError, Context, Swept, abandoned};
use helmd_kube::{ErrorKind, helm_text};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How many operations are ended at a time.
const PARALLEL: usize = 8;
/// The shortest pause between two looks.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// Looks again and again; never ends.
pub(crate) async fn run(app: App) {
    let pause = (app.holder.duration / 3).max(SHORTEST_PAUSE);
    let mut told = String::new();
    let mut seen = Seen::new();
    loop {
        match look(&app, &mut seen).await {
            Ok(()) => told.clear(),
            // The same trouble is told once.
            Err(trouble) if trouble == told => {}
            Err(trouble) => {
                tracing::warn!(%trouble, "interrupted operations cannot be looked for");
                told = trouble;
            }
        }
        tokio::time::sleep(pause).await;
    }
}

/// Since when a version of a Lease is there that has run out.
type Seen = HashMap<(String, String, String), Instant>;

async fn look(app: &App, seen: &mut Seen) -> Result<(), String> {
    let cx = app.context(&Query::default(), "").await?;
    let found = find(app, &cx).await.map_err(|err| helm_text(&err))?;
    let now = Instant::now();
    let before = std::mem::take(seen);
    let known = found.into_iter().map(|operation| {
        let version = operation.version();
        let since = before.get(&version).copied().unwrap_or(now);
        seen.insert(version, since);
        (now.duration_since(since) >= operation.second_look(), operation)
    });
    let found: Vec<Abandoned> = known.filter_map(|(silent, operation)| silent.then_some(operation)).collect();
    let mut work = JoinSet::new();
    for operation in found {
        if work.len() >= PARALLEL {
            tell(work.join_next().await);
        }
        work.spawn(end(cx.clone(), operation));
    }
    while let Some(swept) = work.join_next().await {
        tell(Some(swept));
    }
    Ok(())
}

async fn find(app: &App, cx: &Context) -> Result<Vec<Abandoned>, ActionError> {
    let namespaces = &app.settings.recovery_namespaces;
    if namespaces.is_empty() {
        return match abandoned(cx, "").await {
            // Somebody who may look in one namespace only.
            Err(err) if err.kind() == ErrorKind::Denied => abandoned(cx, cx.cluster.default_namespace()).await,
            found => found,
        };
    }
    let mut found = Vec::new();
    for namespace in namespaces {
        found.extend(abandoned(cx, namespace).await?);
    }
    Ok(found)
}

async fn end(cx: Context, operation: Abandoned) -> Swept {
    operation.end(&cx).await
}

fn tell(swept: Option<Result<Swept, tokio::task::JoinError>>) {
    match swept {
        Some(Ok(Swept { namespace, release, outcome: Ok(recovered) })) => {
            tracing::info!(%namespace, %release, "{recovered}");
        }
        Some(Ok(Swept { namespace, release, outcome: Err(err) })) => {
            tracing::warn!(%namespace, %release, error = %helm_text(&err), "an interrupted operation is left for the next look");
        }
        Some(Err(err)) => tracing::error!(error = %err, "ending an interrupted operation failed by an internal fault"),
        None => {}
    }
}
