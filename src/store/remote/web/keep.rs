//! What runs keep that lost their lock: a third state, locked only while it is written.

use super::document::{Beside, Document, Journal, lines, live};
use super::server::{Claimed, JOURNAL, KEPT, Posted, STATE};
use super::store::Web;
use crate::state::Remains;
use crate::store::chain::contained;
use crate::store::{Kept, LockInfo, Part, Place, StateStore, StoreError};
use futures::future::join;
use std::time::Duration;
use tokio::time::sleep;
use tracing::debug;

/// How often what a run keeps is tried: whatever is lost there is found by its mark only.
const ATTEMPTS: usize = 10;
/// Between two tries: a connection that broke is made anew by then, and whoever writes there is through.
const PAUSE: Duration = Duration::from_secs(1);

impl Web {
    /// Each with its place, in the order of their runs.
    pub(super) fn kept_of(&self, beside: &Beside) -> Vec<Kept> {
        let kept = beside.kept.iter().map(|(run, lines)| Kept {
            run: run.clone(),
            place: self.place_of_kept(run),
            bytes: lines.concat().into_bytes(),
        });
        kept.collect()
    }

    fn place_of_kept(&self, run: &str) -> Place {
        Place::named(format!("{} (run {run})", self.server.place(KEPT)))
    }

    /// Changes what is kept, if `edit` does. Whoever holds the lock of it for longer than all tries died with it.
    async fn rewrite(&self, edit: impl Fn(&mut Beside) -> bool) -> Result<(), StoreError> {
        let own = LockInfo::new("keep");
        let text = self.server.lock_text(&own);
        for left in (0..ATTEMPTS).rev() {
            let holder = match self.server.claim(KEPT, &own).await? {
                Claimed::Taken => None,
                Claimed::Held(Some(holder)) if holder.id == own.id => None,
                Claimed::Held(holder) => Some(holder),
            };
            if let Some(holder) = holder {
                if left == ATTEMPTS / 2
                    && let Some(dead) = holder
                {
                    self.server.free(KEPT, &self.server.lock_text(&dead)).await?;
                }
                sleep(PAUSE).await;
                continue;
            }
            let written = self.rewrite_once(&own, &edit).await;
            if let Err(error) = self.server.free(KEPT, &text).await {
                debug!("the lock of what is kept stays: {error}");
            }
            match written {
                Ok(()) => return Ok(()),
                Err(error) if left == 0 => return Err(error),
                Err(error) => debug!("what this run keeps, again: {error}"),
            }
            sleep(PAUSE).await;
        }
        Err(StoreError::Busy { place: self.server.place(KEPT) })
    }

    async fn rewrite_once(&self, own: &LockInfo, edit: impl Fn(&mut Beside) -> bool) -> Result<(), StoreError> {
        let there = self.server.get(KEPT).await?;
        let damage = |error| StoreError::Journal { place: self.server.place(KEPT), error };
        let there = there.map(|bytes| Document::<Beside>::read(&bytes)).transpose().map_err(damage)?;
        let mut next = there.unwrap_or_else(|| {
            let lineage = self.turn.as_ref().map(|turn| turn.written.lineage.clone()).unwrap_or_default();
            Document::new(0, &lineage, Beside::default())
        });
        if !edit(&mut next.ours) {
            return Ok(());
        }
        next.serial = next.serial.saturating_add(1);
        let id = Some(own.id.as_str()).filter(|_| self.server.locks());
        match self.server.post(KEPT, id, &next.text()).await {
            Posted::Done => Ok(()),
            Posted::Locked(error) | Posted::Stale(error) | Posted::NotDone(error) | Posted::InDoubt(error) => {
                Err(error)
            }
        }
    }

    /// Keeps lines beside, in the place of those that this run kept before.
    pub(super) async fn keep_beside(&self, run: &str, text: &str) -> Result<Place, StoreError> {
        let new = lines(text);
        // One that came through, for all its answer was lost, is written once more: that does no harm.
        self.rewrite(|beside| beside.kept.insert(run.to_owned(), new.clone()).as_ref() != Some(&new)).await?;
        Ok(self.place_of_kept(run))
    }

    /// Takes away what was taken up, where it is this still.
    pub(super) async fn discard_beside(&self, kept: &[Kept]) {
        if kept.is_empty() {
            return;
        }
        let edit = |beside: &mut Beside| {
            let before = beside.kept.len();
            let is_same = |run: &String, lines: &Vec<String>| {
                kept.iter().any(|kept| kept.run == *run && kept.bytes == lines.concat().as_bytes())
            };
            beside.kept.retain(|run, lines| !is_same(run, lines));
            beside.kept.len() != before
        };
        if let Err(error) = self.rewrite(edit).await {
            debug!("what a run kept stays: {error}");
        }
    }

    /// Everything as it is. A journal that is not understood is there as it came.
    pub(super) async fn everything(&self) -> Result<Remains, StoreError> {
        let (journal, kept) = join(self.server.get(JOURNAL), self.server.get(KEPT)).await;
        let (journal, kept) = (journal?.unwrap_or_default(), kept?);
        let state = self.server.get(STATE).await?;
        let journal = match Document::<Journal>::read(&journal) {
            Ok(document) => {
                let upto = contained(state.as_deref().unwrap_or_default());
                live(&document.ours.journal, upto.unwrap_or_default()).concat().into_bytes()
            }
            Err(_) => journal,
        };
        let kept = match kept.as_deref().map(Document::<Beside>::read) {
            Some(Ok(document)) => self.kept_of(&document.ours),
            Some(Err(_)) | None => Vec::new(),
        };
        Ok(Remains {
            state,
            state_name: self.place(Part::State).to_string(),
            journal,
            journal_name: self.place(Part::Journal).to_string(),
            backups: Vec::new(),
            kept: kept.into_iter().map(|kept| (kept.place.to_string(), kept.bytes)).collect(),
        })
    }
}
