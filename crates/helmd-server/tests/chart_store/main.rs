//! `/charts`: the store as a repository and as ChartMuseum, and uploads and searches beside it. No socket is opened.
#![expect(clippy::unwrap_used, reason = "tests")]

mod asking;
mod museum;
mod repository;
mod trust;
mod uploads;
