//! What a snapshot shows that must stop a plan or be told: mass disappearance, a lost state, orphans.

use crate::diag::Diagnostic;
use crate::live::{LiveObject, Mark, ObjectId, Snapshot};
use crate::state::State;

/// More than half, and at least three, of the recorded machines gone at once is more likely a fault of the API or of the
/// key than true (invariant 8). `None` where nothing is suspicious; `-accept-missing` accepts it.
pub fn mass_disappearance(state: &State, snapshot: &Snapshot) -> Option<Diagnostic> {
    let recorded = state.recorded_machines().count();
    let gone = state.recorded_machines().filter(|(id, _)| snapshot.is_gone(ObjectId::Machine(*id))).count();
    if gone < 3 || gone * 2 <= recorded {
        return None;
    }
    let detail = format!(
        "{gone} of {recorded} recorded machines are gone at once: each was looked for by id and is not there. This may be true, or the key may belong to another account or sub-account."
    );
    let hint = "Check the account; if they are really gone, run the command again with -accept-missing.";
    Some(Diagnostic::error("Most machines are gone", detail).with_hint(hint))
}

/// An object that carries our fleet's mark under another lineage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Which.
    pub id: ObjectId,
    /// Its mark.
    pub mark: Mark,
}

/// Machines and template groups of our fleet that another state made (invariant 12). `lineage` is empty where there is no
/// state yet.
pub fn foreign_lineage(snapshot: &Snapshot, fleet: &str, lineage: &str) -> Vec<Stranger> {
    let stranger = |object: &LiveObject| {
        let mark = Mark::read(object.notes()?).1?;
        (mark.fleet == fleet && mark.lineage != lineage).then_some(Stranger { id: object.id(), mark })
    };
    snapshot.standing().filter_map(stranger).collect()
}

/// The refusal that [`foreign_lineage`] calls for; `None` where there is none.
pub fn lost_state(strangers: &[Stranger], fleet: &str) -> Option<Diagnostic> {
    let first = strangers.first()?;
    let shown: Vec<String> =
        strangers.iter().take(5).map(|stranger| format!("{} ({})", stranger.id, stranger.mark.address)).collect();
    let more = match strangers.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let detail = format!(
        "The account holds what was made for the fleet \"{fleet}\" and this state does not know: {}{more}. It was made under another state (lineage {}), which may be lost. Nothing is rented again.",
        shown.join(", "),
        first.mark.lineage
    );
    let hint = "Bring that state back (podform state repair, or a copy of yours), or take all of it into this one: podform recover -adopt=all (or -adopt=ID, one by one).";
    Some(Diagnostic::error("Machines of a lost state", detail).with_hint(hint))
}
