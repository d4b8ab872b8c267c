//! What the sandbox promises, over its HTTP API but without a socket.

mod apply;
mod common;
mod discovery;
mod objects;
mod watch;
mod workloads;
