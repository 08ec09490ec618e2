//! From an account to a plan: what plan, apply, destroy and import have in common. It reads, and writes nothing.

use crate::cloud::Cloud;
use crate::diag::Diagnostics;
use crate::live::{Offer, Reads, Snapshot, Want};
use crate::market::Unplaced;
use crate::plan::{Plan, PlanInput, Planned, Unfinished, draft};
use crate::refresh::{
    Ahead, MarketRead, Refresh, ahead, claims, foreign_lineage, mass_disappearance, newer_state, other_state, read,
    refresh,
};
use crate::state::State;
use std::collections::BTreeSet;
use tokio::time::Instant;

/// Where offers come from.
pub enum Market<'a> {
    /// The API; asked only where something is rented, unless it was asked ahead.
    Api(Option<Ahead<'a>>),
    /// A saved plan.
    Saved(&'a [Offer]),
}

/// The account before a plan.
pub struct Look<'c> {
    /// Live.
    pub snapshot: Snapshot,
    /// Where something is likely to be rented.
    pub market: Option<Ahead<'c>>,
}

/// How the account is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Looking<'a> {
    /// What is read.
    pub refresh: Refresh,
    /// The fleet's name.
    pub fleet: Option<&'a str>,
    /// So many machines may be gone at once as are.
    pub accept_missing: bool,
    /// Everything recorded is released, and nothing made.
    pub destroys: bool,
    /// The market will be needed, as far as anybody can tell by now: it is read at the same time.
    pub rents: bool,
}

/// Reads the account, and refuses what must not be planned on (invariants 8 and 12).
///
/// # Errors
/// What could not be read; a reason not to plan.
pub async fn look<'c, C: Cloud>(cloud: &'c C, state: &State, how: Looking<'_>) -> Result<Look<'c>, Diagnostics> {
    let what = match how.refresh {
        Refresh::Lists | Refresh::Nothing if is_first(state) && !how.destroys => Refresh::First,
        // A state without a resource may be a lost one: then nothing counts as live unread (invariant 12).
        Refresh::Nothing if state.resources.is_empty() => Refresh::Lists,
        // What is to be made may be made already.
        Refresh::Nothing if how.rents => Refresh::Unrecorded,
        what => what,
    };
    let pays = async {
        match how.rents || (what != Refresh::Nothing && state.recorded_machines().next().is_some()) {
            true => cloud.account().await.ok(),
            false => None,
        }
    };
    let read = async { futures::join!(refresh(cloud, state, what), pays) };
    let (snapshot, account, market) = ahead(cloud, how.rents, read).await;
    let mut snapshot = snapshot?;
    snapshot.balance = account.and_then(|account| account.balance);
    // First: it says why much else may be amiss.
    if let Some(refused) = how.fleet.and_then(|fleet| newer_state(&snapshot, fleet, state)) {
        return Err(refused.into());
    }
    if !how.accept_missing
        && let Some(refused) = mass_disappearance(state, &snapshot)
    {
        return Err(refused.into());
    }
    if let Some(fleet) = how.fleet.filter(|_| how.rents && state.recorded_machines().next().is_none()) {
        // Where it cannot be read, an apply looks once more, and tells.
        snapshot.claimed = claims(cloud, &mut snapshot, fleet, state).await.unwrap_or(false);
    }
    // Who only releases what is recorded here makes nothing beside others.
    if let Some(fleet) = how.fleet.filter(|_| !how.destroys || state.resources.is_empty()) {
        let now = snapshot.as_of.unwrap_or_else(jiff::Timestamp::now);
        if let Some(refused) = other_state(&foreign_lineage(&snapshot, fleet, &state.lineage), fleet, now) {
            return Err(refused.into());
        }
    }
    Ok(Look { snapshot, market })
}

/// Whether a state has recorded nothing yet, ever.
fn is_first(state: &State) -> bool {
    state.objects().next().is_none() && state.spent.is_empty() && state.open.is_empty()
}

/// A plan, and the market where it was read for it.
pub struct Made {
    /// The plan.
    pub plan: Plan,
    /// The market.
    pub market: Option<MarketRead>,
    /// Instances that no offer satisfies, and why. Whoever shows the plan refuses it for them, unless they may be left out.
    pub unplaced: Vec<Unplaced>,
}

/// Plans.
///
/// # Errors
/// Everything told before, and what the plan says or could not be read.
pub async fn make<C: Cloud>(
    cloud: &C,
    input: &PlanInput<'_>,
    market: Market<'_>,
    diags: &mut Diagnostics,
) -> Result<Made, Diagnostics> {
    let mut reads = Reads::default();
    let (saved, mut ahead) = match market {
        Market::Saved(offers) => (Some(offers), None),
        Market::Api(ahead) => (None, ahead),
    };
    let mut market = None;
    if input.program.configuration.reads() {
        market = Ahead::arrived(ahead.take()).await;
        reads.offers = market.as_ref().map(|market| market.offers.clone());
        reads.account = market.as_ref().and_then(|market| market.account.clone());
    }
    let asked = Instant::now();
    let draft = loop {
        match draft(input, &reads) {
            Ok(draft) => break draft,
            Err(Unfinished::Wants(wanted)) => read(cloud, &wanted, &mut reads).await?,
            Err(Unfinished::Wrong(found)) => {
                diags.extend(found);
                return Err(std::mem::take(diags));
            }
        }
    };
    market = market.or(Ahead::arrived(ahead).await);
    if market.is_none() && saved.is_none() && draft.rents() {
        if reads.offers.is_none() {
            read(cloud, &BTreeSet::from([Want::Offers]), &mut reads).await?;
        }
        market = Some(MarketRead { asked, offers: reads.offers.unwrap_or_default(), account: None });
    }
    let offers = saved.or(market.as_ref().map(|market| &*market.offers)).unwrap_or_default();
    let Planned { plan, unplaced } = draft.place(offers, diags).ok_or_else(|| std::mem::take(diags))?;
    Ok(Made { plan, market, unplaced })
}
