//! `-f`, `--set` and its family: the flags, and their merge in Helm's order.

use clap::Args;
use helmd_action::helm_text;
use helmd_chart::HelmMajor;
use helmd_values::strvals::{self, Form};
use helmd_values::{Values, merge_maps};
use std::io::Read;

/// Where the user's values come from.
#[derive(Args, Debug, Default)]
pub struct ValueFlags {
    /// specify values in a YAML file or a URL (can specify multiple)
    #[arg(short = 'f', long = "values", value_name = "FILE", value_delimiter = ',')]
    pub files: Vec<String>,
    /// set values on the command line (can specify multiple or separate values with commas: key1=val1,key2=val2)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// set STRING values on the command line (can specify multiple or separate values with commas: key1=val1,key2=val2)
    #[arg(long, value_name = "KEY=VALUE")]
    pub set_string: Vec<String>,
    /// set values from respective files specified via the command line (can specify multiple or separate values with commas: key1=path1,key2=path2)
    #[arg(long, value_name = "KEY=PATH")]
    pub set_file: Vec<String>,
    /// set JSON values on the command line (can specify multiple or separate values with commas: key1=jsonval1,key2=jsonval2 or using json format: {"key1": jsonval1, "key2": "jsonval2"})
    #[arg(long, value_name = "JSON")]
    pub set_json: Vec<String>,
    /// set a literal STRING value on the command line
    #[arg(long, value_name = "KEY=VALUE")]
    pub set_literal: Vec<String>,
}

impl ValueFlags {
    /// The values of all flags, merged: files in order, then `--set-json`, `--set`, `--set-string`, `--set-file`,
    /// `--set-literal`.
    ///
    /// # Errors
    /// Helm's sentence for the first source that cannot be read.
    pub fn merge(&self, helm: HelmMajor) -> Result<Values, String> {
        let mut base = Values::new();
        for path in &self.files {
            let text = read_file(path)?;
            let parsed = helmd_chart::parse_values(&text, helm)
                .map_err(|e| format!("failed to parse {path}: {}", helm_text(&e)))?;
            base = merge_maps(&base, &parsed);
        }
        for text in &self.set_json {
            base = set_json(base, text, helm)?;
        }
        for text in &self.set {
            strvals::parse(helm, Form::Typed, text, &mut base)
                .map_err(|e| format!("failed parsing --set data: {e}"))?;
        }
        for text in &self.set_string {
            strvals::parse(helm, Form::Text, text, &mut base)
                .map_err(|e| format!("failed parsing --set-string data: {e}"))?;
        }
        for text in &self.set_file {
            let mut reader = |path: &str| read_file(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            strvals::parse(helm, Form::File(&mut reader), text, &mut base)
                .map_err(|e| format!("failed parsing --set-file data: {e}"))?;
        }
        for text in &self.set_literal {
            strvals::parse(helm, Form::Literal, text, &mut base)
                .map_err(|e| format!("failed parsing --set-literal data: {e}"))?;
        }
        Ok(base)
    }
}

fn set_json(mut base: Values, text: &str, helm: HelmMajor) -> Result<Values, String> {
    if text.trim().starts_with('{') {
        return match gotmpl::json::parse(text.trim().as_bytes()) {
            Ok(serde_json::Value::Object(map)) => Ok(merge_maps(&base, &map)),
            _ => Err(format!("failed parsing --set-json data JSON: {text}")),
        };
    }
    strvals::parse(helm, Form::Json, text, &mut base).map_err(|_| format!("failed parsing --set-json data {text}"))?;
    Ok(base)
}

/// A file's bytes, or standard input for `-`.
fn read_file(path: &str) -> Result<Vec<u8>, String> {
    if path.trim() == "-" {
        let mut text = Vec::new();
        std::io::stdin().read_to_end(&mut text).map_err(|e| format!("reading standard input: {e}"))?;
        return Ok(text);
    }
    std::fs::read(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => format!("open {path}: no such file or directory"),
        std::io::ErrorKind::PermissionDenied => format!("open {path}: permission denied"),
        std::io::ErrorKind::IsADirectory => format!("read {path}: is a directory"),
        _ => format!("open {path}: {e}"),
    })
}
