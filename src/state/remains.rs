//! What is left of the files of a state, and what an edited state says against its backups.

use super::decode::decode;
use super::difference::differences;
use super::model::State;

/// The files of a state as they stand on disk, whether they are understood or not.
#[derive(Clone, Debug, Default)]
pub struct Remains {
    /// The state; `None` where there is none.
    pub state: Option<Vec<u8>>,
    /// Its path.
    pub state_name: String,
    /// The journal.
    pub journal: Vec<u8>,
    /// Its path.
    pub journal_name: String,
    /// Copies of states, the newest first: path, serial, bytes.
    pub backups: Vec<(String, u64, Vec<u8>)>,
    /// What runs kept that lost their lock: path, bytes.
    pub kept: Vec<(String, Vec<u8>)>,
}

/// Whether what is recorded is older than this copy of a state of its lineage. `last` is the last entry of it that tells
/// something. `journaled`: a journal was replayed; a run that died while it replaced the state leaves a copy that says what
/// the journal says.
pub fn is_older(recorded: &State, last: u64, journaled: bool, copy: &State) -> bool {
    let serial = |state: &State| if journaled { 0 } else { state.serial };
    // Taking over has a number too. A copy with such a one, of a run that was killed, is no newer where it tells no more; and
    // a state that is older does not become newer by being taken over.
    let counts = last == recorded.journal_seq || copy.journal_seq > recorded.journal_seq || !recorded.knows(copy);
    copy.lineage == recorded.lineage && (copy.journal_seq, serial(copy)) > (last, serial(recorded)) && counts
}

/// The newest backup of the same lineage that loads.
pub(super) fn newest<'a>(remains: &'a Remains, state: &State) -> Option<(&'a str, State)> {
    let mut all = remains.backups.iter().filter_map(|(name, _, bytes)| Some((name.as_str(), decode(bytes).ok()?)));
    all.find(|(_, backup)| backup.lineage == state.lineage)
}

/// What an edited state says that the newest backup does not: whole sentences.
pub(super) fn changes(remains: &Remains, state: &State) -> Vec<String> {
    let Some((name, backup)) = newest(remains, state) else { return Vec::new() };
    let found = differences(&backup, state);
    match found.is_empty() {
        true => vec![format!("It says the same as {name}.")],
        false => vec![format!("Against {name} it has:\n  {}", found.join("\n  "))],
    }
}
