//! From a fleet to its plan: what plan, apply and destroy have in common.

use super::account::Access;
use super::args::{PlanningArgs, RefreshFlag};
use super::effects::World;
use super::exit::{Exit, Failure};
use super::fleet::Fleet;
use crate::cloud::{CallError, Cloud};
use crate::diag::{Diagnostic, Diagnostics};
use crate::live::{Offer, Snapshot};
use crate::plan::{Plan, PlanInput, PlanMode, PlanOptions, Planned, Target, plan};
use crate::refresh::{Refresh, fault, foreign_lineage, lost_state, mass_disappearance, orphans, refresh};
use crate::render::unplaced;
use crate::simplepod::Client;
use crate::state::State;

/// What was read of the account.
pub struct Seen {
    /// Machines and groups.
    pub snapshot: Snapshot,
    /// Offers; or why they could not be read.
    pub market: Result<Vec<Offer>, CallError>,
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

/// Reads account and market at once, and refuses what must not be planned on (invariants 8 and 12).
pub async fn look(client: &Client, state: &State, fleet: Option<&str>, args: &PlanningArgs) -> Result<Seen, Failure> {
    let how = match args.refresh {
        RefreshFlag::True => Refresh::Lists,
        // A state without a resource may be a lost one: then nothing counts as live unread (invariant 12).
        RefreshFlag::False if state.resources.is_empty() => Refresh::Lists,
        RefreshFlag::False => Refresh::Nothing,
        RefreshFlag::Full => Refresh::Full,
    };
    let (snapshot, market) = futures::join!(refresh(client, state, how), client.offers());
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
    Ok(Seen { snapshot, market })
}

/// Plans. Instances that no offer satisfies fail it, unless they may be left out.
pub fn make(
    fleet: &Fleet,
    effects: &World,
    access: &Access,
    state: &State,
    seen: &Seen,
    options: &PlanOptions,
    diags: &mut Diagnostics,
) -> Result<Plan, Failure> {
    for orphan in orphans(state, &seen.snapshot) {
        let address = &orphan.intent.address;
        let detail = format!(
            "Machine {} carries the claim of a rent for {address} that was given up as absent. It stands in no state and bills: release it in the vendor's panel.",
            orphan.id
        );
        diags.push(Diagnostic::warning("Orphaned machine", detail).on(address));
    }
    let nothing = Vec::new();
    let key = access.secret_key(&state.lineage);
    let input = PlanInput {
        program: &fleet.program,
        effects,
        state,
        snapshot: &seen.snapshot,
        market: seen.market.as_ref().unwrap_or(&nothing),
        key: &key,
        account: access.identity.clone(),
        options,
    };
    let Some(Planned { plan, unplaced: without }) = plan(&input, diags) else {
        return Err(std::mem::take(diags).into());
    };
    if !without.is_empty() {
        if let Err(error) = &seen.market {
            diags.push(fault::fault("Listing the market's offers", error));
            return Err(std::mem::take(diags).into());
        }
        for why in &without {
            let mut told = unplaced(why);
            let declared = fleet.program.configuration.declaration(&why.address.resource);
            told.span = declared.map(|(_, resource)| resource.span);
            if options.allow_partial {
                told.severity = crate::diag::Severity::Warning;
            }
            diags.push(told);
        }
        if !options.allow_partial {
            return Err(std::mem::take(diags).into());
        }
    }
    Ok(plan)
}

/// Reads a duration of a flag.
pub fn flag_duration(flag: &str, text: &str) -> Result<std::time::Duration, Failure> {
    crate::schema::instance::duration(text).ok_or_else(|| {
        let detail = format!("\"{text}\" is no duration. Write it like \"30s\" or \"5m\".");
        Failure::new(Exit::Error, Diagnostic::error(format!("Invalid {flag}"), detail))
    })
}
