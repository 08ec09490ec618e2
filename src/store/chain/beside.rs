//! What stands beside state and chain: what runs kept, copies of states, and entries that a state contains by now.

use super::commit::superfluous;
use super::keys::Listing;
use super::link::Link;
use super::store::Chain;
use crate::store::{Copies, Kept, Lock, Objects, Place, Snapshot, StoreError, Tried};
use futures::future::{BoxFuture, FutureExt, join_all};
use jiff::Timestamp;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::sleep;
use tracing::debug;

/// Copies that are kept: as many as of local files.
const COPIES: usize = 10;
/// Old objects of runs that were killed before they could remove them, looked at with each new state: enough to keep up
/// with a kill at every turn, few enough not to be felt.
const SWEPT: usize = 8;
/// How often what a run keeps is tried: whatever is lost there is found by its mark only.
const ATTEMPTS: usize = 5;
/// Between two tries: a connection that broke is made anew by then.
const PAUSE: Duration = Duration::from_secs(1);

impl<O: Objects, L: Lock> Chain<O, L> {
    async fn list(&self) -> Result<Listing, StoreError> {
        let keys = self.objects.list(&self.keys.root()).await?;
        let listing = self.keys.listing(&keys);
        *self.listed.lock().unwrap_or_else(PoisonError::into_inner) = listing.clone();
        Ok(listing)
    }

    /// What was there when it was read last.
    fn listing(&self) -> Listing {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What runs kept.
    pub(super) async fn read_beside(&self) -> Result<Vec<Kept>, StoreError> {
        let mut kept = Vec::new();
        for run in self.list().await?.kept {
            let key = self.keys.kept(&run);
            // One that was just taken up is gone.
            let object = self.objects.get(&key).await?;
            kept.extend(object.map(|object| Kept { run, place: self.place_of(&key), bytes: object.bytes }));
        }
        Ok(kept)
    }

    /// The last number of the chain from this one on.
    pub(super) fn highest_beyond(&self, number: u64) -> Option<u64> {
        self.listing().numbers.range(number..).next_back().copied()
    }

    /// Copies of states, the newest first.
    pub(super) fn newest_copies(&self) -> Vec<(u64, u64)> {
        self.listing().copies.into_iter().rev().collect()
    }

    /// Writes what a run keeps over what it kept before.
    pub(super) async fn keep_beside(&mut self, run: &str, lines: &str) -> Result<Place, StoreError> {
        let key = self.keys.kept(run);
        let mut left = ATTEMPTS;
        loop {
            left = left.saturating_sub(1);
            let there = self.objects.get(&key).await;
            let tried = match there {
                Ok(Some(there)) if there.bytes == lines.as_bytes() => return Ok(self.place_of(&key)),
                Ok(Some(there)) => self.objects.replace(&key, &there.version, lines.as_bytes()).await,
                Ok(None) => self.objects.create(&key, lines.as_bytes()).await,
                Err(error) => Tried::NotDone(error),
            };
            match tried {
                Tried::Done(_) => return Ok(self.place_of(&key)),
                // An attempt before this one came late.
                Tried::Refused if left > 0 => {}
                Tried::Refused => return Err(StoreError::Busy { place: self.place_of(&key) }),
                Tried::NotDone(error) | Tried::InDoubt(error) if left == 0 => return Err(error),
                Tried::NotDone(error) | Tried::InDoubt(error) => debug!("what this run keeps, again: {error}"),
            }
            sleep(PAUSE).await;
        }
    }

    /// Removes what runs kept, where it is this still.
    pub(super) async fn discard_beside(&self, kept: &[Kept]) {
        for Kept { run, bytes, .. } in kept {
            let key = self.keys.kept(run);
            if let Ok(Some(there)) = self.objects.get(&key).await
                && there.bytes == *bytes
                && let Some(error) = self.objects.remove(&key, Some(&there.version)).await.failure()
            {
                debug!("what a run kept stays: {error}");
            }
        }
    }

    /// Copies whose names say that they are newer.
    pub(super) async fn newer_beside(&self, serial: u64, seq: u64) -> Result<Copies, StoreError> {
        let mut copies = Vec::new();
        let newer = |(at, of): &(u64, u64)| *of > serial || *at > seq;
        for (at, of) in self.listing().copies.into_iter().filter(newer) {
            let key = self.keys.copy(of, at);
            let object = self.objects.get(&key).await?;
            copies.extend(object.map(|object| (self.place_of(&key), object.bytes)));
        }
        Ok(copies)
    }

    /// Writes a copy of a state before the state itself, so that the newest is never older. Why that failed.
    pub(super) async fn copy(&mut self, next: &Snapshot) -> Option<StoreError> {
        let key = self.keys.copy(next.serial, next.seq);
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).copies.insert((next.seq, next.serial));
        match self.objects.create(&key, next.text.as_bytes()).await {
            // One that stands there is of an attempt before this one.
            Tried::Done(_) | Tried::Refused => None,
            Tried::NotDone(error) => Some(error),
            // It is no condition of anything: the state itself follows.
            Tried::InDoubt(error) => {
                debug!("nobody knows whether {key} was written: {error}");
                None
            }
        }
    }

