//! The chain as a store: the steps, driven over a place for objects.

use super::append::{Append, Appended};
use super::ask::Attempt;
use super::commit::{Commit, Committed, Writer, is_silent};
use super::drive::Drive;
use super::keys::{Keys, Listing};
use super::link::Link;
use super::locking::{Holds, LockAnswer, LockAsk, Locking, Taken};
use super::walk::{Read, Taker, Walk, Walked};
use crate::state::{JournalDamage, Remains};
use crate::store::{
    Copies, Entries, Former, Holding, Kept, Lock, LockInfo, Objects, Part, Place, Snapshot, StateStore, StoreError,
    Stored, Tried, Version, Written,
};
use futures::future::{BoxFuture, FutureExt, join};
use jiff::{Timestamp, Unit};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// One state in a place for objects, with its lock.
#[derive(Debug)]
pub struct Chain<O, L> {
    pub(super) objects: O,
    lock: L,
    pub(super) keys: Keys,
    /// The lock that this run took, as it took it.
    held: Option<Holding>,
    pub(super) holder: Option<Holder>,
    /// What stood beside the state when it was read last.
    pub(super) listed: Mutex<Listing>,
}

/// What a run knows that took the chain over.
#[derive(Debug)]
pub(super) struct Holder {
    pub writer: Writer,
    /// The number of the next object.
    pub next: u64,
    /// What it read and wrote of the chain, by number.
    pub links: BTreeMap<u64, Link>,
    /// What was tried under the next number, and nobody knows what came of it.
    pending: Option<Link>,
    /// A state ends before the next number, or one that is on its way: what is written there is a seal.
    follows_state: bool,
    /// The state as this run read it, or wrote it.
    version: Version,
    /// When it asked for the append that showed last that nobody had taken over.
    shown: (Timestamp, Instant),
}

impl Holder {
    fn is_silent(&self) -> bool {
        is_silent(self.shown.0, Timestamp::now(), self.shown.1.elapsed())
    }

    /// Durable, and nobody had taken over when it was asked for.
    fn pass(&mut self, link: Link, asked: (Timestamp, Instant)) {
        self.shown = asked;
        self.follow(link);
        self.pending = None;
        self.follows_state = false;
    }

    /// What stands under the next number is of this run's chain.
    pub(super) fn follow(&mut self, link: Link) {
        let number = std::mem::replace(&mut self.next, link.next);
        self.links.insert(number, link);
    }
}

impl<O: Objects, L: Lock> Chain<O, L> {
    /// The state under this key, and everything else beside it.
    pub fn new(objects: O, lock: L, key: impl Into<String>) -> Chain<O, L> {
        let (keys, listed) = (Keys { state: key.into() }, Mutex::default());
        Chain { objects, lock, keys, held: None, holder: None, listed }
    }

    pub(super) fn place_of(&self, key: &str) -> Place {
        self.objects.place(key)
    }

    /// Reads, and takes over where that is wanted.
    async fn walk(&self, taker: Option<Taker>) -> Result<(Stored, Option<Read>), StoreError> {
        let mut drive = Drive::new(&self.objects, &self.keys);
        let takes_over = taker.is_some();
        let steps = taker.map_or_else(Walk::reading, Walk::taking_over);
        // What stands beside is read meanwhile: a list may be behind in any case.
        let (walked, kept) = join(drive.run(steps), self.read_beside()).await;
        let walked = walked?;
        let busy = || StoreError::Busy { place: self.place(Part::State) };
        let (seen, read) = match walked {
            Walked::Read(read) => (read.seen.clone(), Some(read)),
            // Whoever decodes it says why.
            Walked::Foreign(seen) => (seen, None),
            Walked::Damaged(_, number, what) => {
                let error = JournalDamage::Line { line: 1, what };
                return Err(StoreError::Journal { place: self.place_of(&self.keys.link(number)), error });
            }
            Walked::NotDone | Walked::InDoubt => return Err(drive.error.take().unwrap_or_else(busy)),
            Walked::Busy => return Err(busy()),
        };
        let lines = read.iter().flat_map(|read| &read.links).map(|(_, link)| link.lines.as_str());
        let journal = lines.collect::<String>().into_bytes();
        let kept = kept?;
        // Behind the seal of a run that has just taken over nobody but its successor writes.
        let next = read.as_ref().filter(|_| takes_over).map(|read| read.next);
        let beyond = next.and_then(|next| self.highest_beyond(next)).or_else(|| read.as_ref()?.led_over());
        Ok((Stored { state: drive.state, version: seen.version, journal, kept, beyond }, read))
    }

