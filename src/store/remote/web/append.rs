//! Taking the journal over, and appending to it.
//!
//! Every write is of the whole state beside. A run writes only over what it wrote itself, and asks afterwards whether it is
//! the holder still: then whoever takes over comes after it, and reads what it wrote. Between the two somebody may have come
//! to hold it, over whose lines was written: that run puts them back.

use super::document::{Document, Journal, lines, live};
use super::server::{BOTH, JOURNAL, Posted, Proof, STATE};
use super::store::{There, Turn, Web, version};
use crate::state::{Event, decode_journal};
use crate::store::{Entries, Part, StoreError, Stored, Written};
use futures::future::join;
use std::time::Duration;
use tokio::time::sleep;
use uuid::Uuid;

/// How often a write without an answer is tried, and how often all is read anew because somebody wrote meanwhile.
const ATTEMPTS: usize = 5;
/// Between two tries: a connection that broke is made anew by then.
const PAUSE: Duration = Duration::from_secs(1);

impl Web {
    /// Reads what there is, and names this run as the one that writes.
    pub(super) async fn begin(&mut self) -> Result<Stored, StoreError> {
        self.turn = None;
        self.lock_journal().await?;
        for _ in 0..ATTEMPTS {
            let There { stored, contained, journal } = self.look().await?;
            // Whoever decodes it says why.
            let Some(contained) = contained else { return Ok(stored) };
            let seal = seal(&stored, contained, journal.as_ref(), self.held.is_some());
            let Some(is_guarded) = self.take_turn(&seal).await? else { continue };
            // Where nobody is kept out, somebody may have come between.
            let is_same = is_guarded
                || (self.stands(&seal).await? && version(self.server.get(STATE).await?.as_deref()) == stored.version);
            if is_same {
                let version = stored.version.clone();
                let over = journal.map(|journal| journal.ours).filter(|before| before.is_locked);
                let over = over.map(|before| before.turn);
                self.turn = Some(Turn { written: seal, pending: None, over, version, is_guarded });
                return Ok(stored);
            }
        }
        Err(StoreError::Busy { place: self.server.place(JOURNAL) })
    }

    /// Writes the seal. Tells whether the server keeps out whoever does not hold the lock: it is tried with an id that
    /// nobody has. `None`: somebody else wrote meanwhile.
    async fn take_turn(&self, seal: &Document<Journal>) -> Result<Option<bool>, StoreError> {
        let text = seal.text();
        let mut is_guarded = false;
        if self.held.is_some() {
            let nobody = Uuid::new_v4().to_string();
            match self.server.post(JOURNAL, Some(&nobody), &text).await {
                Posted::Done => return Ok(Some(false)),
                Posted::Locked(_) => is_guarded = true,
                Posted::Stale(_) | Posted::NotDone(_) | Posted::InDoubt(_) => {}
            }
        }
        for left in (0..ATTEMPTS).rev() {
            match self.server.post(JOURNAL, self.id(), &text).await {
                Posted::Done => return Ok(Some(is_guarded)),
                Posted::Locked(error) => {
                    return match self.held {
                        Some(_) if self.stands(seal).await? => Ok(Some(is_guarded)),
                        Some(_) => Err(error),
                        None => Err(self.locked_by(self.who_holds().await?.map(Box::new))),
                    };
                }
                Posted::Stale(_) => return Ok(self.stands(seal).await?.then_some(is_guarded)),
                Posted::NotDone(error) => return Err(error),
                Posted::InDoubt(error) if left == 0 => return Err(error),
                Posted::InDoubt(_) => sleep(PAUSE).await,
            }
        }
        Ok(None)
    }

    /// What stands beside the state is this, and nothing else.
    async fn stands(&self, document: &Document<Journal>) -> Result<bool, StoreError> {
        let there = self.server.get(JOURNAL).await?;
        Ok(there.is_some_and(|bytes| bytes == document.text().as_bytes()))
    }

