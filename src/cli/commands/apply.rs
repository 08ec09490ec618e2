//! `podform apply` and `podform destroy`.

use super::ssh;
use crate::apply::{ApplyResult, Cancel, Ended, TcpConnect};
use crate::cli::context::Context;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::flags::{PlanningArgs, RefreshFlag};
use crate::cli::posting::{ForgeArgs, ForgeFlag, reviewed_at};
use crate::cli::progress::Progress;
use crate::cli::refreshing::Refreshing;
use crate::cloud::Cloud;
use crate::diag::{Diagnostic, Topic};
use crate::plan::{ApplyEvent, Plan, PlanMode};
use crate::planning::{Look, Market};
use crate::refresh::Clock;
use crate::render::{event_message, event_text, outputs_text, recorded_outputs_message};
use crate::session::{Held, Performing, Prepared, Reviewed, Session, saved, stored};
use crate::state::{Event, State};
use crate::store::StoreError;
use clap::{Args, ValueEnum};
use std::borrow::Cow;
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

/// Between two looks at what goes on.
const SECOND: Duration = Duration::from_secs(1);

/// What is told of an interrupt, and of a second one.
const INTERRUPTED: [&str; 2] = [
    "\nInterrupted: what runs is finished, nothing more is started. Ctrl-C again stops at once.\n\n",
    "\nStopped. Calls under way are in the journal; the next apply looks what became of them.\n\n",
];

/// `apply`, `destroy` and `refresh`.
#[derive(Clone, Debug, Args)]
pub struct ApplyArgs {
    /// A plan that was written by plan -out.
    #[arg(value_name = "PLAN")]
    pub file: Option<PathBuf>,
    /// Release and delete everything.
    #[arg(long, help_heading = "Planning", conflicts_with_all = ["refresh_only", "replace"])]
    pub destroy: bool,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
    /// Apply what was reviewed, and ask nothing: a digest that plan and review tell (sha256:...), or a file that review
    /// -format=json wrote. Exit code 6 where anything that was approved is planned in another way now.
    #[arg(long, value_name = "DIGEST|FILE", conflicts_with = "file")]
    pub reviewed: Option<String>,
    /// Apply what was reviewed in the pull request by which this commit came: the digest of the review that stands there.
    #[arg(long, value_name = "FORGE", value_enum, conflicts_with_all = ["file", "reviewed"])]
    pub reviewed_from: Option<ForgeFlag>,
    /// Whose reviews count; otherwise those that the token itself wrote. May be repeated.
    #[arg(long, value_name = "LOGIN", requires = "reviewed_from")]
    pub trusted_author: Vec<String>,
    /// The key of the review, where its job gave one.
    #[arg(long, value_name = "NAME", default_value = "", requires = "reviewed_from")]
    pub key: String,
    /// How many calls that change the account are made at once.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallelism: u16,
    /// Which offers may be rented: any inside of what was approved, or the planned ones alone.
    #[arg(long, value_name = "WHICH", value_enum, default_value_t)]
    pub offers: Offers,
    /// What the plan is made with.
    #[command(flatten)]
    pub planning: PlanningArgs,
    /// Where the review is read.
    #[command(flatten)]
    pub forge: ForgeArgs,
}

/// Which offers an apply may rent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Offers {
    /// Any inside of what was approved.
    #[default]
    Approved,
    /// The planned ones: where one is gone, nothing is rented for its instance.
    Pinned,
}

/// Makes the account what the configuration says; `destroy` releases and deletes all of it. However it ends, ssh hears of it.
pub async fn run(args: &ApplyArgs, destroy: bool, context: &mut Context) -> Outcome {
    let outcome = chosen_plan(args, destroy, context).await;
    ssh::update(&args.planning.account.choice(), &mut context.diags).await;
    outcome
}

