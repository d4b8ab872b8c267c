//! An in-memory Kubernetes API on loopback, for `helmd --sandbox`, demos and tests.
//!
//! It owns: discovery and OpenAPI, the built-in kinds and what CustomResourceDefinitions add, objects with
//! resourceVersions, all patches including server-side apply with its field owners, watches, tables, and small controllers
//! that play the workload controllers, the scheduler and the kubelets. Nothing runs: pods only change their status, and the
//! annotation `test/outcome` on a pod (`fail`, `crashloop`, `imagepull`, `unready`, `slow`) says how that ends.
//! It does not own: authentication beyond one random token, authorization, admission webhooks, the checking of custom
//! objects against their schema, or data on disk. It is no cluster.
//! Start with [`Sandbox::start`]; inside, with `route` (a request's way), `write` (how objects change) and `controller`.

mod admit;
mod apply;
mod clock;
mod controller;
mod convert;
mod defaults;
mod delete;
mod discovery;
mod error;
mod fault;
mod json;
mod kinds;
mod normal;
mod openapi;
mod patch;
mod protobuf;
mod read;
mod request;
mod review;
mod route;
mod schema;
mod seed;
mod selector;
mod server;
mod state;
mod store;
mod subresource;
mod table;
mod validate;
mod watch;
mod write;

pub use fault::{Effect, Fault};
pub use server::{Sandbox, SandboxError, SandboxOptions};
