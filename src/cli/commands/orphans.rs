//! `podform orphans`.

use crate::address::InstanceAddr;
use crate::apply::{Cancel, release_orphan};
use crate::cli::approval::approved;
use crate::cli::commands_here::told;
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{FleetArgs, Named};
use crate::cli::waiting::Waiting;
use crate::cloud::Cloud;
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::live::{ObjectId, Orphan, Snapshot};
use crate::refresh::{Refresh, foreign_lineage, newer_state, other_state, refresh};
use crate::render::{orphans_json, orphans_text};
use crate::session::{Held, Session, adopt};
use crate::state::{State, orphans};
use clap::Args;
use std::collections::BTreeSet;

/// What is told of an interrupt, and of a second one.
const INTERRUPTED: [&str; 2] = [
    "\nInterrupted: the release under way is finished, no other is begun. Ctrl-C again stops at once.\n\n",
    "\nStopped. The call under way is in the journal; podform recover looks what became of it.\n\n",
];

/// `orphans`.
#[derive(Debug, Args)]
pub struct OrphansArgs {
    /// Record an orphan under the address of its mark: a machine by its id, a template group by its IRI, "all". May be
    /// repeated.
    #[arg(long, value_name = "ID")]
    pub adopt: Vec<String>,
    /// Release an orphan: a machine by its id, a template group by its IRI, "all": all but those whose address is declared
    /// and not recorded. May be repeated.
    #[arg(long, value_name = "ID")]
    pub release: Vec<String>,
    /// Do not ask before a release.
    #[arg(long)]
    pub auto_approve: bool,
    /// Variables, account and lock.
    #[command(flatten)]
    pub fleet: FleetArgs,
    /// Print the list as JSON.
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// Lists what carries this fleet's mark and stands in no state; takes it over, or releases it. Ends with 2 where orphans
/// are left.
pub async fn run(args: &OrphansArgs, context: &mut Context) -> Outcome {
    let (adopted, released) = (Named::read("-adopt", &args.adopt)?, Named::read("-release", &args.release)?);
    if adopted.is_empty() && released.is_empty() {
        return list(args, context).await;
    }
    let locking = args.fleet.locking.locking("orphans")?;
    let opening = args.fleet.opening();
    let Some(fleet) = context.configure(&opening, None).await? else { return Ok(Exit::Error) };
    let name = fleet.name().ok_or_else(nameless)?;
    opening
        .holding(&fleet, locking, async |session, mut held| {
            held.tell(&mut context.diags);
            let seen = see(session.cloud, &held.state, name).await?;
            let adopted = seen.named(&adopted, |orphan| orphan.proof.is_one())?;
            let declared = fleet.desired(session.planning);
            let wanted = |at: &InstanceAddr| declared.contains_key(at) && !held.state.resources.contains_key(at);
            let left = |orphan: &Orphan| orphan.address.as_ref().is_some_and(wanted);
            let condemned = seen.named(&released, |orphan| orphan.proof.is_one() && !left(orphan))?;
            if let Some(old) = seen.old.as_ref().filter(|_| !condemned.is_empty()) {
                return Err(old.clone().into());
            }
            if released.all {
                seen.tell_left(&condemned, left, context);
            }
            if let Some(both) = adopted.intersection(&condemned).next() {
                let detail = format!("{both} cannot be adopted and released at once.");
                return Err(Diagnostic::error("Contradicting flags", detail).into());
            }
            let done = act(args, (&adopted, &condemned), &seen, session, &mut held, context).await;
            // What was done before a failure is recorded too.
            held.fold().await?;
            if !done? {
                return Ok(Exit::Error);
            }
            let ids = seen.orphans.iter().map(|orphan| orphan.id);
            Ok(exit(ids.filter(|id| !adopted.contains(id) && !condemned.contains(id)).count()))
        })
        .await
}

/// Shows them. The fleet's name and its state are enough: no variable is asked for, so that a nightly job needs none.
async fn list(args: &OrphansArgs, context: &mut Context) -> Outcome {
    let opening = args.fleet.opening();
    let at_hand = opening.at_hand(&mut context.sources, &mut context.diags).await?;
    let name = at_hand.fleet.as_deref().ok_or_else(nameless)?;
    opening
        .reaching(&at_hand, async |client| {
            let waiting = Waiting::reading(context.terminal);
            let seen = see(client, &at_hand.state, name).await?;
            drop(waiting);
            show(&seen, &at_hand.state, name, args.json, context);
            if let Some(old) = seen.old {
                context.diags.push(Diagnostic { severity: Severity::Warning, ..old });
            }
            Ok(exit(seen.orphans.len()))
        })
        .await
}

fn exit(left: usize) -> Exit {
    if left == 0 { Exit::Done } else { Exit::Changes }
}

fn nameless() -> Failure {
    let detail = "Orphans are known by the fleet's name: set fleet in the podform block.";
    Diagnostic::error("No fleet", detail).into()
}

/// The orphans, and when they were looked for.
struct Seen {
    orphans: Vec<Orphan>,
    now: jiff::Timestamp,
    /// That this state is an old one: a newer one may record what is an orphan here.
    old: Option<Diagnostic>,
}

impl Seen {
    /// What "all" does not release, and why.
    fn tell_left(&self, condemned: &BTreeSet<ObjectId>, wanted: impl Fn(&Orphan) -> bool, context: &Context) {
        for orphan in self.orphans.iter().filter(|orphan| !condemned.contains(&orphan.id)) {
            let why = match wanted(orphan) && orphan.proof.is_one() {
                true => format!(
                    "the configuration declares its address, where nothing is recorded: -adopt={0} takes it in, -release={0} releases it",
                    orphan.id
                ),
                false => "nothing proves that it is ours".to_owned(),
            };
            context.terminal.line(&format!("Left alone: {}; {why}.", orphan.words(self.now)));
        }
    }

