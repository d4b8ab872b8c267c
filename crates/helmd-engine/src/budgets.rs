//! All that a stranger's chart may use up, in one place.

use gotmpl::exec::{Cancel, Limits, budgets as exec};
use helmd_chart::{ArchiveLimits, HelmMajor, budgets as archive};
use helmd_values::schema::{SchemaLimits, budgets as schema};
use helmd_yaml::{ParseLimits, budgets as yaml};
use sprig::budgets::names as sprig_names;
use std::time::Duration;

/// Budgets of loading and rendering one chart. Every field is a setting of the name that [`SETTINGS`] gives it, and what
/// runs out names the setting in its error. The defaults are above what any chart in use needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Template nodes walked and loop turns.
    pub steps: u64,
    /// Bytes that templates write, nested ones included.
    pub output_bytes: u64,
    /// Depth of `{{ template }}` and of `tpl` and `include` (Go: 100,000).
    pub template_depth: usize,
    /// How often an `include` of one name may be within itself (Helm: 1,000).
    pub include_depth: usize,
    /// Bytes of stack that nested templates may take. Other than memory it is only reserved.
    pub stack_bytes: usize,
    /// Bytes of one text that a function makes: `repeat`, `printf`, `toYaml`, …
    pub text_bytes: usize,
    /// Items of one list that a function makes (`until`, `seq`, `splitList`), and values that one call copies or merges.
    pub items: usize,
    /// Comparisons of values in one call: `uniq`, `has`, `deepEqual`, …
    pub comparisons: usize,
    /// Bytes that functions make in the whole render; what was thrown away meanwhile counts as well.
    pub memory_bytes: u64,
    /// Bytes of one compiled regular expression.
    pub regex_bytes: usize,
    /// Work of one search: bytes of the text times size of the expression.
    pub regex_work: u64,
    /// Making keys and hashing passwords, in about milliseconds of a processor.
    pub crypto_work: u64,
    /// Bits of an RSA key that a template brings along.
    pub key_bits: usize,
    /// Bytes of one YAML text, aliases followed.
    pub yaml_bytes: usize,
    /// Levels of one YAML text, at most 1,000.
    pub yaml_depth: usize,
    /// Nodes of one YAML text, aliases followed.
    pub yaml_nodes: u64,
    /// Bytes of a chart's files after unpacking (Helm: 100 MiB).
    pub archive_bytes: u64,
    /// Bytes of one file after unpacking; none is Helm's: 5 MiB for Helm 3, no limit of its own for Helm 4.
    pub archive_file_bytes: Option<u64>,
    /// Files and folders of a chart.
    pub archive_entries: usize,
    /// Levels of charts in charts.
    pub subchart_depth: usize,
    /// Bytes of a schema, its paths spelled out.
    pub schema_bytes: u64,
    /// Steps of validating values against a schema.
    pub schema_steps: u64,
    /// How long a render may take, its schema checks included.
    pub render_time: Duration,
}

impl Default for Budgets {
    fn default() -> Self {
        let (limits, sprig) = (Limits::default(), sprig::Budgets::default());
        let (archive, yaml, schema) = (ArchiveLimits::default(), ParseLimits::default(), SchemaLimits::default());
        Budgets {
            steps: limits.steps,
            output_bytes: limits.output_bytes,
            template_depth: limits.depth,
            include_depth: 1000,
            // 100,000 levels of `template` need 150 MiB, 1,000 of `include` some MiB.
            stack_bytes: 512 << 20,
            text_bytes: limits.text_bytes,
            items: limits.items,
            comparisons: limits.comparisons,
            memory_bytes: limits.memory_bytes,
            regex_bytes: sprig.regex_bytes,
            regex_work: sprig.regex_work,
            crypto_work: sprig.crypto_work,
            key_bits: sprig.key_bits,
            yaml_bytes: yaml.bytes,
            yaml_depth: yaml.depth,
            yaml_nodes: yaml.nodes,
            archive_bytes: archive.total_bytes,
            archive_file_bytes: None,
            archive_entries: archive.entries,
            subchart_depth: archive.depth,
            schema_bytes: schema.bytes,
            schema_steps: schema.steps,
            render_time: Duration::from_secs(300),
        }
    }
}

