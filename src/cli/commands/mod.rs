//! One file per command.

pub mod apply;
pub mod console;
pub mod fmt;
pub mod graph;
pub mod import;
pub mod metadata;
pub mod orphans;
pub mod output;
pub mod plan;
pub mod recover;
pub mod sandbox;
pub mod show;
pub mod state;
pub mod validate;
pub mod version;

use super::terminal::Terminal;
use crate::diag::{Diagnostics, Sources};

/// What every command has at hand.
pub struct Context {
    /// Where text goes.
    pub terminal: Terminal,
    /// Every source text that was read, for the excerpts of diagnostics.
    pub sources: Sources,
    /// What is told at the end; errors of a failure come on top.
    pub diags: Diagnostics,
}
