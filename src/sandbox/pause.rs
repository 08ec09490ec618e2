//! How long calls take.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// Left to a thread of its own: tokio's timer is late by one or two milliseconds.
const COARSE: Duration = Duration::from_millis(3);

/// No lateness is made up for beyond that: such a machine has other work.
const MOST: Duration = Duration::from_millis(1);

/// Of how many pauses the usual lateness is about the mean.
const OF: u64 = 16;

/// Pauses of calls. A thread that is woken comes late by what the machine takes for it, a few tenths of a millisecond; so it is
/// woken earlier by as much as the last ones were late, and calls take as long as they should on the average.
#[derive(Default)]
pub(super) struct Pauses {
    /// Nanoseconds.
    lateness: AtomicU64,
}

impl Pauses {
    /// Waits; what lies behind is not waited for at all.
    pub(super) async fn until(&self, until: Instant) {
        let usual = self.lateness.load(Ordering::Relaxed);
        let Some(due) = until.checked_sub(Duration::from_nanos(usual)) else { return };
        let left = || due.saturating_duration_since(Instant::now());
        if let Some(coarse) = left().checked_sub(COARSE) {
            sleep(coarse).await;
        }
        let left = left();
        if left.is_zero() {
            return;
        }
        // Where the pool of threads shuts down nobody waits any more.
        let _ = spawn_blocking(move || std::thread::sleep(left)).await;
        let late = u64::try_from(due.elapsed().min(MOST).as_nanos()).unwrap_or_default();
        self.lateness.store((usual * (OF - 1) + late) / OF, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_lies_behind_takes_no_time_and_what_lies_ahead_is_waited_for() {
        let pauses = Pauses::default();
        let began = Instant::now();
        for _ in 0..1_000 {
            pauses.until(began).await;
        }
        assert_eq!(pauses.lateness.load(Ordering::Relaxed), 0);
        let until = Instant::now() + 2 * COARSE;
        pauses.until(until).await;
        assert!(Instant::now() >= until);
        let late = pauses.lateness.load(Ordering::Relaxed);
        assert!(late > 0 && late <= u64::try_from(MOST.as_nanos()).expect("a number") / OF);
    }
}
