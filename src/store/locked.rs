//! Writing what is recorded: the journal during a run, the snapshot at its end.

use super::backend::{Entries, Form, Kept, Snapshot, StateStore, Version, Written};
use super::fault::StoreError;
use super::guarded::Guarded;
use super::holder::LockInfo;
use super::own::Own;
use super::patience::{Told, lock_patiently};
use super::place::Part;
use super::recorded::{Recorded, Remark, read, recorded};
use crate::state::{Event, Lines, Moved, State, decode, decode_edited, decode_journal, kept, sum_in};
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::sleep;
use tracing::debug;
use uuid::Uuid;

/// How often a write is tried whose outcome is not known. Each try waits for as long as its store thinks right; a store that
/// does not answer five times in a row is away, and the run stops.
const ATTEMPTS: usize = 5;
/// Between two tries: a connection that broke is made anew by then.
const PAUSE: Duration = Duration::from_secs(1);

/// The only writer of a state and its journal.
#[derive(Debug)]
pub struct LockedStore {
    store: Guarded,
    /// Who holds it: its id is the run of the entries.
    info: LockInfo,
    /// What is to be told of what was found.
    remarks: Vec<Remark>,
    /// The snapshot that stands there; `None` before the first.
    snapshot: Option<State>,
    /// Its checksum, where it has one.
    sum: Option<String>,
    version: Version,
    /// The last entry that is durable.
    seq: u64,
    /// The journal holds something.
    journaled: bool,
    /// What runs kept that lost their lock: the next snapshot contains it.
    kept: Vec<Kept>,
    /// What is recorded with that, until a snapshot says so.
    taken_up: Option<Box<State>>,
    /// Serial and last entry of a copy that is newer: the next snapshot goes on from there.
    newest: Option<(u64, u64)>,
    /// What this run wrote since the snapshot: kept beside where the journal is taken away.
    own: Own,
    /// What those said: what comes next is told as a difference from it.
    said: Lines,
    /// What was taken away from this run, and what it could not write any more.
    lost: Option<(Part, Vec<Event>)>,
}

impl LockedStore {
    /// Takes the lock, waiting for at most `timeout`, and opens the state for writing. Returns what is recorded, too. `None`
    /// takes no lock at all (`-lock=false`).
    ///
    /// # Errors
    /// [`StoreError::Locked`]; what cannot be read or understood, for it must not be overwritten.
    pub async fn open(
        store: Box<dyn StateStore>,
        operation: &str,
        timeout: Option<Duration>,
    ) -> Result<(LockedStore, State), StoreError> {
        LockedStore::begin(store, operation, (timeout, |_, _| {}), false).await
    }

    /// As [`LockedStore::open`]; somebody is told while the lock is waited for.
    ///
    /// # Errors
    /// As [`LockedStore::open`].
    pub async fn open_patiently(
        store: Box<dyn StateStore>,
        operation: &str,
        timeout: Option<Duration>,
        told: Told,
    ) -> Result<(LockedStore, State), StoreError> {
        LockedStore::begin(store, operation, (timeout, told), false).await
    }

    /// As [`LockedStore::open`]; also where a state was once, and was moved away: one may come back.
    ///
    /// # Errors
    /// As [`LockedStore::open`].
    pub async fn open_anew(
        store: Box<dyn StateStore>,
        operation: &str,
        timeout: Option<Duration>,
    ) -> Result<(LockedStore, State), StoreError> {
        LockedStore::begin(store, operation, (timeout, |_, _| {}), true).await
    }

