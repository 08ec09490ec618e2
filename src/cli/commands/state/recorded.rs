//! What a command line names in the state.

use crate::address::{InstanceAddr, Target};
use crate::cli::exit::Failure;
use crate::diag::{Diagnostic, did_you_mean};
use crate::state::State;

/// What follows where a machine is forgotten.
pub(super) const BILLS: &str = "it is not released, and goes on billing. podform orphans finds it again by its mark, and adopts or releases it; the vendor's panel shows every machine.";

/// Every address at which something is recorded, in order.
pub(super) fn addresses(state: &State) -> Vec<&InstanceAddr> {
    let kinds = state.resources.keys().chain(state.deposed.keys()).chain(state.data.keys());
    let mut all: Vec<_> = kinds.chain(state.expired.keys()).collect();
    all.sort();
    all.dedup();
    all
}

/// What a text names, if it is an address.
pub(super) fn target(text: &str) -> Result<Target, Failure> {
    text.parse().map_err(|error| Failure::from(Diagnostic::error("Invalid address", format!("{error}"))))
}

/// Everything recorded that a text names; that must be something.
pub(super) fn named(text: &str, state: &State) -> Result<Vec<InstanceAddr>, Failure> {
    let target = target(text)?;
    let all = addresses(state);
    let found: Vec<InstanceAddr> = all.iter().filter(|at| target.matches(at)).map(|at| (*at).clone()).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let known: Vec<String> = all.iter().map(ToString::to_string).collect();
    let hint = did_you_mean(text, known.iter().map(String::as_str));
    let detail = format!("Nothing is recorded at {target}.{hint} podform state list shows what is.");
    Err(Diagnostic::error("No such object in the state", detail).into())
}

/// Refuses to touch what an unanswered call is about.
pub(super) fn settled<'a>(state: &State, addresses: impl IntoIterator<Item = &'a InstanceAddr>) -> Result<(), Failure> {
    let Some(intent) = addresses.into_iter().find_map(|address| state.open_at(address).next()) else { return Ok(()) };
    let detail = format!(
        "A call for {} has no known outcome yet, so its record must stay where it is. Settle it first: podform recover.",
        intent.address
    );
    Err(Diagnostic::error("Object in doubt", detail).on(&intent.address).into())
}
