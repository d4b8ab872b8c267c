//! Changes of what was rendered, before it becomes a release: [`helmd_plan::post_render`] on its documents.

use helmd_chart::HelmMajor;
use helmd_plan::post_render::{PostRender, PostRenderError, Rendered, Strategy};
use helmd_release::{Head, Hook, Manifest, document_text};
use serde_json::Value as Json;

use crate::error::ActionError;
use crate::render::RenderedRelease;

/// What a document becomes.
enum Document {
    Same,
    Changed(String, Json),
    Gone,
}

/// Changes the objects and hooks of a release; gives what the user should be warned of.
///
/// # Errors
/// A rule is none or does not fit.
pub(crate) fn apply(
    rules: &PostRender,
    rendered: &mut RenderedRelease,
    (helm, hide_secret): (HelmMajor, bool),
) -> Result<Vec<String>, ActionError> {
    let mut used = vec![0; rules.patches.len()];
    let mut manifests = Vec::with_capacity(rendered.manifests.len());
    for manifest in std::mem::take(&mut rendered.manifests) {
        match document(rules, &manifest.path, &manifest.content, &mut used)? {
            Document::Same => manifests.push(manifest),
            Document::Changed(content, _) => {
                let head = Head::parse(content.as_bytes(), helm)
                    .map_err(|err| ActionError::Options(format!("post-render: {}: {err}", manifest.path)))?;
                manifests.push(Manifest { content, head, ..manifest });
            }
            Document::Gone => {}
        }
    }
    rendered.manifests = manifests;
    if rules.strategy != Strategy::NoHooks {
        let mut hooks = Vec::with_capacity(rendered.hooks.len());
        for hook in std::mem::take(&mut rendered.hooks) {
            match document(rules, &hook.path, &hook.manifest, &mut used)? {
                Document::Same => hooks.push(hook),
                Document::Changed(manifest, object) => {
                    let name = object.pointer("/metadata/name").and_then(Json::as_str).unwrap_or_default().to_owned();
                    hooks.push(Hook { name, manifest, ..hook });
                }
                Document::Gone => {}
            }
        }
        rendered.hooks = hooks;
    }
    rendered.manifest = document_text(&rendered.crds, &rendered.manifests, hide_secret);
    let unused = rules.unused(&used).into_iter();
    Ok(unused.map(|number| format!("post-render: patch {number} is for no object of the chart")).collect())
}

fn document(rules: &PostRender, path: &str, text: &str, used: &mut [usize]) -> Result<Document, ActionError> {
    let Ok(object) = helmd_yaml::parse(text.as_bytes(), helmd_yaml::Numbers::Json) else {
        // What is no YAML is refused where objects are built.
        return Ok(Document::Same);
    };
    if !object.is_object() {
        return Ok(Document::Same);
    }
    let failed = |err: PostRenderError| ActionError::Options(format!("{path}: {err}"));
    match rules.apply(&object, used).map_err(failed)? {
        Rendered::Same => Ok(Document::Same),
        Rendered::Gone => Ok(Document::Gone),
        Rendered::Changed(changed) => {
            if changed.get("kind") != object.get("kind") {
                let text = format!("{path}: post-render: a patch may not change the kind of an object");
                return Err(ActionError::Options(text));
            }
            let text = helmd_yaml::json_to_yaml(&changed)
                .map_err(|err| ActionError::Options(format!("{path}: post-render: {err}")))?;
            Ok(Document::Changed(text, changed))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_and_hooks_are_changed_and_the_others_stay_to_the_byte() {
        let manifest = |name: &str, extra: &str| Manifest {
            path: format!("c/templates/{name}.yaml"),
            content: format!("# why\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n{extra}"),
            head: Head::default(),
        };
        let hook = Hook {
            name: "h".to_owned(),
            path: "c/templates/h.yaml".to_owned(),
            manifest: "kind: Pod\nmetadata: {name: h}\nspec: {containers: [{name: a, image: x}]}\n".to_owned(),
            ..Hook::default()
        };
        let mut rendered = RenderedRelease {
            manifests: vec![manifest("a", ""), manifest("b", ""), manifest("c", "")],
            hooks: vec![hook],
            ..RenderedRelease::default()
        };
        let rules: PostRender = serde_json::from_value(json!({
            "patches": [
                {"target": {"name": "b"}, "patch": {"data": {"x": "y"}}},
                {"target": {"name": "c"}, "patch": {"$patch": "delete"}},
                {"target": {"name": "d"}, "patch": {"data": null}},
            ],
            "images": [{"name": "x", "newTag": "2"}],
        }))
        .unwrap();
        let told = apply(&rules, &mut rendered, (HelmMajor::Helm4, false)).unwrap();
        assert_eq!(told, ["post-render: patch 3 is for no object of the chart"]);
        let want = "---\n# Source: c/templates/a.yaml\n# why\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n\n\
                    ---\n# Source: c/templates/b.yaml\napiVersion: v1\ndata:\n  x: \"y\"\nkind: ConfigMap\nmetadata:\n  name: b\n\n";
        assert_eq!(rendered.manifest, want);
        assert!(rendered.hooks.first().unwrap().manifest.contains("image: x:2"));
        assert_eq!(rendered.manifests.last().unwrap().head.name(), "b");
    }
}