    /// What stands beside the state was written by this run.
    pub(super) async fn is_own_turn(&self) -> Result<bool, StoreError> {
        let Some(turn) = &self.turn else { return Ok(false) };
        let there = self.server.get(JOURNAL).await?.and_then(|bytes| Document::<Journal>::read(&bytes).ok());
        Ok(there.is_some_and(|there| there.ours.turn == turn.written.ours.turn))
    }

    /// The last write of the run whose journal this one took over may have been on its way still, and stands where this
    /// run's did. Whoever sent it asks afterwards, finds its lock lost, and keeps its lines. So this run puts its own back, if
    /// it holds both locks and nobody changed the state.
    pub(super) async fn take_back(&mut self) -> Result<bool, StoreError> {
        let Some(turn) = self.turn.as_ref().filter(|turn| !turn.is_guarded && self.held.is_some()) else {
            return Ok(false);
        };
        for ending in BOTH {
            if self.prove(ending).await? != Proof::Own {
                return Ok(false);
            }
        }
        let (there, state) = join(self.server.get(JOURNAL), self.server.get(STATE)).await;
        let Some(Ok(there)) = there?.map(|bytes| Document::<Journal>::read(&bytes)) else { return Ok(false) };
        if Some(&there.ours.turn) != turn.over.as_ref() || version(state?.as_deref()) != turn.version {
            return Ok(false);
        }
        let tried = turn.pending.as_ref().map_or(0, |pending| pending.serial);
        let serial = there.serial.max(turn.written.serial).max(tried).saturating_add(1);
        let mut back = turn.written.clone();
        back.serial = serial;
        match self.server.post(JOURNAL, self.id(), &back.text()).await {
            Posted::Done => {}
            Posted::Locked(_) | Posted::Stale(_) => return Ok(false),
            Posted::NotDone(error) | Posted::InDoubt(error) => return Err(error),
        }
        if let Some(turn) = &mut self.turn {
            (turn.written, turn.pending) = (back, None);
        }
        Ok(true)
    }

    pub(super) async fn append_entries(&mut self, entries: &Entries) -> Written<()> {
        for _ in 0..ATTEMPTS {
            match self.append_once(entries).await {
                Written::Refused(_) => {}
                written => return written,
            }
            match self.take_back().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Written::InDoubt(error),
            }
        }
        // Lock or journal are another's: nothing more is written.
        self.turn = None;
        Written::Refused(self.lost())
    }

    async fn append_once(&mut self, entries: &Entries) -> Written<()> {
        let Some(turn) = &self.turn else { return Written::Refused(Part::Journal) };
        let is_guarded = turn.is_guarded;
        if !is_guarded {
            match self.is_own_turn().await {
                Ok(true) => {}
                Ok(false) => return Written::Refused(Part::Journal),
                Err(error) => return Written::NotDone(error),
            }
        }
        let Some(next) = self.turn.as_mut().map(|turn| turn.next(entries)) else {
            return Written::Refused(Part::Journal);
        };
        let refused = match self.server.post(JOURNAL, self.id(), &next.text()).await {
            Posted::Done => None,
            Posted::NotDone(error) => {
                if let Some(turn) = &mut self.turn {
                    turn.give_up(&next);
                }
                return Written::NotDone(error);
            }
            Posted::InDoubt(error) => return Written::InDoubt(error),
            Posted::Stale(error) => Some(error),
            Posted::Locked(error) => match self.prove(JOURNAL).await {
                Ok(Proof::Own) => Some(error),
                Ok(Proof::Lost | Proof::Silent) => return Written::Refused(Part::Journal),
                Err(error) => return Written::InDoubt(error),
            },
        };
        // An attempt before this one may have come through.
        let settled = match refused {
            None if is_guarded => Ok(None),
            refused => self.stands(&next).await.map(|stands| (!stands).then_some(refused)),
        };
        match settled {
            Ok(None) => {}
            Err(error) => return Written::InDoubt(error),
            Ok(Some(refused)) => {
                return match (self.is_own_turn().await, refused) {
                    (Ok(true), Some(error)) => {
                        if let Some(turn) = &mut self.turn {
                            turn.give_up(&next);
                        }
                        Written::NotDone(error)
                    }
                    (Ok(_), _) => Written::Refused(Part::Journal),
                    (Err(error), _) => Written::InDoubt(error),
                };
            }
        }
        match self.is_held_still(&next).await {
            Ok(true) => {}
            Ok(false) => return Written::Refused(Part::Journal),
            Err(error) => return Written::InDoubt(error),
        }
        if let Some(turn) = &mut self.turn {
            turn.written = next;
            turn.pending = None;
        }
        Written::Done(())
    }

    /// Whether this run held the lock all the time until now, so that whoever takes over reads what it wrote.
    async fn is_held_still(&self, next: &Document<Journal>) -> Result<bool, StoreError> {
        match self.prove(JOURNAL).await? {
            Proof::Own => Ok(true),
            Proof::Lost => Ok(false),
            // Then state and journal do: whoever takes over changes them.
            Proof::Silent => {
                let Some(turn) = &self.turn else { return Ok(false) };
                let is_same = version(self.server.get(STATE).await?.as_deref()) == turn.version;
                Ok(is_same && self.stands(next).await?)
            }
        }
    }
}