async fn chosen_plan(args: &ApplyArgs, destroy: bool, context: &mut Context) -> Outcome {
    if args.planning.json
        && !args.auto_approve
        && args.file.is_none()
        && args.reviewed.is_none()
        && args.reviewed_from.is_none()
    {
        let detail = "Nobody can be asked where -json is set. Apply a plan that was saved with plan -out and reviewed, or add -auto-approve.";
        return Err(Diagnostic::error("Plan file or auto-approve required", detail).into());
    }
    if args.planning.snapshot.is_some() {
        let detail = "A snapshot shows the account as it was. What is applied is planned on the account itself: leave -snapshot out.";
        return Err(Diagnostic::error("Snapshots are not applied", detail).into());
    }
    match &args.file {
        Some(path) if !destroy => saved_plan(path, args, context).await,
        Some(_) => {
            let detail = "destroy takes no saved plan. Save one with plan -destroy -out=FILE, and apply FILE.";
            Err(Diagnostic::error("Unexpected argument", detail).into())
        }
        None => {
            if destroy {
                refuse_beside("destroy", args)?;
            }
            fresh_plan(args, destroy || args.destroy, context).await
        }
    }
}

/// As `apply -refresh-only -auto-approve`.
pub async fn refresh(args: &ApplyArgs, context: &mut Context) -> Outcome {
    if args.file.is_some() {
        let detail = "refresh takes no saved plan: it looks anew. A plan that was saved with plan -refresh-only -out=FILE is applied by apply FILE.";
        return Err(Diagnostic::error("Too many command line arguments", detail).into());
    }
    refuse_beside("refresh", args)?;
    let mut args = args.clone();
    args.planning.refresh_only = true;
    args.auto_approve = true;
    run(&args, false, context).await
}

/// Plans, asks, applies.
async fn fresh_plan(args: &ApplyArgs, destroy: bool, context: &mut Context) -> Outcome {
    let reviewed = args.reviewed.as_deref().map(Reviewed::read).transpose()?;
    let approves_itself = args.auto_approve || reviewed.is_some() || args.reviewed_from.is_some();
    let how = args.planning.planning(destroy)?;
    let locking = args.planning.locking.locking("apply")?;
    let opening = args.planning.opening(args.parallelism);
    let Some(fleet) = context.configure(&opening, None).await? else { return Ok(Exit::Error) };
    let reviewed = match args.reviewed_from {
        Some(forge) => {
            let name = fleet.program.configuration.fleet().unwrap_or_default();
            Some(reviewed_at(forge, &args.forge, &args.trusted_author, name, &args.key).await?)
        }
        None => reviewed,
    };
    opening
        .holding(&fleet, locking, async |session, mut held| {
            held.begin();
            held.settle(session, &context.terminal, &mut context.diags).await?;
            let rents = session.will_rent(&held.state, &how);
            let refreshing = Refreshing::begin(context.terminal, &held.state, how.refresh);
            let changes_account = how.options.mode != PlanMode::RefreshOnly;
            let (state, Look { snapshot, market }) = match changes_account {
                true => {
                    let look = held.look(session, &how, rents, &mut context.diags).await?;
                    (Cow::Borrowed(&held.state), look)
                }
                false => session.foresee(&held.state, &how, rents, &mut context.diags).await?,
            };
            let snapshot = ManuallyDrop::new(snapshot);
            let waiting = refreshing.end(&snapshot);
            let seen = (&*state, &*snapshot);
            let prepared = session.plan_on(seen, &how.options, Market::Api(market), &mut context.diags).await?;
            drop(waiting);
            session.warn(seen, &prepared.plan, &mut context.diags);
            let plan = &prepared.plan;
            let (review, approval) = session.review(plan);
            context.terminal.plan(&review, args.planning.detail());
            drop(review);
            if !(plan.has_changes() || (plan.mode == PlanMode::RefreshOnly && !plan.refresh.is_empty())) {
                return unchanged(prepared.plan, &session.clock, &mut held, context).await;
            }
            // Where nothing is left to do, nothing needs an approval: a job may run twice.
            if let Some(reviewed) = &reviewed {
                reviewed.check(&approval)?;
            }
            // Warnings about the plan are read before it is approved; where nobody approves, the apply tells of checks.
            let mut told = std::mem::take(&mut context.diags);
            if approves_itself {
                let again = |told: &Diagnostic| matches!(told.topic, Some(Topic::BrokenRule | Topic::OpenRule));
                told = told.into_iter().filter(|told| !again(told)).collect();
            }
            context.terminal.diagnostics(&told, &context.sources);
            if !approves_itself && !approved(plan, held.released, args, context).await? {
                held.fold().await?;
                return Ok(Exit::Error);
            }
            perform(session, prepared, held, args, context).await
        })
        .await
}

