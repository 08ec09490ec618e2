//! From a fleet to its plan: what plan, apply and destroy have in common.

use super::account::Access;
use super::args::{PlanningArgs, RefreshFlag};
use super::effects::World;
use super::exit::{Exit, Failure};
use super::fleet::Fleet;
use crate::address::Target;
use crate::apply::MarketRead;
use crate::cloud::Cloud;
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::live::{Offer, Reads, Snapshot, Want};
use crate::plan::{Plan, PlanInput, PlanMode, PlanOptions, Planned, plan, wants};
use crate::refresh::{Refresh, foreign_lineage, lost_state, mass_disappearance, orphans, orphans_told, read, refresh};
use crate::render::unplaced;
use crate::simplepod::Client;
use crate::state::State;
use crate::state::digest::SecretKey;
use std::collections::BTreeSet;
use tokio::time::Instant;

/// What a plan is made from, apart from the market.
#[derive(Clone, Copy)]
pub struct Basis<'a> {
    /// Configuration and variables.
    pub fleet: &'a Fleet,
    /// Files for functions.
    pub effects: &'a World,
    /// For the digests of secrets.
    pub access: &'a Access,
    /// Recorded.
    pub state: &'a State,
    /// Live.
    pub snapshot: &'a Snapshot,
    /// For what a plan reads beside the lists.
    pub client: &'a Client,
}

/// Where offers come from.
pub enum Market<'a> {
    /// The API; asked only where something is rented, unless it was asked ahead.
    Api(Option<MarketRead>),
    /// A saved plan.
    Saved(&'a [Offer]),
}

/// Reads the flags of a plan.
pub fn options(args: &PlanningArgs, destroy: bool) -> Result<PlanOptions, Diagnostics> {
    let mut diags = Diagnostics::new();
    let mut targets = |texts: &[String], flag: &str| -> Vec<Target> {
        let parse = |text: &String| text.parse::<Target>().map_err(|error| (flag.to_owned(), error));
        let (good, bad): (Vec<_>, Vec<_>) = texts.iter().map(parse).partition(Result::is_ok);
        for (flag, error) in bad.into_iter().filter_map(Result::err) {
            diags.push(Diagnostic::error(format!("Invalid {flag} address"), error.to_string()));
        }
        good.into_iter().filter_map(Result::ok).collect()
    };
    let excluded = targets(&args.exclude, "-exclude");
    let selected = targets(&args.target, "-target");
    let mut replace = Vec::new();
    for text in &args.replace {
        match text.parse() {
            Ok(address) => replace.push(address),
            Err(error) => diags.push(Diagnostic::error("Invalid -replace address", format!("{error}"))),
        }
    }
    let mode = match (destroy, args.refresh_only) {
        (true, _) => PlanMode::Destroy,
        (_, true) => PlanMode::RefreshOnly,
        _ => PlanMode::Normal,
    };
    match diags.has_errors() {
        true => Err(diags),
        false => Ok(PlanOptions { mode, targets: selected, excluded, replace, allow_partial: args.allow_partial }),
    }
}

/// The account before a plan.
pub struct Look {
    /// Live.
    pub snapshot: Snapshot,
    /// Read ahead, where something is likely to be rented.
    pub market: Option<MarketRead>,
}

/// Reads the account, and refuses what must not be planned on (invariants 8 and 12). `rents`: the market will be
/// needed, as far as anybody can tell by now; it is read at the same time.
pub async fn look(
    client: &Client,
    state: &State,
    fleet: Option<&str>,
    args: &PlanningArgs,
    rents: bool,
) -> Result<Look, Failure> {
    let how = match args.refresh {
        RefreshFlag::True => Refresh::Lists,
        // A state without a resource may be a lost one: then nothing counts as live unread (invariant 12).
        RefreshFlag::False if state.resources.is_empty() => Refresh::Lists,
        RefreshFlag::False => Refresh::Nothing,
        RefreshFlag::Full => Refresh::Full,
    };
    let (snapshot, market) = futures::join!(refresh(client, state, how), ahead(client, rents));
    let snapshot = snapshot?;
    if !args.accept_missing
        && let Some(refused) = mass_disappearance(state, &snapshot)
    {
        return Err(refused.into());
    }
    if let Some(fleet) = fleet
        && let Some(refused) = lost_state(&foreign_lineage(&snapshot, fleet, &state.lineage), fleet)
    {
        return Err(refused.into());
    }
    Ok(Look { snapshot, market })
}

/// Reads the market and the balance where they will be needed. What fails is read again by whoever needs it, and told
/// there.
async fn ahead(client: &Client, wanted: bool) -> Option<MarketRead> {
    if !wanted {
        return None;
    }
    let asked = Instant::now();
    let (offers, account) = futures::join!(client.offers(), client.account());
    Some(MarketRead { asked, offers: offers.ok()?, account: account.ok() })
}

