//! `charts/` of a chart folder, filled with what the chart wants: Helm's dependency manager.
//!
//! What is fetched lies in a fresh folder beside `charts/` until all of it is there; then it is moved, and what is outdated is
//! deleted. Nothing is written through a symbolic link.

use crate::content;
use crate::local::{self, Disk, go_text};
use crate::repositories::{ChartOptions, Repos, Resolved, TIMEOUT, Updated, archive_name};
use crate::verify::{Keys, Verify};
use helmd_chart::{Chart, Dependency, GoTime, HelmMajor, Loader, Lock, Saving, Slice, clean_path, error_text};
use helmd_index::dependencies::{self, FILE, Source, UNMANAGED, unmanaged_name};
use helmd_index::location;
use helmd_index::repositories::Repository;
use helmd_index::{Loaded, oci};
use helmd_semver::{Constraints, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest archive that is fetched.
const LIMIT_BYTES: u64 = 100 << 20;

/// How dependencies are fetched.
#[derive(Clone, Debug)]
pub struct Manager<'a> {
    /// The chart's folder.
    pub chart: &'a Path,
    /// Where charts come from.
    pub repos: &'a Repos,
    /// How registries are asked.
    pub registry: ChartOptions,
    /// How charts are read.
    pub loader: &'a Loader,
    /// How charts of folders are packed, and what time it is.
    pub saving: Saving,
    /// For the lock's date.
    pub now: Option<GoTime>,
    /// Take the indexes as they are.
    pub skip_refresh: bool,
    /// Say more.
    pub debug: bool,
    /// Whether what is fetched must be signed.
    pub verify: Verify,
}

/// What is told on the way: Helm's lines, with their line breaks.
pub type Told<'t> = &'t mut (dyn FnMut(&str) + Send);

type Done = Result<(), String>;

/// The folder behind `file://`, or below the chart.
fn local_path(chart: &Path, path: &str) -> Result<PathBuf, String> {
    let path = path.strip_prefix(FILE).unwrap_or(path);
    let found = match path.starts_with('/') {
        true => PathBuf::from(clean_path(path)),
        false => PathBuf::from(clean_path(&format!("{}/{path}", chart.display()))),
    };
    match std::fs::metadata(&found) {
        Ok(_) => Ok(found),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(format!("directory {} not found", found.display())),
        Err(e) => Err(format!("stat {}: {}", found.display(), go_text(&e))),
    }
}

/// What resolution looks at.
struct Sources<'m> {
    manager: &'m Manager<'m>,
    tags: Tags,
}

/// The versions of charts in registries, by their references.
type Tags = BTreeMap<String, Result<Vec<String>, String>>;

impl Source for Sources<'_> {
    fn local_version(&mut self, path: &str) -> Result<String, String> {
        let folder = local_path(self.manager.chart, path)?;
        Ok(self.manager.load_folder(&folder)?.metadata.version)
    }

    fn has_local(&mut self, path: &str) -> Result<(), String> {
        local_path(self.manager.chart, path).map(drop)
    }

    fn index(&mut self, name: &str) -> Result<Arc<Loaded>, String> {
        self.manager.repos.index(name).map_err(|e| error_text(&e))
    }

    fn versions(&mut self, reference: &str) -> Result<Vec<String>, String> {
        self.tags.remove(reference).unwrap_or_else(|| Ok(Vec::new()))
    }
}

