//! What can be wrong with a chart.

use crate::archive::budgets;
use crate::decode::DecodeError;
use gotmpl::exec::Exceeded;

/// A rule for the metadata is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("validation: {0}")]
pub struct ValidationError(pub String);

/// Why a chart could not be loaded. A variant's text is its own layer; [`error_text`] joins the layers.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// A YAML file of the chart cannot be read.
    #[error("cannot load {file}")]
    Parse {
        /// Which file.
        file: &'static str,
        /// Why.
        source: DecodeError,
    },
    /// A text of metadata cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// There is no `Chart.yaml`.
    #[error("Chart.yaml file is missing")]
    MissingChartYaml,
    /// The metadata breaks a rule.
    #[error(transparent)]
    Invalid(#[from] ValidationError),
    /// A subchart cannot be loaded.
    #[error("error unpacking subchart {name} in {chart}")]
    Subchart {
        /// The name in `charts/`.
        name: String,
        /// The chart that holds it.
        chart: String,
        /// Why.
        source: Box<ChartError>,
    },
    /// `charts/x.tgz` is a folder.
    #[error("error unpacking subchart tar in {chart}: expected {expected}, got {got}")]
    SubchartName {
        /// The chart that holds it.
        chart: String,
        /// The archive's name.
        expected: String,
        /// The name that was found.
        got: String,
    },
    /// Charts lie in charts in charts.
    #[error("{}", Exceeded::new(budgets::DEPTH, *.limit, "levels of subcharts"))]
    TooDeep {
        /// How deep they may lie.
        limit: usize,
    },
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Why a chart could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The metadata break a rule.
    #[error("chart validation")]
    Invalid(#[source] ValidationError),
    /// The chart's name cannot be a folder's.
    #[error("{name} is not a valid chart name", name = gotmpl::strconv::quote(.0))]
    Name(String),
    /// The schema is no JSON; the letter is the one that this Helm begins with.
    #[error("{0}nvalid JSON in values.schema.json")]
    Schema(char),
    /// Metadata that cannot be YAML.
    #[error("{0}")]
    Yaml(String),
}

/// Why an archive could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The bytes are no gzip stream.
    #[error("gzip: invalid header")]
    NotGzip,
    /// The gzip or tar stream is damaged.
    #[error("{0}")]
    Damaged(String),
    /// A name is absolute.
    #[error("chart illegally contains absolute paths")]
    AbsolutePath,
    /// A name lies above the chart's folder.
    #[error("chart illegally contains content outside the base directory: {0}")]
    OutsideBase(String),
    /// A name has `..` in it.
    #[error("chart illegally references parent directory")]
    ParentDirectory,
    /// A name begins with a drive letter.
    #[error("chart contains illegally named files")]
    DriveLetter,
    /// A name holds control characters.
    #[error("chart contains a file name with control characters: {0}")]
    ControlCharacter(String),
    /// The files lie at the archive's top.
    #[error("chart yaml not in base directory")]
    NoBaseDirectory,
    /// An entry is a link, a device or the like.
    #[error("cannot load irregular file {name} from the chart archive: only regular files are allowed")]
    Irregular {
        /// The entry's name.
        name: String,
    },
    /// There are several folders at the top.
    #[error("chart archive has more than one top directory: {first} and {second}")]
    TwoFolders {
        /// The quoted name of the first.
        first: String,
        /// The quoted name of another.
        second: String,
    },
    /// All files together are too large.
    #[error("decompressed chart is larger than the maximum size {limit}")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
    /// The same in helm 3's words.
    #[error("decompressed chart is larger than the maximum file size {limit}")]
    TooLargeHelm3 {
        /// Bytes allowed.
        limit: u64,
    },
    /// One file is too large.
    #[error("decompressed chart file {name} is larger than the maximum file size {limit}")]
    FileTooLarge {
        /// The quoted name.
        name: String,
        /// Bytes allowed.
        limit: u64,
    },
    /// There are too many files.
    #[error("{}", Exceeded::new(budgets::ENTRIES, *.limit, "files and folders in a chart archive"))]
    TooManyEntries {
        /// Entries allowed.
        limit: usize,
    },
    /// A name is too long.
    #[error("chart contains a file name of more than {limit} bytes")]
    LongName {
        /// Bytes allowed.
        limit: usize,
    },
    /// A budget that was set otherwise than in Helm ran out.
    #[error("{0}")]
    Exceeded(Exceeded),
    /// There is no file.
    #[error("no files in chart archive")]
    Empty,
}

/// The whole text of an error as Helm prints it: its layers joined by `": "`.
pub fn error_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
