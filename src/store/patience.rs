//! Waiting for a lock, and telling who holds it meanwhile.

use super::backend::StateStore;
use super::fault::StoreError;
use super::holder::LockInfo;
use std::time::Duration;
use tokio::time::Instant;

/// So long a try lasts: in between it is told who holds the lock by now. Whoever waits less asks nothing.
const TRY: Duration = Duration::from_secs(1);

/// Hears who holds the lock, as far as that is known, and for how many seconds it has been waited for: one more each time.
pub type Told = fn(Option<&LockInfo>, u64);

/// Takes the lock as [`StateStore::lock`] does, and tells of the wait while it lasts.
///
/// # Errors
/// As [`StateStore::lock`].
pub async fn lock_patiently(
    store: &mut dyn StateStore,
    info: &LockInfo,
    timeout: Duration,
    told: Told,
) -> Result<Option<LockInfo>, StoreError> {
    let began = Instant::now();
    let mut seconds = 0;
    loop {
        let left = timeout.saturating_sub(began.elapsed());
        let holder = match store.lock(info, left.min(TRY)).await {
            Err(StoreError::Locked { holder, .. }) if began.elapsed() < timeout => holder,
            ended => return ended,
        };
        seconds += 1;
        told(holder.as_deref(), seconds);
    }
}