/// The names of the two budgets that only this crate and its callers know.
pub const INCLUDE_DEPTH: &str = "include-depth";
/// See [`Budgets::render_time`].
pub const RENDER_TIME: &str = "render-time";

/// What a budget counts, which says how its setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number: `200000000`, `200M`.
    Count,
    /// Bytes: `67108864`, `64Mi`.
    Bytes,
    /// A time: `300`, `300s`, `5m`.
    Time,
}

/// A budget as a setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// What it is about.
    pub about: &'static str,
    set: fn(&mut Budgets, u64),
    get: fn(&Budgets) -> Option<u64>,
}

/// What a field holds, as the number of a setting.
trait Amount: Sized {
    fn of(value: u64) -> Self;
    fn value(&self) -> Option<u64>;
}

impl Amount for u64 {
    fn of(value: u64) -> Self {
        value
    }
    fn value(&self) -> Option<u64> {
        Some(*self)
    }
}

impl Amount for usize {
    fn of(value: u64) -> Self {
        // A larger number than a machine can count to is no limit.
        value.try_into().unwrap_or(usize::MAX)
    }
    fn value(&self) -> Option<u64> {
        (*self).try_into().ok()
    }
}

impl Amount for Option<u64> {
    fn of(value: u64) -> Self {
        Some(value)
    }
    fn value(&self) -> Option<u64> {
        *self
    }
}

impl Amount for Duration {
    fn of(value: u64) -> Self {
        Duration::from_secs(value)
    }
    fn value(&self) -> Option<u64> {
        Some(self.as_secs())
    }
}

macro_rules! settings {
    ($($name:expr, $unit:ident, $field:ident, $about:literal;)*) => {
        [$(Setting {
            name: $name,
            unit: Unit::$unit,
            about: $about,
            set: |budgets, value| budgets.$field = Amount::of(value),
            get: |budgets| budgets.$field.value(),
        }),*]
    };
}

/// All settings, in the order of the documentation.
pub static SETTINGS: [Setting; 23] = settings![
    exec::STEPS, Count, steps, "template nodes walked and loop turns";
    exec::OUTPUT, Bytes, output_bytes, "output of templates, nested ones included";
    exec::TEMPLATE_DEPTH, Count, template_depth, "levels of template, include and tpl within each other";
    INCLUDE_DEPTH, Count, include_depth, "levels of include of one name within itself";
    exec::STACK, Bytes, stack_bytes, "stack for nested templates";
    exec::TEXT, Bytes, text_bytes, "one text made by a function: repeat, indent, printf, toYaml, toJson ...";
    exec::ITEMS, Count, items, "items made, copied or merged by one call: until, untilStep, seq, merge ...";
    exec::COMPARISONS, Count, comparisons, "comparisons in one call: uniq, has, without, deepEqual, .Files.Glob";
    exec::MEMORY, Bytes, memory_bytes, "everything that functions make in one render, freed or not";
    sprig_names::REGEX_BYTES, Bytes, regex_bytes, "one compiled regular expression";
    sprig_names::REGEX_WORK, Count, regex_work, "one search: bytes of text times size of the expression";
    sprig_names::CRYPTO_WORK, Count, crypto_work, "making keys and hashing passwords, in about milliseconds";
    sprig_names::KEY_BITS, Count, key_bits, "an RSA key given to genCAWithKey and the like";
    yaml::BYTES, Bytes, yaml_bytes, "one YAML text, aliases followed";
    yaml::DEPTH, Count, yaml_depth, "levels of one YAML text (at most 1000)";
    yaml::NODES, Count, yaml_nodes, "nodes of one YAML text, aliases followed";
    archive::BYTES, Bytes, archive_bytes, "a chart's files, unpacked";
    archive::FILE, Bytes, archive_file_bytes, "one of a chart's files, unpacked";
    archive::ENTRIES, Count, archive_entries, "files and folders of a chart";
    archive::DEPTH, Count, subchart_depth, "levels of charts in charts";
    schema::BYTES, Bytes, schema_bytes, "values.schema.json, the paths of its parts spelled out";
    schema::STEPS, Count, schema_steps, "parts of a schema held against parts of the values";
    RENDER_TIME, Time, render_time, "time of one render, schema checks included";
];

