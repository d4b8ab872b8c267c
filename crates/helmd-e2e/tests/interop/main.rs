//! What one of helm 3, helm 4 and helmd has made, the others use: indexes, locks, signatures, charts and logins of registries, Helm's
//! files, and helmd's chart store. The table is docs/interop.md; `HELMD_BLESS=1` writes it in place of comparing with it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod things;

use anyhow::{Result, bail};
use helmd_e2e::lines::words;
use helmd_e2e::{Registry, Server, Setup, files};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use things::THINGS;

const HEAD: &str = "# Who goes on with whose work

helm 3.22.0, helm 4.3.1 and helmd, each with what each of them has made. Written by `HELMD_BLESS=1 e2e/run interop`, which compares otherwise;
`make e2e` runs it with the real programs, with docker-registry for registries and GnuPG for keys. Releases on a cluster have a matrix of their own
(COMPATIBILITY.md).
";

/// One of the three programs.
pub struct Program {
    name: &'static str,
    path: PathBuf,
}

/// What a thing is made and used with.
pub struct World {
    programs: [Program; 3],
    /// Charts as sources: `demo`, and `par`, which wants it.
    sources: PathBuf,
    /// Folders that are repositories: served at `repository`.
    served: PathBuf,
    repository: String,
    open: Registry,
    closed: Registry,
    /// helmd's chart store holds `demo` 1.0.0.
    store: Server,
    folder: tempfile::TempDir,
}

/// One pair: who has made something, and who goes on.
pub struct Pair<'w> {
    world: &'w World,
    writer: &'w Program,
    reader: &'w Program,
    /// A folder of their own; a home is in it.
    folder: PathBuf,
    /// A word of their own.
    word: String,
}

impl Pair<'_> {
    /// What the writer prints.
    fn write(&self, line: &str) -> Result<String> {
        self.run(self.writer, line)
    }

    /// What the reader prints.
    fn read(&self, line: &str) -> Result<String> {
        self.run(self.reader, line)
    }

    fn run(&self, program: &Program, line: &str) -> Result<String> {
        let out = Command::new(&program.path)
            .args(words(&self.fill(line)))
            .current_dir(&self.folder)
            .env_clear()
            .env("HOME", self.folder.join("home"))
            .env("PATH", "/usr/bin:/bin")
            .env("KUBECONFIG", "/dev/null")
            .stdin(Stdio::null())
            .output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if !out.status.success() {
            bail!("{} {line}: {}", program.name, text(&out.stderr).trim());
        }
        Ok(text(&out.stdout) + &text(&out.stderr))
    }

    fn fill(&self, line: &str) -> String {
        let World { repository, open, closed, store, .. } = self.world;
        line.replace("REPOSITORY", &format!("{repository}/{}", self.word))
            .replace("OPEN", &format!("{}/{}", open.host, self.word))
            .replace("CLOSED", &closed.host)
            .replace("STORE", &store.api.url("/charts"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder that is served for this pair.
    fn served(&self) -> PathBuf {
        self.world.served.join(&self.word)
    }
}

impl World {
    /// Nothing where a program is missing.
    fn begin() -> Option<World> {
        let setup = Setup::find(false)?;
        let (Some(open), Some(closed)) = (Registry::start(false).unwrap(), Registry::start(true).unwrap()) else {
            Setup::missing("docker-registry");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let sources = at("sources");
        let write = |path: &str, text: &str| {
            let path = sources.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("demo/Chart.yaml", "apiVersion: v2\nname: demo\nversion: 1.0.0\ndescription: a chart\n");
        write("demo/templates/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n");
        write("par/Chart.yaml", "apiVersion: v2\nname: par\nversion: 0.1.0\n");
        std::fs::create_dir_all(at("served")).unwrap();
        let repository = files::serve(&at("served")).unwrap();
        let kubeconfig = at("sandbox.kubeconfig").display().to_string();
        let sandbox = ["--sandbox", "--sandbox-kubeconfig", &kubeconfig];
        let store = Server::start(&setup.helmd, &at("server"), &sandbox).unwrap();
        let program = |name, path| Program { name, path };
        let programs = [
            program("helm 3", setup.tools.join("helm3")),
            program("helm 4", setup.tools.join("helm4")),
            program("helmd", setup.helmd.clone()),
        ];
        if !things::make_keys(&sources) {
            Setup::missing("gpg");
            return None;
        }
        let served = at("served");
        Some(World { programs, sources, served, repository, open, closed, store, folder })
    }

    fn pair<'w>(&'w self, writer: &'w Program, reader: &'w Program, number: usize) -> Pair<'w> {
        let word = format!("p{number}");
        let folder = self.folder.path().join(&word);
        files::copy(&self.sources, &folder).unwrap();
        std::fs::create_dir_all(folder.join("home")).unwrap();
        std::fs::create_dir_all(self.served.join(&word)).unwrap();
        Pair { world: self, writer, reader, folder, word }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whether the file is to be written")]
fn everybody_goes_on_with_everybodys_work() {
    let Some(world) = World::begin() else { return };
    let mut text = HEAD.to_owned();
    let (mut number, mut faults) = (0, Vec::new());
    for thing in THINGS {
        text.push_str(&format!(
            "\n## {}\n\n{}\n\n| | helm 3 | helm 4 | helmd |\n|---|---|---|---|\n",
            thing.title, thing.about
        ));
        for writer in world.programs.iter().filter(|writer| !thing.only_helmd || writer.name == "helmd") {
            text.push_str(&format!("| {} |", writer.name));
            for reader in &world.programs {
                number += 1;
                let cell = match (thing.try_it)(&world.pair(writer, reader, number)) {
                    Ok(()) => "yes".to_owned(),
                    Err(error) => {
                        faults.push(format!("{}: {} → {}: {error:#}", thing.title, writer.name, reader.name));
                        "no".to_owned()
                    }
                };
                text.push_str(&format!(" {cell} |"));
            }
            text.push('\n');
        }
    }
    println!("interop: {} of {number} pairs go on with each other's work", number - faults.len());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interop.md");
    if std::env::var("HELMD_BLESS").is_ok() {
        std::fs::write(&file, &text).unwrap();
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "docs/interop.md differs: HELMD_BLESS=1 writes it");
}
