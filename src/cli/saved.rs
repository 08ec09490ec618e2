//! Saved plans: written by `plan -out`, shown by `show`, and applied if they still hold.

use super::account::Access;
use super::commands::Context;
use super::commands::apply::ApplyArgs;
use super::effects::World;
use super::exit::{Exit, Failure};
use super::flags::{AccountArgs, PlanningArgs, RefreshFlag};
use super::fleet::{self, Fleet, Texts};
use super::planning::make;
use super::variables;
use crate::cloud::Cloud;
use crate::diag::{Diagnostic, Diagnostics};
use crate::plan::{
    Plan, PlanOptions, SavedPlan, Stale, changed_files, changed_variables, configuration_digests, decode, encode,
    foreign_key, offers, planned_variables, stale, variables_for_apply,
};
use crate::planning::{Basis, Market};
use crate::store::write_private;
use std::collections::BTreeMap;
use std::path::Path;

/// Writes a plan, sealed, readable by its owner alone.
pub fn write(path: &Path, plan: &Plan, options: &PlanOptions, fleet: &Fleet, access: &Access) -> Result<(), Failure> {
    let key = access.secret_key(&plan.lineage);
    let saved = SavedPlan::new(plan, options, digests(&fleet.texts), &key);
    let bytes = encode(&saved).map_err(|error| Failure::from(Diagnostic::error("Plan cannot be saved", error)))?;
    write_private(path, &bytes).map_err(|error| Diagnostic::error("Plan cannot be saved", error.to_string()).into())
}

/// By which a plan knows the files that it was made from.
pub fn digests(texts: &Texts) -> BTreeMap<String, String> {
    configuration_digests(texts.iter().map(|(name, text)| (&**name, &**text)))
}

/// What to do with the file.
pub fn next_step(path: &Path, account: &AccountArgs) -> String {
    let sandbox = if account.sandbox { " --sandbox" } else { "" };
    format!("\nThe plan is saved. To do exactly this:\n    podform apply{sandbox} {}", path.display())
}

/// Reads a saved plan.
pub fn read(path: &Path) -> Result<SavedPlan, Failure> {
    let refuse = |detail: String| Failure::from(Diagnostic::error("Saved plan cannot be used", detail));
    let bytes = std::fs::read(path).map_err(|error| refuse(format!("{} cannot be read: {error}.", path.display())))?;
    decode(&bytes).map_err(|error| refuse(format!("{}: {error}", path.display())))
}

/// What a saved plan has decided already cannot be given again.
pub fn refuse_flags(args: &ApplyArgs) -> Result<(), Failure> {
    let planning = &args.planning;
    let given = [
        (!planning.target.is_empty(), "-target"),
        (!planning.exclude.is_empty(), "-exclude"),
        (!planning.replace.is_empty(), "-replace"),
        (planning.refresh_only, "-refresh-only"),
        (planning.allow_partial, "-allow-partial"),
        (planning.refresh == RefreshFlag::False, "-refresh=false"),
        (args.destroy, "-destroy"),
    ];
    let names: Vec<&str> = given.into_iter().filter(|(given, _)| *given).map(|(_, name)| name).collect();
    if names.is_empty() {
        return Ok(());
    }
    let detail = format!("{} cannot be given with a saved plan: the plan says already what is done.", names.join(", "));
    Err(Diagnostic::error("Unexpected option", detail).into())
}

/// The configuration of a saved plan, with its variables; secrets are given again.
pub fn fleet(
    saved: &SavedPlan,
    args: &PlanningArgs,
    effects: &World,
    context: &mut Context,
) -> Result<Option<Fleet>, Failure> {
    let (configuration, texts) = fleet::read(&mut context.sources, &mut context.diags);
    refuse(changed_files(&saved.configuration, &digests(&texts)))?;
    let given = variables::given(&args.variables, configuration.root(), &mut context.sources, &mut context.diags);
    let given = variables_for_apply(configuration.root(), &saved.plan.variables, given, &mut context.diags);
    let (sources, diags) = (&mut context.sources, &mut context.diags);
    Ok(fleet::with_variables(configuration, texts, given, effects, sources, diags))
}

/// Refuses variables that are not those of the plan.
pub fn check_variables(saved: &SavedPlan, fleet: &Fleet, access: &Access) -> Result<(), Failure> {
    let program = &fleet.program;
    let key = access.secret_key(&saved.plan.lineage);
    let now = planned_variables(program.configuration.root(), &program.inputs, &key);
    refuse(changed_variables(&saved.plan.variables, &now))
}

/// How it was planned.
pub fn options(saved: &SavedPlan) -> Result<PlanOptions, Failure> {
    let invalid = |error: String| Failure::from(Diagnostic::error("Saved plan cannot be used", error));
    saved.options.options().map_err(invalid)
}

/// Refuses a plan that does not hold any more; gives the plan to perform, with what live shows today.
pub async fn check<C: Cloud>(
    saved: SavedPlan,
    basis: &Basis<'_, C>,
    access: &Access,
    context: &mut Context,
) -> Result<Plan, Failure> {
    let key = access.secret_key(&saved.plan.lineage);
    context.diags.extend(foreign_key(&saved.plan, &key).map(Diagnostics::from).unwrap_or_default());
    let offers = offers(&saved.plan);
    let mut own = Diagnostics::new();
    let now = make(basis, Market::Saved(&offers), &mut own).await;
    let now = now.map_err(|diags| Failure { exit: Exit::Stale, diags })?.plan;
    refuse(stale(&saved.plan, &now, &key))?;
    Ok(Plan { refresh: now.refresh, ..saved.plan })
}

fn refuse(reasons: Vec<Stale>) -> Result<(), Failure> {
    if reasons.is_empty() {
        return Ok(());
    }
    let mut diags = Diagnostics::new();
    for reason in reasons {
        let told = Diagnostic::error("Saved plan is stale", reason.to_string());
        diags.push(match reason.address() {
            Some(address) => told.on(address),
            None => told,
        });
    }
    Err(Failure { exit: Exit::Stale, diags })
}