    async fn begin(&mut self) -> Result<Stored, StoreError> {
        let shown = (Timestamp::now(), Instant::now());
        let id = Uuid::new_v4().to_string();
        let held = self.held.as_ref().and_then(|held| held.info.as_ref());
        let run = held.map_or_else(|| id.clone(), |held| held.id.clone());
        self.holder = None;
        let taker = Taker { id: id.clone(), run, at: shown.0 };
        let (mut stored, read) = self.walk(Some(taker.clone())).await?;
        self.holder = read.and_then(|read| {
            let begin = read.links.iter().rev().find(|(_, link)| link.id == id).map(|(number, _)| *number)?;
            let writer = Writer { found: read.seen.contained?, begin };
            let links = read.links.into_iter().collect();
            let (next, version) = (read.next, read.seen.version);
            Some(Holder { writer, next, links, pending: None, follows_state: false, version, shown })
        });
        let next = self.holder.as_ref().map(|holder| holder.next);
        if next.is_some_and(|next| self.highest_beyond(next).is_some()) {
            stored.journal.extend_from_slice(self.go_behind(&taker).await?.as_bytes());
        }
        Ok(stored)
    }

    /// Appends an object under the next number.
    pub(super) async fn append_link(&mut self, link: Link) -> Written<()> {
        let Some(holder) = &mut self.holder else { return Written::Refused(Part::Journal) };
        let (asked, was_silent) = ((Timestamp::now(), Instant::now()), holder.is_silent());
        // The same again is the same object.
        let again = holder.pending.take();
        let link = match &again {
            Some(pending) if pending.lines == link.lines && pending.next == link.next => pending.clone(),
            _ => link,
        };
        let steps = Append::new(holder.next, link.clone(), again.is_some());
        // Whoever waits may be dropped while the object is on its way.
        holder.pending = Some(again.unwrap_or_else(|| link.clone()));
        let mut drive = Drive::new(&self.objects, &self.keys);
        let appended = drive.run(steps).await;
        let busy = || StoreError::Busy { place: self.objects.place(&self.keys.link(holder.next)) };
        let error = drive.error.take().unwrap_or_else(busy);
        match appended {
            Ok(Appended::Done) => {
                // Seals go when a state is written only: where it is as it was, one would have stood here.
                if was_silent {
                    match self.objects.version(&self.keys.state).await {
                        Ok(version) if version.as_ref().unwrap_or(&Version(None)) == &holder.version => {}
                        Ok(_) => {
                            self.holder = None;
                            return Written::Refused(Part::Journal);
                        }
                        Err(error) => {
                            holder.pending = Some(link);
                            return Written::InDoubt(error);
                        }
                    }
                }
                holder.pass(link, asked);
                Written::Done(())
            }
            Ok(Appended::Fenced) => {
                self.holder = None;
                Written::Refused(Part::Journal)
            }
            Ok(Appended::NotDone) => {
                holder.pending = None;
                Written::NotDone(error)
            }
            Ok(Appended::InDoubt) => {
                holder.pending = Some(link);
                Written::InDoubt(error)
            }
            Err(error) => {
                holder.pending = Some(link);
                Written::InDoubt(error)
            }
        }
    }

    async fn append_entries(&mut self, entries: &Entries) -> Written<()> {
        let follows_state = match &self.holder {
            Some(holder) if holder.next == entries.first => holder.follows_state,
            _ => return Written::Refused(Part::Journal),
        };
        // Every group carries both: so much of an id tells attempts under one number apart, and the entries say when exactly.
        let id = format!("{:x}", Uuid::new_v4().as_u64_pair().1);
        let at = Timestamp::now().round(Unit::Second).unwrap_or_else(|_| Timestamp::now());
        let link = Link::of_entries(id, entries.first, &entries.lines, at);
        self.append_link(if follows_state { link.sealing() } else { link }).await
    }