/// Why a budget was not set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// There is none of that name.
    #[error("there is no budget {0:?}; the budgets are: {names}", names = names())]
    Unknown(String),
    /// The value cannot be read.
    #[error("budget {name}: {value:?} is no {want}")]
    Value {
        /// The budget.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is wanted.
        want: &'static str,
    },
    /// It is none that this program can bear.
    #[error("budget {name}: {value} is more than {most}, which is the most that can be allowed")]
    TooMuch {
        /// The budget.
        name: &'static str,
        /// What was given.
        value: u64,
        /// The most.
        most: u64,
    },
}

fn names() -> String {
    SETTINGS.iter().map(|s| s.name).collect::<Vec<_>>().join(", ")
}

impl Setting {
    /// The value in these budgets; none where it is Helm's.
    pub fn get(&self, budgets: &Budgets) -> Option<u64> {
        (self.get)(budgets)
    }

    /// The value as people write it; `-` where it is Helm's.
    pub fn shown(&self, budgets: &Budgets) -> String {
        let Some(value) = self.get(budgets) else { return "-".to_owned() };
        match self.unit {
            Unit::Count => value.to_string(),
            Unit::Time => format!("{value}s"),
            Unit::Bytes => match value.trailing_zeros() {
                30.. => format!("{}Gi", value >> 30),
                20.. => format!("{}Mi", value >> 20),
                10.. => format!("{}Ki", value >> 10),
                _ => value.to_string(),
            },
        }
    }

    fn parse(&self, text: &str) -> Option<u64> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, suffix) = text.split_at(digits);
        let factor: u64 = match (self.unit, suffix) {
            (_, "") | (Unit::Time, "s") => 1,
            (Unit::Time, "m") => 60,
            (Unit::Time, "h") => 3600,
            (Unit::Time, _) => return None,
            (_, "k") => 1000,
            (_, "M") => 1_000_000,
            (_, "G") => 1_000_000_000,
            (_, "Ki") => 1 << 10,
            (_, "Mi") => 1 << 20,
            (_, "Gi") => 1 << 30,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(factor)
    }
}

/// The most stack that may be reserved.
const MOST_STACK_BYTES: u64 = 16 << 30;

impl Budgets {
    /// Sets a budget by its name, in which `_` is as good as `-` and case does not matter.
    ///
    /// # Errors
    /// There is no such budget, or the value is no number (with `k`, `M`, `G`, `Ki`, `Mi`, `Gi`) or time (with `s`, `m`,
    /// `h`).
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingError> {
        let wanted = name.trim().to_ascii_lowercase().replace('_', "-");
        let setting =
            SETTINGS.iter().find(|s| s.name == wanted).ok_or_else(|| SettingError::Unknown(name.to_owned()))?;
        let name = setting.name;
        let parsed = setting.parse(value.trim()).ok_or_else(|| SettingError::Value {
            name,
            value: value.to_owned(),
            want: match setting.unit {
                Unit::Count => "number such as 500, 20k or 3M",
                Unit::Bytes => "number of bytes such as 1000, 64Ki or 2Gi",
                Unit::Time => "time such as 30, 30s or 5m",
            },
        })?;
        let most = match name {
            yaml::DEPTH => ParseLimits::MAX_DEPTH as u64,
            exec::STACK => MOST_STACK_BYTES,
            _ => u64::MAX,
        };
        if parsed > most {
            return Err(SettingError::TooMuch { name, value: parsed, most });
        }
        (setting.set)(self, parsed);
        Ok(())
    }

    /// The limits of the template language.
    pub fn limits(&self, cancel: &Cancel) -> Limits {
        Limits {
            steps: self.steps,
            output_bytes: self.output_bytes,
            depth: self.template_depth,
            stack_bytes: self.stack_bytes,
            text_bytes: self.text_bytes,
            items: self.items,
            comparisons: self.comparisons,
            memory_bytes: self.memory_bytes,
            cancel: cancel.clone(),
        }
    }

