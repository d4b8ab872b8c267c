//! Rendered files: their split into documents, the order of kinds, hooks.

use super::data;
use helmd_fuzz::random::Random;
use serde_json::{Map, Value as Json, json};

const SIGNS: &[&str] = &["---", "\n", " ", "-", ":", "#", "\t", "\r\n", "kind", "a", "{", "\"", "--- # c\n", "\n---\n"];

const KINDS: &[&str] = &[
    "Pod",
    "Service",
    "ConfigMap",
    "Deployment",
    "Namespace",
    "CustomResourceDefinition",
    "Job",
    "ClusterRole",
    "Secret",
    "Unknown",
    "Alpha",
    "Ingress",
    "ServiceAccount",
    "PriorityClass",
    "HorizontalPodAutoscaler",
    "List",
    "",
];

/// Files to be sorted.
pub fn question(r: &mut Random) -> Json {
    let mut files = Map::new();
    for _ in 0..r.between(1, 4) {
        let name = r.pick(&[
            "c/templates/a.yaml",
            "c/templates/b.yaml",
            "c/charts/s/templates/a.yaml",
            "c/templates/_p.tpl",
            "c/templates/NOTES.txt",
            "z",
        ]);
        files.insert(name.to_owned(), json!(file(r)));
    }
    json!({"op": "manifests", "files": files})
}

/// One text to be split.
pub fn split(r: &mut Random) -> Json {
    let mut text = file(r);
    if r.chance(60) {
        text = data::damaged(r, &text, SIGNS);
    }
    json!({"op": "split", "text": text})
}

fn file(r: &mut Random) -> String {
    let mut out = r.pick(&["", "", "---\n", "\n\n---\n", "# c\n", "  \n"]).to_owned();
    for _ in 0..r.below(4) {
        out.push_str(&document(r));
        out.push_str(r.pick(&[
            "---\n",
            "---\n",
            "--- \n",
            "---\n---\n",
            "\n---\n\n",
            "--- # c\n",
            "----\n",
            " ---\n",
            "---a: b\n",
            "...\n",
            "---\r\n",
            "---",
        ]));
    }
    out
}

fn document(r: &mut Random) -> String {
    if r.chance(12) {
        return r
            .pick(&[
                "",
                "\n",
                "# only\n",
                "a: [\n",
                "- a\n",
                "kind: 1\n",
                "text\n",
                "{}\n",
                "null\n",
                "kind: [a]\n",
                "metadata: x\n",
            ])
            .to_owned();
    }
    let mut out = format!(
        "apiVersion: v1\nkind: {}\nmetadata:\n  name: {}\n",
        r.pick(KINDS),
        r.pick(&["a", "b", "\"\"", "1", "c"])
    );
    if r.chance(50) {
        out.push_str("  annotations:\n");
        for _ in 0..r.between(1, 3) {
            out.push_str(&format!("    {}\n", annotation(r)));
        }
    }
    out.push_str(r.pick(&["", "data:\n  a: b\n", "spec: {}\n", "data:\n  x: |\n    ---\n    y\n"]));
    out
}

fn annotation(r: &mut Random) -> String {
    match r.below(5) {
        0..=1 => {
            let hooks = r.pick(&[
                "pre-install",
                "post-install,post-upgrade",
                "test",
                "test-success",
                "crd-install",
                "pre-install, pre-upgrade",
                "none",
                "\"\"",
                "PRE-INSTALL",
                "pre-install,none",
                "test-failure",
                "post-delete",
                "1",
            ]);
            format!("helm.sh/hook: {hooks}")
        }
        2 => format!(
            "helm.sh/hook-weight: {}",
            r.pick(&["\"1\"", "\"-5\"", "x", "\" 3\"", "2", "\"99999999999999999999\"", "\"\"", "\"+4\""])
        ),
        3 => format!(
            "helm.sh/hook-delete-policy: {}",
            r.pick(&[
                "hook-succeeded",
                "before-hook-creation,hook-failed",
                "x",
                "\"\"",
                "hook-succeeded , hook-failed"
            ])
        ),
        _ => format!(
            "{}: {}",
            r.pick(&["a", "helm.sh/hook-output-log-policy", "helm.sh/resource-policy"]),
            r.pick(&["hook-succeeded", "keep", "b", "1", "null"])
        ),
    }
}
