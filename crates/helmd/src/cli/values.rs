//! `-f`, `--set` and its family: the flags, and their merge in Helm's order.

use super::chart_path::wait;
use super::flags::{Flag, Kind, Matches};
use helmd_action::helm_text;
use helmd_chart::HelmMajor;
use helmd_http::{Http, HttpSettings, Request};
use helmd_repo::local::go_text;
use helmd_values::strvals::{self, Form};
use helmd_values::{Values, merge_maps};
use std::io::Read;

/// A values file from a URL may have this many bytes.
const MAX_FETCHED_BYTES: u64 = 16 << 20;

/// The flags that give values.
pub fn flags() -> Vec<Flag> {
    vec![
        Flag::new("values", Kind::Csv, "values in a YAML file, a URL, or - for standard input; may be repeated")
            .short('f'),
        Flag::new("set", Kind::List, "values: key1=val1,key2=val2; may be repeated"),
        Flag::new("set-file", Kind::List, "values from files: key1=path1,key2=path2; may be repeated"),
        Flag::new("set-json", Kind::List, "JSON values: key1=json1,key2=json2 or one object; may be repeated"),
        Flag::new("set-literal", Kind::List, "one value as it stands: key=text; may be repeated"),
        Flag::new("set-string", Kind::List, "values that stay texts: key1=val1,key2=val2; may be repeated"),
    ]
}

/// The values of all flags, merged: files in order, then `--set-json`, `--set`, `--set-string`, `--set-file`,
/// `--set-literal`.
///
/// # Errors
/// Helm's sentence for the first source that cannot be read.
pub fn merge(matches: &Matches, helm: HelmMajor) -> Result<Values, String> {
    let mut base = Values::new();
    for path in matches.list("values") {
        let text = read_file(path)?;
        let parsed =
            helmd_chart::parse_values(&text, helm).map_err(|e| format!("failed to parse {path}: {}", helm_text(&e)))?;
        base = merge_maps(&base, &parsed);
    }
    for text in matches.list("set-json") {
        base = set_json(base, text, helm)?;
    }
    for text in matches.list("set") {
        strvals::parse(helm, Form::Typed, text, &mut base).map_err(|e| format!("failed parsing --set data: {e}"))?;
    }
    for text in matches.list("set-string") {
        strvals::parse(helm, Form::Text, text, &mut base)
            .map_err(|e| format!("failed parsing --set-string data: {e}"))?;
    }
    for text in matches.list("set-file") {
        let mut reader = |path: &str| read_file(path).map(gotmpl::value::carried);
        strvals::parse(helm, Form::File(&mut reader), text, &mut base)
            .map_err(|e| format!("failed parsing --set-file data: {e}"))?;
    }
    for text in matches.list("set-literal") {
        strvals::parse(helm, Form::Literal, text, &mut base)
            .map_err(|e| format!("failed parsing --set-literal data: {e}"))?;
    }
    Ok(base)
}

fn set_json(mut base: Values, text: &str, helm: HelmMajor) -> Result<Values, String> {
    if helm == HelmMajor::Helm4 && text.trim().starts_with('{') {
        return match gotmpl::json::parse(text.trim().as_bytes()) {
            Ok(serde_json::Value::Object(map)) => Ok(merge_maps(&base, &map)),
            _ => Err(format!("failed parsing --set-json data JSON: {text}")),
        };
    }
    strvals::parse(helm, Form::Json, text, &mut base).map_err(|_| format!("failed parsing --set-json data {text}"))?;
    Ok(base)
}

/// A file's bytes, those of an http(s) URL, or standard input for `-`.
fn read_file(path: &str) -> Result<Vec<u8>, String> {
    if path.trim() == "-" {
        let mut text = Vec::new();
        std::io::stdin().read_to_end(&mut text).map_err(|e| format!("reading standard input: {e}"))?;
        return Ok(text);
    }
    if let Some(("http" | "https", _)) = path.split_once("://") {
        let request = Request { limit_bytes: MAX_FETCHED_BYTES, ..Request::get(path) };
        let http = Http::new(HttpSettings::default());
        return wait(http.get(request))?.map(|bytes| bytes.to_vec()).map_err(|e| helm_text(&e));
    }
    std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::IsADirectory => format!("read {path}: is a directory"),
        _ => format!("open {path}: {}", go_text(&e)),
    })
}
