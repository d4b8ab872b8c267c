//! Server-side apply: which fields an object's managers own, how an applied configuration is merged, and who objects.

pub(crate) mod fields;
pub(crate) mod managed;
pub(crate) mod typed;
