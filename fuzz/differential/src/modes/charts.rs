//! Charts with subcharts: defaults, globals, conditions, tags, aliases, imports, and nulls that take values away.

use super::data;
use helmd_fuzz::random::Random;
use serde_json::{Map, Value as Json, json};

/// Writes the files of one question.
struct Writer<'r> {
    r: &'r mut Random,
    files: Map<String, Json>,
}

pub fn question(r: &mut Random) -> Json {
    let mut writer = Writer { r, files: Map::new() };
    let depth = writer.r.weighted(&[5, 60, 35]);
    writer.chart("", "top", depth);
    let mut values = writer.values(3);
    if writer.r.chance(5) {
        values = json!({});
    }
    let files = writer.files;
    json!({"op": "chart", "files": files, "values": yaml_text(r, &values), "release": "rel", "namespace": "ns"})
}

/// JSON is YAML; large values are seldom read by people.
fn yaml_text(r: &mut Random, value: &Json) -> String {
    if r.chance(2) { r.pick(&["", "a", "- a", "null", "a: [", "1: 2", "{}"]).to_owned() } else { value.to_string() }
}

const NAMES: &[&str] = &["sub", "db", "other"];

impl Writer<'_> {
    fn chart(&mut self, folder: &str, name: &str, depth: usize) {
        let mut about = json!({"apiVersion": "v2", "name": name, "version": self.version()});
        let mut listed = Vec::new();
        if depth > 0 {
            for child in NAMES.iter().take(self.r.weighted(&[5, 50, 35, 10])) {
                self.chart(&format!("{folder}charts/{child}/"), child, depth - 1);
                if self.r.chance(85) {
                    listed.push(self.dependency(child));
                    if self.r.chance(12) {
                        listed.push(self.dependency(child));
                    }
                }
            }
            if self.r.chance(3) {
                listed.push(self.dependency("missing"));
            }
        }
        if !listed.is_empty() {
            about["dependencies"] = json!(listed);
        }
        if self.r.chance(4) {
            about["type"] = json!(self.r.pick(&["library", "application", "x"]));
        }
        self.files.insert(format!("{folder}Chart.yaml"), json!(about.to_string()));
        if self.r.chance(90) {
            let values = self.values(3);
            self.files.insert(format!("{folder}values.yaml"), json!(yaml_text(self.r, &values)));
        }
        let text = self.r.pick(&[
            "{{ toYaml .Values }}",
            "{{ toJson .Values }} {{ .Chart.Name }} {{ .Template.Name }}",
            "{{ .Values.a }} {{ .Values.global }} {{ keys .Subcharts | sortAlpha }}",
            "{{ toJson .Values }} {{ range $k, $v := .Subcharts }}{{ $k }}: {{ toJson $v.Values }}{{ end }}",
        ]);
        self.files.insert(format!("{folder}templates/t.yaml"), json!(text));
    }

    fn version(&mut self) -> &'static str {
        self.r.pick(&["0.1.0", "0.1.0", "0.1.0", "1.2.3", "1.2.3-rc.1", "0.1.0+b"])
    }

    fn path(&mut self) -> String {
        let parts = [
            "enabled",
            "a",
            "sub.enabled",
            "db.enabled",
            "other.a",
            "global.enabled",
            "global.sub",
            "a.b",
            "",
            "sub",
            "x.y.z",
            "sub.sub.enabled",
        ];
        parts[self.r.below(parts.len())].to_owned()
    }

    fn dependency(&mut self, name: &str) -> Json {
        let versions = ["*", "", "0.1.0", "^0.1.0", ">=0.1.0-0", "~1.2", "1.x", ">9", "x.y.z"];
        let mut out = json!({"name": name, "version": versions[self.r.weighted(&[50, 5, 10, 15, 10, 3, 3, 3, 1])]});
        if self.r.chance(25) {
            out["alias"] = json!(self.r.pick(&["one", "two", "sub", "db"]));
        }
        if self.r.chance(35) {
            let mut paths = self.path();
            if self.r.chance(25) {
                paths = format!("{paths},{}", self.path());
            }
            out["condition"] = json!(paths);
        }
        if self.r.chance(30) {
            out["tags"] = json!([self.r.pick(&["t1", "t2", "front"])]);
            if self.r.chance(20) {
                out["tags"] = json!(["t1", "t2"]);
            }
        }
        if self.r.chance(5) {
            out["enabled"] = json!(self.r.chance(50));
        }
        if self.r.chance(35) {
            let imports: Vec<Json> = (0..self.r.between(1, 3)).map(|_| self.import()).collect();
            out["import-values"] = json!(imports);
        }
        out
    }

    fn import(&mut self) -> Json {
        match self.r.weighted(&[40, 57, 1, 1, 1]) {
            0 => json!(self.r.pick(&["data", "more", "none", "a", ""])),
            1 => {
                json!({"child": self.r.pick(&["a", "exports.data", "d", "a.b", "none", "", ".", "global", "l"]), "parent": self.r.pick(&["a", "imported", ".", "", "x.y", "sub", "global", "d"])})
            }
            2 => json!({"child": "a"}),
            3 => json!(1),
            _ => json!({"child": 1, "parent": "a"}),
        }
    }

    /// Values with the names that charts, conditions, tags and imports ask for.
    fn values(&mut self, depth: usize) -> Json {
        let names = [
            "a", "b", "d", "l", "s", "x", "enabled", "sub", "db", "other", "one", "two", "global", "exports", "tags",
            "imported", "data",
        ];
        let mut out = Map::new();
        for _ in 0..self.r.below(7) {
            let name = names[self.r.below(names.len())];
            let value = match name {
                "enabled" => json!(self.r.chance(50)),
                "tags" if self.r.chance(90) => {
                    json!({self.r.pick(&["t1", "t2", "front"]): self.r.chance(50)})
                }
                "exports" if self.r.chance(90) && depth > 0 => {
                    json!({self.r.pick(&["data", "more"]): self.values(depth - 1)})
                }
                "sub" | "db" | "other" | "one" | "two" | "global" | "d" if depth > 0 && self.r.chance(90) => {
                    self.values(depth - 1)
                }
                _ => self.leaf(depth),
            };
            out.insert(name.to_owned(), value);
        }
        Json::Object(out)
    }

    fn leaf(&mut self, depth: usize) -> Json {
        match self.r.weighted(&[30, 20, 15, 10, 15, 10]) {
            0 => json!(data::word(self.r)),
            1 => json!(self.r.below(5)),
            2 => Json::Null,
            3 => json!(self.r.chance(50)),
            4 if depth > 0 => self.values(depth - 1),
            _ => json!([1, "x"]),
        }
    }
}
