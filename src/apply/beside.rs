//! Work on a long list, done on another thread: answers to rents would wait for it.

use std::future::pending;
use std::panic::resume_unwind;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

/// Fewer rows are not worth the turn of another thread.
const MANY: usize = 1_000;

/// What is made of so many rows.
pub(super) async fn beside<T: Send + 'static>(rows: usize, make: impl FnOnce() -> T + Send + 'static) -> T {
    if rows < MANY {
        return make();
    }
    match spawn_blocking(make).await.map_err(|error| error.try_into_panic()) {
        Ok(made) => made,
        Err(Ok(panic)) => resume_unwind(panic),
        // The runtime ends, and with it whoever waits here.
        Err(Err(_)) => pending().await,
    }
}

/// Takes so many rows apart; nobody waits for it.
pub(super) fn discard<T: Send + 'static>(rows: usize, all: T) {
    if let (true, Ok(runtime)) = (rows >= MANY, Handle::try_current()) {
        runtime.spawn_blocking(move || drop(all));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn few_and_many_come_to_the_same() {
        for rows in [0, MANY - 1, MANY, 3 * MANY] {
            let all: Vec<usize> = (0..rows).collect();
            let sum: usize = all.iter().sum();
            assert_eq!(beside(rows, move || all.iter().sum::<usize>()).await, sum);
        }
    }

    #[tokio::test]
    async fn a_panic_beside_is_one_here() {
        let panics = tokio::spawn(beside(MANY, || panic!("beside")));
        assert!(panics.await.is_err_and(|error| error.is_panic()));
    }
}
