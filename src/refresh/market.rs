//! The market and the balance, read before a plan that rents.

use crate::cloud::Cloud;
use crate::live::{Account, Offer};
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

/// Reads the market and the balance where they will be needed. What fails is read again by whoever needs it, and told
/// there.
pub async fn ahead<C: Cloud>(cloud: &C, wanted: bool) -> Option<MarketRead> {
    if !wanted {
        return None;
    }
    let asked = Instant::now();
    let (offers, account) = futures::join!(cloud.offers(), cloud.account());
    Some(MarketRead { asked, offers: offers.ok()?, account: account.ok() })
}
