//! How the program is linked.
#![expect(clippy::disallowed_methods, reason = "cargo tells a build script about the target by variables")]

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| var(name).is_ok_and(|v| v == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        // The unwinder comes from the C compiler's archive: one library less to find, map and relocate at each start.
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}
