//! The list of flags in a command's help.

use super::{Flag, FlagSet};

impl FlagSet {
    /// One line for each flag, by name, what they are for in one column.
    pub fn usages(&self) -> String {
        let mut flags: Vec<&Flag> = self.flags.iter().filter(|flag| !flag.usage.is_empty()).collect();
        flags.sort_by_key(|flag| flag.name);
        let heads: Vec<String> = flags.iter().map(|flag| head(flag)).collect();
        let width = heads.iter().map(String::len).max().unwrap_or_default();
        let lines = heads.iter().zip(&flags).map(|(head, flag)| format!("{head:width$}   {}\n", flag.usage));
        lines.collect()
    }
}

fn head(flag: &Flag) -> String {
    let letter = flag.short.map_or_else(|| "    ".to_owned(), |letter| format!("-{letter}, "));
    let kind = match flag.kind.type_name() {
        "" => String::new(),
        name => format!(" {name}"),
    };
    let alone = match flag.alone {
        Some(value) if !kind.is_empty() => format!("[={value}]"),
        _ => String::new(),
    };
    format!("  {letter}--{}{kind}{alone}", flag.name)
}