/// Applies a plan that was reviewed, if it still holds; asks nothing.
async fn saved_plan(path: &Path, args: &ApplyArgs, context: &mut Context) -> Outcome {
    let saved = saved::read(path).await?;
    saved::refuse_unapplicable(&saved)?;
    refuse_flags(args)?;
    let locking = args.planning.locking.locking("apply")?;
    let how = args.planning.reading(saved::options(&saved)?);
    let opening = args.planning.opening(args.parallelism);
    let Some(fleet) = context.configure(&opening, Some(&saved)).await? else { return Ok(Exit::Error) };
    opening
        .holding_for(saved, &fleet, locking, async |saved, session, mut held| {
            held.settle(session, &context.terminal, &mut context.diags).await?;
            let prepared = saved::check(saved, session, &mut held, &how, &mut context.diags).await?;
            held.begin();
            perform(session, prepared, held, args, context).await
        })
        .await
}

/// Nothing is to be done. What the plan found of checks is news without a change; a state that never began stays away.
async fn unchanged(plan: Plan, clock: &Clock, held: &mut Held, context: &mut Context) -> Outcome {
    let (ended, cost) = match (plan.in_doubt.is_empty(), plan.left_out.is_empty()) {
        (false, _) => (Exit::InDoubt, plan.cost),
        (true, false) => (Exit::Partial, plan.cost),
        (true, true) => (Exit::Done, plan.cost),
    };
    let mode = plan.mode;
    let mut news: Vec<Event> = plan.ends().collect();
    if mode == PlanMode::Normal && held.state.account.is_some() && plan.checks != held.state.checks {
        news.push(Event::Checks { checks: plan.checks });
    }
    if !news.is_empty() {
        held.write(news).await?;
    }
    held.fold_watched(clock).await?;
    if context.terminal.streams() {
        let finished = ApplyEvent::Finished {
            mode,
            imported: 0,
            added: 0,
            changed: 0,
            destroyed: 0,
            complete: ended == Exit::Done,
            cost: cost.after,
            planned: cost.after,
            unpriced: cost.unpriced,
        };
        tell_end(Some(finished), &held.state, ended == Exit::Done, context);
    }
    Ok(ended)
}

async fn perform<C: Cloud>(
    session: &Session<'_, C>,
    prepared: Prepared,
    mut held: Held,
    args: &ApplyArgs,
    context: &mut Context,
) -> Outcome {
    let cancel = context.interrupts.handled(Cancel::AtOnce, INTERRUPTED);
    let Prepared { plan, market, alone } = prepared;
    // The process ends with it: nobody waits until the plan of ten thousand machines is taken apart.
    let plan = ManuallyDrop::new(plan);
    let state = std::mem::take(&mut held.state);
    let performing = Performing {
        plan: &plan,
        market,
        alone,
        pinned_offers: args.offers == Offers::Pinned,
        state,
        journal: &mut held.store,
        parallelism: usize::from(args.parallelism),
        cancel,
        connect: &TcpConnect,
    };
    let progress = RefCell::new(Progress::new(context.terminal, plan.steps.len()));
    let result = {
        let mut applying = pin!(session.apply(performing, |event| progress.borrow_mut().tell(event)));
        loop {
            tokio::select! {
                biased;
                result = &mut applying => break result,
                () = tokio::time::sleep(SECOND) => progress.borrow_mut().tick(),
            }
        }
    };
    conclude(result, progress.into_inner().finished(), held, context).await
}

/// Writes the snapshot, tells the end.
async fn conclude(result: ApplyResult, finished: Option<ApplyEvent>, mut held: Held, context: &mut Context) -> Outcome {
    let ended = result.ended();
    // As with the plan.
    let mut state = ManuallyDrop::new(result.state);
    // What another run took over is its to write.
    let written = if result.taken_over { Ok(()) } else { held.store.snapshot(&mut state).await };
    context.diags.extend(result.diagnostics);
    let exit = match written {
        Ok(()) => ended.into(),
        Err(error) => {
            let failure = unwritten(&error, ended);
            context.diags.extend(failure.diags);
            failure.exit
        }
    };
    tell_end(finished, &state, ended == Ended::Done, context);
    Ok(exit)
}

