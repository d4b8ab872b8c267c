//! `xtask image BINARY OUT.tar`: the container image as an OCI archive, made without a container engine.
//!
//! It holds what the program needs and nothing else: the program, the shared libraries that it is linked with as this machine has
//! them, the certificates of public authorities, a user without rights. Equal inputs give equal archives.

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use tar::{Builder, EntryType, Header};

/// Where the program lies in the image.
const PROGRAM: &str = "usr/local/bin/helmd";
/// Its second name, where helm-wrapper's image has its program.
const WRAPPER: &str = "helm-wrapper";
/// The user: without rights, and of no name elsewhere.
const USER: u64 = 10001;
/// Largest archive that is made.
const MAX_BYTES: usize = 40_000_000;

/// Certificates of public authorities, where distributions keep them.
const CERTIFICATES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Writes the archive of a program.
pub fn run(binary: &Path, out: &Path) -> Result<()> {
    let layer = layer(binary)?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&layer)?;
    let packed = gzip.finish()?;
    let config = serde_json::to_vec(&config(&digest(&layer)))?;
    let manifest = serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &packed)],
    }))?;
    let mut named = descriptor("application/vnd.oci.image.manifest.v1+json", &manifest);
    let tag = env!("CARGO_PKG_VERSION");
    named["platform"] = json!({"architecture": architecture(), "os": "linux"});
    named["annotations"] = json!({
        "org.opencontainers.image.ref.name": tag,
        "io.containerd.image.name": format!("docker.io/library/helmd:{tag}"),
    });
    let index =
        json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [named]});
    let mut archive = Builder::new(Vec::new());
    file(&mut archive, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#, 0o644)?;
    file(&mut archive, "index.json", &serde_json::to_vec(&index)?, 0o644)?;
    for blob in [&manifest, &config, &packed] {
        file(&mut archive, &format!("blobs/sha256/{}", digest(blob)), blob, 0o644)?;
    }
    let archive = archive.into_inner()?;
    std::fs::write(out, &archive).with_context(|| format!("writing {}", out.display()))?;
    println!("{}: {:.1} MB, {:.1} MB unpacked", out.display(), megabytes(archive.len()), megabytes(layer.len()));
    if archive.len() > MAX_BYTES {
        bail!("the image is larger than {} MB: build the program with --release", MAX_BYTES / 1_000_000);
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn config(layer: &str) -> Json {
    json!({
        "architecture": architecture(),
        "os": "linux",
        "config": {
            "User": format!("{USER}:{USER}"),
            "ExposedPorts": {"8080/tcp": {}},
            "Env": ["PATH=/usr/local/bin", "HOME=/home/helmd", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
            "Entrypoint": [format!("/{PROGRAM}")],
            "WorkingDir": "/home/helmd",
            "Labels": {
                "org.opencontainers.image.title": "helmd",
                "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
                "org.opencontainers.image.licenses": "Apache-2.0",
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer}")]},
        "history": [{"created_by": "xtask image"}],
    })
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn descriptor(kind: &str, bytes: &[u8]) -> Json {
    json!({"mediaType": kind, "digest": format!("sha256:{}", digest(bytes)), "size": bytes.len()})
}

/// Writes the root file system into a folder.
pub fn unpack(binary: &Path, folder: &Path) -> Result<()> {
    let mut archive = tar::Archive::new(std::io::Cursor::new(layer(binary)?));
    archive.set_preserve_permissions(true);
    archive.set_preserve_ownerships(true);
    archive.unpack(folder).with_context(|| format!("writing {}", folder.display()))
}

/// The root file system.
fn layer(binary: &Path) -> Result<Vec<u8>> {
    let mut layer = Builder::new(Vec::new());
    let libraries = libraries(binary)?;
    let mut folders: Vec<PathBuf> =
        ["etc/ssl/certs", "home", "usr/local/bin", "proc", "sys", "dev"].map(PathBuf::from).to_vec();
    folders.extend(libraries.iter().filter_map(|path| Some(inside(path).parent()?.to_owned())));
    let mut all: Vec<PathBuf> = folders.iter().flat_map(|folder| folder.ancestors().map(Path::to_owned)).collect();
    all.retain(|folder| !folder.as_os_str().is_empty());
    all.sort();
    all.dedup();
    for path in &all {
        folder(&mut layer, path, 0o755, 0)?;
    }
    folder(&mut layer, Path::new("tmp"), 0o1777, 0)?;
    folder(&mut layer, Path::new("home/helmd"), 0o750, USER)?;
    let passwd = format!("root:x:0:0:root:/:/nowhere\nhelmd:x:{USER}:{USER}:helmd:/home/helmd:/nowhere\n");
    file(&mut layer, "etc/passwd", passwd.as_bytes(), 0o644)?;
    file(&mut layer, "etc/group", format!("root:x:0:\nhelmd:x:{USER}:\n").as_bytes(), 0o644)?;
    file(&mut layer, "etc/nsswitch.conf", b"hosts: files dns\n", 0o644)?;
    let certificates = CERTIFICATES.iter().find_map(|path| std::fs::read(path).ok());
    let certificates =
        certificates.context("the certificates of public authorities are missing: install ca-certificates")?;
    file(&mut layer, "etc/ssl/certs/ca-certificates.crt", &certificates, 0o644)?;
    for library in &libraries {
        // The names are those by which the program asks; what they lead to is what is copied.
        let content = std::fs::read(library).with_context(|| format!("reading {}", library.display()))?;
        file(&mut layer, &inside(library).display().to_string(), &content, 0o755)?;
    }
    let program = std::fs::read(binary).with_context(|| format!("reading {}", binary.display()))?;
    file(&mut layer, PROGRAM, &program, 0o755)?;
    for link in [WRAPPER, "usr/local/bin/helm-wrapper"] {
        let mut header = header(EntryType::Symlink, 0, 0o777, 0);
        layer.append_link(&mut header, link, format!("/{PROGRAM}"))?;
    }
    Ok(layer.into_inner()?)
}

fn inside(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

/// The shared libraries of a program, and what loads them; none of a program that is linked statically.
fn libraries(binary: &Path) -> Result<Vec<PathBuf>> {
    let out = Command::new("ldd").arg(binary).output().context("running ldd")?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    if ["not a dynamic executable", "statically linked"].iter().any(|words| text.contains(words)) {
        return Ok(Vec::new());
    }
    if !out.status.success() || text.contains("not found") {
        bail!("ldd {}: {}", binary.display(), text.trim());
    }
    // `name => /path (0x…)`, or `/path (0x…)` of the loader.
    let path = |line: &str| line.split_whitespace().find(|word| word.starts_with('/')).map(PathBuf::from);
    let mut found: Vec<PathBuf> = text.lines().filter_map(path).collect();
    found.sort();
    found.dedup();
    Ok(found)
}

fn header(kind: EntryType, size: usize, mode: u32, owner: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_mode(mode);
    header.set_uid(owner);
    header.set_gid(owner);
    header.set_mtime(0);
    header
}

fn file(archive: &mut Builder<Vec<u8>>, path: &str, content: &[u8], mode: u32) -> Result<()> {
    let mut header = header(EntryType::Regular, content.len(), mode, 0);
    archive.append_data(&mut header, path, content).with_context(|| format!("adding {path}"))
}

fn folder(archive: &mut Builder<Vec<u8>>, path: &Path, mode: u32, owner: u64) -> Result<()> {
    let mut header = header(EntryType::Directory, 0, mode, owner);
    archive.append_data(&mut header, path, std::io::empty()).with_context(|| format!("adding {}", path.display()))
}
