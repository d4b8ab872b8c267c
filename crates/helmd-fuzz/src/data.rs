//! Charts, archives, stored releases, command line values, versions, names.

use crate::parts;
use flate2::{Compression, GzBuilder};
use helmd_chart::{ArchiveLimits, File, HelmMajor, ignore};
use helmd_release::{Order, sort_manifests, split_manifests};
use helmd_semver::{Constraints, Version};
use helmd_values::strvals::{self, Form};
use helmd_values::{SchemaCheck, process_dependencies, render_values};
use std::io::Write;

/// `--set` in all its forms, over the values behind the first zero byte.
pub(crate) fn strvals(data: &[u8]) {
    let [text, base] = parts(data);
    let text = String::from_utf8_lossy(text);
    let base: serde_json::Map<_, _> = serde_json::from_slice(base).unwrap_or_default();
    for helm in [HelmMajor::Helm3, HelmMajor::Helm4] {
        let mut reader = |path: &str| Ok(path.to_owned());
        for form in [Form::Typed, Form::Text, Form::Json, Form::Literal, Form::File(&mut reader)] {
            let _may_fail = strvals::parse(helm, form, &text, &mut base.clone());
        }
    }
}

/// A version and a constraint.
pub(crate) fn semver(data: &[u8]) {
    let [version, constraint] = parts(data).map(String::from_utf8_lossy);
    let constraints = Constraints::parse(&constraint);
    if let Ok(strict) = Version::parse_strict(&version) {
        let loose = Version::parse(&version);
        assert!(loose.is_ok_and(|v| v.compare(&strict).is_eq()), "a strict version is a loose one");
    }
    let Ok(version) = Version::parse(&version) else { return };
    assert!(version.compare(&version).is_eq(), "a version equals itself");
    let again = Version::parse(&version.to_string());
    assert!(again.is_ok_and(|v| v.compare(&version).is_eq()), "a version that was printed reads as the same");
    let _may_fail = (version.inc_major(), version.inc_minor(), version.inc_patch());
    if let Ok(constraints) = constraints {
        let (valid, reasons) = constraints.validate(&version);
        assert_eq!(valid, constraints.check(&version), "check and validate disagree");
        assert_eq!(valid, reasons.is_empty() || valid, "a refusal has a reason");
    }
}

/// Limits that keep one input fast.
fn limits() -> ArchiveLimits {
    ArchiveLimits { total_bytes: 1 << 20, file_bytes: 1 << 20, entries: 200, depth: 8 }
}

/// An archive: the bytes themselves, and the bytes as the tar inside of one.
pub(crate) fn archive(data: &[u8]) {
    let _may_fail = helmd_chart::load_archive(data, &limits(), HelmMajor::Helm4);
    let mut packed = GzBuilder::new().write(Vec::new(), Compression::fast());
    let Ok(()) = packed.write_all(data) else { return };
    let Ok(packed) = packed.finish() else { return };
    for helm in [HelmMajor::Helm3, HelmMajor::Helm4] {
        let _may_fail = helmd_chart::load_archive(&packed, &limits(), helm);
    }
}

/// A chart of some files: `Chart.yaml`, values, a subchart's files, the user's values, `.helmignore`.
pub(crate) fn chart(data: &[u8]) {
    let [about, values, sub, sub_values, user, rules] = parts(data);
    let file = |name: &str, text: &[u8]| File::new(name, text.to_vec());
    let mut files = vec![file("Chart.yaml", about), file("values.yaml", values)];
    if !sub.is_empty() {
        files.extend([file("charts/sub/Chart.yaml", sub), file("charts/sub/values.yaml", sub_values)]);
    }
    if let Ok(rules) = ignore::Rules::parse(rules) {
        files.retain(|f| !rules.ignores(&f.name, false));
    }
    for helm in [HelmMajor::Helm3, HelmMajor::Helm4] {
        let Ok(mut chart) = helmd_chart::load_files(files.clone(), helm) else { continue };
        let _may_fail = chart.validate();
        let user = helmd_yaml::parse_object(user, helmd_yaml::Numbers::Float64).unwrap_or_default();
        if process_dependencies(&mut chart, &user, helm, &mut Vec::new()).is_err() {
            continue;
        }
        let _may_fail = render_values(&chart, &user, SchemaCheck::Validate, helm, &mut Vec::new());
    }
}

/// A stored release: the text of a Secret's field, and the JSON inside of one.
pub(crate) fn release(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _may_fail = helmd_release::decode(text);
    }
    let Ok(release) = helmd_release::decode_json(data) else { return };
    for helm in [HelmMajor::Helm3, HelmMajor::Helm4] {
        let Ok(text) = helmd_release::encode(&release, helm) else { continue };
        assert!(helmd_release::decode(&text).is_ok(), "a release that was written can be read");
    }
}

/// Rendered text: documents, kinds, hooks.
pub(crate) fn manifests(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    for helm in [HelmMajor::Helm3, HelmMajor::Helm4] {
        let _documents = split_manifests(&text, helm);
        let files = [("c/templates/t.yaml".to_owned(), text.clone())].into();
        let _may_fail = sort_manifests(&files, Order::Install, helm);
        let _may_fail = helmd_release::uninstall_info(&text, helm);
    }
}

/// Names of releases and charts, Kubernetes versions, patterns of paths.
pub(crate) fn names(data: &[u8]) {
    let [name, path] = parts(data).map(String::from_utf8_lossy);
    let _may_fail = helmd_chart::names::validate_release_name(&name);
    let _may_fail = helmd_chart::names::validate_chart_name(&name);
    let _may_fail = helmd_chart::glob::matches(&name, &path);
    for helm in [HelmMajor::Helm3, HelmMajor::Helm4] {
        let _may_fail = helmd_values::KubeVersion::parse(&name, helm);
    }
}
