//! The locks of state and journal: the state's first, which is Terraform's; the journal's by whoever writes.
//!
//! Nobody can ask who holds a lock: whoever tries to take it is told. So a holder asks by trying to take its own once more.

use super::server::{BOTH, Claimed, JOURNAL, Proof, STATE};
use super::store::Web;
use crate::store::{LockInfo, StoreError};
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The first pause, and the longest: a lock is held for minutes, and each look is a request.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(5)];
/// What whoever asks who holds a lock is called, while it holds a free one.
const LOOK: &str = "look";
/// It gives it back with its next request: so long it is waited for, by whoever waits for nobody else.
const GLANCE: Duration = Duration::from_secs(5);

impl Web {
    /// Asks whose a lock is.
    pub(super) async fn prove(&self, ending: &str) -> Result<Proof, StoreError> {
        let Some(held) = &self.held else { return Ok(Proof::Own) };
        Ok(match self.server.claim(ending, held).await? {
            Claimed::Held(Some(holder)) if holder.id == held.id => Proof::Own,
            Claimed::Held(Some(_)) => Proof::Lost,
            // It was nobody's: somebody took it away.
            Claimed::Taken if self.is_exclusive => {
                self.server.free(ending, &self.server.lock_text(held)).await?;
                Proof::Lost
            }
            Claimed::Held(None) | Claimed::Taken => Proof::Silent,
        })
    }

    pub(super) fn locked_by(&self, holder: Option<Box<LockInfo>>) -> StoreError {
        StoreError::Locked { place: self.server.lock_place(STATE), holder, outlives: true }
    }

    /// Takes one, waiting for at most `timeout`.
    async fn claim(&self, ending: &str, own: &LockInfo, timeout: Duration) -> Result<LockInfo, StoreError> {
        let start = Instant::now();
        let mut pause = PAUSES[0];
        loop {
            // Held since now, however long it was waited for.
            let own = LockInfo { created: Timestamp::now(), ..own.clone() };
            let holder = match self.server.claim(ending, &own).await? {
                Claimed::Taken => return Ok(own),
                // An attempt before this one was done; or both are locked at one address.
                Claimed::Held(Some(holder)) if holder.id == own.id => return Ok(own),
                Claimed::Held(holder) => holder,
            };
            let is_looking = holder.as_ref().is_some_and(|holder| holder.operation == LOOK);
            let least = if is_looking { GLANCE } else { Duration::ZERO };
            let left = timeout.max(least).saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(self.locked_by(holder));
            }
            sleep(pause.min(left)).await;
            pause = (pause * 2).min(PAUSES[1]);
        }
    }

    /// Takes the state's, which is Terraform's.
    pub(super) async fn take_lock(&mut self, info: &LockInfo, timeout: Duration) -> Result<(), StoreError> {
        if self.server.locks() {
            self.held = Some(self.claim(STATE, info, timeout).await?);
        }
        Ok(())
    }

    /// Takes the journal's too, before anything is written. Whoever has that one and not the state's lost the state's.
    pub(super) async fn lock_journal(&mut self) -> Result<(), StoreError> {
        if let Some(held) = self.held.as_ref().filter(|_| !self.holds_journal) {
            // A run that was unlocked may ask for a moment whether it is the holder still.
            self.claim(JOURNAL, held, GLANCE).await?;
            self.is_exclusive = matches!(self.server.claim(JOURNAL, held).await?, Claimed::Held(_));
            self.holds_journal = true;
        }
        Ok(())
    }

    /// Gives both back, the inner one first: whoever gets the outer one finds it free.
    pub(super) async fn give_back(&mut self) -> Result<(), StoreError> {
        let Some(held) = self.held.clone() else { return Ok(()) };
        let is_trusted = self.server.guards_locks || self.turn.as_ref().is_some_and(|turn| turn.is_guarded);
        let text = self.server.lock_text(&held);
        for ending in [JOURNAL, STATE] {
            if ending == JOURNAL && !self.holds_journal {
                continue;
            }
            // A server that does not compare ids would take away another's.
            if is_trusted || self.prove(ending).await? != Proof::Lost {
                self.server.free(ending, &text).await?;
            }
            self.holds_journal = false;
        }
        self.held = None;
        self.turn = None;
        Ok(())
    }

    /// Who holds one of the two. Where nobody does, both were this run's for a moment.
    async fn holder_of(&self, ending: &str) -> Result<Option<Option<Box<LockInfo>>>, StoreError> {
        if !self.server.locks() {
            return Ok(None);
        }
        let own = LockInfo::new(LOOK);
        match self.server.claim(ending, &own).await? {
            Claimed::Held(Some(holder)) if holder.id == own.id => {}
            Claimed::Held(holder) => return Ok(Some(holder)),
            Claimed::Taken => {}
        }
        self.server.free(ending, &self.server.lock_text(&own)).await?;
        Ok(None)
    }

    pub(super) async fn who_holds(&self) -> Result<Option<LockInfo>, StoreError> {
        for ending in BOTH {
            if let Some(holder) = self.holder_of(ending).await? {
                return Ok(holder.map(|holder| *holder));
            }
        }
        Ok(None)
    }

    /// Takes both away from this holder. Terraform's force-unlock knows the state's alone.
    pub(super) async fn take_away(&self, id: &str) -> Result<(), StoreError> {
        let refuse = |why: String| Err(StoreError::Unlock { place: self.server.lock_place(STATE), why });
        if !self.server.locks() {
            return refuse("the backend has no lock_address, so nothing is locked".to_owned());
        }
        let (mut other, mut is_freed) = (None, false);
        for ending in BOTH.iter().rev() {
            let text = match self.holder_of(ending).await? {
                None => continue,
                Some(Some(holder)) if holder.id == id => self.server.lock_text(&holder),
                Some(Some(holder)) => {
                    other = Some(holder.id);
                    continue;
                }
                // Nobody knows whose it is: the server compares.
                Some(None) => self.server.lock_text(&LockInfo { id: id.to_owned(), ..LockInfo::new("unlock") }),
            };
            is_freed |= self.server.free(ending, &text).await?;
        }
        match other {
            _ if is_freed => Ok(()),
            Some(other) => refuse(format!("its id is {other}, not {id}")),
            None => refuse("nobody holds it".to_owned()),
        }
    }
}
