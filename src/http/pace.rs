//! How fast requests may leave: how many at once, how many a second, and pauses that the server asked for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

/// Shared by all calls of one transport. Time is tokio's, so that tests may pause it.
#[derive(Debug)]
pub(super) struct Pace {
    slots: Semaphore,
    /// The least time between two requests; zero without a limit.
    interval: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the next request may leave, by the rate.
    next: Option<Instant>,
    /// Nothing leaves before: the server asked for it.
    paused_until: Option<Instant>,
}

impl Pace {
    pub(super) fn new(max_concurrency: usize, interval: Duration) -> Self {
        Self { slots: Semaphore::new(max_concurrency.max(1)), interval, state: Mutex::default() }
    }

    /// Waits until a request may leave; it counts as under way until the permit is dropped.
    pub(super) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        let permit = self.slots.acquire().await.ok();
        while let Some(until) = self.wait_until(Instant::now()) {
            sleep_until(until).await;
        }
        permit
    }

    /// Nothing leaves for this long.
    pub(super) fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.paused_until = state.paused_until.max(Some(until));
    }

    /// When to ask again; `None`: go now, and the turn is taken.
    fn wait_until(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = state.paused_until.max(state.next).filter(|until| *until > now) {
            return Some(until);
        }
        state.next = (!self.interval.is_zero()).then(|| now + self.interval);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_keep_their_distance() {
        let pace = Pace::new(8, Duration::from_millis(250));
        let start = Instant::now();
        futures::future::join_all((0..5).map(|_| pace.enter())).await;
        assert_eq!(start.elapsed().as_millis() / 10, 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everybody() {
        let pace = Pace::new(8, Duration::ZERO);
        let start = Instant::now();
        pace.pause(Duration::from_secs(7));
        pace.pause(Duration::from_secs(3));
        futures::future::join_all((0..5).map(|_| pace.enter())).await;
        assert_eq!(start.elapsed().as_secs(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_at_once() {
        let pace = Pace::new(1, Duration::ZERO);
        let first = pace.enter().await;
        assert!(tokio::time::timeout(Duration::from_secs(1), pace.enter()).await.is_err());
        drop(first);
        assert!(tokio::time::timeout(Duration::from_secs(1), pace.enter()).await.is_ok());
    }
}
