//! What a session is used for: settling, looking, planning, applying. It goes over any [`Cloud`], and neither asks nor
//! prints.

use super::fleet::Fleet;
use crate::address::InstanceAddr;
use crate::apply::{ApplyInput, ApplyResult, Cancel, Connect, apply};
use crate::cloud::Cloud;
use crate::diag::{Diagnostics, Severity};
use crate::lang::Effects;
use crate::live::{ObjectId, Snapshot};
use crate::money::Usd;
use crate::plan::{ApplyEvent, Approval, Plan, PlanInput, PlanMode, PlanOptions, ends_soon};
use crate::planning::{Look, Looking, Made, Market, look, make};
use crate::refresh::{Ahead, Clock, MarketRead, Refresh, Settle, Settled, foreseen, settle};
use crate::render::unplaced;
use crate::review::Review;
use crate::schema::instance::dollars;
use crate::state::digest::SecretKey;
use crate::state::{AccountIdentity, State, orphans, orphans_told};
use crate::store::LockedStore;
use secrecy::SecretString;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::watch;

/// A fleet and its account, opened.
pub struct Session<'a, C> {
    /// Configuration and variables.
    pub fleet: &'a Fleet,
    /// The API.
    pub cloud: &'a C,
    /// Whose account it is.
    pub account: &'a AccountIdentity,
    /// From which the keys of secrets' digests are derived.
    pub state_key: &'a SecretString,
    /// No secret is known, nor compared: [`Session::state_key`] is nobody's.
    pub blind: bool,
    /// How long an in-doubt rent is looked for.
    pub settle_window: Duration,
    /// For functions, while planning.
    pub planning: &'a dyn Effects,
    /// For functions, while applying: with clock and randomness.
    pub applying: &'a dyn Effects,
    /// What time it is; follows the server's.
    pub clock: Clock,
}

/// How a plan is made.
#[derive(Clone, Debug, Default)]
pub struct Planning {
    /// What is planned.
    pub options: PlanOptions,
    /// How much of the account is read.
    pub refresh: Refresh,
    /// So many machines may be gone at once as are.
    pub accept_missing: bool,
}

/// A plan, and what it was made from.
pub struct Prepared {
    /// The plan.
    pub plan: Plan,
    /// The market, where it was read for it.
    pub market: Option<MarketRead>,
    /// [`Snapshot::claimed`] of what was seen.
    pub alone: bool,
}

/// How a plan is performed.
pub struct Performing<'a> {
    /// What is done.
    pub plan: &'a Plan,
    /// The market, where it was read for the plan.
    pub market: Option<MarketRead>,
    /// As of [`Prepared`].
    pub alone: bool,
    /// What is recorded; its lineage stands already.
    pub state: State,
    /// Where events become durable.
    pub journal: &'a mut LockedStore,
    /// No other offers are rented than the planned ones.
    pub pinned_offers: bool,
    /// How many steps call at once.
    pub parallelism: usize,
    /// Interrupts.
    pub cancel: watch::Receiver<Cancel>,
    /// For `wait_for = "ready"`.
    pub connect: &'a dyn Connect,
}