    async fn begin(
        store: Box<dyn StateStore>,
        operation: &str,
        (timeout, told): (Option<Duration>, Told),
        comes_back: bool,
    ) -> Result<(LockedStore, State), StoreError> {
        let mut store = Guarded::from(store);
        let info = LockInfo::new(operation);
        let dead = match timeout {
            Some(timeout) => lock_patiently(&mut *store, &info, timeout, told).await?,
            None => None,
        };
        let mut stored = store.take_over().await?;
        let left = stored.state.as_deref().and_then(Moved::read).filter(|_| comes_back);
        if left.is_some() {
            stored.state = None;
        }
        let Recorded { snapshot, state, remarks: found, kept, newest, journaled } = recorded(&*store, &stored).await?;
        let form = store.form();
        let place = || store.place(Part::State);
        let encrypts = match form {
            Form::First => Some(Remark::Encrypts { place: place(), clear: false }),
            Form::Clear => Some(Remark::Encrypts { place: place(), clear: true }),
            Form::Unkeyed => Some(Remark::Keys { place: place() }),
            Form::Current | Form::Former => None,
        };
        let journaled = journaled || matches!(form, Form::Clear | Form::Former | Form::Unkeyed);
        let died = dead.map(|dead| Remark::Died(Box::new(dead)));
        let locked = LockedStore {
            sum: sum_of(&*store, stored.state.as_deref()),
            journaled,
            version: stored.version,
            seq: state.journal_seq,
            remarks: died.into_iter().chain(encrypts).chain(found).collect(),
            own: Own::default(),
            said: Lines::default(),
            lost: None,
            store,
            info,
            snapshot,
            taken_up: (!kept.is_empty() && !state.lineage.is_empty()).then(|| Box::new(state.clone())),
            kept,
            newest: newest.max(left.map(|left| (left.serial, left.journal_seq))),
        };
        Ok((locked, state))
    }

    /// Gives the lock back. A lock that does not die with its run stays where this is not called.
    ///
    /// # Errors
    /// The store's.
    pub async fn close(mut self) -> Result<(), StoreError> {
        self.store.unlock().await
    }

    /// Between the beginnings of two appends at least, so that groups are not too small.
    pub fn pace(&self) -> Duration {
        self.store.pace()
    }

    /// What is to be told of what was found.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// Whether the journal holds something that other programs do not see, or that no snapshot has taken away yet.
    pub fn is_journaled(&self) -> bool {
        self.journaled || !self.kept.is_empty()
    }

    /// That another run has written the state since this one read it, lock or no lock; `None` where none has, as far as anybody
    /// can tell.
    pub async fn overtaken(&mut self) -> Option<StoreError> {
        match self.store.read().await {
            Ok(there) if there.version != self.version => Some(self.fenced(Some(Part::State), &[]).await),
            _ => None,
        }
    }

    /// Makes events durable, all of them or none. Returns the sequence number of the last one.
    ///
    /// # Errors
    /// The store's; none of the events then counts as written. [`StoreError::Fenced`]: nothing more can be written.
    pub async fn append(&mut self, events: &[Event]) -> Result<u64, StoreError> {
        if events.is_empty() {
            return Ok(self.seq);
        }
        if self.lost.is_some() {
            return Err(self.fenced(None, events).await);
        }
        // What runs kept is taken up after the journal is replayed. What is written now goes on from it, and must not come before.
        if let Some(mut state) = self.taken_up.take() {
            match self.snapshot(&mut state).await {
                Ok(()) => {}
                Err(StoreError::Fenced { .. }) => return Err(self.fenced(None, events).await),
                Err(error) => {
                    self.taken_up = Some(state);
                    return Err(error);
                }
            }
        }
        let at = Timestamp::now();
        let mut entries = Entries {
            contained: self.snapshot.as_ref().map_or(0, |state| state.journal_seq),
            first: self.seq.saturating_add(1),
            lines: String::new(),
        };
        // What these say holds for those behind them only once they are durable.
        let mut said = std::mem::take(&mut self.said);
        for (event, seq) in events.iter().zip(entries.first..) {
            let begins = self.own.is_empty() && entries.lines.is_empty();
            let of = begins.then_some(&*self.info.id);
            let snapshot = self.sum.as_deref().filter(|_| begins);
            entries.lines.push_str(&said.line(seq, at, (of, snapshot), event));
        }
        let mut left = ATTEMPTS;
        loop {
            left = left.saturating_sub(1);
            match self.store.append(&entries).await {
                Written::Done(()) => break,
                Written::NotDone(error) => return Err(error),
                Written::Refused(part) => return Err(self.fenced(Some(part), events).await),
                Written::Behind => return Err(self.fenced(Some(Part::Journal), events).await),
                Written::InDoubt(error) if left == 0 => return Err(error),
                Written::InDoubt(error) => debug!("the journal, again: {error}"),
            }
            sleep(PAUSE).await;
        }
        for (event, seq) in events.iter().zip(entries.first..) {
            debug!("journal {seq}: {event}");
            self.seq = seq;
        }
        self.own.push(&entries.lines);
        self.said = said;
        self.journaled = true;
        Ok(self.seq)
    }

