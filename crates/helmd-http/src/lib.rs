//! How helmd asks other machines for charts.
//!
//! Owns: requests over HTTP with limits of size and time, redirects, credentials that stay with the server they are for, which
//! machines may be asked at all ([`Destinations`]), and Go's words for what goes wrong. Does not own: what is asked for
//! (`helmd-repo`), the cluster (`helmd-kube`).
//!
//! Start at [`Http::get`]. Nothing here is logged; credentials are in no error and in no `Debug`.

mod client;
mod destinations;
mod error;
mod request;
mod tls;

pub use client::{Http, HttpSettings, Response};
pub use destinations::Destinations;
pub use error::{HttpError, go_text, shown};
pub use request::{Credentials, Request};
pub use tls::Tls;
