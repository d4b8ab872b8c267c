//! Records, and how what we got is compared with what was recorded.

use base64::Engine as _;
use helmd_chart::HelmMajor;
pub use helmd_chart::error_text as helm_text;
use helmd_values::{Capabilities, KubeVersion};
use serde_json::Value as Json;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// One recorded case.
pub struct Record(Json);

/// Whether we agree.
pub enum Verdict {
    Pass,
    Fail { want: String, got: String },
}

impl Verdict {
    pub fn fail(want: impl Into<String>, got: impl Into<String>) -> Verdict {
        Verdict::Fail { want: want.into(), got: got.into() }
    }
}

impl Record {
    pub fn new(json: Json) -> Record {
        Record(json)
    }
    pub fn id(&self) -> &str {
        self.str("id")
    }
    pub fn json(&self) -> &Json {
        &self.0
    }
    /// The field, null when absent.
    pub fn get(&self, key: &str) -> &Json {
        self.0.get(key).unwrap_or(&Json::Null)
    }
    /// A text field, empty when absent.
    pub fn str(&self, key: &str) -> &str {
        self.get(key).as_str().unwrap_or_default()
    }
    /// A text field that may lie under `<key>_b64`.
    pub fn bytes(&self, key: &str) -> Vec<u8> {
        text_bytes(&self.0, key).unwrap_or_default()
    }
    pub fn mentions(&self, part: &str) -> bool {
        ["id", "fn", "group", "op", "kind"].iter().any(|k| self.str(k).contains(part))
    }
    /// The record on one line, cut.
    pub fn short(&self) -> String {
        self.0.to_string().chars().take(1500).collect()
    }
    /// The object that holds the results: that of the Helm asked for, or the record itself.
    pub fn results(&self, helm: HelmMajor) -> &Json {
        let side = match helm {
            HelmMajor::Helm3 => "helm3",
            HelmMajor::Helm4 => "helm4",
        };
        self.0.get(side).filter(|v| v.is_object()).unwrap_or(&self.0)
    }
}

/// A text result that may lie under `<key>_b64`.
pub fn text_bytes(object: &Json, key: &str) -> Option<Vec<u8>> {
    if let Some(text) = object.get(key).and_then(Json::as_str) {
        return Some(text.as_bytes().to_vec());
    }
    let packed = object.get(format!("{key}_b64"))?.as_str()?;
    base64::engine::general_purpose::STANDARD.decode(packed).ok()
}

/// Runs a case; a panic is a failure, not the end.
pub fn guarded(run: impl FnOnce() -> Verdict) -> Verdict {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Verdict::fail("an answer", "a panic"))
}

fn show(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(bytes))
}

/// Compares a text result (`out`, `pattern`, `error`) byte for byte.
pub fn text(results: &Json, got: Result<Vec<u8>, String>) -> Verdict {
    let got_shown = match &got {
        Ok(out) => format!("out {}", show(out)),
        Err(e) => format!("error {}", show(e.as_bytes())),
    };
    if let Some(pattern) = results.get("pattern").and_then(Json::as_str) {
        let fits = sprig::regex::GoRegex::new(pattern).is_ok_and(|re| got.as_ref().is_ok_and(|out| re.is_match(out)));
        return if fits { Verdict::Pass } else { Verdict::fail(format!("pattern {pattern}"), got_shown) };
    }
    if let Some(error) = text_bytes(results, "error") {
        let same = match &got {
            Err(e) if error.starts_with(b"PANIC: ") => !e.is_empty(),
            Err(e) => e.as_bytes() == error,
            Ok(_) => false,
        };
        return if same { Verdict::Pass } else { Verdict::fail(format!("error {}", show(&error)), got_shown) };
    }
    if let Some(choices) = results.get("out_any_of").and_then(Json::as_array) {
        let fits =
            got.as_ref().is_ok_and(|out| choices.iter().any(|c| c.as_str().is_some_and(|c| c.as_bytes() == out)));
        return if fits { Verdict::Pass } else { Verdict::fail(format!("one of {choices:?}"), got_shown) };
    }
    let want = text_bytes(results, "out").unwrap_or_default();
    if got.as_ref().is_ok_and(|out| *out == want) {
        Verdict::Pass
    } else {
        Verdict::fail(format!("out {}", show(&want)), got_shown)
    }
}

/// Compares a JSON result by value.
pub fn value(results: &Json, got: Result<Json, String>) -> Verdict {
    if results.get("error").is_some() || results.get("error_b64").is_some() {
        return text(results, got.map(|v| v.to_string().into_bytes()));
    }
    let want = results.get("out").unwrap_or(&Json::Null);
    match got {
        Ok(v) if same(want, &v) => Verdict::Pass,
        Ok(v) => Verdict::fail(want.to_string(), v.to_string()),
        Err(e) => Verdict::fail(want.to_string(), format!("error {e:?}")),
    }
}

/// Joins verdicts: the first failure.
pub fn all(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    verdicts.into_iter().find(|v| matches!(v, Verdict::Fail { .. })).unwrap_or(Verdict::Pass)
}

/// Equal by value: numbers by their value, objects without order.
pub fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(x), Json::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x == y,
            _ => x.as_f64() == y.as_f64(),
        },
        (Json::Array(x), Json::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(a, b)| same(a, b)),
        (Json::Object(x), Json::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(k, v)| y.get(k).is_some_and(|w| same(v, w)))
        }
        _ => a == b,
    }
}

/// The same JSON with every number a float, as values files give them.
pub fn floats(json: &Json) -> Json {
    match json {
        Json::Number(n) => n.as_f64().and_then(serde_json::Number::from_f64).map_or(Json::Null, Json::Number),
        Json::Array(items) => Json::Array(items.iter().map(floats).collect()),
        Json::Object(map) => Json::Object(map.iter().map(|(k, v)| (k.clone(), floats(v))).collect()),
        other => other.clone(),
    }
}

/// An object, empty when it is none.
pub fn object(json: &Json) -> serde_json::Map<String, Json> {
    json.as_object().cloned().unwrap_or_default()
}

/// The capabilities of Helm's packages where no build has set its versions.
pub fn library_capabilities(helm: HelmMajor) -> Capabilities {
    let mut capabilities = Capabilities::default_for(helm);
    capabilities.helm_version.version = match helm {
        HelmMajor::Helm3 => "v3.22",
        HelmMajor::Helm4 => "v4.3",
    }
    .to_owned();
    if helm == HelmMajor::Helm3 {
        capabilities.kube_version = KubeVersion::of_cluster("v1.20.0", "1", "20");
    }
    capabilities
}
