//! Runs a sandbox until Ctrl-C: `sandbox PORT KUBECONFIG`.

use std::{net::SocketAddr, path::Path, process::ExitCode};

use helmd_sandbox::{Sandbox, SandboxOptions};

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "an example for the command line")]
#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(port), Some(path)) = (arguments.next().and_then(|p| p.parse().ok()), arguments.next()) else {
        eprintln!("usage: sandbox PORT KUBECONFIG");
        return ExitCode::FAILURE;
    };
    let options = SandboxOptions { addr: SocketAddr::from(([127, 0, 0, 1], port)), ..SandboxOptions::default() };
    let sandbox = match Sandbox::start(options).await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if let Err(error) = sandbox.write_kubeconfig(Path::new(&path)) {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    println!("{}\nexport KUBECONFIG={path}", sandbox.url());
    let _ = tokio::signal::ctrl_c().await;
    sandbox.shutdown().await;
    ExitCode::SUCCESS
}
