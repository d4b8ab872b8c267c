//! Reviews: questions that are answered and not stored. Everything is allowed, as nothing is guarded.

use serde_json::json;

use crate::{
    admit,
    error::ApiError,
    json::{self, Json},
    request::{Call, Target},
    state::State,
};

/// Answers a review.
///
/// # Errors
/// 400 for a body that cannot be read.
pub(crate) fn answer(state: &State, call: &Call, target: &Target) -> Result<Json, ApiError> {
    let mut review = admit::read_body(&state.schema, call)?;
    if review.is_null() {
        review = json!({});
    }
    admit::fit(target, &mut review)?;
    let user = json!({"username": "sandbox", "uid": "sandbox", "groups": ["system:masters", "system:authenticated"]});
    let status = match target.kind.kind.as_str() {
        "SelfSubjectRulesReview" => json!({
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}], "incomplete": false,
        }),
        "SelfSubjectReview" => json!({"userInfo": user}),
        "TokenReview" => json!({"authenticated": true, "user": user, "audiences": ["https://kubernetes.default.svc"]}),
        _ => json!({"allowed": true, "reason": "the sandbox allows everything"}),
    };
    json::set(&mut review, &["status"], status);
    Ok(review)
}
