//! `--budget`, `HELMD_BUDGET_…`: what a chart may use up, told by whoever runs helmd.

use crate::cli::flags::{Flag, Kind};
use crate::environment;
use clap::Args;
use helmd_action::Budgets;
use helmd_action::budgets::SettingError;

/// What a chart may use up. Helm has no such flag.
#[derive(Args, Debug, Default, Clone)]
#[command(next_help_heading = "Budgets")]
pub struct BudgetFlags {
    /// let a chart use more or less of something: steps=500M, text-bytes=128Mi, render-time=10m (can specify multiple;
    /// HELMD_BUDGET_STEPS and so on do the same; docs/budgets.md lists all)
    #[arg(long = "budget", value_name = "NAME=VALUE", value_delimiter = ',')]
    budget: Vec<String>,
}

impl BudgetFlags {
    /// These budgets with what the environment and then the flags say.
    ///
    /// # Errors
    /// A name that there is not, or a value that cannot be read; where it was said.
    pub fn over(&self, base: Budgets) -> Result<Budgets, String> {
        over(base, &self.budget)
    }
}

/// The flag for commands that have Helm's own way to read flags.
pub fn flag() -> Flag {
    Flag::new(
        "budget",
        Kind::Csv,
        "let a chart use more or less of something: steps=500M; docs/budgets.md lists all; helmd only",
    )
}

/// These budgets with what the environment and then the flags say.
///
/// # Errors
/// A name that there is not, or a value that cannot be read; where it was said.
pub fn over(base: Budgets, flags: &[String]) -> Result<Budgets, String> {
    let mut budgets = base;
    let said = |place: &str, e: SettingError| format!("{place}: {e}");
    for (variable, name, value) in environment::budgets() {
        budgets.set(&name, &value).map_err(|e| said(&variable, e))?;
    }
    for flag in flags {
        let (name, value) = flag.split_once('=').ok_or_else(|| format!("--budget {flag:?}: it must be NAME=VALUE"))?;
        budgets.set(name, value).map_err(|e| said("--budget", e))?;
    }
    Ok(budgets)
}
