//! What time it is at the server.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// The wall clock of a run, driven by the monotonic one; follows the server's `Date` once one was seen. It dates what is
/// written down; that time has passed is proven by the monotonic clock alone (invariant 16).
#[derive(Debug)]
pub struct Clock {
    start: Timestamp,
    began: Instant,
    /// How far the server is ahead of the local time; `None` before its first answer.
    ahead: Mutex<Option<SignedDuration>>,
}

impl Clock {
    /// A clock that shows `now` now.
    pub fn new(now: Timestamp) -> Self {
        Self { start: now, began: Instant::now(), ahead: Mutex::new(None) }
    }

    /// The local time.
    fn local(&self) -> Timestamp {
        let by = SignedDuration::try_from(self.began.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.checked_add(by).unwrap_or(Timestamp::MAX)
    }

    /// The server's time, as far as it is known.
    pub fn now(&self) -> Timestamp {
        self.server().unwrap_or_else(|| self.local())
    }

    /// The server's time, once it answered; the local one where its answers tell none.
    pub fn server(&self) -> Option<Timestamp> {
        let ahead = *self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        Some(self.local().checked_add(ahead?).unwrap_or(self.start))
    }

    /// Takes the server's time from an answer; without one, what is known stands.
    pub fn observe(&self, as_of: Option<Timestamp>) -> Timestamp {
        let ahead = as_of.map(|as_of| as_of.duration_since(self.local()));
        {
            let mut known = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
            *known = ahead.or(*known).or(Some(SignedDuration::ZERO));
        }
        self.now()
    }
}
