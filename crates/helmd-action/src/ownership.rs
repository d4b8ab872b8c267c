//! Whose objects are these: the marks that Helm puts on objects, and what it refuses to take over.

use futures::stream::{self, StreamExt as _};
use gotmpl::slog;
use helmd_kube::{Resource, helm_text};
use helmd_release::{Release, uninstall_info};

use crate::context::Context;
use crate::error::ActionError;

/// How many objects are looked at at a time.
const PARALLEL: usize = 16;

/// Marks objects as the release's.
pub(crate) fn mark(resources: &mut [Resource], release: &str, namespace: &str) {
    for resource in resources {
        helmd_plan::ownership::set(&mut resource.object, release, namespace);
    }
}

/// Those of the objects that exist already.
///
/// # Errors
/// The first, in order, that exists and is somebody else's, unless it may be taken.
pub(crate) async fn existing(
    cx: &Context,
    resources: &[Resource],
    release: &str,
    take_ownership: bool,
) -> Result<Vec<Resource>, ActionError> {
    let named = resources.iter().filter(|resource| !resource.is_name_generated());
    let looks = stream::iter(
        named.map(|resource| async move { (resource, cx.cluster.find(resource).await) }).collect::<Vec<_>>(),
    );
    let looks: Vec<_> = looks.buffered(PARALLEL).collect().await;
    let mut existing = Vec::new();
    for (resource, live) in looks {
        let live = live.map_err(|err| {
            err.context(format!("could not get information about the resource {}", resource.describe()))
        })?;
        let Some(live) = live else { continue };
        if !take_ownership {
            helmd_plan::ownership::check(&live, release, cx.namespace())
                .map_err(|reason| ActionError::Foreign { object: resource.describe(), reason: reason.to_string() })?;
        }
        existing.push(resource.clone());
    }
    Ok(existing)
}

/// The objects of an uninstall, by whose they are. Those that are gone already are in no list.
#[derive(Default)]
struct Verified {
    owned: Vec<Resource>,
    foreign: Vec<Resource>,
    unknown: Vec<(Resource, String)>,
}

async fn verify(cx: &Context, resources: Vec<Resource>, release: &Release) -> Verified {
    let looks = stream::iter(
        resources
            .into_iter()
            .map(|resource| async move {
                let live = cx.cluster.find(&resource).await;
                (resource, live)
            })
            .collect::<Vec<_>>(),
    );
    let looks: Vec<_> = looks.buffered(PARALLEL).collect().await;
    let mut verified = Verified::default();
    for (resource, live) in looks {
        match live {
            Ok(None) => {}
            Ok(Some(live)) if helmd_plan::ownership::check(&live, &release.name, &release.namespace).is_ok() => {
                verified.owned.push(resource);
            }
            Ok(Some(_)) => verified.foreign.push(resource),
            Err(err) => verified.unknown.push((resource, helm_text(&err))),
        }
    }
    verified
}

/// HELM: version 4 deletes only what is the release's. Gives that, and the text about what stays, after `info`.
pub(crate) async fn to_delete(
    cx: &Context,
    resources: Vec<Resource>,
    release: &Release,
    mut info: String,
) -> (Vec<Resource>, String) {
    let Verified { owned, foreign, unknown } = verify(cx, resources, release).await;
    let tell = |message: &str, resource: &Resource, error: Option<&str>| {
        let mut attributes = names(resource).to_vec();
        attributes.push(("release", &release.name));
        attributes.extend(error.map(|error| ("error", error)));
        cx.log_failure(message, &attributes);
    };
    let mut stays = |why: &str, lines: Vec<String>| {
        if lines.is_empty() {
            return;
        }
        if !info.is_empty() {
            info.push('\n');
        }
        info.push_str(&format!("{} resource(s) were not deleted because {why}:\n{}", lines.len(), lines.concat()));
    };
    for resource in &foreign {
        tell("skipping delete of resource not owned by this release", resource, None);
    }
    let line = |resource: &Resource| format!("[{}] {}", resource.mapping.kind, resource.name);
    stays("they are not owned by this release", foreign.iter().map(|r| format!("{}\n", line(r))).collect());
    for (resource, error) in &unknown {
        tell("skipping delete of resource because ownership could not be verified", resource, Some(error));
    }
    let lines = unknown.iter().map(|(r, error)| format!("{}: {error}\n", line(r))).collect();
    stays("their ownership could not be verified", lines);
    (owned, info)
}

fn names(resource: &Resource) -> [(&'static str, &str); 3] {
    [("kind", &resource.mapping.kind), ("name", &resource.name), ("namespace", &resource.namespace)]
}

/// HELM: a dry run of version 4 tells what an uninstall would leave; what cannot be read is not spoken of.
pub(crate) async fn told_of_uninstall(cx: &Context, release: &Release) -> String {
    let Ok(plan) = uninstall_info(&release.manifest, cx.helm) else { return String::new() };
    let manifest: String = plan.delete.iter().map(|manifest| format!("\n---\n{}", manifest.content)).collect();
    let Ok(resources) = cx.cluster.build(&manifest, false).await else { return plan.info };
    let Verified { foreign, unknown, .. } = verify(cx, resources, release).await;
    let count = |message: &str, count: usize| {
        if count > 0 {
            let line = slog::record("WARN", message, &[("release", &release.name), ("count", &count.to_string())]);
            cx.log(line);
        }
    };
    count("dry-run: resources would be skipped because they are not owned by this release", foreign.len());
    for resource in &foreign {
        cx.log_failure("dry-run: would skip resource", &names(resource));
    }
    count("dry-run: resources would be skipped because their ownership could not be verified", unknown.len());
    for (resource, error) in &unknown {
        let mut attributes = names(resource).to_vec();
        attributes.push(("error", error));
        cx.log_failure("dry-run: would skip resource (ownership could not be verified)", &attributes);
    }
    plan.info
}