    async fn commit(&mut self, over: &Version, next: &Snapshot) -> Written<Version> {
        let Some(holder) = &self.holder else { return Written::Refused(Part::Journal) };
        // Numbers never repeat, so a state that comes from elsewhere may be ahead. The chain goes on behind it, and whoever
        // would go on where it was is refused as ever.
        if next.seq >= holder.next {
            let id = Uuid::new_v4().to_string();
            let ahead = Link::of_begin((id.clone(), &id), next.seq.saturating_add(1), Timestamp::now());
            match self.append_link(ahead).await {
                Written::Done(()) => {}
                Written::NotDone(error) => return Written::NotDone(error),
                Written::Refused(part) => return Written::Refused(part),
                Written::Behind => return Written::Behind,
                Written::InDoubt(error) => return Written::InDoubt(error),
            }
        }
        let Some(holder) = &mut self.holder else { return Written::Refused(Part::Journal) };
        holder.follows_state = true;
        let writer = holder.writer.clone();
        if let Some(error) = self.copy(next).await {
            return Written::NotDone(error);
        }
        let mut drive = Drive::writing(&self.objects, &self.keys, &next.text);
        let committed = drive.run(Commit::new(over.clone(), writer, next.seq)).await;
        let (written, error) = (std::mem::take(&mut drive.written), drive.error.take());
        let error = error.unwrap_or_else(|| StoreError::Busy { place: self.place(Part::State) });
        match committed {
            Ok(Committed::Done) => {
                if let Some(holder) = &mut self.holder {
                    holder.writer.found = next.seq;
                    holder.version.clone_from(&written);
                }
                self.compact(next.seq).await;
                Written::Done(written)
            }
            Ok(Committed::Behind) => Written::Behind,
            Ok(Committed::Overtaken) => Written::Refused(Part::Journal),
            Ok(Committed::Changed) => Written::Refused(Part::State),
            Ok(Committed::NotDone) => Written::NotDone(error),
            Ok(Committed::InDoubt) => Written::InDoubt(error),
            Err(error) => Written::InDoubt(error),
        }
    }

    async fn take_lock(&mut self, info: &LockInfo, timeout: Duration) -> Result<Option<LockInfo>, StoreError> {
        let start = Instant::now();
        let spread = info.id.bytes().fold(0u8, u8::wrapping_add);
        let mut locking = Locking::new(timeout, spread);
        let (mut holding, mut error, mut taken) = (None, None, info.clone());
        loop {
            let answer = match locking.ask() {
                LockAsk::Take => {
                    // Held since now, however long it was waited for.
                    taken.created = Timestamp::now();
                    let (attempt, why) = match self.lock.take(&taken).await {
                        Tried::Done(held) => {
                            holding = Some(held);
                            (Attempt::Done, None)
                        }
                        Tried::Refused => (Attempt::Refused, None),
                        Tried::NotDone(error) => (Attempt::NotDone, Some(error)),
                        Tried::InDoubt(error) => (Attempt::InDoubt, Some(error)),
                    };
                    error = why;
                    LockAnswer::Tried(attempt)
                }
                LockAsk::Look => {
                    holding = self.lock.holding().await?;
                    let holder = holding.as_ref().map(|holding| holding.info.as_ref());
                    LockAnswer::Holds(match holder {
                        None => Holds::Nobody,
                        Some(Some(other)) if other.id == info.id => Holds::Own,
                        Some(_) => Holds::Other,
                    })
                }
                LockAsk::Wait(pause) => {
                    sleep(pause).await;
                    LockAnswer::Waited
                }
            };
            match locking.answer(answer, start.elapsed()) {
                None => {}
                Some(Taken::Held) => {
                    self.held = holding;
                    return Ok(None);
                }
                Some(Taken::Failed) if let Some(error) = error => return Err(error),
                Some(Taken::Refused | Taken::Failed) => {
                    let holder = holding.and_then(Holding::holder).map(Box::new);
                    return Err(StoreError::Locked { place: self.lock.place(), holder, outlives: true });
                }
            }
        }
    }

    async fn give_back(&mut self) -> Result<(), StoreError> {
        let Some(held) = &self.held else { return Ok(()) };
        match self.lock.free(held).await {
            // Another's stands there by now.
            Tried::Done(()) | Tried::Refused => {
                self.held = None;
                Ok(())
            }
            Tried::NotDone(error) | Tried::InDoubt(error) => Err(error),
        }
    }

