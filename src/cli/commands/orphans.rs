//! `podform orphans`.

use super::Context;
use crate::apply::release_orphan;
use crate::cli::account::{Access, state_dir};
use crate::cli::adopting::{Named, adopt, approved};
use crate::cli::effects::World;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::PlanningArgs;
use crate::cli::fleet::{self, Fleet};
use crate::cli::held::Held;
use crate::cli::stored;
use crate::diag::Diagnostic;
use crate::live::{ObjectId, Orphan, Snapshot};
use crate::refresh::{Clock, Refresh, foreign_lineage, lost_state, orphans, refresh};
use crate::render::{orphans_json, orphans_text};
use crate::simplepod::Client;
use crate::state::State;
use clap::Args;
use std::collections::BTreeSet;

/// `orphans`.
#[derive(Debug, Args)]
pub struct OrphansArgs {
    /// Record an orphan under the address of its mark: a machine by its id, a template group by its IRI, "all". May be
    /// repeated.
    #[arg(long, value_name = "ID")]
    pub adopt: Vec<String>,
    /// Release an orphan: a machine by its id, a template group by its IRI, "all". May be repeated.
    #[arg(long, value_name = "ID")]
    pub release: Vec<String>,
    /// Do not ask before a release.
    #[arg(long)]
    pub auto_approve: bool,
    /// Variables, account and lock.
    #[command(flatten)]
    pub planning: PlanningArgs,
}

/// Lists what carries this fleet's mark and stands in no state; takes it over, or releases it. Ends with 2 where orphans
/// are left.
pub async fn run(args: &OrphansArgs, context: &mut Context) -> Outcome {
    let effects = World::planning();
    let loaded =
        fleet::load(&args.planning.variables, &effects, &context.terminal, &mut context.sources, &mut context.diags);
    let Some(fleet) = loaded else { return Ok(Exit::Error) };
    let Some(name) = fleet.name() else {
        let detail = "Orphans are known by the fleet's name: set fleet in the podform block.";
        return Err(Diagnostic::error("No fleet", detail).into());
    };
    let (adopted, released) = (Named::read("-adopt", &args.adopt)?, Named::read("-release", &args.release)?);
    let access = Access::open(&args.planning.account, &fleet.provider).await?;
    let left = match adopted.is_empty() && released.is_empty() {
        true => {
            let state = stored::read(&state_dir(args.planning.account.sandbox))?;
            access.check(&state, args.planning.account.accept_account)?;
            let seen = see(&*access.client(&state, 0)?, &state, name).await?;
            show(&seen, &state, name, args.planning.json, context);
            seen.orphans
        }
        false => {
            let mut held = Held::open(&args.planning, "orphans", &access)?;
            let client = access.client(&held.state, 0)?;
            let seen = see(&client, &held.state, name).await?;
            let ids = seen.named(&adopted)?;
            let condemned = seen.named(&released)?;
            if let Some(both) = ids.intersection(&condemned).next() {
                let detail = format!("{both} cannot be adopted and released at once.");
                return Err(Diagnostic::error("Contradicting flags", detail).into());
            }
            let done = act(args, (&ids, &condemned), &seen, (&fleet, &effects), (&client, &access), &mut held, context);
            let done = done.await;
            // What was done before a failure is recorded too.
            held.fold()?;
            if !done? {
                access.close().await;
                return Ok(Exit::Error);
            }
            let mut left = seen.orphans;
            left.retain(|orphan| !ids.contains(&orphan.id) && !condemned.contains(&orphan.id));
            left
        }
    };
    access.close().await;
    Ok(if left.is_empty() { Exit::Done } else { Exit::Changes })
}

/// The orphans, and when they were looked for.
struct Seen {
    orphans: Vec<Orphan>,
    now: jiff::Timestamp,
}

impl Seen {
    /// Those that a flag names.
    fn named(&self, named: &Named) -> Result<BTreeSet<ObjectId>, Failure> {
        let ids = named.among(self.orphans.iter().map(|orphan| orphan.id));
        match ids.iter().find(|id| !self.orphans.iter().any(|orphan| orphan.id == **id)) {
            None => Ok(ids),
            Some(other) => {
                let detail = format!("{other} is no orphan of this fleet. podform orphans lists them.");
                Err(Diagnostic::error("Not an orphan", detail).into())
            }
        }
    }
}

async fn see(client: &Client, state: &State, fleet: &str) -> Result<Seen, Failure> {
    // Marks of this fleet are of interest also where the state does not know its name yet.
    let snapshot: Snapshot = refresh(client, state, Refresh::Orphans).await?;
    if let Some(refused) = lost_state(&foreign_lineage(&snapshot, fleet, &state.lineage), fleet) {
        return Err(refused.into());
    }
    let now = snapshot.as_of.unwrap_or_else(jiff::Timestamp::now);
    Ok(Seen { orphans: orphans(state, &snapshot, fleet), now })
}

fn show(seen: &Seen, state: &State, fleet: &str, json: bool, context: &Context) {
    match json {
        true => context.terminal.line(&orphans_json(&seen.orphans, fleet, &state.lineage, seen.now).to_string()),
        false => context.terminal.print(&orphans_text(&seen.orphans, fleet, seen.now)),
    }
}

/// Adopts, then releases. False where the person said no.
async fn act(
    args: &OrphansArgs,
    (adopted, condemned): (&BTreeSet<ObjectId>, &BTreeSet<ObjectId>),
    seen: &Seen,
    (fleet, effects): (&Fleet, &World),
    (client, access): (&Client, &Access),
    held: &mut Held,
    context: &Context,
) -> Result<bool, Failure> {
    let condemned: Vec<&Orphan> = seen.orphans.iter().filter(|orphan| condemned.contains(&orphan.id)).collect();
    if !condemned.is_empty() {
        let lines: String = condemned.iter().map(|orphan| format!("\n  {}", orphan.words(seen.now))).collect();
        let question = format!("Do you really want to release these?{lines}\n  Their data is lost. There is no undo.");
        let can_ask = args.planning.variables.input;
        if !approved(&question, args.auto_approve, can_ask, context)? {
            return Ok(false);
        }
    }
    if !adopted.is_empty() {
        adopt(adopted, (fleet, effects), (client, access), held, context).await?;
    }
    let clock = Clock::new(jiff::Timestamp::now());
    let before = held.state.clone();
    let name = fleet.name().unwrap_or_default();
    for orphan in condemned {
        release_orphan(client, orphan, (&before, name), &clock, &mut |events| held.commit(events)).await?;
        context.terminal.line(&format!("{} is released.", orphan.id));
    }
    Ok(true)
}