    /// Replaces the snapshot, and empties the journal. Sets `journal_seq` to the last appended entry, raises `serial` where
    /// anything else has changed since the snapshot before, and makes a `lineage` where there is none.
    ///
    /// # Errors
    /// The store's, another lineage, a state that would not be read back, a snapshot that somebody else has changed since it
    /// was read: it is as it was before, `state` is unchanged, and the journal holds what was appended.
    pub async fn snapshot(&mut self, state: &mut State) -> Result<(), StoreError> {
        let mut next = state.clone();
        // What is older than a copy of it is so no more.
        let (newest, seq) = self.newest.unwrap_or_default();
        self.seq = self.seq.max(seq);
        next.serial = next.serial.max(newest);
        next.journal_seq = self.seq;
        if next.lineage.is_empty() {
            next.lineage = self.snapshot.as_ref().map_or_else(|| Uuid::new_v4().to_string(), |old| old.lineage.clone());
        }
        next.serial = match &self.snapshot {
            Some(old) if old.lineage != next.lineage => {
                let (found, given) = (old.lineage.clone(), next.lineage);
                return Err(StoreError::Lineage { place: self.store.place(Part::State), found, given });
            }
            Some(old) => {
                let same = State { serial: old.serial, journal_seq: old.journal_seq, ..next.clone() } == *old;
                let is_raised = newest > 0 || next.serial > old.serial;
                if same && !is_raised && !self.store.needs_new_serials() {
                    old.serial
                } else {
                    old.serial.max(next.serial).saturating_add(1)
                }
            }
            None => next.serial.saturating_add(1),
        };
        self.replace(next, state).await
    }

    /// Puts another state in the place of the recorded one, journal and all, whatever its lineage and serial are. Only its
    /// numbers become ours where they are lower: those of a store never repeat, and the last one written is the newest.
    ///
    /// # Errors
    /// As [`LockedStore::snapshot`], but for the lineage.
    pub async fn put(&mut self, state: &mut State) -> Result<(), StoreError> {
        let (serial, seq) = self.newest.unwrap_or_default();
        self.seq = self.seq.max(state.journal_seq).max(seq);
        let serial = self.snapshot.as_ref().map_or(0, |old| old.serial).max(serial).saturating_add(1);
        let next = State { serial: serial.max(state.serial), journal_seq: self.seq, ..state.clone() };
        self.replace(next, state).await
    }

    /// Leaves word of where the state is kept from now on, in the place of the snapshot; nothing can be written here any more.
    ///
    /// # Errors
    /// The store's: the state is here as it was before.
    pub async fn leave(mut self, state: &State, to: &str) -> Result<(), StoreError> {
        let serial = self.snapshot.as_ref().map_or(0, |old| old.serial).max(state.serial).saturating_add(1);
        let (lineage, journal_seq) = (state.lineage.clone(), self.seq.max(state.journal_seq));
        let text = Moved { to: to.to_owned(), serial, lineage, journal_seq }.text();
        self.settle(None, Snapshot { serial, seq: journal_seq, text }).await.map(drop)
    }

    async fn replace(&mut self, mut next: State, state: &mut State) -> Result<(), StoreError> {
        let unreadable = |what: String| Err(StoreError::Unreadable { place: self.store.place(Part::State), what });
        let new = Snapshot::of(&next);
        match decode(&new.text) {
            Ok(back) if back == next => {}
            Ok(_) => return unreadable("it differs".into()),
            Err(error) => return unreadable(error.to_string()),
        }
        // Whoever reads it goes on from it, whether it is known to have been written or not.
        self.said = Lines::default();
        let (version, new) = self.settle(Some(&mut next), new).await?;
        self.version = version;
        self.store.discard(&std::mem::take(&mut self.kept)).await;
        self.taken_up = None;
        self.snapshot = Some(next.clone());
        self.sum = sum_of(&*self.store, Some(new.text.as_bytes()));
        self.own = Own::default();
        self.newest = None;
        self.journaled = false;
        *state = next;
        debug!("state: serial {}, up to journal entry {}", state.serial, state.journal_seq);
        Ok(())
    }

