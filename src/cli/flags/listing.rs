//! How a list is printed.

use crate::cli::terminal::Terminal;
use crate::render::table::{Table, table_csv, table_json, table_text};
use clap::Args;

/// How a list is printed: a table unless a program reads it.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct ListingArgs {
    /// Print JSON.
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print CSV, with a head.
    #[arg(long)]
    pub csv: bool,
    /// Show every column, however wide.
    #[arg(long)]
    pub wide: bool,
}

impl ListingArgs {
    /// Prints a table as they say.
    pub fn print(self, table: &Table, terminal: &Terminal) {
        match self {
            ListingArgs { json: true, .. } => terminal.json(&table_json(table).to_string()),
            ListingArgs { csv: true, .. } => terminal.print(&table_csv(table)),
            ListingArgs { wide, .. } => terminal.print(&table_text(table, wide, terminal.out)),
        }
    }
}