    /// Those that a flag names; "all" are those that count.
    fn named(&self, named: &Named, counts: impl Fn(&Orphan) -> bool) -> Result<BTreeSet<ObjectId>, Failure> {
        let all = self.orphans.iter().filter(|orphan| counts(orphan));
        let ids = named.among(all.map(|orphan| orphan.id));
        match ids.iter().find(|id| !self.orphans.iter().any(|orphan| orphan.id == **id)) {
            None => Ok(ids),
            Some(other) => {
                let detail = format!("{other} is no orphan of this fleet. podform orphans lists them.");
                Err(Diagnostic::error("Not an orphan", detail).into())
            }
        }
    }
}

async fn see<C: Cloud>(cloud: &C, state: &State, fleet: &str) -> Result<Seen, Failure> {
    // Marks of this fleet are of interest also where the state does not know its name yet.
    let snapshot: Snapshot = refresh(cloud, state, Refresh::Orphans).await?;
    let now = snapshot.as_of.unwrap_or_else(jiff::Timestamp::now);
    if let Some(refused) = other_state(&foreign_lineage(&snapshot, fleet, &state.lineage), fleet, now) {
        return Err(refused.into());
    }
    Ok(Seen { orphans: orphans(state, &snapshot, fleet), now, old: newer_state(&snapshot, fleet, state) })
}

fn show(seen: &Seen, state: &State, fleet: &str, json: bool, context: &Context) {
    match json {
        true => context.terminal.json(&orphans_json(&seen.orphans, fleet, &state.lineage, seen.now).to_string()),
        false => context.terminal.print(&told(&orphans_text(&seen.orphans, fleet, seen.now))),
    }
}

/// Adopts, then releases. False where the person said no.
async fn act<C: Cloud>(
    args: &OrphansArgs,
    (adopted, condemned): (&BTreeSet<ObjectId>, &BTreeSet<ObjectId>),
    seen: &Seen,
    session: &Session<'_, C>,
    held: &mut Held,
    context: &Context,
) -> Result<bool, Failure> {
    let condemned: Vec<&Orphan> = seen.orphans.iter().filter(|orphan| condemned.contains(&orphan.id)).collect();
    if !condemned.is_empty() {
        let lines: String = condemned.iter().map(|orphan| format!("\n  {}", orphan.words(seen.now))).collect();
        let question = format!("Do you really want to release these?{lines}\n  Their data is lost. There is no undo.");
        let can_ask = args.fleet.variables.input;
        if !approved(&question, args.auto_approve, can_ask, &context.terminal).await? {
            return Ok(false);
        }
    }
    if !adopted.is_empty() {
        adopt(adopted.iter().map(|id| (*id, None)), session, held, &context.terminal).await?;
    }
    let cancel = context.interrupts.handled(Cancel::Gently, INTERRUPTED);
    let before = held.state.clone();
    let name = session.fleet.name().unwrap_or_default();
    for orphan in condemned {
        if *cancel.borrow() > Cancel::Running {
            return Err(Failure { exit: Exit::Interrupted, diags: Diagnostics::new() });
        }
        let commit = async |events| held.commit(events).await;
        release_orphan(session.cloud, orphan, (&before, name), &session.clock, commit).await?;
        context.terminal.line(&format!("{} is released.", orphan.id));
    }
    Ok(true)
}
