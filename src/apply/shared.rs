//! One answer for many who ask the same: the market, and the lists of machines and template groups.

use crate::cloud::ReadResult;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// The latest answer of a call, and when it was asked for.
#[derive(Debug)]
pub(super) struct Shared<T> {
    latest: Mutex<Option<(Instant, Arc<T>)>>,
    /// Held by who asks.
    asking: tokio::sync::Mutex<()>,
}

impl<T> Shared<T> {
    pub fn new() -> Self {
        Self { latest: Mutex::new(None), asking: tokio::sync::Mutex::default() }
    }

    /// With an answer that was asked for elsewhere.
    pub fn with(asked: Instant, answer: T) -> Self {
        Self { latest: Mutex::new(Some((asked, Arc::new(answer)))), ..Self::new() }
    }

    /// The latest answer, where it was asked for at `not_before` or later.
    pub fn latest(&self, not_before: Instant) -> Option<(Instant, Arc<T>)> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.clone().filter(|(asked, _)| *asked >= not_before)
    }

    /// An answer that was asked for at `not_before` or later; asks where there is none. Others who ask meanwhile wait
    /// for the same answer.
    ///
    /// # Errors
    /// The call's; the next who asks calls again.
    pub async fn since(
        &self,
        not_before: Instant,
        call: impl Future<Output = ReadResult<T>>,
    ) -> ReadResult<(Instant, Arc<T>)> {
        let _asking = self.asking.lock().await;
        if let Some(latest) = self.latest(not_before) {
            return Ok(latest);
        }
        let asked = Instant::now();
        let answer = Arc::new(call.await?);
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some((asked, answer.clone()));
        Ok((asked, answer))
    }

    /// An answer that was asked for at `fresh` or later; one of `not_before` or later does while somebody asks anew.
    ///
    /// # Errors
    /// As [`Shared::since`].
    pub async fn fresh(
        &self,
        fresh: Instant,
        not_before: Instant,
        call: impl Future<Output = ReadResult<T>>,
    ) -> ReadResult<Arc<T>> {
        match self.latest(not_before) {
            Some((asked, answer)) if asked >= fresh || self.asking.try_lock().is_err() => Ok(answer),
            _ => Ok(self.since(fresh.max(not_before), call).await?.1),
        }
    }
}