/// What an apply came to, and the outputs where all of it is done. Programs are told what is wrong before.
fn tell_end(finished: Option<ApplyEvent>, state: &State, is_done: bool, context: &mut Context) {
    let terminal = context.terminal;
    if terminal.streams() {
        terminal.diagnostics(&std::mem::take(&mut context.diags), &context.sources);
        terminal.messages(finished.iter().map(event_message));
        let destroyed = matches!(finished, Some(ApplyEvent::Finished { mode: PlanMode::Destroy, .. }));
        return terminal.messages((is_done && !destroyed).then(|| recorded_outputs_message(&state.outputs)));
    }
    finished.iter().for_each(|event| terminal.print(&event_text(event, terminal.out)));
    if !state.outputs.is_empty() && is_done {
        terminal.print(&format!("\nOutputs:\n\n{}", outputs_text(&state.outputs, terminal.out)));
    }
}

/// What the command's own mode leaves no meaning.
fn refuse_beside(command: &str, args: &ApplyArgs) -> Result<(), Failure> {
    let given = [
        (command == "refresh" && args.destroy, "-destroy"),
        (command == "destroy" && args.planning.refresh_only, "-refresh-only"),
        (!args.planning.replace.is_empty(), "-replace"),
    ];
    match given.into_iter().find(|(given, _)| *given) {
        None => Ok(()),
        Some((_, flag)) => {
            let detail = format!("{flag} has no meaning for {command}. podform apply {flag} does what it says.");
            Err(Diagnostic::error("Unexpected option", detail).into())
        }
    }
}

/// The snapshot of an apply that ended so could not be written: the more urgent of the two is the exit code.
fn unwritten(error: &StoreError, ended: Ended) -> Failure {
    let mut failure = Failure::from(stored::failure(error));
    failure.exit = failure.exit.max(ended.into());
    // Everything is in the journal: the next run finds it there.
    if error.taken_away().is_none() {
        failure.diags.push(Diagnostic::warning(
            "State is in the journal",
            "The state file could not be replaced, but everything that was done stands in the journal beside it. The next run reads both.",
        ));
    }
    failure
}

/// What a saved plan has decided already cannot be given again.
fn refuse_flags(args: &ApplyArgs) -> Result<(), Failure> {
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

/// Asks for the one word that approves. What was `released` before the plan was made is no part of it: nobody ever approved
/// such a machine, and it bills while the question stands.
async fn approved(plan: &Plan, released: bool, args: &ApplyArgs, context: &Context) -> Result<bool, Failure> {
    if !args.planning.variables.input {
        let detail =
            "An apply that cannot ask needs -auto-approve, or a plan that was saved with plan -out and reviewed.";
        return Err(Diagnostic::error("Approval needed", detail).into());
    }
    let (question, what) = match plan.mode {
        PlanMode::Normal => {
            ("Do you want to perform these actions?", "podform will perform the actions described above.")
        }
        PlanMode::Destroy => (
            "Do you really want to destroy everything above?",
            "podform will release all machines shown above. Their data is lost. There is no undo.",
        ),
        PlanMode::RefreshOnly => (
            "Do you want to take over these changes into the state?",
            "podform will write the state without calling anything that changes the account.",
        ),
    };
    let yes = context.terminal.approves(&format!("\n{question}"), what).await;
    let command = if plan.mode == PlanMode::Destroy { "Destroy" } else { "Apply" };
    context.terminal.tell(&match (yes, released) {
        (true, _) => "\n".to_owned(),
        (false, false) => format!("\n{command} cancelled. Nothing was changed.\n"),
        (false, true) => format!(
            "\n{command} cancelled. Nothing of the plan was done. What the warnings above say was done before it was made.\n"
        ),
    });
    Ok(yes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Part;

    #[test]
    fn a_state_that_was_taken_away_at_the_end_hides_nothing_more_urgent() {
        let place = Path::new("state").into();
        let fenced = StoreError::Fenced { part: Part::Lock, place, kept: None };
        assert_eq!(Ended::ALL.map(|ended| unwritten(&fenced, ended).exit.code()), [5, 5, 5, 5, 7, 4, 130]);
        assert!(unwritten(&fenced, Ended::InDoubt).diags.iter().all(|told| told.summary == "The lock was taken away"));
        let io = StoreError::Io {
            doing: "write",
            place: Path::new("state").into(),
            error: std::io::ErrorKind::StorageFull.into(),
        };
        assert_eq!(Ended::ALL.map(|ended| unwritten(&io, ended).exit.code()), [1, 1, 3, 5, 7, 4, 130]);
    }
}