    /// The budgets of sprig's functions.
    pub fn sprig(&self) -> sprig::Budgets {
        sprig::Budgets {
            regex_bytes: self.regex_bytes,
            regex_work: self.regex_work,
            crypto_work: self.crypto_work,
            key_bits: self.key_bits,
        }
    }

    /// The limits of a chart's files.
    pub fn archive(&self, helm: HelmMajor) -> ArchiveLimits {
        let helms = ArchiveLimits::default_for(helm);
        // Where Helm has no limit for a file, the limit of all files is the only one.
        let file = if helm == HelmMajor::Helm4 { self.archive_bytes } else { helms.file_bytes };
        ArchiveLimits {
            total_bytes: self.archive_bytes,
            file_bytes: self.archive_file_bytes.unwrap_or(file),
            entries: self.archive_entries,
            depth: self.subchart_depth,
        }
    }

    /// The limits of a YAML text.
    pub fn yaml(&self) -> ParseLimits {
        ParseLimits { bytes: self.yaml_bytes, depth: self.yaml_depth, nodes: self.yaml_nodes }
    }

    /// The limits of a schema.
    pub fn schema(&self) -> SchemaLimits {
        SchemaLimits { bytes: self.schema_bytes, steps: self.schema_steps }
    }

    /// A loader of charts within these budgets.
    pub fn loader(&self, helm: HelmMajor) -> helmd_chart::Loader {
        helmd_chart::Loader { helm, limits: self.archive(helm), yaml: self.yaml() }
    }

    /// The size of the stack on which a render runs.
    pub(crate) fn thread_stack(&self) -> usize {
        self.stack_bytes.saturating_add(STACK_RESERVE_BYTES)
    }
}

/// Stack for the functions at the deepest level, and for what is not measured.
const STACK_RESERVE_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_budget_is_a_setting() {
        let mut budgets = Budgets::default();
        for setting in &SETTINGS {
            budgets.set(setting.name, "7").unwrap();
            assert_eq!(setting.get(&budgets), Some(7), "{}", setting.name);
            let underlined = setting.name.replace('-', "_").to_uppercase();
            budgets.set(&underlined, "8").unwrap();
            assert_eq!(setting.get(&budgets), Some(8), "{}", setting.name);
        }
        assert_eq!(budgets.archive(HelmMajor::Helm4).file_bytes, 8);
    }

    #[test]
    fn values_have_units() {
        let mut budgets = Budgets::default();
        let set = |budgets: &mut Budgets, name, value| budgets.set(name, value).map_err(|e| e.to_string());
        set(&mut budgets, "text-bytes", "64Ki").unwrap();
        set(&mut budgets, "steps", "3M").unwrap();
        set(&mut budgets, "render-time", "2m").unwrap();
        assert_eq!((budgets.text_bytes, budgets.steps, budgets.render_time.as_secs()), (65_536, 3_000_000, 120));
        for (name, value, want) in [
            ("nope", "1", "there is no budget \"nope\"; the budgets are: steps, "),
            ("steps", "many", "budget steps: \"many\" is no number such as"),
            ("steps", "-1", "budget steps: \"-1\" is no number"),
            ("steps", "", "budget steps: \"\" is no number"),
            ("render-time", "5d", "budget render-time: \"5d\" is no time"),
            ("text-bytes", "99999999999Gi", "is no number of bytes"),
            ("yaml-depth", "1001", "budget yaml-depth: 1001 is more than 1000, which is the most"),
        ] {
            let error = set(&mut budgets, name, value).unwrap_err();
            assert!(error.contains(want), "{error}");
        }
        assert_eq!(SETTINGS[5].shown(&Budgets::default()), "64Mi");
    }

    #[test]
    fn the_default_limits_of_files_are_helms() {
        let budgets = Budgets::default();
        for helm in [HelmMajor::Helm3, HelmMajor::Helm4] {
            assert_eq!(budgets.archive(helm), ArchiveLimits::default_for(helm));
        }
    }
}
