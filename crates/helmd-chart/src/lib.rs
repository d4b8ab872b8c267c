//! Charts: what a chart is made of, how it is read from files and archives, and what makes it valid.
//!
//! Owns: [`Chart`] and its JSON form (as releases store it), `Chart.yaml`, [`load_files`], archives, `.helmignore`, name
//! rules, subcharts, CRDs. Does not own: folders on disk (`helmd-repo`), values logic (`helmd-values`), rendering.
//!
//! Start at [`Chart`], then [`Loader`]. A chart is `Send + Sync`; file contents are shared, so a clone copies no bytes.

mod archive;
mod chart;
mod decode;
mod defaults;
mod error;
mod file;
pub mod glob;
mod go_time;
mod gunzip;
pub mod ignore;
mod load;
mod metadata;
pub mod names;
mod path;
mod save;
pub mod scaffold;
mod slice;
mod tar_writer;
pub mod unknown;

pub use archive::{ArchiveLimits, budgets, read_archive, read_archive_from};
pub use chart::{Chart, Crd, Helm3Chart, HelmMajor, Values};
pub use decode::{DecodeError, Decoder, MetadataDraft, Texts, declared_api_version};
pub use defaults::Defaults;
pub use error::{ArchiveError, ChartError, SaveError, ValidationError, error_text};
pub use file::File;
pub use go_time::GoTime;
pub use load::{Loader, load_archive, load_files, parse_values, parse_values_limited};
pub use metadata::{Dependency, Lock, Maintainer, Metadata};
pub use path::clean_path;
pub use save::{Saving, archive_name, chart_yaml, metadata_yaml, write_archive};
pub use slice::Slice;
