//! What time it is at the server.

use jiff::{SignedDuration, Timestamp};
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// The wall clock of a run, driven by the monotonic one; follows the server's `Date` once one was seen.
#[derive(Debug)]
pub struct Clock {
    start: Timestamp,
    began: Instant,
    ahead: Mutex<SignedDuration>,
}

impl Clock {
    /// A clock that shows `now` now.
    pub fn new(now: Timestamp) -> Self {
        Self { start: now, began: Instant::now(), ahead: Mutex::new(SignedDuration::ZERO) }
    }

    /// The local time.
    fn local(&self) -> Timestamp {
        later(self.start, self.began.elapsed())
    }

    /// The server's time, as far as it is known.
    pub fn now(&self) -> Timestamp {
        let ahead = *self.ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.local().checked_add(ahead).unwrap_or(self.start)
    }

    /// Takes the server's time from an answer; without one, the local time stands.
    pub fn observe(&self, as_of: Option<Timestamp>) -> Timestamp {
        if let Some(as_of) = as_of {
            let ahead = as_of.duration_since(self.local());
            *self.ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = ahead;
        }
        self.now()
    }
}

/// A time so much later; saturates.
pub(super) fn later(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