    /// Removes what a state up to this entry makes superfluous. Whatever stays does no harm.
    pub(super) async fn compact(&mut self, contained: u64) {
        let now = Timestamp::now();
        let listing = self.listing();
        let known = self.holder.as_ref().map(|holder| &holder.links);
        let known = known.into_iter().flatten().map(|(number, link)| (*number, link));
        let mut gone: Vec<u64> = superfluous(known, contained, now).collect();
        // Of objects of runs before it only the number is known. A part of them is read each time, another one next time.
        let is_known = |number: &u64| self.holder.as_ref().is_some_and(|holder| holder.links.contains_key(number));
        let old: Vec<u64> =
            listing.numbers.iter().copied().filter(|number| *number <= contained && !is_known(number)).collect();
        let start = usize::try_from(contained).unwrap_or_default() % old.len().max(1);
        let swept: Vec<u64> = old.iter().cycle().skip(start).take(SWEPT.min(old.len())).copied().collect();
        let read: Vec<BoxFuture<'_, Option<(u64, Link)>>> =
            swept.into_iter().map(|number| self.link_under(number).boxed()).collect();
        let read: Vec<(u64, Link)> = join_all(read).await.into_iter().flatten().collect();
        gone.extend(superfluous(read.iter().map(|(number, link)| (*number, link)), contained, now));
        let excess = listing.copies.len().saturating_sub(COPIES);
        let copies: Vec<(u64, u64)> = listing.copies.iter().copied().take(excess).collect();
        let keys = gone.iter().map(|number| self.keys.link(*number));
        let keys: Vec<String> = keys.chain(copies.iter().map(|(seq, serial)| self.keys.copy(*serial, *seq))).collect();
        for error in self.objects.remove_all(&keys).await {
            debug!("something stays that a state contains: {error}");
        }
        let mut left = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        left.numbers.retain(|number| !gone.contains(number));
        left.copies.retain(|copy| !copies.contains(copy));
        drop(left);
        if let Some(holder) = &mut self.holder {
            holder.links.retain(|number, _| *number > contained);
        }
    }

    async fn link_under(&self, number: u64) -> Option<(u64, Link)> {
        let object = self.objects.get(&self.keys.link(number)).await.ok()??;
        Some((number, Link::decode(&object.bytes).ok()?))
    }

    /// Removes an object, whatever its version is. Why it stays is only for a log.
    pub(super) async fn remove(&self, key: &str) {
        if let Some(error) = self.objects.remove(key, None).await.failure() {
            debug!("{key} stays: {error}");
        }
    }
}
