//! What is recorded: the snapshot with the journal replayed onto it, and what runs kept that lost their lock.

use super::backend::{Kept, StateStore, Stored};
use super::fault::StoreError;
use super::holder::LockInfo;
use super::place::{Part, Place};
use crate::state::{State, decode, decode_journal, is_older, last_telling, older, sum_in};

/// What whoever goes on from a state must be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The run that held the lock before was killed.
    Died(Box<LockInfo>),
    /// What is written from now on is encrypted.
    Encrypts {
        /// The state.
        place: Place,
        /// It stands there in clear.
        clear: bool,
    },
    /// The sums of what is written from now on are keyed.
    Keys {
        /// The state.
        place: Place,
    },
    /// The state is older than a copy of it.
    Older {
        /// The state.
        place: Place,
        /// Whole sentences.
        what: String,
    },
    /// A run lost its lock, and what it did is taken up.
    TakenUp {
        /// What it kept.
        place: Place,
        /// What nobody else knew of.
        found: Vec<String>,
    },
    /// A run lost its lock, and what it did belongs to another state.
    Foreign {
        /// What it kept.
        place: Place,
        /// Whole sentences.
        what: String,
    },
}

/// Reads without a lock; what it returns was recorded at one moment, even while an apply runs. Nothing at all is an empty
/// state.
///
/// # Errors
/// What cannot be read or understood.
pub async fn read(store: &dyn StateStore) -> Result<(State, Vec<Remark>), StoreError> {
    let Recorded { state, remarks, .. } = recorded(store, &store.read().await?).await?;
    Ok((state, remarks))
}

/// What stands in a store, understood.
pub(super) struct Recorded {
    /// The snapshot alone; `None` before the first.
    pub snapshot: Option<State>,
    /// Everything.
    pub state: State,
    /// What is to be told.
    pub remarks: Vec<Remark>,
    /// What was taken up.
    pub kept: Vec<Kept>,
    /// Serial and last entry of a copy that is newer.
    pub newest: Option<(u64, u64)>,
    /// The journal holds something that a snapshot should.
    pub journaled: bool,
}

/// Each reader walks past all seals since the snapshot: so many are worth a new one.
const SEALS: usize = 16;

/// A last line of a journal that is not whole is no entry: a run is writing it, or died while it did.
pub(super) async fn recorded(store: &dyn StateStore, stored: &Stored) -> Result<Recorded, StoreError> {
    let decoded = stored.state.as_deref().map(decode).transpose();
    let mut snapshot = decoded.map_err(|error| StoreError::State { place: store.place(Part::State), error })?;
    let mut state = snapshot.clone().unwrap_or_default();
    let contained = state.journal_seq;
    let replay = decode_journal(&stored.journal);
    // Seals tell nothing: a state without more behind it is no newer by them.
    let told = last_telling(&replay.entries);
    let last = told.unwrap_or_default().max(contained);
    let journaled = match replay.entries.is_empty() {
        true => !stored.journal.is_empty(),
        false => told.is_some() || replay.entries.len() > SEALS,
    };
    let replayed = match replay.error {
        Some(error) => Err(error),
        None => state.replay(replay.entries, stored.state.as_deref().and_then(sum_in)),
    };
    replayed.map_err(|error| StoreError::Journal { place: store.place(Part::Journal), error })?;
    let mut remarks = Vec::new();
    let newer = store.newer(state.serial, last).await?;
    let copies = newer.into_iter().filter_map(|(place, bytes)| Some((place, decode(bytes).ok()?)));
    let older_than = copies
        .filter(|(_, copy)| is_older(&state, last, last > contained, copy))
        .max_by_key(|(_, copy)| (copy.journal_seq, copy.serial));
    if let Some((place, copy)) = &older_than {
        let what = older(&state, copy, &place.to_string());
        remarks.push(Remark::Older { place: store.place(Part::State), what });
    }
    if let Some(beyond) = stored.beyond.filter(|_| older_than.is_none()) {
        remarks.push(Remark::Older { place: store.place(Part::State), what: put_back(last, beyond) });
    }
    let mut taken_up = Vec::new();
    let mut all_kept: Vec<_> = stored.kept.iter().map(|kept| (kept, decode_journal(&kept.bytes))).collect();
    // One run after the other, as they were: what a later one did goes on from what an earlier one did.
    all_kept.sort_by_key(|(_, replay)| replay.entries.last().map(|entry| entry.at));
    for (kept, replay) in all_kept {
        let place = kept.place.clone();
        if let Some(error) = replay.error {
            return Err(StoreError::Journal { place, error });
        }
        match state.take_up_kept(replay.entries) {
            Ok(found) => {
                remarks.push(Remark::TakenUp { place, found });
                taken_up.push(kept.clone());
            }
            Err(why) => remarks.push(Remark::Foreign { place, what: why.what() }),
        }
    }
    if let Some(blank) = snapshot.as_mut().filter(|snapshot| snapshot.is_blank()) {
        blank.lineage.clone_from(&state.lineage);
    }
    let newest = older_than.map(|(_, copy)| (copy.serial, copy.journal_seq));
    let (serial, seq) = newest.unwrap_or((state.serial, 0));
    let newest = stored.beyond.map(|beyond| (serial, seq.max(beyond))).or(newest);
    Ok(Recorded { snapshot, state, remarks, kept: taken_up, newest, journaled })
}

/// A state whose journal has numbers that it cannot have.
fn put_back(last: u64, beyond: u64) -> String {
    format!(
        "It is older than its journal: it ends with entry {last}, and entry {beyond} was written. What was made in between \
         bills, and is not recorded here: put its newest version in its place, or, if the older one is meant, look at \
         podform orphans before anything else."
    )
}
