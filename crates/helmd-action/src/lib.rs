//! Helm's verbs, one file each: in which order things are done, and nothing else.
//!
//! Owns: the steps of install, upgrade, rollback, uninstall, test, get, status, history, list, and without a cluster of
//! show, lint, package, create, dependency list;
//! the statuses and descriptions that they leave in a release; Helm's sentences about them.
//! Does not own: rendering (`helmd-engine`), merging and readiness (`helmd-plan`), the calls
//! (`helmd-kube`), the records (`helmd-storage`), where charts come from (`helmd-repo`).
//!
//! Start at [`Install`]. A verb is a struct of options (named as Helm's flags) with `run`. It may be
//! dropped only when nothing was begun: who serves callers that go away spawns it. Cancelling goes
//! by the token of the [`Context`]'s cluster handle, and progress by its listener.

mod capabilities;
mod claim;
mod context;
mod crds;
mod create;
mod dependency;
mod error;
mod get;
mod history;
mod hooks;
mod install;
mod lint;
mod list;
mod lookup;
mod operation;
mod options;
mod ownership;
mod package;
mod post_render;
mod precheck;
mod render;
mod reuse;
mod rollback;
mod selector;
pub mod show;
mod status;
mod template;
mod test;
mod uninstall;
mod unlock;
mod upgrade;
mod wording;

pub use context::{Context, Outside, System};
pub use crds::Crds;
pub use create::{Create, CreateError};
pub use dependency::{Dependencies, DependencyList, DependencyStatus, WantedChart};
pub use error::ActionError;
pub use get::{GetHooks, GetManifest, GetMetadata, GetNotes, GetRelease, GetValues, Metadata, MetadataDependency};
pub use helmd_engine::budgets::{self, Budgets};
pub use helmd_engine::{Cancel, Exceeded, Stopped};
pub use helmd_kube::{ErrorKind, Event, Explanation, Progress, WaitStrategy, helm_text};
pub use helmd_plan::post_render::PostRender;
pub use history::History;
pub use install::Install;
pub use lint::{Lint, Linted};
pub use list::{DefaultStates, List, Listed};
pub use operation::{
    Abandoned, Holder, InProgress, Interrupted, Journal, LEASE_DURATION, Recovered, Step, Swept, Verb, abandoned,
};
pub use options::{DryRun, Rendering, ServerSideApply, Waiting};
pub use package::{Package, PackageError, source_date_epoch};
pub use precheck::{MissingDependencies, NotInstallable, check_dependencies, check_installable};
pub use render::{CancelOnDrop, Clock, RenderFailure, RenderedRelease, with_clock};
pub use rollback::Rollback;
pub use status::Status;
pub use template::{Live, Template, template_name};
pub use test::Test;
pub use uninstall::{Uninstall, Uninstalled};
pub use unlock::{Unlock, UnlockTo, Unlocked};
pub use upgrade::Upgrade;
