//! The charts of these tests.

use flate2::{Compression, write::GzEncoder};
use std::fs;
use std::path::Path;

const FILES: &[(&str, &str)] = &[
    // One with everything that can be shown, and with dependencies in each state.
    (
        "full/Chart.yaml",
        "version: 0.1.0\nname: full\napiVersion: v2\nappVersion: \"1.0\"\nkeywords: [a, b]\nextra: gone\ndependencies:\n\
         - {name: sub, version: ^0.1.0, repository: \"https://example.com/charts\", alias: s2, tags: [t]}\n\
         - {name: other, version: 2.x}\n- {name: packed, version: \"*\", repository: \"@r\"}\n\
         - {name: lacking, version: 1.2.3, repository: file://../lacking}\n- {name: twice, version: 1.x}\n\
         - {name: broken, version: 1.x}\n- {name: misnamed, version: 1.x}\n- {name: bare, version: x.y}\n",
    ),
    (
        "full/values.yaml",
        "# kept\nimage: {repository: r, tag: \"1.0\", ports: [80, 443]}\nlist:\n- {name: a, size: 1}\n- {name: b, size: 2.5}\n\
         big: 12345678901\nyes: [true, null]\n\"dotted.key\": d",
    ),
    ("full/README.md", "# full\n\ntext é <&>"),
    ("full/crds/a.yaml", "kind: CustomResourceDefinition\nmetadata: {name: a.b}\n"),
    ("full/crds/b.yaml", "---\nkind: CustomResourceDefinition\nmetadata: {name: c.d}"),
    ("full/templates/a.yaml", "kind: A\n"),
    ("full/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.5\n"),
    ("full/charts/sub/crds/c.yaml", "kind: CustomResourceDefinition\nmetadata: {name: e.f}\n"),
    ("full/charts/other/Chart.yaml", "apiVersion: v2\nname: other\nversion: 1.0.0\n"),
    // One that can be packaged.
    (
        "good/Chart.yaml",
        "apiVersion: v2\nname: good\nversion: 0.1.0\nappVersion: 1\nextra: x\ndependencies: [{name: s, version: 1.x}]\n",
    ),
    ("good/Chart.lock", "dependencies: [{name: s, version: 1.0.0}]\ndigest: d\ngenerated: \"2026-01-02T03:04:05Z\"\n"),
    ("good/values.yaml", "a: 1 # kept\n"),
    ("good/values.schema.json", "{}"),
    ("good/templates/a.yaml", "kind: A\n"),
    ("good/templates/NOTES.txt", "notes\n"),
    ("good/charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 1.0.0\n"),
    ("good/files/b.txt", "b\n"),
    ("good/ignored.txt", "i\n"),
    ("good/.helmignore", "ignored.txt\n"),
    ("bare/Chart.yaml", "apiVersion: v2\nname: bare\nversion: 1.0.0\n"),
    // Those that cannot.
    ("lacks/Chart.yaml", "apiVersion: v2\nname: lacks\nversion: 1.0.0\ndependencies: [{name: x, version: 1.x}]\n"),
    ("noversion/Chart.yaml", "apiVersion: v2\nname: noversion\nversion: x.y\n"),
    ("badname/Chart.yaml", "apiVersion: v2\nname: ../x\nversion: 1.0.0\n"),
    ("future/Chart.yaml", "apiVersion: v9\nname: future\nversion: 1.0.0\n"),
    ("schema/Chart.yaml", "apiVersion: v2\nname: schema\nversion: 1.0.0\n"),
    ("schema/values.schema.json", "{\"a\""),
    // A starter.
    ("starter/Chart.yaml", "apiVersion: v2\nname: starter\nversion: 3.0.0\ndescription: d\n"),
    ("starter/values.yaml", "# <CHARTNAME>\na: {b: <CHARTNAME>}\n"),
    ("starter/templates/a.yaml", "a: <CHARTNAME> {{ .Values.a.b }}\n"),
    ("starter/README.md", "<CHARTNAME>\n"),
];

/// Archives in `full/charts`: the file's name, the chart's name and version.
const ARCHIVES: &[(&str, &str, &str)] = &[
    ("packed-1.1.0", "packed", "1.1.0"),
    ("twice-1.0.0", "twice", "1.0.0"),
    ("twice-1.0.1", "twice", "1.0.1"),
    ("misnamed-1.0.0", "stranger", "1.0.0"),
];

/// Writes the charts into a folder.
pub fn write(folder: &Path) {
    for (name, text) in FILES {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let charts = folder.join("full/charts");
    for (file, name, version) in ARCHIVES {
        let file = fs::File::create(charts.join(format!("{file}.tgz"))).unwrap();
        let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
        let text = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("{name}/Chart.yaml"), text.as_bytes()).unwrap();
        archive.into_inner().unwrap().finish().unwrap();
    }
}

/// Puts an archive into `full/charts` that is none, so that `full` itself cannot be loaded any more.
pub fn break_full(folder: &Path) {
    fs::write(folder.join("full/charts/broken-1.0.0.tgz"), "x").unwrap();
}
