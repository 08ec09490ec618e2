//! The market and the balance, read before a plan that rents.

use crate::cloud::{Cloud, ReadResult};
use crate::live::{Account, Offer};
use futures::future::{BoxFuture, Either, FutureExt, ready, select};
use std::pin::pin;
use std::time::Duration;
use tokio::time::Instant;

/// What was read before a plan that rents: while it is fresh, the apply need not read it again.
#[derive(Clone, Debug)]
pub struct MarketRead {
    /// When it was asked for.
    pub asked: Instant,
    /// The market.
    pub offers: Vec<Offer>,
    /// The account, where it could be read.
    pub account: Option<Account>,
}

impl MarketRead {
    /// How old an answer may be that a rent relies on, or twice that while a newer one is on its way: an apply that asks
    /// nobody rents by the market of its plan. What was taken meanwhile costs a refused rent; reading costs a list of
    /// thousands of rows.
    pub const FRESH: Duration = Duration::from_secs(5);

    /// Young enough.
    pub fn is_fresh(&self) -> bool {
        self.asked.elapsed() < Self::FRESH
    }
}

/// The market, asked for before a plan that rents. It may be on its way still: whoever reads it on a thread of its own reads on
/// while a plan is drafted.
pub struct Ahead<'c> {
    asked: Instant,
    offers: BoxFuture<'c, ReadResult<Vec<Offer>>>,
    account: Option<Account>,
}

impl Ahead<'_> {
    /// Waits for it. `None` where it failed, or nobody asked: it is read again by whoever needs it, and told there.
    pub async fn arrived(ahead: Option<Ahead<'_>>) -> Option<MarketRead> {
        let Ahead { asked, offers, account } = ahead?;
        Some(MarketRead { asked, offers: offers.await.ok()?, account })
    }
}

/// Asks for the market where it will be needed, and reads something else. As soon as that is there it returns both.
pub async fn ahead<'c, C: Cloud, T>(
    cloud: &'c C,
    wanted: bool,
    other: impl Future<Output = (T, Option<Account>)>,
) -> (T, Option<Account>, Option<Ahead<'c>>) {
    if !wanted {
        let (other, account) = other.await;
        return (other, account, None);
    }
    let asked = Instant::now();
    let ((other, account), offers) = match select(pin!(other), cloud.offers().boxed()).await {
        Either::Left((other, offers)) => (other, offers),
        Either::Right((offers, other)) => (other.await, ready(offers).boxed()),
    };
    let ahead = Ahead { asked, offers, account: account.clone() };
    (other, account, Some(ahead))
}
