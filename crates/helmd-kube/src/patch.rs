//! Which patch brings a live object to what the manifest wants: Helm's client-side apply.

use helmd_plan::{merge, strategic};
use serde_json::Value as Json;

use crate::resource::Resource;
use crate::transport::{MERGE_PATCH, STRATEGIC_PATCH};

/// The media type and the patch; nothing when there is nothing to change.
///
/// Built-in kinds are merged three ways by Kubernetes' rules for their lists. Others get the
/// difference of the two manifests, or a three-way merge if asked for.
pub(crate) fn client_side(
    original: &Json,
    target: &Resource,
    live: &Json,
    three_way_for_unstructured: bool,
) -> Result<Option<(&'static str, Json)>, String> {
    let api_version = target.mapping.api_version();
    let kind = &target.mapping.kind;
    let (media_type, patch) = if strategic::is_built_in(&api_version, kind) {
        let patch = strategic::three_way_patch(original, &target.object, live, &api_version, kind);
        (STRATEGIC_PATCH, patch.map_err(|err| crate::helm_text(&err))?)
    } else if three_way_for_unstructured {
        let patch = merge::three_way_json_merge(original, &target.object, live);
        (MERGE_PATCH, patch.map_err(|err| crate::helm_text(&err))?)
    } else {
        let patch = merge::create_merge_patch(original, &target.object);
        (MERGE_PATCH, patch.map_err(|err| crate::helm_text(&err))?)
    };
    let nothing = match &patch {
        Json::Null => true,
        Json::Object(fields) => fields.is_empty(),
        _ => false,
    };
    Ok((!nothing).then_some((media_type, patch)))
}