/// Warns of this fleet's objects that stand in no state, and that the plan does not import.
pub fn tell_orphans(state: &State, snapshot: &Snapshot, plan: &Plan, diags: &mut Diagnostics) {
    let Some(fleet) = &plan.fleet else { return };
    let mut found = orphans(state, snapshot, fleet);
    let imported: BTreeSet<(&str, Option<u64>)> =
        plan.imports.iter().map(|(address, record)| (address.resource.kind.as_str(), record.id())).collect();
    found.retain(|orphan| !imported.contains(&(orphan.id.kind(), Some(orphan.id.number()))));
    let now = snapshot.as_of.unwrap_or_else(jiff::Timestamp::now);
    diags.extend(orphans_told(&found, now).map(Diagnostics::from).unwrap_or_default());
}

/// A plan, and the market where it was read for it.
pub struct Made {
    /// The plan.
    pub plan: Plan,
    /// The market.
    pub market: Option<MarketRead>,
}

/// Plans. Instances that no offer satisfies fail it, unless they may be left out.
pub async fn make(
    basis: &Basis<'_>,
    market: Market<'_>,
    options: &PlanOptions,
    diags: &mut Diagnostics,
) -> Result<Made, Failure> {
    let mut reads = Reads::default();
    if let Market::Api(Some(ahead)) = &market
        && basis.fleet.program.configuration.reads()
    {
        reads.offers = Some(ahead.offers.clone());
        reads.account.clone_from(&ahead.account);
    }
    let asked = Instant::now();
    loop {
        let wanted = wants(&input(basis, &[], &reads, options, &key(basis)));
        if wanted.is_empty() {
            break;
        }
        read(basis.client, &wanted, &mut reads).await?;
    }
    let mut used = None;
    let planned = match market {
        Market::Saved(offers) => with_offers(basis, offers, &reads, options, diags)?,
        Market::Api(Some(ahead)) => {
            let planned = with_offers(basis, &ahead.offers, &reads, options, diags)?;
            used = Some(ahead);
            planned
        }
        Market::Api(None) => {
            // What rents nothing needs no market.
            let mut own = Diagnostics::new();
            let planned = with_offers(basis, &[], &reads, options, &mut own)?;
            if planned.unplaced.is_empty() {
                diags.extend(own);
                planned
            } else {
                if reads.offers.is_none() {
                    read(basis.client, &BTreeSet::from([Want::Offers]), &mut reads).await?;
                }
                let offers = reads.offers.clone().unwrap_or_default();
                let planned = with_offers(basis, &offers, &reads, options, diags)?;
                used = Some(MarketRead { asked, offers, account: None });
                planned
            }
        }
    };
    for why in &planned.unplaced {
        let mut told = unplaced(why);
        let declared = basis.fleet.program.configuration.declaration(&why.address.resource);
        told.span = declared.map(|(_, resource)| resource.span);
        if options.allow_partial {
            told.severity = Severity::Warning;
        }
        diags.push(told);
    }
    match planned.unplaced.is_empty() || options.allow_partial {
        true => Ok(Made { plan: planned.plan, market: used }),
        false => Err(std::mem::take(diags).into()),
    }
}

fn with_offers(
    basis: &Basis<'_>,
    market: &[Offer],
    reads: &Reads,
    options: &PlanOptions,
    diags: &mut Diagnostics,
) -> Result<Planned, Failure> {
    let key = key(basis);
    plan(&input(basis, market, reads, options, &key), diags).ok_or_else(|| std::mem::take(diags).into())
}

fn key(basis: &Basis<'_>) -> SecretKey {
    basis.access.secret_key(&basis.state.lineage)
}

fn input<'a>(
    basis: &Basis<'a>,
    market: &'a [Offer],
    reads: &'a Reads,
    options: &'a PlanOptions,
    key: &'a SecretKey,
) -> PlanInput<'a> {
    PlanInput {
        program: &basis.fleet.program,
        effects: basis.effects,
        state: basis.state,
        snapshot: basis.snapshot,
        market,
        reads,
        key,
        account: basis.access.identity.clone(),
        options,
    }
}

/// Reads a duration of a flag.
pub fn flag_duration(flag: &str, text: &str) -> Result<std::time::Duration, Failure> {
    crate::schema::instance::duration(text).ok_or_else(|| {
        let detail = format!("\"{text}\" is no duration. Write it like \"30s\" or \"5m\".");
        Failure::new(Exit::Error, Diagnostic::error(format!("Invalid {flag}"), detail))
    })
}