impl<C: Cloud> Session<'_, C> {
    /// The key of the digests of secrets in the state of this lineage.
    pub fn secret_key(&self, lineage: &str) -> SecretKey {
        match self.blind {
            true => SecretKey::blind(self.state_key, lineage),
            false => SecretKey::derive(self.state_key, lineage),
        }
    }

    /// What a reviewer approves of a plan.
    pub fn approval(&self, plan: &Plan) -> Approval {
        Approval::of(plan, &self.approval_key(plan))
    }

    /// A plan, described, with what a reviewer approves of it.
    pub fn review<'p>(&self, plan: &'p Plan) -> (Review<'p>, Approval) {
        Review::with_approval(plan, &self.approval_key(plan))
    }

    /// Digests of an approval's secrets are salted with the fleet alone: the first apply makes a lineage, and was reviewed
    /// before there was one.
    fn approval_key(&self, plan: &Plan) -> SecretKey {
        self.secret_key(&format!("approval of {}", plan.fleet.as_deref().unwrap_or_default()))
    }

    /// Looks what became of the calls whose outcome is not known, and waits for it.
    pub async fn settled(&self, state: &State) -> Result<Settled, Diagnostics> {
        let key = self.secret_key(&state.lineage);
        let how = Settle { window: self.settle_window, clock: &self.clock, key: &key };
        settle(self.cloud, state, &how).await
    }

    /// Reads the account, and the market with it where something will be rented.
    pub async fn look(&self, state: &State, how: &Planning, rents: bool) -> Result<Look<'_>, Diagnostics> {
        let fleet = self.fleet.name();
        let destroys = how.options.mode == PlanMode::Destroy;
        let looking = Looking { refresh: how.refresh, fleet, accept_missing: how.accept_missing, destroys, rents };
        let looked = look(self.cloud, state, looking).await?;
        self.clock.observe(looked.snapshot.as_of);
        Ok(looked)
    }

    /// Plans on what was seen. Instances that no offer satisfies fail it, unless they may be left out.
    ///
    /// # Errors
    /// Everything told before, and what the plan says or could not be read.
    pub async fn plan_on(
        &self,
        (state, snapshot): (&State, &Snapshot),
        options: &PlanOptions,
        market: Market<'_>,
        diags: &mut Diagnostics,
    ) -> Result<Prepared, Diagnostics> {
        let input = PlanInput {
            program: &self.fleet.program,
            effects: self.planning,
            key: &self.secret_key(&state.lineage),
            account: self.account,
            state,
            snapshot,
            options,
            now: snapshot.as_of.unwrap_or_else(|| self.clock.now()),
        };
        let Made { plan, market, unplaced: without } = make(self.cloud, &input, market, diags).await?;
        for why in &without {
            let mut told = unplaced(why);
            let declared =
                why.addresses.first().and_then(|first| self.fleet.program.configuration.declaration(&first.resource));
            told.span = declared.map(|(_, resource)| resource.span);
            if options.allow_partial {
                told.severity = Severity::Warning;
            }
            diags.push(told);
        }
        match without.is_empty() || options.allow_partial {
            true => Ok(Prepared { plan, market, alone: snapshot.claimed }),
            false => Err(std::mem::take(diags)),
        }
    }

    /// The cap that the configuration names for an instance by now.
    pub(super) fn wished_cap(&self) -> impl Fn(&InstanceAddr) -> Option<Usd> {
        let wishes = OnceCell::new();
        move |address| {
            let wishes = wishes.get_or_init(|| self.fleet.desired(self.planning));
            dollars(wishes.get(address)?, "max_price_per_gpu")
        }
    }

    /// Whether a plan will probably rent something.
    pub fn will_rent(&self, state: &State, how: &Planning) -> bool {
        how.options.mode == PlanMode::Normal && self.fleet.asks_for_more_than(state, self.clock.now())
    }

    /// Plans on a look, as the next apply will find it: what that releases first counts as gone.
    ///
    /// # Errors
    /// As [`Session::plan_on`].
    pub async fn plan(
        &self,
        (state, snapshot): (&State, &mut Snapshot),
        market: Option<Ahead<'_>>,
        options: &PlanOptions,
        diags: &mut Diagnostics,
    ) -> Result<Prepared, Diagnostics> {
        let state = foreseen(state, snapshot, &self.wished_cap(), diags);
        let prepared = self.plan_on((&state, snapshot), options, Market::Api(market), diags).await?;
        self.warn((&state, snapshot), &prepared.plan, diags);
        Ok(prepared)
    }

    /// As [`Session::look`], and what the next apply releases first counts as gone: for those who change nothing in the
    /// account.
    ///
    /// # Errors
    /// As [`Session::look`].
    pub async fn foresee<'s>(
        &self,
        state: &'s State,
        how: &Planning,
        rents: bool,
        diags: &mut Diagnostics,
    ) -> Result<(Cow<'s, State>, Look<'_>), Diagnostics> {
        let mut look = self.look(state, how, rents).await?;
        let state = foreseen(state, &mut look.snapshot, &self.wished_cap(), diags);
        Ok((state, look))
    }

    /// Warns of orphans, and of what ends soon.
    pub fn warn(&self, (state, snapshot): (&State, &Snapshot), plan: &Plan, diags: &mut Diagnostics) {
        tell_orphans(state, snapshot, plan, diags);
        diags.extend(ends_soon(plan, snapshot.as_of.unwrap_or_else(|| self.clock.now())));
    }

    /// Performs a plan; events are told as they come.
    pub async fn apply(&self, performing: Performing<'_>, tell: impl FnMut(ApplyEvent)) -> ApplyResult {
        let Performing { plan, market, alone, pinned_offers, state, journal, parallelism, cancel, connect } =
            performing;
        let key = self.secret_key(&state.lineage);
        let input = ApplyInput {
            cloud: self.cloud,
            plan,
            program: &self.fleet.program,
            effects: self.applying,
            market,
            alone,
            pinned_offers,
            state,
            journal,
            key: &key,
            clock: &self.clock,
            parallelism,
            settle_window: self.settle_window,
            cancel,
            connect,
        };
        let mut result = apply(input, tell).await;
        result.state.unwatch(self.clock.server());
        result
    }
}

/// Warns of this fleet's objects that stand in no state, and that the plan does not import.
fn tell_orphans(state: &State, snapshot: &Snapshot, plan: &Plan, diags: &mut Diagnostics) {
    let Some(fleet) = &plan.fleet else { return };
    let mut found = orphans(state, snapshot, fleet);
    let imported: BTreeSet<ObjectId> =
        plan.imports.iter().filter_map(|(address, record)| record.object_id(address)).collect();
    found.retain(|orphan| !imported.contains(&orphan.id));
    let now = snapshot.as_of.unwrap_or_else(jiff::Timestamp::now);
    diags.extend(orphans_told(&found, now).map(Diagnostics::from).unwrap_or_default());
}
