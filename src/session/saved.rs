//! Saved plans: written by `plan -out`, shown by `show`, and applied if they still hold.

use super::account::Access;
use super::encryption::ciphers;
use super::failure::{Failure, Why};
use super::fleet::{Fleet, Texts};
use super::held::Held;
use super::text::written;
use super::work::{Planning, Prepared, Session};
use crate::cloud::Cloud;
use crate::diag::{Diagnostic, Diagnostics};
use crate::live::DEFAULT_WORKSPACE;
use crate::plan::{
    Approval, MadeFrom, Plan, PlanOptions, SavedPlan, Stale, changed_files, changed_variables, configuration_digests,
    decode, encode, foreign_key, offers, planned_variables, stale,
};
use crate::planning::{Look, Market};
use crate::refresh::Ahead;
use crate::state::digest::SecretKey;
use crate::state::is_keyed_plan;
use crate::store::local::write_private;
use crate::store::sealed::{UNPROVEN, is_sealed};
use std::collections::BTreeMap;
use std::path::Path;

/// Writes a plan, sealed, readable by its owner alone.
pub async fn write(
    path: &Path,
    plan: &Plan,
    options: &PlanOptions,
    fleet: &Fleet,
    (key, approval): (&SecretKey, Approval),
    made_from: MadeFrom,
) -> Result<(), Failure> {
    let saved = SavedPlan::new(plan, options, digests(&fleet.texts), key, approval, made_from);
    let bytes = encode(&saved).map_err(|error| Failure::from(Diagnostic::error("Plan cannot be saved", error)))?;
    let sealed = match &ciphers()?.plan {
        Some(cipher) => cipher.sealed_plan(bytes).await,
        None => Ok(bytes),
    };
    let bytes = sealed.map_err(|why| Failure::from(Diagnostic::error("Plan cannot be saved", why)))?;
    write_private(path, &bytes).map_err(|error| Diagnostic::error("Plan cannot be saved", error.to_string()).into())
}

/// By which a plan knows the files that it was made from.
pub fn digests(texts: &Texts) -> BTreeMap<String, String> {
    configuration_digests(texts.iter().map(|(name, text)| (&**name, &**text)))
}

/// Reads a saved plan.
pub async fn read(path: &Path) -> Result<SavedPlan, Failure> {
    let refuse = |detail: String| Failure::from(Diagnostic::error("Saved plan cannot be used", detail));
    let bytes = written(path).map_err(|why| refuse(format!("{} cannot be read: {why}.", path.display())))?;
    let bytes = match &ciphers()?.plan {
        Some(cipher) => cipher.opened_plan(bytes).await,
        None if is_sealed(&bytes) => Err(SEALED.to_owned()),
        None if is_keyed_plan(&bytes) => Err(UNPROVEN.to_owned()),
        None => Ok(bytes),
    };
    let bytes = bytes.map_err(|why| refuse(format!("{}: {why}", path.display())))?;
    decode(&bytes).map_err(|error| refuse(format!("{}: {error}", path.display())))
}

const SEALED: &str = "It is encrypted, and nothing here says how to decrypt it. The configuration that wrote it has an encryption block with a plan block: say it here too, in the podform block or in PODFORM_ENCRYPTION.";

/// Refuses a plan that was made to be read only.
pub fn refuse_unapplicable(saved: &SavedPlan) -> Result<(), Failure> {
    let why = match (saved.made_from.snapshot, saved.made_from.untrusted) {
        (None, false) => return Ok(()),
        (Some(_), _) => "It was made on a snapshot, not on the account.",
        (None, true) => "Its configuration was untrusted when it was made, so it was made without secrets.",
    };
    let detail = format!("{why} It can be shown. Plan again on the account, without -snapshot and -untrusted.");
    Err(Diagnostic::error("Plan is not to be applied", detail).into())
}

/// Refuses a plan of another workspace: it speaks of another state.
pub fn check_workspace(saved: &SavedPlan, workspace: &str) -> Result<(), Failure> {
    let planned = saved.made_from.workspace.as_deref().unwrap_or(DEFAULT_WORKSPACE);
    if planned == workspace {
        return Ok(());
    }
    let detail =
        format!("The plan was made in the workspace \"{planned}\", and the current workspace is \"{workspace}\".");
    let told = Diagnostic::error("Saved plan is of another workspace", detail);
    let hint = format!("podform workspace select {planned} switches to it; or plan again here.");
    Err(Failure { why: Why::Stale, diags: told.with_hint(hint).into() })
}

/// Refuses other configuration files than those that it was planned from.
pub fn check_files(saved: &SavedPlan, texts: &Texts) -> Result<(), Failure> {
    refuse(changed_files(&saved.configuration, &digests(texts)))
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
    session: &Session<'_, C>,
    held: &mut Held,
    how: &Planning,
    diags: &mut Diagnostics,
) -> Result<Prepared, Failure> {
    let rents = saved.plan.steps.iter().any(|step| step.action.rents());
    let Look { snapshot, market } = held.look(session, how, rents, diags).await?;
    let state = &held.state;
    let key = session.secret_key(&saved.plan.lineage);
    diags.extend(foreign_key(&saved.plan, &key).map(Diagnostics::from).unwrap_or_default());
    let offers = offers(&saved.plan);
    let mut own = Diagnostics::new();
    let now = session.plan_on((state, &snapshot), &how.options, Market::Saved(&offers), &mut own).await;
    let now = now.map_err(|diags| Failure { why: Why::of(&diags, Why::Stale), diags })?.plan;
    refuse(stale(&saved.plan, &now, &key))?;
    let plan = Plan { refresh: now.refresh, ..saved.plan };
    session.warn((state, &snapshot), &plan, diags);
    Ok(Prepared { plan, market: Ahead::arrived(market).await, alone: snapshot.claimed })
}

/// Reasons that are told: who reads them plans again, whatever they are.
const TOLD: usize = 5;

/// Refuses a plan that is stale, in one message: where it is of another state or account, nothing else says more.
fn refuse(mut reasons: Vec<Stale>) -> Result<(), Failure> {
    let elsewhere = |reason: &Stale| matches!(reason, Stale::Lineage | Stale::Account { .. });
    if reasons.iter().any(elsewhere) {
        reasons.retain(elsewhere);
    }
    let told = match reasons.as_slice() {
        [] => return Ok(()),
        [only] => {
            let told = Diagnostic::error("Saved plan is stale", only.to_string()).with_hint("Plan again.");
            match only.address() {
                Some(address) => told.on(address),
                None => told,
            }
        }
        several => {
            let mut lines: Vec<String> = several.iter().take(TOLD).map(|reason| format!("- {reason}")).collect();
            let others = several.len().saturating_sub(TOLD);
            lines.extend((others > 0).then(|| format!("- And {others} more.")));
            let detail = format!("It does not hold any more, so plan again:\n{}", lines.join("\n"));
            Diagnostic::error("Saved plan is stale", detail)
        }
    };
    Err(Failure { why: Why::Stale, diags: told.into() })
}
