//! The charts of these tests.

use std::path::Path;

const FILES: &[(&str, &str)] = &[
    (
        "kubeconfig",
        "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts:\n- {name: a, context: {cluster: c, namespace: team}}\n- {name: b, context: {cluster: c}}\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n",
    ),
    ("one.yaml", "a: 5\nt: {x: 2, y: é}\n"),
    ("more.yaml", "a: 6\n---\nb: [1, two, 3.5]\nc:\n"),
    ("broken.yaml", "a: [1\n"),
    // One chart with everything that the command can show or leave out.
    ("full/Chart.yaml", "apiVersion: v2\nname: full\nversion: 0.1.0\nappVersion: \"1\"\n"),
    ("full/values.yaml", "a: 1\nt: {x: 1}\nsub:\n  k: v\n"),
    (
        "full/crds/a.yaml",
        "kind: CustomResourceDefinition\nmetadata: {name: x.y}\n---\n# Source: like/a/template\nkind: CustomResourceDefinition\n",
    ),
    ("full/templates/NOTES.txt", "notes of {{ .Release.Name }}\n"),
    ("full/templates/_helpers.tpl", "{{ define \"n\" }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}"),
    (
        "full/templates/a.yaml",
        "kind: ConfigMap\nmetadata: {name: {{ include \"n\" . }}, namespace: {{ .Release.Namespace }}}\ndata: {{ toJson .Values }}\n---\n\nkind: Service\nmetadata: {name: b}\nseen: {{ .Capabilities.APIVersions.Has \"foo/v1\" }} {{ .Capabilities.KubeVersion }} {{ .Release.IsUpgrade }}\n---\n# only a comment\n",
    ),
    (
        "full/templates/hooks.yaml",
        "kind: Pod\nmetadata: {name: h, annotations: {helm.sh/hook: pre-install}}\n---\nkind: Pod\nmetadata: {name: h2, annotations: {helm.sh/hook: nope}}\n---\nkind: Job\nmetadata: {name: h3, annotations: {helm.sh/hook: \"post-install,test\"}}\n",
    ),
    ("full/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n"),
    ("full/charts/sub/values.yaml", "k: {m: 1}\nglobal: {g: 1}\n"),
    ("full/charts/sub/crds/b.yaml", "kind: CustomResourceDefinition\nmetadata: {name: z.y}\n"),
    ("full/charts/sub/templates/a.yaml", "kind: Secret\nmetadata: {name: {{ .Values.k }}}\n"),
    (
        "full/charts/sub/templates/tests/t.yaml",
        "kind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test}}\n---\nkind: Pod\nmetadata: {name: t2, annotations: {helm.sh/hook: test}}\n",
    ),
    // Charts that fail, each in its own way.
    ("old/Chart.yaml", "apiVersion: v2\nname: old\nversion: 0.1.0\ndeprecated: true\nkubeVersion: \"<1.20\"\n"),
    ("old/values.yaml", "a: 1\n"),
    ("schema/Chart.yaml", "apiVersion: v2\nname: schema\nversion: 0.1.0\n"),
    ("schema/values.yaml", "a: {b: 1}\nc: 1\n"),
    ("schema/values.schema.json", "{\"properties\": {\"c\": {\"type\": \"string\"}}}"),
    ("schema/templates/a.yaml", "a: {{ .Values.a.b }}\n"),
    (
        "lacking/Chart.yaml",
        "apiVersion: v2\nname: lacking\nversion: 0.1.0\ndependencies:\n- {name: x, version: 1.x.x}\n- {name: y, version: 1.x.x}\n",
    ),
    ("library/Chart.yaml", "apiVersion: v2\nname: library\nversion: 0.1.0\ntype: library\n"),
    ("fails/Chart.yaml", "apiVersion: v2\nname: fails\nversion: 0.1.0\n"),
    ("fails/values.yaml", "sub: {a: 1}\n"),
    ("fails/templates/a.yaml", "a: {{ required \"a is needed\" .Values.a }}\n"),
    ("noyaml/Chart.yaml", "apiVersion: v2\nname: noyaml\nversion: 0.1.0\n"),
    ("noyaml/templates/a.yaml", "a: [\n"),
    ("future/Chart.yaml", "apiVersion: v3\nname: future\nversion: 0.1.0\n"),
];

/// Writes the charts and files into a folder.
pub fn write(folder: &Path) {
    for (name, text) in FILES {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("a.yaml", folder.join("full/templates/link.yaml")).unwrap();
}
