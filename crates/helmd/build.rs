//! How the program is linked.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Functions in the order in which `helmd template` comes to them; `benches/link-order` writes it. Names that are not there
/// any more do no harm.
const ORDER: &str = "link-order.txt";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={ORDER}");
    if setting("CARGO_CFG_TARGET_OS") != "linux" || setting("CARGO_CFG_TARGET_ENV") != "gnu" {
        return;
    }
    // The unwinder comes from the C compiler's archive: one library less to find, map and relocate at each start.
    println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    if setting("PROFILE") == "release" && links_with_lld() {
        // What runs lies together: the system maps a program in pieces of 64 kB, and counts them as memory.
        let file = Path::new(&setting("CARGO_MANIFEST_DIR")).join(ORDER);
        println!("cargo:rustc-link-arg-bin=helmd=-Wl,--symbol-ordering-file={}", file.display());
        println!("cargo:rustc-link-arg-bin=helmd=-Wl,--no-warn-symbol-ordering");
    }
}

/// Whether the compiler takes the linker that it brings along: other linkers do not know the option.
fn links_with_lld() -> bool {
    let chosen = setting("RUSTC_LINKER") + &setting("CARGO_ENCODED_RUSTFLAGS");
    let target = setting("TARGET");
    if target != "x86_64-unknown-linux-gnu" || chosen.contains("link") || chosen.contains("ld") {
        return false;
    }
    let Ok(asked) = Command::new(setting("RUSTC")).args(["--print", "sysroot"]).output() else { return false };
    let sysroot = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
    sysroot.join("lib/rustlib").join(target).join("bin/gcc-ld/ld.lld").exists()
}

#[expect(clippy::disallowed_methods, reason = "so cargo speaks to a build script")]
fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
