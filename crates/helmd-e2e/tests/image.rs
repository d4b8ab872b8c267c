//! The container image, made without an engine: it is unpacked, started as its own user, and answers.

use helmd_e2e::Setup;
use std::path::Path;
use std::process::Command;

#[test]
fn the_image_answers() {
    let Some(setup) = Setup::find(false) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (binary, archive) = (folder.path().join("helmd"), folder.path().join("image.tar"));
    // What debuggers read would make the image larger than it may be.
    let stripped = Command::new("strip").arg("-o").arg(&binary).arg(&setup.helmd).status();
    if !stripped.is_ok_and(|status| status.success()) {
        std::fs::copy(&setup.helmd, &binary).unwrap();
    }
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let run = |command: &mut Command| {
        let out = command.current_dir(&top).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{said}");
        said
    };
    run(Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "xtask", "--", "image"])
        .args([&binary, &archive]));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let said = run(Command::new(top.join("e2e/image")).arg(&archive).arg(port.to_string()));
    if said.contains("skipped: ") {
        return Setup::missing("podman, runc or chroot");
    }
    assert!(said.contains("the image answers on port") && said.contains("as user 10001:10001"), "{said}");
}
