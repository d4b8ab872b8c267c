//! Renders a chart with values, as `helm template` does before hooks and manifests are told apart.
//!
//! Owns: Helm's template functions (`include`, `tpl`, `required`, `lookup`, `toYaml` …), `.Files`, `.Capabilities`, the scope of
//! each subchart, the order of parsing and execution, Helm's wording of template errors.
//! Does not own: the template language (`gotmpl`), sprig, the composition of values (`helmd-values`), hooks (`helmd-release`).
//!
//! Start at [`Engine::render`]. What a chart may use up is in [`Budgets`]; a [`Cancel`] token ends a render from outside. What a template may ask of the outside goes through [`sprig::Host`] and [`Lookup`].

pub mod budgets;
mod chart_object;
mod engine;
mod errors;
mod files;
mod functions;
mod glob;
mod objects;
mod scope;

pub use budgets::Budgets;
pub use engine::{Engine, Lookup, LookupError, Rendered, on_render_stack, with_render_stack};
pub use errors::RenderError;
pub use gotmpl::exec::{Cancel, Exceeded, Stopped};