impl Manager<'_> {
    fn load_folder(&self, folder: &Path) -> Result<Chart, String> {
        let disk = Disk { detection: local::Detection::Skip, links: local::Links::Anywhere, loader: self.loader };
        disk.load_dir(folder, &mut Vec::new()).map_err(|e| error_text(&e))
    }

    fn load(&self) -> Result<Chart, String> {
        match std::fs::metadata(self.chart) {
            Err(e) => {
                let chart = self.chart.display();
                Err(format!("could not find {chart}: stat {chart}: {}", go_text(&e)))
            }
            Ok(meta) if !meta.is_dir() => Err("only unpacked charts can be updated".to_owned()),
            Ok(_) => self.load_folder(self.chart),
        }
    }

    /// Fetches the newest versions that will do, and writes the lock.
    ///
    /// # Errors
    /// In Helm's words. `charts/` and the lock stay as they were.
    pub async fn update(&self, told: Told<'_>) -> Done {
        let chart = self.load()?;
        let mut wanted = chart.metadata.dependencies.clone();
        if wanted.is_nil() {
            return Ok(());
        }
        let repositories = self.repositories()?;
        let mut names = self.names(&mut wanted, &repositories, told)?;
        self.ensure_missing(&wanted, &mut names, told).await?;
        if !self.skip_refresh {
            self.update_all(told).await?;
        }
        let tags = self.tags(&wanted).await;
        let locked = dependencies::resolve(&wanted, &names, &mut Sources { manager: self, tags });
        let mut locked = dependencies::lock(&wanted, locked.map_err(|e| error_text(&e))?, self.now.clone());
        self.download_all(&mut locked.dependencies, told).await?;
        // The version of a folder's chart is known only now.
        locked.digest = dependencies::digest(&wanted, &locked.dependencies);
        if chart.lock.as_ref().is_some_and(|old| old.digest == locked.digest) {
            return Ok(());
        }
        self.write_lock(&locked, chart.metadata.api_version == "v1")
    }

    /// Asks registries for the versions of charts that are wanted by a range.
    async fn tags(&self, wanted: &[Dependency]) -> Tags {
        let mut tags = Tags::new();
        let ranged = wanted.iter().filter(|wanted| Version::parse(&wanted.version).is_err());
        for Dependency { name, repository, .. } in ranged.filter(|wanted| oci::is_oci(&wanted.repository)) {
            let reference = format!("{}/{name}", repository.strip_prefix(oci::SCHEME).unwrap_or(repository));
            let found = match oci::Reference::parse(&reference) {
                Ok(parsed) => self.repos.registry(&self.registry).tags(&parsed).await.map_err(|e| error_text(&e)),
                Err(error) => Err(error_text(&error)),
            };
            tags.insert(reference, found);
        }
        tags
    }

    /// Fetches the versions of the lock; without a lock as [`Manager::update`].
    ///
    /// # Errors
    /// In Helm's words; the lock is not what the chart wants.
    pub async fn build(&self, told: Told<'_>) -> Done {
        let chart = self.load()?;
        let Some(lock) = &chart.lock else { return self.update(told).await };
        let mut wanted = chart.metadata.dependencies.clone();
        let first_version = chart.metadata.api_version == "v1";
        let two = dependencies::helm2_digest(&wanted);
        let repositories = self.repositories()?;
        self.names(&mut wanted, &repositories, told)?;
        if dependencies::digest(&wanted, &lock.dependencies) != lock.digest {
            if !first_version {
                return Err("the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml). Please update the dependencies".to_owned()
                    + if self.repos.helm == HelmMajor::Helm4 { " with 'helm dependency update'" } else { "" });
            }
            if two != lock.digest {
                return Err("the lock file (requirements.lock) is out of sync with the dependencies file (requirements.yaml). Please update the dependencies".to_owned());
            }
        }
        let missing = dependencies::unknown_repositories(&lock.dependencies, &repositories);
        if !missing.is_empty() {
            let list = missing.join(", ");
            return Err(format!(
                "no repository definition for {list}. Please add the missing repos via 'helm repo add'"
            ));
        }
        if !self.skip_refresh {
            self.update_all(told).await?;
        }
        self.download_all(&mut lock.dependencies.clone(), told).await
    }

    fn repositories(&self) -> Result<Vec<Repository>, String> {
        Ok(self.repos.list_or_none().map_err(|e| error_text(&e))?.list.to_vec())
    }

    fn names(
        &self,
        wanted: &mut Slice<Dependency>,
        repositories: &[Repository],
        told: Told<'_>,
    ) -> Result<BTreeMap<String, String>, String> {
        let mut has_local = |path: &str| {
            local_path(self.chart, path)?;
            if self.debug {
                told(&format!("Repository from local path: {path}\n"));
            }
            Ok(())
        };
        dependencies::repository_names(wanted, repositories, &mut has_local).map_err(|e| error_text(&e))
    }

    /// Fetches the indexes of repositories that nobody has added, under names of their own.
    async fn ensure_missing(
        &self,
        wanted: &[Dependency],
        names: &mut BTreeMap<String, String>,
        told: Told<'_>,
    ) -> Done {
        let mut unknown = Vec::new();
        for Dependency { name, repository, .. } in wanted {
            if repository.is_empty() || names.contains_key(name) {
                continue;
            }
            let made = unmanaged_name(repository);
            names.insert(name.clone(), made.clone());
            unknown.push(Repository { name: made, url: repository.clone(), ..Repository::default() });
        }
        if self.skip_refresh || unknown.is_empty() {
            return Ok(());
        }
        told("Getting updates for unmanaged Helm repositories...\n");
        self.refresh(unknown, told).await
    }

    async fn update_all(&self, told: Told<'_>) -> Done {
        let repositories = self.repositories()?;
        if repositories.is_empty() {
            return Ok(());
        }
        told("Hang tight while we grab the latest from your chart repositories...\n");
        self.refresh(repositories, told).await?;
        told("Update Complete. ⎈Happy Helming!⎈\n");
        Ok(())
    }

    /// HELM: one that fails is told only; of two with the same URL version 4 asks the last one.
    async fn refresh(&self, repositories: Vec<Repository>, told: Told<'_>) -> Done {
        let mut once: BTreeMap<String, Repository> = BTreeMap::new();
        for repository in repositories {
            Repos::check_url(&repository.url).map_err(|e| error_text(&e))?;
            let key = match self.repos.helm {
                HelmMajor::Helm3 => repository.name.clone(),
                HelmMajor::Helm4 => repository.url.strip_suffix('/').unwrap_or(&repository.url).to_owned(),
            };
            once.insert(key, repository);
        }
        let line = |updated: &Updated| {
            let Updated { repository: Repository { name, url, .. }, outcome } = updated;
            let unmanaged = name.starts_with(UNMANAGED);
            let shown = gotmpl::strconv::quote(if unmanaged { url } else { name });
            match outcome {
                Ok(_) => format!("...Successfully got an update from the {shown} chart repository\n"),
                Err(error) => {
                    let place = if unmanaged { String::new() } else { format!(" ({url})") };
                    let error = error_text(error);
                    format!("...Unable to get an update from the {shown} chart repository{place}:\n\t{error}\n")
                }
            }
        };
        self.repos.update(once.into_values().collect(), TIMEOUT, |updated| told(&line(updated))).await;
        Ok(())
    }

    /// Gets everything into `charts/`.
    async fn download_all(&self, wanted: &mut Slice<Dependency>, told: Told<'_>) -> Done {
        let repositories = self.repositories()?;
        let mut known = Vec::new();
        for repository in repositories {
            let loaded = self.repos.index(&repository.name).map_err(|e| error_text(&e))?;
            known.push((repository, loaded));
        }
        let charts = self.chart.join("charts");
        check_folder(&charts)?;
        let scratch = tempfile::Builder::new()
            .prefix("tmpcharts-")
            .tempdir_in(self.chart)
            .map_err(|e| format!("mkdir {}: {}", self.chart.join("tmpcharts").display(), go_text(&e)))?;
        told(&format!("Saving {} charts\n", wanted.len()));
        let mut urls = BTreeSet::new();
        for dependency in wanted.iter_mut() {
            let done = if dependency.repository.is_empty() {
                self.check_unpacked(&charts, dependency, told)?
            } else if dependency.repository.starts_with(FILE) {
                self.pack(dependency, scratch.path(), told)
            } else {
                self.download(dependency, (&known, &mut urls), scratch.path(), told).await
            };
            if let Err(error) = done {
                told(&format!("Save error occurred:  {error}\n"));
                return Err(error);
            }
        }
        self.move_all(wanted, scratch.path(), &charts, told)
    }

    /// A dependency without repository must lie in `charts/`. The outer error ends everything at once.
    fn check_unpacked(&self, charts: &Path, wanted: &Dependency, told: Told<'_>) -> Result<Done, String> {
        let Dependency { name, version, .. } = wanted;
        told(&format!("Dependency {name} did not declare a repository. Assuming it exists in the charts directory\n"));
        let folder = charts.join(name);
        let chart =
            self.load_folder(&folder).map_err(|e| format!("unable to load chart '{}': {e}", folder.display()))?;
        let constraint = constraint(name, version)?;
        let own = &chart.metadata.version;
        let parsed = Version::parse(own)
            .map_err(|e| format!("invalid version {version} for dependency {name}: {}", error_text(&e)))?;
        Ok(match constraint.check(&parsed) {
            true => Ok(()),
            false => Err(format!("dependency {name} at version {own} does not satisfy the constraint {version}")),
        })
    }

    /// Packs the chart of a folder.
    fn pack(&self, wanted: &mut Dependency, into: &Path, told: Told<'_>) -> Done {
        let Dependency { name, repository, version, .. } = wanted;
        if self.debug {
            told(&format!("Archiving {name} from repo {repository}\n"));
        }
        let folder = local_path(self.chart, repository)?;
        let chart = self.load_folder(&folder)?;
        let constraint = constraint(name, version)?;
        let own = Version::parse(&chart.metadata.version).map_err(|e| error_text(&e))?;
        if !constraint.check(&own) {
            return Err(format!("can't get a valid version for dependency {name}"));
        }
        let bytes = helmd_chart::write_archive(&chart, &self.saving).map_err(|e| error_text(&e))?;
        content::write_into(&into.join(helmd_chart::archive_name(&chart)), &bytes, 0o644)?;
        wanted.version = chart.metadata.version;
        Ok(())
    }

    async fn download(
        &self,
        wanted: &Dependency,
        (known, urls): (&[(Repository, Arc<Loaded>)], &mut BTreeSet<String>),
        into: &Path,
        told: Told<'_>,
    ) -> Done {
        let Dependency { name, repository, .. } = wanted;
        let found = match oci::is_oci(repository) {
            true => {
                let options = ChartOptions { version: wanted.version.clone(), ..self.registry.clone() };
                (format!("{repository}/{name}"), options, String::new())
            }
            false => self.find(wanted, known).await.map_err(|e| format!("could not find : {e}"))?,
        };
        let (url, options, digest) = found;
        if urls.contains(&url) {
            told(&format!("Already downloaded {name} from repo {repository}\n"));
            return Ok(());
        }
        told(&format!("Downloading {name} from repo {repository}\n"));
        let failed = |e: String| format!("could not download {url}: {e}");
        let mut chart =
            self.repos.resolve(&url, &options, &mut Vec::new()).await.map_err(|e| failed(error_text(&e)))?;
        if !digest.is_empty() {
            chart.digest = digest;
        }
        let bytes = self.repos.fetch(&chart, LIMIT_BYTES).await.map_err(|e| failed(error_text(&e)))?;
        let file = archive_name(&chart.url).map_err(|e| failed(error_text(&e)))?;
        let file = into.join(file);
        content::write_into(&file, &bytes, 0o644).map_err(failed)?;
        self.verify(&chart, &file, told).await.map_err(failed)?;
        urls.insert(url);
        Ok(())
    }

    /// Checks what was fetched. HELM: the signature lies beside it, and is told of when it is no chart to be moved.
    async fn verify(&self, chart: &Resolved, archive: &Path, told: Told<'_>) -> Done {
        let (keys, always): (&Keys, bool) = match &self.verify {
            Verify::Never => return Ok(()),
            Verify::IfPossible(keys) => (keys, false),
            Verify::Always(keys) => (keys, true),
        };
        let signature = match self.repos.provenance(chart, "").await {
            Ok(signature) => signature,
            Err(_) if always => {
                let url = gotmpl::strconv::quote(format!("{}.prov", chart.url));
                return Err(format!("failed to fetch provenance {url}"));
            }
            Err(error) => {
                let error = error_text(&error);
                told(&format!("WARNING: Verification not found for {}: {error}\n", chart.url));
                return Ok(());
            }
        };
        content::write_into(Path::new(&format!("{}.prov", archive.display())), &signature, 0o644)?;
        keys.verify_file(archive).map(drop)
    }

    /// The URL of a locked version, how to get it, and its digest.
    async fn find(
        &self,
        wanted: &Dependency,
        known: &[(Repository, Arc<Loaded>)],
    ) -> Result<(String, ChartOptions, String), String> {
        let Dependency { name, repository, version, .. } = wanted;
        let owner = known.iter().find(|(known, _)| location::equal(repository, &known.url));
        let Some((owner, loaded)) = owner else {
            let options =
                ChartOptions { version: version.clone(), repo_url: repository.clone(), ..ChartOptions::default() };
            let found = self.repos.resolve(name, &options, &mut Vec::new()).await;
            let found = found.map_err(|e| format!("chart {name} not found in {repository}: {}", error_text(&e)))?;
            return Ok((found.url, ChartOptions::default(), found.digest));
        };
        if !loaded.index.entries.contains_key(name) {
            return Err("entry not found".to_owned());
        }
        let place = dependencies::versioned_url(&loaded.index, name, version).ok_or("no matching version")?;
        let url = location::resolve(repository, place).map_err(|e| error_text(&e))?;
        let digest =
            loaded.index.entries.get(name).into_iter().flatten().find(|v| v.urls.iter().any(|u| **u == *place));
        let digest = digest.and_then(|v| crate::repositories::digest_of(&v.digest).ok()).unwrap_or_default();
        let options = ChartOptions {
            username: owner.username.clone(),
            password: owner.password.clone(),
            cert_file: owner.cert_file.clone(),
            key_file: owner.key_file.clone(),
            ca_file: owner.ca_file.clone(),
            insecure_skip_tls_verify: owner.insecure_skip_tls_verify,
            pass_credentials: owner.pass_credentials_all,
            ..ChartOptions::default()
        };
        Ok((url, options, digest))
    }

    /// Moves the archives into `charts/`, and deletes archives there that nobody wants any more.
    fn move_all(&self, wanted: &[Dependency], from: &Path, charts: &Path, told: Told<'_>) -> Done {
        let local: BTreeSet<&str> =
            wanted.iter().filter(|d| d.repository.is_empty()).map(|d| d.name.as_str()).collect();
        let before = files(charts)?;
        let mut moved = BTreeSet::new();
        for name in files(from)? {
            let (source, target) = (from.join(&name), charts.join(&name));
            moved.insert(name);
            if let Err(error) = local::load_file(&source, self.loader) {
                told(&format!("Could not verify {} for moving: {} (Skipping)", source.display(), error_text(&error)));
                continue;
            }
            if let Err(error) = std::fs::rename(&source, &target) {
                told(&format!("Unable to move {} to charts dir {} (Skipping)", source.display(), go_text(&error)));
            }
        }
        told("Deleting outdated charts\n");
        for name in before.into_iter().filter(|name| !moved.contains(name)) {
            let path = charts.join(&name);
            match local::load_file(&path, self.loader) {
                Err(error) => told(&format!(
                    "Could not verify {} for deletion: {} (Skipping)\n",
                    path.display(),
                    error_text(&error)
                )),
                Ok(chart) if local.contains(chart.metadata.name.as_str()) => {}
                Ok(_) => {
                    if let Err(error) = std::fs::remove_file(&path) {
                        told(&format!("Could not delete {}: {} (Skipping)", path.display(), go_text(&error)));
                    }
                }
            }
        }
        Ok(())
    }

    fn write_lock(&self, lock: &Lock, first_version: bool) -> Done {
        let name = if first_version { "requirements.lock" } else { "Chart.lock" };
        let path = self.chart.join(name);
        if let Ok(target) = std::fs::read_link(&path) {
            let target = gotmpl::strconv::quote(target.display().to_string());
            return Err(format!("the {name} file is a symlink to {target}"));
        }
        let json = serde_json::to_value(lock).map_err(|e| e.to_string())?;
        let text = helmd_yaml::json_to_yaml(&json).map_err(|e| e.to_string())?;
        content::write_into(&path, text.as_bytes(), 0o644)
    }
}

fn constraint(name: &str, version: &str) -> Result<Constraints, String> {
    Constraints::parse(version)
        .map_err(|e| format!("dependency {name} has an invalid version/constraint format: {}", error_text(&e)))
}

/// The folder is there afterwards, and is no link. HELM: a link is followed.
fn check_folder(folder: &Path) -> Done {
    let shown = gotmpl::strconv::quote(folder.display().to_string());
    match std::fs::symlink_metadata(folder) {
        Ok(meta) if meta.is_symlink() => Err(format!("{shown} is a symbolic link: nothing is written through it")),
        Ok(meta) if !meta.is_dir() => Err(format!("{shown} is not a directory")),
        Ok(_) => Ok(()),
        Err(_) => local::create_folder(folder).map_err(|e| error_text(&e)),
    }
}

/// The names of the files in a folder, in order.
fn files(folder: &Path) -> Result<Vec<String>, String> {
    let failed = |e: std::io::Error| format!("open {}: {}", folder.display(), go_text(&e));
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
