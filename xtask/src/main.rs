//! `cargo run -p xtask -- deps`: each crate uses lower layers only (ARCHITECTURE.md). `… image BINARY OUT.tar`: the container image.
#![expect(clippy::print_stdout, reason = "a command that prints what it finds")]

mod image;

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::process::Command;

/// The layers from top to bottom; a crate may use crates of lower lines only.
const LAYERS: &[&[&str]] = &[
    &["helmd-e2e"],
    &["helmd", "helmd-testkit", "helmd-bench", "helmd-differential"],
    &["helmd-fuzz"],
    &["helmd-server", "helmd-sandbox"],
    &["helmd-action"],
    &["helmd-storage", "helmd-store"],
    &["helmd-kube", "helmd-repo", "helmd-lint"],
    &["helmd-registry"],
    &["helmd-plan", "helmd-engine"],
    &["helmd-release", "helmd-index", "helmd-http", "helmd-provenance"],
    &["helmd-values"],
    &["helmd-chart"],
    &["helmd-yaml", "helmd-sprig"],
    &["helmd-semver"],
    &["helmd-gotmpl"],
];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["deps"] => deps(&metadata()?),
        ["image", binary, out] => image::run(binary.as_ref(), out.as_ref()),
        ["rootfs", binary, folder] => image::unpack(binary.as_ref(), folder.as_ref()),
        _ => bail!("usage: xtask deps | xtask image BINARY OUT.tar | xtask rootfs BINARY FOLDER"),
    }
}

fn metadata() -> Result<Json> {
    let arguments = ["metadata", "--format-version", "1", "--locked", "--no-deps"];
    let out = Command::new("cargo").args(arguments).output().context("running cargo metadata")?;
    if !out.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&out.stderr));
    }
    Ok(serde_json::from_slice(&out.stdout)?)
}

fn packages(metadata: &Json) -> impl Iterator<Item = &Json> {
    metadata["packages"].as_array().into_iter().flatten()
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json[key].as_str().unwrap_or_default()
}

fn deps(metadata: &Json) -> Result<()> {
    let layer: BTreeMap<&str, usize> =
        LAYERS.iter().enumerate().flat_map(|(n, names)| names.iter().map(move |name| (*name, n))).collect();
    let mut wrong = Vec::new();
    let mut arrows = 0;
    for package in packages(metadata) {
        let name = text(package, "name");
        if name == "xtask" {
            continue;
        }
        let Some(mine) = layer.get(name) else {
            wrong.push(format!("{name} is in no layer: add it to xtask and ARCHITECTURE.md"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let other = text(dependency, "name");
            // Test helpers may look upwards: they are no part of what is built.
            if dependency["kind"] == "dev" {
                continue;
            }
            if let Some(theirs) = layer.get(other) {
                arrows += 1;
                if theirs <= mine {
                    wrong.push(format!("{name} uses {other}, which is not below it"));
                }
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    println!("{arrows} arrows between crates, all downwards");
    Ok(())
}