impl Turn {
    /// What would be written with these entries. The same again is the same text: a server that has it says so.
    fn next(&mut self, entries: &Entries) -> Document<Journal> {
        let contained = entries.contained;
        let mut before = live(&self.written.ours.journal, contained);
        let fit = entries.first.saturating_sub(contained.saturating_add(1));
        let is_dropped = u64::try_from(before.len()).unwrap_or(u64::MAX) > fit;
        before.truncate(usize::try_from(fit).unwrap_or(usize::MAX));
        let new = lines(&entries.lines);
        let end = entries.first.saturating_add(u64::try_from(new.len()).unwrap_or(u64::MAX)).saturating_sub(1);
        before.extend(new);
        // Numbers that were written for nothing are none that were ever there.
        let last = if is_dropped { end } else { self.written.ours.last.max(end) };
        let Journal { turn, is_locked, .. } = &self.written.ours;
        let ours = Journal { turn: turn.clone(), is_locked: *is_locked, last, journal: before };
        if let Some(pending) = self.pending.as_ref().filter(|pending| pending.ours == ours) {
            return pending.clone();
        }
        let tried = self.pending.as_ref().map_or(0, |pending| pending.serial);
        let lineage = match self.written.lineage.is_empty() {
            true => lineage_in(&entries.lines).unwrap_or_default(),
            false => self.written.lineage.clone(),
        };
        let next = Document::new(self.written.serial.max(tried).saturating_add(1), &lineage, ours);
        self.pending = Some(next.clone());
        next
    }

    /// It was not written, and its serial is free; one that was tried before it may not be.
    fn give_up(&mut self, next: &Document<Journal>) {
        self.written.serial = next.serial;
        self.pending = None;
    }
}

/// What a run that takes over writes: its name, and the entries that no state contains yet.
fn seal(stored: &Stored, contained: u64, journal: Option<&Document<Journal>>, is_locked: bool) -> Document<Journal> {
    let before = journal.map(|journal| &journal.ours);
    let ours = Journal {
        turn: Uuid::new_v4().to_string(),
        is_locked,
        last: before.map_or(0, |before| before.last).max(contained),
        journal: before.map(|before| live(&before.journal, contained)).unwrap_or_default(),
    };
    let serial = journal.map_or(0, |journal| journal.serial).saturating_add(1);
    let lineage = stored.state.as_deref().and_then(lineage_of);
    let lineage = lineage.or_else(|| journal.map(|journal| journal.lineage.clone())).unwrap_or_default();
    Document::new(serial, &lineage, ours)
}

fn lineage_of(state: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        lineage: String,
    }
    serde_json::from_slice::<Named>(state).ok().map(|named| named.lineage)
}

/// That of a new fleet, which no state names yet.
fn lineage_in(lines: &str) -> Option<String> {
    decode_journal(lines.as_bytes()).entries.into_iter().find_map(|entry| match entry.event {
        Event::Begin { lineage, .. } => Some(lineage),
        _ => None,
    })
}
