//! What a snapshot shows that must stop a plan or be told: mass disappearance, a lost state, orphans.

use super::read::recorded_machines;
use crate::diag::Diagnostic;
use crate::live::{MachineId, Mark, Snapshot};
use crate::state::{Intent, State};

/// More than half, and at least three, of the recorded machines gone at once is more likely a fault of the API or of the
/// key than true (invariant 8). `None` where nothing is suspicious; `-accept-missing` accepts it.
pub fn mass_disappearance(state: &State, snapshot: &Snapshot) -> Option<Diagnostic> {
    let recorded = recorded_machines(state).count();
    let gone = recorded_machines(state).filter(|(id, _)| snapshot.gone_machines.contains(id)).count();
    if gone < 3 || gone * 2 <= recorded {
        return None;
    }
    let detail = format!(
        "{gone} of {recorded} recorded machines are gone at once: each was looked for by id and is not there. This may be true, or the key may belong to another account or sub-account. Check the account; if they are really gone, run the command again with -accept-missing."
    );
    Some(Diagnostic::error("Most machines are gone", detail))
}

/// A machine that carries our fleet's mark under another lineage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Which machine.
    pub id: MachineId,
    /// Its mark.
    pub mark: Mark,
}

/// Machines of our fleet that another state made (invariant 12). `lineage` is empty where there is no state yet.
pub fn foreign_lineage(snapshot: &Snapshot, fleet: &str, lineage: &str) -> Vec<Stranger> {
    let stranger = |machine: &crate::live::Machine| {
        let mark = Mark::read(machine.notes.as_deref()?).1?;
        (mark.fleet == fleet && mark.lineage != lineage).then_some(Stranger { id: machine.id, mark })
    };
    snapshot.machines.values().filter_map(stranger).collect()
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
        "The account holds machines of the fleet \"{fleet}\" that this state does not know: {}{more}. They were made under another state (lineage {}), which may be lost. Nothing is rented again: bring that state back (podform.state.json.backup, or a copy of yours), or release those machines in the vendor's panel.",
        shown.join(", "),
        first.mark.lineage
    );
    Some(Diagnostic::error("Machines of a lost state", detail))
}

/// A machine that appeared after its rent was settled as absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Orphan {
    /// Which machine.
    pub id: MachineId,
    /// The rent that was given up.
    pub intent: Intent,
}

/// Unrecorded machines that carry the claim of a watched intent (invariant 2).
pub fn orphans(state: &State, snapshot: &Snapshot) -> Vec<Orphan> {
    let recorded: std::collections::BTreeSet<MachineId> = recorded_machines(state).map(|(id, _)| id).collect();
    let orphan = |machine: &crate::live::Machine| {
        let mark = machine.notes.as_ref().and_then(|notes| Mark::read(notes).1);
        let claims = [machine.env.as_ref().and_then(|env| env.claim().map(str::to_owned)), mark.map(|mark| mark.claim)];
        let (intent, _) = claims.iter().flatten().find_map(|claim| state.watched.get(claim))?;
        Some(Orphan { id: machine.id, intent: intent.clone() })
    };
    snapshot.machines.values().filter(|machine| !recorded.contains(&machine.id)).filter_map(orphan).collect()
}
