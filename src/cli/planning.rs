//! What plan, apply, destroy and import say to the room that plans: their flags, and what they hold.

use super::exit::{Exit, Failure};
use super::flags::{PlanningArgs, RefreshFlag};
use crate::address::Target;
use crate::cloud::Cloud;
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::live::Snapshot;
use crate::plan::{Plan, PlanMode, PlanOptions};
use crate::planning::{Basis, Looking, Made, Market};
use crate::refresh::{Refresh, orphans, orphans_told};
use crate::render::unplaced;
use crate::state::State;
use std::collections::BTreeSet;

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

/// How the account is looked at.
pub fn looking<'a>(args: &PlanningArgs, fleet: Option<&'a str>, rents: bool) -> Looking<'a> {
    let refresh = match args.refresh {
        RefreshFlag::True => Refresh::Lists,
        RefreshFlag::False => Refresh::Nothing,
        RefreshFlag::Full => Refresh::Full,
    };
    Looking { refresh, fleet, accept_missing: args.accept_missing, rents }
}

/// Plans. Instances that no offer satisfies fail it, unless they may be left out.
///
/// # Errors
/// Everything told before, and what the plan says or could not be read.
pub async fn make<C: Cloud>(
    basis: &Basis<'_, C>,
    market: Market<'_>,
    diags: &mut Diagnostics,
) -> Result<Made, Diagnostics> {
    let made = crate::planning::make(basis, market, diags).await?;
    for why in &made.unplaced {
        let mut told = unplaced(why);
        let declared = basis.program.configuration.declaration(&why.address.resource);
        told.span = declared.map(|(_, resource)| resource.span);
        if basis.options.allow_partial {
            told.severity = Severity::Warning;
        }
        diags.push(told);
    }
    match made.unplaced.is_empty() || basis.options.allow_partial {
        true => Ok(made),
        false => Err(std::mem::take(diags)),
    }
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

/// Reads a duration of a flag.
pub fn flag_duration(flag: &str, text: &str) -> Result<std::time::Duration, Failure> {
    crate::schema::instance::duration(text).ok_or_else(|| {
        let detail = format!("\"{text}\" is no duration. Write it like \"30s\" or \"5m\".");
        Failure::new(Exit::Error, Diagnostic::error(format!("Invalid {flag}"), detail))
    })
}
