//! What the rules want to know of a chart's folder.

use gotmpl::strconv::quote;
use helmd_chart::ignore::{FILE_NAME, Rules};
use helmd_chart::{Chart, File, Loader, Metadata, error_text};
use std::collections::BTreeMap;

/// What stands where a folder may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Nothing.
    #[default]
    Missing,
    /// A folder.
    Folder,
    /// Something else.
    File,
    /// The system does not say; with Go's text.
    Unknown(String),
}

/// A chart's folder as the disk has it. Whoever reads the disk fills it, or [`ChartFolder::of_files`] for files in memory.
#[derive(Clone, Debug)]
pub struct ChartFolder {
    /// The folder's absolute path, for messages.
    pub path: String,
    /// Whether `Chart.yaml` is a folder.
    pub chart_yaml_is_folder: bool,
    /// The content of `Chart.yaml`, or why it cannot be read (in Go's words).
    pub chart_yaml: Result<Vec<u8>, String>,
    /// The content of `values.yaml`, or why it cannot be read; `None` where there is none.
    pub values_yaml: Option<Result<Vec<u8>, String>>,
    /// The content of `values.schema.json`; empty where there is none or it cannot be read.
    pub values_schema: Vec<u8>,
    /// What `templates` is.
    pub templates: Place,
    /// What `crds` is.
    pub crds: Place,
    /// The chart made of the folder, or Helm's sentence why there is none.
    pub chart: Result<Chart, String>,
    /// What loading the chart writes to the log.
    pub load_log: Vec<String>,
}

/// Why files of an archive make no chart folder, in Helm's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderError(pub String);

impl std::fmt::Display for FolderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FolderError {}

impl ChartFolder {
    /// The folder that holds these files (names relative to it). `.helmignore` is obeyed, files come in a folder's order.
    pub fn of_files(path: &str, files: Vec<File>, loader: &Loader) -> ChartFolder {
        ChartFolder::of_tree(path, &tree(files), loader)
    }

    /// The folder that Helm unpacks the files of an archive to: `top` and the chart's name.
    ///
    /// # Errors
    /// The chart has no name, or one that cannot be a folder's; a file stands where another wants a folder.
    pub fn unpacked(top: &str, files: Vec<File>, loader: &Loader) -> Result<ChartFolder, FolderError> {
        let name = chart_name(&files, loader)?;
        let path = format!("{top}/{name}");
        let mut tree = BTreeMap::new();
        for file in files {
            add(&mut tree, &path, file)?;
        }
        Ok(ChartFolder::of_tree(&path, &tree, loader))
    }

    fn of_tree(path: &str, tree: &BTreeMap<Vec<String>, File>, loader: &Loader) -> ChartFolder {
        let data = |name: &str| tree.get(&vec![name.to_owned()]).map(|file| file.data.as_bytes().to_vec());
        let folder = |name: &str| has_folder(tree, &[name.to_owned()]);
        let place = |name: &str| match (folder(name), data(name)) {
            (true, _) => Place::Folder,
            (false, Some(_)) => Place::File,
            (false, None) => Place::Missing,
        };
        let read = |name: &str| match data(name) {
            Some(data) => Ok(data),
            None if folder(name) => Err(format!("read {path}/{name}: is a directory")),
            None => Err(format!("open {path}/{name}: no such file or directory")),
        };
        let mut load_log = Vec::new();
        let kept = if folder(FILE_NAME) { Err(format!("read {path}/{FILE_NAME}: is a directory")) } else { kept(tree) };
        let chart = match kept {
            Ok(files) => loader.files_logging(files, &mut load_log).map_err(|e| error_text(&e)),
            Err(text) => Err(text),
        };
        ChartFolder {
            path: path.to_owned(),
            chart_yaml_is_folder: folder("Chart.yaml"),
            chart_yaml: read("Chart.yaml"),
            values_yaml: (place("values.yaml") != Place::Missing).then(|| read("values.yaml")),
            values_schema: data("values.schema.json").unwrap_or_default(),
            templates: place("templates"),
            crds: place("crds"),
            chart,
            load_log,
        }
    }
}

/// The files by the parts of their names, which is the order in which a folder is walked.
fn tree(files: Vec<File>) -> BTreeMap<Vec<String>, File> {
    files.into_iter().map(|file| (parts(&file.name), file)).collect()
}

fn parts(name: &str) -> Vec<String> {
    name.split('/').map(str::to_owned).collect()
}

/// Whether files lie below this folder.
fn has_folder(tree: &BTreeMap<Vec<String>, File>, folder: &[String]) -> bool {
    let after = tree.range(folder.to_vec()..).map(|(name, _)| name).find(|name| name.as_slice() != folder);
    after.is_some_and(|name| name.starts_with(folder))
}

/// Writes a file into the tree as Helm does into its folder.
fn add(tree: &mut BTreeMap<Vec<String>, File>, path: &str, file: File) -> Result<(), FolderError> {
    let name = parts(&file.name);
    for end in 1..name.len() {
        let Some(above) = name.get(..end) else { break };
        if tree.contains_key(above) {
            return Err(FolderError(format!("mkdir {path}/{}: not a directory", above.join("/"))));
        }
    }
    if has_folder(tree, &name) {
        return Err(FolderError(format!("open {path}/{}: is a directory", file.name)));
    }
    tree.insert(name, file);
    Ok(())
}

/// The files that `.helmignore` leaves.
fn kept(tree: &BTreeMap<Vec<String>, File>) -> Result<Vec<File>, String> {
    let rules = match tree.get(&vec![FILE_NAME.to_owned()]) {
        Some(file) => Rules::parse(file.data.as_bytes()).map_err(|e| error_text(&e))?,
        None => Rules::default(),
    };
    let ignored_folder = |name: &[String]| {
        (1..name.len()).any(|end| name.get(..end).is_some_and(|folder| rules.ignores(&folder.join("/"), true)))
    };
    let kept = tree.iter().filter(|(name, file)| !ignored_folder(name) && !rules.ignores(&file.name, false));
    Ok(kept.map(|(_, file)| file.clone()).collect())
}

/// The name in the last `Chart.yaml` of an archive.
fn chart_name(files: &[File], loader: &Loader) -> Result<String, FolderError> {
    let mut name = String::new();
    for file in files.iter().filter(|f| f.name == "Chart.yaml") {
        let draft = Metadata::parse(file.data.as_bytes(), loader.helm)
            .map_err(|e| FolderError(format!("cannot load Chart.yaml: {}", error_text(&e))))?;
        name.clone_from(&draft.fields_as_written().name);
    }
    let quoted = quote(name.as_bytes());
    match name.as_str() {
        "" => Err(FolderError("chart name not specified".to_owned())),
        "." | ".." => Err(FolderError(format!("chart name {quoted} is not allowed"))),
        "/" => Err(FolderError(format!("chart name {quoted} resolves to the extraction root"))),
        text if text.contains('/') => Err(FolderError(format!("chart name {quoted} must not contain path separators"))),
        _ => Ok(name),
    }
}
