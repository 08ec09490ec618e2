//! A store whose lock is given back whatever becomes of its run: a lock beyond a network does not die with it.

use super::backend::StateStore;
use super::fault::StoreError;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Locks that are being given back.
static LEAVING: Mutex<Vec<JoinHandle<Option<StoreError>>>> = Mutex::new(Vec::new());
/// How often it is tried to give one back: nobody waits for long at the end of a run.
const TRIES: usize = 3;

/// A store that may hold a lock. Dropped, it gives the lock back: at once where that takes no time, else beside whatever goes
/// on; [`all_given_back`] waits for it.
#[derive(Debug)]
pub struct Guarded(Option<Box<dyn StateStore>>);

impl From<Box<dyn StateStore>> for Guarded {
    fn from(store: Box<dyn StateStore>) -> Self {
        Guarded(Some(store))
    }
}

impl Deref for Guarded {
    type Target = dyn StateStore;

    fn deref(&self) -> &Self::Target {
        // Taken out by nothing but the drop.
        self.0.as_deref().expect("a store until it is dropped")
    }
}

impl DerefMut for Guarded {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.0.as_deref_mut().expect("a store until it is dropped")
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let Some(mut store) = self.0.take().filter(|store| store.holds_what_outlives_it()) else { return };
        let Ok(runtime) = Handle::try_current() else { return };
        let leaving = runtime.spawn(async move {
            let mut failed = None;
            for _ in 0..TRIES {
                failed = store.unlock().await.err();
                if failed.is_none() {
                    break;
                }
            }
            failed
        });
        LEAVING.lock().unwrap_or_else(PoisonError::into_inner).push(leaving);
    }
}

/// Returns when every lock that this process held is given back, or stays; why it does.
pub async fn all_given_back() -> Vec<StoreError> {
    let mut failed = Vec::new();
    loop {
        let leaving = std::mem::take(&mut *LEAVING.lock().unwrap_or_else(PoisonError::into_inner));
        if leaving.is_empty() {
            return failed;
        }
        for one in leaving {
            failed.extend(one.await.ok().flatten());
        }
    }
}
