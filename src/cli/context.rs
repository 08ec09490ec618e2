//! What every command has at hand.

use super::exit::Failure;
use super::flags::{AccountArgs, VariableArgs};
use super::interrupts::Interrupts;
use super::terminal::Terminal;
use crate::diag::{Diagnostics, Sources};
use crate::plan::SavedPlan;
use crate::session::{AtHand, Fleet, Locking, Opening, Watched};

/// What every command has at hand.
pub struct Context {
    /// Where text goes, and who is asked.
    pub terminal: Terminal,
    /// What asks it to end.
    pub interrupts: Interrupts,
    /// Every source text that was read, for the excerpts of diagnostics.
    pub sources: Sources,
    /// What is told at the end; errors of a failure come on top.
    pub diags: Diagnostics,
    /// The parser of the command line: a command can tell of all.
    pub parser: fn() -> clap::Command,
}

impl Context {
    /// The configuration here; `None` where something is wrong with it, which is told at the end.
    ///
    /// # Errors
    /// It is not that of the saved plan.
    pub async fn configure(&mut self, opening: &Opening, saved: Option<&SavedPlan>) -> Result<Option<Fleet>, Failure> {
        Ok(opening.configure(saved, &self.terminal, &mut self.sources, &mut self.diags).await?)
    }

    /// As [`Context::configure`], and the state for those who only look.
    ///
    /// # Errors
    /// The state is locked, or cannot be read.
    pub async fn configure_beside_state(
        &mut self,
        opening: &Opening,
        locking: Locking,
    ) -> Result<Option<(Fleet, Watched)>, Failure> {
        Ok(opening.configure_beside_state(locking, &self.terminal, &mut self.sources, &mut self.diags).await?)
    }

    /// The account that flags choose, and what is known beside it: for commands that look at it wherever they are started.
    ///
    /// # Errors
    /// As [`Opening::at_hand`].
    pub async fn at_hand(
        &mut self,
        variables: &VariableArgs,
        account: &AccountArgs,
    ) -> Result<(Opening, AtHand), Failure> {
        let opening = variables.opening(account.choice(), 0);
        let at_hand = opening.at_hand(&mut self.sources, &mut self.diags).await?;
        Ok((opening, at_hand))
    }
}