    /// Replaces the snapshot; looks whether it was done where the store does not know. That of a run before this one, which
    /// comes late, is written over where `state`, which is what `next` says, knows all of it; its serial then rises above the
    /// other's.
    async fn settle(
        &mut self,
        mut state: Option<&mut State>,
        mut next: Snapshot,
    ) -> Result<(Version, Snapshot), StoreError> {
        if self.lost.is_some() {
            return Err(self.fenced(None, &[]).await);
        }
        let mut left = ATTEMPTS;
        let mut over = self.version.clone();
        loop {
            left = left.saturating_sub(1);
            let mut is_behind = false;
            let doubt = match self.store.replace(&over, &next).await {
                Written::Done(version) => return Ok((version, next)),
                Written::NotDone(error) => return Err(error),
                Written::Refused(Part::State) => None,
                Written::Refused(part) => return Err(self.fenced(Some(part), &[]).await),
                Written::Behind => {
                    is_behind = left > 0;
                    None
                }
                Written::InDoubt(error) => Some(error),
            };
            let there = self.store.read().await?;
            let late = there.state.as_ref().filter(|_| is_behind).and_then(|bytes| decode(bytes).ok());
            let knowing = state.as_deref_mut().zip(late);
            let knowing =
                knowing.filter(|(state, late)| (late.lineage == state.lineage || late.is_blank()) && state.knows(late));
            match doubt {
                // An attempt before this one was done, for all its answer was lost.
                _ if there.state.as_deref() == Some(next.text.as_bytes()) => return Ok((there.version, next)),
                Some(error) if left == 0 => return Err(error),
                Some(error) => {
                    debug!("the state, again: {error}");
                    sleep(PAUSE).await;
                }
                None if let Some((state, late)) = knowing => {
                    debug!("the state of a run before this one came late: serial {}", late.serial);
                    over = there.version;
                    state.serial = state.serial.max(late.serial.saturating_add(1));
                    next = Snapshot::of(state);
                }
                None => {
                    let named = |state: &State| (state.serial, state.lineage.clone());
                    let found = there.state.and_then(|bytes| decode_edited(bytes).ok());
                    return Err(StoreError::Changed {
                        place: self.store.place(Part::State),
                        was: self.snapshot.as_ref().map(named),
                        found: found.as_ref().map(named),
                    });
                }
            }
        }
    }

    /// Lock or journal were taken away: what this run did, and nobody else knows, is kept beside. Every answer that still
    /// comes is kept with it.
    async fn fenced(&mut self, part: Option<Part>, unwritten: &[Event]) -> StoreError {
        if self.lost.is_none() {
            let known = read(&*self.store).await.ok().map(|(state, _)| state);
            let own = self.snapshot.as_ref().map(|state| &state.lineage);
            let known = known.filter(|known| own.is_none_or(|own| *own == known.lineage));
            if known.is_some_and(|known| known.knows(&State::of(decode_journal(self.own.text().as_bytes()).entries))) {
                self.own = Own::default();
            }
        }
        let (part, all) = self.lost.get_or_insert_with(|| (part.unwrap_or(Part::Lock), Vec::new()));
        all.extend_from_slice(unwritten);
        let begin = self.snapshot.as_ref().and_then(|state| {
            let (lineage, fleet) = (state.lineage.clone(), state.fleet.clone());
            Some(Event::Begin { lineage, fleet, account: state.account.clone()? })
        });
        let kept = match kept((&self.info.id, Timestamp::now()), &self.own.text(), all, begin) {
            Some(lines) => Some(self.store.keep(&self.info.id, &lines).await.map_err(Box::new)),
            None => None,
        };
        StoreError::Fenced { part: *part, place: self.store.place(*part), kept }
    }
}

/// The checksum by which entries name this snapshot.
fn sum_of(store: &dyn StateStore, state: Option<&[u8]>) -> Option<String> {
    state.filter(|_| store.names_snapshots()).and_then(sum_in).map(str::to_owned)
}
