//! Trying out what a state needs of such a server, on a state of its own beside it.

use super::document::Document;
use super::server::{Claimed, JOURNAL, Posted, Server};
use crate::store::{LockInfo, StoreError, TriedOut};
use serde::{Deserialize, Serialize};

/// The ending of the name of the state that is tried.
const PROBE: &str = "-probe";

/// What stands in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tried {
    tried: String,
}

/// A try.
pub(super) struct Probe<'a> {
    server: &'a Server,
    found: TriedOut,
}

impl Probe<'_> {
    pub fn new(server: &Server) -> Probe<'_> {
        Probe { server, found: TriedOut::default() }
    }

    /// What was found.
    ///
    /// # Errors
    /// What does not hold without which nothing is safe.
    pub async fn run(mut self) -> Result<TriedOut, StoreError> {
        let own = LockInfo::new("init");
        let tried = self.try_all(&own).await;
        let text = self.server.lock_text(&own);
        // A try that was broken off leaves no lock.
        let freed = match tried {
            Err(_) => self.server.free(PROBE, &text).await.map(drop),
            Ok(()) => Ok(()),
        };
        let removed = self.server.delete(PROBE, None).await;
        tried?;
        freed?;
        if removed.is_err() {
            let place = self.server.place(PROBE);
            self.tell(format!("The server does not remove states: {place} stays, and may be removed by hand."));
        }
        Ok(self.found)
    }

    fn tell(&mut self, what: impl Into<String>) {
        self.found.told.push(what.into());
    }

    fn unfit(&self, why: impl Into<String>) -> StoreError {
        StoreError::Unfit { place: self.server.place(PROBE), why: why.into() }
    }

    async fn try_all(&mut self, own: &LockInfo) -> Result<(), StoreError> {
        let mut serial = self.last_serial().await?.saturating_add(1);
        let mut next = move |what: &str| {
            serial += 1;
            Document::new(serial, "", Tried { tried: what.to_owned() }).text()
        };
        if !self.server.locks() {
            let text = next("write");
            self.must(self.server.post(PROBE, None, &text).await, "no second state can be kept beside the state")?;
            self.reads(&text).await?;
            self.tell(format!("States can be written and read, {} beside the state.", self.server.place(JOURNAL)));
            self.tell("There is no lock_address: nothing is locked. podform reads before and after each write and stops where another run wrote, but two runs that write at the same moment are not told apart: see to it that only one runs at a time, or give lock_address.");
            return Ok(());
        }
        self.try_lock(own).await?;
        let text = next("write");
        let id = Some(own.id.as_str());
        self.must(self.server.post(PROBE, id, &text).await, "no second state can be kept beside the state")?;
        self.reads(&text).await?;
        self.tell(format!("States can be written and read, {} beside the state.", self.server.place(JOURNAL)));
        let another = LockInfo::new("init");
        let is_guarded = match self.server.post(PROBE, Some(&another.id), &next("another's")).await {
            Posted::Locked(_) => true,
            Posted::Done => false,
            Posted::Stale(error) | Posted::NotDone(error) | Posted::InDoubt(error) => return Err(error),
        };
        self.tell(match is_guarded {
            true => "While a state is locked, nobody else can write it.",
            false => "The server does not compare the id of a write with that of the lock. podform reads before and after each write and asks whether it holds the lock still; but a run whose lock was taken away while it lives may write over another's once: use force-unlock only where the run is known to have died.",
        });
        self.must(
            self.server.post(PROBE, id, &next("own")).await,
            "whoever holds the lock cannot write a second time",
        )?;
        self.found.guards_locks = matches!(self.server.free(PROBE, &self.server.lock_text(&another)).await, Ok(false));
        if !self.found.guards_locks {
            self.server.claim(PROBE, own).await?;
        }
        if !self.server.free(PROBE, &self.server.lock_text(own)).await? {
            return Err(self.unfit("the lock cannot be given back: look at unlock_address and unlock_method."));
        }
        Ok(())
    }

    /// Of a try that was broken off.
    async fn last_serial(&self) -> Result<u64, StoreError> {
        let there = self.server.get(PROBE).await?;
        let there = there.and_then(|bytes| Document::<Tried>::read(&bytes).ok());
        Ok(there.map_or(0, |there| there.serial))
    }

    async fn try_lock(&mut self, own: &LockInfo) -> Result<(), StoreError> {
        match self.server.claim(PROBE, own).await? {
            Claimed::Taken => {}
            Claimed::Held(Some(dead)) => {
                // Of a try that was broken off.
                self.server.free(PROBE, &self.server.lock_text(&dead)).await?;
                if !matches!(self.server.claim(PROBE, own).await?, Claimed::Taken) {
                    return Err(self.unfit(format!("it is locked by {}: run this again.", dead.who)));
                }
            }
            Claimed::Held(None) => {
                return Err(self.unfit("it is locked, and the server does not say by whom: unlock it there."));
            }
        }
        let other = LockInfo::new("init");
        match self.server.claim(PROBE, &other).await? {
            Claimed::Taken => Err(self.unfit("the server gives one lock to two: nothing is locked there. Look at lock_address and lock_method, or leave lock_address out and see to it that only one run writes at a time.")),
            Claimed::Held(Some(holder)) if holder.id == own.id => {
                self.tell("States can be locked, and the server says who holds a lock.");
                Ok(())
            }
            Claimed::Held(_) => {
                self.tell("States can be locked; the server does not say who holds a lock.");
                Ok(())
            }
        }
    }

    async fn reads(&self, text: &str) -> Result<(), StoreError> {
        match self.server.get(PROBE).await? {
            Some(there) if there == text.as_bytes() => Ok(()),
            _ => Err(self.unfit("what was written is not what is read: look at address and update_method.")),
        }
    }

    fn must(&self, posted: Posted, why: &str) -> Result<(), StoreError> {
        match posted {
            Posted::Done => Ok(()),
            Posted::Locked(error) | Posted::Stale(error) | Posted::NotDone(error) | Posted::InDoubt(error) => {
                Err(self.unfit(format!("{why}. {error}")))
            }
        }
    }
}
