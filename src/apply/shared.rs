//! One answer for many who ask the same: the market, and the lists of machines and template groups.

use crate::cloud::ReadResult;
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The latest answer of a call, and when it was asked for.
#[derive(Debug)]
pub(super) struct Shared<T> {
    latest: Mutex<Option<(Instant, Arc<T>)>>,
}

impl<T> Shared<T> {
    pub fn new() -> Self {
        Self { latest: Mutex::new(None) }
    }

    /// With an answer that was asked for elsewhere.
    pub fn with(asked: Instant, answer: T) -> Self {
        Self { latest: Mutex::new(Some((asked, Arc::new(answer)))) }
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
        let mut latest = self.latest.lock().await;
        if let Some((asked, answer)) = latest.as_ref()
            && *asked >= not_before
        {
            return Ok((*asked, answer.clone()));
        }
        let asked = Instant::now();
        let answer = Arc::new(call.await?);
        *latest = Some((asked, answer.clone()));
        Ok((asked, answer))
    }
}
