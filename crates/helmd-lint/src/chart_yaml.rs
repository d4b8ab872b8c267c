//! Rules for `Chart.yaml`.

use crate::address;
use crate::message::{Linter, Severity};
use gotmpl::strconv::quote;
use helmd_chart::{HelmMajor, Metadata, MetadataDraft, error_text};
use helmd_semver::{Constraints, Version};
use helmd_yaml::Numbers;
use serde_json::Value as Json;

const FILE: &str = "Chart.yaml";

/// A rule on the metadata.
type Rule = fn(&MetadataDraft) -> Result<(), String>;

pub(crate) fn lint(linter: &mut Linter<'_>) {
    let (folder, helm) = (linter.folder, linter.helm());
    if folder.chart_yaml_is_folder {
        linter.check(Severity::Error, FILE, Err("should be a file, not a directory".to_owned()));
    }
    let parsed = folder.chart_yaml.as_ref().map_err(Clone::clone);
    let parsed = parsed.and_then(|text| match Metadata::parse(text, helm) {
        Ok(draft) => Ok((text, draft)),
        Err(e) => Err(error_text(&e)),
    });
    let (text, draft) = match parsed {
        Ok(parsed) => parsed,
        Err(text) => {
            linter.check(Severity::Error, FILE, Err(format!("unable to parse YAML\n\t{text}")));
            return;
        }
    };
    if helm == HelmMajor::Helm4
        && let Err(e) = Metadata::parse_strict(text, helm)
    {
        let text = format!("failed to strictly parse chart metadata file\n\t{}", error_text(&e));
        linter.check(Severity::Warning, FILE, Err(text));
    }
    let plain = helmd_yaml::parse(text, Numbers::Float64).unwrap_or_default();
    let mut check = |severity, result| linter.check(severity, FILE, result);
    let rules: [Rule; 2] = [name, api_version];
    for rule in rules {
        check(Severity::Error, rule(&draft));
    }
    check(Severity::Error, is_text(&plain, "version"));
    check(Severity::Error, version(&draft));
    check(Severity::Error, is_text(&plain, "appVersion"));
    let rules: [Rule; 2] = [maintainers, sources];
    for rule in rules {
        check(Severity::Error, rule(&draft));
    }
    check(Severity::Info, icon_is_there(&draft));
    let rules: [Rule; 3] = [icon, chart_type, dependencies];
    for rule in rules {
        check(Severity::Error, rule(&draft));
    }
    if helm == HelmMajor::Helm4 {
        check(Severity::Warning, strict_version(&draft));
    }
}

/// A field that must be text where it is given.
fn is_text(chart_yaml: &Json, key: &str) -> Result<(), String> {
    let found = match chart_yaml.get(key) {
        None | Some(Json::String(_)) => return Ok(()),
        Some(Json::Null) => "<nil>",
        Some(Json::Bool(_)) => "bool",
        Some(Json::Number(_)) => "float64",
        Some(Json::Array(_)) => "[]interface {}",
        Some(Json::Object(_)) => "map[string]interface {}",
    };
    Err(format!("{key} should be of type string but it's of type {found}"))
}

/// Go's `filepath.Base`.
fn base(name: &str) -> &str {
    let trimmed = name.trim_end_matches('/');
    match (name.is_empty(), trimmed.rsplit('/').next()) {
        (true, _) => ".",
        (false, None | Some("")) => "/",
        (false, Some(last)) => last,
    }
}

fn name(draft: &MetadataDraft) -> Result<(), String> {
    let name = draft.fields_as_written().name.as_str();
    if name.is_empty() {
        return Err("name is required".to_owned());
    }
    if base(name) != name {
        return Err(format!("chart name {} is invalid", quote(name.as_bytes())));
    }
    Ok(())
}

fn api_version(draft: &MetadataDraft) -> Result<(), String> {
    const CHOICE: &str = "The value must be either \"v1\" or \"v2\"";
    match draft.api_version() {
        "v1" | "v2" => Ok(()),
        "" => Err(format!("apiVersion is required. {CHOICE}")),
        other => Err(format!("apiVersion '{other}' is not valid. {CHOICE}")),
    }
}

fn version(draft: &MetadataDraft) -> Result<(), String> {
    let text = draft.fields_as_written().version.as_str();
    if text.is_empty() {
        return Err("version is required".to_owned());
    }
    let Ok(version) = Version::parse(text) else {
        return Err(format!("version '{text}' is not a valid SemVer"));
    };
    let constraint = Constraints::parse(">0.0.0-0").map_err(|e| error_text(&e))?;
    let (valid, reasons) = constraint.validate(&version);
    match reasons.first() {
        Some(reason) if !valid => Err(format!("version {reason}")),
        _ => Ok(()),
    }
}

fn strict_version(draft: &MetadataDraft) -> Result<(), String> {
    let text = draft.fields_as_written().version.as_str();
    match Version::parse_strict(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("version '{text}' is not a valid SemVerV2")),
    }
}

fn maintainers(draft: &MetadataDraft) -> Result<(), String> {
    for maintainer in draft.maintainers() {
        let Some(maintainer) = maintainer else { return Err("a maintainer entry is empty".to_owned()) };
        let (name, email, url) = (&maintainer.name, &maintainer.email, &maintainer.url);
        if name.is_empty() {
            return Err("each maintainer requires a name".to_owned());
        }
        if !email.is_empty() && !address::is_email(email) {
            return Err(format!("invalid email '{email}' for maintainer '{name}'"));
        }
        if !url.is_empty() && !address::is_url(url) {
            return Err(format!("invalid url '{url}' for maintainer '{name}'"));
        }
    }
    Ok(())
}

fn sources(draft: &MetadataDraft) -> Result<(), String> {
    let sources = &draft.fields_as_written().sources;
    match sources.iter().find(|source| !sprig::url::is_request_url(source.as_bytes())) {
        Some(source) => Err(format!("invalid source URL '{source}'")),
        None => Ok(()),
    }
}

fn icon_is_there(draft: &MetadataDraft) -> Result<(), String> {
    if draft.fields_as_written().icon.is_empty() { Err("icon is recommended".to_owned()) } else { Ok(()) }
}

fn icon(draft: &MetadataDraft) -> Result<(), String> {
    let icon = &draft.fields_as_written().icon;
    if icon.is_empty() || sprig::url::is_request_url(icon.as_bytes()) {
        return Ok(());
    }
    Err(format!("invalid icon URL '{icon}'"))
}

fn chart_type(draft: &MetadataDraft) -> Result<(), String> {
    let api_version = draft.api_version();
    if draft.fields_as_written().chart_type.is_empty() || api_version == "v2" {
        return Ok(());
    }
    Err(format!("chart type is not valid in apiVersion '{api_version}'. It is valid in apiVersion 'v2'"))
}

fn dependencies(draft: &MetadataDraft) -> Result<(), String> {
    let api_version = draft.api_version();
    if draft.dependencies().is_empty() || api_version == "v2" {
        return Ok(());
    }
    Err(format!(
        "dependencies are not valid in the Chart file with apiVersion '{api_version}'. They are valid in apiVersion 'v2'"
    ))
}
