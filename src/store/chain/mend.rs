//! Everything as it is, understood or not; and a mended state in its place.

use super::append::{Append, Appended};
use super::drive::Drive;
use super::link::{Kind, Link, contained};
use super::store::Chain;
use crate::state::Remains;
use crate::store::{Lock, Object, Objects, Part, Place, Snapshot, StateStore, StoreError, Tried};
use jiff::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

/// How often a seal is tried at one number after the other: each time another run has written there meanwhile.
const ATTEMPTS: usize = 50;

impl<O: Objects, L: Lock> Chain<O, L> {
    /// All objects of the chain, by number.
    async fn objects_of_chain(&self) -> Result<BTreeMap<u64, Object>, StoreError> {
        let keys = self.objects.list(&self.keys.journal()).await?;
        let mut found = BTreeMap::new();
        for number in self.keys.listing(&keys).numbers {
            // A list may be behind.
            if let Some(object) = self.objects.get(&self.keys.link(number)).await? {
                found.insert(number, object);
            }
        }
        Ok(found)
    }

    /// State, chain, copies, what runs kept.
    pub(super) async fn everything(&self) -> Result<Remains, StoreError> {
        let state = self.objects.get(&self.keys.state).await?.map(|object| object.bytes);
        let contained = state.as_deref().and_then(contained).unwrap_or_default();
        let mut journal = Vec::new();
        for object in self.objects_of_chain().await?.range(contained.saturating_add(1)..).map(|(_, object)| object) {
            match Link::decode(&object.bytes) {
                Ok(link) => journal.extend_from_slice(link.lines.as_bytes()),
                // Its lines may still be read one by one.
                Err(_) => {
                    journal.extend_from_slice(&Link::remains(&object.bytes));
                    journal.push(b'\n');
                }
            }
        }
        let kept = self.read_beside().await?;
        let mut backups = Vec::new();
        for (seq, serial) in self.newest_copies() {
            let key = self.keys.copy(serial, seq);
            let bytes = self.objects.get(&key).await.ok().flatten().map(|object| object.bytes);
            backups.push((self.place_of(&key).to_string(), serial, bytes.unwrap_or_default()));
        }
        Ok(Remains {
            state: state.filter(|bytes| !bytes.is_empty()),
            state_name: self.place(Part::State).to_string(),
            journal,
            journal_name: self.place(Part::Journal).to_string(),
            backups,
            kept: kept.into_iter().map(|kept| (kept.place.to_string(), kept.bytes)).collect(),
        })
    }

    /// Seals the chain behind everything that stands in it, puts all of it aside, then writes the state.
    pub(super) async fn set_right(&mut self, next: &Snapshot) -> Result<Vec<Place>, StoreError> {
        let id = Uuid::new_v4().to_string();
        self.holder = None;
        let links = self.objects_of_chain().await?;
        let end = |(number, object): (&u64, &Object)| {
            let next = Link::decode(&object.bytes).map_or(0, |link| link.next);
            next.max(number.saturating_add(1))
        };
        let behind = links.iter().map(end).max().unwrap_or_default().max(next.seq.saturating_add(1));
        // Whoever still writes would do it behind all others, and whoever reads the new state begins behind its last entry.
        let behind = self.seal(behind, None, &id).await?;
        let mut aside = Vec::new();
        let there = self.objects.get(&self.keys.state).await?;
        if let Some(state) = there.as_ref().filter(|state| !state.bytes.is_empty()) {
            aside.push(self.put_aside("state", &state.bytes, &id).await?);
        }
        for (number, object) in &links {
            let begins = Link::decode(&object.bytes).is_ok_and(|link| link.kind == Kind::Begin);
            if *number > next.seq || !begins {
                aside.push(self.put_aside(&format!("journal/{number:08}"), &object.bytes, &id).await?);
            }
        }
        for kept in self.read_beside().await? {
            aside.push(self.put_aside(&format!("kept/{}", kept.run), &kept.bytes, &id).await?);
        }
        if let Some(error) = self.copy(next).await {
            return Err(error);
        }
        // What stands behind the last entry of the new state would be read with it.
        for number in links.keys().filter(|number| **number > next.seq) {
            self.remove(&self.keys.link(*number)).await;
        }
        if next.seq.saturating_add(1) < behind {
            self.seal(next.seq.saturating_add(1), Some(behind), &id).await?;
        }
        self.write(there, next).await?;
        for number in links.keys().filter(|number| **number <= next.seq) {
            let object = links.get(number).map(|object| Link::decode(&object.bytes));
            if !matches!(object, Some(Ok(Link { kind: Kind::Begin, .. }))) {
                self.remove(&self.keys.link(*number)).await;
            }
        }
        for run in self.read_beside().await? {
            self.remove(&self.keys.kept(&run.run)).await;
        }
        Ok(aside)
    }

    /// Sets a seal under this number, or the first one behind it that is free. Returns its number.
    async fn seal(&self, first: u64, leads_to: Option<u64>, id: &str) -> Result<u64, StoreError> {
        let mut number = first;
        for attempt in 0..ATTEMPTS {
            let next = leads_to.unwrap_or_else(|| number.saturating_add(1));
            let link = Link::of_begin((format!("{id}-{attempt}"), id), next, Timestamp::now());
            let mut drive = Drive::new(&self.objects, &self.keys);
            match drive.run(Append::new(number, link, false)).await? {
                Appended::Done => return Ok(number),
                Appended::Fenced => number = number.saturating_add(1),
                Appended::NotDone | Appended::InDoubt => {
                    let busy = || StoreError::Busy { place: self.place(Part::Journal) };
                    return Err(drive.error.take().unwrap_or_else(busy));
                }
            }
        }
        Err(StoreError::Busy { place: self.place(Part::Journal) })
    }

    async fn put_aside(&self, what: &str, bytes: &[u8], id: &str) -> Result<Place, StoreError> {
        let key = self.keys.aside(what, id);
        match self.objects.create(&key, bytes).await {
            Tried::Done(_) | Tried::Refused => Ok(self.place_of(&key)),
            Tried::NotDone(error) | Tried::InDoubt(error) => Err(error),
        }
    }

    /// Writes the state over the one that was read.
    async fn write(&self, there: Option<Object>, next: &Snapshot) -> Result<(), StoreError> {
        let (key, text) = (&self.keys.state, next.text.as_bytes());
        let tried = match there {
            Some(there) => self.objects.replace(key, &there.version, text).await,
            None => self.objects.create(key, text).await,
        };
        match tried {
            Tried::Done(_) => Ok(()),
            Tried::NotDone(error) | Tried::InDoubt(error) => Err(error),
            Tried::Refused => Err(StoreError::Changed { place: self.place(Part::State), was: None, found: None }),
        }
    }
}
