//! `helmd demo`: the first run. The server on the sandbox, a sample chart uploaded and installed over HTTP, and what to try next.

use crate::serve::{self, Ask, LogArgs, ServeArgs};
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value as Json, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Flags of the demo.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// server listen port; 0 takes a free one
    #[arg(long, default_value = "8080")]
    port: String,
    /// where to write the sandbox's kubeconfig, for kubectl and helm
    #[arg(long, value_name = "FILE", default_value = "sandbox.kubeconfig")]
    kubeconfig: PathBuf,
    /// install the sample, print what happened, and end
    #[arg(long)]
    once: bool,
}

/// The sample chart's files.
const SAMPLE: &[(&str, &str)] = &[
    ("Chart.yaml", include_str!("../../../charts/hello/Chart.yaml")),
    ("values.yaml", include_str!("../../../charts/hello/values.yaml")),
    ("values.schema.json", include_str!("../../../charts/hello/values.schema.json")),
    ("README.md", include_str!("../../../charts/hello/README.md")),
    ("templates/_helpers.tpl", include_str!("../../../charts/hello/templates/_helpers.tpl")),
    ("templates/NOTES.txt", include_str!("../../../charts/hello/templates/NOTES.txt")),
    ("templates/configmap.yaml", include_str!("../../../charts/hello/templates/configmap.yaml")),
    ("templates/deployment.yaml", include_str!("../../../charts/hello/templates/deployment.yaml")),
    ("templates/service.yaml", include_str!("../../../charts/hello/templates/service.yaml")),
    ("templates/ingress.yaml", include_str!("../../../charts/hello/templates/ingress.yaml")),
    ("templates/prepare.yaml", include_str!("../../../charts/hello/templates/prepare.yaml")),
    ("templates/tests/reachable.yaml", include_str!("../../../charts/hello/templates/tests/reachable.yaml")),
];

const ARCHIVE: &str = "hello-0.1.0.tgz";
const RELEASE: &str = "/api/namespaces/demo/releases/hello";

/// Runs the demo.
pub fn run(args: &DemoArgs) -> Result<()> {
    let folder = tempfile::tempdir().context("making a folder for uploads")?;
    let config = folder.path().join("config.yaml");
    std::fs::write(&config, format!("uploadPath: {}\n", folder.path().join("charts").display()))?;
    let serve_args = ServeArgs {
        port: args.port.clone(),
        config: Some(config),
        sandbox: true,
        sandbox_kubeconfig: Some(args.kubeconfig.clone()),
        logs: LogArgs { log_format: "text".to_owned(), quiet: true, ..LogArgs::default() },
        lease_duration: helmd_action::LEASE_DURATION,
        ..ServeArgs::default()
    };
    serve_args.logs.init(false)?;
    serve::runtime()?.block_on(async {
        let started = serve::start(&serve_args, Ask::Signal).await?;
        show(started.address, args).await?;
        if args.once {
            return Ok(());
        }
        println!("The server stays up; Ctrl-C ends it.");
        started.finished.await.context("the server ended by a fault")??;
        Ok(())
    })
}

async fn show(server: SocketAddr, args: &DemoArgs) -> Result<()> {
    let base = format!("http://{server}");
    println!();
    println!("helmd listens on {base}, on a sandbox in its own memory (no cluster, nothing is run).");
    upload(server, &archive()?).await?;
    println!("  uploaded   {ARCHIVE}                     POST /api/charts/upload");
    let body = json!({"create_namespace": true, "wait": true, "timeout": "60s"});
    call(server, "POST", &format!("{RELEASE}?chart={ARCHIVE}"), Some(&body)).await?;
    println!("  installed  release hello, namespace demo       POST {RELEASE}?chart={ARCHIVE}");
    let status = call(server, "GET", &format!("{RELEASE}/status"), None).await?;
    let text = |key: &str| status[key].as_str().unwrap_or_default().to_owned();
    println!(
        "  status     {}, revision {}, chart {}-{}",
        text("status"),
        text("revision"),
        text("chart"),
        text("chart_version")
    );
    println!();
    for line in text("notes").lines() {
        println!("  | {line}");
    }
    println!();
    println!("Try next:");
    println!("  curl -s {base}/api/namespaces/demo/releases");
    println!("  curl -s -X PUT '{base}{RELEASE}?chart={ARCHIVE}' -d '{{\"set\":[\"replicaCount=3\"],\"wait\":true}}'");
    println!("  KUBECONFIG={} kubectl get deployments,pods -n demo", args.kubeconfig.display());
    println!();
    Ok(())
}

/// The sample chart as `helm package` would give it.
fn archive() -> Result<Vec<u8>> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut tar = tar::Builder::new(gzip);
    for (path, text) in SAMPLE {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, format!("hello/{path}"), text.as_bytes())?;
    }
    Ok(tar.into_inner()?.finish()?)
}

async fn upload(server: SocketAddr, archive: &[u8]) -> Result<()> {
    const BOUNDARY: &str = "helmd-demo-boundary";
    let mut body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"chart\"; filename=\"{ARCHIVE}\"\r\n\
         Content-Type: application/gzip\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(archive);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    envelope(&send(server, "POST", "/api/charts/upload", (&kind, &body)).await?).map(drop)
}

async fn call(server: SocketAddr, method: &str, path: &str, body: Option<&Json>) -> Result<Json> {
    let body = body.map(Json::to_string).unwrap_or_default();
    let answer = send(server, method, path, ("application/json", body.as_bytes())).await?;
    envelope(&answer).with_context(|| format!("{method} {path}"))
}

fn envelope(answer: &[u8]) -> Result<Json> {
    let mut json: Json = serde_json::from_slice(answer).context("the answer is no JSON")?;
    if json["code"] != 0 {
        bail!("{}", json["error"].as_str().unwrap_or("the call failed"));
    }
    Ok(json["data"].take())
}

/// One HTTP/1.0 exchange with our own server: the body of the answer.
async fn send(server: SocketAddr, method: &str, path: &str, (kind, body): (&str, &[u8])) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await.context("calling the server")?;
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: {server}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").context("the answer has no end of its head")?;
    Ok(answer.split_off(end + 4))
}