    async fn take_away(&self, id: &str) -> Result<(), StoreError> {
        let refuse = |why: String| Err(StoreError::Unlock { place: self.lock.place(), why });
        let Some(holding) = self.lock.holding().await? else { return refuse("nobody holds it".into()) };
        if !holding.ids.iter().any(|own| own == id) {
            let own = holding.ids.first().map_or("not to be read", String::as_str);
            return refuse(format!("its id is {own}, not {id}"));
        }
        // Its run may be alive for all that: it stops before its next call. A journal that nobody can read has no holder.
        let seal = Uuid::new_v4().to_string();
        match self.walk(Some(Taker { run: seal.clone(), id: seal, at: Timestamp::now() })).await {
            Ok(_) | Err(StoreError::Journal { .. }) => {}
            Err(error) => return Err(error),
        }
        match self.lock.free(&holding).await {
            Tried::Done(()) => Ok(()),
            Tried::Refused => refuse("another run holds it by now".into()),
            Tried::NotDone(error) | Tried::InDoubt(error) => Err(error),
        }
    }
}

impl<O: Objects, L: Lock> StateStore for Chain<O, L> {
    fn place(&self, part: Part) -> Place {
        match part {
            Part::State => self.place_of(&self.keys.state),
            Part::Journal => self.place_of(&self.keys.journal()),
            Part::Lock => self.lock.place(),
        }
    }

    /// The chain stands under the key of its state, and whoever takes over proves that the state did not change meanwhile.
    /// A run before this one whose snapshot comes late changes the checksum, and nothing else that counts.
    fn names_snapshots(&self) -> bool {
        false
    }

    fn read(&self) -> BoxFuture<'_, Result<Stored, StoreError>> {
        async { Ok(self.walk(None).await?.0) }.boxed()
    }

    fn take_over(&mut self) -> BoxFuture<'_, Result<Stored, StoreError>> {
        self.begin().boxed()
    }

    fn append<'a>(&'a mut self, entries: &'a Entries) -> BoxFuture<'a, Written<()>> {
        self.append_entries(entries).boxed()
    }

    fn keep<'a>(&'a mut self, run: &'a str, lines: &'a str) -> BoxFuture<'a, Result<Place, StoreError>> {
        self.keep_beside(run, lines).boxed()
    }

    fn discard<'a>(&'a mut self, kept: &'a [Kept]) -> BoxFuture<'a, ()> {
        self.discard_beside(kept).boxed()
    }

    fn newer(&self, serial: u64, seq: u64) -> BoxFuture<'_, Result<Copies, StoreError>> {
        self.newer_beside(serial, seq).boxed()
    }

    fn replace<'a>(&'a mut self, over: &'a Version, next: &'a Snapshot) -> BoxFuture<'a, Written<Version>> {
        self.commit(over, next).boxed()
    }

    fn lock<'a>(
        &'a mut self,
        info: &'a LockInfo,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Option<LockInfo>, StoreError>> {
        self.take_lock(info, timeout).boxed()
    }

    fn unlock(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.give_back().boxed()
    }

    fn holds_what_outlives_it(&self) -> bool {
        self.held.is_some()
    }

    fn history(&self) -> BoxFuture<'_, Result<Vec<Former>, StoreError>> {
        async {
            let listing = self.keys.listing(&self.objects.list(&self.keys.root()).await?);
            let former = |(seq, serial): (u64, u64)| {
                let key = self.keys.copy(serial, seq);
                Former { place: self.place_of(&key), key, serial: Some(serial), at: None }
            };
            Ok(listing.copies.into_iter().rev().map(former).collect())
        }
        .boxed()
    }

    fn former<'a>(&'a self, former: &'a Former) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        async move { Ok(self.objects.get(&former.key).await?.map(|object| object.bytes)) }.boxed()
    }

    fn holder(&self) -> BoxFuture<'_, Result<Option<LockInfo>, StoreError>> {
        async { Ok(self.lock.holding().await?.and_then(Holding::holder)) }.boxed()
    }

    fn force_unlock<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.take_away(id).boxed()
    }

    fn remains(&self) -> BoxFuture<'_, Result<Remains, StoreError>> {
        self.everything().boxed()
    }

    fn mend<'a>(&'a mut self, next: &'a Snapshot) -> BoxFuture<'a, Result<Vec<Place>, StoreError>> {
        self.set_right(next).boxed()
    }
}
